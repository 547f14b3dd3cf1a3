"""Reads of gates: the evidence of one as it is drawn, and where every gate of a rollout stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from certification.models import GateCheck, Rollout, RolloutWave
from certification.queries.reasons import told_gate
from portal.shared.words import lazy as _lazy

WIDTH = 640
_EDGE = 12
_ORDER = ("fail", "inconclusive", "pass", "unused")
_NONE = _lazy("no data")
_MOST_MARGINS = 6.0
"""Beyond so many margins an interval is cut off at the edge: the figures stand beside it."""


@dataclass(frozen=True, slots=True)
class Interval:
    """Where an interval is drawn, in units of a drawing of `WIDTH`."""

    left: float
    width: float
    at: float
    zero: float
    margin: float
    is_cut: bool


@dataclass(frozen=True, slots=True)
class Row:
    label: str
    value: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class CheckView:
    """One check with its drawing, if it compares, and its figures as rows."""

    key: str
    title: str
    verdict: str
    sentence: str
    interval: Interval | None = None
    rows: list[Row] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class GateView:
    wave: RolloutWave
    check: GateCheck
    checks: list[CheckView]
    earlier: list[GateCheck]

    @property
    def waits(self) -> bool:
        return waits(self.check)


def waits(check: GateCheck) -> bool:
    """Whether nothing goes on until a person looks."""
    return check.stage == "gate" and check.verdict == "inconclusive" and not check.is_let_through


def checks_of(rollout: Rollout) -> QuerySet[GateCheck]:
    return rollout.gate_checks.select_related("wave", "decided_by")


def latest_by_wave(rollout: Rollout) -> dict[int, GateCheck]:
    """The row that counts for every wave that was looked at, in one query."""
    rows = checks_of(rollout).order_by("wave_id", "-first_at", "-created_at").distinct("wave_id")
    return {row.wave.number: row for row in rows}


def waiting(user: Any) -> QuerySet[GateCheck]:
    """Gates that wait for a person, of the rollouts this reader sees, the longest wait first."""
    visible = Rollout.objects.visible_to(user).filter(state="running")
    latest = GateCheck.objects.order_by("wave_id", "-first_at", "-created_at").distinct("wave_id")
    return (
        GateCheck.objects.filter(
            pk__in=latest.values("pk"), rollout__in=visible, stage="gate", verdict="inconclusive",
            is_let_through=False,
        )
        .select_related("rollout__connector__publisher", "rollout__version", "wave")
        .order_by("first_at")
    )  # fmt: skip


def gate_of(rollout: Rollout, number: int) -> GateView | None:
    """The gate after a wave as its page shows it; None when nothing was looked at."""
    rows = list(checks_of(rollout).filter(wave__number=number)[:30])
    if not rows:
        return None
    stored = sorted(rows[0].evidence.get("checks", ()), key=lambda one: _ORDER.index(one["verdict"]))
    checks = [_check(one) for one in stored]
    return GateView(rows[0].wave, rows[0], checks, rows[1:])


def _check(stored: Mapping[str, Any]) -> CheckView:
    figures = stored["figures"]
    return CheckView(
        stored["key"], told_gate(stored["title"]), stored["verdict"], told_gate(stored["sentence"]),
        _interval(figures),
        _ROWS.get(stored["key"], _no_rows)(figures),
    )  # fmt: skip


def _interval(figures: Mapping[str, Any]) -> Interval | None:
    if figures.get("lower") is None:
        return None
    margin = float(figures["margin"])
    is_share = "floor" in figures
    least = 0.0 if is_share else -2 * margin
    most = max(2 * margin, min(float(figures["upper"]) * 1.1, _MOST_MARGINS * margin))
    lower, upper = max(float(figures["lower"]), least), min(float(figures["upper"]), most)

    def place(value: float) -> float:
        inside = min(max(value, least), most)
        return round(_EDGE + (WIDTH - 2 * _EDGE) * (inside - least) / (most - least), 1)

    return Interval(
        left=place(lower), width=max(round(place(upper) - place(lower), 1), 2.0),
        at=place(figures["estimate"]),
        zero=place(0.0), margin=place(margin), is_cut=upper < figures["upper"] or lower > figures["lower"],
    )  # fmt: skip


def _percent(share: float | None) -> str:
    return _NONE if share is None else f"{100 * share:.2f} %"


def _points(share: float) -> str:
    return _("%(value)s points") % {"value": format(100 * share, "+.2f")}


def _calls(figures: Mapping[str, Any], side: str) -> str:
    return _("%(figures)s calls") % {"figures": format(figures[f"{side}_calls"], ",")}


def _milliseconds(value: float | None) -> str:
    return _NONE if value is None else _("%(value)s ms") % {"value": format(value, ",.0f")}


def _no_rows(_figures: Mapping[str, Any]) -> list[Row]:
    return []


def _success_rows(figures: Mapping[str, Any]) -> list[Row]:
    if "treated_rate" not in figures:
        return _calls_rows(figures)
    return [
        Row(_("New version, this wave"), _percent(figures["treated_rate"]), _calls(figures, "treated")),
        Row(
            _("Old version, regions without it, same hours"), _percent(figures["control_rate"]),
            _calls(figures, "control"),
        ),
        Row(_("Old version, the wave's regions before"), _percent(figures["before_rate"])),
        *_difference_rows(figures, _("Fall of the success rate")),
    ]  # fmt: skip


def _difference_rows(figures: Mapping[str, Any], label: str) -> list[Row]:
    return [
        Row(
            label,
            _points(figures["estimate"]),
            _("standard error %(error)s") % {"error": f"{100 * figures['error']:.2f}"},
        ),
        Row(
            _("Interval that holds at every look"),
            _("%(lower)s to %(upper)s")
            % {"lower": _points(figures["lower"]), "upper": _points(figures["upper"])},
        ),
        Row(_("Limit"), _("%(value)s points") % {"value": format(100 * figures['margin'], ".2f")}),
        Row(
            _("Hours compared"), str(figures["hours"]),
            _("%(hours)s without another region") % {"hours": figures["alone"]} if figures["alone"] else "",
        ),
    ]  # fmt: skip


def _latency_rows(figures: Mapping[str, Any]) -> list[Row]:
    if "treated_p95" not in figures:
        return _calls_rows(figures)
    return [
        Row(_("New version, this wave"), _milliseconds(figures["treated_p95"]), _calls(figures, "treated")),
        Row(
            _("Old version, regions without it, same hours"), _milliseconds(figures["control_p95"]),
            _calls(figures, "control"),
        ),
        Row(_("Old version before"), _milliseconds(figures["before_p95"])),
        Row(_("Limit"), _milliseconds(figures["limit_ms"])),
        *_difference_rows(figures, _("More calls beyond the limit")),
    ]  # fmt: skip


def _codes_rows(figures: Mapping[str, Any]) -> list[Row]:
    codes = sorted(figures.get("codes", {}).items(), key=lambda pair: -pair[1])
    rows = [Row(code, _percent(share), _("not given by the old version")) for code, share in codes]
    return rows or _calls_rows(figures)


def _floor_rows(figures: Mapping[str, Any]) -> list[Row]:
    if "treated_rate" not in figures:
        return _calls_rows(figures)
    return [
        Row(_("New version"), _percent(figures["treated_rate"]), _calls(figures, "treated")),
        Row(_("The least"), _percent(figures["floor"])),
        Row(
            _("Share that fails, at every look"),
            _("%(figures)s to %(figures_2)s")
            % {"figures": _percent(figures["lower"]), "figures_2": _percent(figures["upper"])},
        ),
    ]


def _calls_rows(figures: Mapping[str, Any]) -> list[Row]:
    if "treated_calls" not in figures or "needed_calls" not in figures:
        return []
    return [
        Row(
            _("Calls"),
            f"{figures['treated_calls']:,}",
            _("%(figures)s needed") % {"figures": format(figures["needed_calls"], ",")},
        )
    ]


_ROWS = {
    "success": _success_rows,
    "latency": _latency_rows,
    "codes": _codes_rows,
    "floor": _floor_rows,
    "traffic": _calls_rows,
}


def of_rollouts(visible: QuerySet[Rollout]) -> QuerySet[GateCheck]:
    """The gates of these rollouts, with what a decision needs."""
    return GateCheck.objects.filter(rollout__in=visible).select_related(
        "wave", "rollout__submission__connector__publisher", "rollout__connector"
    )
