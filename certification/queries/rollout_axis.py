"""A rollout on a line of time: what was planned, is expected and happened, and where it stood still."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils import timezone
from django.utils.translation import gettext as _

from certification.models import ForecastSnapshot, Freeze, GateCheck, Rollout, RolloutWave
from certification.planning.windows import Window
from certification.queries import forecasts, gates
from portal.shared import audit
from portal.shared.words import lazy as _lazy

WIDTH = 1000
_LEAST = 4.0
_STOPS = {"rollout.hold": _lazy("Held"), "rollout.halt": _lazy("Stopped")}
_GOES_ON = ("rollout.resume", "rollout.release", "rollout.start_rollback", "rollout.supersede")


@dataclass(frozen=True, slots=True)
class Bar:
    """A stretch of the line, in units of `WIDTH`."""

    left: float
    width: float


@dataclass(frozen=True, slots=True)
class Standstill:
    label: str
    since: dt.datetime
    until: dt.datetime | None
    bar: Bar


@dataclass(frozen=True, slots=True)
class Pause:
    """A freeze that concerns the rollout, with the waves whose regions it holds."""

    freeze: Freeze
    waves: frozenset[int]
    bar: Bar


@dataclass(frozen=True, slots=True)
class Line:
    """One wave. What has not happened, or is not expected any more, is None."""

    wave: RolloutWave
    planned: float
    actual: Bar | None
    bake: Bar | None
    forecast: Bar | None
    early: dt.datetime | None
    late: dt.datetime | None
    gate: GateCheck | None
    waits: bool
    freezes: list[Bar]


@dataclass(frozen=True, slots=True)
class Axis:
    first: dt.datetime
    last: dt.datetime
    now: float | None
    ticks: list[float]
    standstills: list[Standstill]
    freezes: list[Pause]
    lines: list[Line]

    @property
    def middle(self) -> dt.datetime:
        return self.first + (self.last - self.first) / 2


def axis_of(rollout: Rollout) -> Axis:
    """Six queries, whatever the size."""
    now = timezone.now()
    waves = list(rollout.waves.order_by("number"))
    bands = _bands(rollout)
    stops = _standstills(rollout, now)
    checks = gates.latest_by_wave(rollout)
    is_over = rollout.finished_at is not None
    moments = [
        moment for wave in waves for moment in (wave.planned_at, wave.started_at, wave.finished_at) if moment
    ]
    moments += [moment for band in bands.values() for moment in band]
    moments += [since for _, since, _ in stops] + ([] if is_over else [now])
    first, last = min(moments), max(moments)
    room = max((last - first) * 0.03, dt.timedelta(hours=1))
    scale = _Scale(first - room, last + room)
    freezes = _freezes(rollout, scale)
    return Axis(
        first=scale.first,
        last=scale.last,
        now=None if is_over else scale.place(now),
        ticks=[WIDTH / 4, WIDTH / 2, 3 * WIDTH / 4],
        standstills=[
            Standstill(label, since, until, scale.bar(since, until or now)) for label, since, until in stops
        ],
        freezes=freezes,
        lines=[
            _line(wave, following, scale, bands, checks.get(wave.number), now, freezes)
            for wave, following in zip(waves, [*waves[1:], None], strict=True)
        ],
    )


@dataclass(frozen=True, slots=True)
class _Scale:
    first: dt.datetime
    last: dt.datetime

    def place(self, moment: dt.datetime) -> float:
        share = (moment - self.first) / (self.last - self.first)
        return round(WIDTH * min(max(share, 0.0), 1.0), 1)

    def bar(self, since: dt.datetime, until: dt.datetime) -> Bar:
        left = self.place(since)
        return Bar(left, max(round(self.place(until) - left, 1), _LEAST))


def _bands(rollout: Rollout) -> dict[int, tuple[dt.datetime, dt.datetime]]:
    """Wave number -> from the first region's earliest to the last one's latest, of what is still to come."""
    if rollout.state not in ("scheduled", "running", "held", "halted"):
        return {}
    newest: dict[str, ForecastSnapshot] = forecasts.newest(rollout)
    acts = rollout.deployments.filter(action="deploy").exclude(state__in=("verified", "skipped", "cancelled"))
    found: dict[int, tuple[dt.datetime, dt.datetime]] = {}
    for number, code in acts.values_list("wave__number", "region_id"):
        if number is not None and code in newest:
            early, late = found.get(number, (newest[code].early, newest[code].late))
            found[number] = min(early, newest[code].early), max(late, newest[code].late)
    return found


def _standstills(rollout: Rollout, now: dt.datetime) -> list[tuple[str, dt.datetime, dt.datetime | None]]:
    """(what, since, until): holds and stops from the audit trail, the last one perhaps not over."""
    found: list[tuple[str, dt.datetime, dt.datetime | None]] = []
    records = audit.history(rollout).filter(object_key=audit.key_of(rollout), action__in=[*_STOPS, *_GOES_ON])
    for record in reversed(list(records)):
        if found and found[-1][2] is None:
            label, since, _open = found[-1]
            found[-1] = label, since, record.at
        if record.action in _STOPS:
            label = _("Incident") if record.data.get("cause") == "incident" else _STOPS[record.action]
            found.append((label, record.at, None))
    if found and found[-1][2] is None and rollout.finished_at:
        found[-1] = (*found[-1][:2], rollout.finished_at)
    return found


def _freezes(rollout: Rollout, scale: _Scale) -> list[Pause]:
    """The freezes within sight that hold regions of the rollout, as the planner reads them."""
    regions: dict[int, set[str]] = {}
    acts = rollout.deployments.filter(action="deploy", wave__isnull=False)
    for number, code in acts.values_list("wave__number", "region_id"):
        regions.setdefault(number, set()).add(code)
    kinds = frozenset(rollout.version.facts.get("authentication", ()))
    found = Freeze.objects.filter(
        cancelled_at=None, opens=False, starts_at__lt=scale.last, ends_at__gt=scale.first
    )
    pauses = []
    for freeze in found.order_by("starts_at"):
        window = Window(
            freeze.name, freeze.starts_at, freeze.ends_at, frozenset(freeze.regions),
            auth_kinds=frozenset(freeze.auth_kinds),
        )  # fmt: skip
        waves = frozenset(number for number, codes in regions.items() if window.concerns(codes, kinds))
        if waves:
            pauses.append(Pause(freeze, waves, scale.bar(freeze.starts_at, freeze.ends_at)))
    return pauses


def _line(
    wave: RolloutWave,
    following: RolloutWave | None,
    scale: _Scale,
    bands: dict[int, tuple[dt.datetime, dt.datetime]],
    check: GateCheck | None,
    now: dt.datetime,
    freezes: Sequence[Pause],
) -> Line:
    actual = scale.bar(wave.started_at, wave.finished_at or now) if wave.started_at else None
    bake = None
    if check is not None and wave.finished_at and following is not None:
        over = check.first_at if check.stage == "gate" else now
        bake = scale.bar(wave.finished_at, following.started_at or max(over, wave.finished_at))
    band = bands.get(wave.number)
    return Line(
        wave=wave,
        planned=scale.place(wave.planned_at),
        actual=actual,
        bake=bake,
        forecast=scale.bar(*band) if band else None,
        early=band[0] if band else None,
        late=band[1] if band else None,
        gate=check,
        waits=check is not None and gates.waits(check),
        freezes=[pause.bar for pause in freezes if wave.number in pause.waves],
    )
