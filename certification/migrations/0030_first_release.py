import datetime
import uuid

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models

import certification.models.plans
import certification.models.trains
import portal.accounts.models
import portal.shared.secrets
from certification.migrations import _guards
from portal.shared.migration_operations import CreateModels


class Migration(migrations.Migration):
    """Submissions, reviews, rollouts and evidence, as the first release has them. Databases from before it count the 30 steps as done."""

    replaces = [
        ("certification", "0001_initial"),
        ("certification", "0002_guards"),
        ("certification", "0003_validation_baseline"),
        ("certification", "0004_runs"),
        ("certification", "0005_plan_lanes"),
        ("certification", "0006_region_tasks"),
        ("certification", "0007_forecasts"),
        ("certification", "0008_gates"),
        ("certification", "0009_probes_due"),
        ("certification", "0010_time_ledger"),
        ("certification", "0011_trains_and_exceptions"),
        ("certification", "0012_region_watches"),
        ("certification", "0013_pauses"),
        ("certification", "0014_presented_receipts"),
        ("certification", "0015_guest_testers"),
        ("certification", "0016_calls_through_regions"),
        ("certification", "0017_suggestions_and_marks"),
        ("certification", "0018_conditions_and_appeals"),
        ("certification", "0019_submit_by_dates"),
        ("certification", "0020_usage_and_notices"),
        ("certification", "0021_rollout_queue"),
        ("certification", "0022_documentation"),
        ("certification", "0023_rule_treatments"),
        ("certification", "0024_mail_texts"),
        ("certification", "0025_families"),
        ("certification", "0026_ownership"),
        ("certification", "0027_received_mail"),
        ("certification", "0028_webhooks"),
        ("certification", "0029_certificates"),
        ("certification", "0030_retention_runs"),
    ]
    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("connectors", "0015_first_release"),
        ("shared", "0003_first_release"),
    ]

    operations = [
        CreateModels(
            [
                migrations.CreateModel(
                    name="PlanWave",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("number", models.PositiveSmallIntegerField()),
                        ("name", models.CharField(max_length=80)),
                        ("before_sign_off", models.BooleanField(default=False)),
                        (
                            "plan",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="waves",
                                to="certification.rolloutplan",
                            ),
                        ),
                        ("bake_business_seconds", models.PositiveIntegerField(default=0)),
                        ("bake_calls", models.PositiveIntegerField(default=0)),
                        ("bake_seconds", models.PositiveIntegerField(default=0)),
                        ("is_opt_in", models.BooleanField(default=False)),
                    ],
                    options={
                        "ordering": ["number"],
                        "constraints": [
                            models.UniqueConstraint(fields=("plan", "number"), name="planwave_number_once"),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("before_sign_off", False), ("is_opt_in", False), _connector="OR"
                                ),
                                name="planwave_in_one_stage",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Revision",
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
                        ("change_notes", models.TextField(blank=True)),
                        ("form", models.JSONField(default=dict)),
                        (
                            "handed_in_by",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "version",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="revisions",
                                to="connectors.version",
                            ),
                        ),
                        (
                            "submission",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="revisions",
                                to="certification.submission",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("submission", "number"), name="revision_number_once"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Preview",
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
                                    ("deploying", "Deploying"),
                                    ("failed", "Deployment failed"),
                                    ("testing", "Waiting for sign-off"),
                                    ("signed_off", "Signed off"),
                                    ("refused", "Refused"),
                                    ("expired", "Expired"),
                                    ("cancelled", "Cancelled"),
                                ],
                                default="deploying",
                                max_length=12,
                            ),
                        ),
                        (
                            "state_changed_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                        ),
                        ("opened_at", models.DateTimeField(null=True)),
                        ("deadline_at", models.DateTimeField(null=True)),
                        ("reminders_sent", models.PositiveSmallIntegerField(default=0)),
                        ("reasons", models.TextField(blank=True)),
                        ("checked", models.JSONField(default=list)),
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
                            "region",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="connectors.region",
                            ),
                        ),
                        (
                            "version",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="previews",
                                to="connectors.version",
                            ),
                        ),
                        (
                            "revision",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="previews",
                                to="certification.revision",
                            ),
                        ),
                        (
                            "submission",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="previews",
                                to="certification.submission",
                            ),
                        ),
                        ("untested", models.JSONField(default=list)),
                    ],
                    options={
                        "indexes": [
                            models.Index(
                                condition=models.Q(("state", "testing")),
                                fields=["deadline_at"],
                                name="preview_deadline",
                            )
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    (
                                        "state__in",
                                        [
                                            "deploying",
                                            "failed",
                                            "testing",
                                            "signed_off",
                                            "refused",
                                            "expired",
                                            "cancelled",
                                        ],
                                    )
                                ),
                                name="preview_state_known",
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(
                                    ("state__in", ["deploying", "failed", "testing", "expired"])
                                ),
                                fields=("submission",),
                                name="preview_one_open",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="RolloutPlan",
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
                        ("revision", models.PositiveIntegerField(default=1)),
                        ("description", models.TextField(blank=True)),
                        (
                            "time_zone",
                            models.CharField(
                                default="America/Los_Angeles",
                                max_length=60,
                                validators=[portal.accounts.models.check_time_zone],
                            ),
                        ),
                        (
                            "weekend",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.PositiveSmallIntegerField(),
                                default=certification.models.plans.saturday_and_sunday,
                                size=None,
                            ),
                        ),
                        ("start_time", models.TimeField(default=datetime.time(9, 0))),
                        ("days_between_waves", models.PositiveSmallIntegerField(default=1)),
                        ("is_default", models.BooleanField(default=False)),
                        ("is_retired", models.BooleanField(default=False)),
                        (
                            "created_by",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "holiday_countries",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.CharField(max_length=2),
                                blank=True,
                                default=certification.models.plans.united_states,
                                size=None,
                            ),
                        ),
                        ("hours_between_waves", models.PositiveSmallIntegerField(default=0)),
                        (
                            "lane",
                            models.CharField(
                                choices=[
                                    ("metadata", "Metadata only"),
                                    ("additive", "Additive"),
                                    ("breaking", "Breaking"),
                                    ("new", "New connector"),
                                    ("hotfix", "Hotfix"),
                                ],
                                default="additive",
                                max_length=8,
                            ),
                        ),
                        (
                            "opt_in_train",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="opt_in_plans",
                                to="certification.train",
                            ),
                        ),
                        (
                            "train",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="plans",
                                to="certification.train",
                            ),
                        ),
                        ("gate_thresholds", models.JSONField(blank=True, default=dict)),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(fields=("name", "revision"), name="plan_revision_once"),
                            models.UniqueConstraint(
                                condition=models.Q(("is_default", True)),
                                fields=("lane",),
                                name="plan_one_default_per_lane",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("lane__in", ["metadata", "additive", "breaking", "new", "hotfix"])
                                ),
                                name="plan_lane_known",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Rollout",
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
                        ("digest", models.CharField(max_length=64)),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("queued", "Waiting for its turn"),
                                    ("scheduled", "Scheduled"),
                                    ("running", "Running"),
                                    ("held", "Held"),
                                    ("halted", "Halted"),
                                    ("rolling_back", "Rolling back"),
                                    ("rolled_back", "Rolled back"),
                                    ("completed", "Completed"),
                                    ("superseded", "Superseded"),
                                    ("cancelled", "Cancelled"),
                                ],
                                default="scheduled",
                                max_length=12,
                            ),
                        ),
                        (
                            "state_changed_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                        ),
                        ("starts_on", models.DateField()),
                        ("hold_reason", models.TextField(blank=True)),
                        ("halt_reason", models.TextField(blank=True)),
                        ("next_step_at", models.DateTimeField(null=True)),
                        ("started_at", models.DateTimeField(null=True)),
                        ("finished_at", models.DateTimeField(null=True)),
                        (
                            "connector",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="rollouts",
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
                            "halted_by",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "previous_version",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="connectors.version",
                            ),
                        ),
                        (
                            "version",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="rollouts",
                                to="connectors.version",
                            ),
                        ),
                        (
                            "plan",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="rollouts",
                                to="certification.rolloutplan",
                            ),
                        ),
                        (
                            "submission",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="rollouts",
                                to="certification.submission",
                            ),
                        ),
                        ("released_at", models.DateTimeField(null=True)),
                        ("first_at", models.DateTimeField(null=True)),
                        (
                            "incident",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="rollouts",
                                to="certification.incident",
                            ),
                        ),
                        (
                            "superseded_by",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="superseded_rollouts",
                                to="certification.rollout",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [
                            models.Index(
                                condition=models.Q(
                                    ("state__in", ["scheduled", "running", "rolling_back", "completed"])
                                ),
                                fields=["next_step_at"],
                                name="rollout_due",
                            ),
                            models.Index(
                                condition=models.Q(("state", "queued")),
                                fields=["connector", "created_at"],
                                name="rollout_queue",
                            ),
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(
                                    ("state__in", ["halted", "held", "rolling_back", "running", "scheduled"])
                                ),
                                fields=("connector",),
                                name="rollout_one_active",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    (
                                        "state__in",
                                        [
                                            "queued",
                                            "scheduled",
                                            "running",
                                            "held",
                                            "halted",
                                            "rolling_back",
                                            "rolled_back",
                                            "completed",
                                            "superseded",
                                            "cancelled",
                                        ],
                                    )
                                ),
                                name="rollout_state_known",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(
                                        ("state", "superseded"),
                                        ("superseded_by__isnull", False),
                                        models.Q(("superseded_by", models.F("pk")), _negated=True),
                                    ),
                                    models.Q(
                                        models.Q(("state", "superseded"), _negated=True),
                                        ("superseded_by__isnull", True),
                                    ),
                                    _connector="OR",
                                ),
                                name="rollout_superseded_by_another",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="PlanWaveRegion",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "region",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="connectors.region",
                            ),
                        ),
                        (
                            "wave",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="places",
                                to="certification.planwave",
                            ),
                        ),
                        (
                            "plan",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="places",
                                to="certification.rolloutplan",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(fields=("plan", "region"), name="planwaveregion_once")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="RolloutWave",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("number", models.PositiveSmallIntegerField()),
                        ("name", models.CharField(max_length=80)),
                        ("chosen_on", models.DateField(null=True)),
                        ("planned_at", models.DateTimeField()),
                        ("due_at", models.DateTimeField()),
                        ("started_at", models.DateTimeField(null=True)),
                        ("finished_at", models.DateTimeField(null=True)),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("planned", "Planned"),
                                    ("running", "Running"),
                                    ("verified", "Verified live"),
                                    ("skipped", "Skipped"),
                                ],
                                default="planned",
                                max_length=10,
                            ),
                        ),
                        (
                            "state_changed_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                        ),
                        (
                            "rollout",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="waves",
                                to="certification.rollout",
                            ),
                        ),
                        ("accelerated_at", models.DateTimeField(null=True)),
                        ("is_opt_in", models.BooleanField(default=False)),
                    ],
                    options={
                        "ordering": ["number"],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("state__in", ["planned", "running", "verified", "skipped"])
                                ),
                                name="wave_state_known",
                            ),
                            models.UniqueConstraint(fields=("rollout", "number"), name="wave_number_once"),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="RegionDeployment",
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
                            "action",
                            models.CharField(
                                choices=[("deploy", "Deploy"), ("rollback", "Roll back")],
                                default="deploy",
                                max_length=8,
                            ),
                        ),
                        ("attempt", models.PositiveSmallIntegerField(default=1)),
                        ("idempotency_key", models.CharField(max_length=200, unique=True)),
                        ("number", models.PositiveBigIntegerField(null=True)),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("pending", "Planned"),
                                    ("intended", "Being sent"),
                                    ("deploying", "Deploying"),
                                    ("unknown", "Unknown"),
                                    ("reported", "Reported live"),
                                    ("verified", "Verified live"),
                                    ("failed", "Failed"),
                                    ("skipped", "Skipped"),
                                    ("cancelled", "Cancelled"),
                                ],
                                default="pending",
                                max_length=10,
                            ),
                        ),
                        (
                            "state_changed_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                        ),
                        ("intended_at", models.DateTimeField(null=True)),
                        ("deadline_at", models.DateTimeField(null=True)),
                        ("next_poll_at", models.DateTimeField(null=True)),
                        ("poll_delay_seconds", models.FloatField(default=0)),
                        ("polls", models.PositiveIntegerField(default=0)),
                        ("lease_until", models.DateTimeField(null=True)),
                        ("fence", models.PositiveIntegerField(default=0)),
                        ("reported_at", models.DateTimeField(null=True)),
                        ("verified_at", models.DateTimeField(null=True)),
                        ("overdue_since", models.DateTimeField(null=True)),
                        ("message", models.TextField(blank=True)),
                        (
                            "connector",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="deployments",
                                to="connectors.connector",
                            ),
                        ),
                        (
                            "preview",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="deployments",
                                to="certification.preview",
                            ),
                        ),
                        (
                            "region",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="deployments",
                                to="connectors.region",
                            ),
                        ),
                        (
                            "version",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="connectors.version",
                            ),
                        ),
                        (
                            "rollout",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="deployments",
                                to="certification.rollout",
                            ),
                        ),
                        (
                            "wave",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="deployments",
                                to="certification.rolloutwave",
                            ),
                        ),
                        (
                            "rehearsal",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="deployments",
                                to="certification.rehearsal",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [
                            models.Index(
                                condition=models.Q(
                                    ("state__in", ["deploying", "intended", "reported", "unknown"])
                                ),
                                fields=["next_poll_at"],
                                name="deployment_poll_due",
                            ),
                            models.Index(
                                fields=["connector", "region", "-created_at"], name="deployment_of_place"
                            ),
                            models.Index(
                                condition=models.Q(("action", "deploy"), ("state", "verified")),
                                fields=["-verified_at"],
                                name="deployment_arrivals",
                            ),
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    (
                                        "state__in",
                                        [
                                            "pending",
                                            "intended",
                                            "deploying",
                                            "unknown",
                                            "reported",
                                            "verified",
                                            "failed",
                                            "skipped",
                                            "cancelled",
                                        ],
                                    )
                                ),
                                name="deployment_state_known",
                            ),
                            models.UniqueConstraint(
                                fields=("rollout", "region", "action", "attempt"),
                                name="deployment_once_per_rollout",
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(
                                    ("state__in", ["deploying", "intended", "reported", "unknown"])
                                ),
                                fields=("connector", "region"),
                                name="deployment_one_moving",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(
                                        ("state__in", ["deploying", "intended", "reported", "unknown"]),
                                        _negated=True,
                                    ),
                                    ("next_poll_at__isnull", False),
                                    _connector="OR",
                                ),
                                name="deployment_under_way_is_polled",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(
                                        ("preview__isnull", True),
                                        ("rehearsal__isnull", True),
                                        ("rollout__isnull", False),
                                        ("wave__isnull", False),
                                    ),
                                    models.Q(
                                        ("preview__isnull", False),
                                        ("rehearsal__isnull", True),
                                        ("rollout__isnull", True),
                                        ("wave__isnull", True),
                                    ),
                                    models.Q(
                                        ("preview__isnull", True),
                                        ("rehearsal__isnull", False),
                                        ("rollout__isnull", True),
                                        ("wave__isnull", True),
                                    ),
                                    _connector="OR",
                                ),
                                name="deployment_of_one_owner",
                            ),
                            models.UniqueConstraint(
                                fields=("rehearsal", "action"), name="deployment_once_per_rehearsal"
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="DateChange",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("old_at", models.DateTimeField()),
                        ("new_at", models.DateTimeField()),
                        ("cause", models.CharField(max_length=40)),
                        ("reason", models.TextField(blank=True)),
                        ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                        (
                            "actor",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "rollout",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="date_changes",
                                to="certification.rollout",
                            ),
                        ),
                        (
                            "wave",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="date_changes",
                                to="certification.rolloutwave",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["-at"],
                    },
                ),
                migrations.CreateModel(
                    name="Submission",
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
                        ("reference", models.CharField(max_length=20, unique=True)),
                        (
                            "kind",
                            models.CharField(
                                choices=[
                                    ("new", "New connector"),
                                    ("update", "Update"),
                                    ("hotfix", "Hotfix"),
                                ],
                                default="new",
                                max_length=8,
                            ),
                        ),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("draft", "Draft"),
                                    ("submitted", "Submitted"),
                                    ("validating", "Validating"),
                                    ("validation_failed", "Validation failed"),
                                    ("in_review", "In review"),
                                    ("changes_requested", "Changes requested"),
                                    ("approved", "Approved"),
                                    ("preview_deploying", "Deploying to Preview"),
                                    ("preview_failed", "Preview deployment failed"),
                                    ("preview_testing", "Testing in Preview"),
                                    ("preview_refused", "Refused in Preview"),
                                    ("signed_off", "Signed off"),
                                    ("scheduled", "Scheduled"),
                                    ("rolling_out", "Rolling out"),
                                    ("held", "Held"),
                                    ("halted", "Halted"),
                                    ("rolling_back", "Rolling back"),
                                    ("rolled_back", "Rolled back"),
                                    ("live", "Live"),
                                    ("superseded", "Superseded"),
                                    ("withdrawn", "Withdrawn"),
                                    ("rejected", "Rejected"),
                                    ("expired", "Expired"),
                                ],
                                default="draft",
                                max_length=20,
                            ),
                        ),
                        (
                            "state_changed_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                        ),
                        ("contacts", models.JSONField(blank=True, default=list)),
                        (
                            "categories",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.CharField(max_length=60),
                                blank=True,
                                default=list,
                                size=None,
                            ),
                        ),
                        ("tester_notes", models.TextField(blank=True)),
                        ("change_notes", models.TextField(blank=True)),
                        ("intro", models.TextField(blank=True)),
                        ("edit_count", models.PositiveIntegerField(default=0)),
                        ("package_chosen_at", models.DateTimeField(null=True)),
                        ("submitted_at", models.DateTimeField(null=True)),
                        ("queued_at", models.DateTimeField(null=True)),
                        (
                            "connector",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="submissions",
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
                            "revision",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="certification.revision",
                            ),
                        ),
                        (
                            "version",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="connectors.version",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [
                            models.Index(fields=["state", "queued_at"], name="submission_queue"),
                            models.Index(fields=["-created_at"], name="submission_newest"),
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    (
                                        "state__in",
                                        [
                                            "draft",
                                            "submitted",
                                            "validating",
                                            "validation_failed",
                                            "in_review",
                                            "changes_requested",
                                            "approved",
                                            "preview_deploying",
                                            "preview_failed",
                                            "preview_testing",
                                            "preview_refused",
                                            "signed_off",
                                            "scheduled",
                                            "rolling_out",
                                            "held",
                                            "halted",
                                            "rolling_back",
                                            "rolled_back",
                                            "live",
                                            "superseded",
                                            "withdrawn",
                                            "rejected",
                                            "expired",
                                        ],
                                    )
                                ),
                                name="submission_state_known",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("kind__in", ["new", "update", "hotfix"])),
                                name="submission_kind_known",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("state__in", ["draft", "withdrawn"]),
                                    ("revision__isnull", False),
                                    _connector="OR",
                                ),
                                name="submission_has_revision",
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(
                                    (
                                        "state__in",
                                        [
                                            "approved",
                                            "changes_requested",
                                            "draft",
                                            "expired",
                                            "in_review",
                                            "preview_deploying",
                                            "preview_failed",
                                            "preview_refused",
                                            "preview_testing",
                                            "submitted",
                                            "validating",
                                            "validation_failed",
                                        ],
                                    )
                                ),
                                fields=("connector",),
                                name="submission_one_open",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ReviewVisit",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "seen_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                        ),
                        (
                            "user",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "submission",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="review_visits",
                                to="certification.submission",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(fields=("submission", "user"), name="reviewvisit_once")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ReviewClaim",
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
                        ("expires_at", models.DateTimeField()),
                        ("released_at", models.DateTimeField(null=True)),
                        ("handover_note", models.TextField(blank=True)),
                        (
                            "handed_over_by",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "reviewer",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="claims",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "submission",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="claims",
                                to="certification.submission",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("released_at__isnull", True)),
                                fields=("submission",),
                                name="claim_one_open",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Notification",
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
                        ("address", models.EmailField(max_length=254)),
                        ("event", models.CharField(max_length=60)),
                        ("group", models.CharField(max_length=40)),
                        ("subject", models.CharField(max_length=200)),
                        ("body_text", models.TextField()),
                        ("body_html", models.TextField(blank=True)),
                        ("sealed", portal.shared.secrets.EncryptedJSONField(null=True)),
                        ("url", models.CharField(blank=True, max_length=300)),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("queued", "Waiting to be sent"),
                                    ("digest", "Waiting for the daily mail"),
                                    ("sent", "Sent"),
                                    ("portal", "In the portal only"),
                                    ("failed", "Not delivered"),
                                ],
                                default="queued",
                                max_length=8,
                            ),
                        ),
                        ("message_id", models.CharField(max_length=200, unique=True)),
                        ("dedupe_key", models.CharField(max_length=300, unique=True)),
                        ("attempts", models.PositiveSmallIntegerField(default=0)),
                        ("last_error", models.CharField(blank=True, max_length=200)),
                        (
                            "queued_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                        ),
                        ("sent_at", models.DateTimeField(null=True)),
                        ("read_at", models.DateTimeField(null=True)),
                        (
                            "digest_of",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="items",
                                to="certification.notification",
                            ),
                        ),
                        (
                            "publisher",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="notifications",
                                to="connectors.publisher",
                            ),
                        ),
                        (
                            "recipient",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="notifications",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "submission",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="notifications",
                                to="certification.submission",
                            ),
                        ),
                        (
                            "watch",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="notifications",
                                to="certification.regionwatch",
                            ),
                        ),
                        (
                            "thread",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="notifications",
                                to="certification.thread",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [
                            models.Index(fields=["recipient", "-created_at"], name="notification_inbox"),
                            models.Index(
                                fields=["submission", "-created_at"], name="notification_of_submission"
                            ),
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("state__in", ["queued", "digest", "sent", "portal", "failed"])
                                ),
                                name="notification_state_known",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Decision",
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
                        ("digest", models.CharField(max_length=64)),
                        (
                            "verdict",
                            models.CharField(
                                choices=[
                                    ("approve", "Approved"),
                                    ("request_changes", "Changes requested"),
                                    ("reject", "Rejected"),
                                ],
                                max_length=16,
                            ),
                        ),
                        ("reasons", models.TextField(blank=True)),
                        (
                            "reviewer",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "revision",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="decision",
                                to="certification.revision",
                            ),
                        ),
                        (
                            "submission",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="decisions",
                                to="certification.submission",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("verdict__in", ["approve", "request_changes", "reject"])),
                                name="decision_verdict_known",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("verdict", "approve"),
                                    models.Q(("reasons", ""), _negated=True),
                                    _connector="OR",
                                ),
                                name="decision_has_reasons",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="TestCredential",
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
                                    ("api_key", "API key"),
                                    ("basic", "User name and password"),
                                    ("oauth2", "OAuth 2 client"),
                                    ("account", "Test account"),
                                ],
                                max_length=10,
                            ),
                        ),
                        ("purpose", models.CharField(max_length=120)),
                        ("fields", portal.shared.secrets.EncryptedJSONField()),
                        (
                            "field_names",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.CharField(max_length=40), default=list, size=None
                            ),
                        ),
                        ("expires_on", models.DateField(blank=True, null=True)),
                        (
                            "updated_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                        ),
                        (
                            "submission",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="credentials",
                                to="certification.submission",
                            ),
                        ),
                        (
                            "updated_by",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        ("connection", models.JSONField(blank=True, default=dict)),
                        ("test_inputs", models.JSONField(blank=True, default=dict)),
                        ("test_operation", models.CharField(blank=True, max_length=200)),
                    ],
                    options={
                        "ordering": ["created_at"],
                    },
                ),
                migrations.CreateModel(
                    name="CredentialReveal",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("reason", models.CharField(max_length=300)),
                        ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                        (
                            "user",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "submission",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="credential_reveals",
                                to="certification.submission",
                            ),
                        ),
                        (
                            "credential",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="reveals",
                                to="certification.testcredential",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["-at"],
                    },
                ),
                migrations.CreateModel(
                    name="Thread",
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
                        ("file", models.CharField(blank=True, max_length=260)),
                        ("pointer", models.TextField(blank=True)),
                        ("line", models.PositiveIntegerField(null=True)),
                        ("node_digest", models.CharField(blank=True, max_length=64)),
                        ("excerpt", models.TextField(blank=True)),
                        ("is_private", models.BooleanField(default=False)),
                        ("is_outdated", models.BooleanField(default=False)),
                        (
                            "state",
                            models.CharField(
                                choices=[("open", "Open"), ("resolved", "Resolved")],
                                default="open",
                                max_length=10,
                            ),
                        ),
                        (
                            "state_changed_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                        ),
                        (
                            "anchored_in",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="certification.revision",
                            ),
                        ),
                        (
                            "author",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "revision",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="threads",
                                to="certification.revision",
                            ),
                        ),
                        (
                            "submission",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="threads",
                                to="certification.submission",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [models.Index(fields=["submission", "state"], name="thread_open")],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("state__in", ["open", "resolved"])),
                                name="thread_state_known",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Comment",
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
                        ("body", models.TextField()),
                        ("masked", models.PositiveSmallIntegerField(default=0)),
                        (
                            "author",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "thread",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="comments",
                                to="certification.thread",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["created_at", "pk"],
                    },
                ),
                migrations.CreateModel(
                    name="Validation",
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
                        ("rules_version", models.CharField(max_length=40)),
                        ("change_kind", models.CharField(max_length=10)),
                        ("publisher_kind", models.CharField(max_length=12)),
                        (
                            "verdict",
                            models.CharField(choices=[("pass", "Passed"), ("fail", "Failed")], max_length=4),
                        ),
                        ("errors", models.PositiveIntegerField(default=0)),
                        ("warnings", models.PositiveIntegerField(default=0)),
                        ("infos", models.PositiveIntegerField(default=0)),
                        ("duration_seconds", models.FloatField(default=0)),
                        (
                            "version",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="validations",
                                to="connectors.version",
                            ),
                        ),
                        ("baseline", models.CharField(blank=True, default="", max_length=64)),
                        ("as_catalogued", models.JSONField(blank=True, default=dict)),
                        ("switched_off", models.JSONField(blank=True, default=list)),
                        ("treatment", models.CharField(blank=True, default="", max_length=12)),
                    ],
                    options={
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("verdict__in", ["pass", "fail"])),
                                name="validation_verdict_known",
                            ),
                            models.UniqueConstraint(
                                fields=(
                                    "version",
                                    "rules_version",
                                    "change_kind",
                                    "publisher_kind",
                                    "baseline",
                                    "treatment",
                                ),
                                name="validation_once",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Finding",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("rule", models.CharField(max_length=20)),
                        (
                            "severity",
                            models.CharField(
                                choices=[("error", "Error"), ("warning", "Warning"), ("info", "Advice")],
                                max_length=8,
                            ),
                        ),
                        ("message", models.TextField()),
                        ("fix", models.TextField(blank=True)),
                        ("file", models.CharField(blank=True, max_length=260)),
                        ("pointer", models.TextField(blank=True)),
                        ("line", models.PositiveIntegerField(null=True)),
                        ("column", models.PositiveIntegerField(null=True)),
                        ("length", models.PositiveIntegerField(null=True)),
                        ("fingerprint", models.CharField(max_length=64)),
                        ("group", models.CharField(blank=True, max_length=64)),
                        ("excerpt", models.TextField(blank=True)),
                        ("excerpt_line", models.PositiveIntegerField(null=True)),
                        (
                            "validation",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="findings",
                                to="certification.validation",
                            ),
                        ),
                        (
                            "catalogued",
                            models.CharField(
                                blank=True,
                                choices=[("error", "Error"), ("warning", "Warning"), ("info", "Advice")],
                                default="",
                                max_length=8,
                            ),
                        ),
                        (
                            "treatment",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="findings",
                                to="certification.ruletreatment",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [models.Index(fields=["validation", "rule"], name="finding_by_rule")],
                    },
                ),
                migrations.CreateModel(
                    name="Waiver",
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
                        ("rule", models.CharField(max_length=20)),
                        ("fingerprint", models.CharField(blank=True, max_length=64)),
                        ("reason", models.TextField()),
                        ("decision_reason", models.TextField(blank=True)),
                        ("expires_on", models.DateField(blank=True, null=True)),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("requested", "Requested"),
                                    ("approved", "Approved"),
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
                        (
                            "submission",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="waivers",
                                to="certification.submission",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("state__in", ["requested", "approved", "declined", "withdrawn"])
                                ),
                                name="waiver_state_known",
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("state__in", ["requested", "approved"])),
                                fields=("submission", "rule", "fingerprint"),
                                name="waiver_one_live",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("decided_by__isnull", True),
                                    models.Q(("decided_by", models.F("requested_by")), _negated=True),
                                    _connector="OR",
                                ),
                                name="waiver_decided_by_another",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="WarningNote",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("rule", models.CharField(max_length=20)),
                        ("note", models.TextField()),
                        (
                            "updated_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                        ),
                        (
                            "author",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "submission",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="warning_notes",
                                to="certification.submission",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(fields=("submission", "rule"), name="warningnote_once")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Freeze",
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
                        ("reason", models.TextField()),
                        ("starts_at", models.DateTimeField()),
                        ("ends_at", models.DateTimeField()),
                        (
                            "regions",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.CharField(max_length=40),
                                blank=True,
                                default=list,
                                size=None,
                            ),
                        ),
                        ("opens", models.BooleanField(default=False)),
                        ("cancelled_at", models.DateTimeField(null=True)),
                        (
                            "updated_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
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
                            "auth_kinds",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.CharField(max_length=20),
                                blank=True,
                                default=list,
                                size=None,
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["starts_at"],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("ends_at__gt", models.F("starts_at"))),
                                name="freeze_ends_after_start",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Placement",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("last_number", models.PositiveBigIntegerField(default=0)),
                        ("reported_at", models.DateTimeField(null=True)),
                        ("verified_at", models.DateTimeField(null=True)),
                        ("probed_digest", models.CharField(blank=True, max_length=64)),
                        ("probed_at", models.DateTimeField(null=True)),
                        ("disagrees_since", models.DateTimeField(null=True)),
                        (
                            "connector",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="placements",
                                to="connectors.connector",
                            ),
                        ),
                        (
                            "region",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="placements",
                                to="connectors.region",
                            ),
                        ),
                        (
                            "reported_version",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="connectors.version",
                            ),
                        ),
                        (
                            "verified_version",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="connectors.version",
                            ),
                        ),
                        ("call_problem", models.CharField(blank=True, default="", max_length=300)),
                        ("called_at", models.DateTimeField(null=True)),
                        (
                            "next_probe_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                        ),
                        ("probe_problem", models.CharField(blank=True, default="", max_length=300)),
                    ],
                    options={
                        "indexes": [
                            models.Index(
                                condition=models.Q(("disagrees_since__isnull", False)),
                                fields=["disagrees_since"],
                                name="placement_disagrees",
                            ),
                            models.Index(
                                condition=models.Q(
                                    ("reported_version__isnull", False),
                                    ("disagrees_since__isnull", False),
                                    _connector="OR",
                                ),
                                fields=["next_probe_at"],
                                name="placement_probe_due",
                            ),
                        ],
                        "constraints": [
                            models.UniqueConstraint(fields=("connector", "region"), name="placement_once")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="CredentialTest",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "occasion",
                            models.CharField(
                                choices=[
                                    ("entry", "When it was entered"),
                                    ("nightly", "Every night"),
                                    ("review", "Before the review"),
                                    ("manual", "Asked for"),
                                ],
                                max_length=8,
                            ),
                        ),
                        (
                            "outcome",
                            models.CharField(
                                choices=[("works", "Works"), ("fails", "Fails"), ("unclear", "Cannot tell")],
                                max_length=8,
                            ),
                        ),
                        ("operation_id", models.CharField(blank=True, max_length=200)),
                        ("status", models.PositiveSmallIntegerField(null=True)),
                        ("duration_ms", models.PositiveIntegerField(null=True)),
                        ("message", models.TextField()),
                        ("request", models.JSONField(default=dict)),
                        ("response", models.JSONField(default=dict)),
                        ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                        (
                            "asked_by",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "credential",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="tests",
                                to="certification.testcredential",
                            ),
                        ),
                        (
                            "submission",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="credential_tests",
                                to="certification.submission",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["-at"],
                        "indexes": [models.Index(fields=["credential", "-at"], name="credentialtest_newest")],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("outcome__in", ["works", "fails", "unclear"])),
                                name="credentialtest_outcome_known",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="SmokeRun",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("operation_id", models.CharField(blank=True, max_length=200)),
                        ("attempt", models.PositiveSmallIntegerField(default=1)),
                        (
                            "target",
                            models.CharField(
                                choices=[
                                    ("region", "Through the region"),
                                    ("backend", "Against the service itself"),
                                ],
                                default="backend",
                                max_length=8,
                            ),
                        ),
                        (
                            "outcome",
                            models.CharField(
                                choices=[("passed", "Passed"), ("failed", "Failed"), ("not_run", "Not run")],
                                max_length=8,
                            ),
                        ),
                        ("status", models.PositiveSmallIntegerField(null=True)),
                        ("duration_ms", models.PositiveIntegerField(null=True)),
                        ("message", models.TextField(blank=True)),
                        ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                        (
                            "deployment",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="smoke_runs",
                                to="certification.regiondeployment",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["at", "pk"],
                        "indexes": [
                            models.Index(
                                fields=["deployment", "operation_id", "at"], name="smokerun_of_deployment"
                            )
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("outcome__in", ["passed", "failed", "not_run"])),
                                name="smokerun_outcome_known",
                            ),
                            models.UniqueConstraint(
                                fields=("deployment", "operation_id", "attempt"), name="smokerun_attempt_once"
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="TestRun",
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
                            "source",
                            models.CharField(
                                choices=[("console", "Console"), ("api", "Reported by a program")],
                                max_length=8,
                            ),
                        ),
                        (
                            "path",
                            models.CharField(
                                choices=[("success", "Success"), ("error", "Wrong input")],
                                default="success",
                                max_length=8,
                            ),
                        ),
                        ("operation_id", models.CharField(max_length=200)),
                        ("is_success", models.BooleanField()),
                        ("status", models.PositiveSmallIntegerField(null=True)),
                        ("duration_ms", models.PositiveIntegerField(null=True)),
                        ("message", models.TextField(blank=True)),
                        ("request", models.JSONField(default=dict)),
                        ("response", models.JSONField(default=dict)),
                        ("findings", models.JSONField(default=list)),
                        ("inputs", models.JSONField(default=dict)),
                        ("credential_name", models.CharField(blank=True, max_length=120)),
                        ("reason", models.CharField(blank=True, max_length=300)),
                        (
                            "credential",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="runs",
                                to="certification.testcredential",
                            ),
                        ),
                        (
                            "preview",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="test_runs",
                                to="certification.preview",
                            ),
                        ),
                        (
                            "submission",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="test_runs",
                                to="certification.submission",
                            ),
                        ),
                        (
                            "user",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "version",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="test_runs",
                                to="connectors.version",
                            ),
                        ),
                        (
                            "region",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to="connectors.region",
                            ),
                        ),
                        (
                            "target",
                            models.CharField(
                                choices=[
                                    ("region", "Through the region"),
                                    ("backend", "Against the service itself"),
                                ],
                                default="backend",
                                max_length=8,
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["-created_at"],
                        "indexes": [
                            models.Index(
                                fields=["submission", "operation_id", "-created_at"],
                                name="testrun_of_operation",
                            ),
                            models.Index(fields=["preview", "operation_id"], name="testrun_of_preview"),
                            models.Index(fields=["user", "-created_at"], name="testrun_of_user"),
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("source__in", ["console", "api"])),
                                name="testrun_source_known",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("path__in", ["success", "error"])),
                                name="testrun_path_known",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="RegionTask",
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
                        ("key", models.CharField(max_length=200, unique=True)),
                        ("number", models.PositiveBigIntegerField()),
                        ("action", models.CharField(max_length=8)),
                        ("version_label", models.CharField(max_length=64)),
                        ("digest", models.CharField(max_length=64)),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("open", "Waiting for somebody"),
                                    ("taken", "Somebody is at it"),
                                    ("done", "Done"),
                                    ("failed", "Failed"),
                                    ("overtaken", "Overtaken"),
                                ],
                                default="open",
                                max_length=10,
                            ),
                        ),
                        (
                            "state_changed_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                        ),
                        ("message", models.TextField(blank=True)),
                        (
                            "connector",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="region_tasks",
                                to="connectors.connector",
                            ),
                        ),
                        (
                            "region",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="tasks",
                                to="connectors.region",
                            ),
                        ),
                        (
                            "settled_by",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "taken_by",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                    ],
                    options={
                        "indexes": [
                            models.Index(
                                condition=models.Q(("state__in", ["open", "taken"])),
                                fields=["created_at"],
                                name="regiontask_waiting",
                            )
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("state__in", ["open", "taken", "done", "failed", "overtaken"])
                                ),
                                name="regiontask_state_known",
                            ),
                            models.UniqueConstraint(
                                fields=("connector", "region", "number"), name="regiontask_number_once"
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("state__in", ["open", "taken"])),
                                fields=("connector", "region"),
                                name="regiontask_one_open",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("state__in", ["done", "failed"]), _negated=True),
                                    ("settled_by__isnull", False),
                                    _connector="OR",
                                ),
                                name="regiontask_settled_by_somebody",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Sighting",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("digest", models.CharField(blank=True, max_length=64)),
                        ("note", models.CharField(blank=True, max_length=500)),
                        (
                            "seen_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                        ),
                        (
                            "connector",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="sightings",
                                to="connectors.connector",
                            ),
                        ),
                        (
                            "region",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="sightings",
                                to="connectors.region",
                            ),
                        ),
                        (
                            "seen_by",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                    ],
                    options={
                        "indexes": [
                            models.Index(fields=["connector", "region", "-seen_at"], name="sighting_newest")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="SimulatedOperation",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("connector_slug", models.CharField(max_length=100)),
                        ("key", models.CharField(max_length=200, unique=True)),
                        ("number", models.PositiveBigIntegerField()),
                        ("action", models.CharField(max_length=8)),
                        ("version_label", models.CharField(max_length=64)),
                        ("digest", models.CharField(max_length=64)),
                        (
                            "accepted_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                        ),
                        ("settles_at", models.DateTimeField()),
                        ("fails", models.BooleanField(default=False)),
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
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("region", "connector_slug", "number"), name="simulated_number_once"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ForecastSnapshot",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                        ("early", models.DateTimeField()),
                        ("late", models.DateTimeField()),
                        ("is_measured", models.BooleanField(default=False)),
                        ("cause", models.CharField(max_length=60)),
                        ("reason", models.TextField(blank=True)),
                        ("slipped_from", models.DateTimeField(null=True)),
                        (
                            "actor",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "region",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="connectors.region",
                            ),
                        ),
                        (
                            "rollout",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="forecasts",
                                to="certification.rollout",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["-at", "-pk"],
                        "indexes": [
                            models.Index(fields=["rollout", "region", "-at"], name="forecast_newest"),
                            models.Index(
                                condition=models.Q(("slipped_from__isnull", False)),
                                fields=["rollout", "-at"],
                                name="forecast_slips",
                            ),
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("late__gte", models.F("early"))),
                                name="forecast_early_first",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="GateCheck",
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
                            "stage",
                            models.CharField(
                                choices=[("bake", "While it bakes"), ("gate", "Before the next wave")],
                                max_length=4,
                            ),
                        ),
                        (
                            "verdict",
                            models.CharField(
                                choices=[
                                    ("pass", "Passed"),
                                    ("fail", "Failed"),
                                    ("inconclusive", "Inconclusive"),
                                ],
                                max_length=12,
                            ),
                        ),
                        ("summary", models.TextField(blank=True)),
                        ("evidence", models.JSONField(default=dict)),
                        ("thresholds", models.JSONField(default=dict)),
                        (
                            "first_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                        ),
                        ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                        ("looks", models.PositiveIntegerField(default=1)),
                        ("is_let_through", models.BooleanField(default=False)),
                        ("decided_at", models.DateTimeField(null=True)),
                        ("reason", models.TextField(blank=True)),
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
                            "rollout",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="gate_checks",
                                to="certification.rollout",
                            ),
                        ),
                        (
                            "wave",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="gate_checks",
                                to="certification.rolloutwave",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["-first_at", "-created_at"],
                        "indexes": [models.Index(fields=["wave", "-first_at"], name="gatecheck_of_wave")],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("stage__in", ["bake", "gate"])),
                                name="gatecheck_stage_known",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("verdict__in", ["pass", "fail", "inconclusive"])),
                                name="gatecheck_verdict_known",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("is_let_through", False),
                                    models.Q(
                                        ("decided_at__isnull", False),
                                        ("stage", "gate"),
                                        ("verdict", "inconclusive"),
                                        models.Q(("reason", ""), _negated=True),
                                    ),
                                    _connector="OR",
                                ),
                                name="gatecheck_only_the_unclear_is_let_through",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("at__gte", models.F("first_at"))),
                                name="gatecheck_looks_go_on",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="TimeLedger",
                    fields=[
                        (
                            "submission",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.CASCADE,
                                primary_key=True,
                                related_name="time_ledger",
                                serialize=False,
                                to="certification.submission",
                            ),
                        ),
                        ("lane", models.CharField(max_length=12)),
                        ("closed_until", models.DateTimeField()),
                        (
                            "written_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                        ),
                    ],
                ),
                migrations.CreateModel(
                    name="ClockPause",
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
                                    ("bounced", "The invitation did not arrive"),
                                    ("away", "The team is away"),
                                    ("region", "The Preview region cannot be used"),
                                ],
                                max_length=8,
                            ),
                        ),
                        ("reason", models.TextField()),
                        (
                            "starts_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                        ),
                        ("ends_at", models.DateTimeField(null=True)),
                        (
                            "ended_by",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "preview",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="pauses",
                                to="certification.preview",
                            ),
                        ),
                        (
                            "started_by",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["starts_at"],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("kind__in", ["bounced", "away", "region"])),
                                name="clockpause_kind_known",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("ends_at__isnull", True),
                                    ("ends_at__gte", models.F("starts_at")),
                                    _connector="OR",
                                ),
                                name="clockpause_ends_after_start",
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("ends_at__isnull", True)),
                                fields=("preview",),
                                name="clockpause_one_open",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="TimeStretch",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("step", models.CharField(max_length=12)),
                        ("state", models.CharField(max_length=20)),
                        (
                            "holder",
                            models.CharField(
                                choices=[
                                    ("publisher", "Publisher"),
                                    ("reviewer", "Reviewer"),
                                    ("operator", "Operator"),
                                    ("machine", "Portal"),
                                    ("freeze", "Freeze"),
                                    ("incident", "Incident"),
                                    ("nobody", "Nobody"),
                                ],
                                max_length=10,
                            ),
                        ),
                        ("cause", models.CharField(blank=True, max_length=200)),
                        ("starts_at", models.DateTimeField()),
                        ("ends_at", models.DateTimeField()),
                        ("seconds", models.FloatField()),
                        (
                            "ledger",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="stretches",
                                to="certification.timeledger",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["starts_at", "pk"],
                        "indexes": [models.Index(fields=["ends_at"], name="timestretch_ended")],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    (
                                        "holder__in",
                                        [
                                            "publisher",
                                            "reviewer",
                                            "operator",
                                            "machine",
                                            "freeze",
                                            "incident",
                                            "nobody",
                                        ],
                                    )
                                ),
                                name="timestretch_holder_known",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("ends_at__gte", models.F("starts_at"))),
                                name="timestretch_in_order",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="OverrideRequest",
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
                                    ("skip", "Leave a region out"),
                                    ("accelerate", "Start a wave early"),
                                    ("freeze", "Pass a freeze"),
                                    ("hotfix", "Use the hotfix lane"),
                                ],
                                max_length=10,
                            ),
                        ),
                        ("reason", models.TextField()),
                        ("decision_reason", models.TextField(blank=True)),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("requested", "Waiting for a second person"),
                                    ("half_approved", "Waiting for a third person"),
                                    ("approved", "Approved"),
                                    ("used", "Used"),
                                    ("declined", "Declined"),
                                    ("withdrawn", "Withdrawn"),
                                    ("expired", "Expired"),
                                ],
                                default="requested",
                                max_length=14,
                            ),
                        ),
                        (
                            "state_changed_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                        ),
                        ("expires_at", models.DateTimeField()),
                        (
                            "approved_by",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
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
                            "deployment",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="override_requests",
                                to="certification.regiondeployment",
                            ),
                        ),
                        (
                            "freeze",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="override_requests",
                                to="certification.freeze",
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
                        (
                            "rollout",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="override_requests",
                                to="certification.rollout",
                            ),
                        ),
                        (
                            "submission",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="override_requests",
                                to="certification.submission",
                            ),
                        ),
                        (
                            "wave",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="override_requests",
                                to="certification.rolloutwave",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["-created_at"],
                        "indexes": [
                            models.Index(
                                condition=models.Q(("state__in", ("requested", "half_approved", "approved"))),
                                fields=["expires_at"],
                                name="override_expiring",
                            )
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    (
                                        "state__in",
                                        [
                                            "requested",
                                            "half_approved",
                                            "approved",
                                            "used",
                                            "declined",
                                            "withdrawn",
                                            "expired",
                                        ],
                                    )
                                ),
                                name="override_state_known",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(
                                        ("decided_by__isnull", True),
                                        models.Q(("decided_by", models.F("requested_by")), _negated=True),
                                        _connector="OR",
                                    ),
                                    models.Q(
                                        ("approved_by__isnull", True),
                                        models.Q(("approved_by", models.F("requested_by")), _negated=True),
                                        _connector="OR",
                                    ),
                                    models.Q(
                                        ("approved_by__isnull", True),
                                        ("decided_by__isnull", True),
                                        models.Q(("approved_by", models.F("decided_by")), _negated=True),
                                        ("state", "declined"),
                                        _connector="OR",
                                    ),
                                ),
                                name="override_two_people",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("state__in", ["approved", "used"]), _negated=True),
                                    ("decided_by__isnull", False),
                                    _connector="OR",
                                ),
                                name="override_approved_by_somebody",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(
                                        ("kind", "hotfix"), ("state__in", ["approved", "used"]), _negated=True
                                    ),
                                    ("approved_by__isnull", False),
                                    _connector="OR",
                                ),
                                name="override_hotfix_approved_twice",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(
                                        ("deployment__isnull", False),
                                        ("freeze", None),
                                        ("kind", "skip"),
                                        ("rollout__isnull", False),
                                        ("wave", None),
                                    ),
                                    models.Q(
                                        ("deployment", None),
                                        ("freeze", None),
                                        ("kind", "accelerate"),
                                        ("rollout__isnull", False),
                                        ("wave__isnull", False),
                                    ),
                                    models.Q(
                                        ("deployment", None),
                                        ("freeze__isnull", False),
                                        ("kind", "freeze"),
                                        ("rollout__isnull", False),
                                        ("wave", None),
                                    ),
                                    models.Q(
                                        ("deployment", None),
                                        ("freeze", None),
                                        ("kind", "hotfix"),
                                        ("rollout", None),
                                        ("wave", None),
                                    ),
                                    _connector="OR",
                                ),
                                name="override_of_one_thing",
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("state__in", ("requested", "half_approved", "approved"))),
                                fields=("deployment",),
                                name="override_one_open_skip",
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("state__in", ("requested", "half_approved", "approved"))),
                                fields=("wave",),
                                name="override_one_open_acceleration",
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("state__in", ("requested", "half_approved", "approved"))),
                                fields=("rollout", "freeze"),
                                name="override_one_open_freeze",
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(
                                    ("kind", "hotfix"),
                                    ("state__in", ("requested", "half_approved", "approved")),
                                ),
                                fields=("submission",),
                                name="override_one_open_hotfix",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Train",
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
                        ("description", models.TextField(blank=True)),
                        (
                            "time_zone",
                            models.CharField(
                                default="America/Los_Angeles",
                                max_length=60,
                                validators=[portal.accounts.models.check_time_zone],
                            ),
                        ),
                        (
                            "weekdays",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.PositiveSmallIntegerField(),
                                default=certification.models.trains.friday,
                                size=None,
                            ),
                        ),
                        ("departs_at", models.TimeField(default=datetime.time(9, 0))),
                        ("cutoff_hours", models.PositiveSmallIntegerField(default=24)),
                        ("capacity", models.PositiveSmallIntegerField(default=20)),
                        ("per_publisher", models.PositiveSmallIntegerField(default=0)),
                        (
                            "lanes",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.CharField(max_length=8), blank=True, default=list, size=None
                            ),
                        ),
                        ("is_retired", models.BooleanField(default=False)),
                        (
                            "updated_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                        ),
                        (
                            "created_by",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["name"],
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("is_retired", False)),
                                fields=("name",),
                                name="train_name_once",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("capacity__gt", 0)), name="train_has_places"
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="TrainBoarding",
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
                        ("wave_number", models.PositiveSmallIntegerField()),
                        ("departs_at", models.DateTimeField()),
                        (
                            "boarded_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                        ),
                        ("left_at", models.DateTimeField(null=True)),
                        (
                            "rollout",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="boardings",
                                to="certification.rollout",
                            ),
                        ),
                        (
                            "train",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="boardings",
                                to="certification.train",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["departs_at", "boarded_at"],
                        "indexes": [
                            models.Index(
                                condition=models.Q(("left_at", None)),
                                fields=["train", "departs_at"],
                                name="trainboarding_departure",
                            )
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("left_at", None)),
                                fields=("rollout", "wave_number"),
                                name="trainboarding_one_place",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="RegionWatch",
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
                        ("address", models.EmailField(max_length=254)),
                        (
                            "asked_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                        ),
                        ("confirmed_at", models.DateTimeField(null=True)),
                        ("told_at", models.DateTimeField(null=True)),
                        ("ends_at", models.DateTimeField()),
                        (
                            "connector",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="watches",
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
                        (
                            "user",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="region_watches",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "version",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="connectors.version",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [
                            models.Index(fields=["ends_at"], name="regionwatch_ends"),
                            models.Index(fields=["address", "-asked_at"], name="regionwatch_of_address"),
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("told_at__isnull", True),
                                    ("confirmed_at__isnull", False),
                                    _connector="OR",
                                ),
                                name="regionwatch_told_is_confirmed",
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("told_at__isnull", True)),
                                fields=("connector", "region", "address"),
                                name="regionwatch_one_open",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Incident",
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
                        ("title", models.CharField(max_length=120)),
                        ("text", models.TextField()),
                        (
                            "state",
                            models.CharField(
                                choices=[("open", "Open"), ("closed", "Closed")], default="open", max_length=6
                            ),
                        ),
                        (
                            "state_changed_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                        ),
                        (
                            "auth_kinds",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.CharField(max_length=20),
                                blank=True,
                                default=list,
                                size=None,
                            ),
                        ),
                        (
                            "regions",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.CharField(max_length=40),
                                blank=True,
                                default=list,
                                size=None,
                            ),
                        ),
                        ("is_public", models.BooleanField(default=True)),
                        ("closed_at", models.DateTimeField(null=True)),
                        ("closing_note", models.TextField(blank=True)),
                        (
                            "closed_by",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "connectors",
                            models.ManyToManyField(
                                blank=True, related_name="incidents", to="connectors.connector"
                            ),
                        ),
                        (
                            "opened_by",
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
                                condition=models.Q(("state__in", ["open", "closed"])),
                                name="incident_state_known",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("closed_at__isnull", True), ("state", "open")),
                                    models.Q(("closed_at__isnull", False), ("state", "closed")),
                                    _connector="OR",
                                ),
                                name="incident_closed_with_a_time",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Rehearsal",
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
                        ("attempt", models.PositiveSmallIntegerField(default=1)),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("running", "Running"),
                                    ("succeeded", "Succeeded"),
                                    ("failed", "Failed"),
                                ],
                                default="running",
                                max_length=10,
                            ),
                        ),
                        (
                            "state_changed_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                        ),
                        ("finished_at", models.DateTimeField(null=True)),
                        ("message", models.TextField(blank=True)),
                        (
                            "preview",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="rehearsals",
                                to="certification.preview",
                            ),
                        ),
                        (
                            "returns_to",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="connectors.version",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["-attempt"],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("state__in", ["running", "succeeded", "failed"])),
                                name="rehearsal_state_known",
                            ),
                            models.UniqueConstraint(
                                fields=("preview", "attempt"), name="rehearsal_attempt_once"
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("state", "failed"), _negated=True),
                                fields=("preview",),
                                name="rehearsal_one_that_counts",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="PresentedReceipt",
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
                        ("issued_at", models.DateTimeField()),
                        ("rules_version", models.CharField(max_length=40)),
                        ("reason", models.CharField(blank=True, max_length=300)),
                        (
                            "presented_by",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "submission",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="presented_receipts",
                                to="certification.submission",
                            ),
                        ),
                        (
                            "validation",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="certification.validation",
                            ),
                        ),
                        (
                            "version",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="connectors.version",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("validation__isnull", True), ("reason", ""), _connector="XOR"
                                ),
                                name="receipt_taken_or_reason",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="GuestTester",
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
                            "products",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.CharField(max_length=20), default=list, size=None
                            ),
                        ),
                        ("note", models.CharField(blank=True, max_length=500)),
                        ("token_digest", models.CharField(max_length=64, unique=True)),
                        (
                            "sent_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                        ),
                        ("expires_at", models.DateTimeField()),
                        ("accepted_at", models.DateTimeField(null=True)),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("invited", "Invited"),
                                    ("accepted", "May test"),
                                    ("revoked", "Taken back"),
                                ],
                                default="invited",
                                max_length=8,
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
                            "submission",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="guest_testers",
                                to="certification.submission",
                            ),
                        ),
                        (
                            "user",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="guest_accesses",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["created_at"],
                        "indexes": [
                            models.Index(
                                condition=models.Q(("state", "accepted")),
                                fields=["user", "expires_at"],
                                name="guesttester_access",
                            )
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("state__in", ["invited", "accepted", "revoked"])),
                                name="guesttester_state_known",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("state", "accepted"), _negated=True),
                                    models.Q(("accepted_at__isnull", False), ("user__isnull", False)),
                                    _connector="OR",
                                ),
                                name="guesttester_accepted_by_somebody",
                            ),
                            models.UniqueConstraint(
                                models.F("submission"),
                                django.db.models.functions.text.Lower("email"),
                                condition=models.Q(("state__in", ["invited", "accepted"])),
                                name="guesttester_one_standing",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ProductCheck",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("product", models.CharField(max_length=20)),
                        ("item", models.CharField(max_length=20)),
                        (
                            "outcome",
                            models.CharField(
                                choices=[("works", "Works"), ("fails", "Does not work")], max_length=5
                            ),
                        ),
                        ("note", models.CharField(blank=True, max_length=1000)),
                        ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                        (
                            "preview",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="product_checks",
                                to="certification.preview",
                            ),
                        ),
                        (
                            "user",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["at", "pk"],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("preview", "product", "item", "user"),
                                name="productcheck_one_word_each",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("outcome__in", ["works", "fails"])),
                                name="productcheck_outcome_known",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="CannedReply",
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
                        ("title", models.CharField(max_length=80)),
                        ("body", models.TextField()),
                        (
                            "rules",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.CharField(max_length=20),
                                blank=True,
                                default=list,
                                size=None,
                            ),
                        ),
                        ("is_active", models.BooleanField(default=True)),
                        ("edit_count", models.PositiveIntegerField(default=0)),
                        (
                            "changed_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                        ),
                        (
                            "changed_by",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["title", "pk"],
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("is_active", True)),
                                fields=("title",),
                                name="cannedreply_title_once",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ReviewMark",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("key", models.CharField(max_length=400)),
                        ("digest", models.CharField(max_length=64)),
                        ("revision_number", models.PositiveIntegerField()),
                        (
                            "marked_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                        ),
                        (
                            "submission",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="review_marks",
                                to="certification.submission",
                            ),
                        ),
                        (
                            "user",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("submission", "user", "key"), name="reviewmark_once"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Suggestion",
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
                        ("file", models.CharField(max_length=260)),
                        ("pointer", models.TextField()),
                        ("node_digest", models.CharField(max_length=64)),
                        ("before", models.TextField()),
                        ("after", models.TextField(blank=True)),
                        ("patch", models.JSONField()),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("proposed", "Suggested"),
                                    ("accepted", "Accepted"),
                                    ("declined", "Declined"),
                                    ("withdrawn", "Withdrawn"),
                                ],
                                default="proposed",
                                max_length=10,
                            ),
                        ),
                        (
                            "state_changed_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                        ),
                        ("reason", models.TextField(blank=True)),
                        (
                            "author",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "comment",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="suggestion",
                                to="certification.comment",
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
                            "revision",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="certification.revision",
                            ),
                        ),
                        (
                            "thread",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="suggestions",
                                to="certification.thread",
                            ),
                        ),
                        (
                            "version",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="connectors.version",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("state__in", ["proposed", "accepted", "declined", "withdrawn"])
                                ),
                                name="suggestion_state_known",
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("state", "proposed")),
                                fields=("thread",),
                                name="suggestion_one_waiting",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("state", "declined"), _negated=True),
                                    models.Q(("reason", ""), _negated=True),
                                    _connector="OR",
                                ),
                                name="suggestion_declined_with_reason",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Appeal",
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
                        ("text", models.TextField()),
                        ("due_at", models.DateTimeField()),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("open", "Waiting for an administrator"),
                                    ("upheld", "The rejection stands"),
                                    ("overturned", "The rejection is overturned"),
                                    ("withdrawn", "Withdrawn"),
                                ],
                                default="open",
                                max_length=10,
                            ),
                        ),
                        (
                            "state_changed_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                        ),
                        ("answer", models.TextField(blank=True)),
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
                            "decision",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="appeal",
                                to="certification.decision",
                            ),
                        ),
                        (
                            "raised_by",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "successor",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="certification.submission",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["due_at"],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("state__in", ["open", "upheld", "overturned", "withdrawn"])
                                ),
                                name="appeal_state_known",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("state__in", ["upheld", "overturned"]), _negated=True),
                                    models.Q(("answer", ""), _negated=True),
                                    _connector="OR",
                                ),
                                name="appeal_answered",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="DecisionCondition",
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
                        ("text", models.TextField()),
                        (
                            "due",
                            models.CharField(
                                choices=[
                                    ("rollout", "before the rollout"),
                                    ("next_version", "in the next version"),
                                ],
                                max_length=12,
                            ),
                        ),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("open", "Open"),
                                    ("met", "Met"),
                                    ("dropped", "Not asked for any more"),
                                ],
                                default="open",
                                max_length=8,
                            ),
                        ),
                        (
                            "state_changed_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                        ),
                        ("note", models.TextField(blank=True)),
                        (
                            "decision",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="conditions",
                                to="certification.decision",
                            ),
                        ),
                        (
                            "settled_by",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["created_at", "pk"],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("state__in", ["open", "met", "dropped"])),
                                name="condition_state_known",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("due__in", ["rollout", "next_version"])),
                                name="condition_due_known",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="SubmitByDate",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("key", models.CharField(max_length=120)),
                        ("lane", models.CharField(max_length=12)),
                        ("kind", models.CharField(max_length=8)),
                        ("name", models.CharField(max_length=120)),
                        ("starts_at", models.DateTimeField()),
                        ("submit_by", models.DateTimeField(null=True)),
                        ("revision", models.PositiveIntegerField(default=0)),
                        (
                            "changed_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                        ),
                    ],
                    options={
                        "ordering": ["starts_at", "key", "lane"],
                        "constraints": [
                            models.UniqueConstraint(fields=("key", "lane"), name="submitbydate_once"),
                            models.CheckConstraint(
                                condition=models.Q(("kind__in", ["freeze", "train"])),
                                name="submitbydate_kind_known",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Notice",
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
                                choices=[("retirement", "Retirement"), ("change", "Breaking change")],
                                max_length=10,
                            ),
                        ),
                        ("text", models.TextField()),
                        ("successor", models.CharField(blank=True, max_length=300)),
                        ("operations", models.JSONField(blank=True, default=list)),
                        ("effective_on", models.DateField()),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("announced", "Announced"),
                                    ("completed", "Completed"),
                                    ("cancelled", "Cancelled"),
                                ],
                                default="announced",
                                max_length=10,
                            ),
                        ),
                        (
                            "state_changed_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                        ),
                        (
                            "announced_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                        ),
                        (
                            "announced_by",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "connector",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="notices",
                                to="connectors.connector",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [
                            models.Index(
                                condition=models.Q(("state", "announced")),
                                fields=["effective_on"],
                                name="notice_due",
                            )
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("state__in", ["announced", "completed", "cancelled"])),
                                name="notice_state_known",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("kind__in", ["retirement", "change"])),
                                name="notice_kind_known",
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("kind", "retirement"), ("state", "announced")),
                                fields=("connector",),
                                name="notice_one_retirement",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="UsageJudgement",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("rule", models.CharField(max_length=20)),
                        ("fingerprint", models.CharField(max_length=64)),
                        ("operations", models.JSONField(default=list)),
                        ("connections", models.PositiveIntegerField()),
                        ("threshold", models.PositiveIntegerField()),
                        ("reason", models.CharField(max_length=400)),
                        (
                            "judged_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                        ),
                        (
                            "submission",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="usage_judgements",
                                to="certification.submission",
                            ),
                        ),
                        (
                            "validation",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="certification.validation",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("submission", "validation", "rule", "fingerprint"),
                                name="usagejudgement_once",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("connections__lt", models.F("threshold"))),
                                name="usagejudgement_below",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Documentation",
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
                        ("body", models.JSONField()),
                        ("body_digest", models.CharField(max_length=64)),
                        ("definition_digest", models.CharField(blank=True, max_length=64)),
                        ("builder", models.PositiveSmallIntegerField()),
                        ("is_current", models.BooleanField(default=False)),
                        (
                            "published_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                        ),
                        ("checked_at", models.DateTimeField(null=True)),
                        (
                            "connector",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="documentation",
                                to="connectors.connector",
                            ),
                        ),
                        (
                            "version",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="documentation",
                                to="connectors.version",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [
                            models.Index(
                                fields=["connector", "-published_at"], name="documentation_of_connector"
                            )
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("is_current", True)),
                                fields=("connector",),
                                name="documentation_one_current",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="RuleTreatment",
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
                        ("rule", models.CharField(max_length=20)),
                        (
                            "treatment",
                            models.CharField(
                                choices=[
                                    ("catalogue", "As catalogued"),
                                    ("error", "Error: blocks the submission"),
                                    ("warning", "Warning: needs a note"),
                                    ("info", "Advice: blocks nothing"),
                                    ("off", "Off: not reported"),
                                ],
                                max_length=10,
                            ),
                        ),
                        ("change_kind", models.CharField(blank=True, default="", max_length=10)),
                        ("publisher_kind", models.CharField(blank=True, default="", max_length=12)),
                        ("reason", models.TextField()),
                        ("starts_at", models.DateTimeField()),
                        ("started_at", models.DateTimeField(null=True)),
                        ("ended_at", models.DateTimeField(null=True)),
                        ("needs_second", models.BooleanField(default=False)),
                        ("decision_reason", models.TextField(blank=True, default="")),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("proposed", "Waiting for a second person"),
                                    ("planned", "Planned"),
                                    ("in_force", "In force"),
                                    ("ended", "Ended"),
                                    ("declined", "Declined"),
                                    ("withdrawn", "Taken back"),
                                ],
                                default="planned",
                                max_length=10,
                            ),
                        ),
                        (
                            "state_changed_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
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
                        "indexes": [
                            models.Index(
                                condition=models.Q(("state", "in_force")),
                                fields=["-started_at"],
                                name="treatment_in_force",
                            ),
                            models.Index(
                                condition=models.Q(("state", "planned")),
                                fields=["starts_at"],
                                name="treatment_due",
                            ),
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    (
                                        "state__in",
                                        ["proposed", "planned", "in_force", "ended", "declined", "withdrawn"],
                                    )
                                ),
                                name="treatment_state_known",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("treatment__in", ["catalogue", "error", "warning", "info", "off"])
                                ),
                                name="treatment_kind_known",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(
                                        ("decided_by__isnull", True),
                                        models.Q(("decided_by", models.F("requested_by")), _negated=True),
                                        _connector="OR",
                                    ),
                                    models.Q(
                                        ("needs_second", False),
                                        models.Q(
                                            ("state__in", ["planned", "in_force", "ended"]), _negated=True
                                        ),
                                        ("decided_by__isnull", False),
                                        _connector="OR",
                                    ),
                                ),
                                name="treatment_of_two_people",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("state__in", ["in_force", "ended"]), _negated=True),
                                    ("started_at__isnull", False),
                                    _connector="OR",
                                ),
                                name="treatment_in_force_has_begun",
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("state__in", ["proposed", "planned"])),
                                fields=("rule", "change_kind", "publisher_kind"),
                                name="treatment_one_to_come",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="MailText",
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
                        ("event", models.CharField(max_length=60)),
                        ("number", models.PositiveIntegerField()),
                        ("subject", models.CharField(blank=True, default="", max_length=150)),
                        ("opening", models.TextField(blank=True, default="")),
                        ("body", models.TextField(blank=True, default="")),
                        ("closing", models.TextField(blank=True, default="")),
                        ("reason", models.TextField(blank=True, default="")),
                        ("failed_at", models.DateTimeField(null=True)),
                        ("failure", models.CharField(blank=True, default="", max_length=200)),
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
                        "ordering": ["event", "-number"],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("event", "number"), name="mailtext_numbered_once"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("number__gte", 1)), name="mailtext_counts_from_one"
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="FamilyMember",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "submission",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="family_member",
                                to="certification.submission",
                            ),
                        ),
                        (
                            "family",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="members",
                                to="certification.submissionfamily",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["pk"],
                    },
                ),
                migrations.CreateModel(
                    name="SubmissionFamily",
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
                        ("title", models.CharField(max_length=120)),
                        ("change_notes", models.TextField(blank=True)),
                        ("submitted_at", models.DateTimeField(null=True)),
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
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="families",
                                to="connectors.publisher",
                            ),
                        ),
                        (
                            "submissions",
                            models.ManyToManyField(
                                related_name="families",
                                through="certification.FamilyMember",
                                to="certification.submission",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [
                            models.Index(fields=["publisher", "-created_at"], name="family_of_publisher")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ImportedConnector",
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
                        ("publisher_name", models.CharField(max_length=80)),
                        ("source", models.CharField(max_length=300)),
                        ("repository", models.URLField(blank=True, max_length=300)),
                        ("claimed_at", models.DateTimeField(null=True)),
                        (
                            "connector",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="imported",
                                to="connectors.connector",
                            ),
                        ),
                        (
                            "imported_by",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                    ],
                    options={
                        "indexes": [
                            models.Index(
                                condition=models.Q(("claimed_at__isnull", True)),
                                fields=["-created_at"],
                                name="imported_unclaimed",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="OwnershipClaim",
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
                        ("note", models.CharField(blank=True, max_length=1000)),
                        ("token", models.CharField(max_length=60)),
                        ("mail_digest", models.CharField(blank=True, max_length=64)),
                        ("mail_sent_at", models.DateTimeField(null=True)),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("open", "Waiting for a proof"),
                                    ("granted", "Granted"),
                                    ("refused", "Refused"),
                                    ("withdrawn", "Withdrawn"),
                                    ("expired", "Expired"),
                                ],
                                default="open",
                                max_length=10,
                            ),
                        ),
                        (
                            "state_changed_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                        ),
                        (
                            "proof",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("dns", "DNS record"),
                                    ("file", "File at the host"),
                                    ("repository", "File in the repository"),
                                    ("mail", "Mail to the contact"),
                                    ("operator", "Decision of an operator"),
                                ],
                                max_length=10,
                            ),
                        ),
                        ("checked_at", models.DateTimeField(null=True)),
                        ("problem", models.CharField(blank=True, max_length=500)),
                        ("reason", models.CharField(blank=True, max_length=1000)),
                        ("expires_at", models.DateTimeField()),
                        (
                            "claimed_by",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "imported",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="claims",
                                to="certification.importedconnector",
                            ),
                        ),
                        (
                            "publisher",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="ownership_claims",
                                to="connectors.publisher",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [
                            models.Index(
                                condition=models.Q(("state", "open")),
                                fields=["expires_at"],
                                name="ownershipclaim_due",
                            ),
                            models.Index(fields=["mail_digest"], name="ownershipclaim_mail"),
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("state__in", ["open", "granted", "refused", "withdrawn", "expired"])
                                ),
                                name="ownershipclaim_state_known",
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("state", "open")),
                                fields=("imported", "publisher"),
                                name="ownershipclaim_one_open",
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("state", "granted")),
                                fields=("imported",),
                                name="ownershipclaim_one_granted",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("state", "granted"), _negated=True),
                                    models.Q(("proof", ""), _negated=True),
                                    _connector="OR",
                                ),
                                name="ownershipclaim_granted_by_proof",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ConnectorTransfer",
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
                        ("note", models.CharField(blank=True, max_length=1000)),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("offered", "Waiting for an answer"),
                                    ("accepted", "Accepted"),
                                    ("declined", "Declined"),
                                    ("withdrawn", "Taken back"),
                                    ("expired", "Expired"),
                                ],
                                default="offered",
                                max_length=10,
                            ),
                        ),
                        (
                            "state_changed_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                        ),
                        ("expires_at", models.DateTimeField()),
                        (
                            "answered_by",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "connector",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="transfers",
                                to="connectors.connector",
                            ),
                        ),
                        (
                            "from_publisher",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="connectors.publisher",
                            ),
                        ),
                        (
                            "offered_by",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "to_publisher",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="connectors.publisher",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [
                            models.Index(
                                condition=models.Q(("state", "offered")),
                                fields=["expires_at"],
                                name="transfer_due",
                            )
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("state__in", ["offered", "accepted", "declined", "withdrawn", "expired"])
                                ),
                                name="transfer_state_known",
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("state", "offered")),
                                fields=("connector",),
                                name="transfer_one_offered",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("from_publisher", models.F("to_publisher")), _negated=True
                                ),
                                name="transfer_between_two",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ReceivedMail",
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
                        ("sender", models.CharField(blank=True, max_length=254)),
                        ("size_bytes", models.PositiveIntegerField()),
                        (
                            "outcome",
                            models.CharField(
                                choices=[
                                    ("comment", "Became a comment"),
                                    ("bounced", "Report: not delivered"),
                                    ("delayed", "Report: delayed"),
                                    ("automatic", "Automatic, left alone"),
                                    ("stranger", "From another address"),
                                    ("expired", "Address too old"),
                                    ("closed", "Conversation closed"),
                                    ("forbidden", "Writer may not comment"),
                                    ("attached", "Had attachments"),
                                    ("unusable", "No words to take over"),
                                ],
                                max_length=10,
                            ),
                        ),
                        ("detail", models.CharField(blank=True, max_length=300)),
                        ("dedupe_key", models.CharField(max_length=64, unique=True)),
                        (
                            "received_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                        ),
                        (
                            "comment",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to="certification.comment",
                            ),
                        ),
                        (
                            "notification",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="received",
                                to="certification.notification",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [models.Index(fields=["-received_at"], name="receivedmail_newest")],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    (
                                        "outcome__in",
                                        [
                                            "comment",
                                            "bounced",
                                            "delayed",
                                            "automatic",
                                            "stranger",
                                            "expired",
                                            "closed",
                                            "forbidden",
                                            "attached",
                                            "unusable",
                                        ],
                                    )
                                ),
                                name="receivedmail_outcome_known",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="WebhookEndpoint",
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
                        ("url", models.URLField(max_length=500)),
                        ("description", models.CharField(blank=True, max_length=120)),
                        (
                            "format",
                            models.CharField(
                                choices=[
                                    ("standard", "Standard Webhooks"),
                                    ("slack", "Slack"),
                                    ("teams", "Microsoft Teams"),
                                ],
                                default="standard",
                                max_length=10,
                            ),
                        ),
                        (
                            "event_types",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.CharField(max_length=100),
                                blank=True,
                                default=list,
                                size=None,
                            ),
                        ),
                        ("secrets", portal.shared.secrets.EncryptedJSONField()),
                        ("previous_until", models.DateTimeField(null=True)),
                        ("is_active", models.BooleanField(default=True)),
                        ("disabled_at", models.DateTimeField(null=True)),
                        ("disabled_because", models.CharField(blank=True, max_length=300)),
                        ("cursor", models.BigIntegerField(default=0)),
                        ("busy_until", models.DateTimeField(null=True)),
                        ("failing_since", models.DateTimeField(null=True)),
                        ("last_success_at", models.DateTimeField(null=True)),
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
                            "publisher",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="webhook_endpoints",
                                to="connectors.publisher",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["created_at"],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("format__in", ["standard", "slack", "teams"])),
                                name="webhookendpoint_format_known",
                            ),
                            models.UniqueConstraint(fields=("publisher", "url"), name="webhookendpoint_once"),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="WebhookDelivery",
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
                        ("sequence", models.BigIntegerField(null=True)),
                        ("event_type", models.CharField(max_length=100)),
                        ("body", models.TextField()),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("waiting", "Waiting"),
                                    ("delivered", "Delivered"),
                                    ("failed", "Failed"),
                                    ("cancelled", "Cancelled"),
                                ],
                                default="waiting",
                                max_length=10,
                            ),
                        ),
                        ("attempts", models.JSONField(default=list)),
                        ("tries_left", models.PositiveSmallIntegerField(default=10)),
                        (
                            "next_attempt_at",
                            models.DateTimeField(
                                db_default=django.db.models.functions.datetime.Now(), null=True
                            ),
                        ),
                        ("answer", models.CharField(blank=True, max_length=1000)),
                        ("finished_at", models.DateTimeField(null=True)),
                        (
                            "endpoint",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="deliveries",
                                to="certification.webhookendpoint",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["-created_at"],
                        "indexes": [
                            models.Index(fields=["endpoint", "-created_at"], name="webhookdelivery_newest"),
                            models.Index(fields=["created_at"], name="webhookdelivery_age"),
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("state__in", ["waiting", "delivered", "failed", "cancelled"])
                                ),
                                name="webhookdelivery_state_known",
                            ),
                            models.UniqueConstraint(
                                fields=("endpoint", "sequence"), name="webhookdelivery_once"
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Certificate",
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
                                choices=[("approval", "Approval"), ("final", "Live everywhere")], max_length=8
                            ),
                        ),
                        ("envelope", models.JSONField()),
                        ("key_id", models.CharField(max_length=64)),
                        (
                            "issued_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                        ),
                        (
                            "submission",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="certificates",
                                to="certification.submission",
                            ),
                        ),
                        (
                            "version",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="connectors.version",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["issued_at"],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("kind__in", ["approval", "final"])),
                                name="certificate_kind_known",
                            ),
                            models.UniqueConstraint(
                                fields=("submission", "version", "kind"), name="certificate_once"
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="RetentionRun",
                    fields=[
                        ("rule", models.CharField(max_length=40, primary_key=True, serialize=False)),
                        (
                            "ran_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                        ),
                        ("deleted", models.PositiveBigIntegerField(default=0)),
                        ("deleted_in_all", models.PositiveBigIntegerField(default=0)),
                    ],
                ),
            ]
        ),
        migrations.RunSQL(_guards.DECISION),
        migrations.RunSQL(_guards.INTENT),
        migrations.RunSQL(_guards.REFERENCE),
        migrations.RunSQL(_guards.FORECASTS),
    ]
