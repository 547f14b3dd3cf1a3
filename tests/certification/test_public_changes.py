"""The public change feed, and the status page and badge that a team asks for."""

from __future__ import annotations

import datetime as dt
import json
from xml.etree import ElementTree

import pytest
from django.urls import reverse
from django.utils import timezone

from certification.models import Notice, Placement
from certification.queries import public_changes as queries
from certification.rules.examples.case import Case
from certification.services import notices
from certification.services.notices import NoticeDraft
from connectors.models import HealthAlert, HealthHour
from connectors.services.connectors import mark_version
from portal.shared.actors import SYSTEM
from tests.factories import ConnectorFactory, RegionFactory
from tests.factories.submissions import uploaded_version

pytestmark = pytest.mark.django_db
TEXT = "The service behind it ends. Move your flows to the new connector by then."


@pytest.fixture
def connector(cast):
    made = ConnectorFactory(publisher=cast.publisher, name="Harbour <Tides>", slug="harbour-tides")
    version = uploaded_version(made, cast.owner, Case())
    mark_version(made, pointer="live", version=version, actor=SYSTEM)
    region = RegionFactory(code="east", name="East")
    Placement.objects.create(
        connector=made, region=region, verified_version=version, verified_at=timezone.now()
    )
    return made


@pytest.fixture
def notice(cast, connector):
    day = timezone.localdate() + dt.timedelta(days=40)
    return notices.announce(connector, NoticeDraft("retirement", TEXT, day, "Tides 2"), actor=cast.owner)


def address(name, connector):
    return reverse(name, args=[connector.slug])


def test_the_feed_is_there_without_an_entry(client, connector):
    assert client.get(address("public_changes", connector)).status_code == 200
    assert "Nothing yet" in client.get(address("public_changes", connector)).content.decode()
    assert client.get(address("public_changes_json", connector)).json()["items"] == []
    ElementTree.fromstring(client.get(address("public_changes_atom", connector)).content)


def test_a_notice_is_an_entry_in_words_and_for_programs(client, connector, notice):
    page = client.get(address("public_changes", connector)).content.decode()
    assert TEXT in page
    assert "Harbour &lt;Tides&gt;" in page
    feed = client.get(address("public_changes_json", connector)).json()
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    (item,) = feed["items"]
    assert item["title"].startswith("Retires on")
    assert item["_change"] == {
        "kind": "retirement", "is_breaking": True, "effective_on": notice.effective_on.isoformat(),
    }  # fmt: skip
    assert "Use instead: Tides 2" in item["content_text"]
    root = ElementTree.fromstring(client.get(address("public_changes_atom", connector)).content)
    space = "{http://www.w3.org/2005/Atom}"
    assert [entry.find(f"{space}title").text for entry in root.findall(f"{space}entry")] == [item["title"]]
    assert root.find(f"{space}id").text == f"urn:uuid:{connector.pk}"


def test_no_markup_of_a_notice_reaches_a_feed_reader(cast, client, connector):
    day = timezone.localdate() + dt.timedelta(days=40)
    draft = NoticeDraft("change", "Read this first: <script>alert(1)</script> is text.", day)
    notices.announce(connector, draft, actor=cast.owner)
    root = ElementTree.fromstring(client.get(address("public_changes_atom", connector)).content)
    summary = root.find("{http://www.w3.org/2005/Atom}entry/{http://www.w3.org/2005/Atom}summary").text
    assert "<script>" not in summary
    assert "&lt;script&gt;" in summary


def test_a_notice_called_off_stays_with_its_new_title(cast, client, connector, notice):
    notices.cancel_notice(notice, reason="We go on.", actor=cast.owner)
    (item,) = client.get(address("public_changes_json", connector)).json()["items"]
    assert "called off" in item["title"]
    assert item["_change"]["is_breaking"] is False


def test_a_reader_who_has_the_feed_gets_nothing_again(cast, client, connector, notice):
    first = client.get(address("public_changes_json", connector))
    etag = first.headers["ETag"]
    again = client.get(address("public_changes_json", connector), headers={"if-none-match": etag})
    assert again.status_code == 304
    assert not again.content
    notices.cancel_notice(notice, reason="We go on.", actor=cast.owner)
    assert (
        client.get(address("public_changes_json", connector), headers={"if-none-match": etag}).status_code
        == 200
    )


def test_no_name_of_a_person_is_public(cast, client, connector, notice):
    for name in ("public_changes", "public_changes_json", "public_changes_atom", "public_connector"):
        text = client.get(address(name, connector)).content.decode()
        assert cast.owner.name not in text
        assert cast.owner.email not in text


@pytest.mark.parametrize("name", ["public_changes", "public_changes_atom", "public_changes_json"])
def test_what_is_not_public_has_no_feed(cast, client, connector, name):
    connector.is_listed = False
    connector.save()
    assert client.get(address(name, connector)).status_code == 404
    hidden = ConnectorFactory(publisher=cast.publisher)
    assert client.get(address(name, hidden)).status_code == 404


def test_the_feed_costs_the_same_with_many_entries(connector, cast, django_assert_max_num_queries):
    for number in range(70):
        Notice.objects.create(
            connector=connector, kind="change", text=TEXT, announced_by=cast.owner,
            effective_on=timezone.localdate() + dt.timedelta(days=number),
        )  # fmt: skip
    with django_assert_max_num_queries(5):
        assert len(queries.changes_of(connector)) == queries.MOST_ENTRIES


def test_the_status_page_is_there_only_for_who_asked(cast, client, sign_in, connector):
    for name in ("public_status", "public_badge"):
        assert client.get(address(name, connector)).status_code == 404
    connector.name = "Harbour Tides"
    connector.save()
    edit = reverse("connector_edit", args=[connector.pk])
    typed = {"name": connector.name, "is_listed": "on", "has_status_page": "on"}
    assert sign_in(cast.owner).post(edit, typed).status_code == 302
    for name in ("public_status", "public_badge"):
        assert client.get(address(name, connector)).status_code == 200
    assert (
        address("public_status", connector)
        in client.get(address("public_connector", connector)).content.decode()
    )


@pytest.fixture
def shown(connector):
    connector.has_status_page = True
    connector.save()
    return connector


def badge(client, connector) -> str:
    answer = client.get(address("public_badge", connector))
    assert answer.headers["Content-Type"] == "image/svg+xml"
    ElementTree.fromstring(answer.content)
    return answer.content.decode()


def test_no_data_is_not_healthy(client, shown):
    assert "no data" in badge(client, shown)
    assert "No region reported a call" in client.get(address("public_status", shown)).content.decode()


def test_the_badge_says_how_it_does(client, shown):
    HealthHour.objects.create(
        connector=shown, region_id="east", version_label="1.0.0", operation="ListTides",
        hour=timezone.now().replace(minute=0, second=0, microsecond=0), requests=100, successes=100,
        throttled=0, connections=3,
    )  # fmt: skip
    assert "works" in badge(client, shown)
    page = client.get(address("public_status", shown)).content.decode()
    assert "100%" in page
    assert "badge.svg" in page
    HealthAlert.objects.create(connector=shown, kind="burn_fast", last_breach_at=timezone.now())
    assert "calls fail" in badge(client, shown)


def test_a_retirement_shows_on_every_public_page(client, shown, notice):
    for name in ("public_connector", "public_status"):
        assert TEXT in client.get(address(name, shown)).content.decode()
    assert json.loads(client.get(address("public_changes_json", shown)).content)["items"]
