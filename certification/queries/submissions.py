"""Reads of submissions: the list with what needs me first, and everything the submission's own page tells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Case, F, FloatField, IntegerField, Q, QuerySet, Value, When
from django.db.models.functions import Extract
from django.utils import timezone
from django.utils.translation import gettext as _

from certification.lifecycle import (
    NEXT_STEPS,
    OPEN_STATES,
    PREPARING_STATES,
    SUBMISSION,
    TURNS,
    SubmissionState,
    Turn,
)
from certification.models import (
    CredentialReveal,
    ForecastSnapshot,
    Holder,
    Revision,
    Submission,
    TestCredential,
)
from certification.planning.stages import Forecast, Spread, forecast
from certification.policies import can_see_private_notes
from certification.queries import clock
from certification.queries.forecast import defaults_of, histories_of, history_of
from certification.queries.forecasts import of_whole
from certification.queries.ledger import Ledger, ledger_of, moves_of
from connectors.models import Connector, Membership, Version
from connectors.models.publishers import Role
from connectors.queries.versions import told_note
from portal.shared import audit
from portal.shared.models import AuditRecord
from portal.shared.words import lazy as _lazy

STATE_GROUPS: dict[str, tuple[str, tuple[str, ...]]] = {
    "open": (_lazy("Under way"), tuple(sorted(OPEN_STATES))),
    "draft": (_lazy("Drafts"), ("draft",)),
    "returned": (
        _lazy("Sent back"),
        ("validation_failed", "changes_requested", "preview_refused", "expired"),
    ),
    "review": (_lazy("In review"), ("submitted", "validating", "in_review")),
    "preview": (_lazy("Preview"), ("approved", "preview_deploying", "preview_failed", "preview_testing")),
    "rollout": (
        _lazy("Rollout"),
        ("signed_off", "scheduled", "rolling_out", "held", "halted", "rolling_back"),
    ),
    "live": (_lazy("Live"), ("live",)),
    "ended": (_lazy("Ended"), tuple(sorted(SUBMISSION.terminal))),
}

_PUBLISHER_TURN = tuple(state for state, turn in TURNS.items() if turn == Turn.PUBLISHER)
_REVIEWER_TURN = tuple(state for state, turn in TURNS.items() if turn == Turn.REVIEWER)
_OPERATOR_TURN = tuple(state for state, turn in TURNS.items() if turn == Turn.OPERATOR)


def mine(user: Any) -> Q:
    """The submissions in which `user` personally can take the next step."""
    team = Membership.objects.filter(user=user)
    writers = team.filter(role__in=[Role.OWNER, Role.DEVELOPER]).values("publisher")
    testers = team.filter(role=Role.TESTER).values("publisher")
    found = Q(state__in=_PUBLISHER_TURN, connector__publisher__in=writers) | Q(
        state="preview_testing", connector__publisher__in=testers
    )
    if user.is_reviewer:
        found |= Q(state__in=_REVIEWER_TURN) & ~Q(connector__publisher__in=team.values("publisher"))
    if user.is_operator:
        found |= Q(state__in=_OPERATOR_TURN)
    return found


@dataclass(frozen=True, slots=True)
class ListFilter:
    """What the list was asked for; empty strings mean everything."""

    group: str = ""
    turn: str = ""
    publisher: str = ""
    text: str = ""

    @property
    def is_on(self) -> bool:
        return bool(self.group or self.turn or self.publisher or self.text)


def submissions_for(user: Any, asked: ListFilter) -> QuerySet[Submission]:
    """What `user` may see, those that wait for them first (longest wait first), then by latest change.

    Each row carries `is_mine`: 1 when the next step is theirs.
    """
    rank = Case(
        When(mine(user), then=Value(0)),
        When(state__in=OPEN_STATES, then=Value(1)),
        default=Value(2),
        output_field=IntegerField(),
    )
    changed = Extract("state_changed_at", "epoch", output_field=FloatField())
    found = (
        Submission.objects.visible_to(user)
        .with_page_data()
        .annotate(rank=rank)
        .annotate(
            is_mine=Case(When(rank=0, then=Value(1)), default=Value(0)),
            order=Case(When(rank=0, then=changed), default=-changed, output_field=FloatField()),
        )
        .order_by("rank", "order", "-created_at", "pk")
    )
    return _narrowed(found, asked, user)


def _narrowed(found: QuerySet[Submission], asked: ListFilter, user: Any) -> QuerySet[Submission]:
    if asked.group in STATE_GROUPS:
        found = found.filter(state__in=STATE_GROUPS[asked.group][1])
    if asked.turn == "mine":
        found = found.filter(mine(user))
    elif asked.turn in Turn.values:
        found = found.filter(state__in=[state for state, turn in TURNS.items() if turn == asked.turn])
    if asked.publisher:
        found = found.filter(connector__publisher__slug=asked.publisher)
    if asked.text:
        found = found.filter(
            Q(reference__iexact=asked.text)
            | Q(reference__iexact=f"S-{asked.text}")
            | Q(connector__name__icontains=asked.text)
            | Q(connector__publisher__name__icontains=asked.text)
        )
    return found


@dataclass(frozen=True, slots=True)
class ListRow:
    submission: Submission
    expected: Forecast | None
    is_mine: bool


def rows_with_dates(submissions: list[Submission], *, now: datetime | None = None) -> list[ListRow]:
    """The page's rows with their expected dates: one query for what has passed, one for rollouts."""
    now = now or timezone.now()
    planned = of_whole([submission.pk for submission in submissions]) if submissions else {}
    histories = histories_of({submission.kind for submission in submissions})
    return [
        ListRow(
            submission,
            _expected(submission, histories[submission.kind], now, planned),
            bool(getattr(submission, "is_mine", 0)),
        )
        for submission in submissions
    ]


