"""The documentation of a connector: previewed, published by the rollout, watched for drift."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core import mail
from django.urls import reverse
from django.utils import timezone

from certification.models import Documentation, Placement, Revision, Submission
from certification.queries import documentation as queries
from certification.rules.examples.case import Case
from certification.services import documentation as services
from connectors.models import Connector, HealthAlert, Region
from connectors.services.connectors import mark_version
from portal.shared import audit, storage
from portal.shared.actors import SYSTEM
from portal.shared.errors import InvalidInput, NotPermitted
from tests.factories import ConnectorFactory, RegionFactory
from tests.factories.rollouts import add_submission, run_until, scheduled_rollout, state_of
from tests.factories.submissions import numbered, uploaded_version

pytestmark = pytest.mark.django_db
REGIONS = "preview-us,north"
KIND = HealthAlert.Kind.DOCUMENTATION


@pytest.fixture
def connector(cast):
    made = ConnectorFactory(publisher=cast.publisher, name="Harbour <Tides>", slug="harbour-tides")
    make_live(made, uploaded_version(made, cast.owner, Case()))
    return made


def make_live(connector: Connector, version, *regions: str) -> None:
    mark_version(connector, pointer="live", version=version, actor=SYSTEM)
    connector.marked_at = {"live": (timezone.now() - dt.timedelta(hours=1)).isoformat()}
    connector.save(update_fields=["marked_at"])
    for code in regions or ("east",):
        Placement.objects.update_or_create(
            connector=connector, region=region(code),
            defaults={"verified_version": version, "verified_at": timezone.now()},
        )  # fmt: skip


def region(code: str):
    return Region.objects.filter(pk=code).first() or RegionFactory(code=code, name=code.title())


def page_of(connector: Connector) -> Documentation | None:
    return queries.current_page(connector)


def address(name: str, connector: Connector, *more: object) -> str:
    return reverse(name, args=[connector.slug, *more])


def test_a_page_is_published_for_what_is_live_and_only_once(connector):
    services.settle(connector.pk)
    services.settle(connector.pk)
    page = page_of(connector)
    assert page is not None
    assert page.version == connector.live_version
    assert page.body_digest == queries.digest_of(page.body)
    (record,) = audit.history(page)
    assert record.action == "documentation.publish"
    assert record.data == {"version": page.version.label, "before": ""}


def test_the_previous_version_stays_public_until_the_next_is_live(cast, client, connector):
    services.settle(connector.pk)
    first = page_of(connector)
    second = uploaded_version(connector, cast.owner, numbered(7))
    assert page_of(connector) == first
    assert client.get(address("documentation_version", connector, second.number)).status_code == 404
    make_live(connector, second)
    services.settle(connector.pk)
    assert page_of(connector).version == second
    old = client.get(address("documentation_version", connector, first.version.number))
    assert old.status_code == 200
    assert "another version than the live one" in old.content.decode()


def test_after_a_rollback_the_previous_page_is_shown_again(cast, connector):
    services.settle(connector.pk)
    first = connector.live_version
    make_live(connector, uploaded_version(connector, cast.owner, numbered(7)))
    services.settle(connector.pk)
    make_live(connector, first)
    services.settle(connector.pk)
    assert page_of(connector).version == first
    actions = [record.action for record in audit.history(connector) if "documentation" in record.action]
    assert actions == ["documentation.publish"] * 3
    assert Documentation.objects.filter(connector=connector, is_current=True).count() == 1


def test_nothing_is_shown_when_the_only_version_was_rolled_back(client, connector):
    services.settle(connector.pk)
    number = connector.live_version.number
    mark_version(connector, pointer="live", version=None, actor=SYSTEM)
    services.settle(connector.pk)
    services.settle(connector.pk)
    assert page_of(connector) is None
    assert client.get(address("documentation_page", connector)).status_code == 404
    assert client.get(address("documentation_version", connector, number)).status_code == 200
    (record, _) = [each for each in audit.history(connector) if "documentation" in each.action]
    assert record.action == "documentation.withdraw"


@pytest.mark.usefixtures("no_faults")
def test_completing_a_rollout_publishes_the_page_and_the_mail_has_its_link(cast, agent, drain_outbox):
    rollout = scheduled_rollout(cast, "north", agent=agent)
    run_until(lambda: state_of(rollout) == "completed")
    assert page_of(rollout.connector) is None
    drain_outbox()
    page = page_of(rollout.connector)
    assert page is not None
    assert page.version == rollout.version
    letter = next(each for each in mail.outbox if "verified live in every region" in each.body)
    assert address("documentation_page", rollout.connector) in letter.body
    assert address("documentation_version", rollout.connector, rollout.version.number) in letter.body


def test_a_connector_that_is_not_listed_has_no_public_page(client, connector):
    services.settle(connector.pk)
    Connector.objects.filter(pk=connector.pk).update(is_listed=False)
    for name in ("documentation_page", "documentation_json", "documentation_markdown"):
        assert client.get(address(name, connector)).status_code == 404


def test_the_page_says_everything_and_escapes_it(client, connector):
    services.settle(connector.pk)
    page = client.get(address("documentation_page", connector)).content.decode()
    assert "Harbour &lt;Tides&gt;" in page
    for each in (*page_of(connector).body["actions"], *page_of(connector).body["triggers"]):
        assert f'id="{each["anchor"]}"' in page
        assert f'href="#{each["anchor"]}"' in page
    assert "verified" in page


def test_programs_read_the_same_document_and_nothing_twice(client, connector):
    services.settle(connector.pk)
    found = client.get(address("documentation_json", connector))
    assert found.json() == page_of(connector).body
    again = client.get(address("documentation_json", connector), headers={"if-none-match": found["ETag"]})
    assert again.status_code == 304
    text = client.get(address("documentation_markdown", connector))
    assert text["Content-Type"].startswith("text/markdown")
    assert text.content.decode().startswith("# ")


def test_a_retired_connector_keeps_its_page_and_says_so(client, connector):
    services.settle(connector.pk)
    Connector.objects.filter(pk=connector.pk).update(state="retired")
    page = client.get(address("documentation_page", connector)).content.decode()
    assert "This connector is retired" in page


def test_a_region_with_another_version_is_shown_at_its_line(cast, client, connector):
    services.settle(connector.pk)
    other = uploaded_version(connector, cast.owner, numbered(7))
    Placement.objects.create(
        connector=connector, region=region("west"), verified_version=other, verified_at=timezone.now()
    )
    found = queries.availability_of(connector, connector.live_version)
    lines = {line.place.region.pk: line.is_other for line in found}
    assert lines == {"east": False, "west": True}
    assert f"runs {other.label}" in client.get(address("documentation_page", connector)).content.decode()


def test_the_change_feed_tells_of_the_publication(client, connector):
    services.settle(connector.pk)
    items = client.get(address("public_changes_json", connector)).json()["items"]
    (item,) = [each for each in items if each["_change"]["kind"] == "documentation"]
    label, number = connector.live_version.label, connector.live_version.number
    assert item["title"] == f"Documentation of {label} published"
    assert address("documentation_version", connector, number) in item["content_text"]


def test_the_api_gives_the_document_to_who_sees_the_connector(cast, client, sign_in, connector):
    services.settle(connector.pk)
    url = f"/api/v1/documentation/{connector.pk}/"
    sign_in(cast.viewer)
    told = client.get(url).json()
    assert told["document"] == page_of(connector).body
    assert told["version"] == connector.live_version.label
    assert [line["region"] for line in told["availability"]] == ["east"]
    assert client.get(url, {"number": 99}).status_code == 404
    sign_in(cast.stranger)
    assert client.get(url).status_code == 404


def test_a_submission_shows_the_page_as_it_would_be_with_what_changes(cast, client, sign_in, connector):
    services.settle(connector.pk)
    submission = add_submission(cast, state="in_review", connector=connector)
    sign_in(cast.viewer)
    page = client.get(reverse("submission_documentation", args=[submission.pk])).content.decode()
    assert "Not yet public" in page
    preview = queries.preview_of(Submission.objects.get(pk=submission.pk))
    assert preview is not None
    assert preview.change is not None
    assert {each["id"] for each in preview.change.removed} == {
        each["id"] for each in (*page_of(connector).body["actions"], *page_of(connector).body["triggers"])
    } - {each["id"] for each in preview.document["actions"]}
    sign_in(cast.stranger)
    assert client.get(reverse("submission_documentation", args=[submission.pk])).status_code == 404


def test_the_introduction_is_the_one_that_was_handed_in(cast, connector):
    version = connector.live_version
    submission = add_submission(cast, state="live", connector=ConnectorFactory(publisher=cast.publisher))
    Revision.objects.create(
        submission=submission,
        number=2,
        version=version,
        handed_in_by=cast.owner,
        form={"intro": "Handed in."},
    )
    services.settle(connector.pk)
    assert page_of(connector).body["intro"] == "Handed in."


@pytest.mark.parametrize("name", ["submission_detail", "submission_documentation"])
def test_the_pages_of_a_submission_lead_to_it(cast, client, sign_in, name):
    submission = add_submission(cast, state="in_review")
    sign_in(cast.developer)
    page = client.get(reverse(name, args=[submission.pk])).content.decode()
    assert reverse("submission_detail", args=[submission.pk]) in page
    assert "Documentation" in page


def alerts(connector: Connector) -> list[HealthAlert]:
    return list(HealthAlert.objects.open().filter(connector=connector, kind=KIND))


def test_the_tick_publishes_what_was_live_before_there_were_pages(connector):
    assert services.check_pages() == 1
    assert page_of(connector) is not None
    assert alerts(connector) == []


def test_a_region_that_runs_another_version_raises_an_alert_that_ends_by_itself(cast, connector):
    services.check_pages()
    other = uploaded_version(connector, cast.owner, numbered(7))
    Placement.objects.filter(connector=connector).update(verified_version=other)
    services.check_pages()
    services.check_pages()
    (alert,) = alerts(connector)
    assert alert.evidence["problems"] == [
        f"East runs {other.label}, and the page documents {connector.live_version.label}."
    ]
    Placement.objects.filter(connector=connector).update(verified_version=connector.live_version)
    services.check_pages()
    services.check_pages()
    assert alerts(connector) == []


def test_a_page_that_was_changed_behind_the_portals_back_is_found_and_published_again(cast, connector):
    services.check_pages()
    Documentation.objects.update(body={**page_of(connector).body, "title": "Something else"})
    services.check_pages()
    (alert,) = alerts(connector)
    assert alert.evidence["problems"] == ["The stored page is not what was published."]
    services.republish(connector, reason="It was altered.", actor=cast.operator)
    services.check_pages()
    assert alerts(connector) == []
    assert page_of(connector).body["title"] != "Something else"
    (record, *_) = audit.history(page_of(connector))
    assert (record.action, record.reason) == ("documentation.republish", "It was altered.")
    assert record.actor == cast.operator


def test_a_version_that_has_just_become_live_is_given_time_to_settle(cast, connector):
    services.check_pages()
    make_live(connector, uploaded_version(connector, cast.owner, numbered(7)))
    Connector.objects.filter(pk=connector.pk).update(marked_at={"live": timezone.now().isoformat()})
    assert services.check_pages() == 0
    assert alerts(connector) == []


def test_a_page_of_another_version_than_the_live_one_is_a_drift(cast, client, sign_in, connector):
    services.check_pages()
    make_live(connector, uploaded_version(connector, cast.owner, numbered(7)))
    services.check_pages()
    (alert,) = alerts(connector)
    assert "is live" in alert.evidence["problems"][0]
    sign_in(cast.viewer)
    page = client.get(reverse("connector_documentation", args=[connector.pk])).content.decode()
    assert "The page does not say what runs" in page


def test_a_package_that_cannot_be_read_is_told_and_stops_nobody_else(cast, connector, monkeypatch):
    services.check_pages()

    def lost(_version):
        raise storage.StoredBytesDamaged("gone")

    monkeypatch.setattr(queries, "package_of", lost)
    assert services.check_pages() == 1
    (alert,) = alerts(connector)
    assert "cannot be read" in alert.evidence["problems"][0]


def test_only_operators_publish_again_and_say_why(cast, connector):
    services.settle(connector.pk)
    with pytest.raises(NotPermitted):
        services.republish(connector, reason="I want to.", actor=cast.owner)
    with pytest.raises(InvalidInput):
        services.republish(connector, reason=" ", actor=cast.operator)
