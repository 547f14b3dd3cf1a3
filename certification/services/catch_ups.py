"""Catch-ups: a region that opened later gets what is live elsewhere, so many connectors a day.

A catch-up adds one wave to the completed rollout of each connector's live version; from there on it is a wave
like any other (docs/decisions/0012-catch-ups.md). The tick adds them in slices, each in a transaction of its
own under the rollout's lock, so it can be killed anywhere and goes on where it was.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

import structlog
from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from certification.lifecycle import UNDER_WAY, WAVE
from certification.lifecycle_of_catch_ups import CATCH_UP
from certification.models import CatchUp, PlanWave, RegionDeployment, Rollout, RolloutWave
from certification.planning.calendar import NoOpenDay
from certification.planning.inputs import PlanningInputs, WaveSpec
from certification.planning.pacing import pace
from certification.planning.planner import PlannedWave
from certification.planning_words import sentence
from certification.policies import can_manage_catch_ups
from certification.queries.blast_radius import Affected, RegionLoad, loads_of
from certification.queries.catch_ups import Gap, Missing, gap_of
from certification.queries.plans import calendar_of, plans_missing
from certification.queries.rollouts import newer_than
from certification.services.clock import database_now
from certification.services.deployments import cancel as cancel_deployment
from certification.services.deployments import key_for, new_deployment
from certification.services.opt_in import date_added
from certification.services.planning import World, inputs_of, present_world, with_planning_data
from connectors.models import Region
from portal.accounts.models import User
from portal.shared import audit, outbox
from portal.shared.actors import SYSTEM, Actor
from portal.shared.errors import Blocked, InvalidInput
from portal.shared.policy import require
from portal.shared.transitions import transition

log = structlog.get_logger(__name__)

AT_ONCE = 10
"""Connectors that a catch-up has under way in its region at the same time."""
FAILURES = 3
"""So many connectors that failed since it began, or was resumed, hold a catch-up: the region is ill."""
MOST_A_DAY = 500
SLICE = 25
"""Rollouts that one tick looks after, for each catch-up."""
_LOOK_AGAIN = dt.timedelta(minutes=1)


@dataclass(frozen=True)
class CatchUpDraft:
    """How fast, from when, and why."""

    starts_on: dt.date
    per_day: int
    reason: str


@dataclass(frozen=True)
class Coming:
    """A connector that a catch-up would bring, when, and who calls it in the region already."""

    missing: Missing
    planned_at: dt.datetime
    load: RegionLoad

    @property
    def connections(self) -> int:
        return self.load.connections


@dataclass(frozen=True)
class CatchUpPreview:
    """What opening a catch-up now would do. `coming` is in the order of days."""

    gap: Gap
    coming: list[Coming]

    @property
    def affected(self) -> Affected:
        return Affected([one.load for one in self.coming])

    @property
    def days(self) -> list[tuple[dt.date, list[Coming]]]:
        """The connectors of each day, in the reader's time zone."""
        found: dict[dt.date, list[Coming]] = {}
        for one in self.coming:
            found.setdefault(timezone.localdate(one.planned_at), []).append(one)
        return sorted(found.items())


def preview_catch_up(
    region: Region, *, per_day: int, starts_on: dt.date | None = None, actor: User
) -> CatchUpPreview:
    """Which connectors it would bring on which days, and which it leaves out and why. Changes nothing."""
    require(can_manage_catch_ups, actor, region)
    world, gap = present_world(), gap_of(region)
    planned = _paced(region, gap.to_bring, starts_on or world.now.date(), per_day, world)
    loads = loads_of((one.connector.pk, region.pk, region.name) for one in gap.to_bring)
    coming = [
        Coming(one, wave.starts_at, loads[one.connector.pk, region.pk])
        for one, wave in zip(gap.to_bring, planned, strict=True)
    ]
    return CatchUpPreview(gap, sorted(coming, key=lambda one: one.planned_at))


