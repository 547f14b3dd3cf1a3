"""Backends report by themselves that they are alive; a scope for programs that do nothing else."""

import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("connectors", "0020_connector_hours"),
    ]

    operations = [
        migrations.AlterField(
            model_name="healthalert",
            name="kind",
            field=models.CharField(
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
                    ("heartbeat", "Heartbeat"),
                    ("dormant", "Nobody calls it"),
                    ("docs", "Documentation is not what runs"),
                ],
                max_length=12,
            ),
        ),
        migrations.AlterField(
            model_name="trustedpublisher",
            name="scopes",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(
                    choices=[
                        ("read", "Read everything you may see"),
                        ("connectors:write", "Register connectors and upload packages"),
                        ("submissions:write", "Create, submit and withdraw submissions"),
                        ("reviews:write", "Claim, comment and decide"),
                        ("rollouts:write", "Sign off, stop, hold, resume and roll back"),
                        ("health:write", "Look after health alerts and close them"),
                        ("heartbeats:write", "Report that a backend is alive"),
                        ("team:write", "Invite people and change roles"),
                        ("validate", "Check definitions with paconn"),
                        ("validate:strict", "Check definitions with paconn; errors fail the command"),
                        ("admin:write", "Change plans, freezes and regions"),
                    ],
                    max_length=40,
                ),
                default=list,
                size=None,
            ),
        ),
        migrations.CreateModel(
            name="Heartbeat",
            fields=[
                (
                    "connector",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="heartbeat",
                        serialize=False,
                        to="connectors.connector",
                    ),
                ),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "period_minutes",
                    models.PositiveIntegerField(
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(44640),
                        ]
                    ),
                ),
                (
                    "grace_minutes",
                    models.PositiveIntegerField(
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(44640),
                        ]
                    ),
                ),
                ("missing_at", models.DateTimeField()),
                ("heard_at", models.DateTimeField(null=True)),
                ("is_failing", models.BooleanField(db_default=False, default=False)),
                ("message", models.CharField(blank=True, db_default="", max_length=300)),
            ],
            options={
                "indexes": [models.Index(fields=["missing_at"], name="heartbeat_missing")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("period_minutes__gte", 1),
                            ("period_minutes__lte", 44640),
                            ("grace_minutes__gte", 1),
                            ("grace_minutes__lte", 44640),
                        ),
                        name="heartbeat_minutes_sane",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="HeartbeatWatch",
            fields=[
                ("id", models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                ("checked_at", models.DateTimeField()),
                ("is_held", models.BooleanField(default=False)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("id", 1)), name="heartbeatwatch_one_row")
                ],
            },
        ),
        migrations.CreateModel(
            name="Beat",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField()),
                ("is_failing", models.BooleanField(default=False)),
                ("message", models.CharField(blank=True, max_length=300)),
                (
                    "connector",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="beats",
                        to="connectors.connector",
                    ),
                ),
            ],
            options={
                "ordering": ["-at", "-pk"],
                "indexes": [models.Index(fields=["connector", "-at", "-id"], name="beat_of_connector")],
            },
        ),
    ]
