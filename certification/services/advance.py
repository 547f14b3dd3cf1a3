"""The scheduler's step: start waves that are due and allowed, write intents, notice what is complete.

Each rollout is stepped in its own short transaction under its row lock, so two schedulers do no harm and a
halt is either before or after a step. The step is a function of what is stored: running it again changes
nothing.
"""

from __future__ import annotations

import datetime as dt
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from certification.lifecycle import ROLLOUT, SUBMISSION, UNDER_WAY, WAVE, DeploymentState, WaveState
from certification.models import Placement, RegionDeployment, Rollout, RolloutWave
from certification.planning.planner import why_not_at
from certification.queries.plans import calendar_of
from certification.queries.rollouts import newer_than
from certification.services import (
    catch_ups,
    deployments,
    gates,
    incidents,
    overrides,
    rehearsals,
    replanning,
    schedule,
)
from certification.services.clock import database_now
from certification.services.halts import end_opt_in, halt
from certification.services.planning import spec_of_rollout, windows_for
from connectors.services.connectors import mark_version
from portal.shared.actors import SYSTEM
from portal.shared.errors import Blocked, IllegalTransition
from portal.shared.transitions import transition

log = structlog.get_logger(__name__)

_SOON = dt.timedelta(seconds=5)
_WATCH = dt.timedelta(seconds=60)
"""Answers and failed tests wake a rollout at once (`outcomes.wake`); this is for wake-ups that got lost."""
_AFTER_ERROR = dt.timedelta(seconds=60)

_HEAVY = ("version__facts", "version__tree")
"""What a step does not look at, and what is large."""

_SETTLED = (DeploymentState.VERIFIED, DeploymentState.SKIPPED, DeploymentState.CANCELLED)
_STEPPED = ("scheduled", "running", "rolling_back", "completed")
"""A completed one has a next step only while opt-in waves are to come."""


def advance_due(*, limit: int = 500) -> int:
    """Step every rollout whose next step is due; returns how many were stepped."""
    due = Q(state__in=_STEPPED, next_step_at__lte=database_now())
    ids = list(Rollout.objects.filter(due).order_by("next_step_at").values_list("pk", flat=True)[:limit])
    return sum(advance(pk) for pk in ids)


def advance(pk: UUID) -> bool:
    """Step one rollout if it is still due and nobody else is at it; True when it was stepped.

    One that fails is set aside for a minute.
    """
    try:
        with transaction.atomic():
            rollout = (
                Rollout.objects.select_for_update(of=("self",), skip_locked=True)
                # Most steps find nothing to do: what only an act needs is read when there is one.
                .select_related("plan", "version")
                .defer(*_HEAVY)
                .filter(pk=pk, state__in=_STEPPED, next_step_at__lte=Now())
                .first()
            )
            if rollout is None:
                return False
            next_step_at = _step(rollout)
            Rollout.objects.filter(pk=pk).update(next_step_at=next_step_at)
    except Exception as error:
        log.error("rollout_step_failed", rollout=str(pk), exc_info=error)
        Rollout.objects.filter(pk=pk, state__in=_STEPPED).update(next_step_at=database_now() + _AFTER_ERROR)
        return False
    return True


def _step(rollout: Rollout) -> dt.datetime | None:
    """Do what can be done now; returns when to look again."""
    now = database_now()
    if rollout.state == "rolling_back":
        return _step_rollback(rollout, now)
    if rollout.state == "completed":
        return _step_opt_in(rollout, now)
    if rollout.state == "scheduled":
        first = rollout.waves.order_by("number").first()
        if first is not None and _waits_until(rollout, first, now):
            return _waits_until(rollout, first, now)
        if incidents.pausing(rollout):
            return now + _WATCH
        if not _start(rollout, now):
            return None
    return _step_waves(rollout, now)


def _start(rollout: Rollout, now: dt.datetime) -> bool:
    about = [rollout.submission, rollout.connector]
    try:
        with transaction.atomic():
            transition(SUBMISSION, rollout.submission, "start_rollout", actor=SYSTEM, about=about)
            transition(ROLLOUT, rollout, "start", actor=SYSTEM, about=about, changes={"started_at": now})
    except IllegalTransition:
        schedule.cancel_scheduled(rollout, reason="The submission is not scheduled any more.", actor=SYSTEM)
        return False
    return True


def _waits_until(rollout: Rollout, wave: RolloutWave, now: dt.datetime) -> dt.datetime | None:
    """None when the wave may start now, else when to look again.

    The calendar is asked about the later of now and the planned instant: they differ when the wave is late,
    and under a trial clock, where a wave is due before its planned day.
    """
    if wave.due_at > now:
        return wave.due_at
    moment = max(now, wave.planned_at)
    spec = spec_of_rollout(rollout)
    wave_spec = next(item for item in spec.waves if item.number == wave.number)
    reason = why_not_at(
        spec, wave_spec, moment, windows_for(rollout), is_accelerated=bool(wave.accelerated_at)
    )
    if not reason:
        return None
    _replan_late(rollout, reason)
    wave.refresh_from_db(fields=["due_at", "planned_at"])
    return max(wave.due_at, now + _SOON)


