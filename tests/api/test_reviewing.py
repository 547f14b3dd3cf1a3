# ruff: noqa: F811 - fixtures are imported by name
"""What reviewers and testers do over the API: ticks, conditions, suggestions, comments for all, checklists."""

from __future__ import annotations

import json

import pytest

from certification.models import DecisionCondition, ProductCheck, Suggestion, Thread
from certification.services import threads
from certification.services.threads import Place
from tests.certification.test_families_making import family_of, handed_in, moved
from tests.certification.test_suggestions import SUMMARY, fresh, sent_back, suggested
from tests.certification.test_testers import preview  # noqa: F401
from tests.factories.reviews import DEFINITION, in_review

pytestmark = pytest.mark.django_db


@pytest.fixture
def ask(sign_in, client):
    def asked(user, method, path, body=None):
        content = json.dumps(body) if body is not None else ""
        return sign_in(user, client).generic(method, path, content, content_type="application/json")

    return asked


def test_ticks_are_a_readers_own(ask, cast):
    address = f"/api/v1/submissions/{in_review(cast.owner).pk}/marks/"
    tick = {"key": "op:GetTides", "digest": "a" * 64}
    assert ask(cast.reviewer, "PUT", address, tick).status_code == 200
    moved_on = ask(cast.reviewer, "PUT", address, {**tick, "digest": "removed"}).json()
    assert [(each["key"], each["digest"]) for each in moved_on] == [("op:GetTides", "removed")]
    assert ask(cast.owner, "GET", address).json() == [], "nobody else reads them"
    assert ask(cast.reviewer, "PUT", address, {**tick, "key": "colour:blue"}).status_code == 400
    assert ask(cast.reviewer, "PUT", address, {**tick, "digest": "b"}).status_code == 400
    assert ask(cast.stranger, "PUT", address, tick).status_code == 404
    assert ask(cast.reviewer, "DELETE", f"{address}?key=op:GetTides").status_code == 204
    assert ask(cast.reviewer, "GET", address).json() == []


def test_an_approval_has_conditions(ask, cast):
    submission = in_review(cast.owner)
    address = f"/api/v1/submissions/{submission.pk}/decisions/"
    conditions = [{"text": "Tell the pilots."}, {"text": "Name the quay.", "due": "next_version"}]
    verdict = {"digest": submission.revision.version.digest, "conditions": conditions}
    refused = ask(cast.reviewer, "POST", address, {**verdict, "verdict": "reject", "reasons": "No."})
    assert (refused.status_code, set(refused.json()["errors"])) == (400, {"conditions"})
    assert ask(cast.reviewer, "POST", address, {**verdict, "verdict": "approve"}).status_code == 201
    found = list(DecisionCondition.objects.values_list("text", "due"))
    assert found == [("Tell the pilots.", "rollout"), ("Name the quay.", "next_version")]


def test_several_suggestions_come_into_one_package_or_none(ask, cast):
    submission = in_review(cast.owner)
    chosen = [
        suggested(submission, cast.reviewer),
        suggested(submission, cast.reviewer, '"Tides of harbours"', "/info/title"),
    ]
    other = suggested(in_review(cast.owner), cast.reviewer)
    sent_back(submission)
    address = f"/api/v1/submissions/{submission.pk}/suggestions/accept/"
    ids = [str(each.pk) for each in chosen]
    strange = ask(cast.owner, "POST", address, {"suggestions": [*ids, str(other.pk)]})
    assert (strange.status_code, set(strange.json()["errors"])) == (400, {"suggestions"})
    assert ask(cast.viewer, "POST", address, {"suggestions": ids}).status_code == 403
    assert ask(cast.stranger, "POST", address, {"suggestions": ids}).status_code == 404
    before = fresh(submission).version
    done = ask(cast.owner, "POST", address, {"suggestions": ids})
    assert done.status_code == 200, done.content
    after = fresh(submission).version
    assert after.number == before.number + 1, "one version for both"
    assert {(each["state"], each["digest"]) for each in done.json()} == {("accepted", after.digest)}


