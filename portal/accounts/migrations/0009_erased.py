from django.db import migrations, models


class Migration(migrations.Migration):
    """When a person was made anonymous."""

    dependencies = [("accounts", "0008_first_release")]
    operations = [
        migrations.AddField("user", "erased_at", models.DateTimeField(editable=False, null=True)),
    ]
