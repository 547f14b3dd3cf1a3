"""The time that rollouts go by: the database's, which a trial may shorten."""

from __future__ import annotations

import datetime as dt

from django.conf import settings

from portal.shared.clock import database_now

__all__ = ["database_now", "due_from", "trial_scale"]


def due_from(planned_at: dt.datetime, now: dt.datetime) -> dt.datetime:
    """When a planned instant is due: the instant itself, or earlier under a trial clock that shortens
    waits.
    """
    return planned_at if planned_at <= now else now + (planned_at - now) / trial_scale()


def trial_scale() -> float:
    """By how much a trial clock shortens waits; 1 without one."""
    return max(settings.TRIAL_CLOCK_SCALE, 1.0)
