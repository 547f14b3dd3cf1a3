"""Lists of hundreds: a page holds one part of them, fits, and the way to the others stands below."""

from __future__ import annotations

import pytest
from django.utils import timezone

from connectors.models import Connector, HealthAlert, Region
from tests.architecture.world import undone
from tests.browser.stage import Stage
from tests.factories import ConnectorFactory
from tests.factories.rollouts import add_plan, scheduled_rollout

pytestmark = [pytest.mark.browser, pytest.mark.django_db, pytest.mark.timeout(300)]
MANY = 240
TOO_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
LONG = "A name as long as a name of a connector may be at all, and then some words of it"


@pytest.fixture(scope="module")
def crowd(world):
    """Hundreds of live connectors with alerts, and two pages of rollouts."""
    with undone():
        template = world.objects["version"]
        made = [
            ConnectorFactory.build(
                publisher=world.publisher,
                name=f"{LONG[: 12 + number % 38]} {number}",
                slug=f"crowd-{number}",
                live_version=template,
            )
            for number in range(MANY)
        ]
        Connector.objects.bulk_create(made)
        now = timezone.now()
        HealthAlert.objects.bulk_create(
            HealthAlert(connector=one, kind="silence", last_breach_at=now) for one in made
        )
        places = Region.objects.filter(is_active=True)
        everywhere = " ".join(places.filter(is_preview=False).values_list("pk", flat=True))
        add_plan(world.operator, everywhere, preview=places.get(is_preview=True).pk, name="Everywhere")
        for number in range(26):
            scheduled_rollout(world, due=False, connector=made[number])
        yield world


@pytest.mark.parametrize(
    ("role", "path", "rows"),
    [
        ("owner", "/connectors/", 50),
        ("operator", "/health/", 50),
        ("operator", "/health/alerts/", 50),
        ("operator", "/rollouts/?group=scheduled", 25),
    ],
)
def test_a_long_list_pages_and_fits(new_stage, crowd, role, path, rows):
    stage: Stage = new_stage()
    assert stage.visit(role, path)
    page = stage.page
    for width in (1440, 390):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate(TOO_WIDE) <= 0, width
    shown = page.locator("main .row-link, main article").count()
    assert 0 < shown <= rows
    assert page.evaluate("document.getElementsByTagName('*').length") < 4_500
    page.locator("nav.pagination a[rel=next], .pagination a[rel=next]").first.click()
    page.wait_for_url("**page=2**")
    assert page.locator("main .row-link, main article").count() > 0
    assert stage.complaints == []
