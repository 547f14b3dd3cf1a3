"""Taking words out of the audit trail: the records stay, the chain verifies and says what is missing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.db import models, transaction

from portal.shared import audit
from portal.shared.actors import Actor
from portal.shared.audit_chain import ERASING, parts_of
from portal.shared.models import AuditRecord

Change = Callable[[Any], Any]
"""A part of a record -> the same without the words that have to go."""


def erase(records: Sequence[AuditRecord], change: Change, *, obj: models.Model, actor: Actor) -> int:
    """Take from these records what `change` takes away; returns how many lost something.

    One more record about `obj` tells which parts of which record are gone. Bears being run twice: what is
    gone is not found again.
    """
    with transaction.atomic():
        locked = AuditRecord.objects.select_for_update(of=("self",)).filter(
            pk__in=[each.pk for each in records]
        )
        told = {}
        for record in locked.order_by("id"):
            if parts := _erase_from(record, change):
                told[str(record.pk)] = parts
        if told:
            audit.record(ERASING, obj, actor=actor, data={"records": told})
    return len(told)


def _erase_from(record: AuditRecord, change: Change) -> list[str]:
    parts = parts_of(record.reason, record.data)
    changed = {name: new for name, old in parts.items() if (new := change(old)) != old}
    if not changed:
        return []
    written: dict[str, Any] = {"erased": sorted({*(record.erased or ()), *changed})}
    if "reason" in changed:
        written["reason"] = changed["reason"]
    if any(name != "reason" for name in changed):
        written["data"] = _with(record.data, changed)
    if record.salts is not None:
        # With its salt a short text could be found again by trying.
        written["salts"] = {name: salt for name, salt in record.salts.items() if name not in changed}
    AuditRecord.objects.filter(pk=record.pk).update(**written)
    return sorted(changed)


def _with(data: Mapping[str, Any], changed: Mapping[str, Any]) -> dict[str, Any]:
    return {name: changed.get(f"data.{name}", value) for name, value in data.items()}
