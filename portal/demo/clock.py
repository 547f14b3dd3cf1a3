"""Another time for one process and its database session, so that a history can be told in its own time.

Services ask two clocks: Django's, and the database's (`statement_timestamp()`, `now()`, column defaults).
Both follow `set()`. The database's functions are shadowed through this session's search path by a schema that
lives only inside the caller's transaction, and column defaults are written out instead of being left to the
table.
Nobody else's clock changes, and nothing remains when the transaction ends.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from django.db import connection
from django.utils import timezone

_SCHEMA = "demo_clock"
_FUNCTIONS = ("statement_timestamp", "now", "clock_timestamp", "transaction_timestamp")


class Clock:
    """The told time. It runs on from where it was set, so that no two rows share a moment."""

    def __init__(self) -> None:
        self._moment = dt.datetime.now(dt.UTC)
        self._since = time.monotonic()

    def now(self) -> dt.datetime:
        return self._moment + dt.timedelta(seconds=time.monotonic() - self._since)

    def set(self, moment: dt.datetime) -> None:
        """Go forward to `moment`; an earlier one leaves the clock as it is, because history has an order."""
        moment = max(moment, self.now())
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT set_config('demo.moment', %s, false), "
                "set_config('demo.since', pg_catalog.clock_timestamp()::text, false)",
                [moment.isoformat()],
            )
        self._moment, self._since = moment, time.monotonic()

    def start_at(self, moment: dt.datetime) -> None:
        """Where the story begins: the only time the clock goes back."""
        self._moment, self._since = moment, time.monotonic()
        self.set(moment)


@contextmanager
def replaced(owner: Any, name: str, value: Any) -> Iterator[None]:
    """Let `owner.name` be `value` inside the block."""
    before = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, before)


@contextmanager
def told_time(begins_at: dt.datetime) -> Iterator[Clock]:
    """Both clocks follow the one that is yielded. Must be inside a transaction."""
    if not connection.in_atomic_block:
        raise RuntimeError("the told time lives in a transaction")
    clock = Clock()
    features = connection.features
    with ExitStack() as stack, connection.cursor() as cursor:
        cursor.execute(f"CREATE SCHEMA {_SCHEMA}")
        for name in _FUNCTIONS:
            cursor.execute(
                f"CREATE FUNCTION {_SCHEMA}.{name}() RETURNS timestamptz LANGUAGE sql STABLE AS $$ "
                "SELECT current_setting('demo.moment')::timestamptz + (pg_catalog.clock_timestamp() - "
                "current_setting('demo.since')::timestamptz) $$"
            )
        clock.start_at(begins_at)
        cursor.execute(f"SET search_path TO {_SCHEMA}, public, pg_catalog")
        stack.enter_context(replaced(timezone, "now", clock.now))
        stack.enter_context(replaced(features, "supports_default_keyword_in_insert", False))
        stack.enter_context(replaced(features, "supports_default_keyword_in_bulk_insert", False))
        yield clock
        cursor.execute("SET search_path TO DEFAULT")
        cursor.execute(f"DROP SCHEMA {_SCHEMA} CASCADE")
