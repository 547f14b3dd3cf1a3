"""One job at a time for a row: its `busy_until` is a lease, so that a killed worker holds nothing for ever.

No transaction is open meanwhile, so what is done under a lease may call the outside.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db.models import Q, QuerySet

from portal.shared import outbox
from portal.shared.clock import database_now


@contextmanager
def leased(
    rows: QuerySet[Any], *, lasting: dt.timedelta, retry_seconds: float, **noted: Any
) -> Iterator[None]:
    """Hold the one row of `rows` for the block, at most for `lasting`; `noted` is written as it is taken.

    Raises `outbox.Retry` while another job holds it.
    """
    now = database_now()
    until = now + lasting
    free = Q(busy_until=None) | Q(busy_until__lt=now)
    if not rows.filter(free).update(busy_until=until, **noted):
        raise outbox.Retry(retry_seconds)
    try:
        yield
    finally:
        # Whoever was slower than the lease must not end that of the next holder.
        rows.filter(busy_until=until).update(busy_until=None)
