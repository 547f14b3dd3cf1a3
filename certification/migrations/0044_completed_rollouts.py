"""Forecasts find the rollouts completed last without reading all of them."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("certification", "0043_waves_of_catch_ups")]

    operations = [
        AddIndexConcurrently(
            model_name="rollout",
            index=models.Index(
                condition=models.Q(("state", "completed")), fields=["-finished_at"], name="rollout_completed"
            ),
        ),
    ]
