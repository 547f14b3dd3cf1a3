"""Forecasts of rollouts: made anew after every event that can move one, and kept when they moved.

Making one twice changes nothing: a row is written only for a band that differs from the last row.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import structlog
from django.core.cache import cache
from django.db import connection, transaction

from certification.lifecycle import MOVABLE_ROLLOUT_STATES, UNDER_WAY, WaveState
from certification.models import (
    DateChange,
    ForecastSnapshot,
    GateCheck,
    PlanWave,
    RegionDeployment,
    Rollout,
    RolloutPlan,
    RolloutWave,
    Submission,
)
from certification.planning.calendar import NoOpenDay
from certification.planning.forecasting import (
    WHOLE,
    Band,
    RolloutNow,
    WaveNow,
    bands_before_schedule,
    business_days_between,
    region_bands,
)
from certification.planning.stages import forecast
from certification.queries.forecast import defaults_of, history_of
from certification.queries.forecast_accuracy import ERRORS_KEY, errors_by_lane
from certification.queries.forecast_history import history_of_rollouts
from certification.queries.forecasts import newest
from certification.queries.gates import latest_by_wave, waits
from certification.queries.lanes import lane_of
from certification.queries.plans import calendar_of
from certification.services.clock import database_now
from certification.services.planning import departures_of, inputs_of, present_world, spec_of_plan
from certification.services.plans import default_plan
from portal.shared import outbox
from portal.shared.models import AuditRecord, OutboxJob

log = structlog.get_logger(__name__)

FORESEEN = MOVABLE_ROLLOUT_STATES
"""States of a rollout with regions to come."""
NOTICEABLE = dt.timedelta(minutes=15)
"""Bands that move by less are the same to everybody."""
SLIP_DAYS = 0.5
"""Business days by which a late end has to move to be a slip."""
ERRORS_SECONDS = 3 * 3600
_LOCK = 0xF04E
_ARRIVAL, _HANDLER = "deployment.verify", "certification.tasks.refresh_forecasts"
_STUCK = ("failed", "unknown")
_SETTLED = ("verified", "skipped", "cancelled")


@dataclass(frozen=True)
class Cause:
    """The event after which a forecast was made, who caused it, and why."""

    event: str
    reason: str = ""
    actor_id: UUID | None = None


def refresh_after(event: str, object_id: str) -> int:
    """Make the forecasts that `event` may have moved anew; returns how many bands were written."""
    concerned = concerned_by(event, object_id)
    if event == _ARRIVAL:
        concerned = [pk for pk in concerned if not _is_followed(pk)]
    if not concerned:
        return 0
    cause = cause_of(event, object_id)
    return sum(refresh(pk, cause) for pk in concerned)


def concerned_by(event: str, object_id: str) -> list[UUID]:
    """The rollouts whose forecast an event may move."""
    noun = event.partition(".")[0]
    found = _OWNERS[noun](object_id) if noun in _OWNERS else _foreseen()
    return [pk for pk in found if pk]


def cause_of(event: str, object_id: str) -> Cause:
    noun = event.partition(".")[0]
    return _cause(event, f"{_MODELS.get(noun, noun)}:{object_id}")


def _is_followed(rollout_id: UUID) -> bool:
    """Whether a job for the next region of the same burst waits already: a wave's regions arrive together,
    and one forecast after the last of them says it all.
    """
    acts = RegionDeployment.objects.filter(rollout_id=rollout_id).values_list("pk", flat=True)
    return OutboxJob.objects.filter(
        state=OutboxJob.State.DUE,
        topic=_ARRIVAL,
        handler=_HANDLER,
        due_at__lte=database_now(),
        payload__id__in=[str(pk) for pk in acts],
    ).exists()


def _cause(event: str, key: str) -> Cause:
    """Who did it and why, from the audit record of the event."""
    record = (
        AuditRecord.objects.filter(about__contains=[key], object_key=key, action=event)
        .order_by("-id")
        .first()
    )
    if record is None:
        return Cause(event)
    name = str(record.data.get("name", ""))
    return Cause(event, ": ".join(filter(None, [name, record.reason])), record.actor_id)


def keep_errors() -> None:
    """Have how wrong the forecasts were at hand: asking every arrival is too much for each scrape."""
    cache.set(ERRORS_KEY, errors_by_lane(), ERRORS_SECONDS)


def refresh_all() -> int:
    """What time alone moves: regions that are late, pauses that last."""
    return sum(refresh(pk, Cause("time.pass")) for pk in _foreseen())


def refresh(rollout_id: Any, cause: Cause) -> int:
    """Write what moved in one rollout, and tell its team when regions are expected later."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [_LOCK, str(rollout_id)])
        rollout = Rollout.objects.select_related("plan").get(pk=rollout_id)
        if rollout.state not in FORESEEN:
            return 0
        now = database_now()
        try:
            bands = bands_of_rollout(rollout, now=now)
        except NoOpenDay as error:
            log.warning("forecast_has_no_open_day", rollout=str(rollout_id), error=str(error))
            return 0
        rows = _moved(rollout, bands, cause, now)
        ForecastSnapshot.objects.bulk_create(rows)
        if any(row.is_later for row in rows) and rows[0].cause != "rollout.reschedule":
            outbox.emit("forecast.slip", id=str(rollout.pk), at=now.isoformat())
    return len(rows)


def bands_of_rollout(rollout: Rollout, *, now: dt.datetime) -> dict[str, Band]:
    """Region code -> band as things stand. Raises `NoOpenDay`."""
    present = _present(rollout)
    is_hindered = bool(present.pause) or any(wave.stuck for wave in present.waves)
    history = history_of_rollouts(with_pauses=is_hindered)
    inputs = inputs_of(rollout, present_world())
    return region_bands(
        inputs.spec, present, history, now=now, windows=inputs.windows, departures=inputs.departures
    )


