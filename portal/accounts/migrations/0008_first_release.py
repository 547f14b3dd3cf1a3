import uuid

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models

import portal.accounts.models
from portal.shared.migration_operations import CreateModels


class Migration(migrations.Migration):
    """People, tokens and preferences, as the first release has them. Databases from before it count the 8 steps as done."""

    replaces = [
        ("accounts", "0001_initial"),
        ("accounts", "0002_token_scopes_for_paconn"),
        ("accounts", "0003_calendar_feed"),
        ("accounts", "0004_health_scope"),
        ("accounts", "0005_language"),
        ("accounts", "0006_device_sign_in"),
        ("accounts", "0007_tokens_of_builds"),
        ("accounts", "0008_sandbox_tokens"),
    ]
    initial = True

    dependencies = []

    operations = [
        CreateModels(
            [
                migrations.CreateModel(
                    name="User",
                    fields=[
                        ("password", models.CharField(max_length=128, verbose_name="password")),
                        (
                            "last_login",
                            models.DateTimeField(blank=True, null=True, verbose_name="last login"),
                        ),
                        (
                            "id",
                            models.UUIDField(
                                default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("email", models.EmailField(max_length=254, unique=True)),
                        ("display_name", models.CharField(blank=True, max_length=80)),
                        (
                            "time_zone",
                            models.CharField(
                                default="UTC",
                                max_length=60,
                                validators=[portal.accounts.models.check_time_zone],
                            ),
                        ),
                        (
                            "staff_role",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("", "None"),
                                    ("reviewer", "Reviewer"),
                                    ("operator", "Operator"),
                                    ("administrator", "Administrator"),
                                ],
                                default="",
                                max_length=20,
                            ),
                        ),
                        ("is_active", models.BooleanField(default=True)),
                        ("away_until", models.DateField(blank=True, null=True)),
                        (
                            "created_at",
                            models.DateTimeField(
                                db_default=django.db.models.functions.datetime.Now(), editable=False
                            ),
                        ),
                        ("language", models.CharField(blank=True, default="", max_length=10)),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                django.db.models.functions.text.Lower("email"), name="user_email_once"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("staff_role__in", ["", "reviewer", "operator", "administrator"])
                                ),
                                name="user_staff_role_known",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ApiToken",
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
                        ("prefix", models.CharField(max_length=12)),
                        ("digest", models.CharField(max_length=64, unique=True)),
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
                        ("publisher_id", models.UUIDField(blank=True, null=True)),
                        ("expires_at", models.DateTimeField()),
                        ("last_used_at", models.DateTimeField(null=True)),
                        ("revoked_at", models.DateTimeField(null=True)),
                        (
                            "user",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="api_tokens",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        ("connector_id", models.UUIDField(blank=True, null=True)),
                        ("trusted_publisher_id", models.UUIDField(blank=True, null=True)),
                        ("is_sandbox", models.BooleanField(db_default=False, default=False)),
                    ],
                    options={
                        "indexes": [
                            models.Index(fields=["user", "-created_at"], name="apitoken_owner"),
                            models.Index(
                                condition=models.Q(("trusted_publisher_id__isnull", False)),
                                fields=["trusted_publisher_id"],
                                name="apitoken_trusted",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="NotificationPreference",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("group", models.CharField(max_length=40)),
                        (
                            "delivery",
                            models.CharField(
                                choices=[
                                    ("immediate", "At once"),
                                    ("digest", "Once a day"),
                                    ("none", "In the portal only"),
                                ],
                                max_length=10,
                            ),
                        ),
                        (
                            "user",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="notification_preferences",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(fields=("user", "group"), name="preference_once")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="CalendarFeed",
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
                        ("digest", models.CharField(max_length=64, unique=True)),
                        ("made_at", models.DateTimeField()),
                        ("last_read_at", models.DateTimeField(null=True)),
                        (
                            "user",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="calendar_feed",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                    ],
                    options={
                        "abstract": False,
                    },
                ),
                migrations.CreateModel(
                    name="DeviceSignIn",
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
                        ("device_digest", models.CharField(max_length=64, unique=True)),
                        ("user_digest", models.CharField(max_length=64, unique=True)),
                        ("name", models.CharField(max_length=80)),
                        ("asked_from", models.GenericIPAddressField(null=True)),
                        (
                            "asked_scopes",
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
                        ("publisher_id", models.UUIDField(null=True)),
                        ("days", models.PositiveSmallIntegerField(default=0)),
                        ("expires_at", models.DateTimeField()),
                        ("agreed_at", models.DateTimeField(null=True)),
                        ("refused_at", models.DateTimeField(null=True)),
                        ("fetched_at", models.DateTimeField(null=True)),
                        ("polled_at", models.DateTimeField(null=True)),
                        (
                            "user",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="device_sign_ins",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                    ],
                    options={
                        "indexes": [models.Index(fields=["expires_at"], name="devicesignin_over")],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("agreed_at", None), ("refused_at", None), _connector="OR"
                                ),
                                name="devicesignin_one_answer",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("agreed_at", None),
                                    models.Q(("user__isnull", False), ("days__gt", 0)),
                                    _connector="OR",
                                ),
                                name="devicesignin_agreed_by_somebody",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("fetched_at", None), ("agreed_at__isnull", False), _connector="OR"
                                ),
                                name="devicesignin_fetched_if_agreed",
                            ),
                        ],
                    },
                ),
            ]
        ),
    ]
