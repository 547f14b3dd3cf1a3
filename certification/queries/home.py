"""What the first page shows: what waits for the reader, then one part for each of their roles."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from certification.lifecycle import NEXT_STEPS, OPEN_STATES
from certification.models import GuestTester, Preview, Rollout, RolloutWave, Submission, Waiver
from certification.queries.home_operator import OperatorHome, Tile, operator_home
from certification.queries.reviews import REVIEWER_STATES, Queue, QueueFilter, review_queue, waivers_to_decide
from certification.queries.submissions import ListFilter, ListRow, mine, rows_with_dates, submissions_for
from certification.queries.submit_by import SubmitBy, submit_by
from certification.queries.testers import accesses_of
from connectors.models import Connector, HealthAlert
from connectors.policies import roles_of
from portal.accounts.models import User
from portal.shared.words import lazy as _lazy

SHOWN = 6
_CONNECTORS = 12

# State -> (what the button says, URL name, what to do). States that are not here lead to the submission.
_DEEDS = {
    "draft": (_lazy("Go on with the form"), "submission_edit", _lazy("Finish the form and submit it.")),
    "validation_failed": (
        _lazy("See the findings"),
        "finding_list",
        _lazy("Correct the errors, upload the package again and resubmit."),
    ),
    "changes_requested": (
        _lazy("Answer the reviewer"),
        "submission_detail",
        _lazy("The reviewer asks for changes: answer the threads, upload and resubmit."),
    ),
    "preview_testing": (
        _lazy("Test and sign off"),
        "submission_detail",
        _lazy("It runs in Preview: test it, then sign off or refuse."),
    ),
    "preview_refused": (
        _lazy("Correct it"),
        "submission_edit",
        _lazy("Correct what was wrong in Preview and resubmit."),
    ),
    "expired": (
        _lazy("Reopen the Preview"),
        "submission_detail",
        _lazy("The time to test has run out; nothing is lost."),
    ),
    "preview_failed": (
        _lazy("See what failed"),
        "submission_detail",
        _lazy("Preview did not take it: look, then retry."),
    ),
    "signed_off": (
        _lazy("Plan the rollout"),
        "rollout_schedule",
        _lazy("Signed off: choose the day of the first wave."),
    ),
    "held": (
        _lazy("See the hold"),
        "submission_detail",
        _lazy("Resume it when the reason for the hold is gone."),
    ),
    "halted": (
        _lazy("Release or roll back"),
        "submission_detail",
        _lazy("Nothing is deployed until you release the halt or roll back."),
    ),
}


@dataclass(frozen=True, slots=True)
class Turn:
    """A submission that waits for the reader; `label` and `url_name` are of what they can do about it."""

    row: ListRow
    label: str
    url_name: str
    text: str


@dataclass(frozen=True, slots=True)
class MyConnector:
    """A connector of the reader's teams, with what is under way for it and how many alerts are open."""

    connector: Connector
    row: ListRow | None
    alerts: int


@dataclass(frozen=True, slots=True)
class Date:
    """One line of what comes next. `kind` is "wave" or "preview"; `pk` of the rollout or the submission."""

    at: datetime
    kind: str
    pk: Any
    title: str
    note: str


@dataclass(frozen=True, slots=True)
class MakerHome:
    connectors: list[MyConnector]
    connector_total: int
    dates: list[Date]
    deadlines: list[SubmitBy]


@dataclass(frozen=True, slots=True)
class ReviewerHome:
    tiles: list[Tile]
    queue: Queue
    waivers: list[Waiver]


@dataclass(frozen=True, slots=True)
class Home:
    """`turns` are no reviews: those are in the reviewer's part. `total` counts both."""

    turns: list[Turn]
    total: int
    maker: MakerHome | None = None
    reviewer: ReviewerHome | None = None
    operator: OperatorHome | None = None
    is_empty: bool = False
    guest_of: list[GuestTester] = field(default_factory=list)


def home_of(user: User) -> Home:
    """The first page of `user`, in a number of queries that does not grow with the data."""
    reviewer = _reviewer_home(user) if user.is_reviewer else None
    waiting = submissions_for(user, ListFilter()).filter(mine(user))
    if reviewer:
        waiting = waiting.exclude(state__in=REVIEWER_STATES)
    found = list(waiting[: SHOWN + 1])
    more = waiting.count()
    maker = _maker_home(user) if roles_of(user) else None
    is_empty = not user.staff_role and not found and not (maker and maker.connectors)
    return Home(
        turns=[_turn(row) for row in rows_with_dates(found[:SHOWN])],
        total=more + (reviewer.queue.counts["all"] if reviewer else 0),
        maker=maker,
        reviewer=reviewer,
        operator=operator_home(user) if user.is_operator else None,
        is_empty=is_empty,
        guest_of=list(accesses_of(user)[:SHOWN]) if is_empty else [],
    )