def bands_of_plan(plan: RolloutPlan, ready: tuple[dt.datetime, dt.datetime]) -> dict[str, Band]:
    """The same before a rollout exists; `ready` is the band in which it can be scheduled."""
    spec, world = spec_of_plan(plan), present_world()
    numbers = [wave.number for wave in spec.waves]
    return bands_before_schedule(
        spec,
        ready,
        history_of_rollouts(),
        windows=world.windows_of(None),
        departures=departures_of(plan, numbers, world, publisher=None),
    )


def bands_of_submission(submission: Submission) -> list[tuple[PlanWave, Band]]:
    """Each wave of the default plan with the band of its slowest region, while there is no rollout.

    Empty where no date can be foreseen.
    """
    now = database_now()
    ready = forecast(
        submission.state,
        since=submission.state_changed_at,
        now=now,
        history=history_of(submission.kind),
        defaults=defaults_of(submission.kind),
        until="signed_off",
    )
    plan = default_plan(lane_of(submission))
    if ready is None or plan is None:
        return []
    try:
        bands = bands_of_plan(plan, (ready.early, ready.late))
    except NoOpenDay:
        return []
    waves = plan.waves.filter(before_sign_off=False, is_opt_in=False).prefetch_related("places")
    found = []
    for wave in waves.order_by("number"):
        own = [bands[place.region_id] for place in wave.places.all() if place.region_id in bands]
        if own:
            last = max(own, key=lambda band: band.late)
            found.append((wave, Band(max(band.early for band in own), last.late, last.is_measured)))
    return found


def _foreseen() -> Iterable[UUID]:
    return list(Rollout.objects.filter(state__in=FORESEEN).order_by("pk").values_list("pk", flat=True))


# Nouns of events whose rows are called otherwise.
_MODELS = {"wave": "rolloutwave", "deployment": "regiondeployment"}

# Which rollouts an event is about; events of other nouns may move every one.
_OWNERS: dict[str, Callable[[str], Iterable[UUID | None]]] = {
    "rollout": lambda pk: Rollout.objects.filter(pk=pk).values_list("pk", flat=True),
    "wave": lambda pk: RolloutWave.objects.filter(pk=pk).values_list("rollout_id", flat=True),
    # A Preview's deployment has no rollout and no forecast of its own.
    "gatecheck": lambda pk: GateCheck.objects.filter(pk=pk).values_list("rollout_id", flat=True),
    "deployment": lambda pk: RegionDeployment.objects.filter(pk=pk).values_list("rollout_id", flat=True),
}


def _present(rollout: Rollout) -> RolloutNow:
    """The rollout as the forecast wants it."""
    regions: dict[int, dict[str, list[str]]] = {}
    acts = rollout.deployments.filter(action="deploy").exclude(state__in=_SETTLED)
    for wave_id, code, state in acts.order_by("region_id").values_list("wave_id", "region_id", "state"):
        kind = "stuck" if state in _STUCK else "moving" if state in UNDER_WAY else "waiting"
        regions.setdefault(wave_id, {}).setdefault(kind, []).append(code)
    waves = tuple(
        WaveNow(
            wave.number,
            wave.planned_at,
            _by_the_calendar(wave, wave.started_at),
            _by_the_calendar(wave, wave.finished_at),
            **{kind: tuple(codes) for kind, codes in regions.get(wave.pk, {}).items()},
        )
        for wave in rollout.waves.order_by("number")
    )
    if rollout.state in ("held", "halted"):
        return RolloutNow(waves, rollout.state, rollout.state_changed_at)
    waiting = [check for check in latest_by_wave(rollout).values() if waits(check)]
    if waiting:
        # A gate that could not tell holds the next wave until a person has looked.
        return RolloutNow(waves, "held", waiting[0].first_at)
    return RolloutNow(waves)


def _by_the_calendar(wave: RolloutWave, moment: dt.datetime | None) -> dt.datetime | None:
    """A trial clock starts waves before their day; what follows counts from the day."""
    if wave.state == WaveState.PLANNED or moment is None:
        return None
    return max(wave.planned_at, moment)


def _moved(
    rollout: Rollout, bands: Mapping[str, Band], cause: Cause, now: dt.datetime
) -> list[ForecastSnapshot]:
    """The rows to write: bands that differ from the last ones, each with the slip if it is one."""
    before = newest(rollout)
    cause = _replan_since(rollout, max((row.at for row in before.values()), default=None)) or cause
    calendar = calendar_of(rollout.plan)
    rows = []
    for code, band in bands.items():
        last = before.get(code)
        if last and _is_same(last, band):
            continue
        slip = business_days_between(calendar, last.late, band.late) if last else 0.0
        rows.append(
            ForecastSnapshot(
                rollout=rollout,
                region_id=code if code != WHOLE else None,
                at=now,
                early=band.early,
                late=band.late,
                is_measured=band.is_measured,
                cause=cause.event,
                reason=cause.reason,
                actor_id=cause.actor_id,
                slipped_from=last.late if last and abs(slip) > SLIP_DAYS else None,
            )
        )
    return rows


def _is_same(last: ForecastSnapshot, band: Band) -> bool:
    moved = max(abs(last.early - band.early), abs(last.late - band.late))
    return moved < NOTICEABLE and last.is_measured == band.is_measured


def _replan_since(rollout: Rollout, last_at: dt.datetime | None) -> Cause | None:
    """Dates of waves moved since the last forecast: then that is the cause, whatever woke us."""
    if last_at is None:
        return None
    change = DateChange.objects.filter(rollout=rollout, at__gte=last_at).order_by("-at", "-pk").first()
    return Cause("rollout.reschedule", change.reason, change.actor_id) if change else None
