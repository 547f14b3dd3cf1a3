from django.db import migrations, models


class Migration(migrations.Migration):
    """A verdict on an update names the published version that it compares with."""

    dependencies = [("certification", "0002_guards")]

    operations = [
        migrations.AddField(
            model_name="validation",
            name="baseline",
            field=models.CharField(blank=True, default="", max_length=64),
        ),
        migrations.RemoveConstraint(model_name="validation", name="validation_once"),
        migrations.AddConstraint(
            model_name="validation",
            constraint=models.UniqueConstraint(
                fields=["version", "rules_version", "change_kind", "publisher_kind", "baseline"],
                name="validation_once",
            ),
        ),
    ]
