"""The time ledger of a submission: every second with its one holder, read from what was recorded.

The states come from the audit trail. Freezes, incidents and pauses take their part: a freeze only where
it kept a wave of this rollout from starting, an incident only while it held the rollout, a pause only while
the deadline of the Preview stood still.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from certification.lifecycle import TURNS, SubmissionState, Turn
from certification.models import (
    ClockPause,
    Freeze,
    PlanWave,
    Rollout,
    RolloutPlan,
    RolloutWave,
    Submission,
)
from certification.models.ledger import PAUSE_HOLDERS, Holder
from certification.planning.stretches import (
    Mark,
    Span,
    Stay,
    Stretch,
    Wait,
    kept_by,
    lengths_by_holder,
    stays_of,
    stretches_of,
)
from certification.planning.windows import Window
from certification.queries.plans import calendar_of
from portal.shared import audit, history
from portal.shared.models import AuditRecord
from portal.shared.words import lazy as _lazy

HOLDERS: dict[str, str] = {state: str(turn) for state, turn in TURNS.items()}
"""State -> who holds it when nothing else took the time. A party's turn is its time."""

STEPS: dict[str, tuple[str, tuple[str, ...]]] = {
    "preparation": (_lazy("Preparation"), ("draft",)),
    "validation": (_lazy("Validation"), ("submitted", "validating")),
    "review": (_lazy("Review"), ("in_review",)),
    "corrections": (_lazy("Corrections"), ("validation_failed", "changes_requested", "preview_refused")),
    "preview": (_lazy("Deployment to Preview"), ("approved", "preview_deploying", "preview_failed")),
    "testing": (_lazy("Testing in Preview"), ("preview_testing", "expired")),
    "planning": (_lazy("Planning the rollout"), ("signed_off",)),
    "rollout": (_lazy("Rollout"), ("scheduled", "rolling_out", "held", "halted")),
    "rollback": (_lazy("Rollback"), ("rolling_back",)),
    "ended": (_lazy("Live or ended"), ("live", "rolled_back", "superseded", "withdrawn", "rejected")),
}
"""Key -> (label, states): the parts of the way, for sums and percentiles."""
STEP_OF: dict[str, str] = {state: key for key, (_, states) in STEPS.items() for state in states}

HISTORY_PAGE = 50
"""Events on a page of the history."""

_TRAVELLING = frozenset({"scheduled", "rolling_out"})
_TESTING = frozenset({"preview_testing"})
_HELD = frozenset({"held"})


@dataclass(frozen=True, slots=True)
class Share:
    """All the time a holder had, and its part of the whole. The parts lie side by side and add up to 100."""

    holder: Holder
    seconds: float
    percent: int
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Entry:
    """A stretch with what began it: `event` in words, `record` where that was a move of the submission."""

    stretch: Stretch
    event: str
    record: AuditRecord | None = None
    is_running: bool = False

    @property
    def holder(self) -> Holder:
        return Holder(self.stretch.holder)

    @property
    def label(self) -> str:
        return str(SubmissionState(self.stretch.state).label)

    @property
    def seconds(self) -> float:
        return self.stretch.length.total_seconds()


@dataclass(frozen=True, slots=True)
class Ledger:
    """`entries` follow each other without a gap; `shares` leave out what nobody had to act in."""

    entries: list[Entry]
    shares: list[Share]
    total_seconds: float
    stays: list[Stay] = field(default_factory=list)

    @property
    def current(self) -> Entry:
        return self.entries[-1]

    @property
    def held_since(self) -> dt.datetime:
        """Since when the present holder holds it: what follows each other in one hand counts together."""
        since = self.current.stretch.starts_at
        for entry in reversed(self.entries):
            if entry.holder != self.current.holder:
                break
            since = entry.stretch.starts_at
        return since


def ledger_of(
    submission: Submission,
    *,
    now: dt.datetime | None = None,
    records: Sequence[AuditRecord] | None = None,
) -> Ledger:
    """The ledger up to `now`. `records` are those of `moves_of`, where they are in hand."""
    now = now or timezone.now()
    records = moves_of(submission) if records is None else records
    stays = _stays(submission, records, now)
    spans = [*_incidents(records, stays), *_spans(submission, stays, now)]
    stretches = stretches_of(stays, spans, holder_of=HOLDERS)
    entries = _entries(stretches, records)
    if TURNS[submission.state] != Turn.NOBODY:
        entries[-1] = replace(entries[-1], is_running=True)
    shares = shares_of(lengths_by_holder(stretches))
    return Ledger(entries, shares, sum(share.seconds for share in shares), stays)


