"""The time that leases, due times and calendars go by: the database's."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.db import connection


def database_now() -> dt.datetime:
    """The database's wall clock at this statement, aware."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement_timestamp()")
        moment: dt.datetime = cursor.fetchone()[0]
    return moment


def due_from(planned_at: dt.datetime, now: dt.datetime) -> dt.datetime:
    """When a planned instant is due: the instant itself, or earlier under a trial clock that shortens
    waits.
    """
    return planned_at if planned_at <= now else now + (planned_at - now) / trial_scale()


def trial_scale() -> float:
    """By how much a trial clock shortens waits; 1 without one."""
    return max(settings.TRIAL_CLOCK_SCALE, 1.0)
