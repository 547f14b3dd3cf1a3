import uuid

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("certification", "0011_trains_and_exceptions"),
        ("connectors", "0006_region_watches"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="RegionWatch",
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
                ("address", models.EmailField(max_length=254)),
                ("asked_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("confirmed_at", models.DateTimeField(null=True)),
                ("told_at", models.DateTimeField(null=True)),
                ("ends_at", models.DateTimeField()),
                (
                    "connector",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="watches",
                        to="connectors.connector",
                    ),
                ),
                (
                    "region",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="connectors.region"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="region_watches",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="connectors.version",
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="notification",
            name="watch",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="notifications",
                to="certification.regionwatch",
            ),
        ),
        migrations.AddIndex(
            model_name="regionwatch",
            index=models.Index(fields=["ends_at"], name="regionwatch_ends"),
        ),
        migrations.AddIndex(
            model_name="regionwatch",
            index=models.Index(fields=["address", "-asked_at"], name="regionwatch_of_address"),
        ),
        migrations.AddConstraint(
            model_name="regionwatch",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("told_at__isnull", True), ("confirmed_at__isnull", False), _connector="OR"
                ),
                name="regionwatch_told_is_confirmed",
            ),
        ),
        migrations.AddConstraint(
            model_name="regionwatch",
            constraint=models.UniqueConstraint(
                condition=models.Q(("told_at__isnull", True)),
                fields=("connector", "region", "address"),
                name="regionwatch_one_open",
            ),
        ),
    ]
