from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """The newest record of an action is found without reading the whole trail."""

    dependencies = [
        ("shared", "0002_guards"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.AddIndex(
            model_name="auditrecord",
            index=models.Index(fields=["action", "-id"], name="auditrecord_action"),
        ),
    ]