def _paced(
    region: Region,
    missing: Sequence[Missing],
    starts_on: dt.date,
    per_day: int,
    world: World,
    taken: Counter[dt.date] | None = None,
) -> list[PlannedWave]:
    keys = [one.rollout.pk for one in missing if one.rollout is not None]
    rows = with_planning_data(Rollout.objects.filter(pk__in=keys).defer("version__tree")).in_bulk()
    inputs = (_with_wave(rows[key], region, world) for key in keys)
    try:
        return pace(inputs, starts_on, per_day, taken=taken)
    except NoOpenDay as error:
        raise Blocked(sentence(error.problem)) from None


def _with_wave(rollout: Rollout, region: Region, world: World) -> PlanningInputs:
    """What decides the date of a wave for the region behind the rollout's others."""
    inputs = inputs_of(rollout, world)
    number = max((wave.number for wave in inputs.spec.waves), default=0) + 1
    wave = WaveSpec(number, region.name, (region.pk,))
    return replace(inputs, spec=replace(inputs.spec, waves=(*inputs.spec.waves, wave)))


def open_catch_up(region: Region, draft: CatchUpDraft, *, actor: User) -> CatchUp:
    """Begin to bring the region what is live elsewhere. The scheduler dates the connectors in slices.

    Raises `InvalidInput` (pace, day, no reason), `Blocked` (the region takes no part yet, a plan does not
    reach it, a catch-up of it is open, nothing is missing).
    """
    require(can_manage_catch_ups, actor, region)
    _check(draft)
    _refuse(region)
    try:
        with transaction.atomic():
            catch_up = CatchUp.objects.create(
                region=region, starts_on=draft.starts_on, per_day=draft.per_day,
                reason=draft.reason.strip(), opened_by=actor,
            )  # fmt: skip
            audit.record(
                "catchup.open", catch_up, actor=actor, reason=catch_up.reason, about=[region],
                data={
                    "region": region.name, "per_day": draft.per_day,
                    "starts_on": draft.starts_on.isoformat(),
                },
            )  # fmt: skip
    except IntegrityError as error:
        if "catchup_one_open" not in str(error):
            raise
        raise Blocked(_("A catch-up of this region is open already: end it first.")) from None
    return catch_up


def _check(draft: CatchUpDraft) -> None:
    faults: dict[str, list[str]] = {}
    if not draft.reason.strip():
        faults["reason"] = [_("Say why: the teams read it.")]
    if not 1 <= draft.per_day <= MOST_A_DAY:
        faults["per_day"] = [_("Choose a number from 1 to %(most)s.") % {"most": MOST_A_DAY}]
    if draft.starts_on < database_now().date() - dt.timedelta(days=1):
        faults["starts_on"] = [_("This day is over: choose today or later.")]
    if faults:
        raise InvalidInput(_("The catch-up cannot be opened like this."), fields=faults)


def _refuse(region: Region) -> None:
    if not region.is_production:
        raise Blocked(_("A region of the Preview stage gets what is in Preview, not what is live."))
    if not region.is_active:
        raise Blocked(_("The region is not active: activate it first."))
    missing = plans_missing(region)
    if missing:
        raise Blocked(
            _("These plans do not reach the region: %(plans)s. Revise them first, or the next versions would "
              "leave it behind again.") % {"plans": ", ".join(missing)}
        )  # fmt: skip
    if not gap_of(region).to_bring:
        raise Blocked(_("Nothing is missing here that a catch-up could bring."))


def hold_catch_up(catch_up: CatchUp, *, reason: str, actor: Actor) -> CatchUp:
    """No further connector starts until somebody resumes; what is with the region ends by itself."""
    require(can_manage_catch_ups, actor, catch_up)
    return _hold(catch_up, reason=_need(reason), actor=actor)


def resume_catch_up(catch_up: CatchUp, *, reason: str, actor: Actor) -> CatchUp:
    """Go on; connectors whose day went by meanwhile come first, still so many at once."""
    require(can_manage_catch_ups, actor, catch_up)
    changes = {"hold_reason": "", "next_step_at": database_now()}
    return _move(catch_up, "resume", reason=_need(reason), actor=actor, changes=changes)


def cancel_catch_up(catch_up: CatchUp, *, reason: str, actor: Actor) -> CatchUp:
    """Take what has not started off the calendar. What the region has, or is getting, stays."""
    require(can_manage_catch_ups, actor, catch_up)
    now = database_now()
    changes = {"finished_at": now, "next_step_at": now}
    return _move(catch_up, "cancel", reason=_need(reason), actor=actor, changes=changes)


