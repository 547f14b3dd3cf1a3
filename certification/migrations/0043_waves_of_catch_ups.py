"""The waves of a catch-up are found without reading all waves."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("certification", "0042_catch_ups")]

    operations = [
        AddIndexConcurrently(
            model_name="rolloutwave",
            index=models.Index(
                condition=models.Q(("catch_up__isnull", False)), fields=["catch_up"], name="wave_of_catch_up"
            ),
        ),
    ]
