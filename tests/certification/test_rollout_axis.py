"""The line of time of a rollout: freezes stand on the waves that they hold, and on no other."""

from __future__ import annotations

import datetime as dt

import pytest
from django.urls import reverse

from certification.models import Freeze
from certification.queries.rollout_axis import axis_of
from tests.factories.rollouts import scheduled_rollout

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


def _freeze(cast, around, **more):
    return Freeze.objects.create(
        name=more.pop("name", "Quiet days"), reason="Year end.", created_by=cast.operator,
        starts_at=around - DAY / 4, ends_at=around + DAY / 4, **more,
    )  # fmt: skip


def test_a_freeze_stands_on_the_waves_whose_regions_it_holds(cast):
    rollout = scheduled_rollout(cast, "north", "south", due=False)
    first, second = rollout.waves.order_by("number")
    _freeze(cast, first.planned_at, regions=["south"])
    axis = axis_of(rollout)
    assert [pause.waves for pause in axis.freezes] == [{second.number}]
    assert [bool(line.freezes) for line in axis.lines] == [False, True]


@pytest.mark.parametrize("more", [{"opens": True}, {"regions": ["mars"]}, {"auth_kinds": ["windows"]}])
def test_what_holds_no_wave_of_the_rollout_is_not_on_its_line(cast, more):
    rollout = scheduled_rollout(cast, "north", due=False)
    type(rollout.version).objects.filter(pk=rollout.version_id).update(facts={"authentication": ["oauth2"]})
    rollout.refresh_from_db()
    _freeze(cast, rollout.waves.get().planned_at, **more)
    assert axis_of(rollout).freezes == []


def test_the_page_names_freezes_and_leads_operators_to_what_if(cast, sign_in):
    rollout = scheduled_rollout(cast, "north", due=False)
    _freeze(cast, rollout.waves.get().planned_at, name="Quarter end")
    address = reverse("rollout_detail", args=[rollout.pk])
    owner, operator = (sign_in(user).get(address).content.decode() for user in (cast.owner, cast.operator))
    assert "Quarter end:" in owner
    assert "axis__frost" in owner
    assert reverse("freeze_create") not in owner
    assert reverse("freeze_create") in operator
