"""The world of a fault campaign: regions at the agent, a plan of waves, and rollouts that are due."""

from __future__ import annotations

import os

import django

django.setup()

from certification.services import schedule  # noqa: E402
from connectors.models import Region  # noqa: E402
from portal.accounts.models import User  # noqa: E402
from tests.factories import ConnectorFactory, MembershipFactory, PublisherFactory  # noqa: E402
from tests.factories.rollouts import add_plan, add_submission  # noqa: E402
from tests.regions.places import TOKEN  # noqa: E402


class _Cast:
    def __init__(self) -> None:
        self.publisher = PublisherFactory(name="Harbour Office", slug="harbour-office")
        self.operator = User.objects.create_user(
            "operator@portal.example", None, display_name="Operator", staff_role="operator"
        )
        owner = User.objects.create_user("owner@harbour.example", None, display_name="Owner")
        MembershipFactory(publisher=self.publisher, user=owner, role="owner")
        self.owner = self.developer = owner


def main() -> None:
    """REGIONS and ROLLOUTS say how many; waves take a third of the regions each."""
    codes = os.environ["CAMPAIGN_REGIONS"].split()
    address = os.environ["AGENT_URL"]
    for code in ("preview-us", *codes):
        Region.objects.create(
            code=code,
            name=code.title(),
            base_url=f"{address}/{code}",
            credentials={"token": TOKEN},
            is_preview=code == "preview-us",
        )
    cast = _Cast()
    third = -(-len(codes) // 3)
    waves = [" ".join(codes[start : start + third]) for start in range(0, len(codes), third)]
    plan = add_plan(cast.operator, *waves)
    for number in range(int(os.environ["CAMPAIGN_ROLLOUTS"])):
        connector = ConnectorFactory(publisher=cast.publisher)
        submission = add_submission(cast, state="signed_off", connector=connector, marker=str(number))
        dates = schedule.Dates(schedule.propose_start(plan))
        schedule.schedule_rollout(submission, plan, dates, actor=cast.operator)


if __name__ == "__main__":
    main()
