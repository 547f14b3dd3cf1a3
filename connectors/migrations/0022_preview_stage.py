"""Regions that the default plans deploy to before the sign-off know it: nobody but their owners sees what they hold."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("connectors", "0021_heartbeats")]

    operations = [
        migrations.AddField(
            model_name="region",
            name="in_preview_stage",
            field=models.BooleanField(db_default=False, default=False),
        ),
    ]
