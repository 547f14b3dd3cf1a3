"""When a rollout's waves start: the first dates, changes by people, and changes by calendars."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.db import IntegrityError, transaction

from certification.lifecycle import ACTIVE_ROLLOUT_STATES, ROLLOUT, SUBMISSION, WaveState
from certification.models import DateChange, RegionDeployment, Rollout, RolloutPlan, RolloutWave, Submission
from certification.planning.calendar import NoOpenDay
from certification.planning.planner import PlannedWave, PlanSpec, check_chosen, earliest_start, plan_waves
from certification.planning.windows import Window
from certification.policies import can_run_rollout, can_schedule_rollout
from certification.services.clock import database_now, due_from
from certification.services.deployments import cancel, new_deployment
from certification.services.plans import current_windows, spec_of_plan, spec_of_rollout
from connectors.models import Region
from connectors.services.connectors import mark_version
from portal.accounts.models import User
from portal.shared import audit, outbox
from portal.shared.actors import Actor
from portal.shared.errors import Blocked, InvalidInput
from portal.shared.policy import require
from portal.shared.transitions import transition


@dataclass(frozen=True)
class Dates:
    """What an operator chose: the first day, and days for single waves by number."""

    starts_on: dt.date
    chosen: Mapping[int, dt.date] = field(default_factory=dict)


@dataclass(frozen=True)
class WaveMove:
    """A wave whose date changes (or would)."""

    wave: RolloutWave
    old_at: dt.datetime
    new_at: dt.datetime
    because: str


def propose_start(plan: RolloutPlan) -> dt.date:
    """The earliest legal first day of a rollout that is scheduled now. Raises `Blocked`."""
    try:
        return earliest_start(spec_of_plan(plan), database_now(), windows=current_windows())
    except NoOpenDay as error:
        raise Blocked(str(error)) from None


def propose_dates(plan: RolloutPlan, dates: Dates) -> list[PlannedWave]:
    """What the waves of a new rollout would be dated; for the form, before anything is saved."""
    return _dated(spec_of_plan(plan), dates, database_now())


def schedule_rollout(submission: Submission, plan: RolloutPlan, dates: Dates, *, actor: User) -> Rollout:
    """Plan the rollout of a signed-off submission: its waves, their dates, every region's place.

    Raises `InvalidInput` (days that cannot be kept, per wave), `Blocked` (another rollout of the connector is
    under way), `IllegalTransition` (not signed off).
    """
    require(can_schedule_rollout, actor, submission)
    if plan.is_retired:
        raise InvalidInput("This plan was revised or retired: choose its latest revision.")
    now, spec = database_now(), spec_of_plan(plan)
    planned = _dated(spec, dates, now)
    try:
        with transaction.atomic():
            return _write_rollout(submission, plan, dates, planned, now, actor)
    except IntegrityError as error:
        if "rollout_one_active" not in str(error):
            raise
        raise Blocked(
            "Another rollout of this connector is under way: finish or roll it back first."
        ) from None


def _dated(spec: PlanSpec, dates: Dates, now: dt.datetime) -> list[PlannedWave]:
    windows = current_windows()
    try:
        if dates.starts_on < earliest_start(spec, now, windows=windows):
            first = earliest_start(spec, now, windows=windows)
            raise InvalidInput(
                f"{dates.starts_on:%a %d %b %Y} is not possible: choose {first:%a %d %b %Y} or later.",
                fields={"starts_on": [f"Choose {first:%a %d %b %Y} or later."]},
            )
        problems = check_chosen(spec, dates.starts_on, dates.chosen, windows=windows, not_before=now)
        if problems:
            raise InvalidInput(
                "Some waves cannot start on the day chosen for them.",
                fields={f"wave_{number}": [text] for number, text in problems.items()},
            )
        return plan_waves(spec, dates.starts_on, windows=windows, chosen=dates.chosen, not_before=now)
    except NoOpenDay as error:
        raise Blocked(str(error)) from None


def _write_rollout(
    submission: Submission,
    plan: RolloutPlan,
    dates: Dates,
    planned: Sequence[PlannedWave],
    now: dt.datetime,
    actor: User,
) -> Rollout:
    submission = Submission.objects.select_related("connector", "revision__version").get(pk=submission.pk)
    assert submission.revision is not None
    connector, version = submission.connector, submission.revision.version
    if Rollout.objects.filter(connector=connector, state__in=ACTIVE_ROLLOUT_STATES).exists():
        raise Blocked("Another rollout of this connector is under way: finish or roll it back first.")
    rollout = Rollout.objects.create(
        submission=submission,
        connector=connector,
        version=version,
        previous_version=connector.live_version,
        digest=version.digest,
        plan=plan,
        starts_on=dates.starts_on,
        created_by_id=actor.pk,
    )
    _write_waves(rollout, dates, planned, now)
    transition(SUBMISSION, submission, "schedule", actor=actor, about=[connector, rollout])
    mark_version(connector, pointer="scheduled", version=version, actor=actor)
    audit.record(
        "rollout.schedule",
        rollout,
        actor=actor,
        about=[submission, connector],
        data={"plan": str(plan), "waves": {str(w.number): w.starts_at.isoformat() for w in planned}},
    )
    outbox.emit("rollout.schedule", id=str(rollout.pk))
    return rollout


def _write_waves(rollout: Rollout, dates: Dates, planned: Sequence[PlannedWave], now: dt.datetime) -> None:
    day_of = {wave.number: wave for wave in planned}
    places: dict[int, list[Region]] = {}
    names: dict[int, str] = {}
    for place in rollout.plan.places.select_related("wave", "region"):
        names[place.wave.number] = place.wave.name
        places.setdefault(place.wave.number, []).append(place.region)
    waves = RolloutWave.objects.bulk_create(
        RolloutWave(
            rollout=rollout,
            number=number,
            name=names[number],
            chosen_on=dates.chosen.get(number),
            planned_at=wave.starts_at,
            due_at=due_from(wave.starts_at, now),
        )
        for number, wave in sorted(day_of.items())
    )
    RegionDeployment.objects.bulk_create(
        new_deployment(
            connector=rollout.connector, region=region, version=rollout.version, rollout=rollout, wave=wave
        )
        for wave in waves
        for region in sorted(places[wave.number], key=lambda region: region.name)
    )
    Rollout.objects.filter(pk=rollout.pk).update(next_step_at=min(wave.due_at for wave in waves))


def reschedule_rollout(rollout: Rollout, dates: Dates, *, reason: str, actor: Actor) -> list[DateChange]:
    """Other dates for the waves that have not started; every move goes into the ledger with the reason."""
    require(can_run_rollout, actor, rollout)
    if not reason.strip():
        raise InvalidInput("Say why the dates change: the team reads it.", fields={"reason": ["Say why."]})
    with transaction.atomic():
        row = Rollout.objects.select_for_update(of=("self",)).select_related("plan").get(pk=rollout.pk)
        if row.state not in ("scheduled", "running", "held", "halted"):
            raise Blocked("This rollout has no wave left whose date could change.")
        now, spec = database_now(), spec_of_rollout(row)
        started = _started(row)
        problems = check_chosen(
            spec, dates.starts_on, dates.chosen, windows=current_windows(), started=started, not_before=now
        )
        if problems:
            raise InvalidInput(
                "Some waves cannot start on the day chosen for them.",
                fields={f"wave_{number}": [text] for number, text in problems.items()},
            )
        if not started:
            Rollout.objects.filter(pk=row.pk).update(starts_on=dates.starts_on)
            row.starts_on = dates.starts_on
        for wave in row.waves.filter(state=WaveState.PLANNED):
            wave.chosen_on = dates.chosen.get(wave.number)
            wave.save(update_fields=["chosen_on"])
        return replan(row, cause="operator", reason=reason, actor=actor)


def _started(rollout: Rollout) -> dict[int, dt.datetime]:
    """Waves under way with the calendar's start: under a trial clock the planned instant is in the future."""
    waves = rollout.waves.exclude(state=WaveState.PLANNED)
    return {wave.number: max(wave.planned_at, wave.started_at or wave.planned_at) for wave in waves}


