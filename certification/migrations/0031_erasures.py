import uuid

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

# Texts that nothing but an erasure may change, and it changes no other column.
_TEXTS = (
    ("decision_append_only", "certification_decision", "UPDATE OR DELETE", "'reasons'"),
    ("revision_append_only", "certification_revision", "UPDATE", "'change_notes', 'form'"),
    ("datechange_append_only", "certification_datechange", "UPDATE", "'cause', 'reason'"),
    ("forecast_append_only", "certification_forecastsnapshot", "UPDATE", "'cause', 'reason'"),
)


def _guard(name: str, table: str, when: str, function: str) -> str:
    return (
        f"CREATE OR REPLACE TRIGGER {name} BEFORE {when} ON {table} FOR EACH ROW EXECUTE FUNCTION {function};"
    )


class Migration(migrations.Migration):
    """Erasures of people."""

    dependencies = [
        ("accounts", "0009_erased"),
        ("certification", "0030_first_release"),
        ("shared", "0004_erasable_audit"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.CreateModel(
            name="Erasure",
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
                ("reason", models.TextField(blank=True)),
                ("words", models.JSONField(null=True)),
                ("report", models.JSONField(default=dict)),
                ("due_at", models.DateTimeField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Can still be taken back"),
                            ("running", "Under way"),
                            ("done", "Done"),
                            ("withdrawn", "Taken back"),
                        ],
                        default="waiting",
                        max_length=10,
                    ),
                ),
                (
                    "state_changed_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="erasures",
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
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["waiting", "running", "done", "withdrawn"])),
                        name="erasure_state_known",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("state__in", ["waiting", "running"])),
                        fields=("person",),
                        name="erasure_one_open",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state__in", ["done", "withdrawn"]), _negated=True),
                            ("words__isnull", True),
                            _connector="OR",
                        ),
                        name="erasure_words_go_at_the_end",
                    ),
                ],
            },
        ),
        migrations.RunSQL(
            [
                _guard(name, table, when, f"shared_refuse_all_but_erasure({texts})")
                for name, table, when, texts in _TEXTS
            ],
            [_guard(name, table, when, "shared_refuse_change()") for name, table, when, _texts in _TEXTS],
        ),
    ]
