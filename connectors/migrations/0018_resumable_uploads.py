"""Uploads that arrive in pieces."""

import uuid

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("connectors", "0017_repository_automation"),
    ]

    operations = [
        migrations.CreateModel(
            name="ResumableUpload",
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
                ("filename", models.CharField(max_length=260)),
                ("size_bytes", models.PositiveIntegerField()),
                ("received_bytes", models.PositiveIntegerField(default=0)),
                ("digest", models.CharField(blank=True, max_length=64)),
                ("expires_at", models.DateTimeField()),
                (
                    "connector",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="resumable_uploads",
                        to="connectors.connector",
                    ),
                ),
                (
                    "upload",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="arrived_resumable",
                        to="connectors.upload",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["expires_at"], name="resumableupload_expires")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("received_bytes__lte", models.F("size_bytes"))),
                        name="resumableupload_within_its_size",
                    )
                ],
            },
        ),
    ]
