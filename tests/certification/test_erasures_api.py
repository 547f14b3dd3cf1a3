"""Erasures by programs: asking, the report, taking back, and who may."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from certification.models import Erasure
from certification.services import erasures
from portal.accounts.models import ApiToken, User
from portal.accounts.tokens import create_token
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
LIST = reverse("api:erasure-list")


def token_of(user: User, *scopes: str, team: Any = None) -> dict[str, str]:
    _token, text = create_token(
        owner=user,
        name="a program",
        scopes=scopes or list(ApiToken.Scope.values),
        lifetime=timedelta(days=1),
        publisher_id=team,
        actor=user,
    )
    return {"Authorization": f"Bearer {text.reveal()}"}


def post(address: str, headers: dict[str, str], body: Any = None) -> Any:
    return Client().post(address, body or {}, content_type="application/json", headers=headers)


def test_a_person_asks_reads_and_takes_it_back(cast):
    mine = token_of(cast.viewer)
    asked = post(LIST, mine)
    assert asked.status_code == 201, asked.content
    made = Erasure.objects.get(person=cast.viewer)
    assert asked.json()["id"] == str(made.pk)
    assert (asked.json()["state"], asked.json()["blockers"]) == ("waiting", [])
    assert post(LIST, mine).status_code == 409
    (row,) = Client().get(LIST, headers=mine).json()["results"]
    assert row["person"] == str(cast.viewer.pk)
    assert "report" not in row
    taken_back = post(reverse("api:erasure-withdraw", args=[made.pk]), mine)
    assert (taken_back.status_code, taken_back.json()["state"]) == (200, "withdrawn")
    made.refresh_from_db()
    assert (made.state, made.words) == ("withdrawn", None)


def test_nobody_asks_for_somebody_else_or_sees_theirs(cast):
    stranger = token_of(UserFactory())
    assert post(LIST, stranger, {"person": str(cast.viewer.pk), "reason": "Because."}).status_code == 404
    made = erasures.ask(cast.viewer, actor=cast.viewer)
    assert Client().get(LIST, headers=stranger).json()["results"] == []
    assert Client().get(reverse("api:erasure-detail", args=[made.pk]), headers=stranger).status_code == 404
    assert post(reverse("api:erasure-withdraw", args=[made.pk]), stranger).status_code == 404
    assert not Erasure.objects.filter(state="withdrawn").exists()


def test_administrators_give_a_reason_and_earlier_names_and_read_the_report(cast):
    boss, person = UserFactory(staff_role="administrator"), cast.viewer
    by_boss = token_of(boss)
    assert post(LIST, by_boss, {"person": str(person.pk)}).json()["errors"]["reason"]
    short = post(LIST, by_boss, {"person": str(person.pk), "reason": "A letter.", "also": ["Al"]})
    assert short.json()["errors"]["also"]
    body = {"person": str(person.pk), "reason": "A letter came.", "also": ["Astrid Former", "a@old.example"]}
    asked = post(LIST, by_boss, body)
    assert asked.status_code == 201, asked.content
    made = Erasure.objects.get(person=person)
    assert made.words == {"also": ["Astrid Former", "a@old.example"]}
    assert b"Astrid Former" not in asked.content, "what is searched for is shown to nobody"
    made.report = {
        "removed": {"usersessions.usersession": 2},
        "changed": {"shared.auditrecord": 5},
        "left": {"connectors.connector": 3},
    }
    made.save(update_fields=["report"])
    told = Client().get(reverse("api:erasure-detail", args=[made.pk]), headers=by_boss).json()
    assert told["report"] == [
        {"title": "Audit records", "removed": 0, "changed": 5, "left": 0},
        {"title": "Sessions", "removed": 2, "changed": 0, "left": 0},
        {"title": "Other texts", "removed": 0, "changed": 0, "left": 3},
    ]


def test_what_has_to_be_handed_over_is_named(cast):
    refused = post(LIST, token_of(cast.owner))
    assert (refused.status_code, refused.json()["code"]) == (409, "blocked")
    (said,) = refused.json()["blockers"]
    assert cast.publisher.name in said
    assert "make somebody else an owner of it first" in said


def test_only_a_whole_token_of_the_strongest_scope_asks(cast):
    person = cast.viewer
    assert post(LIST, token_of(person, "read", "team:write")).status_code == 403
    made = erasures.ask(person, actor=person)
    of_team = token_of(person, team=cast.publisher.pk)
    assert post(LIST, of_team).status_code == 403
    assert Client().get(LIST, headers=of_team).json()["results"] == []
    assert post(reverse("api:erasure-withdraw", args=[made.pk]), of_team).status_code == 404


def test_a_session_asks_only_after_its_person_has_shown_again_who_they_are(cast, sign_in):
    browser = sign_in(cast.viewer, Client())
    refused = browser.post(LIST, {}, content_type="application/json")
    assert refused.status_code == 403
    assert "Show again who you are" in refused.json()["detail"]
    assert not Erasure.objects.exists()


def test_the_list_costs_the_same_for_many(cast, django_assert_max_num_queries):
    by_boss = token_of(UserFactory(staff_role="administrator"))
    for person in UserFactory.create_batch(12):
        erasures.ask(person, actor=person)
    Client().get(LIST, headers=by_boss)
    with django_assert_max_num_queries(8):
        assert len(Client().get(LIST, headers=by_boss).json()["results"]) == 12
