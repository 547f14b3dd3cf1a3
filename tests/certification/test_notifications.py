"""Messages: who is told, in which words, once each, and how they leave."""

from __future__ import annotations

import re
import smtplib
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core import mail
from django.db import connection, transaction
from django.template.loader import get_template
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from certification.messages import KINDS, Group, template_name
from certification.models import Notification
from certification.services import notifications as services
from certification.services.letters import _BY_NOUN
from connectors.services import publishers
from portal.accounts.models import NotificationPreference
from portal.shared import audit, outbox
from portal.shared.models import OutboxJob
from portal.subscriptions import SUBSCRIPTIONS
from tests.factories import ConnectorFactory

MAILED = sorted(
    subscription.arguments["event"]
    for subscriptions in SUBSCRIPTIONS.values()
    for subscription in subscriptions
    if subscription.handler.endswith(".notify")
)


def assign_contact(cast, connector=None):
    connector = connector or ConnectorFactory(
        publisher=cast.publisher, name="Harbour Tides", contact=cast.reviewer
    )
    with transaction.atomic():
        audit.record("connector.assign_contact", connector, actor=cast.administrator)
        outbox.emit("connector.assign_contact", id=str(connector.pk))
    return connector


def test_every_mailed_event_is_described_and_every_description_is_mailed():
    assert set(MAILED) == set(KINDS)
    assert {event.partition(".")[0] for event in KINDS} == set(_BY_NOUN)


@pytest.mark.parametrize("event", [*KINDS, "digest"])
@pytest.mark.parametrize("part", ["subject.txt", "body.txt", "body.html"])
def test_every_event_has_its_three_templates(event, part):
    assert get_template(template_name(event, part))


def test_the_team_and_the_contact_are_told_once_each(cast, drain_outbox):
    assign_contact(cast)
    drain_outbox()
    told = sorted(message.to[0] for message in mail.outbox)
    assert told == ["developer@example.test", "owner@example.test", "reviewer@example.test"]
    [message] = [item for item in mail.outbox if item.to == ["owner@example.test"]]
    assert message.subject == "Reviewer is the contact for Harbour Tides"
    assert "https://portal.test/" in message.body
    assert message.alternatives[0][1] == "text/html"
    assert Notification.objects.filter(state="sent").count() == 3


def test_running_the_job_again_tells_nobody_twice(cast, drain_outbox):
    assign_contact(cast)
    drain_outbox()
    OutboxJob.objects.filter(topic="connector.assign_contact").update(state="due")
    OutboxJob.objects.filter(topic="notification.queue").update(state="due")
    drain_outbox()
    assert len(mail.outbox) == 3
    assert Notification.objects.count() == 3


def test_the_same_event_on_another_occasion_is_told_again(cast, drain_outbox):
    connector = assign_contact(cast)
    drain_outbox()
    assign_contact(cast, connector)
    drain_outbox()
    assert Notification.objects.count() == 6


def test_a_person_chooses_at_once_daily_or_only_in_the_portal(cast, drain_outbox):
    for person, delivery in ((cast.owner, "digest"), (cast.developer, "none")):
        NotificationPreference.objects.create(user=person, group=Group.TEAM, delivery=delivery)
    assign_contact(cast)
    drain_outbox()
    states = dict(Notification.objects.values_list("recipient__email", "state"))
    assert states == {
        "owner@example.test": "digest",
        "developer@example.test": "portal",
        "reviewer@example.test": "sent",
    }
    assert len(mail.outbox) == 1


@time_machine.travel(datetime(2026, 3, 2, 6, 30, tzinfo=UTC), tick=False)
def test_the_digest_leaves_at_eight_in_the_readers_morning_once_a_day(cast, drain_outbox):
    cast.owner.time_zone = "Europe/Berlin"
    cast.owner.save()
    NotificationPreference.objects.create(user=cast.owner, group=Group.TEAM, delivery="digest")
    assign_contact(cast)
    drain_outbox()
    mail.outbox.clear()
    assert services.send_digests() == 0, "half past seven in Berlin"
    with time_machine.travel(datetime(2026, 3, 2, 7, 5, tzinfo=UTC), tick=False):
        assert services.send_digests() == 1
        assert services.send_digests() == 0
        drain_outbox()
    [digest] = mail.outbox
    assert digest.subject == "1 message from Connector Certification"
    assert "Reviewer is the contact" in digest.body


