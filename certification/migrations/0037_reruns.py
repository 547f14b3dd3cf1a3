"""How often a server took an answer back ("Re-run")."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("certification", "0036_reordered_rollouts")]

    operations = [
        migrations.AddField(
            model_name="pullrequestanswer",
            name="reruns",
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
    ]
