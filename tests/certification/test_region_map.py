"""The map of regions: where marks stand, that none hides another, and what the pages and forms do with it."""

from __future__ import annotations

import itertools
import math

import pytest
from django.urls import reverse

from certification.data import default_plan
from certification.models import Rollout
from certification.queries import region_map
from connectors.models import Region
from tests.factories import ConnectorFactory
from tests.factories.rollouts import add_regions, scheduled_rollout


def _standings(*codes):
    return [region_map.Standing(code, code.title(), "verified") for code in codes]


def test_north_is_above_south_and_the_date_line_does_not_tear_the_map():
    oslo, cape_town = region_map.project(59.9, 10.8), region_map.project(-33.9, 18.4)
    assert oslo[1] < cape_town[1]
    auckland, samoa = region_map.project(-36.8, 174.8), region_map.project(-13.8, -171.8)
    assert auckland[0] < samoa[0] < region_map.WIDTH
    assert region_map.project(90, 0) == region_map.project(85, 0)


def test_no_mark_covers_another_even_when_regions_share_a_city():
    crowd = [region_map.project(*seed.place) for seed in default_plan.REGIONS]
    crowd += [region_map.project(38.9, -77.0)] * 6
    spots = region_map.spread(tuple(crowd))
    apart = [math.dist(one, other) for one, other in itertools.combinations(spots, 2)]
    assert min(apart) > 22
    assert all(0 <= x <= region_map.WIDTH and 0 <= y <= region_map.HEIGHT for x, y in spots)


def test_a_mark_with_room_stands_where_its_region_is():
    sydney, tokyo = region_map.project(-33.9, 151.2), region_map.project(35.7, 139.7)
    spots = region_map.spread((sydney, tokyo))
    assert [math.dist(*pair) < 0.2 for pair in zip(spots, (sydney, tokyo), strict=True)] == [True, True]


@pytest.mark.django_db
def test_a_region_without_a_place_is_named_beside_the_map():
    add_regions("north", "south")
    Region.objects.filter(pk="north").update(latitude=60, longitude=10)
    found = region_map.world_map(_standings("north", "south"))
    assert [mark.standing.code for mark in found.marks] == ["north"]
    assert [standing.code for standing in found.elsewhere] == ["south"]
    assert found.legend == [("verified", 2)]


@pytest.mark.django_db
def test_a_rollout_shows_its_regions_on_the_map_with_state_and_way(cast, sign_in):
    rollout = scheduled_rollout(cast, "north", "south")
    Region.objects.filter(pk="north").update(latitude=60, longitude=10)
    text = sign_in(cast.owner).get(reverse("rollout_detail", args=[rollout.pk])).content.decode()
    mark = text[text.index('id="map-north"') - 200 : text.index('id="map-north"') + 300]
    assert reverse("rollout_region", args=[rollout.pk, "north"]) in mark
    assert "North: Planned" in mark
    assert 'id="map-south"' not in text


@pytest.mark.django_db
def test_operators_see_on_the_map_which_region_does_not_answer(cast, sign_in):
    add_regions("north", "south")
    Region.objects.update(latitude=60, longitude=10)
    Region.objects.filter(pk="south").update(is_active=False)
    Region.objects.filter(pk="north").update(breaker_failures=3)
    text = sign_in(cast.operator).get(reverse("region_list")).content.decode()
    assert "North: Unsteady" in text
    assert "South: Inactive" in text


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("latitude", "longitude", "stored"),
    [
        ("60.5", "-10.25", (60.5, -10.25)),
        ("", "", (None, None)),
        ("60", "", "refused"),
        ("99", "0", "refused"),
    ],
)
def test_an_administrator_places_a_region(cast, sign_in, latitude, longitude, stored):
    add_regions("north")
    Region.objects.filter(pk="north").update(latitude=1, longitude=1)
    region = Region.objects.get(pk="north")
    given = {"name": "North", "base_url": region.base_url, "latitude": latitude, "longitude": longitude}
    given |= {"timeout_seconds": 30, "verify": "probe"}
    sign_in(cast.administrator).post(reverse("region_detail", args=["north"]), given)
    region.refresh_from_db()
    assert (region.latitude, region.longitude) == ((1, 1) if stored == "refused" else stored)


@pytest.mark.django_db
def test_the_board_shows_operators_what_is_most_urgent_in_each_region(cast, sign_in):
    first = scheduled_rollout(cast, "north", "south")
    second = scheduled_rollout(
        cast, "north", "south", connector=ConnectorFactory(publisher=cast.publisher, name="Kelp")
    )
    Region.objects.update(latitude=60, longitude=10)
    Rollout.objects.update(state="running")
    second.deployments.filter(region="north").update(state="failed")
    marks = {mark.standing.code: mark.standing for mark in region_map.of_board(cast.operator, "active").marks}
    assert (marks["north"].state, marks["north"].detail) == ("failed", "1 of 2 rollouts")
    assert (marks["south"].state, marks["south"].detail) == ("planned", "2 of 2 rollouts")
    assert region_map.of_board(cast.stranger, "active").marks == []
    address = reverse("rollout_list")
    text = sign_in(cast.operator).get(address).content.decode()
    assert "North: Failed 1 of 2 rollouts" in " ".join(text.split())
    assert reverse("region_detail", args=["north"]) in text
    # Whoever does not operate sees the rollouts of a team in the table, and no page of a region.
    assert "map__world" not in sign_in(cast.owner).get(address).content.decode()
    assert "map__world" not in sign_in(cast.operator).get(address, {"group": "ended"}).content.decode()
    assert first.connector.name in text
