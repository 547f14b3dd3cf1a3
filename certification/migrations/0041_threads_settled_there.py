"""Whether a thread is resolved at the pull request."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("certification", "0040_incidents_of_products")]

    operations = [
        migrations.AddField(
            model_name="threadmirror",
            name="is_settled_there",
            field=models.BooleanField(db_default=False, default=False),
        ),
    ]
