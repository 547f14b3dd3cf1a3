"""The three truths side by side, with their ages."""

from __future__ import annotations

import datetime as dt

import pytest
from django.urls import reverse

from certification.models import Placement
from certification.queries import placements as queries
from certification.services.clock import database_now
from connectors.models import Region
from tests.factories import RegionFactory
from tests.factories.rollouts import make_due, run_until, scheduled_rollout, state_of

SIMULATED = {"driver": "simulator", "base_url": "", "credentials": None, "driver_settings": {"seconds": 0}}


@pytest.fixture
def rollout(cast):
    made = scheduled_rollout(cast, "north south", due=False)
    Region.objects.all().update(**SIMULATED)
    return made


@pytest.fixture
def live(rollout):
    make_due(rollout)
    run_until(lambda: state_of(rollout) == "completed")
    return rollout


def verdicts(rollout) -> dict[str, str]:
    return {one.region.pk: one.verdict for one in queries.truths_of(rollout.connector_id)}


def test_before_the_rollout_regions_are_planned_with_their_dates(rollout, cast, sign_in):
    assert verdicts(rollout) == {"north": "planned", "south": "planned"}
    page = sign_in(cast.viewer).get(reverse("connector_regions", args=[rollout.connector_id]))
    assert rollout.version.label in page.content.decode()


def test_after_it_they_agree_and_grow_old(live, cast, sign_in):
    assert set(verdicts(live).values()) == {"agrees"}
    Placement.objects.filter(region="south").update(
        probed_at=database_now() - dt.timedelta(days=2), probe_problem="no complete answer within 10 s."
    )
    assert verdicts(live) == {"south": "stale", "north": "agrees"}
    page = sign_in(cast.viewer).get(reverse("connector_regions", args=[live.connector_id])).content.decode()
    assert page.count("Not seen lately") == 1
    assert "no complete answer" in page


def test_a_disagreement_comes_first_and_shows_what_was_found(live, cast, sign_in):
    Placement.objects.filter(region="south").update(disagrees_since=database_now(), probed_digest="f" * 64)
    assert next(iter(verdicts(live).items())) == ("south", "disagrees")
    page = sign_in(cast.viewer).get(reverse("connector_regions", args=[live.connector_id])).content.decode()
    assert "f" * 12 in page
    assert queries.knowledge_of(Region.objects.get(pk="south")).disagreeing == 1


def test_the_page_asks_the_same_number_of_questions_however_many_regions(
    live, cast, sign_in, django_assert_max_num_queries
):
    for number in range(20):
        Placement.objects.create(
            connector=live.connector,
            region=RegionFactory(code=f"more-{number}"),
            reported_version=live.version,
        )
    browser = sign_in(cast.viewer)
    address = reverse("connector_regions", args=[live.connector_id])
    browser.get(address)
    with django_assert_max_num_queries(12):
        assert browser.get(address).content.decode().count("more-") >= 20