def _expected(
    submission: Submission,
    history: dict[str, Spread],
    now: datetime,
    planned: Mapping[UUID, ForecastSnapshot],
) -> Forecast | None:
    """From the forecast of its rollout where there is one, else from how long others took."""
    whole = planned.get(submission.pk)
    if whole:
        early, late = max(whole.early, now), max(whole.late, now)
        return Forecast(early, late, early, late, whole.late < now, whole.is_measured)
    return forecast(
        submission.state,
        since=submission.state_changed_at,
        now=now,
        history=history,
        defaults=defaults_of(submission.kind),
    )


@dataclass(frozen=True, slots=True)
class Step:
    """One mark of the pipeline strip, as `_pipeline.html` shows it."""

    label: str
    state: str
    took: float | None = None
    since: datetime | None = None
    expected: datetime | None = None
    note: str = ""
    url: str = ""


# (label, the states spent in it). A step is done when a later one was reached.
_STEPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (_lazy("Draft"), ("draft",)),
    (_lazy("Submitted"), ("submitted",)),
    (_lazy("Validated"), ("validating", "validation_failed")),
    (_lazy("Reviewed"), ("in_review", "changes_requested", "rejected")),
    (_lazy("Preview"), ("approved", "preview_deploying", "preview_failed")),
    (_lazy("Sign-off"), ("preview_testing", "preview_refused", "expired")),
    (
        _lazy("Rollout"),
        ("signed_off", "scheduled", "rolling_out", "held", "halted", "rolling_back", "rolled_back"),
    ),
    (_lazy("Live"), ("live", "superseded")),
)
_FAILED = frozenset(
    {
        "validation_failed",
        "rejected",
        "preview_failed",
        "preview_refused",
        "expired",
        "halted",
        "rolled_back",
    }
)


def pipeline(submission: Submission, stays: list[clock.Interval], expected: Forecast | None) -> list[Step]:
    """The eight steps from draft to live, with the time spent in each and the date expected for the last."""
    spent = clock.seconds_by_state(stays)
    at = _step_of(submission, stays)
    steps = []
    for index, (label, states) in enumerate(_STEPS):
        seconds = sum(spent.get(state, 0.0) for state in states)
        reached = any(state in spent for state in states)
        steps.append(_step(submission, label, index, at, seconds if reached else None, expected))
    return steps


def _step_of(submission: Submission, stays: list[clock.Interval]) -> int:
    """The position of the present state; for a withdrawn one, where it was when it was taken back."""
    state = submission.state
    if state == SubmissionState.WITHDRAWN:
        state = stays[-2].state if len(stays) > 1 else SubmissionState.DRAFT
    return next(index for index, (_, states) in enumerate(_STEPS) if state in states)


def _step(
    submission: Submission, label: str, index: int, at: int, seconds: float | None, expected: Forecast | None
) -> Step:
    state = submission.state
    if index < at:
        return Step(label, "done", took=seconds) if seconds is not None else Step(label, "skipped")
    if index > at:
        is_last = index == len(_STEPS) - 1
        return Step(label, "upcoming", expected=expected.late if expected and is_last else None)
    if state == "superseded" and not submission.rollouts.filter(state="completed").exists():
        return Step(label, "skipped", note=_("Superseded"))
    if state in {"live", "superseded"}:
        return Step(label, "done", since=submission.state_changed_at)
    if state == "withdrawn":
        return Step(label, "skipped", note=_("Withdrawn"))
    if state in _FAILED:
        return Step(label, "failed", since=submission.state_changed_at)
    return Step(label, "current", since=submission.state_changed_at)


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a submission is, who holds it since when, what comes next and when it should be live."""

    steps: list[Step]
    turn: Turn
    turn_since: datetime
    next_step: str
    expected: Forecast | None
    stays: list[clock.Interval]
    ledger: Ledger

    @property
    def is_kept(self) -> bool:
        """A freeze or an incident holds it now, whoever's turn it would be."""
        return self.ledger.current.holder in {Holder.FREEZE, Holder.INCIDENT}


