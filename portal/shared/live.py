"""Fragments that ask for themselves again and again: answered with nothing while nothing has changed.

A fragment carries the stamp of what it shows: `hx-headers='{"X-Seen": "…"}'`. The figures are in
docs/decisions/0006-live-updates.md.
"""

from __future__ import annotations

import time
from typing import Any

from django.db import models
from django.db.models import Count, Sum
from django.http import HttpRequest, HttpResponse

from portal.shared import audit
from portal.shared.models import AuditRecord

_RECENT = 100
_OLDEST_SECONDS = 300


def stamp_of_everything() -> str:
    """Changes with every deed anywhere; one short query."""
    # A sum, since a record with a smaller id may be committed after one with a greater id was seen.
    return _stamp(AuditRecord.objects.order_by("-id")[:_RECENT])


def stamp_of(obj: models.Model) -> str:
    """Changes with every deed about `obj`; one query."""
    return _stamp(audit.history(obj))


def _stamp(records: models.QuerySet[Any]) -> str:
    found = records.aggregate(number=Count("id"), total=Sum("id"))
    # What only the clock changes, such as being overdue, shows within minutes.
    return f"{found['number']}-{found['total'] or 0}-{int(time.time()) // _OLDEST_SECONDS}"


def unchanged(request: HttpRequest, stamp: str) -> HttpResponse | None:
    """The empty answer for a reader who has seen `stamp`; None when there is something to render."""
    if request.headers.get("X-Seen") != stamp:
        return None
    return HttpResponse(status=204, headers={"Cache-Control": "no-store"})
