import uuid

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("certification", "0003_validation_baseline"),
        ("connectors", "0002_guards"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="preview",
            name="untested",
            field=models.JSONField(default=list),
        ),
        migrations.AddField(
            model_name="testcredential",
            name="connection",
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.AddField(
            model_name="testcredential",
            name="test_inputs",
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.AddField(
            model_name="testcredential",
            name="test_operation",
            field=models.CharField(blank=True, max_length=200),
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
                        choices=[("region", "Through the region"), ("backend", "Against the service itself")],
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
                    models.Index(fields=["deployment", "operation_id", "at"], name="smokerun_of_deployment")
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
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
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
                        choices=[("console", "Console"), ("api", "Reported by a program")], max_length=8
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
            ],
            options={
                "ordering": ["-created_at"],
                "indexes": [
                    models.Index(
                        fields=["submission", "operation_id", "-created_at"], name="testrun_of_operation"
                    ),
                    models.Index(fields=["preview", "operation_id"], name="testrun_of_preview"),
                    models.Index(fields=["user", "-created_at"], name="testrun_of_user"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("source__in", ["console", "api"])), name="testrun_source_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("path__in", ["success", "error"])), name="testrun_path_known"
                    ),
                ],
            },
        ),
    ]