def progress(submission: Submission, *, now: datetime | None = None) -> Progress:
    """A fixed number of queries: the audit trail, the history of its kind, its rollout's forecast, and
    what the ledger asks about freezes and pauses."""
    now = now or timezone.now()
    records = moves_of(submission)
    stays = clock.intervals_of(records, created_at=submission.created_at, now=now)
    expected = _expected(submission, history_of(submission.kind), now, of_whole([submission.pk]))
    # Rows written by other means than the services (an import, say) have no trail: their state counts.
    consistent = stays[-1].state == submission.state
    since = clock.turn_since(stays) if consistent else submission.state_changed_at
    return Progress(
        steps=pipeline(submission, stays, expected),
        turn=submission.turn,
        turn_since=since,
        next_step=_next_step(submission),
        expected=expected,
        stays=stays,
        ledger=ledger_of(submission, now=now, records=records),
    )


def _next_step(submission: Submission) -> str:
    if submission.state == "scheduled" and submission.rollouts.filter(state="queued").exists():
        return _(
            "It waits in line: another version of this connector is before it. It goes by itself when that "
            "has reached every region."
        )
    return NEXT_STEPS[submission.state]


def last_reason(submission: Submission) -> AuditRecord | None:
    """The record of the move into the present state, when somebody gave a reason for it."""
    record = (
        audit.history(submission)
        .filter(object_key=audit.key_of(submission), data__to=submission.state)
        .order_by("-id")
        .first()
    )
    return record if record and record.reason else None


def history_for(user: Any, submission: Submission) -> QuerySet[AuditRecord]:
    """The audit trail as `user` may see it: reviewers' private notes leave no trace for the team."""
    records = audit.history(submission)
    return (
        records
        if can_see_private_notes(user, submission)
        else records.exclude(data__contains={"private": True})
    )


def choosable_versions(submission: Submission) -> QuerySet[Version]:
    """Packages of the connector that the form may hold, newest first; the live one is not among them."""
    found = submission.connector.versions.order_by("-number")
    live_id = submission.connector.live_version_id
    return found.exclude(pk=live_id) if live_id else found


def credentials_of(submission: Submission) -> QuerySet[TestCredential]:
    """Without their values: nothing that is shown needs to be decrypted."""
    return submission.credentials.defer("fields").select_related("updated_by")


def reveals_of(submission: Submission) -> QuerySet[CredentialReveal]:
    """Who looked at which credential and why, newest first."""
    return (
        submission.credential_reveals.select_related("user", "credential")
        .defer("credential__fields")
        .order_by("-at")
    )


def tree_nodes(tree: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The stored list of paths as nested folders, for `_file_tree.html`."""
    root: list[dict[str, Any]] = []
    folders: dict[str, list[dict[str, Any]]] = {"": root}
    for entry in sorted(tree, key=lambda entry: str(entry["path"])):
        *parents, name = str(entry["path"]).split("/")
        level, path = root, ""
        for parent in parents:
            path = f"{path}/{parent}"
            if path not in folders:
                folders[path] = []
                level.append({"name": parent, "kind": "dir", "children": folders[path]})
            level = folders[path]
        level.append(
            {
                "name": name,
                "kind": "file",
                "size": entry.get("size"),
                "state": entry.get("state", "ok"),
                "note": told_note(entry.get("note", "")),
            }
        )
    return root


def open_submission_of(connector_id: Any) -> Submission | None:
    """The one a connector page links to: the latest."""
    return (
        Submission.objects.filter(connector_id=connector_id, state__in=OPEN_STATES)
        .order_by(F("created_at"))
        .last()
    )


def revisions_of(submission: Submission) -> QuerySet[Revision]:
    """What was handed in, newest first."""
    return submission.revisions.select_related("version", "handed_in_by").order_by("-number")


@dataclass(frozen=True, slots=True)
class Choice:
    """A connector to submit for. `preparing` keeps another draft from it; `travelling` is what a new version
    would wait behind."""

    connector: Connector
    preparing: Submission | None
    travelling: Submission | None


def submission_choices(connectors: QuerySet[Connector]) -> list[Choice]:
    """Each connector with what is under way for it, in two queries."""
    found = list(connectors)
    under_way = list(Submission.objects.filter(connector__in=found, state__in=OPEN_STATES))
    preparing = {row.connector_id: row for row in under_way if row.state in PREPARING_STATES}
    travelling = {row.connector_id: row for row in under_way if row.state not in PREPARING_STATES}
    return [Choice(row, preparing.get(row.pk), travelling.get(row.pk)) for row in found]