def _replan_late(rollout: Rollout, reason: str) -> None:
    try:
        replanning.replan(rollout, cause="late", reason=reason, actor=SYSTEM)
    except Blocked as error:
        log.warning("rollout_has_no_open_day", rollout=str(rollout.pk), error=error.message)


def _step_waves(rollout: Rollout, now: dt.datetime) -> dt.datetime | None:
    rows = _deployments(rollout)
    reason = gates.alarm(rollout, rows, now)
    if reason:
        halt(rollout, reason=reason, actor=SYSTEM)
        return None
    if incidents.pause_if_concerned(rollout):
        return None
    is_done, look_at = _go_through(rollout, rows, now)
    if is_done:
        return _complete(rollout, now)
    return look_at


def _deployments(rollout: Rollout) -> list[RegionDeployment]:
    """Read once for the whole step: an answer that comes meanwhile wakes the rollout again."""
    return list(rollout.deployments.filter(action="deploy"))


def _step_opt_in(rollout: Rollout, now: dt.datetime) -> dt.datetime | None:
    """The opt-in waves of a completed rollout, as carefully as the others. A newer version ends them."""
    newer = newer_than(rollout).select_related("version").first()
    rows = _deployments(rollout)
    reason = f"{newer.version.label} is on its way" if newer else gates.alarm(rollout, rows, now)
    if reason:
        end_opt_in(rollout, reason=reason, actor=SYSTEM)
        return None
    if incidents.pausing(rollout):
        return now + _WATCH
    _, look_at = _go_through(rollout, rows, now, with_opt_in=True)
    return look_at


def _go_through(
    rollout: Rollout, deployed: list[RegionDeployment], now: dt.datetime, *, with_opt_in: bool = False
) -> tuple[bool, dt.datetime | None]:
    """Take the waves as far as they may go: whether all are done, and else when to look again (None after a
    halt or a pause).
    """
    before: RolloutWave | None = None
    waves = list(rollout.waves.order_by("number"))
    for wave, following in zip(waves, [*waves[1:], None], strict=True):
        if wave.is_opt_in and not with_opt_in:
            continue
        if wave.state in (WaveState.VERIFIED, WaveState.SKIPPED):
            before = wave
            continue
        if wave.state == WaveState.PLANNED:
            if before is None and not rehearsals.is_proven(rollout):
                _slip(rollout, wave, now, reason="The rollback is not rehearsed in Preview yet")
                return False, now + _WATCH
            # What a catch-up brings is live elsewhere: no wave before it is left to be judged.
            is_gated = before is not None and wave.catch_up_id is None
            gate = gates.stand(rollout, before, now) if before and is_gated else gates.OPEN
            # Two people may cut a bake short; what failed stays closed for them too.
            is_early = wave.accelerated_at is not None and gate.look_at is not None
            if not gate.is_open and not is_early:
                return False, gate.look_at
            waits = _waits_until(rollout, wave, now)
            if waits:
                return False, min(waits, gate.look_at or waits)
            if wave.catch_up_id and not catch_ups.may_start(wave):
                return False, now + _WATCH
            if before is not None and rollout.state == "running" and incidents.pause_if_concerned(rollout):
                return False, None
            overrides.use_on_start(wave, at=max(now, wave.planned_at))
            transition(
                WAVE, wave, "start", actor=SYSTEM, about=[rollout, rollout.submission, rollout.connector],
                changes={"started_at": now}, data={"wave": wave.number},
            )  # fmt: skip
        rows = [row for row in deployed if row.wave_id == wave.pk]
        if not _finish_wave(rollout, wave, rows, now):
            if gates.watch(rollout, wave, rows, now):
                return False, None
            if following is not None:
                _slip(rollout, following, now, reason=f"Wave {wave.number} is not verified yet")
            return False, now + _WATCH
        before = wave
    return True, None


def _finish_wave(rollout: Rollout, wave: RolloutWave, rows: list[RegionDeployment], now: dt.datetime) -> bool:
    """Send what is pending in the wave; True when every region is verified or left out."""
    for row in rows:
        if row.state == DeploymentState.PENDING:
            deployments.intend(row)
    if any(row.state not in _SETTLED for row in rows):
        return False
    event = "verify" if any(row.state == DeploymentState.VERIFIED for row in rows) else "skip"
    transition(
        WAVE, wave, event, actor=SYSTEM, about=[rollout, rollout.submission, rollout.connector],
        changes={"finished_at": now}, data={"wave": wave.number},
    )  # fmt: skip
    return True


def _slip(rollout: Rollout, wave: RolloutWave, now: dt.datetime, *, reason: str) -> None:
    """A wave that cannot start yet gets another day once its own is over."""
    calendar = calendar_of(rollout.plan)
    if calendar.date_of(wave.planned_at) < calendar.date_of(now):
        _replan_late(rollout, reason)


