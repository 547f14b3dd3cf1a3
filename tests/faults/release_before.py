"""Makes this process one of the release before: it knows neither the columns nor the handlers that came since.

What that release was is read from its migrations: the columns of each table at `FIRST_RELEASE`. What newer code
writes into newer columns is replaced by what stood there before. Imported before anything else of the portal.
"""

from __future__ import annotations

import json
import sys

import django

django.setup()

from django.apps import apps  # noqa: E402
from django.db.migrations.loader import MigrationLoader  # noqa: E402
from django.db.models import Q  # noqa: E402
from structlog.contextvars import get_contextvars  # noqa: E402

from certification import tasks  # noqa: E402
from certification.messages import KINDS  # noqa: E402
from certification.services import catch_ups, planning, plans  # noqa: E402
from portal.shared import audit, outbox  # noqa: E402
from portal.shared.audit_chain import GENESIS, chain_hash  # noqa: E402
from portal.shared.models import AuditRecord, AuditSeal  # noqa: E402
from tests.architecture.test_migrations import FIRST_RELEASE  # noqa: E402

NEWER_HANDLERS = (
    "answer_pull_request", "carry_out_erasure", "check_pull_request", "look_at_pull_requests", "start_erasures",
    "submit_commit", "tag_certificate",
)  # fmt: skip
NEWER_EVENTS = ("erasure.",)


def targets() -> list[tuple[str, str]]:
    """The newest migration of each app in that release."""
    known = MigrationLoader(None, ignore_no_migrations=True).disk_migrations
    return [
        (app, name) for app, name in known if app in FIRST_RELEASE and int(name[:4]) == FIRST_RELEASE[app]
    ]


def forget_columns() -> int:
    """Take from the models what their tables did not have; returns how many columns."""
    state = MigrationLoader(None, ignore_no_migrations=True).project_state(targets())
    forgotten = 0
    for (app, name), then in state.models.items():
        if app not in FIRST_RELEASE:
            continue
        model = apps.get_model(app, name)
        for column in [each for each in model._meta.local_fields if each.name not in then.fields]:
            model._meta.local_fields.remove(column)
            setattr(model, column.attname, None)
            forgotten += 1
        model._meta._expire_cache()
    return forgotten


def record(action, obj, *, actor, reason="", about=(), data=None):
    """An audit record as it was written before there were commitments."""
    keys = dict.fromkeys([audit.key_of(obj), *(audit.key_of(other) for other in about)])
    return AuditRecord.objects.create(
        actor_id=actor.pk, action=action, object_key=audit.key_of(obj), about=list(keys), reason=reason,
        data=dict(data or {}), request_id=str(get_contextvars().get("request_id", "")),
    )  # fmt: skip


def _hash(record: AuditRecord, sequence: int, previous: str) -> str:
    body = {
        "sequence": sequence, "id": record.pk, "at": record.at.isoformat(),
        "actor": str(record.actor_id) if record.actor_id else None, "action": record.action,
        "object": record.object_key, "about": record.about, "reason": record.reason, "data": record.data,
        "request_id": record.request_id,
    }  # fmt: skip
    return chain_hash(json.loads(json.dumps(body)), previous)


def seal(*, limit: int = 5_000, everything: bool = False) -> int:
    """Sealed with the words themselves, also what a newer worker wrote."""
    with audit.transaction.atomic(), audit.connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [audit._SEAL_LOCK])
        if not cursor.fetchone()[0]:
            return 0
        head = AuditSeal.objects.order_by("-sequence").first()
        sequence, previous = (head.sequence, head.hash) if head else (0, GENESIS)
        found = list(AuditRecord.objects.filter(seal=None).order_by("id")[:limit])
        for one in found:
            sequence += 1
            value = _hash(one, sequence, previous)
            AuditSeal.objects.create(sequence=sequence, record=one, previous_hash=previous, hash=value)
            previous = value
        return len(found)


FORGOTTEN = forget_columns()
audit.record = record
audit.seal = seal
# Their table and their waves came later.
catch_ups.advance_due = lambda: 0
planning.TAKEN_BACK = Q(pk__in=[])
# A region was before the sign-off or not by one flag alone.
plans._mark_preview_stage = lambda: None
for _module in [each for each in sys.modules.values() if hasattr(each, "in_production")]:
    _module.in_production = lambda path="": Q(**{f"{path}is_preview": False})
for _name in NEWER_HANDLERS:
    delattr(tasks, _name)
for _event in [each for each in KINDS if each.startswith(NEWER_EVENTS)]:
    del KINDS[_event]
outbox._LEFT_SECONDS = 1.0
