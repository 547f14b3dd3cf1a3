"""Notices: a retirement that leaves users their time, a change that is told, both taken back or carried out."""

from __future__ import annotations

import datetime as dt
from threading import Barrier, Thread

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from certification.models import Notice, Notification, RegionWatch
from certification.services import notices, notifications
from certification.services.notices import NoticeDraft
from connectors.models import Connector
from portal.shared import audit
from portal.shared.errors import Blocked, Conflict, IllegalTransition, InvalidInput, NotPermitted
from portal.shared.models import OutboxJob
from tests.factories import ConnectorFactory, RegionFactory
from tests.factories.submissions import draft as submission_draft

pytestmark = pytest.mark.django_db
TEXT = "The service behind it ends. Move your flows to the new connector by then."


def in_days(days: int) -> dt.date:
    return timezone.localdate() + dt.timedelta(days=days)


def retirement(**more):
    return NoticeDraft(**{"kind": "retirement", "text": TEXT, "effective_on": in_days(30), **more})


@pytest.fixture
def connector(cast):
    return ConnectorFactory(publisher=cast.publisher, state="active")


def watch(connector, address, *, user=None, confirmed=True):
    now = timezone.now()
    return RegionWatch.objects.create(
        connector=connector, region=RegionFactory(), address=address, user=user,
        confirmed_at=now if confirmed else None, ends_at=now + dt.timedelta(days=300),
    )  # fmt: skip


def test_a_retirement_deprecates_at_once_and_tells_everybody(cast, connector):
    watch(connector, "ada@example.test")
    watch(connector, "ada@example.test")
    watch(connector, "never@example.test", confirmed=False)
    notice = notices.announce(connector, retirement(successor="Tides 2"), actor=cast.owner)
    connector.refresh_from_db()
    assert connector.state == "deprecated"
    assert notice.state == "announced"
    topics = list(OutboxJob.objects.filter(topic__startswith="notice.").values_list("topic", flat=True))
    assert sorted(topics) == ["notice.announce", "notice.tell"]
    assert audit.history(connector).filter(action="notice.announce").exists()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"effective_on": in_days(29)}, "effective_on"),
        ({"effective_on": None}, "effective_on"),
        ({"effective_on": in_days(9_999)}, "effective_on"),
        ({"text": "Too short"}, "text"),
        ({"text": "x" * 4_001}, "text"),
        ({"successor": "x" * 301}, "successor"),
        ({"kind": "party"}, "kind"),
    ],
)
def test_what_leaves_users_no_time_or_no_words_is_refused(cast, connector, change, field):
    with pytest.raises(InvalidInput) as caught:
        notices.announce(connector, retirement(**change), actor=cast.owner)
    assert field in caught.value.fields
    connector.refresh_from_db()
    assert connector.state == "active"


@pytest.mark.parametrize("who", ["developer", "viewer", "stranger", "reviewer", "operator"])
def test_only_owners_and_administrators_announce_the_end(cast, connector, who):
    with pytest.raises(NotPermitted):
        notices.announce(connector, retirement(), actor=getattr(cast, who))


def test_makers_announce_a_change_which_changes_nothing_by_itself(cast, connector):
    change = retirement(kind="change", operations=("ListTides",))
    notice = notices.announce(connector, change, actor=cast.developer)
    connector.refresh_from_db()
    assert connector.state == "active"
    assert notice.operations == ["ListTides"]


def test_nothing_retires_while_a_submission_is_on_its_way(cast, connector):
    waiting = submission_draft(cast.owner, connector)
    with pytest.raises(Blocked, match=waiting.reference):
        notices.announce(connector, retirement(), actor=cast.owner)


def test_only_a_connector_in_use_has_users_to_tell(cast):
    planned = ConnectorFactory(publisher=cast.publisher)
    with pytest.raises(Blocked, match="in use"):
        notices.announce(planned, retirement(), actor=cast.owner)


def test_it_retires_on_its_day_and_not_before(cast, connector):
    waiting = watch(connector, "ada@example.test")
    notice = notices.announce(connector, retirement(), actor=cast.owner)
    assert notices.complete_due(in_days(29)) == 0
    assert notices.complete_due(in_days(30)) == 1
    assert notices.complete_due(in_days(30)) == 0
    notice.refresh_from_db()
    connector.refresh_from_db()
    assert (notice.state, connector.state) == ("completed", "retired")
    assert not RegionWatch.objects.filter(pk=waiting.pk).exists()
    with pytest.raises(IllegalTransition):
        notices.cancel_notice(notice, reason="Too late", actor=cast.owner)


def test_a_submission_that_came_meanwhile_delays_the_end(cast, connector):
    notices.announce(connector, retirement(), actor=cast.owner)
    waiting = submission_draft(cast.owner, connector)
    assert notices.complete_due(in_days(31)) == 0
    type(waiting).objects.filter(pk=waiting.pk).update(state="withdrawn")
    assert notices.complete_due(in_days(31)) == 1