def _need(reason: str) -> str:
    if not reason.strip():
        text = _("Say why: it stays in the history.")
        raise InvalidInput(text, fields={"reason": [text]})
    return reason.strip()


def _hold(catch_up: CatchUp, *, reason: str, actor: Actor) -> CatchUp:
    changes = {"hold_reason": reason, "next_step_at": None}
    return _move(catch_up, "hold", reason=reason, actor=actor, changes=changes)


def _move(
    catch_up: CatchUp, event: str, *, reason: str, actor: Actor, changes: Mapping[str, object]
) -> CatchUp:
    region = Region.objects.get(pk=catch_up.region_id)
    return transition(
        CATCH_UP, catch_up, event, actor=actor, reason=reason, about=[region], changes=changes,
        data={"region": region.name},
    )  # fmt: skip


def may_start(wave: RolloutWave) -> bool:
    """Whether a wave whose day has come may start now. The caller holds the rollout; the order of locks is
    rollout, then catch-up, and nothing takes them the other way round.

    Too many failures hold the whole catch-up.
    """
    assert wave.catch_up_id is not None
    catch_up = CatchUp.objects.select_for_update(of=("self",)).get(pk=wave.catch_up_id)
    if catch_up.state != "running":
        return False
    acts = RegionDeployment.objects.filter(wave__catch_up=catch_up, action="deploy")
    failed = acts.filter(state="failed", state_changed_at__gt=catch_up.state_changed_at).count()
    if failed >= FAILURES:
        _hold(catch_up, reason=f"{failed} connectors failed in the region.", actor=SYSTEM)
        return False
    busy = acts.filter(wave__state="running", state__in=("pending", *UNDER_WAY))
    return busy.count() < AT_ONCE


def advance_due() -> int:
    """Date a slice of every catch-up under way, take a slice of a cancelled one back; returns how many
    rollouts were touched.
    """
    now = database_now()
    due = CatchUp.objects.filter(next_step_at__lte=now).select_related("region")
    return sum(_advance(catch_up, now) for catch_up in due.defer("region__credentials"))


def _advance(catch_up: CatchUp, now: dt.datetime) -> int:
    if catch_up.state == "cancelled":
        return _take_back(catch_up)
    if catch_up.state != "running":
        return 0
    to_bring = gap_of(catch_up.region).to_bring
    added = _add_slice(catch_up, to_bring[:SLICE]) if to_bring else 0
    if not to_bring and not catch_up.waves.filter(state__in=("planned", "running")).exists():
        _complete(catch_up, now)
        return 0
    # Others become live meanwhile: they are looked for again and again while it is open.
    again = now if added and len(to_bring) > SLICE else now + _LOOK_AGAIN
    CatchUp.objects.filter(pk=catch_up.pk, state="running").update(next_step_at=again)
    return added


def _complete(catch_up: CatchUp, now: dt.datetime) -> None:
    with transaction.atomic():
        if CatchUp.objects.select_for_update(of=("self",)).get(pk=catch_up.pk).state == "running":
            changes = {"finished_at": now, "next_step_at": None}
            _move(catch_up, "complete", reason="", actor=SYSTEM, changes=changes)


def _add_slice(catch_up: CatchUp, missing: Sequence[Missing]) -> int:
    world = present_world()
    try:
        planned = _paced(
            catch_up.region, missing, catch_up.starts_on, catch_up.per_day, world, taken=_days(catch_up)
        )
    except Blocked as error:
        log.warning("catch_up_has_no_open_day", catch_up=str(catch_up.pk), error=error.message)
        return 0
    return sum(
        _add(catch_up, one.rollout.pk, wave.day, world)
        for one, wave in zip(missing, planned, strict=True)
        if one.rollout is not None
    )


def _days(catch_up: CatchUp) -> Counter[dt.date]:
    """How many go on each day already."""
    waves = catch_up.waves.exclude(state="skipped").select_related("rollout__plan")
    return Counter(calendar_of(wave.rollout.plan).date_of(wave.planned_at) for wave in waves)


