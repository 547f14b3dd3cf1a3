"""The portal's own error: what was said when, against what came."""

from __future__ import annotations

import datetime as dt

import pytest
from django.urls import reverse

from certification.models import ForecastSnapshot, Rollout
from certification.queries.forecast_accuracy import accuracy, worst_misses
from certification.services.clock import database_now
from tests.factories.rollouts import scheduled_rollout

pytestmark = pytest.mark.django_db
HOUR = dt.timedelta(hours=1)
DAY = 24 * HOUR


@pytest.fixture
def finished(cast):
    """A rollout that started three days ago: north came after 2 hours, south after 30."""
    rollout = scheduled_rollout(cast, "north south", due=False)
    began = database_now() - 3 * DAY
    rollout.waves.update(planned_at=began, started_at=began, state="verified")
    for code, hours in (("north", 2), ("south", 30)):
        act = rollout.deployments.filter(region=code)
        act.update(state="verified", verified_at=began + hours * HOUR)
    Rollout.objects.filter(pk=rollout.pk).update(
        state="completed", started_at=began, finished_at=began + 30 * HOUR
    )
    return rollout


def said(rollout, code, made, early, late):
    """`made`, `early` and `late` in hours from the start of the wave."""
    began = rollout.waves.get().started_at
    ForecastSnapshot.objects.create(
        rollout=rollout, region_id=code, at=began + made * HOUR, early=began + early * HOUR,
        late=began + late * HOUR, cause="rollout.schedule",
    )  # fmt: skip


def test_without_forecasts_there_is_nothing_to_compare(finished):
    assert accuracy() == []
    assert worst_misses() == []


def test_each_forecast_is_compared_with_what_came(finished):
    for code in ("north", "south"):
        said(finished, code, -48, 1, 4)
        said(finished, code, 0.001, 2, 6)
    said(finished, "south", 5, 28, 31)
    said(finished, None, -48, 28, 40)

    found = {(row.subject, row.horizon): row for row in accuracy()}
    first = found["region", "scheduled"]
    assert first.samples == 2
    assert first.median_error_seconds == first.bias_seconds == 15 * 3600
    assert (first.by_early, first.by_late, first.inside) == (0, 0.5, 0.5)
    started = found["region", "started"]
    assert started.by_early == 0.5
    assert started.median_error_seconds == 14 * 3600
    # North came within a day of its start, so a day before it only the first forecast was there.
    day_before = found["region", "day_before"]
    assert (day_before.samples, day_before.by_late) == (2, 1.0)
    whole = found["rollout", "scheduled"]
    assert (whole.samples, whole.bias_seconds, whole.inside) == (1, 2 * 3600, 1.0)


def test_the_longest_misses_are_named(finished):
    said(finished, "north", -48, 1, 4)
    said(finished, "south", -48, 1, 4)
    (miss,) = worst_misses()
    assert (miss.region, miss.seconds) == ("South", 26 * 3600)


def test_old_arrivals_do_not_count(finished):
    said(finished, "north", -48, 1, 4)
    assert accuracy(days=2) == []


def test_the_page_says_it_to_operators(finished, cast, client, sign_in):
    empty = sign_in(cast.operator).get(reverse("forecast_accuracy"))
    assert "Nothing to compare yet" in empty.content.decode()
    said(finished, "south", -48, 1, 4)
    page = client.get(reverse("forecast_accuracy")).content.decode()
    assert "90 % wanted" in page
    assert "South" in page
    assert sign_in(cast.owner).get(reverse("forecast_accuracy")).status_code == 403