def test_taking_it_back_makes_the_connector_active_again(cast, connector):
    notice = notices.announce(connector, retirement(), actor=cast.owner)
    with pytest.raises(InvalidInput):
        notices.cancel_notice(notice, reason="  ", actor=cast.owner)
    with pytest.raises(NotPermitted):
        notices.cancel_notice(notice, reason="No", actor=cast.developer)
    notices.cancel_notice(notice, reason="We found a way to go on.", actor=cast.owner)
    connector.refresh_from_db()
    assert connector.state == "active"
    assert notices.complete_due(in_days(60)) == 0
    notices.announce(connector, retirement(), actor=cast.owner)


def test_a_second_retirement_is_refused(cast, connector):
    notices.announce(connector, retirement(), actor=cast.owner)
    with pytest.raises(Blocked):
        notices.announce(connector, retirement(), actor=cast.owner)


@pytest.mark.django_db(transaction=True)
def test_of_two_retirements_at_once_exactly_one_wins(cast, connector):
    outcomes, barrier = [], Barrier(2)

    def go():
        try:
            barrier.wait()
            notices.announce(Connector.objects.get(pk=connector.pk), retirement(), actor=cast.owner)
            outcomes.append("won")
        except (Blocked, Conflict):
            outcomes.append("lost")
        finally:
            connection.close()

    threads = [Thread(target=go) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["lost", "won"]
    assert Notice.objects.count() == 1


def test_the_mails_say_what_when_and_what_instead(cast, connector):
    one = watch(connector, "ada@example.test")
    notice = notices.announce(connector, retirement(successor="Tides 2"), actor=cast.owner)
    assert notifications.notify("notice.announce", id=str(notice.pk)) > 1
    assert notifications.notify("notice.tell", id=str(notice.pk), watch=str(one.pk)) == 1
    told = Notification.objects.get(event="notice.tell")
    assert told.address == "ada@example.test"
    assert "retires on" in told.subject
    assert TEXT in told.body_text
    assert "Tides 2" in told.body_text
    assert "/watch/leave/" in told.body_text
    assert cast.publisher.name in Notification.objects.filter(event="notice.announce").first().body_text
    notices.cancel_notice(notice, reason="We go on.", actor=cast.owner)
    assert notifications.notify("notice.cancel", id=str(notice.pk)) >= 1
    Notification.objects.filter(event="notice.tell").delete()
    assert notifications.notify("notice.tell", id=str(notice.pk), watch=str(one.pk)) == 1
    assert "does not retire" in Notification.objects.get(event="notice.tell").subject
    Notice.objects.update(state="completed")
    assert notifications.notify("notice.tell", id=str(notice.pk), watch=str(one.pk)) == 0


def test_the_wizard_shows_what_people_get_before_it_is_announced(cast, sign_in, connector):
    browser, address = sign_in(cast.owner), reverse("notice_new", args=[connector.pk])
    assert "Who is told" in browser.get(address).content.decode()
    typed = {"kind": "retirement", "text": TEXT, "effective_on": in_days(45).isoformat()}
    text = browser.post(address, typed).content.decode()
    assert "What people get" in text
    assert not Notice.objects.exists()
    assert "What people get" not in browser.post(address, {**typed, "change": "1"}).content.decode()
    answer = browser.post(address, {**typed, "confirmed": "1"})
    notice = Notice.objects.get()
    assert answer.headers["Location"] == reverse("notice_detail", args=[notice.pk])
    assert TEXT in browser.get(answer.headers["Location"]).content.decode()


def test_the_wizard_explains_a_day_too_early_and_a_connector_out_of_use(cast, sign_in, connector):
    browser, address = sign_in(cast.owner), reverse("notice_new", args=[connector.pk])
    typed = {"kind": "retirement", "text": TEXT, "effective_on": in_days(3).isoformat()}
    answer = browser.post(address, typed)
    assert answer.status_code == 400
    assert "at least 30 days" in answer.content.decode()
    Connector.objects.update(state="deprecated")
    assert browser.post(address, {**typed, "effective_on": in_days(40).isoformat()}).status_code == 409


def test_the_page_calls_it_off_and_the_connector_page_shows_it(cast, sign_in, connector):
    notice = notices.announce(connector, retirement(), actor=cast.owner)
    browser = sign_in(cast.owner)
    part = browser.get(reverse("connector_notices", args=[connector.pk])).content.decode()
    assert reverse("notice_detail", args=[notice.pk]) in part
    assert (
        reverse("connector_notices", args=[connector.pk])
        in browser.get(reverse("connector_detail", args=[connector.pk])).content.decode()
    )
    address = reverse("notice_cancel", args=[notice.pk])
    assert browser.post(address, {"reason": ""}).status_code == 400
    assert sign_in(cast.developer).post(address, {"reason": "No"}).status_code == 403
    assert sign_in(cast.stranger).post(address, {"reason": "No"}).status_code == 404
    assert sign_in(cast.owner).post(address, {"reason": "We go on."}).status_code == 302
    notice.refresh_from_db()
    assert notice.state == "cancelled"


def test_a_connector_without_notices_says_what_they_are_for(cast, sign_in, connector):
    text = sign_in(cast.viewer).get(reverse("connector_notices", args=[connector.pk])).content.decode()
    assert "Nothing is announced" in text
    assert "notices/new" not in text
