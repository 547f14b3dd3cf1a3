"""GitHub Apps instead of tokens."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("certification", "0038_mirrored_threads")]

    operations = [
        migrations.AddField(
            model_name="forgeconnection",
            name="app_id",
            field=models.CharField(blank=True, db_default="", default="", max_length=20),
        ),
        migrations.AddField(
            model_name="forgeconnection",
            name="installation_id",
            field=models.BigIntegerField(null=True),
        ),
    ]
