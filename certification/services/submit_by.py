"""Writes the submit-by dates down, so that calendars can follow them when they move."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import transaction

from certification.models import SubmitByDate
from certification.queries.submit_by import submit_by
from certification.services.clock import database_now

KEPT = dt.timedelta(days=60)


def keep_dates() -> int:
    """One tick; returns how many dates moved, came or went. Twice in a row changes nothing."""
    now = database_now()
    wanted = {
        (each.key, lane.lane): {
            "kind": each.kind,
            "name": each.name,
            "starts_at": each.starts_at,
            "submit_by": lane.submit_by,
        }
        for each in submit_by(now=now)
        for lane in each.lanes
        if lane.carried
    }
    with transaction.atomic():
        SubmitByDate.objects.filter(starts_at__lt=now - KEPT).delete()
        rows = {
            (row.key, row.lane): row
            for row in SubmitByDate.objects.select_for_update().filter(starts_at__gt=now)
        }
        changed = [
            *(_moved(row, values, now) for key, values in wanted.items() if (row := rows.get(key))),
            # What is not looked at any more and lies ahead was taken back.
            *(_moved(row, {"submit_by": None}, now) for key, row in rows.items() if key not in wanted),
        ]
        moved = [row for row in changed if row is not None]
        fields = ["kind", "name", "starts_at", "submit_by", "revision", "changed_at"]
        SubmitByDate.objects.bulk_update(moved, fields)
        new = [
            SubmitByDate(key=key, lane=lane, changed_at=now, **values)
            for (key, lane), values in wanted.items()
            if (key, lane) not in rows
        ]
        SubmitByDate.objects.bulk_create(new, ignore_conflicts=True)
    return len(moved) + len(new)


def _moved(row: SubmitByDate, values: dict[str, Any], now: dt.datetime) -> SubmitByDate | None:
    """The row with new values; None when they are the old ones."""
    if all(getattr(row, name) == value for name, value in values.items()):
        return None
    for name, value in values.items():
        setattr(row, name, value)
    row.revision, row.changed_at = row.revision + 1, now
    return row
