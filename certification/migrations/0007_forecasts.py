import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

GUARD = """
CREATE TRIGGER forecast_append_only BEFORE UPDATE ON certification_forecastsnapshot
    FOR EACH ROW EXECUTE FUNCTION shared_refuse_change();
"""
UNDO = "DROP TRIGGER forecast_append_only ON certification_forecastsnapshot;"


class Migration(migrations.Migration):
    dependencies = [
        ("certification", "0006_region_tasks"),
        ("connectors", "0003_region_settings"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ForecastSnapshot",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("early", models.DateTimeField()),
                ("late", models.DateTimeField()),
                ("is_measured", models.BooleanField(default=False)),
                ("cause", models.CharField(max_length=60)),
                ("reason", models.TextField(blank=True)),
                ("slipped_from", models.DateTimeField(null=True)),
            ],
            options={
                "ordering": ["-at", "-pk"],
            },
        ),
        migrations.AddIndex(
            model_name="regiondeployment",
            index=models.Index(
                condition=models.Q(("action", "deploy"), ("state", "verified")),
                fields=["-verified_at"],
                name="deployment_arrivals",
            ),
        ),
        migrations.AddField(
            model_name="forecastsnapshot",
            name="actor",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="forecastsnapshot",
            name="region",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="connectors.region",
            ),
        ),
        migrations.AddField(
            model_name="forecastsnapshot",
            name="rollout",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="forecasts",
                to="certification.rollout",
            ),
        ),
        migrations.AddIndex(
            model_name="forecastsnapshot",
            index=models.Index(fields=["rollout", "region", "-at"], name="forecast_newest"),
        ),
        migrations.AddIndex(
            model_name="forecastsnapshot",
            index=models.Index(
                condition=models.Q(("slipped_from__isnull", False)),
                fields=["rollout", "-at"],
                name="forecast_slips",
            ),
        ),
        migrations.AddConstraint(
            model_name="forecastsnapshot",
            constraint=models.CheckConstraint(
                condition=models.Q(("late__gte", models.F("early"))), name="forecast_early_first"
            ),
        ),
        migrations.RunSQL(GUARD, UNDO),
    ]