def _turn(row: ListRow) -> Turn:
    state = row.submission.state
    label, url_name, text = _DEEDS.get(state, ("Open", "submission_detail", NEXT_STEPS[state]))
    return Turn(row, label, url_name, text)


def _maker_home(user: User) -> MakerHome:
    teams = list(roles_of(user))
    own = Connector.objects.filter(publisher__in=teams).exclude(state__in=["cancelled", "retired"])
    submissions = (
        Submission.objects.filter(connector__publisher__in=teams, state__in=OPEN_STATES)
        .with_page_data()
        .order_by("-state_changed_at", "pk")[:_CONNECTORS]
    )
    rows: dict[Any, ListRow] = {}
    for row in rows_with_dates(list(submissions)):
        rows.setdefault(row.submission.connector_id, row)
    connectors = {
        each.pk: each for each in own.filter(pk__in=rows).select_related("publisher", "live_version")
    }
    quiet = own.exclude(pk__in=rows).select_related("publisher", "live_version").order_by("name", "pk")
    listed = [connectors[pk] for pk in rows if pk in connectors]
    listed += list(quiet[: max(_CONNECTORS - len(listed), 0)])
    alerts = list(
        HealthAlert.objects.filter(connector__in=listed)
        .open()
        .order_by()
        .values_list("connector_id", flat=True)
    )
    return MakerHome(
        connectors=[MyConnector(each, rows.get(each.pk), alerts.count(each.pk)) for each in listed],
        connector_total=own.count(),
        dates=_dates(Q(connector__publisher__in=teams)),
        deadlines=submit_by() if listed else [],
    )


def _dates(of_teams: Q) -> list[Date]:
    """Preview deadlines and planned waves of the connectors of `of_teams`, soonest first."""
    previews = (
        Preview.objects.filter(state="testing", deadline_at__isnull=False)
        .filter(submission__in=Submission.objects.filter(of_teams).values("pk"))
        .select_related("submission__connector")
        .order_by("deadline_at")[:SHOWN]
    )
    dates = [
        Date(
            each.deadline_at,
            "preview",
            each.submission_id,
            str(each.submission.connector),
            _("Preview: sign off by then"),
        )
        for each in previews
        if each.deadline_at
    ]
    dates += [
        Date(
            wave.planned_at,
            "wave",
            wave.rollout_id,
            str(wave.rollout.connector),
            _("Wave %(number)s: %(name)s") % {"number": wave.number, "name": wave.name},
        )
        for wave in next_waves(of_teams)[:SHOWN]
        if wave.planned_at
    ]
    return sorted(dates, key=lambda each: each.at)[:SHOWN]


def next_waves(of_connectors: Q) -> QuerySet[RolloutWave]:
    """The planned waves of rollouts under way, soonest first."""
    rollouts = Q(rollout__in=Rollout.objects.filter(of_connectors).values("pk"))
    return (
        RolloutWave.objects.filter(rollouts, state="planned", rollout__state__in=["scheduled", "running"])
        .select_related("rollout__connector", "rollout__version")
        .order_by("planned_at", "pk")
    )


def _reviewer_home(user: User) -> ReviewerHome:
    queue = review_queue(user, QueueFilter(sort="deadline"))
    # One's own claims first, then what is due first; what belongs to one's own team is for others.
    rows = sorted(queue.rows, key=lambda row: (row.is_own_team, not row.is_mine, row.deadline))
    shown = Queue(rows[:SHOWN], queue.page, queue.counts, queue.kinds)
    return ReviewerHome(_reviewer_tiles(queue), shown, list(waivers_to_decide(user)[:SHOWN]))


def _reviewer_tiles(queue: Queue) -> list[Tile]:
    counts = queue.counts
    soon = sum(row.is_soon for row in queue.rows)
    return [
        Tile(_("In the queue"), counts["all"], "review_queue", "inbox"),
        Tile(_("Claimed by you"), counts["mine"], "review_queue", "user-check", query="?view=mine"),
        Tile(_("Free to take"), counts["unclaimed"], "review_queue", "hand-stop", query="?view=unclaimed"),
        Tile(
            _("Due within a day"),
            soon,
            "review_queue",
            "clock",
            tone="warning" if soon else "",
            query="?sort=deadline",
        ),
        Tile(
            _("Overdue"),
            counts["overdue"],
            "review_queue",
            "hourglass",
            tone="danger" if counts["overdue"] else "",
            query="?view=overdue",
        ),
    ]