def _complete(rollout: Rollout, now: dt.datetime) -> dt.datetime | None:
    """Every region of the plan has it: live. Opt-in waves go on by themselves and hold nothing back."""
    connector, submission = rollout.connector, rollout.submission
    about = [submission, connector]
    if not rollout.waves.filter(is_opt_in=False, state=WaveState.VERIFIED).exists():
        _come_to_nothing(rollout)
        return None
    goes_on = now if rollout.waves.filter(is_opt_in=True, state=WaveState.PLANNED).exists() else None
    transition(
        ROLLOUT, rollout, "complete", actor=SYSTEM, about=about,
        changes={"finished_at": now, "next_step_at": goes_on},
    )  # fmt: skip
    transition(SUBMISSION, submission, "complete", actor=SYSTEM, about=[connector, rollout])
    mark_version(connector, pointer="live", version=rollout.version, actor=SYSTEM)
    mark_version(connector, pointer="scheduled", version=None, actor=SYSTEM)
    return goes_on


def _come_to_nothing(rollout: Rollout) -> None:
    """Every region was left out: nobody has it, so it is not live. It may be scheduled again."""
    reason = "Every region was left out: no region has this version."
    schedule.cancel_scheduled(rollout, reason=reason, actor=SYSTEM)
    transition(
        SUBMISSION, rollout.submission, "unschedule", actor=SYSTEM, reason=reason,
        about=[rollout.connector, rollout],
    )  # fmt: skip


def holding(rollout: Rollout) -> list[RegionDeployment]:
    """The rollout's deployments whose region holds its version, or may: what a rollback has to return."""
    rows = list(
        rollout.deployments.filter(action="deploy")
        .select_related("region", "wave")
        .defer("region__credentials")
    )
    reported = set(
        Placement.objects.filter(
            Q(reported_version_id=rollout.version_id) | Q(disagrees_since__isnull=False),
            connector_id=rollout.connector_id,
        ).values_list("region_id", flat=True)
    )
    inherited = _inherited(rollout)
    may = {*UNDER_WAY, "verified"}
    # A failed or left-out region counts when it once reported the version, or runs something nobody expected.
    return [
        row
        for row in rows
        if row.state in may
        or (row.state in ("failed", "skipped") and row.region_id in reported)
        or row.region_id in inherited
    ]


def _inherited(rollout: Rollout) -> set[str]:
    """Regions that hold, or may, the version of a rollout whose place this one took: never live everywhere,
    it is no good version to stay at.
    """
    older = list(Rollout.objects.filter(superseded_by=rollout).values_list("pk", "version_id"))
    chain = list(older)
    while older:
        found = Rollout.objects.filter(superseded_by__in=[pk for pk, _ in older])
        older = list(found.values_list("pk", "version_id"))
        chain += older
    if not chain:
        return set()
    held = Placement.objects.filter(
        connector_id=rollout.connector_id, reported_version__in=[version for _, version in chain]
    )
    moving = RegionDeployment.objects.filter(
        rollout__in=[pk for pk, _ in chain], action="deploy", state__in=UNDER_WAY
    )
    return {*held.values_list("region_id", flat=True), *moving.values_list("region_id", flat=True)}


def _step_rollback(rollout: Rollout, now: dt.datetime) -> dt.datetime | None:
    held = {row.region_id: row for row in holding(rollout)}
    backs = list(rollout.deployments.filter(action="rollback"))
    for back in backs:
        if back.state != DeploymentState.PENDING:
            continue
        forward = held.get(back.region_id)
        if forward is None:
            deployments.cancel(back, actor=SYSTEM, reason="The region does not hold the version.")
            back.state = DeploymentState.CANCELLED
        elif forward.state not in UNDER_WAY:
            deployments.intend(back)
    if any(back.state not in _SETTLED for back in backs):
        return now + _WATCH
    returned = {back.region_id for back in backs if back.state == DeploymentState.VERIFIED}
    if set(held) - returned:
        # Regions nobody asked to return keep the version: a person adds them or ends the rollback.
        return now + _WATCH
    finish_rollback(rollout, now)
    return None


def finish_rollback(rollout: Rollout, now: dt.datetime, *, kept: int = 0) -> None:
    """The rollout is rolled back; the connector's pointers go back unless some regions kept the version."""
    connector = rollout.connector
    transition(
        ROLLOUT, rollout, "complete_rollback", actor=SYSTEM, about=[rollout.submission, connector],
        changes={"finished_at": now, "next_step_at": None}, data={"kept": kept},
    )  # fmt: skip
    transition(SUBMISSION, rollout.submission, "complete_rollback", actor=SYSTEM, about=[connector, rollout])
    mark_version(connector, pointer="scheduled", version=None, actor=SYSTEM)
    if not kept:
        mark_version(connector, pointer="live", version=rollout.previous_version, actor=SYSTEM)
