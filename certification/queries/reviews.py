"""The review queue: everything that waits for a reviewer, with its clock, and what stands in the way of
approval."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.core.paginator import Page, Paginator
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from certification.lifecycle import TURNS, Turn
from certification.models import (
    Comment,
    Decision,
    Lane,
    ReviewClaim,
    ReviewVisit,
    RolloutPlan,
    Submission,
    Thread,
    Validation,
    Waiver,
)
from certification.planning.calendar import Calendar
from certification.queries.plans import calendar_of
from certification.queries.rulebook import named_rule
from certification.queries.validation import (
    blocking_rules,
    known_validation,
    open_acknowledgements,
)
from certification.reviewing.deadlines import review_deadline
from connectors.policies import roles_of
from portal.accounts.models import User

ROWS_PER_PAGE = 25
LOOKING_SECONDS = 150
"""How long after the last sign of life a reviewer counts as looking at a page."""
REVIEWER_STATES = tuple(state for state, turn in TURNS.items() if turn == Turn.REVIEWER)


def review_calendar() -> Calendar:
    """Working days of the default plan; Monday to Friday without a plan."""
    plan = RolloutPlan.objects.filter(is_default=True, lane=Lane.ADDITIVE).first()
    return calendar_of(plan) if plan else Calendar()


@dataclass(frozen=True, slots=True)
class QueueFilter:
    """What the queue was asked for. `view`: "", "mine", "unclaimed" or "overdue"; `sort`: "" (place) or
    "deadline"."""

    view: str = ""
    kind: str = ""
    sort: str = ""


@dataclass(frozen=True, slots=True)
class QueueRow:
    """One submission of the queue. `position` counts from 1 over the whole queue; `is_own_team` rows cannot
    be decided by the reader. Counts of findings are None before the first verdict. `used_percent` is how
    much of the time until the deadline has passed."""

    submission: Submission
    position: int
    deadline: datetime
    is_overdue: bool
    claim: ReviewClaim | None
    errors: int | None
    warnings: int | None
    unresolved: int
    last_activity: datetime
    is_mine: bool
    is_own_team: bool
    is_soon: bool
    used_percent: int


@dataclass(frozen=True, slots=True)
class Queue:
    """`page.object_list` holds the rows; `counts` are of the whole queue whatever the filter."""

    rows: list[QueueRow]
    page: Page[UUID]
    counts: dict[str, int]
    kinds: dict[str, int]


@dataclass(frozen=True, slots=True)
class _Place:
    pk: UUID
    kind: str
    deadline: datetime
    position: int
    holder: UUID | None


def waiting() -> QuerySet[Submission]:
    """Every submission whose turn is the reviewers', longest wait first. Resubmitting keeps the place."""
    return Submission.objects.filter(state__in=REVIEWER_STATES).order_by("queued_at", "pk")


def active_claims() -> QuerySet[ReviewClaim]:
    """Claims in force; one that ran out holds nobody up even before the timetable ends it."""
    return ReviewClaim.objects.filter(released_at=None, expires_at__gt=timezone.now())


def review_queue(user: User, asked: QueueFilter, *, page: int = 1, now: datetime | None = None) -> Queue:
    """A page of the queue in a number of queries that does not grow with it."""
    now = now or timezone.now()
    places = _places()
    chosen = [place for place in places if _matches(place, asked, user, now)]
    if asked.sort == "deadline":
        chosen.sort(key=lambda place: (place.deadline, place.position))
    shown = Paginator([place.pk for place in chosen], ROWS_PER_PAGE).get_page(page)
    by_pk = {place.pk: place for place in places}
    counts = {
        "all": len(places),
        "mine": sum(place.holder == user.pk for place in places),
        "unclaimed": sum(place.holder is None for place in places),
        "overdue": sum(place.deadline <= now for place in places),
    }
    kinds = dict(Counter(place.kind for place in places))
    return Queue(_rows(user, [by_pk[pk] for pk in shown.object_list], now), shown, counts, kinds)


def _places() -> list[_Place]:
    """The whole queue, light: what filters and counts need."""
    calendar = review_calendar()
    holder = active_claims().filter(submission=OuterRef("pk")).values("reviewer_id")[:1]
    rows = (
        waiting()
        .annotate(holder=Subquery(holder))
        .values_list("pk", "kind", "state_changed_at", "holder", named=True)
    )
    return [
        _Place(
            row.pk, row.kind, review_deadline(row.kind, row.state_changed_at, calendar), position, row.holder
        )
        for position, row in enumerate(rows, start=1)
    ]


def _matches(place: _Place, asked: QueueFilter, user: User, now: datetime) -> bool:
    if asked.kind and place.kind != asked.kind:
        return False
    if asked.view == "mine":
        return place.holder == user.pk
    if asked.view == "unclaimed":
        return place.holder is None
    return asked.view != "overdue" or place.deadline <= now


