"""Webhooks: every event reaches a receiver, signed, once it is there again; who hangs holds up nobody else."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import time_machine
from django.core import mail
from django.db import connection
from django.db.models import F
from django.test import Client
from django.utils import timezone
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from certification.models import WebhookDelivery, WebhookEndpoint
from certification.services import retention, submissions, webhook_sending, webhooks
from portal.shared import audit, outbox
from portal.shared.errors import Conflict, InvalidInput, NotPermitted
from tests.factories import ConnectorFactory
from tests.runtime.servers import as_json, backend

HOST = "hooks.harbour.example"
URL = f"https://{HOST}/portal"


@pytest.fixture
def receiver(settings):
    with backend() as server:
        settings.EGRESS_LOCAL_HOSTS = [f"{HOST}=127.0.0.1:{server.port}"]
        yield server


def endpoint_of(cast, **more) -> tuple[WebhookEndpoint, str]:
    endpoint, secret = webhooks.create_endpoint(
        cast.publisher, webhooks.EndpointDraft(**{"url": URL, **more}), actor=cast.owner
    )
    return endpoint, secret.reveal()


def happen(cast) -> None:
    """Something a team is told of, as far as its messages."""
    submissions.create_submission(ConnectorFactory(publisher=cast.publisher), actor=cast.owner)
    audit.seal_everything()
    webhook_sending.collect()
    outbox.drain()


def later(delivery: WebhookDelivery) -> None:
    """As if the wait were over."""
    WebhookDelivery.objects.filter(pk=delivery.pk).update(next_attempt_at=timezone.now())
    with contextlib.suppress(outbox.Retry):
        webhook_sending.deliver(str(delivery.pk))
    delivery.refresh_from_db()


def failing(cast, receiver, answer=(500, "Not today.")) -> WebhookDelivery:
    receiver.reply = lambda received: as_json(answer[1], answer[0])
    happen(cast)
    return WebhookDelivery.objects.latest("created_at")


@pytest.mark.django_db
def test_an_event_arrives_signed_and_is_taken_once(cast, receiver):
    endpoint, secret = endpoint_of(cast)
    happen(cast)

    (received,) = receiver.received
    told = Webhook(secret).verify(received.body, dict(received.headers.items()))
    assert told["type"] == "submission.create"
    assert told["data"]["object"]["type"] == "submission"
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(received.body + b" ", dict(received.headers.items()))
    delivery = endpoint.deliveries.get()
    assert (delivery.state, delivery.last_attempt["status"]) == ("delivered", 200)

    webhook_sending.collect()
    outbox.drain()
    assert len(receiver.received) == 1


@pytest.mark.django_db
def test_what_was_not_taken_comes_again_under_its_own_id_for_three_days(cast, receiver):
    endpoint, _ = endpoint_of(cast)
    delivery = failing(cast, receiver)
    assert (delivery.state, delivery.last_attempt["status"]) == ("waiting", 500)
    for _ in range(webhook_sending.TRIES - 2):
        later(delivery)
    assert delivery.state == "waiting"
    receiver.reply = lambda received: as_json({})
    later(delivery)

    assert (delivery.state, len(delivery.attempts)) == ("delivered", webhook_sending.TRIES)
    assert len({received.headers["webhook-id"] for received in receiver.received}) == 1
    assert dt.timedelta(days=3) < sum(webhook_sending.WAITS, dt.timedelta()) < dt.timedelta(days=4)
    endpoint.refresh_from_db()
    assert endpoint.failing_since is None


@pytest.mark.django_db
def test_an_attempt_before_its_time_waits(cast, receiver):
    endpoint_of(cast)
    delivery = failing(cast, receiver)
    before = len(receiver.received)
    with pytest.raises(outbox.Retry) as waits:
        webhook_sending.deliver(str(delivery.pk))
    assert 1 < waits.value.after_seconds <= 5
    assert len(receiver.received) == before


@pytest.mark.django_db
def test_an_address_that_takes_nothing_for_three_days_is_switched_off_and_the_team_is_told(cast, receiver):
    endpoint, _ = endpoint_of(cast)
    delivery = failing(cast, receiver)
    WebhookEndpoint.objects.update(failing_since=timezone.now() - dt.timedelta(days=3, hours=3))
    for _ in range(webhook_sending.TRIES - 1):
        later(delivery)
    outbox.drain()

    endpoint.refresh_from_db()
    assert (delivery.state, endpoint.is_active) == ("failed", False)
    assert "three days" in endpoint.disabled_because
    told = {message.to[0]: message for message in mail.outbox}
    assert {cast.owner.email, cast.developer.email} <= set(told)
    assert cast.stranger.email not in told
    assert f"/webhooks/{endpoint.pk}/" in told[cast.owner.email].body


@pytest.mark.django_db
def test_one_lost_message_does_not_switch_off_an_address_that_takes_others(cast, receiver):
    endpoint, _ = endpoint_of(cast)
    delivery = failing(cast, receiver)
    WebhookDelivery.objects.update(tries_left=1)
    delivery.refresh_from_db()
    later(delivery)
    endpoint.refresh_from_db()
    assert (delivery.state, endpoint.is_active) == ("failed", True)


@pytest.mark.django_db
def test_an_address_that_is_gone_is_switched_off_at_once(cast, receiver):
    endpoint, _ = endpoint_of(cast)
    delivery = failing(cast, receiver, (410, "gone"))
    endpoint.refresh_from_db()
    assert (delivery.state, endpoint.is_active) == ("failed", False)
    assert "410" in endpoint.disabled_because
    with pytest.raises(Conflict, match="switched off"):
        webhooks.send_test(endpoint, actor=cast.owner)


@pytest.mark.django_db
def test_a_redirect_is_not_followed_and_an_answer_is_kept_without_secrets(cast, receiver):
    endpoint_of(cast)
    receiver.reply = lambda received: (
        302,
        {"Location": "http://169.254.169.254/"},
        b'{"client_secret": "Zq7x81TidesAndQuays"}',
    )
    happen(cast)
    delivery = WebhookDelivery.objects.get()
    assert (delivery.state, delivery.last_attempt["status"]) == ("waiting", 302)
    assert len(receiver.received) == 1
    assert "Zq7x81TidesAndQuays" not in delivery.answer


@pytest.mark.django_db
@pytest.mark.parametrize(
    "url",
    ["http://hooks.example/x", "https://10.0.0.8/x", "https://localhost/x", "https://a:b@hooks.example/", "ftp://x.example/"],
)  # fmt: skip
def test_an_address_that_is_not_public_is_refused(cast, settings, url):
    settings.EGRESS_PUBLIC = True
    with pytest.raises(InvalidInput) as refused:
        endpoint_of(cast, url=url)
    assert "url" in refused.value.fields


@pytest.mark.django_db
def test_only_the_chosen_events_are_told(cast, receiver):
    endpoint, _ = endpoint_of(cast, event_types=["rollout.*", "submission.submit"])
    happen(cast)
    assert not endpoint.deliveries.exists()
    endpoint.refresh_from_db()
    assert endpoint.cursor > 0
    with pytest.raises(InvalidInput, match="cannot be saved"):
        endpoint_of(cast, url=f"https://{HOST}/b", event_types=["submission.fly"])


@pytest.mark.django_db
def test_what_another_team_did_is_told_to_nobody_else(cast, receiver):
    endpoint, _ = endpoint_of(cast)
    submissions.create_submission(ConnectorFactory(publisher=cast.other_publisher), actor=cast.stranger)
    audit.seal_everything()
    webhook_sending.collect()
    assert not endpoint.deliveries.exists()


@pytest.mark.django_db
def test_a_receiver_that_is_gone_is_not_asked_by_those_who_waited_for_their_turn(cast, receiver, monkeypatch):
    endpoint_of(cast)
    delivery = failing(cast, receiver)
    asked = len(receiver.received)

    @contextlib.contextmanager
    def leased_late(rows, **_):
        """The attempt before was told 410 between our first look and our turn."""
        rows.update(is_active=False)
        yield

    monkeypatch.setattr(webhook_sending, "leased", leased_late)
    later(delivery)
    assert delivery.state == "cancelled"
    assert len(receiver.received) == asked


@pytest.mark.django_db
def test_both_secrets_sign_for_a_day_after_a_change(cast, receiver):
    endpoint, old = endpoint_of(cast)
    new = webhooks.rotate_secret(endpoint, actor=cast.developer).reveal()
    happen(cast)
    received = receiver.received[-1]
    for secret in (old, new):
        Webhook(secret).verify(received.body, dict(received.headers.items()))

    WebhookEndpoint.objects.update(previous_until=F("previous_until") - dt.timedelta(hours=25))
    happen(cast)
    received = receiver.received[-1]
    Webhook(new).verify(received.body, dict(received.headers.items()))
    with pytest.raises(WebhookVerificationError):
        Webhook(old).verify(received.body, dict(received.headers.items()))


@pytest.mark.django_db
@pytest.mark.parametrize("hours", [-1, 24])
def test_the_clock_of_a_worker_changes_neither_signatures_nor_waits(cast, receiver, hours):
    endpoint, secret = endpoint_of(cast)
    with time_machine.travel(timezone.now() + dt.timedelta(hours=hours)):
        waiting = failing(cast, receiver)
    received = receiver.received[-1]
    Webhook(secret).verify(received.body, dict(received.headers.items()))
    assert dt.timedelta(0) < waiting.next_attempt_at - timezone.now() < dt.timedelta(minutes=6)
    endpoint.refresh_from_db()
    assert endpoint.busy_until is None
    assert abs(endpoint.failing_since - timezone.now()) < dt.timedelta(minutes=1)


@pytest.mark.django_db
@pytest.mark.parametrize("form", ["slack", "teams"])
def test_channels_get_a_message_with_a_link_and_without_markup_of_others(cast, receiver, form):
    cast.owner.display_name = "<Ada & Co>"
    cast.owner.save()
    endpoint_of(cast, format=form)
    happen(cast)
    body = json.loads(receiver.received[-1].body)
    said = json.dumps(body)
    assert "/submissions/" in said
    if form == "slack":
        assert "&lt;Ada &amp; Co&gt;" in body["blocks"][0]["text"]["text"]
    else:
        (card,) = body["attachments"]
        assert card["content"]["type"] == "AdaptiveCard"
        assert card["content"]["actions"][0]["url"].startswith("http")


@pytest.mark.django_db
def test_a_test_and_a_repetition_are_sent_at_once(cast, receiver):
    endpoint, _ = endpoint_of(cast)
    test = webhooks.send_test(endpoint, actor=cast.developer)
    outbox.drain()
    test.refresh_from_db()
    assert test.state == "delivered"
    assert json.loads(receiver.received[-1].body)["type"] == "webhook.test"

    webhooks.redeliver(test, actor=cast.owner)
    with pytest.raises(Conflict):
        webhooks.redeliver(test, actor=cast.owner)
    outbox.drain()
    assert len({received.headers["webhook-id"] for received in receiver.received}) == 1
    assert len(receiver.received) == 2


@pytest.mark.django_db
def test_testers_and_strangers_change_nothing(cast, receiver):
    endpoint, _ = endpoint_of(cast)
    for actor in (cast.tester, cast.viewer, cast.stranger, cast.operator):
        for deed in (webhooks.send_test, webhooks.rotate_secret, webhooks.remove_endpoint):
            with pytest.raises(NotPermitted):
                deed(endpoint, actor=actor)


@pytest.mark.django_db
def test_switching_on_begins_with_what_happens_from_then_on(cast, receiver):
    endpoint, _ = endpoint_of(cast)
    webhooks.switch_endpoint(endpoint, is_active=False, actor=cast.owner)
    happen(cast)
    webhooks.switch_endpoint(endpoint, is_active=True, actor=cast.owner)
    webhook_sending.collect()
    assert not endpoint.deliveries.exists()


@pytest.mark.django_db
def test_old_messages_are_forgotten(cast, receiver):
    endpoint_of(cast)
    happen(cast)
    WebhookDelivery.objects.update(created_at=timezone.now() - dt.timedelta(days=31))
    assert retention.keep_to_rules()["webhook_messages"] == 1


@pytest.mark.django_db(transaction=True)
def test_one_endpoint_is_asked_once_at_a_time(cast, receiver):
    endpoint, _ = endpoint_of(cast)
    for _ in range(4):
        submissions.create_submission(ConnectorFactory(publisher=cast.publisher), actor=cast.owner)
    audit.seal_everything()
    webhook_sending.collect()
    at_once: list[int] = []
    running = [0]

    def slow(received):
        running[0] += 1
        at_once.append(running[0])
        time.sleep(0.2)
        running[0] -= 1
        return as_json({})

    receiver.reply = slow
    ids = [str(pk) for pk in endpoint.deliveries.values_list("pk", flat=True)]
    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(_tried, ids))
    assert max(at_once) == 1
    assert outcomes.count("sent") >= 1
    assert set(outcomes) <= {"sent", "waits"}


def _tried(pk: str) -> str:
    try:
        webhook_sending.deliver(pk)
    except outbox.Retry:
        return "waits"
    finally:
        connection.close()
    return "sent"


@pytest.mark.django_db
def test_the_pages_show_the_secret_once_and_every_message(cast, receiver):
    browser = Client()
    browser.force_login(cast.owner)
    made = browser.post(
        f"/publishers/{cast.publisher.slug}/webhooks/new/", {"url": URL, "format": "standard"}
    )
    assert b"whsec_" in made.content
    assert "no-store" in made["Cache-Control"]
    endpoint = WebhookEndpoint.objects.get()
    happen(cast)
    page = browser.get(f"/webhooks/{endpoint.pk}/")
    assert b"submission.create" in page.content
    assert b"whsec_" not in page.content
    message = endpoint.deliveries.get()
    assert b"webhook" in browser.get(f"/webhooks/messages/{message.pk}/").content
    assert browser.post(f"/webhooks/{endpoint.pk}/remove/").status_code == 302
    assert not WebhookEndpoint.objects.exists()


@pytest.mark.django_db
def test_the_api_makes_changes_and_removes_them(cast, receiver):
    browser = Client()
    browser.force_login(cast.developer)
    made = browser.post(
        "/api/v1/webhooks/",
        {"publisher": cast.publisher.slug, "url": URL, "event_types": ["rollout.*"]},
        content_type="application/json",
    )
    assert made.status_code == 201, made.content
    assert made.json()["secret"].startswith("whsec_")
    address = f"/api/v1/webhooks/{made.json()['id']}/"
    assert "secret" not in browser.get(address).json()
    changed = browser.patch(address, {"event_types": []}, content_type="application/json")
    assert (changed.status_code, changed.json()["event_types"]) == (200, [])
    assert browser.post(f"{address}test/").status_code == 202
    outbox.drain()
    (message,) = browser.get(f"{address}messages/").json()["results"]
    assert message["state"] == "delivered"
    assert browser.post(f"{address}messages/{message['id']}/redeliver/").json()["state"] == "waiting"
    assert browser.delete(address).status_code == 204
