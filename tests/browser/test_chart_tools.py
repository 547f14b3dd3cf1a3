"""Charts in a real browser: a range by keyboard and by finger lands in the address; figures and picture are files."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from connectors.latency import BUCKETS
from connectors.models import HealthHour
from tests.factories import ConnectorFactory, RegionFactory
from tests.factories.connectors import reporting_version

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.timeout(240)]


@pytest.fixture
def connector(cast):
    made = ConnectorFactory(publisher=cast.publisher, name="Harbour Tides")
    made.live_version = reporting_version(made)
    made.save(update_fields=["live_version"])
    region = RegionFactory(code="north", name="North")
    now = timezone.now().replace(minute=0, second=0, microsecond=0)
    histogram = [0] * BUCKETS
    histogram[5] = 100
    for ago in range(1, 20):
        HealthHour.objects.create(
            connector=made, region=region, version_label="1.0.0", operation="GetTides",
            hour=now - timedelta(hours=ago), requests=100, successes=90 + ago % 9, throttled=0,
            statuses={"200": 90 + ago % 9, "500": 10 - ago % 9}, latency=histogram, connections=60,
        )  # fmt: skip
    return made


def _chart(page, connector):
    page.goto(f"/connectors/{connector.pk}/health/?window=7d")
    page.wait_for_selector("figure .u-over[role=slider]")
    return page.locator("figure.chart").first


def test_a_range_is_chosen_on_a_chart_with_the_arrow_keys(cast, visit, connector):
    with visit(cast.owner) as page:
        _chart(page, connector).locator(".u-over").focus()
        page.keyboard.press("ArrowLeft")
        assert ":" in page.locator(".u-over").first.get_attribute("aria-valuetext")
        for _step in range(4):
            page.keyboard.press("Shift+ArrowLeft")
        page.keyboard.press("Enter")
        page.wait_for_url("**since=**until=**")
        assert "window=" not in page.url
        assert page.complaints == []


def test_a_range_is_chosen_on_a_chart_with_a_finger(cast, visit, connector):
    with visit(cast.owner, width=390) as page:
        over = _chart(page, connector).locator(".u-over")
        over.scroll_into_view_if_needed()
        box = over.bounding_box()
        for kind, share in (("pointerdown", 0.4), ("pointermove", 0.9), ("pointerup", 0.9)):
            place = {"clientX": box["x"] + box["width"] * share, "clientY": box["y"] + 40, "pointerId": 1}
            # No pointer of this id is really down, which is all that capturing it minds.
            over.evaluate("element => { element.setPointerCapture = () => {}; }")
            over.dispatch_event(kind, {**place, "pointerType": "touch", "bubbles": True})
        page.wait_for_url("**since=**until=**")


def test_figures_and_picture_of_a_chart_are_saved_as_files(cast, visit, connector):
    with visit(cast.owner) as page:
        chart = _chart(page, connector)
        with page.expect_download() as saved:
            chart.get_by_role("button", name="CSV").click()
        rows = list(csv.reader(io.StringIO(Path(saved.value.path()).read_text())))
        assert rows[0][0] == "from (UTC)"
        assert len(rows) > 5
        with page.expect_download() as saved:
            chart.get_by_role("button", name="PNG").click()
        assert saved.value.suggested_filename.endswith(".png")
        assert Path(saved.value.path()).read_bytes().startswith(b"\x89PNG")
        assert page.complaints == []


def test_a_step_that_still_fills_is_a_line_of_its_own_and_not_the_figure_that_is_shown(
    cast, visit, connector
):
    present = timezone.now().replace(minute=0, second=0, microsecond=0)
    earlier = HealthHour.objects.get(hour=present - timedelta(hours=1))
    HealthHour.objects.create(
        connector=connector, region=earlier.region, version_label="1.0.0", operation="GetTides", hour=present, requests=3,
        successes=3, throttled=0, statuses={"200": 3}, latency=earlier.latency, connections=1,
    )  # fmt: skip
    with visit(cast.owner) as page:
        page.goto(f"/connectors/{connector.pk}/health/")
        page.wait_for_selector("figure .u-over")
        calls = page.locator("figure.chart").first
        assert "All 100" in " ".join(calls.locator(".chart__legend").inner_text().split())
        box = calls.locator(".u-over").bounding_box()
        page.mouse.move(box["x"] + box["width"] - 1, box["y"] + 20)
        assert "All 3" in " ".join(calls.locator(".chart__legend").inner_text().split())
        assert page.complaints == []
