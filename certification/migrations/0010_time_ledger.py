import uuid

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("certification", "0009_probes_due"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="TimeLedger",
            fields=[
                (
                    "submission",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="time_ledger",
                        serialize=False,
                        to="certification.submission",
                    ),
                ),
                ("lane", models.CharField(max_length=12)),
                ("closed_until", models.DateTimeField()),
                ("written_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
        ),
        migrations.CreateModel(
            name="ClockPause",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("bounced", "The invitation did not arrive"),
                            ("away", "The team is away"),
                            ("region", "The Preview region cannot be used"),
                        ],
                        max_length=8,
                    ),
                ),
                ("reason", models.TextField()),
                ("starts_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("ends_at", models.DateTimeField(null=True)),
                (
                    "ended_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "preview",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="pauses",
                        to="certification.preview",
                    ),
                ),
                (
                    "started_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["starts_at"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["bounced", "away", "region"])),
                        name="clockpause_kind_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("ends_at__isnull", True),
                            ("ends_at__gte", models.F("starts_at")),
                            _connector="OR",
                        ),
                        name="clockpause_ends_after_start",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("ends_at__isnull", True)),
                        fields=("preview",),
                        name="clockpause_one_open",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="TimeStretch",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("step", models.CharField(max_length=12)),
                ("state", models.CharField(max_length=20)),
                (
                    "holder",
                    models.CharField(
                        choices=[
                            ("publisher", "Publisher"),
                            ("reviewer", "Reviewer"),
                            ("operator", "Operator"),
                            ("machine", "Portal"),
                            ("freeze", "Freeze"),
                            ("incident", "Incident"),
                            ("nobody", "Nobody"),
                        ],
                        max_length=10,
                    ),
                ),
                ("cause", models.CharField(blank=True, max_length=200)),
                ("starts_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField()),
                ("seconds", models.FloatField()),
                (
                    "ledger",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="stretches",
                        to="certification.timeledger",
                    ),
                ),
            ],
            options={
                "ordering": ["starts_at", "pk"],
                "indexes": [models.Index(fields=["ends_at"], name="timestretch_ended")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "holder__in",
                                [
                                    "publisher",
                                    "reviewer",
                                    "operator",
                                    "machine",
                                    "freeze",
                                    "incident",
                                    "nobody",
                                ],
                            )
                        ),
                        name="timestretch_holder_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("ends_at__gte", models.F("starts_at"))),
                        name="timestretch_in_order",
                    ),
                ],
            },
        ),
    ]
