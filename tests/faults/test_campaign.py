"""A short fault campaign: workers, regions and the database die, and both sides still tell the same story."""

from __future__ import annotations

import pytest

from tests.faults.campaign import Campaign
from tests.faults.invariants import violations

pytestmark = [pytest.mark.fault, pytest.mark.timeout(300)]
SEED = 20_611


@pytest.fixture
def campaign(tmp_path):
    folder = tmp_path / "campaign"
    folder.mkdir()
    made = Campaign(regions=4, rollouts=6, seed=SEED, fault_percent=5, folder=folder)
    yield made
    made.stop()


def test_whatever_dies_regions_and_portal_agree_and_nothing_is_lost_doubled_or_stuck(campaign):
    campaign.start()
    campaign.trouble(12, database_kills=1)
    assert campaign.calm(200), "something is stuck"
    facts = campaign.facts()
    assert violations(facts) == {}
    assert len(facts.effects) >= 24
    assert campaign.done["kill_worker"] + campaign.done["kill_database"] > 0
