"""What is promised of a connector, how much of it is used up, and the alerts about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from connectors.alert_words import sentence
from connectors.figures import Figures
from connectors.models import Connector, HealthAlert
from connectors.objectives import Counts, Objective, budget_left, within
from connectors.queries.health import Selection, totals_of
from connectors.windows import Window

DAYS = 30


@dataclass(frozen=True, slots=True)
class Promise:
    """The objective over 30 days. `left` is the share of the error budget that is left, None without data."""

    objective: Objective
    is_own: bool
    counts: Counts
    left: float | None
    latency_share: float | None

    @property
    def percent(self) -> str:
        return f"{100 * self.objective.success:g}"

    @property
    def left_percent(self) -> int | None:
        return None if self.left is None else max(0, int(100 * self.left))

    @property
    def allowed(self) -> int:
        """How many calls may fail."""
        return int(self.counts.calls * self.objective.budget + 1e-9)

    @property
    def is_kept(self) -> bool | None:
        return None if self.left is None else self.left >= 0

    @property
    def latency_is_kept(self) -> bool | None:
        return None if self.latency_share is None else self.latency_share >= self.objective.latency_share

    @property
    def latency_percent(self) -> str:
        share = self.latency_share
        return "" if share is None else f"{int(1000 * share) / 10:g}%"

    @property
    def latency_target(self) -> str:
        return _("%(value)s%% within %(latency_ms)s ms") % {
            "value": format(100 * self.objective.latency_share, "g"),
            "latency_ms": format(self.objective.latency_ms, ","),
        }


def promise_of(connector: Connector, *, now: datetime | None = None) -> Promise:
    now = now or timezone.now()
    own = getattr(connector, "objective", None)
    objective = own.as_rule() if own else Objective()
    window = Window("objective", _("%(days)s days") % {"days": DAYS}, timedelta(days=DAYS), timedelta(days=1))
    total: Figures = totals_of(Selection(connector.pk, window), now=now)
    counts = Counts(total.counted, total.failures)
    timed = sum(total.latency)
    share = within(total.latency, objective.latency_ms) / timed if timed else None
    return Promise(objective, own is not None, counts, budget_left(counts, objective), share)


@dataclass(frozen=True, slots=True)
class OpenAlert:
    alert: HealthAlert
    sentence: str


def open_alerts(connector: Connector) -> Sequence[OpenAlert]:
    found = HealthAlert.objects.filter(connector=connector).open().order_by("-created_at")
    return [OpenAlert(alert, sentence(alert.kind, alert.evidence)) for alert in found]
