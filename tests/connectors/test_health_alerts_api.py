"""Health alerts over REST: lists and filters, scopes, who may answer them."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client
from django.utils import timezone

from connectors.models import HealthAlert
from portal.accounts.tokens import create_token
from tests.connectors.test_host_watch import live

pytestmark = pytest.mark.django_db
PATH = "/api/v1/health-alerts/"


@pytest.fixture
def connector(cast, monkeypatch):
    # The second factor of staff is a matter of other tests.
    monkeypatch.setattr(
        "portal.accounts.middleware.StaffSecondFactorMiddleware._allowed", staticmethod(lambda _: True)
    )
    return live(cast.publisher)


def api(user, scope="read"):
    lifetime = dt.timedelta(days=1)
    _, secret = create_token(
        owner=user, name="Tests", scopes={"read", scope}, lifetime=lifetime, publisher_id=None, actor=user
    )
    return Client(headers={"Authorization": f"Bearer {secret.reveal()}"})


def alert(connector, kind="certificate", state="firing"):
    return HealthAlert.objects.create(
        connector=connector, kind=kind, state=state, last_breach_at=timezone.now(),
        evidence={"host": "tides.example", "problem": "has expired", "expires_at": None, "days": None},
    )  # fmt: skip


def test_the_list_has_the_open_ones_in_words_and_filters(connector, cast):
    fresh, over = alert(connector), alert(connector, state="resolved")
    silent = alert(connector, kind="host", state="acknowledged")
    HealthAlert.objects.filter(pk=silent.pk).update(
        evidence={"host": "tides.example", "problem": "no connection", "looks": 3, "stage": "connection"}
    )
    caller = api(cast.viewer, "read")

    def ids(query=""):
        return {row["id"] for row in caller.get(PATH + query).json()["results"]}

    assert ids() == {str(fresh.pk), str(silent.pk)}
    assert ids("?state=resolved") == {str(over.pk)}
    assert ids("?state=acknowledged") == {str(silent.pk)}
    assert ids("?kind=host") == {str(silent.pk)}
    assert ids(f"?connector={connector.pk}") == {str(fresh.pk), str(silent.pk)}
    assert caller.get(PATH + "?state=loud").status_code == 400
    assert caller.get(PATH + "?connector=tides").status_code == 400
    found = caller.get(f"{PATH}{silent.pk}/").json()
    assert found["text"] == "tides.example: no connection, 3 looks in a row."
    assert (found["is_urgent"], found["publisher"]) == (True, cast.publisher.slug)
    assert found["advice"]


def test_strangers_see_nothing(connector, cast):
    made = alert(connector)
    caller = api(cast.stranger, "read")
    assert caller.get(PATH).json()["results"] == []
    assert caller.get(f"{PATH}{made.pk}/").status_code == 404
    assert api(cast.stranger, "health:write").post(f"{PATH}{made.pk}/acknowledge/").status_code == 404


def test_answering_needs_the_scope_and_the_right(connector, cast):
    made = alert(connector)
    path = f"{PATH}{made.pk}/acknowledge/"
    assert api(cast.developer, "read").post(path).status_code == 403
    assert api(cast.viewer, "health:write").post(path).status_code == 403
    caller = api(cast.developer, "health:write")
    answer = caller.post(path)
    assert answer.status_code == 200
    assert (answer.json()["state"], answer.json()["acknowledged_by"]) == ("acknowledged", cast.developer.name)
    assert caller.post(path).status_code == 409


def test_closing_needs_a_reason(connector, cast):
    made = alert(connector)
    caller = api(cast.operator, "health:write")
    path = f"{PATH}{made.pk}/close/"
    assert caller.post(path, {}, content_type="application/json").status_code == 400
    answer = caller.post(path, {"reason": "It was replaced."}, content_type="application/json")
    assert answer.json()["state"] == "resolved"
