import uuid
from decimal import Decimal

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.core.validators
import django.db.models.deletion
import django.db.models.functions.datetime
import django.db.models.functions.text
from django.conf import settings
from django.contrib.postgres.operations import UnaccentExtension
from django.db import migrations, models

import portal.shared.secrets
from connectors.migrations import _guards
from portal.shared.migration_operations import CreateModels


class Migration(migrations.Migration):
    """Publishers, connectors and their health, as the first release has them. Databases from before it count the 15 steps as done."""

    replaces = [
        ("connectors", "0001_initial"),
        ("connectors", "0002_guards"),
        ("connectors", "0003_region_settings"),
        ("connectors", "0004_health_levels"),
        ("connectors", "0005_health_watch"),
        ("connectors", "0006_region_watches"),
        ("connectors", "0007_metrics_sources"),
        ("connectors", "0008_region_capabilities"),
        ("connectors", "0009_host_watch"),
        ("connectors", "0010_public_status"),
        ("connectors", "0011_search"),
        ("connectors", "0012_region_places"),
        ("connectors", "0013_documentation"),
        ("connectors", "0014_trusted_publishers"),
        ("connectors", "0015_repositories"),
    ]
    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("shared", "0003_first_release"),
    ]

    operations = [
        CreateModels(
            [
                migrations.CreateModel(
                    name="Membership",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "role",
                            models.CharField(
                                choices=[
                                    ("owner", "Owner"),
                                    ("developer", "Developer"),
                                    ("tester", "Tester"),
                                    ("viewer", "Viewer"),
                                ],
                                max_length=12,
                            ),
                        ),
                        (
                            "created_at",
                            models.DateTimeField(
                                db_default=django.db.models.functions.datetime.Now(), editable=False
                            ),
                        ),
                        (
                            "user",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="memberships",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "publisher",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="memberships",
                                to="connectors.publisher",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(fields=("publisher", "user"), name="membership_once"),
                            models.CheckConstraint(
                                condition=models.Q(("role__in", ["owner", "developer", "tester", "viewer"])),
                                name="membership_role_known",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Publisher",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        (
                            "created_at",
                            models.DateTimeField(
                                db_default=django.db.models.functions.datetime.Now(), editable=False
                            ),
                        ),
                        ("name", models.CharField(max_length=80)),
                        ("slug", models.SlugField(max_length=60, unique=True)),
                        (
                            "kind",
                            models.CharField(
                                choices=[
                                    ("verified", "Verified publisher"),
                                    ("independent", "Independent publisher"),
                                ],
                                default="independent",
                                max_length=12,
                            ),
                        ),
                        ("website", models.URLField(blank=True)),
                        ("support_email", models.EmailField(blank=True, max_length=254)),
                        (
                            "members",
                            models.ManyToManyField(
                                related_name="publishers",
                                through="connectors.Membership",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                django.db.models.functions.text.Lower("name"), name="publisher_name_once"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("kind__in", ["verified", "independent"])),
                                name="publisher_kind_known",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Invitation",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        (
                            "created_at",
                            models.DateTimeField(
                                db_default=django.db.models.functions.datetime.Now(), editable=False
                            ),
                        ),
                        ("email", models.EmailField(max_length=254)),
                        (
                            "role",
                            models.CharField(
                                choices=[
                                    ("owner", "Owner"),
                                    ("developer", "Developer"),
                                    ("tester", "Tester"),
                                    ("viewer", "Viewer"),
                                ],
                                max_length=12,
                            ),
                        ),
                        ("token_digest", models.CharField(max_length=64, unique=True)),
                        ("expires_at", models.DateTimeField()),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("open", "Waiting for an answer"),
                                    ("accepted", "Accepted"),
                                    ("declined", "Declined"),
                                    ("revoked", "Taken back"),
                                ],
                                default="open",
                                max_length=12,
                            ),
                        ),
                        (
                            "state_changed_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                        ),
                        (
                            "invited_by",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "publisher",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="invitations",
                                to="connectors.publisher",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("state__in", ["open", "accepted", "declined", "revoked"])
                                ),
                                name="invitation_state_known",
                            ),
                            models.UniqueConstraint(
                                models.F("publisher"),
                                django.db.models.functions.text.Lower("email"),
                                condition=models.Q(("state", "open")),
                                name="invitation_one_open",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Connector",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        (
                            "created_at",
                            models.DateTimeField(
                                db_default=django.db.models.functions.datetime.Now(), editable=False
                            ),
                        ),
                        ("name", models.CharField(max_length=60)),
                        ("name_key", models.CharField(max_length=60)),
                        ("slug", models.SlugField(max_length=60, unique=True)),
                        ("summary", models.CharField(blank=True, max_length=500)),
                        ("backend_host", models.CharField(blank=True, max_length=253)),
                        ("planned_for", models.DateField(blank=True, null=True)),
                        ("checklist", models.JSONField(blank=True, default=dict)),
                        ("contact_assigned_at", models.DateTimeField(null=True)),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("planned", "Planned"),
                                    ("active", "Active"),
                                    ("deprecated", "Deprecated"),
                                    ("retired", "Retired"),
                                    ("cancelled", "Cancelled"),
                                ],
                                default="planned",
                                max_length=12,
                            ),
                        ),
                        (
                            "state_changed_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                        ),
                        ("marked_at", models.JSONField(blank=True, default=dict)),
                        (
                            "contact",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="contact_of",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "publisher",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="connectors",
                                to="connectors.publisher",
                            ),
                        ),
                        (
                            "approved_version",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="connectors.version",
                            ),
                        ),
                        (
                            "live_version",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="connectors.version",
                            ),
                        ),
                        (
                            "preview_version",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="connectors.version",
                            ),
                        ),
                        (
                            "scheduled_version",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="connectors.version",
                            ),
                        ),
                        ("is_listed", models.BooleanField(default=True)),
                        ("has_status_page", models.BooleanField(default=False)),
                    ],
                    options={
                        "indexes": [
                            django.contrib.postgres.indexes.GinIndex(
                                fields=["name_key"], name="connector_name_similar", opclasses=["gin_trgm_ops"]
                            ),
                            models.Index(fields=["publisher", "name"], name="connector_of_publisher"),
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("state__in", ["planned", "active", "deprecated", "retired", "cancelled"])
                                ),
                                name="connector_state_known",
                            ),
                            models.UniqueConstraint(
                                models.F("name_key"),
                                condition=models.Q(("state__in", ["cancelled", "retired"]), _negated=True),
                                name="connector_name_reserved",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Region",
                    fields=[
                        ("code", models.SlugField(max_length=40, primary_key=True, serialize=False)),
                        ("name", models.CharField(max_length=60)),
                        ("geography", models.CharField(blank=True, max_length=60)),
                        ("driver", models.CharField(default="http", max_length=20)),
                        ("base_url", models.URLField(blank=True, max_length=300)),
                        ("credentials", portal.shared.secrets.EncryptedJSONField(null=True)),
                        ("telemetry_digest", models.CharField(blank=True, default="", max_length=64)),
                        ("is_preview", models.BooleanField(default=False)),
                        ("is_active", models.BooleanField(default=True)),
                        ("breaker_failures", models.PositiveSmallIntegerField(default=0)),
                        ("breaker_opened_at", models.DateTimeField(null=True)),
                        ("last_answer_at", models.DateTimeField(null=True)),
                        (
                            "tags",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.CharField(max_length=40),
                                blank=True,
                                default=list,
                                size=None,
                            ),
                        ),
                        ("paired_with", models.ManyToManyField(blank=True, to="connectors.region")),
                        ("driver_settings", models.JSONField(blank=True, default=dict)),
                        (
                            "capabilities",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.CharField(max_length=40),
                                blank=True,
                                default=list,
                                size=None,
                            ),
                        ),
                        ("latitude", models.FloatField(null=True)),
                        ("longitude", models.FloatField(null=True)),
                    ],
                    options={
                        "ordering": ["name"],
                        "constraints": [
                            models.UniqueConstraint(
                                models.F("is_preview"),
                                condition=models.Q(("is_active", True), ("is_preview", True)),
                                name="region_one_preview",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("latitude", None), ("longitude", None)),
                                    models.Q(
                                        ("latitude__range", (-90, 90)), ("longitude__range", (-180, 180))
                                    ),
                                    _connector="OR",
                                ),
                                name="region_place_on_earth",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="HealthHour",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("version_label", models.CharField(max_length=40)),
                        ("operation", models.CharField(max_length=200)),
                        ("hour", models.DateTimeField()),
                        ("requests", models.BigIntegerField()),
                        ("successes", models.BigIntegerField()),
                        ("throttled", models.BigIntegerField()),
                        ("statuses", models.JSONField(default=dict)),
                        (
                            "latency",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.BigIntegerField(), default=list, size=None
                            ),
                        ),
                        ("connections", models.IntegerField(default=0)),
                        (
                            "connector",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="%(class)ss",
                                to="connectors.connector",
                            ),
                        ),
                        (
                            "region",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="connectors.region",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [models.Index(fields=["hour"], name="healthhour_age")],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("connector", "hour", "region", "version_label", "operation"),
                                name="healthhour_once",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="TelemetryBatch",
                    fields=[
                        ("id", models.UUIDField(primary_key=True, serialize=False)),
                        (
                            "received_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                        ),
                        ("events", models.PositiveIntegerField()),
                        ("rejected", models.PositiveIntegerField(default=0)),
                        ("reasons", models.JSONField(default=dict)),
                        ("first_minute", models.DateTimeField(null=True)),
                        ("last_minute", models.DateTimeField(null=True)),
                        ("rolled_up_at", models.DateTimeField(null=True)),
                        (
                            "region",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="connectors.region",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [
                            models.Index(fields=["received_at"], name="telemetrybatch_age"),
                            models.Index(
                                condition=models.Q(("rolled_up_at", None)),
                                fields=["received_at"],
                                name="telemetrybatch_to_roll_up",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Version",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        (
                            "created_at",
                            models.DateTimeField(
                                db_default=django.db.models.functions.datetime.Now(), editable=False
                            ),
                        ),
                        ("number", models.PositiveIntegerField()),
                        ("label", models.CharField(max_length=40)),
                        ("digest", models.CharField(max_length=64)),
                        ("size_bytes", models.PositiveIntegerField()),
                        ("tree", models.JSONField(default=list)),
                        ("facts", models.JSONField(default=dict)),
                        (
                            "connector",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="versions",
                                to="connectors.connector",
                            ),
                        ),
                        (
                            "created_by",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                    ],
                    options={
                        "indexes": [models.Index(fields=["digest"], name="version_digest")],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("connector", "number"), name="version_number_once"
                            ),
                            models.UniqueConstraint(
                                fields=("connector", "digest"), name="version_digest_once"
                            ),
                            models.UniqueConstraint(fields=("connector", "label"), name="version_label_once"),
                            models.CheckConstraint(
                                condition=models.Q(("digest__regex", "^[0-9a-f]{64}$")),
                                name="version_digest_is_sha256",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Upload",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        (
                            "created_at",
                            models.DateTimeField(
                                db_default=django.db.models.functions.datetime.Now(), editable=False
                            ),
                        ),
                        ("filename", models.CharField(max_length=200)),
                        ("size_bytes", models.PositiveIntegerField()),
                        ("digest", models.CharField(max_length=64)),
                        (
                            "state",
                            models.CharField(
                                choices=[("accepted", "Accepted"), ("refused", "Refused")], max_length=10
                            ),
                        ),
                        ("tree", models.JSONField(default=list)),
                        ("problems", models.JSONField(default=list)),
                        (
                            "received_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                        ),
                        (
                            "connector",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="uploads",
                                to="connectors.connector",
                            ),
                        ),
                        (
                            "uploaded_by",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "version",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="uploads",
                                to="connectors.version",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [
                            models.Index(fields=["connector", "-received_at"], name="upload_of_connector")
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("state", "accepted"), ("version__isnull", False)),
                                    models.Q(("state", "refused"), ("version__isnull", True)),
                                    _connector="OR",
                                ),
                                name="upload_state_and_version",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="HealthDay",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("version_label", models.CharField(max_length=40)),
                        ("operation", models.CharField(max_length=200)),
                        ("requests", models.BigIntegerField()),
                        ("successes", models.BigIntegerField()),
                        ("throttled", models.BigIntegerField()),
                        ("statuses", models.JSONField(default=dict)),
                        (
                            "latency",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.BigIntegerField(), default=list, size=None
                            ),
                        ),
                        ("connections", models.IntegerField(default=0)),
                        ("day", models.DateField()),
                        (
                            "connector",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="%(class)ss",
                                to="connectors.connector",
                            ),
                        ),
                        (
                            "region",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="connectors.region",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [models.Index(fields=["day"], name="healthday_age")],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("connector", "day", "region", "version_label", "operation"),
                                name="healthday_once",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="HealthMinute",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("minute", models.DateTimeField()),
                        ("requests", models.BigIntegerField()),
                        ("successes", models.BigIntegerField()),
                        ("throttled", models.BigIntegerField()),
                        (
                            "connector",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="health_minutes",
                                to="connectors.connector",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [models.Index(fields=["minute"], name="healthminute_age")],
                        "constraints": [
                            models.UniqueConstraint(fields=("connector", "minute"), name="healthminute_once")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="HealthObjective",
                    fields=[
                        (
                            "connector",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.CASCADE,
                                primary_key=True,
                                related_name="objective",
                                serialize=False,
                                to="connectors.connector",
                            ),
                        ),
                        (
                            "success_percent",
                            models.DecimalField(
                                decimal_places=2,
                                max_digits=4,
                                validators=[
                                    django.core.validators.MinValueValidator(Decimal("50")),
                                    django.core.validators.MaxValueValidator(Decimal("99.99")),
                                ],
                            ),
                        ),
                        (
                            "latency_ms",
                            models.PositiveIntegerField(
                                choices=[
                                    (5, "5 ms"),
                                    (10, "10 ms"),
                                    (20, "20 ms"),
                                    (35, "35 ms"),
                                    (60, "60 ms"),
                                    (100, "100 ms"),
                                    (175, "175 ms"),
                                    (300, "300 ms"),
                                    (500, "500 ms"),
                                    (850, "850 ms"),
                                    (1500, "1500 ms"),
                                    (2500, "2500 ms"),
                                    (4500, "4500 ms"),
                                    (8000, "8000 ms"),
                                    (15000, "15000 ms"),
                                    (30000, "30000 ms"),
                                ]
                            ),
                        ),
                        (
                            "latency_percent",
                            models.DecimalField(
                                decimal_places=2,
                                max_digits=4,
                                validators=[
                                    django.core.validators.MinValueValidator(Decimal("50")),
                                    django.core.validators.MaxValueValidator(Decimal("99.99")),
                                ],
                            ),
                        ),
                        (
                            "silence_minutes",
                            models.PositiveIntegerField(
                                validators=[
                                    django.core.validators.MinValueValidator(30),
                                    django.core.validators.MaxValueValidator(4320),
                                ]
                            ),
                        ),
                    ],
                ),
                migrations.CreateModel(
                    name="AvailabilityRequest",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        (
                            "created_at",
                            models.DateTimeField(
                                db_default=django.db.models.functions.datetime.Now(), editable=False
                            ),
                        ),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("requested", "Waiting for a decision"),
                                    ("granted", "Generally available"),
                                    ("declined", "Declined"),
                                    ("withdrawn", "Withdrawn"),
                                ],
                                default="requested",
                                max_length=10,
                            ),
                        ),
                        (
                            "state_changed_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                        ),
                        ("scorecard", models.JSONField(default=list)),
                        ("support_hours", models.CharField(max_length=200)),
                        ("note", models.TextField(blank=True, max_length=2000)),
                        ("reasons", models.TextField(blank=True)),
                        (
                            "connector",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="availability_requests",
                                to="connectors.connector",
                            ),
                        ),
                        (
                            "decided_by",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "requested_by",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["-created_at"],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("state__in", ["requested", "granted", "declined", "withdrawn"])
                                ),
                                name="availabilityrequest_state_known",
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("state__in", ["requested", "granted"])),
                                fields=("connector",),
                                name="availabilityrequest_one",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="HealthAlert",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        (
                            "created_at",
                            models.DateTimeField(
                                db_default=django.db.models.functions.datetime.Now(), editable=False
                            ),
                        ),
                        (
                            "kind",
                            models.CharField(
                                choices=[
                                    ("burn_fast", "Failing fast"),
                                    ("burn_slow", "Failing for hours"),
                                    ("burn_steady", "Failing steadily"),
                                    ("silence", "Silent"),
                                    ("calls", "Unusually few calls"),
                                    ("failures", "Unusually many failures"),
                                    ("latency", "Unusually slow"),
                                    ("host", "Host does not answer"),
                                    ("certificate", "Certificate"),
                                    ("ownership", "Ownership not shown"),
                                    ("dormant", "Nobody calls it"),
                                    ("docs", "Documentation is not what runs"),
                                ],
                                max_length=12,
                            ),
                        ),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("firing", "Firing"),
                                    ("acknowledged", "Acknowledged"),
                                    ("resolved", "Resolved"),
                                ],
                                default="firing",
                                max_length=12,
                            ),
                        ),
                        (
                            "state_changed_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                        ),
                        ("last_breach_at", models.DateTimeField()),
                        ("quiet_since", models.DateTimeField(null=True)),
                        ("evidence", models.JSONField(default=dict)),
                        (
                            "acknowledged_by",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "connector",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="health_alerts",
                                to="connectors.connector",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["-created_at"],
                        "indexes": [
                            models.Index(
                                fields=["connector", "-created_at"], name="healthalert_of_connector"
                            ),
                            models.Index(fields=["-created_at"], name="healthalert_newest"),
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("state__in", ["firing", "acknowledged", "resolved"])),
                                name="healthalert_state_known",
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("state__in", ["acknowledged", "firing"])),
                                fields=("connector", "kind"),
                                name="healthalert_one_open",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="KnownIssue",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        (
                            "created_at",
                            models.DateTimeField(
                                db_default=django.db.models.functions.datetime.Now(), editable=False
                            ),
                        ),
                        ("status", models.PositiveSmallIntegerField(null=True)),
                        ("title", models.CharField(max_length=120)),
                        ("text", models.TextField(max_length=4000)),
                        (
                            "changed_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                        ),
                        ("resolved_at", models.DateTimeField(null=True)),
                        (
                            "connector",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="known_issues",
                                to="connectors.connector",
                            ),
                        ),
                        (
                            "written_by",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["status", "-changed_at"],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("status__isnull", True),
                                    models.Q(("status__gte", 400), ("status__lte", 599)),
                                    _connector="OR",
                                ),
                                name="knownissue_status_is_an_error",
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("resolved_at__isnull", True), ("status__isnull", False)),
                                fields=("connector", "status"),
                                name="knownissue_one_per_code",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="MetricsSource",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        (
                            "created_at",
                            models.DateTimeField(
                                db_default=django.db.models.functions.datetime.Now(), editable=False
                            ),
                        ),
                        ("name", models.CharField(max_length=80, unique=True)),
                        ("base_url", models.URLField(max_length=300)),
                        ("credentials", portal.shared.secrets.EncryptedJSONField(null=True)),
                        ("requests_query", models.TextField(max_length=2000)),
                        ("latency_query", models.TextField(blank=True, max_length=2000)),
                        ("connections_query", models.TextField(blank=True, max_length=2000)),
                        ("labels", models.JSONField(default=dict)),
                        ("is_in_seconds", models.BooleanField(default=True)),
                        ("is_active", models.BooleanField(default=False)),
                        ("read_until", models.DateTimeField(null=True)),
                        ("last_run_at", models.DateTimeField(null=True)),
                        ("last_error", models.CharField(blank=True, max_length=400)),
                        ("last_counts", models.JSONField(default=dict)),
                        (
                            "losses",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.CharField(max_length=200), default=list, size=None
                            ),
                        ),
                        (
                            "publisher",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="metrics_sources",
                                to="connectors.publisher",
                            ),
                        ),
                        (
                            "region",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="metrics_sources",
                                to="connectors.region",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["name"],
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("is_active", True)),
                                fields=("region", "publisher"),
                                name="metricssource_one_active",
                                nulls_distinct=False,
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="HostWatch",
                    fields=[
                        (
                            "connector",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.CASCADE,
                                primary_key=True,
                                related_name="host_watch",
                                serialize=False,
                                to="connectors.connector",
                            ),
                        ),
                        (
                            "created_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                        ),
                        ("next_at", models.DateTimeField()),
                        ("looked_at", models.DateTimeField(null=True)),
                        ("failures", models.PositiveIntegerField(default=0)),
                        ("ownership_token", models.CharField(blank=True, max_length=60)),
                        ("owned_since", models.DateTimeField(null=True)),
                    ],
                    options={
                        "indexes": [models.Index(fields=["next_at"], name="hostwatch_due")],
                    },
                ),
                migrations.CreateModel(
                    name="HostCheck",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                        ("host", models.CharField(max_length=260)),
                        (
                            "stage",
                            models.CharField(
                                choices=[
                                    ("refused", "Not called"),
                                    ("name", "Name not found"),
                                    ("connection", "No connection"),
                                    ("certificate", "Certificate not valid"),
                                    ("answer", "No answer"),
                                    ("fine", "Answers"),
                                ],
                                max_length=12,
                            ),
                        ),
                        ("problem", models.CharField(blank=True, max_length=300)),
                        ("status", models.PositiveSmallIntegerField(null=True)),
                        ("milliseconds", models.PositiveIntegerField(null=True)),
                        ("expires_at", models.DateTimeField(null=True)),
                        ("is_owned", models.BooleanField(null=True)),
                        (
                            "connector",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="host_checks",
                                to="connectors.connector",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["-at", "-pk"],
                        "indexes": [
                            models.Index(fields=["connector", "-at"], name="hostcheck_of_connector"),
                            models.Index(fields=["at"], name="hostcheck_by_age"),
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    (
                                        "stage__in",
                                        ["refused", "name", "connection", "certificate", "answer", "fine"],
                                    )
                                ),
                                name="hostcheck_stage_known",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="SpentIdToken",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("digest", models.CharField(max_length=64, unique=True)),
                        ("expires_at", models.DateTimeField(db_index=True)),
                    ],
                ),
                migrations.CreateModel(
                    name="TrustedPublisher",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        (
                            "created_at",
                            models.DateTimeField(
                                db_default=django.db.models.functions.datetime.Now(), editable=False
                            ),
                        ),
                        ("issuer", models.CharField(max_length=200)),
                        ("repository", models.CharField(max_length=300)),
                        ("workflow", models.CharField(max_length=200)),
                        ("ref", models.CharField(blank=True, max_length=200)),
                        ("environment", models.CharField(blank=True, max_length=200)),
                        (
                            "scopes",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.CharField(
                                    choices=[
                                        ("read", "Read everything you may see"),
                                        ("connectors:write", "Register connectors and upload packages"),
                                        ("submissions:write", "Create, submit and withdraw submissions"),
                                        ("reviews:write", "Claim, comment and decide"),
                                        ("rollouts:write", "Sign off, stop, hold, resume and roll back"),
                                        ("health:write", "Look after health alerts and close them"),
                                        ("team:write", "Invite people and change roles"),
                                        ("validate", "Check definitions with paconn"),
                                        (
                                            "validate:strict",
                                            "Check definitions with paconn; errors fail the command",
                                        ),
                                        ("admin:write", "Change plans, freezes and regions"),
                                    ],
                                    max_length=40,
                                ),
                                default=list,
                                size=None,
                            ),
                        ),
                        ("repository_id", models.CharField(blank=True, max_length=40)),
                        ("owner_id", models.CharField(blank=True, max_length=40)),
                        ("last_used_at", models.DateTimeField(null=True)),
                        ("last_ref", models.CharField(blank=True, max_length=300)),
                        ("last_refused_at", models.DateTimeField(null=True)),
                        ("last_refusal", models.CharField(blank=True, max_length=300)),
                        (
                            "connector",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="trusted_publishers",
                                to="connectors.connector",
                            ),
                        ),
                        (
                            "created_by",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "publisher",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="trusted_publishers",
                                to="connectors.publisher",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["repository", "workflow", "created_at"],
                        "indexes": [
                            models.Index(fields=["issuer", "repository"], name="trustedpublisher_asked")
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=(
                                    "publisher",
                                    "connector",
                                    "issuer",
                                    "repository",
                                    "workflow",
                                    "ref",
                                    "environment",
                                ),
                                name="trustedpublisher_once",
                                nulls_distinct=False,
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="CommitUpload",
                    fields=[
                        (
                            "upload",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.CASCADE,
                                primary_key=True,
                                related_name="from_commit",
                                serialize=False,
                                to="connectors.upload",
                            ),
                        ),
                        ("address", models.CharField(max_length=500)),
                        ("branch", models.CharField(max_length=200)),
                        ("folder", models.CharField(blank=True, max_length=400)),
                        ("commit", models.CharField(max_length=40)),
                        ("author", models.CharField(blank=True, max_length=120)),
                        ("summary", models.CharField(blank=True, max_length=200)),
                    ],
                ),
                migrations.CreateModel(
                    name="Repository",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        (
                            "created_at",
                            models.DateTimeField(
                                db_default=django.db.models.functions.datetime.Now(), editable=False
                            ),
                        ),
                        ("address", models.CharField(max_length=500)),
                        ("secrets", portal.shared.secrets.EncryptedJSONField(null=True)),
                        ("host_key", models.CharField(blank=True, max_length=80)),
                        ("heads", models.JSONField(blank=True, default=dict)),
                        ("fetched_at", models.DateTimeField(null=True)),
                        ("tried_at", models.DateTimeField(null=True)),
                        ("last_error", models.CharField(blank=True, max_length=300)),
                        ("busy_until", models.DateTimeField(null=True)),
                        (
                            "publisher",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="repositories",
                                to="connectors.publisher",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["address"],
                        "constraints": [
                            models.UniqueConstraint(fields=("publisher", "address"), name="repository_once")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="RepositoryBinding",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        (
                            "created_at",
                            models.DateTimeField(
                                db_default=django.db.models.functions.datetime.Now(), editable=False
                            ),
                        ),
                        ("branch", models.CharField(max_length=200)),
                        ("folder", models.CharField(blank=True, max_length=400)),
                        ("commits", models.JSONField(blank=True, default=list)),
                        ("is_read", models.BooleanField(default=False)),
                        (
                            "connector",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="binding",
                                to="connectors.connector",
                            ),
                        ),
                        (
                            "created_by",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "repository",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="bindings",
                                to="connectors.repository",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("repository", "branch", "folder"),
                                name="repositorybinding_folder_once",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="RepositoryDelivery",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("delivery_id", models.CharField(max_length=100)),
                        ("digest", models.CharField(max_length=64)),
                        ("event", models.CharField(max_length=60)),
                        ("outcome", models.CharField(max_length=200)),
                        (
                            "received_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                        ),
                        (
                            "repository",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="deliveries",
                                to="connectors.repository",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["-received_at", "-pk"],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("repository", "delivery_id"), name="repositorydelivery_once"
                            ),
                            models.UniqueConstraint(
                                fields=("repository", "digest"), name="repositorydelivery_bytes_once"
                            ),
                        ],
                    },
                ),
            ]
        ),
        UnaccentExtension(),
        migrations.RunSQL(_guards.LAST_OWNER),
        migrations.RunSQL(_guards.IMMUTABLE_VERSION),
        migrations.RunSQL(_guards.SAMPLES),
        migrations.RunSQL(_guards.SEARCH_FUNCTIONS + _guards.SEARCH_INDEXES),
    ]