def moves_for(rollout: Rollout, windows: Sequence[Window], *, now: dt.datetime) -> list[WaveMove]:
    """The waves that would get another date under these windows. Changes nothing."""
    waves = {wave.number: wave for wave in rollout.waves.filter(state=WaveState.PLANNED)}
    if not waves:
        return []
    spec = spec_of_rollout(rollout)
    chosen = {number: wave.chosen_on for number, wave in waves.items() if wave.chosen_on}
    dated = plan_waves(
        spec, rollout.starts_on, windows=windows, chosen=chosen, started=_started(rollout), not_before=now
    )
    return [
        WaveMove(
            waves[planned.number],
            waves[planned.number].planned_at,
            planned.starts_at,
            ", ".join(planned.moved_by),
        )
        for planned in dated
        if planned.number in waves and planned.starts_at != waves[planned.number].planned_at
    ]


def replan(rollout: Rollout, *, cause: str, reason: str, actor: Actor) -> list[DateChange]:
    """Date the waves that have not started anew; the caller holds the rollout's row. Writes the ledger."""
    now = database_now()
    try:
        moves = moves_for(rollout, current_windows(), now=now)
    except NoOpenDay as error:
        raise Blocked(str(error)) from None
    changes = []
    for move in moves:
        wave = move.wave
        wave.planned_at, wave.due_at = move.new_at, due_from(move.new_at, now)
        wave.save(update_fields=["planned_at", "due_at"])
        # A freeze's own words say it already; other causes tell what the calendar added to them.
        because = f" ({move.because})" if move.because and cause != "freeze" else ""
        text = f"{reason.strip()}{because}".strip()
        changes.append(
            DateChange(
                rollout=rollout, wave=wave, old_at=move.old_at, new_at=move.new_at,
                cause=cause, reason=text, actor_id=actor.pk, at=now,
            )
        )  # fmt: skip
    if changes:
        DateChange.objects.bulk_create(changes)
        Rollout.objects.filter(pk=rollout.pk, next_step_at__isnull=False).update(next_step_at=now)
        audit.record(
            "rollout.reschedule",
            rollout,
            actor=actor,
            reason=reason,
            about=[rollout.submission, rollout.connector],
            data={"cause": cause, "waves": {str(m.wave.number): m.new_at.isoformat() for m in moves}},
        )
        outbox.emit("rollout.reschedule", id=str(rollout.pk), at=now.isoformat())
    return changes


def unschedule_rollout(rollout: Rollout, *, reason: str, actor: Actor) -> None:
    """Take a rollout that has not started off the schedule; the submission is signed off again."""
    require(can_run_rollout, actor, rollout)
    with transaction.atomic():
        row = cancel_scheduled(rollout, reason=reason, actor=actor)
        transition(
            SUBMISSION, row.submission, "unschedule", actor=actor, reason=reason, about=[row.connector]
        )
    rollout.state = row.state


def cancel_scheduled(rollout: Rollout, *, reason: str, actor: Actor) -> Rollout:
    """End a rollout that has not started, with its planned deployments; the submission is the caller's."""
    row = transition(
        ROLLOUT,
        rollout,
        "cancel",
        actor=actor,
        reason=reason,
        about=[rollout.submission, rollout.connector],
        changes={"next_step_at": None, "finished_at": database_now()},
    )
    for deployment in row.deployments.filter(state="pending"):
        cancel(deployment, actor=actor, reason=reason)
    mark_version(row.connector, pointer="scheduled", version=None, actor=actor)
    return row
