"""All live connectors together, hour by hour: how much was called, what succeeded, which alerts were open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q, Sum
from django.utils import timezone

from connectors.figures import Figures
from connectors.lifecycle import OPEN_ALERT_STATES
from connectors.models import HealthAlert, HealthConnectorHour

STEP = timedelta(hours=1)
SPAN = timedelta(hours=48)


@dataclass(frozen=True, slots=True)
class Hour:
    """What was counted in the hour from `at`; `alerts` were open at some time of it."""

    at: datetime
    figures: Figures
    alerts: int

    @property
    def percent(self) -> float | None:
        """The success rate; None where nobody called, or nobody reported."""
        rate = self.figures.success_rate
        return None if rate is None else round(100 * rate, 3)


@dataclass(frozen=True, slots=True)
class Course:
    hours: Sequence[Hour]

    @property
    def has_data(self) -> bool:
        return any(hour.figures.requests or hour.alerts for hour in self.hours)

    @property
    def success_floor(self) -> int:
        """Where the axis of the success rate begins, so that small differences show and large ones fit."""
        lowest = min((hour.percent for hour in self.hours if hour.percent is not None), default=0)
        return max((floor for floor in (0, 50, 80, 90, 95, 98, 99) if floor < lowest), default=0)


def course(*, now: datetime | None = None) -> Course:
    """The last 48 hours of every connector that is live, Preview left out. Two queries."""
    now = now or timezone.now()
    until = now.replace(minute=0, second=0, microsecond=0) + STEP
    since = until - SPAN
    figures, alerts = _figures(since, until), _alerts(since, until)
    steps = [since + number * STEP for number in range(SPAN // STEP)]
    return Course([Hour(at, figures.get(at, Figures()), _open_in(at, alerts)) for at in steps])


def _figures(since: datetime, until: datetime) -> dict[datetime, Figures]:
    counted = (
        HealthConnectorHour.objects.filter(
            hour__gte=since, hour__lt=until, connector__live_version__isnull=False
        )
        .order_by()
        .values_list("hour")
        .annotate(Sum("requests"), Sum("successes"), Sum("throttled"))
    )
    return {hour: Figures(int(calls), int(good), int(slow)) for hour, calls, good, slow in counted}


def _alerts(since: datetime, until: datetime) -> list[tuple[datetime, datetime]]:
    """From when to when each was open; one that still is ends with the span."""
    found = HealthAlert.objects.filter(
        Q(state__in=OPEN_ALERT_STATES) | Q(state_changed_at__gte=since), created_at__lt=until
    ).values_list("created_at", "state", "state_changed_at")
    return [(begun, until if state in OPEN_ALERT_STATES else ended) for begun, state, ended in found]


def _open_in(at: datetime, alerts: Sequence[tuple[datetime, datetime]]) -> int:
    return sum(begun < at + STEP and ended > at for begun, ended in alerts)
