"""The default plans say which regions belong to the Preview stage."""

from django.db import migrations


def mark(apps, schema_editor):
    places = apps.get_model("certification", "PlanWaveRegion").objects.filter(plan__is_default=True)
    after = places.filter(wave__before_sign_off=False).values("region")
    before = places.filter(wave__before_sign_off=True).exclude(region__in=after).values("region")
    apps.get_model("connectors", "Region").objects.filter(pk__in=before).update(in_preview_stage=True)


class Migration(migrations.Migration):
    dependencies = [
        ("certification", "0044_completed_rollouts"),
        ("connectors", "0022_preview_stage"),
    ]

    operations = [migrations.RunPython(mark, migrations.RunPython.noop, elidable=True)]
