"""The world of an upgrade: a wave for every region, and rollouts that are due. Run in the release before."""

from __future__ import annotations

import datetime as dt
import os

from tests.faults import release_before  # noqa: F401 - first: this process is of that release

# isort: split
from certification.models import RolloutWave
from certification.services.clock import database_now
from connectors.models import Region
from tests.factories import ConnectorFactory
from tests.factories.rollouts import add_plan, add_submission, make_due
from tests.faults import campaign_seed
from tests.regions.places import TOKEN


def main() -> None:
    """CAMPAIGN_REGIONS and CAMPAIGN_ROLLOUTS say how many."""
    codes = os.environ["CAMPAIGN_REGIONS"].split()
    for code in ("preview-us", *codes):
        Region.objects.create(
            code=code, name=code.title(), base_url=f"{os.environ['AGENT_URL']}/{code}",
            credentials={"token": TOKEN}, is_preview=code == "preview-us",
        )  # fmt: skip
    cast = campaign_seed._Cast()
    plan = add_plan(cast.operator, *codes)
    for number in range(int(os.environ["CAMPAIGN_ROLLOUTS"])):
        connector = ConnectorFactory(publisher=cast.publisher)
        submission = add_submission(cast, state="signed_off", connector=connector, marker=str(number))
        campaign_seed._approve(cast, submission)
        make_due(campaign_seed._schedule(cast, submission, plan))
    # The test lets each wave but the first begin.
    later = RolloutWave.objects.exclude(name=f"Wave of {codes[0]}")
    later.filter(state="planned").update(due_at=database_now() + dt.timedelta(days=1))


if __name__ == "__main__":
    main()