def _entries(stretches: Sequence[Stretch], records: Sequence[AuditRecord]) -> list[Entry]:
    by_order = {record.pk: record for record in records}
    entries: list[Entry] = []
    before: Stretch | None = None
    for stretch in stretches:
        record = by_order.get(stretch.order)
        is_cut = before is not None and before.order == stretch.order
        if stretch.cause:
            entries.append(Entry(stretch, stretch.cause))
        elif is_cut and before is not None and before.cause:
            entries.append(Entry(stretch, _("%(cause)s: over") % {"cause": before.cause}))
        elif record is None:
            entries.append(Entry(stretch, _("Draft started") if not stretch.order else _("Brought in")))
        else:
            who = record.actor.name if record.actor else _("The portal")
            entries.append(Entry(stretch, f"{who} {history.sentence(record)[0]}", record))
        before = stretch
    return entries


def moves_of(submission: Submission) -> list[AuditRecord]:
    """The records that moved the submission from state to state, oldest first."""
    found = audit.history(submission).filter(
        object_key=audit.key_of(submission), action__startswith="submission.", data__has_key="to"
    )
    return list(reversed(found))


def _stays(submission: Submission, records: Sequence[AuditRecord], now: dt.datetime) -> list[Stay]:
    marks = [Mark(record.pk, record.at, str(record.data["to"])) for record in records]
    last = marks[-1].state if marks else str(SubmissionState.DRAFT)
    if last != submission.state:
        # A row written by other means than the services (an import, say): its state counts.
        order = max((mark.order for mark in marks), default=0) + 1
        marks.append(Mark(order, submission.state_changed_at, submission.state))
    ends_at = now if TURNS[submission.state] != Turn.NOBODY else submission.state_changed_at
    return stays_of(marks, begins_at=submission.created_at, ends_at=ends_at, first=str(SubmissionState.DRAFT))


def shares_of(lengths: dict[str, dt.timedelta]) -> list[Share]:
    """Longest first. The percentages are rounded so that they add up to 100."""
    seconds = {
        holder: length.total_seconds()
        for holder, length in lengths.items()
        if holder != Holder.NOBODY and length
    }
    whole = sum(seconds.values())
    ordered = sorted(seconds, key=lambda holder: -seconds[holder])
    exact = {holder: 100 * seconds[holder] / whole for holder in ordered}
    percents = {holder: int(part) for holder, part in exact.items()}
    rest = sorted(ordered, key=lambda holder: percents[holder] - exact[holder])
    for holder in rest[: 100 - sum(percents.values())] if whole else []:
        percents[holder] += 1
    offsets = accumulate((percents[holder] for holder in ordered), initial=0)
    return [
        Share(Holder(holder), seconds[holder], percents[holder], offset)
        for holder, offset in zip(ordered, offsets, strict=False)
    ]


def _spans(submission: Submission, stays: Sequence[Stay], now: dt.datetime) -> list[Span]:
    """What takes time from its usual holder; the first that covers an instant has it."""
    states = {stay.state for stay in stays}
    spans: list[Span] = []
    if states & _TESTING:
        spans += _pauses(submission.pk, now)
    if states & _TRAVELLING:
        spans += _freezes(submission.pk, stays, now)
    return spans


def _incidents(records: Sequence[AuditRecord], stays: Sequence[Stay]) -> list[Span]:
    """The stays in which an incident held the rollout, whole: its own end, or a person, let it go on.

    When the incident ends and another one keeps the rollout, the first one's name stays.
    """
    held_by = {record.pk: record for record in records if record.data.get("cause") == "incident"}
    return [
        Span(
            Holder.INCIDENT, stay.starts_at, stay.ends_at, _HELD,
            held_by[stay.order].reason, str(held_by[stay.order].data.get("incident", "")),
        )
        for stay in stays
        if stay.state in _HELD and stay.order in held_by
    ]  # fmt: skip


def _pauses(submission_id: UUID, now: dt.datetime) -> list[Span]:
    return [
        Span(
            PAUSE_HOLDERS[pause.kind], pause.starts_at, pause.ends_at or now, _TESTING,
            _("Deadline paused: %(kind)s") % {"kind": pause.get_kind_display()}, audit.key_of(pause),
        )
        for pause in ClockPause.objects.filter(preview__submission=submission_id)
    ]  # fmt: skip


