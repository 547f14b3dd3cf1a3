"""The same services and policies over HTTP for programs."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from rest_framework.test import APIClient

from certification.models import Decision, Submission, Thread
from certification.services import threads
from portal.accounts.models import ApiToken, User
from portal.accounts.tokens import create_token
from tests.conftest import Cast
from tests.factories.reviews import DEFINITION, in_review

pytestmark = pytest.mark.django_db
SUMMARY = "/paths/~1harbours~1{harbourId}~1tides/get/summary"


def client(person: User, *scopes: str, publisher=None) -> APIClient:
    _, secret = create_token(
        owner=person,
        name="test",
        scopes=scopes or ("read", "reviews:write"),
        lifetime=timedelta(days=1),
        publisher_id=publisher,
        actor=person,
    )
    api = APIClient()
    api.default_format = "json"
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {secret.reveal()}")
    return api


def at(name: str, submission: Submission) -> str:
    return reverse(f"api:{name}", args=[submission.pk])


def test_the_queue_lists_what_waits(cast: Cast) -> None:
    submission = in_review(cast.owner)
    body = client(cast.reviewer).get(reverse("api:review_queue")).json()
    assert [row["reference"] for row in body["results"]] == [submission.reference]
    assert body["counts"]["all"] == 1
    assert body["results"][0]["digest"] == submission.revision.version.digest
    assert client(cast.owner).get(reverse("api:review_queue")).status_code == 403


def test_claim_hand_over_and_release(cast: Cast) -> None:
    submission = in_review(cast.owner)
    first, second = client(cast.reviewer), client(cast.second_reviewer)
    assert first.post(at("claim", submission)).json()["reviewer"] == "Reviewer"
    assert first.post(at("claim", submission)).status_code == 200
    taken = second.post(at("claim", submission))
    assert (taken.status_code, taken.json()["code"]) == (409, "claimed")
    sent = {"to": cast.second_reviewer.email, "note": "Yours."}
    assert first.post(at("claim_hand_over", submission), sent).status_code == 200
    assert first.post(at("claim_release", submission)).status_code == 409
    assert second.post(at("claim_release", submission)).status_code == 204
    assert client(cast.owner).post(at("claim", submission)).status_code == 403
    assert client(cast.stranger).post(at("claim", submission)).status_code == 404
    unknown = {"to": "nobody@example.test", "note": "Yours."}
    first.post(at("claim", submission))
    assert first.post(at("claim_hand_over", submission), unknown).status_code == 400


def test_threads_are_opened_once_per_key_answered_and_resolved(cast: Cast) -> None:
    submission = in_review(cast.owner)
    api = client(cast.reviewer)
    sent = {"body": "Shorter.", "file": DEFINITION, "pointer": SUMMARY}
    made = api.post(at("submission_threads", submission), sent, headers={"Idempotency-Key": "a"})
    again = api.post(at("submission_threads", submission), sent, headers={"Idempotency-Key": "a"})
    assert (made.status_code, again.status_code) == (201, 201)
    assert made.json()["id"] == again.json()["id"]
    assert made.json()["excerpt"] == '"summary": "List tides"'
    thread = reverse("api:thread-detail", args=[made.json()["id"]])
    assert client(cast.owner).post(f"{thread}comments/", {"body": "Done."}).status_code == 201
    assert client(cast.owner).post(f"{thread}resolve/").status_code == 403
    assert api.post(f"{thread}resolve/").json()["state"] == "resolved"
    assert api.post(f"{thread}resolve/").status_code == 409
    assert api.post(f"{thread}reopen/").json()["state"] == "open"
    assert [comment["body"] for comment in api.get(thread).json()["comments"]] == ["Shorter.", "Done."]


def test_a_thread_nowhere_is_a_problem_with_its_field(cast: Cast) -> None:
    sent = {"body": "x", "file": DEFINITION, "pointer": "/nothing"}
    answer = client(cast.reviewer).post(at("submission_threads", in_review(cast.owner)), sent)
    assert answer.status_code == 400
    assert answer.json()["errors"]["place"]
    assert not Thread.objects.exists()


def test_private_notes_are_for_staff(cast: Cast) -> None:
    submission = in_review(cast.owner)
    note = threads.open_thread(submission, body="secret opinion", is_private=True, actor=cast.reviewer)
    for person in (cast.owner, cast.viewer):
        api = client(person)
        assert api.get(at("submission_threads", submission)).json()["results"] == []
        assert api.get(reverse("api:thread-detail", args=[note.pk])).status_code == 404
        sent = {"body": "x", "is_private": True}
        assert api.post(at("submission_threads", submission), sent).status_code == 403
    found = client(cast.operator).get(at("submission_threads", submission)).json()["results"]
    assert [thread["is_private"] for thread in found] == [True]


def test_a_decision_names_the_package_it_is_about(cast: Cast) -> None:
    submission = in_review(cast.owner)
    api = client(cast.reviewer)
    wrong = api.post(at("submission_decisions", submission), {"verdict": "approve", "digest": "0" * 64})
    assert (wrong.status_code, wrong.json()["code"]) == (409, "new-revision")
    sent = {"verdict": "approve", "digest": submission.revision.version.digest}
    assert client(cast.owner).post(at("submission_decisions", submission), sent).status_code == 403
    made = api.post(at("submission_decisions", submission), sent)
    assert made.status_code == 201
    assert made.json()["revision"] == 1
    late = client(cast.second_reviewer).post(at("submission_decisions", submission), sent)
    assert (late.status_code, late.json()["code"]) == (409, "illegal-transition")
    assert len(client(cast.owner).get(at("submission_decisions", submission)).json()["results"]) == 1


def test_open_threads_are_listed_as_what_blocks(cast: Cast) -> None:
    submission = in_review(cast.owner)
    threads.open_thread(submission, body="Why?", actor=cast.reviewer)
    sent = {"verdict": "approve", "digest": submission.revision.version.digest}
    answer = client(cast.reviewer).post(at("submission_decisions", submission), sent)
    assert answer.status_code == 409
    assert answer.json()["blockers"] == ["1 thread is not resolved yet."]
    assert not Decision.objects.exists()


def test_a_token_needs_the_scope_and_keeps_to_its_team(cast: Cast) -> None:
    submission = in_review(cast.owner)
    reader = client(cast.reviewer, ApiToken.Scope.READ)
    assert reader.post(at("claim", submission)).status_code == 403
    other = client(cast.reviewer, publisher=cast.other_publisher.pk)
    assert other.get(at("submission_threads", submission)).status_code == 404
    thread = threads.open_thread(submission, body="x", actor=cast.reviewer)
    assert other.get(reverse("api:thread-detail", args=[thread.pk])).status_code == 404
    assert client(cast.reviewer).get(reverse("api:thread-detail", args=[thread.pk])).status_code == 200
