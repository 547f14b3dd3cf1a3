"""A short fault campaign: everything dies once, and both sides still tell the same story."""

from __future__ import annotations

import pytest

from tests.effort import IS_FULL
from tests.faults.campaign import DEEDS, Campaign, violations

pytestmark = [
    pytest.mark.fault,
    pytest.mark.timeout(900),
    pytest.mark.skipif(not IS_FULL, reason="takes minutes of both cores: TEST_EFFORT=full"),
]
SEED = 20_611
REGIONS, ROLLOUTS = 4, 6


@pytest.fixture
def campaign(tmp_path):
    folder = tmp_path / "campaign"
    folder.mkdir()
    made = Campaign(REGIONS, ROLLOUTS, SEED, pace=(8, 20), people_pace=25, jobs="all", folder=folder)
    yield made
    made.stop()


def test_whatever_dies_regions_and_portal_agree_and_nothing_is_lost_doubled_or_stuck(campaign):
    campaign.start()
    # Each way to die once; who waits for progress waits for the machine, not for seconds.
    campaign.trouble(300, script=sorted(DEEDS))
    assert campaign.calm(360), "something is stuck"
    facts, told = campaign.facts()
    assert violations(facts, told) == {}
    assert len(facts.effects) >= REGIONS * ROLLOUTS / 2
    assert set(campaign.done) == set(DEEDS)