def test_times_are_in_the_readers_zone(cast, drain_outbox):
    from certification.services.letter_parts import Letter
    from certification.services.notifications import render

    cast.owner.time_zone = "Asia/Kolkata"
    letter = Letter(
        "publisher.verify", cast.publisher, publisher=cast.publisher, names={"publisher": cast.publisher}
    )
    letter.facts = [("Deadline", datetime(2026, 3, 2, 20, 0, tzinfo=UTC))]
    _, text, html = render(letter, KINDS["publisher.verify"], cast.owner)
    assert "Tuesday, 3 March 2026, 01:30 (IST)" in text
    assert "Tuesday, 3 March 2026, 01:30 (IST)" in html


def test_a_name_cannot_break_out_of_header_or_markup(cast, drain_outbox):
    connector = ConnectorFactory(
        publisher=cast.publisher,
        name="A\r\nBcc: x@example.test <b>bold</b>",
        slug="a-b",
        contact=cast.reviewer,
    )
    assign_contact(cast, connector)
    drain_outbox()
    for message in mail.outbox:
        assert "\n" not in message.subject
        assert "Bcc" not in message.message()
        assert "<b>bold" not in message.alternatives[0][0]
        assert "<b>bold" in message.body, "the text part shows it as it was written"


def test_an_invitations_key_is_in_the_mail_and_nowhere_else(cast, client, drain_outbox):
    _, token = publishers.invite(cast.publisher, email="new@example.test", role="viewer", actor=cast.owner)
    drain_outbox()
    [message] = mail.outbox
    link = re.search(r"https://portal\.test(/invitations/\S+/)", message.body)
    assert link
    assert token.reveal() in link[1]
    with connection.cursor() as cursor:
        for table in (
            "certification_notification",
            "shared_outboxjob",
            "shared_auditrecord",
            "connectors_invitation",
        ):
            cursor.execute(f"SELECT coalesce(string_agg(t::text, ' '), '') FROM {table} t")
            assert token.reveal() not in cursor.fetchone()[0], table
    assert client.get(link[1])["Location"] == reverse("invitation_answer")


class Refusing:
    """A mail server that answers with `error` until it is mended."""

    def __init__(self, error: Exception) -> None:
        self.error: Exception | None = error

    def send_messages(self, messages):
        if self.error:
            raise self.error
        mail.outbox.extend(messages)
        return len(messages)


@pytest.fixture
def server(monkeypatch):
    def use(error: Exception) -> Refusing:
        backend = Refusing(error)
        monkeypatch.setattr("django.core.mail.message.get_connection", lambda **_: backend, raising=False)
        monkeypatch.setattr("django.core.mail.get_connection", lambda *_, **__: backend)
        return backend

    return use


def test_a_server_that_is_down_means_later_with_the_same_message_id(cast, drain_outbox, server):
    backend = server(ConnectionRefusedError("secret-host:25"))
    assign_contact(cast)
    drain_outbox()
    waiting = Notification.objects.filter(state="queued")
    assert waiting.count() == 3
    assert "secret-host" not in str(list(waiting.values_list("last_error", flat=True)))
    identities = set(waiting.values_list("message_id", flat=True))
    backend.error = None
    OutboxJob.objects.filter(state="due").update(due_at=timezone.now() - timedelta(seconds=1))
    drain_outbox()
    assert {message.extra_headers["Message-ID"] for message in mail.outbox} == identities
    assert Notification.objects.filter(state="sent").count() == 3


