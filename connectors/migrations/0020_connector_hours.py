"""The hours of connectors for the overview of all: millions of hours of operations are too many to add up."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("connectors", "0019_mirrored_threads"),
    ]

    operations = [
        migrations.CreateModel(
            name="HealthConnectorHour",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("hour", models.DateTimeField()),
                ("requests", models.BigIntegerField()),
                ("successes", models.BigIntegerField()),
                ("throttled", models.BigIntegerField()),
                (
                    "connector",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="connectors.connector",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("hour", "connector"), name="healthconnectorhour_once")
                ],
            },
        ),
    ]
