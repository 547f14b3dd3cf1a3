import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.contrib.postgres.operations import TrigramExtension
from django.db import migrations, models

from portal.shared.migration_operations import CreateModels
from portal.shared.migrations import _guards


class Migration(migrations.Migration):
    """The audit trail and the outbox, as the first release has them. Databases from before it count the 3 steps as done."""

    replaces = [("shared", "0001_initial"), ("shared", "0002_guards"), ("shared", "0003_audit_by_action")]
    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        TrigramExtension(),
        CreateModels(
            [
                migrations.CreateModel(
                    name="AuditRecord",
                    fields=[
                        ("id", models.BigAutoField(primary_key=True, serialize=False)),
                        ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                        ("action", models.CharField(max_length=100)),
                        ("object_key", models.CharField(max_length=120)),
                        (
                            "about",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.CharField(max_length=120), default=list, size=None
                            ),
                        ),
                        ("reason", models.TextField(blank=True, default="")),
                        ("data", models.JSONField(default=dict)),
                        ("request_id", models.CharField(blank=True, default="", max_length=64)),
                        (
                            "actor",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="audit_records",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                    ],
                    options={
                        "indexes": [
                            django.contrib.postgres.indexes.GinIndex(
                                fields=["about"], name="auditrecord_about"
                            ),
                            models.Index(fields=["-at"], name="auditrecord_at"),
                            models.Index(fields=["actor", "-at"], name="auditrecord_actor"),
                            models.Index(fields=["action", "-id"], name="auditrecord_action"),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="AuditSeal",
                    fields=[
                        ("sequence", models.BigIntegerField(primary_key=True, serialize=False)),
                        ("previous_hash", models.CharField(max_length=64)),
                        ("hash", models.CharField(max_length=64)),
                        (
                            "sealed_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                        ),
                        (
                            "record",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="seal",
                                to="shared.auditrecord",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("sequence__gt", 0)), name="auditseal_sequence_positive"
                            ),
                            models.UniqueConstraint(
                                models.F("previous_hash"), name="auditseal_one_successor"
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="IdempotencyRecord",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("key", models.CharField(max_length=128)),
                        ("fingerprint", models.CharField(max_length=64)),
                        ("status", models.PositiveSmallIntegerField(null=True)),
                        ("body", models.JSONField(null=True)),
                        (
                            "created_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                        ),
                        (
                            "caller",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE, to=settings.AUTH_USER_MODEL
                            ),
                        ),
                    ],
                    options={
                        "indexes": [models.Index(fields=["created_at"], name="idempotency_age")],
                        "constraints": [
                            models.UniqueConstraint(fields=("caller", "key"), name="idempotency_once")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="OutboxJob",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("topic", models.CharField(max_length=100)),
                        ("handler", models.CharField(max_length=200)),
                        ("queue", models.CharField(max_length=40)),
                        ("payload", models.JSONField(default=dict)),
                        ("dedupe_key", models.CharField(max_length=300, null=True, unique=True)),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("due", "Due"),
                                    ("running", "Running"),
                                    ("done", "Done"),
                                    ("parked", "Parked"),
                                ],
                                default="due",
                                max_length=10,
                            ),
                        ),
                        (
                            "due_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                        ),
                        ("lease_until", models.DateTimeField(null=True)),
                        ("fence", models.PositiveIntegerField(default=0)),
                        ("attempts", models.PositiveIntegerField(default=0)),
                        ("max_attempts", models.PositiveIntegerField(default=12)),
                        ("last_error", models.TextField(blank=True, default="")),
                        ("request_id", models.CharField(blank=True, default="", max_length=64)),
                        (
                            "created_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                        ),
                        ("finished_at", models.DateTimeField(null=True)),
                    ],
                    options={
                        "indexes": [
                            models.Index(
                                condition=models.Q(("state", "due")),
                                fields=["queue", "due_at"],
                                name="outboxjob_due",
                            ),
                            models.Index(
                                condition=models.Q(("state", "running")),
                                fields=["lease_until"],
                                name="outboxjob_leased",
                            ),
                            models.Index(
                                condition=models.Q(("state", "done")),
                                fields=["finished_at"],
                                name="outboxjob_done",
                            ),
                            models.Index(
                                condition=models.Q(("state", "parked")),
                                fields=["-created_at"],
                                name="outboxjob_parked",
                            ),
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("state__in", ["due", "running", "done", "parked"])),
                                name="outboxjob_state_known",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("state", "running"), _negated=True),
                                    ("lease_until__isnull", False),
                                    _connector="OR",
                                ),
                                name="outboxjob_running_has_lease",
                            ),
                        ],
                    },
                ),
            ]
        ),
        migrations.RunSQL(_guards.APPEND_ONLY),
    ]
