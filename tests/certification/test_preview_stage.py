"""Regions before the sign-off hold what is not certified yet: nobody but the team and the portal's people may see it there."""

from __future__ import annotations

import pytest
from django.urls import reverse
from django.utils import timezone

from certification.models import Placement
from certification.queries import public
from certification.services import catch_ups, plans
from connectors.models import Region
from connectors.queries.health_scorecard import measure
from portal.shared.errors import Blocked
from tests.factories import ConnectorFactory
from tests.factories.rollouts import add_regions, add_version

pytestmark = pytest.mark.django_db


def draft(name, *waves, lane="additive"):
    return plans.PlanDraft(
        name=name,
        lane=lane,
        time_zone="UTC",
        weekend=(),
        holiday_countries=(),
        is_default=True,
        waves=tuple(
            plans.WaveDraft(code, (code,), before_sign_off=number <= 2)
            for number, code in enumerate(waves, 1)
        ),
    )


@pytest.fixture
def plan(cast):
    add_regions("testing", "preview-us", "north", preview="preview-us")
    return plans.create_plan(draft("Ring by ring", "testing", "preview-us", "north"), actor=cast.operator)


def stage():
    return set(Region.objects.filter(in_preview_stage=True).values_list("code", flat=True))


@pytest.fixture
def tested(cast, plan):
    """A first version that was deployed to both regions of the Preview stage and nowhere else."""
    connector = ConnectorFactory(publisher=cast.publisher, name="Quiet Harbour")
    version = add_version(connector, cast.developer)
    for code in ("testing", "preview-us"):
        Placement.objects.create(
            connector=connector, region_id=code, verified_version=version, verified_at=timezone.now()
        )
    return connector


def test_a_first_certification_is_confidential_until_a_production_region_has_it(client, tested):
    assert not public.public_connectors().exists()
    assert public.icon_version(tested.pk) is None
    assert client.get(reverse("public_connector", args=[tested.slug])).status_code == 404
    assert "Quiet Harbour" not in client.get(reverse("public_list")).content.decode()
    Placement.objects.create(
        connector=tested,
        region_id="north",
        verified_version=tested.versions.get(),
        verified_at=timezone.now(),
    )
    page = client.get(reverse("public_connector", args=[tested.slug])).content.decode()
    assert "North" in page
    assert "Testing" not in page


def test_a_region_before_the_sign_off_serves_no_users(cast, tested):
    assert measure(tested, now=timezone.now()).regions == 1, "north alone"
    wish = catch_ups.CatchUpDraft(per_day=5, starts_on=timezone.now().date(), reason="It was added today.")
    with pytest.raises(Blocked, match="Preview stage"):
        catch_ups.open_catch_up(Region.objects.get(pk="testing"), wish, actor=cast.operator)


def test_the_default_plans_say_which_regions_those_are(cast, plan):
    assert stage() == {"testing", "preview-us"}
    other = plans.create_plan(draft("Everybody first", "north", "preview-us", "testing"), actor=cast.operator)
    assert stage() == {"north", "preview-us"}
    plans.make_default(plan, actor=cast.operator)
    assert stage() == {"testing", "preview-us"}
    # What one lane brings to everybody is no secret of the other.
    plans.create_plan(draft("Hurried", "north", "preview-us", "testing", lane="hotfix"), actor=cast.operator)
    assert stage() == {"preview-us"}
    assert other.pk != plan.pk
