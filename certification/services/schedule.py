"""When a rollout's waves start: the first dates, and changes by people."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from certification.lifecycle import OVERRIDE, ROLLOUT, SUBMISSION, RolloutState, WaveState
from certification.models import (
    DateChange,
    Lane,
    OverrideRequest,
    RegionDeployment,
    Rollout,
    RolloutPlan,
    RolloutWave,
    Submission,
    Train,
)
from certification.planning.bands import Arrival, arrivals
from certification.planning.calendar import NoOpenDay
from certification.planning.inputs import PlanningInputs
from certification.planning.planner import PlannedWave, chosen_problems, earliest_start, plan, why_not_at
from certification.planning.trains import Boarding, boarding
from certification.planning_words import sentence
from certification.policies import can_run_rollout, can_schedule_rollout
from certification.queries.plans import unreached_by
from certification.queries.rollout_queue import line_of
from certification.services.clock import database_now, due_from
from certification.services.deployments import cancel, new_deployment
from certification.services.planning import (
    MOVABLE,
    World,
    auth_kinds_of,
    inputs_for_new,
    inputs_of,
    present_world,
    spec_of_plan,
    train_waves,
)
from certification.services.replanning import board, give_up_places, replan, replayable
from certification.services.verdicts import refuse_unmet
from connectors.models import Connector, Region
from connectors.services.connectors import mark_version
from portal.accounts.models import User
from portal.shared import audit, outbox
from portal.shared.actors import Actor
from portal.shared.errors import Blocked, InvalidInput
from portal.shared.policy import require
from portal.shared.transitions import transition


@dataclass(frozen=True)
class Dates:
    """What an operator chose: the first day, days for single waves by number, and the opt-in waves."""

    starts_on: dt.date
    chosen: Mapping[int, dt.date] = field(default_factory=dict)
    opt_in: frozenset[int] = frozenset()


@dataclass(frozen=True)
class TrainChoice:
    """The train a wave boards and the departures it missed, with why."""

    wave: int
    train: str
    boarding: Boarding

    @property
    def missed(self) -> list[tuple[dt.datetime, str]]:
        """Departures before the first that can be taken, each with why it cannot."""
        return [(one.leaves_at, sentence(one.because)) for one in self.boarding.missed]


@dataclass(frozen=True)
class Proposal:
    """What a rollout scheduled now would get: dates, a band for every region, and its trains."""

    waves: list[PlannedWave]
    arrivals: list[Arrival]
    trains: list[TrainChoice]


def propose_start(plan: RolloutPlan, submission: Submission | None = None) -> dt.date:
    """The earliest legal first day of a rollout that is scheduled now. Raises `Blocked`."""
    world = present_world()
    inputs = _inputs(plan, Dates(world.now.date()), submission, world)
    try:
        return _earliest(inputs)
    except NoOpenDay as error:
        raise Blocked(sentence(error.problem)) from None


def propose_dates(plan: RolloutPlan, dates: Dates, submission: Submission | None = None) -> list[PlannedWave]:
    """What the waves of a new rollout would be dated; for the form, before anything is saved."""
    world = present_world()
    return _dated(_inputs(plan, dates, submission, world))


def propose(plan: RolloutPlan, dates: Dates, submission: Submission) -> Proposal:
    """The same with bands and trains."""
    world = present_world(with_history=True)
    inputs = _inputs(plan, dates, submission, world)
    return Proposal(
        _dated(inputs),
        arrivals(inputs),
        _trains(plan, inputs, world, submission.connector.publisher_id),
    )


def _inputs(plan: RolloutPlan, dates: Dates, submission: Submission | None, world: World) -> PlanningInputs:
    version = submission.revision.version if submission and submission.revision else None
    kinds = auth_kinds_of(version.facts if version else None)
    spec = spec_of_plan(plan, opt_in=dates.opt_in, auth_kinds=kinds)
    inputs = inputs_for_new(submission, plan, spec, dates.starts_on, world)
    return replace(inputs, chosen=dates.chosen)


def _earliest(inputs: PlanningInputs) -> dt.date:
    assert inputs.not_before is not None
    return earliest_start(
        inputs.spec, inputs.not_before, windows=inputs.windows, departures=inputs.departures
    )


def _trains(plan: RolloutPlan, inputs: PlanningInputs, world: World, publisher: object) -> list[TrainChoice]:
    spec, found = inputs.spec, []
    waves = {wave.number: wave for wave in spec.waves}
    names = dict(Train.objects.values_list("pk", "name"))
    for number, train in train_waves(plan, list(waves)).items():
        if train not in world.trains:
            continue
        wave, places = waves[number], world.places_on(train, publisher, None, number)  # type: ignore[arg-type]
        found.append(
            TrainChoice(
                number,
                names[train],
                boarding(
                    world.trains[train],
                    world.now,
                    places,
                    closed=lambda moment, wave=wave: why_not_at(spec, wave, moment, inputs.windows),  # type: ignore[misc]
                ),
            )
        )
    return found


def schedule_rollout(submission: Submission, plan: RolloutPlan, dates: Dates, *, actor: User) -> Rollout:
    """Plan the rollout of a signed-off submission: its waves, their dates, every region's place.

    While another version of the connector travels or waits, this one waits behind it (`queued`), dated from
    its expected end. Raises `InvalidInput` (days that cannot be kept, per wave), `Blocked` (the plan leaves a
    region out, nobody agreed to a hotfix, a condition of the approval is open), `IllegalTransition` (not
    signed off).
    """
    require(can_schedule_rollout, actor, submission)
    if plan.is_retired:
        raise InvalidInput(_("This plan was revised or retired: choose its latest revision."))
    refuse_unmet(submission)
    _refuse_incomplete(plan)
    try:
        with transaction.atomic():
            _use_hotfix_approval(submission, plan, actor)
            # Two schedules of one connector come one after the other: the second waits behind the first.
            Submission.objects.select_for_update(of=("self",)).get(pk=submission.pk)
            Connector.objects.select_for_update(of=("self",)).get(pk=submission.connector_id)
            trains = [pk for pk in (plan.train_id, plan.opt_in_train_id) if pk]
            list(Train.objects.select_for_update().filter(pk__in=trains).order_by("pk"))
            world = present_world(with_history=True)
            inputs = _inputs(plan, dates, submission, world)
            return _write_rollout(submission, plan, inputs, _dated(inputs), actor)
    except IntegrityError as error:
        if "rollout_one_active" not in str(error):
            raise
        # A completed one began to roll back at this very moment.
        raise Blocked(_("Another rollout of this connector has just started to move: try again.")) from None


def _refuse_incomplete(plan: RolloutPlan) -> None:
    """A plan was complete when it was saved; a region that opened since would be left out without a word."""
    missing = unreached_by(plan)
    if missing:
        raise Blocked(
            _("The plan “%(plan)s” does not reach %(regions)s: revise it, then schedule by its new revision.")
            % {"plan": plan.name, "regions": ", ".join(region.name for region in missing)}
        )


def _use_hotfix_approval(submission: Submission, plan: RolloutPlan, actor: User) -> None:
    """A hotfix travels fast because two people besides the one who asked looked at it."""
    if plan.lane != Lane.HOTFIX:
        return
    approval = (
        OverrideRequest.objects.select_for_update()
        .filter(submission=submission, kind="hotfix", state="approved", expires_at__gt=database_now())
        .first()
    )
    if approval is None:
        raise Blocked(
            _(
                "The hotfix lane needs two people to agree first: ask for it on the submission's exceptions, "
                "or choose another plan."
            )
        )
    transition(OVERRIDE, approval, "use", actor=actor, about=[submission, submission.connector])


def _dated(inputs: PlanningInputs) -> list[PlannedWave]:
    try:
        first = _earliest(inputs)
        if inputs.starts_on < first and not inputs.departures:
            raise InvalidInput(
                _("%(starts_on)s is not possible: choose %(first)s or later.")
                % {
                    "starts_on": format(inputs.starts_on, "%a %d %b %Y"),
                    "first": format(first, "%a %d %b %Y"),
                },
                fields={
                    "starts_on": [_("Choose %(first)s or later.") % {"first": format(first, "%a %d %b %Y")}]
                },
            )
        problems = chosen_problems(inputs)
        if problems:
            raise InvalidInput(
                _("Some waves cannot start on the day chosen for them."),
                fields={f"wave_{number}": [sentence(one)] for number, one in problems.items()},
            )
        return plan(inputs)
    except NoOpenDay as error:
        raise Blocked(sentence(error.problem)) from None


def _write_rollout(
    submission: Submission,
    plan: RolloutPlan,
    inputs: PlanningInputs,
    planned: Sequence[PlannedWave],
    actor: User,
) -> Rollout:
    submission = Submission.objects.select_related("connector", "revision__version").get(pk=submission.pk)
    assert submission.revision is not None
    connector, version = submission.connector, submission.revision.version
    line = line_of(connector.pk)
    waits = bool(line.moving or line.waiting)
    rollout = Rollout.objects.create(
        state=RolloutState.QUEUED if waits else RolloutState.SCHEDULED,
        submission=submission,
        connector=connector,
        version=version,
        previous_version=connector.live_version,
        digest=version.digest,
        plan=plan,
        starts_on=inputs.starts_on,
        first_at=inputs.first_at,
        created_by_id=actor.pk,
    )
    now = inputs.not_before or database_now()
    _write_waves(rollout, inputs, planned, now)
    board(rollout, inputs, planned, now=now, actor=actor)
    transition(SUBMISSION, submission, "schedule", actor=actor, about=[connector, rollout])
    if not waits:
        mark_version(connector, pointer="scheduled", version=version, actor=actor)
    audit.record(
        "rollout.schedule",
        rollout,
        actor=actor,
        about=[submission, connector],
        data={
            "plan": str(plan),
            "waits_behind": [row.version.label for row in line_of(connector.pk).before(rollout)],
            "waves": {str(wave.number): wave.starts_at.isoformat() for wave in planned},
            **replayable(inputs, planned),
        },
    )
    outbox.emit("rollout.queue" if waits else "rollout.schedule", id=str(rollout.pk))
    return rollout


def _write_waves(
    rollout: Rollout, inputs: PlanningInputs, planned: Sequence[PlannedWave], now: dt.datetime
) -> None:
    day_of = {wave.number: wave for wave in planned}
    places: dict[int, list[Region]] = {}
    names: dict[int, str] = {}
    opt_in = set(rollout.plan.waves.filter(is_opt_in=True).values_list("number", flat=True))
    for place in rollout.plan.places.select_related("wave", "region"):
        names[place.wave.number] = place.wave.name
        places.setdefault(place.wave.number, []).append(place.region)
    waves = RolloutWave.objects.bulk_create(
        RolloutWave(
            rollout=rollout,
            number=number,
            name=names[number],
            is_opt_in=number in opt_in,
            chosen_on=inputs.chosen.get(number),
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
    if rollout.state == RolloutState.SCHEDULED:
        Rollout.objects.filter(pk=rollout.pk).update(next_step_at=min(wave.due_at for wave in waves))


def reschedule_rollout(rollout: Rollout, dates: Dates, *, reason: str, actor: Actor) -> list[DateChange]:
    """Other dates for the waves that have not started; every move goes into the ledger with the reason."""
    require(can_run_rollout, actor, rollout)
    if not reason.strip():
        raise InvalidInput(
            _("Say why the dates change: the team reads it."), fields={"reason": [_("Say why.")]}
        )
    with transaction.atomic():
        row = Rollout.objects.select_for_update(of=("self",)).select_related("plan").get(pk=rollout.pk)
        if row.state not in MOVABLE:
            raise Blocked(_("This rollout has no wave left whose date could change."))
        world = present_world()
        inputs = replace(inputs_of(row, world), starts_on=dates.starts_on, chosen=dates.chosen)
        problems = chosen_problems(inputs)
        if problems:
            raise InvalidInput(
                _("Some waves cannot start on the day chosen for them."),
                fields={f"wave_{number}": [sentence(one)] for number, one in problems.items()},
            )
        if not inputs.started:
            Rollout.objects.filter(pk=row.pk).update(starts_on=dates.starts_on)
            row.starts_on = dates.starts_on
        for wave in row.waves.filter(state=WaveState.PLANNED):
            wave.chosen_on = dates.chosen.get(wave.number)
            wave.save(update_fields=["chosen_on"])
        return replan(row, cause="operator", reason=reason, actor=actor)


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
    """End a rollout that has not started, with its planned deployments; the submission is the caller's.

    The caller is in a transaction.
    """
    stored = Rollout.objects.select_for_update(of=("self",)).get(pk=rollout.pk).state
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
    give_up_places(row, now=database_now())
    if stored != RolloutState.QUEUED:
        mark_version(row.connector, pointer="scheduled", version=None, actor=actor)
    return row
