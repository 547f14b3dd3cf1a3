"""Heartbeats over REST and on pages: settings, beats, what a token for them opens, and what it does not."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from certification.services import transfers
from connectors.models import Beat, HealthAlert, Heartbeat, Membership
from connectors.models.publishers import Role
from connectors.services import heartbeats
from portal.accounts.models import ApiToken
from portal.accounts.tokens import create_token, renew_token
from tests.connectors.test_heartbeats import HOURLY, live, pass_time

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _fresh_rates():
    cache.clear()


@pytest.fixture
def connector(cast):
    made = live(cast.publisher)
    heartbeats.expect(made, HOURLY, actor=cast.developer)
    return made


def bearer(secret):
    return Client(headers={"Authorization": f"Bearer {secret.reveal()}"})


def program(user, *scopes, **bounds):
    _, secret = create_token(
        owner=user, name="Tests", scopes=scopes, lifetime=timedelta(days=1), actor=user,
        publisher_id=None, **bounds,
    )  # fmt: skip
    return bearer(secret)


def beats(connector):
    return f"/api/v1/connectors/{connector.slug}/heartbeats/"


def settings_of(connector):
    return f"/api/v1/connectors/{connector.pk}/heartbeat/"


def send(client, connector, body=None, **more):
    if body is None and not more:
        return client.generic("POST", beats(connector))
    return client.post(beats(connector), body, **{"content_type": "application/json", **more})


def test_a_backend_reports_with_nothing_but_a_post(connector, cast):
    answer = program(cast.developer, "heartbeats:write").generic("POST", beats(connector))
    assert answer.status_code == 200, answer.content
    assert answer.json()["state"] == "on_time"
    assert answer.json()["due_at"] < answer.json()["missing_at"]
    assert Beat.objects.count() == 1
    by_id = f"/api/v1/connectors/{connector.pk}/heartbeats/"
    assert program(cast.developer, "heartbeats:write").generic("POST", by_id).status_code == 200


def test_trouble_comes_as_json_or_as_a_form_and_the_next_good_beat_ends_it(connector, cast):
    client = program(cast.developer, "heartbeats:write")
    assert send(client, connector, {"status": "failing", "message": "Disk full"}).json()["state"] == "failing"
    assert HealthAlert.objects.get().evidence["message"] == "Disk full"
    form = "application/x-www-form-urlencoded"
    assert (
        send(client, connector, "status=failing&message=Disk+full+still", content_type=form).status_code
        == 200
    )
    assert HealthAlert.objects.get().evidence["message"] == "Disk full still"
    assert send(client, connector, {}).json()["state"] == "on_time"
    assert HealthAlert.objects.get().state == "resolved"


@pytest.mark.parametrize(
    "body",
    ['{"status": "fine"}', '{"status": null}', '{"message": 3.5e', "[1]", '"ok"', '{"message": {"a": 1}}'],
)
def test_what_cannot_be_read_is_refused_and_is_no_beat(connector, cast, body):
    answer = send(program(cast.developer, "heartbeats:write"), connector, body)
    assert answer.status_code == 400, answer.content
    assert not Beat.objects.exists()


def test_a_message_may_be_long_and_hold_anything(connector, cast):
    answer = send(program(cast.developer, "heartbeats:write"), connector, {"message": "é\u0007" * 4000})
    assert answer.status_code == 200
    assert 298 < len(Beat.objects.get().message) <= 300


def test_while_heartbeats_are_off_a_beat_is_a_conflict_that_says_what_to_do(cast):
    answer = send(program(cast.developer, "heartbeats:write"), live(cast.publisher))
    assert answer.status_code == 409
    assert "turn them on" in answer.json()["detail"]


def test_other_scopes_and_other_people_send_nothing(connector, cast):
    assert (
        send(program(cast.developer, "read", "health:write", "connectors:write"), connector).status_code
        == 403
    )
    assert send(program(cast.viewer, "heartbeats:write"), connector).status_code == 403
    assert send(program(cast.operator, "heartbeats:write"), connector).status_code == 403
    assert send(program(cast.stranger, "heartbeats:write"), connector).status_code == 404
    assert send(Client(), connector).status_code == 401
    assert not Beat.objects.exists()


def test_the_token_of_the_page_sends_heartbeats_of_one_connector_and_opens_nothing_else(connector, cast):
    other = live(cast.publisher)
    heartbeats.expect(other, HOURLY, actor=cast.developer)
    token, secret = heartbeats.make_token(connector, days=30, actor=cast.developer)
    client = bearer(secret)
    assert send(client, connector).status_code == 200
    assert send(client, other).status_code == 404
    for address in (settings_of(connector), "/api/v1/connectors/", "/api/v1/events/"):
        assert client.get(address).status_code == 403
    rhythm = {"period_minutes": 5, "grace_minutes": 5}
    changed = client.put(settings_of(connector), rhythm, content_type="application/json")
    assert changed.status_code == 403
    renewed, _secret = renew_token(token, actor=cast.developer)
    assert renewed.connector_id == connector.pk, "renewing widens nothing"


def test_after_a_transfer_the_old_team_and_its_tokens_are_heard_no_more(connector, cast):
    _, secret = heartbeats.make_token(connector, days=30, actor=cast.owner)
    # Even where the person belongs to the other team as well.
    Membership.objects.create(publisher=cast.other_publisher, user=cast.owner, role=Role.DEVELOPER)
    offer = transfers.offer_transfer(connector, to=cast.other_publisher.slug, actor=cast.owner)
    transfers.accept_transfer(offer, actor=cast.stranger)
    assert send(bearer(secret), connector).status_code == 404
    assert send(program(cast.developer, "heartbeats:write"), connector).status_code == 404
    assert send(program(cast.stranger, "heartbeats:write"), connector).status_code == 200


def test_a_token_ends_with_the_membership_of_its_maker(connector, cast):
    _, secret = heartbeats.make_token(connector, days=30, actor=cast.developer)
    Membership.objects.filter(user=cast.developer).delete()
    assert send(bearer(secret), connector).status_code == 404


def test_a_loop_that_ran_away_is_slowed_down_and_told_until_when(connector, cast):
    client = program(cast.developer, "heartbeats:write")
    answers = [send(client, connector) for _again in range(31)]
    assert answers[29].status_code == 200
    assert answers[30].status_code == 429
    assert int(answers[30].headers["Retry-After"]) <= 60


def test_a_beat_costs_few_queries(connector, cast, django_assert_max_num_queries):
    client = program(cast.developer, "heartbeats:write")
    send(client, connector)
    with django_assert_max_num_queries(14):
        assert send(client, connector, {"message": "again"}).status_code == 200


def test_settings_are_read_changed_and_turned_off(connector, cast):
    client = program(cast.developer, "read", "health:write")
    seen = client.get(settings_of(connector)).json()
    assert (seen["state"], seen["period_minutes"], seen["grace_minutes"]) == ("never", 60, 15)
    assert seen["beats"] == []
    rhythm = {"period_minutes": 5, "grace_minutes": 44640}
    changed = client.put(settings_of(connector), rhythm, content_type="application/json")
    assert changed.json()["grace_minutes"] == 44640
    heartbeats.beat(connector, is_failing=True, message="Hm", actor=cast.owner)
    seen = client.get(settings_of(connector)).json()
    assert [(each["status"], each["message"]) for each in seen["beats"]] == [("failing", "Hm")]
    assert client.delete(settings_of(connector)).status_code == 204
    assert client.get(settings_of(connector)).json()["state"] == "off"


@pytest.mark.parametrize(
    "rhythm", [{}, {"period_minutes": 0, "grace_minutes": 5}, {"period_minutes": 5, "grace_minutes": 44641}]
)
def test_a_rhythm_that_cannot_be_is_refused_with_the_field(cast, rhythm):
    client = program(cast.developer, "read", "health:write")
    answer = client.put(settings_of(live(cast.publisher)), rhythm, content_type="application/json")
    assert answer.status_code == 400
    assert set(answer.json()["errors"]) <= {"period_minutes", "grace_minutes"}


def test_the_page_turns_them_on_shows_the_line_and_turns_them_off(cast, client):
    connector = live(cast.publisher)
    client.force_login(cast.developer)
    address = reverse("connector_heartbeat", args=[connector.pk])
    assert "No heartbeat yet" in client.get(address).content.decode()
    refused = client.post(address, {"period": 40, "period_unit": 1440, "grace": 15, "grace_unit": 1})
    assert refused.status_code == 400
    assert "Between 1 minute and 31 days" in refused.content.decode()
    assert not Heartbeat.objects.exists()
    client.post(address, {"period": 2, "period_unit": 60, "grace": 15, "grace_unit": 1})
    assert Heartbeat.objects.get().period_minutes == 120
    page = client.get(address).content.decode()
    assert f"{connector.slug}/heartbeats/" in page
    assert "$HEARTBEAT_TOKEN" in page
    assert "ccp_" not in page
    assert "Never heard" in page
    pass_time(timedelta(minutes=136))
    heartbeats.watch_heartbeats()
    page = client.get(address).content.decode()
    assert "Missing" in page
    assert "No heartbeat has ever come" in page
    client.post(reverse("connector_heartbeat_off", args=[connector.pk]))
    assert not Heartbeat.objects.exists()


def test_a_viewer_sees_the_state_and_no_form(connector, cast, client):
    client.force_login(cast.viewer)
    page = client.get(reverse("connector_heartbeat", args=[connector.pk])).content.decode()
    assert "Never heard" in page
    assert "Turn it off" not in page
    assert "curl" not in page


def test_the_page_of_the_token_shows_it_once(connector, cast, client):
    client.force_login(cast.developer)
    address = reverse("connector_heartbeat_token", args=[connector.pk])
    asked = client.post(address, {"days": 30})
    assert "reauthenticate" in asked.url, "whoever finds an open browser makes no tokens"
    session = client.session
    session["account_authentication_methods"] = [
        {"method": "password", "at": time.time(), "reauthenticated": True}
    ]
    session["account_authentication_methods_user"] = str(cast.developer.pk)
    session.save()
    shown = client.post(address, {"days": 30})
    token = ApiToken.objects.get(connector_id=connector.pk)
    assert token.prefix in shown.content.decode()
    assert (token.scopes, token.publisher_id) == (["heartbeats:write"], cast.publisher.pk)
    assert token.prefix not in client.get(address).content.decode()


def test_the_page_costs_the_same_however_many_beats(connector, cast, client, django_assert_max_num_queries):
    client.force_login(cast.developer)
    address, costs = reverse("connector_heartbeat", args=[connector.pk]), []
    client.get(address)
    for many in (2, 20):
        for number in range(many):
            heartbeats.beat(connector, is_failing=False, message=str(number), actor=cast.developer)
        with django_assert_max_num_queries(15) as queries:
            client.get(address)
        costs.append(len(queries))
    assert costs[0] == costs[1]