def _freezes(submission_id: UUID, stays: Sequence[Stay], now: dt.datetime) -> list[Span]:
    found = Rollout.objects.filter(submission=submission_id).select_related("plan", "version")
    rollouts = list(found.prefetch_related("plan__waves"))
    freezes = _held_freezes() if rollouts else []
    return [
        span
        for rollout in rollouts
        for wait in _waits(rollout, stays, now)
        for span in kept_by(freezes, wait, calendar_of(rollout.plan), _TRAVELLING)
    ]


def _held_freezes() -> list[Window]:
    """Every freeze as long as it held: from when it was known, until its end or until it was taken back."""
    return [
        Window(
            freeze.name,
            max(freeze.starts_at, freeze.created_at),
            min(freeze.ends_at, freeze.cancelled_at or freeze.ends_at),
            frozenset(freeze.regions),
            auth_kinds=frozenset(freeze.auth_kinds),
        )
        for freeze in Freeze.objects.filter(opens=False)
    ]


def _waits(rollout: Rollout, stays: Iterable[Stay], now: dt.datetime) -> list[Wait]:
    """For each wave the times in which only calendars stood between it and its start."""
    regions: dict[int, set[str]] = {}
    for wave_id, code in rollout.deployments.filter(action="deploy").values_list("wave_id", "region_id"):
        regions.setdefault(wave_id, set()).add(code)
    bakes = {wave.number: wave for wave in rollout.plan.waves.all()}
    auth_kinds = frozenset(rollout.version.facts.get("authentication", ()))
    travelling = [stay for stay in stays if stay.state in _TRAVELLING]
    waits, before = [], None
    for wave in rollout.waves.order_by("number"):
        since = before.finished_at if before else rollout.created_at
        if since is None:
            break
        until = wave.started_at or wave.finished_at or rollout.finished_at or now
        not_before = _not_before(rollout.plan, before, bakes)
        waits += [
            Wait(start, end, frozenset(regions.get(wave.pk, ())), not_before, auth_kinds)
            for stay in travelling
            if (start := max(since, stay.starts_at)) < (end := min(until, stay.ends_at))
        ]
        before = wave
    return waits


def _not_before(
    plan: RolloutPlan, before: RolloutWave | None, bakes: Mapping[int, PlanWave]
) -> dt.datetime | None:
    """When the plan's spacing and the bake of the wave in front let a wave start, whatever is frozen."""
    if before is None or before.started_at is None or before.finished_at is None:
        return None
    calendar = calendar_of(plan)
    if plan.hours_between_waves:
        spaced = before.started_at + dt.timedelta(hours=plan.hours_between_waves)
    else:
        day = calendar.add_business_days(calendar.date_of(before.started_at), plan.days_between_waves)
        spaced = calendar.instant(day)
    bake = bakes.get(before.number)
    if bake is None:
        return spaced
    wall = before.finished_at + dt.timedelta(seconds=bake.bake_seconds)
    return max(spaced, wall, calendar.add_business_seconds(before.finished_at, bake.bake_business_seconds))


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table, newest first: `page` and `anchor` lead to its event in the history."""

    entry: Entry
    page: int = 0
    anchor: str = ""


def rows_of(ledger: Ledger, records: QuerySet[AuditRecord]) -> list[Row]:
    """The stretches with where `records`, the history as its reader sees it, tells of their events."""
    ids = records.values_list("pk", flat=True)
    places = {pk: index // HISTORY_PAGE + 1 for index, pk in enumerate(ids)}
    return [
        Row(entry, places[entry.record.pk], f"event-{entry.record.pk}")
        if entry.record and entry.record.pk in places
        else Row(entry)
        for entry in reversed(ledger.entries)
    ]


@dataclass(frozen=True, slots=True)
class StepTime:
    """All the time in one part of the way, split among its holders."""

    label: str
    seconds: float
    shares: list[Share]


def by_step(ledger: Ledger) -> list[StepTime]:
    """The parts of the way in their order; those never reached are left out."""
    found = []
    for key, (label, _states) in STEPS.items():
        inside = [entry.stretch for entry in ledger.entries if STEP_OF[entry.stretch.state] == key]
        shares = shares_of(lengths_by_holder(inside))
        if shares:
            found.append(StepTime(label, sum(share.seconds for share in shares), shares))
    return found


def pauses_of(submission: Submission) -> QuerySet[ClockPause]:
    """The pauses of its clocks, newest first."""
    return (
        ClockPause.objects.filter(preview__submission=submission)
        .select_related("started_by", "ended_by", "preview")
        .order_by("-starts_at")
    )
