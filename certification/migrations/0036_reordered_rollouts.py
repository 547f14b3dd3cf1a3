from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("certification", "0035_agreements")]

    operations = [
        migrations.AddField(model_name="rollout", name="reordered_at", field=models.DateTimeField(null=True)),
    ]
