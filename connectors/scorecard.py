"""The scorecard of general availability: every criterion with what was measured and what is missing.

The criteria are those that platforms publish for leaving the preview stage. What cannot be measured here is
said to be so, with the nearest thing that is; it is never counted as met.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from portal.shared.words import lazy as _lazy

AVAILABILITY_TARGET = 0.9995
STEADY_TARGET = 0.995
SUCCESS_TARGET = 0.80
CONNECTIONS_TARGET = 50
WEEKLY_TARGET = 500
WEEKS = 3
WAIVER_AFTER = timedelta(days=183)
DAYS = 30
# Fewer calls than this prove no share of five in ten thousand.
LEAST_CALLS = 2000


class Weight(StrEnum):
    REQUIRED = "required"
    RECOMMENDED = "recommended"
    DECLARED = "declared"

    @property
    def label(self) -> str:
        return str(_WEIGHTS[self])


_WEIGHTS = {
    Weight.REQUIRED: _lazy("required"),
    Weight.RECOMMENDED: _lazy("recommended"),
    Weight.DECLARED: _lazy("declared by the team"),
}


@dataclass(frozen=True, slots=True)
class Measured:
    """Thirty days of a connector. `steady_hours` of `hours` (each of a region) kept the availability target;
    `weekly_peaks` are the most connections active at once in each of the last whole weeks. `missing_regions`
    of `regions` reported no call. `live_since` is since when a version is live.
    """

    calls: int = 0
    successes: int = 0
    backend_failures: int = 0
    hours: int = 0
    steady_hours: int = 0
    connections: int = 0
    weekly_peaks: Sequence[int] = ()
    missing_regions: int = 0
    regions: int = 0
    live_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Criterion:
    """`is_met` is None where nothing was measured. `missing` says what to do, "" when it is met."""

    key: str
    label: str
    weight: Weight
    target: str
    value: str
    is_met: bool | None
    missing: str = ""
    progress: float | None = None

    def as_record(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Scorecard:
    criteria: Sequence[Criterion]
    is_waived: bool

    def _all(self, weight: Weight) -> bool:
        return all(each.is_met for each in self.criteria if each.weight == weight)

    @property
    def meets_required(self) -> bool:
        return self._all(Weight.REQUIRED)

    @property
    def is_ready(self) -> bool:
        """What is required, and what is recommended or six months in use instead of it."""
        return self.meets_required and (self.is_waived or self._all(Weight.RECOMMENDED))

    @property
    def met(self) -> int:
        return sum(1 for each in self.criteria if each.is_met)


def score(found: Measured, *, now: datetime, support_hours: str = "") -> Scorecard:
    criteria = (
        _production(found),
        _available(found),
        _steady(found),
        _successful(found),
        _weekly(found),
        _connected(found),
        _supported(support_hours),
    )
    waived = found.live_since is not None and now - found.live_since >= WAIVER_AFTER
    return Scorecard(criteria, waived)


def _share(part: int, whole: int) -> str:
    percent = 100 * part / whole
    # Never rounded up to a target that was missed.
    digits = 3 if percent > 99 else 2
    floored = math.floor(percent * 10**digits) / 10**digits
    share = f"{floored:.{digits}f}".rstrip("0").rstrip(".")
    return _("%(share)s%% (%(part)s of %(whole)s)") % {
        "share": share,
        "part": _grouped(part),
        "whole": _grouped(whole),
    }


def _grouped(value: int) -> str:
    return number_format(value, force_grouping=True)


def more_needed(good: int, whole: int, target: float) -> int:
    """How many further calls, all of them good, lift the share to the target."""
    return max(0, math.ceil((target * whole - good) / (1 - target) - 1e-9))


def _production(found: Measured) -> Criterion:
    """Live is what a version is once every public region verifiably has it, called or not. Regions of opt-in
    waves are the publisher's choice: they hold nothing back.
    """
    is_met = found.live_since is not None
    called = found.regions - found.missing_regions
    return Criterion(
        "production",
        _("In production"),
        Weight.REQUIRED,
        _("live in every public region, against the production backend"),
        _("live; called in %(called)s of %(regions)s regions") % {"called": called, "regions": found.regions}
        if is_met
        else _("not live yet"),
        is_met,
        "" if is_met else _("A version that is live in every public region."),
        1.0 if is_met else 0.0,
    )


def _ratio(
    key: str, label: str, target: float, target_text: str, good: int, whole: int, advice: str
) -> Criterion:
    """A share that must be reached, over enough calls to prove it; `advice` has %(over)s and %(further)s."""
    if not whole:
        return Criterion(
            key, label, Weight.REQUIRED, target_text, _("no data"), None, _("Calls in the last 30 days.")
        )  # fmt: skip
    is_met = good >= target * whole - 1e-9
    missing = ""
    if whole < LEAST_CALLS:
        is_met, missing = (
            False,
            _("%(n)s more calls: too few to prove it.") % {"n": _grouped(LEAST_CALLS - whole)},
        )
    elif not is_met:
        allowed = math.floor((1 - target) * whole + 1e-9)
        over = whole - good - allowed
        further = more_needed(good, whole, target)
        missing = advice % {"over": _grouped(over), "further": _grouped(further)}
    return Criterion(
        key, label, Weight.REQUIRED, target_text, _share(good, whole), is_met, missing, good / whole
    )


def _available(found: Measured) -> Criterion:
    return _ratio(
        "availability",
        _("Availability"),
        AVAILABILITY_TARGET,
        _("99.95%% of calls without an answer 5xx, in 30 days") % {},
        found.calls - found.backend_failures,
        found.calls,
        _("%(over)s failures too many: mend the backend, or %(further)s calls without one."),
    )


def _steady(found: Measured) -> Criterion:
    label, target = _("Available to everybody"), _("99.5%% of connections at that availability") % {}
    if not found.hours:
        return Criterion(
            "steady", label, Weight.REQUIRED, target, _("no data"), None, _("Calls in the last 30 days.")
        )
    is_met = found.steady_hours >= STEADY_TARGET * found.hours - 1e-9
    short = math.ceil(STEADY_TARGET * found.hours - 1e-9) - found.steady_hours
    return Criterion(
        "steady",
        label,
        Weight.REQUIRED,
        _("%(target)s; counted as hours of regions, because regions report no single connections")
        % {"target": target},
        _share(found.steady_hours, found.hours),
        is_met,
        "" if is_met else _("%(short)s more hours of regions at 99.95%%.") % {"short": format(short, ",")},
        found.steady_hours / found.hours,
    )


def _successful(found: Measured) -> Criterion:
    return _ratio(
        "success",
        _("Success rate"),
        SUCCESS_TARGET,
        _("more than 80%% of all calls but the throttled ones") % {},
        found.successes,
        found.calls,
        _("%(over)s failures too many: look at errors by code, or %(further)s calls without one."),
    )


def _weekly(found: Measured) -> Criterion:
    weeks = list(found.weekly_peaks)[-WEEKS:]
    reached = sum(1 for peak in weeks if peak >= WEEKLY_TARGET)
    lowest = min(weeks, default=0)
    is_met = reached >= WEEKS if weeks else None
    return Criterion(
        "weekly",
        _("Weekly use"),
        Weight.RECOMMENDED,
        _(
            "%(weekly_target)s weekly active users for %(weeks)s weeks; counted as connections "
            "active at once, a lower bound"
        )
        % {"weekly_target": WEEKLY_TARGET, "weeks": WEEKS},
        _("%(join)s in the last weeks") % {"join": ", ".join(f"{peak:,}" for peak in weeks)}
        if weeks
        else _("no data"),
        is_met,
        ""
        if is_met
        else _("%(value)s more in the quietest week.") % {"value": format(WEEKLY_TARGET - lowest, ",")},
        min(1.0, lowest / WEEKLY_TARGET),
    )


def _connected(found: Measured) -> Criterion:
    is_met = found.connections >= CONNECTIONS_TARGET if found.calls else None
    return Criterion(
        "connections",
        _("Monthly active connections"),
        Weight.RECOMMENDED,
        _("%(connections_target)s; counted as connections active at once, a lower bound")
        % {"connections_target": CONNECTIONS_TARGET},
        f"{found.connections:,}" if found.calls else _("no data"),
        is_met,
        ""
        if is_met
        else _("%(value)s more connections.")
        % {"value": format(CONNECTIONS_TARGET - found.connections, ",")},
        min(1.0, found.connections / CONNECTIONS_TARGET),
    )


def _supported(support_hours: str) -> Criterion:
    return Criterion(
        "support",
        _("Support hours"),
        Weight.DECLARED,
        _("the same hours in which the backend is supported"),
        support_hours or _("not said yet"),
        True if support_hours else None,
        "" if support_hours else _("Say them in the request."),
    )
