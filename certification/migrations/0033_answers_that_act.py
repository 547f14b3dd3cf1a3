"""A mail may have been carried out: one word more in the outcomes of received mails."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("certification", "0032_pull_requests")]

    operations: ClassVar = [
        migrations.RemoveConstraint(model_name="receivedmail", name="receivedmail_outcome_known"),
        migrations.AlterField(
            model_name="receivedmail",
            name="outcome",
            field=models.CharField(
                choices=[
                    ("comment", "Became a comment"),
                    ("done", "Was carried out"),
                    ("bounced", "Report: not delivered"),
                    ("delayed", "Report: delayed"),
                    ("automatic", "Automatic, left alone"),
                    ("stranger", "From another address"),
                    ("expired", "Address too old"),
                    ("closed", "Conversation closed"),
                    ("forbidden", "Writer may not comment"),
                    ("attached", "Had attachments"),
                    ("unusable", "No words to take over"),
                ],
                max_length=10,
            ),
        ),
        migrations.AddConstraint(
            model_name="receivedmail",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "outcome__in",
                        [
                            "comment",
                            "done",
                            "bounced",
                            "delayed",
                            "automatic",
                            "stranger",
                            "expired",
                            "closed",
                            "forbidden",
                            "attached",
                            "unusable",
                        ],
                    )
                ),
                name="receivedmail_outcome_known",
            ),
        ),
    ]
