from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0007_tokens_of_builds"),
    ]

    operations = [
        migrations.AddField(
            model_name="apitoken",
            name="is_sandbox",
            field=models.BooleanField(db_default=False, default=False),
        ),
    ]