def test_a_thread_at_a_node_takes_a_suggestion(ask, cast):
    submission = in_review(cast.owner)
    thread = threads.open_thread(
        submission, body="Which tides?", place=Place(DEFINITION, SUMMARY), actor=cast.reviewer
    )
    address = f"/api/v1/threads/{thread.pk}/suggestions/"
    made = ask(cast.reviewer, "POST", address, {"text": '"List the tides"'})
    assert made.status_code == 201, made.content
    assert made.json()["thread"] == str(thread.pk)
    assert ask(cast.reviewer, "POST", address, {"text": "{"}).status_code == 400
    assert ask(cast.owner, "POST", address, {"text": "1"}).status_code == 403
    assert ask(cast.stranger, "POST", address, {"text": "1"}).status_code == 404
    ask(cast.reviewer, "POST", address, {"text": '"All tides"'})
    assert list(Suggestion.objects.order_by("created_at").values_list("state", flat=True)) == [
        "withdrawn",
        "proposed",
    ]


def test_a_family_is_told_the_same_in_every_thread(ask, cast):
    family = family_of(cast, "Tides", "Berths")
    moved(cast, family)
    handed_in(cast, family)
    address = f"/api/v1/families/{family.pk}/comment/"
    assert ask(cast.owner, "POST", address, {"body": "We say so."}).status_code == 403
    assert ask(cast.stranger, "POST", address, {"body": "We say so."}).status_code == 404
    opened = ask(cast.reviewer, "POST", address, {"body": "Is the old host kept?"}).json()
    assert {each["thread"] for each in opened} == {
        str(pk) for pk in Thread.objects.values_list("pk", flat=True)
    }
    one = ask(cast.reviewer, "POST", address, {"body": "And here?", "submissions": [opened[0]["submission"]]})
    assert [each["submission"] for each in one.json()] == [opened[0]["submission"]]
    none = ask(cast.reviewer, "POST", address, {"body": "And here?", "submissions": []})
    assert none.status_code == 400


def test_a_testers_words_about_a_product_are_kept(ask, cast, preview):
    address = f"/api/v1/previews/{preview.pk}/checklists/flow/"
    empty = ask(cast.tester, "GET", address).json()
    assert {each["outcome"] for each in empty["checks"]} == {""}
    words = {"items": {"find": {"outcome": "works"}, "error": {"outcome": "fails", "note": "No words."}}}
    kept = ask(cast.tester, "PUT", address, words)
    assert kept.status_code == 200, kept.content
    found = {each["key"]: each["outcome"] for each in kept.json()["checks"]}
    assert (found["find"], found["error"], found["action"]) == ("works", "fails", "")
    assert {each["outcome"] for each in ask(cast.owner, "GET", address).json()["checks"]} == {""}
    wrong = ask(cast.tester, "PUT", address, {"items": {"sail": {"outcome": "works"}}})
    assert (wrong.status_code, set(wrong.json()["errors"])) == (400, {"sail"})
    assert ask(cast.tester, "PUT", address.replace("flow", "ship"), words).status_code == 404
    assert ask(cast.viewer, "PUT", address, words).status_code == 403
    assert ask(cast.stranger, "GET", address).status_code == 404
    assert ProductCheck.objects.filter(user=cast.tester).count() == 2


def test_a_deed_below_what_cannot_be_read_compares_with_the_nearest_that_can(ask, cast, client, sign_in):
    from connectors.models import Repository, RepositoryBinding
    from tests.factories import ConnectorFactory

    repository = Repository.objects.create(
        publisher=cast.publisher,
        address="https://git.harbour.example/tides.git",
        secrets={"hook": "quay-secret"},
    )
    connector = ConnectorFactory(publisher=cast.publisher)
    RepositoryBinding.objects.create(connector=connector, repository=repository, branch="dev", folder="tides")
    at = f"/api/v1/connectors/{connector.pk}/repository/"
    assert ask(cast.owner, "GET", f"{at}tags/").json() == []
    browser = sign_in(cast.owner, client)
    tag = browser.get(at)["ETag"]
    assert browser.post(f"{at}secret/", headers={"If-Match": '"old"'}).status_code == 412
    assert browser.post(f"{at}secret/", headers={"If-Match": tag}).status_code == 200
