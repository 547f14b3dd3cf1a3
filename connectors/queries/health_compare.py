"""Two versions or two regions side by side over the same hours, and their difference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _

from connectors.figures import Figures
from connectors.queries.health import Choices, Health, Point, Selection, health_of
from connectors.windows import Window

AXES = {"version": "versions", "region": "regions"}


@dataclass(frozen=True, slots=True)
class Line:
    """One figure of both sides as shown. `change` is in words, `tone` says whether it is for the better."""

    label: str
    a: str
    b: str
    change: str = ""
    tone: str = "neutral"


@dataclass(frozen=True, slots=True)
class Step:
    at: datetime
    a: Point
    b: Point


@dataclass(frozen=True, slots=True)
class Pair:
    """An operation on both sides; a side without calls has empty figures."""

    key: str
    a: Figures
    b: Figures

    @property
    def points(self) -> float | None:
        """How many percentage points the success rate of b lies above that of a."""
        if self.a.success_rate is None or self.b.success_rate is None:
            return None
        return 100 * (self.b.success_rate - self.a.success_rate)


@dataclass(frozen=True, slots=True)
class Comparison:
    axis: str
    a: Health
    b: Health
    a_name: str
    b_name: str
    lines: Sequence[Line]
    steps: Sequence[Step]
    operations: Sequence[Pair]

    @property
    def has_data(self) -> bool:
        return self.a.has_data or self.b.has_data

    @property
    def success_floor(self) -> int:
        return min(self.a.success_floor, self.b.success_floor)


def choose(axis: str, choices: Choices, *, a: str, b: str) -> tuple[str, str]:
    """What is compared when nothing, or half, was chosen: the two last versions, the first two regions."""
    known = list(choices.versions)[::-1] if axis == "version" else [code for code, _ in choices.regions]
    b = b or next((each for each in known if each != a), "")
    return a or next((each for each in known if each != b), ""), b


def compare(
    connector_id: UUID, axis: str, a: str, b: str, *, window: Window, names: dict[str, str]
) -> Comparison:
    """Ten queries whatever the window holds."""
    sides = [
        Selection(connector_id, window, version=side)
        if axis == "version"
        else Selection(connector_id, window, region=side)
        for side in (a, b)
    ]
    first, second = health_of(sides[0]), health_of(sides[1])
    return Comparison(
        axis,
        first,
        second,
        names.get(a, a),
        names.get(b, b),
        _lines(first, second),
        [Step(one.at, one, other) for one, other in zip(first.points, second.points, strict=True)],
        _pairs(first, second),
    )


def _pairs(a: Health, b: Health) -> list[Pair]:
    first = {group.key: group.figures for group in a.operations}
    second = {group.key: group.figures for group in b.operations}
    keys = sorted(
        {*first, *second},
        key=lambda key: -(first.get(key, Figures()).requests + second.get(key, Figures()).requests),
    )
    return [Pair(key, first.get(key, Figures()), second.get(key, Figures())) for key in keys]


def _lines(a: Health, b: Health) -> list[Line]:
    one, other = a.total, b.total
    lines = [
        Line(_("Requests"), f"{one.requests:,}", f"{other.requests:,}"),
        _rate_line(one, other),
        Line(_("Failed"), f"{one.failures:,}", f"{other.failures:,}"),
    ]
    for label, share in (("p50", "p50"), ("p95", "p95"), ("p99", "p99")):
        lines.append(
            _latency_line(
                _("Latency %(label)s") % {"label": label}, getattr(one, share), getattr(other, share)
            )
        )
    return lines


def _shown(figures: Figures) -> str:
    if figures.success_rate is None:
        return _("no data")
    return _("%(success_percent)s (%(successes)s of %(counted)s)") % {
        "success_percent": figures.success_percent,
        "successes": format(figures.successes, ","),
        "counted": format(figures.counted, ","),
    }


def _rate_line(a: Figures, b: Figures) -> Line:
    if a.success_rate is None or b.success_rate is None:
        return Line(_("Success rate"), _shown(a), _shown(b))
    points = 100 * (b.success_rate - a.success_rate)
    tone = "neutral" if abs(points) < 0.1 else "success" if points > 0 else "danger"
    return Line(
        _("Success rate"),
        _shown(a),
        _shown(b),
        _("%(points)s points") % {"points": format(points, "+.2f")},
        tone,
    )


def _latency_line(label: str, a: object, b: object) -> Line:
    shown = (str(a) if a else _("no data"), str(b) if b else _("no data"))
    before, after = getattr(a, "milliseconds", 0), getattr(b, "milliseconds", 0)
    if not before or not after:
        return Line(label, *shown)
    change = 100 * (after - before) / before
    tone = "neutral" if abs(change) < 10 else "success" if change < 0 else "danger"
    return Line(label, *shown, f"{change:+.0f}%", tone)