def _add(catch_up: CatchUp, rollout_id: UUID, day: dt.date, world: World) -> bool:
    """Give a rollout its wave of the catch-up; False when that is not wanted any more."""
    try:
        with transaction.atomic():
            row = (
                Rollout.objects.select_for_update(of=("self",))
                .select_related("plan", "connector", "submission", "version")
                .get(pk=rollout_id)
            )
            stored = CatchUp.objects.select_for_update(of=("self",)).get(pk=catch_up.pk)
            if stored.state != "running" or not _is_wanted(row, catch_up.region):
                return False
            _write(row, catch_up, day, world)
    except Blocked as error:
        log.warning("catch_up_not_dated", rollout=str(rollout_id), error=error.message)
        return False
    return True


def _is_wanted(row: Rollout, region: Region) -> bool:
    """The same as the reading before the lock said, now that nobody else can change it."""
    acts = row.deployments.filter(region=region, action="deploy").exclude(state="cancelled")
    return (
        row.state == "completed"
        and row.connector.live_version_id == row.version_id
        and not newer_than(row).exists()
        and not acts.exists()
    )


def _write(row: Rollout, catch_up: CatchUp, day: dt.date, world: World) -> None:
    region = catch_up.region
    wave = RolloutWave.objects.create(
        rollout=row, number=_next_number(row), name=f"Catch-up: {region.name}"[:80], is_opt_in=True,
        catch_up=catch_up, chosen_on=day, planned_at=world.now, due_at=world.now,
    )  # fmt: skip
    act = new_deployment(connector=row.connector, region=region, version=row.version, rollout=row, wave=wave)
    # An earlier catch-up that was taken back left its act behind: the next one has a name of its own.
    before = row.deployments.filter(region=region, action="deploy").aggregate(last=Max("attempt"))["last"]
    if before:
        act.attempt = before + 1
        act.idempotency_key = key_for(act, attempt=act.attempt)
    act.save()
    dated = date_added(row, [wave], world, actor=SYSTEM)
    audit.record(
        "rollout.catch_up", row, actor=SYSTEM, reason=catch_up.reason,
        about=[row.submission, row.connector, catch_up],
        data={"region": region.name, "wave": wave.number, "on": wave.planned_at.isoformat(), **dated},
    )  # fmt: skip
    outbox.emit("rollout.catch_up", id=str(row.pk), wave=str(wave.pk))


def _next_number(row: Rollout) -> int:
    """Behind every wave that the rollout has and that its plan could still add."""
    numbers = [
        waves.aggregate(last=Max("number"))["last"] or 0
        for waves in (row.waves.all(), PlanWave.objects.filter(plan_id=row.plan_id))
    ]
    return max(numbers) + 1


def _take_back(catch_up: CatchUp) -> int:
    waves = list(catch_up.waves.filter(state="planned").values_list("pk", flat=True)[:SLICE])
    for pk in waves:
        _leave_out(catch_up, pk)
    if not waves:
        CatchUp.objects.filter(pk=catch_up.pk).update(next_step_at=None)
    return len(waves)


def _leave_out(catch_up: CatchUp, wave_id: int) -> None:
    with transaction.atomic():
        rollout_id = RolloutWave.objects.values_list("rollout_id", flat=True).get(pk=wave_id)
        row = Rollout.objects.select_for_update(of=("self",)).get(pk=rollout_id)
        wave = row.waves.get(pk=wave_id)
        if wave.state != "planned":
            return
        about = [row, row.submission, row.connector, catch_up]
        for act in row.deployments.filter(wave=wave, state="pending"):
            cancel_deployment(act, actor=SYSTEM, reason="The catch-up of the region was cancelled.")
        transition(
            WAVE, wave, "skip", actor=SYSTEM, about=about,
            reason="The catch-up of the region was cancelled.",
            changes={"finished_at": catch_up.finished_at}, data={"wave": wave.number},
        )  # fmt: skip
        if not row.waves.filter(is_opt_in=True, state__in=("planned", "running")).exists():
            Rollout.objects.filter(pk=row.pk, state="completed").update(next_step_at=None)
        outbox.emit("rollout.leave_catch_up", id=str(row.pk), wave=str(wave.pk))
