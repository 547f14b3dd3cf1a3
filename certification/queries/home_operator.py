"""The operator's part of the first page: what runs now, and everything that should not be there."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from certification.lifecycle import ENDED_ROLLOUT_STATES
from certification.models import Incident, Placement, RegionDeployment, RegionTask, Rollout
from certification.queries.incidents import incidents
from certification.queries.region_tasks import waiting
from certification.queries.rollouts import board
from connectors.models import HealthAlert
from portal.accounts.models import User
from portal.shared.models import OutboxJob

SHOWN = 6


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure with the address of what it counts; `tone` marks what should not be there."""

    label: str
    value: int
    url_name: str
    icon: str
    tone: str = ""
    query: str = ""


@dataclass(frozen=True, slots=True)
class OperatorHome:
    """Lists are cut at `SHOWN`; the tiles have the whole numbers."""

    tiles: list[Tile]
    rollouts: list[Rollout]
    alerts: list[HealthAlert]
    incidents: list[Incident]
    troubles: list[RegionDeployment]
    tasks: list[RegionTask]
    parked: list[OutboxJob]

    @property
    def is_quiet(self) -> bool:
        return not (self.alerts or self.incidents or self.troubles or self.tasks or self.parked)


def operator_home(user: User) -> OperatorHome:
    active = board(user)
    firing = HealthAlert.objects.open().select_related("connector").order_by("-created_at", "pk")
    open_incidents = incidents().filter(state="open")
    # A rollout that has ended needs nobody any more, whatever became of a region.
    troubles = (
        RegionDeployment.objects.filter(state__in=["failed", "unknown"])
        .exclude(rollout__state__in=ENDED_ROLLOUT_STATES)
        .select_related("region", "connector", "rollout")
        .order_by("-state_changed_at", "pk")
    )
    parked = OutboxJob.objects.filter(state=OutboxJob.State.PARKED).order_by("-id")
    tasks = waiting(user)
    disagreeing = Placement.objects.filter(disagrees_since__isnull=False).count()
    return OperatorHome(
        tiles=[
            _tile(_("Rollouts now"), active.count(), "rollout_list", "rocket", tone=""),
            _tile(_("Alerts"), firing.count(), "health_alert_list", "bell"),
            _tile(_("Incidents"), open_incidents.count(), "incident_list", "alert-triangle", tone="warning"),
            _tile(_("Failed regions"), troubles.count(), "rollout_list", "world"),
            _tile(_("Disagreements"), disagreeing, "rollout_list", "git-compare"),
            _tile(_("To do by hand"), tasks.count(), "region_task_list", "hand-stop", tone="warning"),
            _tile(_("Jobs parked"), parked.count(), "job_list", "activity", tone="warning"),
        ],
        rollouts=list(active[:SHOWN]),
        alerts=list(firing[:SHOWN]),
        incidents=list(open_incidents[:SHOWN]),
        troubles=list(troubles[:SHOWN]),
        tasks=list(tasks[:SHOWN]),
        parked=list(parked[:SHOWN]),
    )


def _tile(label: str, value: int, url_name: str, icon: str, *, tone: str = "danger") -> Tile:
    return Tile(label, value, url_name, icon, tone=tone if value else "")
