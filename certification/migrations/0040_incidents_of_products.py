"""Incidents of a product."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("certification", "0039_github_apps")]

    operations = [
        migrations.AddField(
            model_name="incident",
            name="products",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=20),
                blank=True,
                db_default=[],
                default=list,
                size=None,
            ),
        ),
    ]
