"""Public pages of live connectors, and subscriptions to regions: who sees what, who is mailed, what is forgotten."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from certification.models import Notification, Placement, RegionDeployment, RegionWatch
from certification.services import watches
from connectors.models import Connector, Region
from portal.shared.actors import SYSTEM
from portal.shared.errors import Blocked, InvalidInput
from portal.shared.models import OutboxJob
from tests.factories.rollouts import add_version, scheduled_rollout

pytestmark = pytest.mark.django_db
ADDRESS = "maker@example.test"


@pytest.fixture(autouse=True)
def _no_limit_from_before():
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def rollout(cast):
    """An update on its way to two regions; a third one has the version before."""
    rollout = scheduled_rollout(cast, "north south", "third", due=False)
    old = add_version(rollout.connector, cast.developer, "old")
    Placement.objects.create(
        connector=rollout.connector, region_id="third", verified_version=old, verified_at=timezone.now()
    )
    OutboxJob.objects.all().delete()
    return rollout


def page(rollout, client=None):
    return (client or Client()).get(reverse("public_connector", args=[rollout.connector.slug]))


def watch_address(rollout):
    return reverse("public_watch", args=[rollout.connector.slug])


def verified(rollout, code):
    RegionDeployment.objects.filter(rollout=rollout, region_id=code).update(
        state="verified", verified_at=timezone.now(), next_poll_at=None
    )
    row = RegionDeployment.objects.get(rollout=rollout, region_id=code)
    Placement.objects.update_or_create(
        connector=rollout.connector, region_id=code,
        defaults={"verified_version": rollout.version, "verified_at": timezone.now()},
    )  # fmt: skip
    return watches.tell_of_arrival(str(row.pk))


def asked(rollout, drain_outbox, address=ADDRESS, code="north"):
    """Through the page, as a visitor; returns the confirmation link of the mail."""
    mail.outbox.clear()
    answer = Client().post(watch_address(rollout), {"region": code, "address": address})
    assert answer.status_code == 302
    drain_outbox()
    found = re.search(r"/watch/confirm/[^\s]+/", mail.outbox[0].body) if mail.outbox else None
    return found.group() if found else ""


def test_the_page_tells_what_each_region_has_and_what_is_expected(rollout):
    text = page(rollout).content.decode()
    assert rollout.connector.name in text
    assert "not yet" in text
    assert "1.2.0" in text, "the version that the third region has"
    assert f"{rollout.version.label} is on its way" in text
    assert "Preview Us" not in text


@pytest.mark.parametrize(
    "why", ["first certification", "opted out", "rolled back", "only in Preview", "cancelled"]
)
def test_what_is_not_public_has_no_page_for_anybody(cast, rollout, sign_in, why):
    if why == "opted out":
        Connector.objects.update(is_listed=False)
    elif why == "cancelled":
        Connector.objects.update(state="cancelled")
    elif why == "only in Preview":
        Region.objects.filter(pk="third").update(is_active=False)
        Placement.objects.update(region_id="preview-us")
    else:
        Placement.objects.update(verified_version=None)
    for browser in (Client(), sign_in(cast.owner)):
        assert page(rollout, browser).status_code == 404
        assert (
            browser.post(watch_address(rollout), {"region": "north", "address": ADDRESS}).status_code == 404
        )
        assert rollout.connector.name not in browser.get("/live/").content.decode()
    assert not RegionWatch.objects.exists()


def test_a_visitor_confirms_by_mail_and_is_told_once_when_the_region_is_verified(rollout, drain_outbox):
    link = asked(rollout, drain_outbox)
    assert verified(rollout, "south") == 0
    assert verified(rollout, "north") == 0, "not confirmed yet"
    assert Client().get(link).status_code == 200
    assert RegionWatch.objects.get().confirmed_at is None, "programs that look at mail follow links, too"
    assert "You will be told" in Client().post(link).content.decode()

    mail.outbox.clear()
    assert verified(rollout, "north") == 1
    assert verified(rollout, "north") == 0
    drain_outbox()
    (message,) = mail.outbox
    assert message.to == [ADDRESS]
    assert message.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert "North" in message.subject


def test_a_region_that_only_reported_tells_nobody(rollout, drain_outbox):
    Client().post(asked(rollout, drain_outbox))
    row = RegionDeployment.objects.get(rollout=rollout, region_id="north")
    RegionDeployment.objects.filter(pk=row.pk).update(state="reported", next_poll_at=timezone.now())
    assert watches.tell_of_arrival(str(row.pk)) == 0


def test_an_older_version_than_asked_for_does_not_count_and_a_newer_one_does(cast, rollout, drain_outbox):
    Client().post(asked(rollout, drain_outbox))
    newer = add_version(rollout.connector, cast.developer, "newer")
    RegionWatch.objects.update(version=newer)
    assert verified(rollout, "north") == 0
    RegionWatch.objects.update(version=None)
    assert verified(rollout, "north") == 1


def test_the_answer_never_tells_whether_an_address_is_known(rollout, drain_outbox):
    answers = []
    for address in (ADDRESS, ADDRESS, "other@example.test"):
        browser = Client()
        answer = browser.post(watch_address(rollout), {"region": "north", "address": address}, follow=True)
        answers.append(re.sub(r"[\w-]{60,}", "", answer.content.decode()))
        drain_outbox()
    assert answers[0] == answers[1] == answers[2]
    assert [message.to for message in mail.outbox] == [[ADDRESS], ["other@example.test"]]


def test_one_address_gets_no_more_than_a_few_questions_a_day(cast, rollout, drain_outbox):
    connector = rollout.connector
    for number in range(8):
        region = Region.objects.create(code=f"more-{number}", name=f"More {number}")
        watches.ask(connector, region, None, address=ADDRESS, actor=SYSTEM)
    assert RegionWatch.objects.count() == watches.QUESTIONS_A_DAY


def test_one_visitor_asks_ten_times_an_hour_at_most(rollout):
    codes = [
        Client()
        .post(watch_address(rollout), {"region": "north", "address": f"p{n}@example.test"})
        .status_code
        for n in range(12)
    ]
    assert codes == [302] * 10 + [429] * 2


def test_one_click_forgets_the_address_and_every_message(rollout, drain_outbox):
    Client().post(asked(rollout, drain_outbox))
    verified(rollout, "north")
    mail.outbox.clear()
    drain_outbox()
    address = re.search(
        r"<https?://[^/]+(/watch/leave/[^>]+)>", mail.outbox[0].extra_headers["List-Unsubscribe"]
    )
    browser = Client(enforce_csrf_checks=True)
    assert browser.get(address.group(1)).status_code == 200
    assert RegionWatch.objects.exists()
    assert browser.post(address.group(1), {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert not RegionWatch.objects.exists()
    assert not Notification.objects.filter(address=ADDRESS).exists()
    assert browser.post(address.group(1)).status_code == 200


def test_addresses_are_deleted_when_their_time_is_over(rollout, drain_outbox):
    link = asked(rollout, drain_outbox)
    watch = RegionWatch.objects.get()
    assert watch.ends_at - timezone.now() <= dt.timedelta(days=2)
    Client().post(link)
    verified(rollout, "north")
    watch.refresh_from_db()
    assert dt.timedelta(days=29) < watch.ends_at - timezone.now() <= dt.timedelta(days=30)
    assert watches.forget_ended() == 0
    RegionWatch.objects.update(ends_at=timezone.now())
    watches.forget_ended()
    assert not RegionWatch.objects.exists()
    assert not Notification.objects.filter(address=ADDRESS).exists()


def test_who_is_signed_in_needs_one_click(cast, rollout, sign_in, drain_outbox):
    browser = sign_in(cast.stranger)
    assert "Tell me" in page(rollout, browser).content.decode()
    browser.post(watch_address(rollout), {"region": "north"})
    watch = RegionWatch.objects.get()
    assert (watch.user, watch.address) == (cast.stranger, cast.stranger.email)
    assert watch.confirmed_at is not None
    assert "You will be told" in page(rollout, browser).content.decode()
    mail.outbox.clear()
    assert verified(rollout, "north") == 1
    drain_outbox()
    assert [message.to for message in mail.outbox] == [[cast.stranger.email]]


def test_bad_input_says_what_to_do(rollout):
    with pytest.raises(InvalidInput, match="ada@example"):
        watches.ask(rollout.connector, Region.objects.get(pk="north"), None, address="nobody", actor=SYSTEM)
    answer = Client().post(watch_address(rollout), {"region": "atlantis", "address": ADDRESS})
    assert answer.status_code == 400
    assert "Choose one of the regions" in answer.content.decode()
    with pytest.raises(Blocked, match="ask again"):
        watches.confirm("broken", actor=SYSTEM)
    assert Client().post("/watch/confirm/broken/").status_code == 409


def test_a_team_opts_out_on_the_connectors_form(cast, rollout, sign_in):
    connector = rollout.connector
    browser = sign_in(cast.owner)
    address = reverse("connector_edit", args=[connector.pk])
    browser.post(address, {"name": connector.name})
    connector.refresh_from_db()
    assert connector.is_listed is False
    browser.post(address, {"name": connector.name, "is_listed": "on"})
    connector.refresh_from_db()
    assert connector.is_listed is True


def test_the_pages_ask_a_number_of_questions_that_does_not_grow(rollout, django_assert_max_num_queries):
    for number in range(15):
        Region.objects.create(code=f"more-{number}", name=f"More {number}")
    with django_assert_max_num_queries(9):
        page(rollout)
