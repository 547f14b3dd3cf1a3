"""Until when to submit: to be live before a freeze, to be through Preview before a train leaves."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial

from django.utils import timezone

from certification.models import Freeze, Lane, RolloutPlan, Submission
from certification.planning.deadlines import complete_at, last_moment
from certification.planning.history import History
from certification.planning.planner import PlanSpec, WaveSpec
from certification.planning.stages import Spread, forecast
from certification.planning.trains import Timetable
from certification.planning.windows import Window
from certification.queries.forecast import defaults_of, history_of
from certification.queries.forecast_history import history_of_rollouts
from certification.queries.lanes import lane_of
from certification.queries.plans import calendar_of
from certification.queries.trains import departure_day, every_train, timetable_of

HORIZON_DAYS = 180
_FREEZES, _DEPARTURES = 3, 1

KINDS = {Lane.NEW: "new", Lane.HOTFIX: "hotfix"}
"""Lane -> the kind of submission whose history counts; the other lanes are updates."""


@dataclass(frozen=True)
class LaneDeadline:
    """`submit_by` is None when it is too late already: what is submitted now comes after.

    A train may not carry every lane: those it does not are not `carried`.
    """

    lane: str
    submit_by: dt.datetime | None
    carried: bool = True

    @property
    def label(self) -> str:
        return str(Lane(self.lane).label)


@dataclass(frozen=True)
class SubmitBy:
    """What has to be reached before, and the last moment to submit for each lane.

    `key` names the freeze or the departure for good.
    `kind` is "freeze" (the rollout is complete when it begins) or "train" (signed off when boarding closes).
    """

    key: str
    kind: str
    name: str
    reason: str
    starts_at: dt.datetime
    ends_at: dt.datetime | None
    regions: tuple[str, ...] = ()
    lanes: list[LaneDeadline] = field(default_factory=list)

    def of_lane(self, lane: str) -> LaneDeadline | None:
        return next((each for each in self.lanes if each.lane == lane), None)


@dataclass
class _Past:
    """What past submissions and rollouts took; read once for all deadlines."""

    rollouts: History
    stages: dict[str, dict[str, Spread]] = field(default_factory=dict)

    def ready_at(self, lane: str, submitted_at: dt.datetime, until: str) -> dt.datetime:
        """When nine of ten submissions of the lane have left the state `until`."""
        kind = KINDS.get(Lane(lane), "update")
        if kind not in self.stages:
            self.stages[kind] = history_of(kind)
        found = forecast(
            "submitted",
            since=submitted_at,
            now=submitted_at,
            history=self.stages[kind],
            defaults=defaults_of(kind),
            until=until,
        )
        assert found is not None
        return found.late


def submit_by(
    *,
    lanes: Iterable[str] = Lane.values,
    trains: Iterable[Timetable] | None = None,
    now: dt.datetime | None = None,
) -> list[SubmitBy]:
    """The next freezes and departures with their last moments, soonest first. A fixed number of queries.

    Without `trains` those of the portal count.
    """
    now = now or timezone.now()
    specs = _specs()
    wanted = {lane: specs[lane] for lane in lanes if lane in specs}
    if not wanted:
        return []
    freezes = list(Freeze.objects.filter(cancelled_at=None, ends_at__gt=now).order_by("starts_at"))
    past, windows = _Past(history_of_rollouts()), [_window(row) for row in freezes]
    found = [_before_freeze(row, wanted, windows, past, now) for row in _coming(freezes, now)]
    ids: dict[str, str] = {}
    if trains is None:
        rows = [row for row in every_train() if not row.is_retired]
        trains, ids = map(timetable_of, rows), {row.name: str(row.pk) for row in rows}
    found += [
        _before_departure(train, leaves_at, wanted, past, now, of=ids.get(train.name, train.name))
        for train in trains
        for leaves_at in _leaving(train, now)
    ]
    return sorted(found, key=lambda each: each.starts_at)


def next_for(submission: Submission) -> list[SubmitBy]:
    """The next freeze, for the lane that the submission fits as far as its package is known."""
    return submit_by(lanes=[lane_of(submission)], trains=())[:1]


def _coming(freezes: Iterable[Freeze], now: dt.datetime) -> list[Freeze]:
    until = now + dt.timedelta(days=HORIZON_DAYS)
    return [row for row in freezes if not row.opens and now < row.starts_at < until][:_FREEZES]


def _leaving(train: Timetable, now: dt.datetime) -> list[dt.datetime]:
    boarding = (at for at in train.departures(now) if at - train.cutoff > now)
    return [at for at, _ in zip(boarding, range(_DEPARTURES), strict=False)]


def _before_freeze(
    row: Freeze, specs: dict[str, PlanSpec], windows: list[Window], past: _Past, now: dt.datetime
) -> SubmitBy:
    def reaches(lane: str, moment: dt.datetime) -> dt.datetime:
        ready = past.ready_at(lane, moment, "signed_off")
        return complete_at(specs[lane], ready, past.rollouts, windows)

    deadlines = [
        LaneDeadline(
            lane,
            last_moment(spec.calendar, now, row.starts_at, partial(reaches, lane)),
        )
        for lane, spec in specs.items()
    ]
    return SubmitBy(
        f"freeze-{row.pk}", "freeze", row.name, row.reason, row.starts_at, row.ends_at, tuple(row.regions),
        deadlines,
    )  # fmt: skip


def _before_departure(
    train: Timetable,
    leaves_at: dt.datetime,
    specs: dict[str, PlanSpec],
    past: _Past,
    now: dt.datetime,
    *,
    of: str,
) -> SubmitBy:
    """`of` names the train for good, unlike its name."""
    target = leaves_at - train.cutoff
    deadlines = [
        LaneDeadline(
            lane,
            last_moment(
                spec.calendar,
                now,
                target,
                partial(past.ready_at, lane, until="preview_testing"),
            ),
        )
        if not train.lanes or lane in train.lanes
        else LaneDeadline(lane, None, carried=False)
        for lane, spec in specs.items()
    ]
    key = f"train-{of}-{departure_day(train, leaves_at).isoformat()}"
    return SubmitBy(key, "train", train.name, "", leaves_at, None, (), deadlines)


def _window(row: Freeze) -> Window:
    return Window(
        row.name, row.starts_at, row.ends_at, frozenset(row.regions), row.opens, frozenset(row.auth_kinds)
    )


def _specs() -> dict[str, PlanSpec]:
    """The public waves of each lane's default plan; lanes without one use the additive lane's."""
    plans = RolloutPlan.objects.filter(is_default=True).prefetch_related("waves__places")
    own = {plan.lane: _spec(plan) for plan in plans}
    fallback = own.get(Lane.ADDITIVE)
    return {lane: spec for lane in Lane.values if (spec := own.get(lane, fallback)) and spec.waves}


def _spec(plan: RolloutPlan) -> PlanSpec:
    waves = tuple(
        WaveSpec(
            wave.number,
            wave.name,
            tuple(sorted(place.region_id for place in wave.places.all())),
            wave.bake_seconds,
            wave.bake_business_seconds,
        )
        for wave in sorted(plan.waves.all(), key=lambda wave: wave.number)
        if not wave.before_sign_off and not wave.is_opt_in
    )
    return PlanSpec(waves, calendar_of(plan), plan.days_between_waves, plan.hours_between_waves)