def _rows(user: User, places: Sequence[_Place], now: datetime) -> list[QueueRow]:
    ids = [place.pk for place in places]
    last_comment = Comment.objects.filter(thread__submission=OuterRef("pk")).order_by("-created_at")
    found = (
        Submission.objects.filter(pk__in=ids)
        .select_related("connector__publisher", "revision__version")
        .defer("intro", "revision__form", "revision__version__tree", "revision__version__facts")
        .annotate(last_comment_at=Subquery(last_comment.values("created_at")[:1]), unresolved=_unresolved())
    )
    submissions = {each.pk: each for each in found}
    claims = {
        each.submission_id: each
        for each in active_claims().filter(submission__in=ids).select_related("reviewer")
    }
    verdicts = _verdicts(list(submissions.values()))
    teams = roles_of(user)
    rows = []
    for place in places:
        submission = submissions.get(place.pk)
        if submission is None:
            continue
        verdict = verdicts.get(place.pk)
        claim = claims.get(place.pk)
        moments = [submission.state_changed_at, submission.last_comment_at, claim and claim.created_at]
        rows.append(
            QueueRow(
                submission=submission,
                position=place.position,
                deadline=place.deadline,
                is_overdue=place.deadline <= now,
                claim=claim,
                errors=verdict.errors if verdict else None,
                warnings=verdict.warnings if verdict else None,
                unresolved=submission.unresolved,
                last_activity=max(moment for moment in moments if moment),
                is_mine=bool(claim and claim.reviewer_id == user.pk),
                is_own_team=submission.connector.publisher_id in teams,
                is_soon=now < place.deadline and (place.deadline - now).total_seconds() < 86_400,
                used_percent=_used_percent(submission.state_changed_at, place.deadline, now),
            )
        )
    return rows


def _unresolved() -> Coalesce:
    """How many threads hold a submission up, counted beside its row."""
    threads = Thread.objects.holding_up().filter(submission=OuterRef("pk")).order_by().values("submission")
    return Coalesce(Subquery(threads.annotate(number=Count("pk")).values("number")), 0)


def _used_percent(since: datetime, deadline: datetime, now: datetime) -> int:
    whole = (deadline - since).total_seconds()
    return 100 if whole <= 0 else min(max(round(100 * (now - since).total_seconds() / whole), 0), 100)


def _verdicts(submissions: Sequence[Submission]) -> dict[UUID, Validation]:
    """Submission -> the newest verdict on its revision under its own profile; one query."""
    versions = {each.revision.version_id for each in submissions if each.revision}
    newest: dict[tuple[Any, str, str], Validation] = {}
    for verdict in Validation.objects.filter(version__in=versions).order_by("created_at"):
        newest[verdict.version_id, verdict.change_kind, verdict.publisher_kind] = verdict
    found = {}
    for each in submissions:
        change = "new" if each.kind == Submission.Kind.NEW else "update"
        key = (each.revision and each.revision.version_id, change, each.connector.publisher.kind)
        if key in newest:
            found[each.pk] = newest[key]
    return found


def waivers_to_decide(user: User) -> QuerySet[Waiver]:
    """Waivers that wait for a reviewer of another team, longest wait first."""
    return (
        Waiver.objects.filter(state="requested")
        .exclude(submission__state__in=["withdrawn", "rejected", "superseded", "rolled_back"])
        .exclude(submission__connector__publisher__in=list(roles_of(user)))
        .select_related("submission__connector__publisher", "requested_by")
        .order_by("created_at")
    )


def current_claim(submission: Submission) -> ReviewClaim | None:
    """The claim in force, with reviewer and who handed it over."""
    return active_claims().filter(submission=submission).select_related("reviewer", "handed_over_by").first()


def lookers(submission: Submission, user: User) -> list[User]:
    """Other reviewers who have the page open just now."""
    since = timezone.now() - timedelta(seconds=LOOKING_SECONDS)
    visits = ReviewVisit.objects.filter(submission=submission, seen_at__gte=since).exclude(user=user)
    return [visit.user for visit in visits.select_related("user").order_by("seen_at")]


def reviewers_for(submission: Submission, user: User) -> QuerySet[User]:
    """To whom a claim can be handed: active reviewers outside of the publisher's team."""
    team = submission.connector.publisher.memberships.values("user")
    return (
        User.objects.filter(staff_role__in=["reviewer", "administrator"], is_active=True)
        .exclude(pk__in=team)
        .exclude(pk=user.pk)
        .order_by("display_name", "email")
    )


def deadline_of(submission: Submission) -> datetime:
    """Until when the reviewers have to decide; counted from when the submission came to them."""
    return review_deadline(submission.kind, submission.state_changed_at, review_calendar())


def unresolved_public(submission: Submission) -> int:
    return Thread.objects.holding_up().filter(submission=submission).count()


def approval_blockers(submission: Submission) -> list[str]:
    """What stands in the way of an approval, one sentence each: open threads, errors without a valid
    waiver, and acknowledged ones that nobody has accepted."""
    blockers = []
    count = unresolved_public(submission)
    if count:
        blockers.append(
            ngettext(
                "%(count)s thread is not resolved yet.", "%(count)s threads are not resolved yet.", count
            )
            % {"count": count}
        )
    validation = submission.revision and known_validation(submission, submission.revision.version)
    if not validation:
        return blockers
    acknowledged = {waiver.rule for waiver in open_acknowledgements(submission)}
    uncovered = blocking_rules(submission, validation)
    for rule, places in blocking_rules(submission, validation, accepted=True).items():
        where = ngettext("%(n)s place", "%(n)s places", places) % {"n": places}
        if rule in acknowledged and rule not in uncovered:
            blockers.append(
                _("%(rule)s, in %(where)s, is acknowledged: accept it, or decline it.")
                % {"rule": named_rule(rule), "where": where}
            )
        else:
            blockers.append(
                _("%(rule)s, in %(where)s: no waiver covers it any more.")
                % {"rule": named_rule(rule), "where": where}
            )
    return blockers


def decisions_of(submissions: Sequence[Any]) -> QuerySet[Decision]:
    """The decisions on these submissions (ids that the caller saw already), oldest first."""
    found = Decision.objects.filter(submission__in=submissions).order_by("created_at", "pk")
    return found.select_related("submission", "reviewer", "revision")