def test_an_address_that_is_refused_for_good_is_shown_and_can_be_tried_again(
    cast, sign_in, drain_outbox, server
):
    backend = server(smtplib.SMTPRecipientsRefused({"x": (550, b"no such user")}))
    assign_contact(cast)
    drain_outbox()
    failed = Notification.objects.get(recipient=cast.owner)
    assert (failed.state, failed.last_error) == ("failed", "The mail server refused the address (550).")
    backend.error = None
    browser = sign_in(cast.owner)
    assert "Send again" in browser.get(reverse("notification_detail", args=[failed.pk])).content.decode()
    browser.post(reverse("notification_send_again", args=[failed.pk]))
    drain_outbox()
    failed.refresh_from_db()
    assert failed.state == "sent"


def test_a_temporary_refusal_is_tried_for_five_days_and_then_given_up(cast, drain_outbox, server):
    server(smtplib.SMTPDataError(451, b"later"))
    assign_contact(cast)
    drain_outbox()
    assert set(Notification.objects.values_list("state", flat=True)) == {"queued"}
    Notification.objects.update(queued_at=timezone.now() - timedelta(days=6))
    OutboxJob.objects.filter(state="due").update(due_at=timezone.now() - timedelta(seconds=1))
    drain_outbox()
    assert set(Notification.objects.values_list("state", flat=True)) == {"failed"}


def test_an_event_whose_object_is_gone_tells_nobody(cast):
    assert services.notify("connector.assign_contact", id="00000000-0000-0000-0000-000000000000") == 0


def test_the_inbox_shows_ones_own_and_opening_marks_as_read(cast, sign_in, drain_outbox):
    assign_contact(cast)
    drain_outbox()
    browser = sign_in(cast.owner)
    page = browser.get(reverse("notification_list")).content.decode()
    assert "Reviewer is the contact for Harbour Tides" in page
    mine = Notification.objects.get(recipient=cast.owner)
    assert browser.get(reverse("notification_detail", args=[mine.pk])).status_code == 200
    mine.refresh_from_db()
    assert mine.read_at
    assert (
        "You have read everything"
        in browser.get(reverse("notification_list") + "?show=unread").content.decode()
    )


def test_a_team_reads_its_mails_and_strangers_do_not(cast, sign_in, drain_outbox):
    assign_contact(cast)
    drain_outbox()
    to_owner = Notification.objects.get(recipient=cast.owner)
    to_reviewer = Notification.objects.get(recipient=cast.reviewer)

    def status(person, message):
        return sign_in(person).get(reverse("notification_detail", args=[message.pk])).status_code

    assert status(cast.viewer, to_owner) == 200
    assert status(cast.viewer, to_reviewer) == 404
    assert status(cast.stranger, to_owner) == 404
    assert status(cast.operator, to_reviewer) == 200


def test_preferences_are_kept_per_group(cast, sign_in):
    browser = sign_in(cast.owner)
    page = browser.get(reverse("notification_preferences")).content.decode()
    assert "Each region that is reached" in page
    assert "Failures and disagreements" not in page, "operators' group"
    choices = {group.value: "digest" for group in Group if group != Group.OPERATIONS}
    assert browser.post(reverse("notification_preferences"), choices).status_code == 302
    assert set(cast.owner.notification_preferences.values_list("delivery", flat=True)) == {"digest"}


def test_the_inbox_asks_the_same_number_of_questions_for_any_length(cast, sign_in, drain_outbox):
    browser = sign_in(cast.owner)

    def queries_with(rows: int) -> int:
        for number in range(rows):
            assign_contact(
                cast,
                ConnectorFactory(publisher=cast.publisher, name=f"C {rows} {number}", contact=cast.reviewer),
            )
        drain_outbox(limit=5_000)
        browser.get(reverse("notification_list"))
        with CaptureQueriesContext(connection) as captured:
            assert browser.get(reverse("notification_list")).status_code == 200
        return len(captured)

    assert queries_with(5) == queries_with(20)
