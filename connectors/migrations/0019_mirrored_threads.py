"""Since when reviewers' threads stand at the pull request, too."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("connectors", "0018_resumable_uploads")]

    operations = [
        migrations.AddField(
            model_name="repositorybinding",
            name="threads_mirrored_since",
            field=models.DateTimeField(null=True),
        ),
    ]
