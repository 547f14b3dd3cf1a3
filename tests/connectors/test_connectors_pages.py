"""Pages of connectors, versions and health, by role, empty and full, with few queries."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from connectors.latency import BUCKETS
from connectors.models import Connector, Upload
from connectors.services import connectors as services
from connectors.services import health
from portal.shared.actors import SYSTEM
from tests.factories import ConnectorFactory, RegionFactory, VersionFactory
from tests.factories.connectors import OPERATIONS, reporting_version, uploaded

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_store(settings, tmp_path):
    settings.PACKAGE_ROOT = tmp_path


@pytest.fixture
def connector(cast) -> Connector:
    return services.register_connector(
        cast.publisher, name="Harbour Tides", summary="Tide tables.", actor=cast.developer
    )


def with_health(connector, *, hours=3, regions=1, operations=OPERATIONS):
    version = reporting_version(connector, operations=(*OPERATIONS, "NeverCalled"))
    services.mark_version(connector, pointer="live", version=version, actor=SYSTEM)
    now = timezone.now().replace(minute=0, second=0, microsecond=0)
    rows = [
        health.Hour(
            connector.pk,
            region.pk,
            version.label,
            operation,
            now - timedelta(hours=hour),
            {"200": 95, "404": 2, "500": 3, "429": 4},
            (0, 0, 0, 104) + (0,) * (BUCKETS - 4),
            5,
        )
        for region in [RegionFactory() for _ in range(regions)]
        for operation in operations
        for hour in range(hours)
    ]
    health.import_hours(rows, actor=SYSTEM)


def addresses(connector):
    version = connector.versions.first()
    pages = [
        reverse("connector_list"),
        reverse("connector_detail", args=[connector.pk]),
        reverse("connector_history", args=[connector.pk]),
        reverse("connector_health", args=[connector.pk]),
        reverse("connector_health_summary", args=[connector.pk]),
        reverse("version_list", args=[connector.pk]),
        reverse("upload_new", args=[connector.pk]),
    ]
    if version:
        pages += [
            reverse("version_detail", args=[version.pk]),
            reverse("version_file", args=[version.pk, "apiDefinition.swagger.json"]),
            reverse("version_file", args=[version.pk, "icon.png"]),
            reverse("upload_detail", args=[version.uploads.get().pk]),
        ]
    return pages


@pytest.mark.parametrize(
    "who", ["owner", "developer", "tester", "viewer", "reviewer", "operator", "administrator"]
)
def test_everybody_who_may_look_sees_every_page(cast, connector, sign_in, who):
    uploaded(connector, cast.developer)
    client = sign_in(getattr(cast, who))
    for address in addresses(connector):
        assert client.get(address).status_code == 200, address


def test_the_pages_of_a_connector_without_anything_teach_what_to_do(cast, connector, sign_in):
    client = sign_in(cast.developer)
    pages = [client.get(address).content.decode() for address in addresses(connector)]
    assert "No package yet" in pages[1]
    assert "A reviewer is assigned within the day" in pages[1]
    assert "Health begins with the first deployment" in pages[3]
    assert "That is not the same as healthy" in pages[4]
    assert "No version yet" in pages[5]


def test_a_stranger_and_the_street_see_nothing(cast, connector, client, sign_in):
    for address in addresses(connector)[1:]:
        assert client.get(address).status_code == 302
    sign_in(cast.stranger)
    assert [client.get(address).status_code for address in addresses(connector)[1:]] == [404] * 6
    assert "Harbour Tides" not in client.get(reverse("connector_list")).content.decode()


@pytest.mark.parametrize(
    ("who", "edit", "cancel"),
    [("owner", True, True), ("developer", True, False), ("viewer", False, False), ("reviewer", False, False)],
)
def test_buttons_show_only_to_those_who_may_press_them(cast, connector, sign_in, who, edit, cancel):
    client = sign_in(getattr(cast, who))
    page = client.get(reverse("connector_detail", args=[connector.pk])).content.decode()
    assert (reverse("connector_edit", args=[connector.pk]) in page) is edit
    assert (reverse("upload_new", args=[connector.pk]) in page) is edit
    form = client.get(reverse("connector_edit", args=[connector.pk])).content.decode()
    assert (reverse("connector_cancel", args=[connector.pk]) in form) is cancel


@pytest.mark.parametrize(
    ("who", "status"), [("owner", 302), ("viewer", 403), ("reviewer", 403), ("stranger", 404)]
)
def test_deeds_over_http_follow_the_roles(cast, connector, sign_in, who, status):
    client = sign_in(getattr(cast, who))
    answers = [
        client.post(reverse("connector_checklist", args=[connector.pk]), {"item": "icon", "done": "1"}),
        client.post(
            reverse("connector_edit", args=[connector.pk]), {"name": "Harbour Tides", "summary": "New"}
        ),
        client.post(reverse("connector_cancel", args=[connector.pk]), {"reason": "Merged"}),
    ]
    assert [answer.status_code for answer in answers] == [status] * 3


def test_registering_through_the_form_and_a_taken_name_keeps_what_was_typed(cast, sign_in):
    client = sign_in(cast.developer)
    fields = {
        "publisher": cast.publisher.pk,
        "name": "Quay Weather",
        "summary": "Wind at the quay.",
        "planned_for": "",
    }
    made = client.post(reverse("connector_register"), fields)
    connector = Connector.objects.get(name="Quay Weather")
    assert made.url == reverse("connector_detail", args=[connector.pk])
    again = client.post(reverse("connector_register"), {**fields, "name": "quay weather"})
    page = again.content.decode()
    assert again.status_code == 400
    assert "Your team already has" in page
    assert "Wind at the quay." in page


def test_registering_for_a_team_of_others_is_not_offered(cast, sign_in):
    client = sign_in(cast.developer)
    answer = client.post(
        reverse("connector_register"), {"publisher": cast.other_publisher.pk, "name": "Quay Weather"}
    )
    assert answer.status_code == 400
    assert not Connector.objects.exists()


def test_similar_names_come_as_a_fragment(cast, connector, sign_in):
    page = (
        sign_in(cast.developer)
        .get(reverse("connector_similar_names"), {"name": "harbor tides API"})
        .content.decode()
    )
    assert "Harbour Tides" in page
    assert "Leave out the word" in page
    assert "<html" not in page


def test_a_tick_answers_the_checklist_alone_to_htmx(cast, connector, sign_in):
    answer = sign_in(cast.developer).post(
        reverse("connector_checklist", args=[connector.pk]),
        {"item": "icon", "done": "1"},
        headers={"HX-Request": "true"},
    )
    page = answer.content.decode()
    assert "1 / 9" in page
    assert "<html" not in page


def test_the_list_is_searched_and_filtered(cast, sign_in):
    for name in ("Harbour Tides", "Quay Weather", "Berth Ledger"):
        services.register_connector(cast.publisher, name=name, actor=cast.owner)
    services.cancel_connector(Connector.objects.get(name="Berth Ledger"), actor=cast.owner)
    client = sign_in(cast.owner)

    def names(**asked):
        page = client.get(reverse("connector_list"), asked).content.decode()
        return [name for name in ("Harbour Tides", "Quay Weather", "Berth Ledger") if name in page]

    assert names() == ["Harbour Tides", "Quay Weather"]
    assert names(q="QUAY-w") == ["Quay Weather"]
    assert names(state="cancelled") == ["Berth Ledger"]
    assert names(q="nothing like it") == []
    assert names(q="a\0b") == []
    assert names(publisher="not-a-uuid", state="not-a-state", page="-5") == ["Harbour Tides", "Quay Weather"]
    rows = client.get(reverse("connector_list"), headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in rows


def test_health_shows_formula_counts_explanations_and_a_table_for_every_chart(cast, connector, sign_in):
    with_health(connector)
    RegionFactory(name="Quiet Shore")
    page = sign_in(cast.viewer).get(reverse("connector_health", args=[connector.pk])).content.decode()
    assert "570 of 600, 24 throttled left out" in page
    assert "95%" in page
    assert "Backend error" in page
    assert page.count("<figure") == page.count("data-chart-table") == 4
    assert "NeverCalled" in page
    assert "Quiet Shore" in page


def test_health_without_calls_of_a_live_connector_is_not_called_healthy(cast, connector, sign_in):
    services.mark_version(
        connector, pointer="live", version=VersionFactory(connector=connector), actor=SYSTEM
    )
    page = sign_in(cast.viewer).get(reverse("connector_health", args=[connector.pk])).content.decode()
    assert "No data, which is not the same as healthy" in page


@pytest.mark.parametrize(
    "query",
    [
        "?window=7d",
        "?window=30d",
        "?window=bogus",
        "?region=nowhere",
        "?operation=a%00b",
        "?version=" + "x" * 500,
    ],
)
def test_health_bears_any_query(cast, connector, sign_in, query):
    with_health(connector)
    assert (
        sign_in(cast.viewer).get(reverse("connector_health", args=[connector.pk]) + query).status_code == 200
    )


def count(client, address) -> int:
    # The first request of a session writes where it comes from.
    client.get(reverse("connector_list"))
    with CaptureQueriesContext(connection) as found:
        assert client.get(address).status_code == 200
    return len(found)


def test_lists_ask_as_many_questions_for_25_rows_as_for_5(cast, connector, sign_in):
    client = sign_in(cast.developer)

    def add(number):
        for _ in range(number):
            ConnectorFactory(publisher=cast.publisher, contact=cast.reviewer)
            version = VersionFactory(connector=connector, created_by=cast.developer)
            Upload.objects.create(
                connector=connector,
                uploaded_by=cast.owner,
                filename="a.zip",
                size_bytes=1,
                digest="0" * 64,
                state="accepted",
                version=version,
            )

    pages = [
        reverse("connector_list"),
        reverse("connector_detail", args=[connector.pk]),
        reverse("version_list", args=[connector.pk]),
        reverse("connector_history", args=[connector.pk]),
    ]
    add(5)
    few = [count(client, page) for page in pages]
    add(20)
    assert [count(client, page) for page in pages] == few
    assert max(few) <= 16


def test_health_asks_as_many_questions_for_25_regions_as_for_5(cast, connector, sign_in):
    client = sign_in(cast.viewer)
    address = reverse("connector_health", args=[connector.pk])
    with_health(connector, regions=5)
    few = count(client, address)
    other = ConnectorFactory(publisher=cast.publisher)
    with_health(other, regions=25, operations=("GetTides", "ListStations"))
    assert count(client, reverse("connector_health", args=[other.pk])) == few
