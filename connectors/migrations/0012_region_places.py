from django.db import migrations, models

PLACES = {
    "testing": (41.1, -104.8),
    "preview-us": (47.2, -119.9),
    "asia": (22.3, 114.2),
    "singapore": (1.3, 103.8),
    "korea": (37.6, 127.0),
    "taiwan": (25.0, 121.5),
    "indonesia": (-6.2, 106.8),
    "malaysia": (3.1, 101.7),
    "newzealand": (-36.8, 174.8),
    "europe": (52.4, 4.9),
    "france": (48.9, 2.4),
    "germany": (50.1, 8.7),
    "italy": (45.5, 9.2),
    "norway": (59.9, 10.8),
    "poland": (52.2, 21.0),
    "spain": (40.4, -3.7),
    "sweden": (60.7, 17.1),
    "switzerland": (47.4, 8.5),
    "uae": (24.5, 54.4),
    "qatar": (25.3, 51.5),
    "israel": (32.1, 34.8),
    "southafrica": (-26.2, 28.0),
    "brazil": (-23.6, -46.6),
    "chile": (-33.4, -70.7),
    "mexico": (20.6, -100.4),
    "canada": (43.7, -79.4),
    "japan": (35.7, 139.7),
    "india": (18.5, 73.9),
    "australia": (-33.9, 151.2),
    "unitedkingdom": (51.5, -0.1),
    "unitedstates": (36.7, -78.4),
    "gcc": (41.6, -93.6),
    "gcchigh": (29.4, -98.5),
    "dod": (38.9, -77.0),
    "china": (31.2, 121.5),
}
"""Where the regions stand that a new portal starts with."""


def place_known_regions(apps, schema_editor):
    region = apps.get_model("connectors", "Region")
    for code, (latitude, longitude) in PLACES.items():
        region.objects.filter(pk=code).update(latitude=latitude, longitude=longitude)


class Migration(migrations.Migration):
    dependencies = [("connectors", "0011_search")]

    operations = [
        migrations.AddField("region", "latitude", models.FloatField(null=True)),
        migrations.AddField("region", "longitude", models.FloatField(null=True)),
        migrations.RunPython(place_known_regions, migrations.RunPython.noop, elidable=True),
        migrations.AddConstraint(
            "region",
            models.CheckConstraint(
                name="region_place_on_earth",
                condition=models.Q(latitude=None, longitude=None)
                | models.Q(latitude__range=(-90, 90), longitude__range=(-180, 180)),
            ),
        ),
    ]
