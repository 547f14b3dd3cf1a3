"""What the first page shows: what waits for the reader, what moves, what comes next."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q, QuerySet

from certification.lifecycle import OPEN_STATES
from certification.models import GuestTester, Placement, RegionDeployment, RolloutWave, Submission
from certification.queries.reviews import QueueFilter, QueueRow, review_queue
from certification.queries.rollouts import group_counts
from certification.queries.submissions import ListFilter, ListRow, mine, rows_with_dates, submissions_for
from certification.queries.submit_by import SubmitBy, submit_by
from certification.queries.testers import accesses_of
from connectors.models import Connector
from portal.accounts.models import User
from portal.shared.models import OutboxJob

SHOWN = 6


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure with the address of what it counts; `tone` marks what should not be there."""

    label: str
    value: int
    url_name: str
    query: str = ""
    note: str = ""
    tone: str = ""
    icon: str = ""


@dataclass(frozen=True, slots=True)
class Home:
    """`my_turn` waits for the reader; `moving` waits for others; `waves` are the next planned ones."""

    my_turn: list[ListRow]
    my_turn_total: int
    moving: list[ListRow]
    waves: list[RolloutWave]
    tiles: list[Tile]
    queue: list[QueueRow] = field(default_factory=list)
    deadlines: list[SubmitBy] = field(default_factory=list)
    is_empty: bool = False
    guest_of: list[GuestTester] = field(default_factory=list)


def home_of(user: User) -> Home:
    """The first page of `user`, in a number of queries that does not grow with the data."""
    found = submissions_for(user, ListFilter())
    waiting = found.filter(mine(user))
    my_turn = rows_with_dates(list(waiting[:SHOWN]))
    moving = rows_with_dates(list(found.filter(~mine(user), state__in=OPEN_STATES)[:SHOWN]))
    waves = list(next_waves(user)[:SHOWN])
    queue = review_queue(user, QueueFilter()) if user.is_reviewer else None
    is_empty = not (user.staff_role or my_turn or moving or _has_connectors(user))
    tiles = [*_publisher_tiles(user), *_reviewer_tiles(queue), *_operator_tiles(user)]
    return Home(
        my_turn=my_turn,
        my_turn_total=waiting.count(),
        moving=moving,
        waves=waves,
        tiles=tiles,
        queue=queue.rows[:SHOWN] if queue else [],
        deadlines=[] if user.staff_role or is_empty else submit_by(),
        is_empty=is_empty,
        guest_of=list(accesses_of(user)[:SHOWN]) if is_empty else [],
    )


def next_waves(user: Any) -> QuerySet[RolloutWave]:
    """The planned waves of rollouts the reader may see, soonest first."""
    visible = Q() if user.staff_role else Q(rollout__connector__publisher__memberships__user=user)
    return (
        RolloutWave.objects.filter(visible, state="planned", rollout__state__in=["scheduled", "running"])
        .select_related("rollout__connector", "rollout__version")
        .order_by("planned_at", "pk")
    )


def _has_connectors(user: User) -> bool:
    return Connector.objects.visible_to(user).exists()


def _publisher_tiles(user: User) -> list[Tile]:
    if user.staff_role:
        return []
    visible = Connector.objects.visible_to(user)
    under_way = Submission.objects.visible_to(user).filter(state__in=OPEN_STATES).count()
    return [
        Tile("Connectors", visible.exclude(state="cancelled").count(), "connector_list", icon="plug"),
        Tile(
            "Live",
            visible.filter(live_version__isnull=False).count(),
            "connector_list",
            note="in every region of their plan",
            icon="circle-check",
        ),
        Tile("Under way", under_way, "submission_list", "?group=open", icon="route"),
    ]


def _reviewer_tiles(queue: Any) -> list[Tile]:
    if queue is None:
        return []
    counts = queue.counts
    return [
        Tile("In the queue", counts["all"], "review_queue", icon="inbox"),
        Tile("Claimed by you", counts["mine"], "review_queue", "?view=mine", icon="user-check"),
        Tile("Free to take", counts["unclaimed"], "review_queue", "?view=unclaimed", icon="hand-stop"),
        Tile(
            "Overdue",
            counts["overdue"],
            "review_queue",
            "?view=overdue",
            tone="danger" if counts["overdue"] else "",
            icon="hourglass",
        ),
    ]


def _operator_tiles(user: User) -> list[Tile]:
    if not user.is_operator:
        return []
    active = next((count for key, _, count in group_counts(user) if key == "active"), 0)
    failed = RegionDeployment.objects.filter(state="failed").count()
    unknown = RegionDeployment.objects.filter(state="unknown").count()
    disagreeing = Placement.objects.filter(disagrees_since__isnull=False).count()
    parked = OutboxJob.objects.filter(state=OutboxJob.State.PARKED).count()
    to_plan = Submission.objects.filter(state="signed_off").count()
    return [
        Tile("Rollouts under way", active, "rollout_list", icon="rocket"),
        Tile("To be planned", to_plan, "submission_list", "?turn=operator", icon="calendar"),
        Tile(
            "Regions failed",
            failed,
            "rollout_list",
            tone="danger" if failed else "",
            note=f"{unknown} without an answer" if unknown else "",
            icon="world",
        ),
        Tile(
            "Disagreements",
            disagreeing,
            "rollout_list",
            tone="danger" if disagreeing else "",
            note="reported and probed differ",
            icon="alert-triangle",
        ),
        Tile("Jobs parked", parked, "job_list", tone="warning" if parked else "", icon="activity"),
    ]
