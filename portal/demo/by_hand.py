"""A station that people serve, with a task that waits and one that was done; first looks come later."""

from __future__ import annotations

from asgiref.sync import async_to_sync
from django.db import connection

from certification.models import RegionTask
from certification.regions.protocol import Action, DeployCommand
from certification.services import region_tasks, regions
from certification.services.endpoints import endpoint_of
from certification.services.manual_regions import ManualDriver
from connectors.models import Connector, Region
from portal.accounts.models import User

CODE = "arctic-station"
INSTRUCTIONS = """1. Ask the station's duty officer for a window; they answer within the hour.
2. Copy the package to the share “Import” and run “Activate” in the station's console.
3. The console shows the SHA-256 of what it runs: type that here."""


def add_station(*, administrator: User, operator: User) -> None:
    """Not in any plan, so that no rollout of the demo waits for a person."""
    draft = regions.RegionDraft(
        name="Arctic station", geography="Arctic", driver="manual",
        settings={"instructions": INSTRUCTIONS, "confirmation_days": 30},
    )  # fmt: skip
    region = regions.add_region(CODE, draft, secrets={}, actor=administrator)
    live = Connector.objects.exclude(live_version=None).select_related("live_version").order_by("slug")[:2]
    for connector in live:
        ask_for(region, connector)
    done = RegionTask.objects.filter(region=region).order_by("created_at").first()
    if done is not None:
        do(done, actor=operator)


def do(task: RegionTask, *, actor: User) -> None:
    """Somebody does it, and types the digest that the console shows."""
    region_tasks.take(task, actor=actor)
    region_tasks.finish(task, seen_digest=task.digest, note="Took ten minutes.", actor=actor)


def ask_for(region: Region, connector: Connector) -> None:
    """A task for the station's people: install what is live."""
    version = connector.live_version
    assert version is not None
    command = DeployCommand(
        idempotency_key=f"station:{connector.slug}:1", connector=connector.slug, deployment_number=1,
        action=Action.DEPLOY, version=version.label, digest=version.digest,
    )  # fmt: skip
    async_to_sync(ManualDriver().deploy)(endpoint_of(region), command)


def look_later() -> None:
    """The regions of the demo are filled only after this: nobody should look before, and not all at once.

    Looks of the last half hour are told, as all that regions did: they found what those before them found.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE certification_placement
                  SET next_probe_at = statement_timestamp() + make_interval(mins => 10)
                                      + random() * make_interval(mins => 20),
                      probed_at = CASE WHEN disagrees_since IS NULL AND probed_at IS NOT NULL
                                       THEN statement_timestamp() - random() * make_interval(mins => 25)
                                       ELSE probed_at END"""
        )
