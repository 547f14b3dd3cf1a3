"""Canned replies: kept by reviewers with every wording, filled in at a place, first where their rule was broken."""

from __future__ import annotations

import pytest
from django.urls import reverse

from certification.models import CannedReply
from certification.reviewing.replies import filled, unknown_variables
from certification.services import replies
from portal.shared import audit
from portal.shared.errors import Conflict, InvalidInput, NotPermitted
from tests.conftest import Cast
from tests.factories.reviews import DEFINITION, in_review

pytestmark = pytest.mark.django_db
SUMMARY = "/paths/~1harbours~1{harbourId}~1tides/get/summary"


def kept(cast: Cast, **given) -> CannedReply:
    values = {"title": "Shorter", "body": "{publisher}: shorten {place} of {operation}.", "rules": []}
    return replies.create_reply(**{**values, **given}, actor=cast.reviewer)


def test_variables_are_filled_and_those_without_value_stay() -> None:
    assert filled("{connector} {rule} {", {"connector": "Tides"}) == "Tides {rule} {"
    assert unknown_variables("{connector} {captain} {captain}") == ["captain"]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"title": " "}, "title"),
        ({"title": "x" * 81}, "title"),
        ({"body": ""}, "body"),
        ({"body": "{captain}"}, "body"),
        ({"rules": ["NO-999"]}, "rules"),
    ],
)
def test_what_could_not_be_used_is_refused(cast: Cast, given, field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        kept(cast, **given)
    assert set(refused.value.fields) == {field}


def test_a_title_is_in_use_once(cast: Cast) -> None:
    first = kept(cast)
    with pytest.raises(InvalidInput):
        kept(cast)
    replies.retire_reply(first, actor=cast.reviewer)
    kept(cast)
    with pytest.raises(InvalidInput):
        replies.restore_reply(first, actor=cast.reviewer)


def test_only_reviewers_keep_them(cast: Cast) -> None:
    for person in (cast.owner, cast.operator, cast.stranger):
        with pytest.raises(NotPermitted):
            replies.create_reply(title="A", body="B", actor=person)


def test_every_wording_is_kept_and_nobody_overwrites_another(cast: Cast) -> None:
    reply = kept(cast)
    replies.change_reply(
        reply, title="Shorter", body="Please.", rules=["inf-004"], edit_count=0, actor=cast.administrator
    )
    with pytest.raises(Conflict):
        replies.change_reply(reply, title="A", body="B", rules=[], edit_count=0, actor=cast.second_reviewer)
    reply.refresh_from_db()
    assert (reply.body, reply.rules) == ("Please.", ["INF-004"])
    newest, oldest = audit.history(reply)
    assert newest.data["before"]["body"] == oldest.data["body"]


def test_saving_the_same_again_leaves_no_trace(cast: Cast) -> None:
    reply = kept(cast)
    replies.change_reply(
        reply, title=reply.title, body=reply.body, rules=[], edit_count=0, actor=cast.reviewer
    )
    assert audit.history(reply).count() == 1


def test_the_form_starts_from_the_reply_with_what_was_typed_before(cast: Cast, sign_in) -> None:
    submission, reply = in_review(cast.owner), kept(cast)
    asked = {"file": DEFINITION, "pointer": SUMMARY, "reply": str(reply.pk), "body": "Hello."}
    page = sign_in(cast.reviewer).get(reverse("thread_new", args=[submission.pk]), asked).content.decode()
    words = "Northwind Harbour: shorten GET /harbours/{harbourId}/tides \u203a summary of "
    assert f"Hello.\n\n{words}" in page
    page = sign_in(cast.owner).get(reverse("thread_new", args=[submission.pk]), asked).content.decode()
    assert "shorten" not in page


@pytest.mark.parametrize("wrong", ["x", "00000000-0000-0000-0000-000000000000"])
def test_an_unknown_reply_is_no_reply(cast: Cast, sign_in, wrong: str) -> None:
    page = sign_in(cast.reviewer).get(
        reverse("thread_new", args=[in_review(cast.owner).pk]), {"file": DEFINITION, "reply": wrong}
    )
    assert page.status_code == 200


def test_the_pages_list_write_change_and_retire(cast: Cast, sign_in) -> None:
    browser = sign_in(cast.reviewer)
    assert "No reply yet" in browser.get(reverse("reply_list")).content.decode()
    bad = browser.post(reverse("reply_new"), {"title": "Tides", "body": "{captain}"})
    assert bad.status_code == 400
    assert "There is no variable {captain}." in bad.content.decode()
    browser.post(reverse("reply_new"), {"title": "Tides", "body": "Which?", "rules": "INF-004, INF-015"})
    reply = CannedReply.objects.get()
    assert reply.rules == ["INF-004", "INF-015"]
    page = browser.get(reverse("reply_edit", args=[reply.pk])).content.decode()
    assert "How it read before" in page
    browser.post(reverse("reply_switch", args=[reply.pk]))
    assert "Retired" in browser.get(reverse("reply_list")).content.decode()
    assert sign_in(cast.operator).get(reverse("reply_edit", args=[reply.pk])).status_code == 403


def test_the_decision_form_takes_a_canned_reply_below_what_was_typed(cast: Cast, sign_in) -> None:
    submission, reply = in_review(cast.owner), kept(cast, body="Dear {publisher}, about {reference}:")
    browser = sign_in(cast.reviewer)
    assert b"Shorter" in browser.get(reverse("review_detail", args=[submission.pk])).content
    sent = {"reply": str(reply.pk), "reasons": "Thank you.", "verdict": "reject"}
    answer = browser.post(reverse("review_reasons", args=[submission.pk]), sent)
    words = f"Thank you.\n\nDear Northwind Harbour, about {submission.reference}:"
    assert words in answer.content.decode()
    assert b"not stored" not in answer.content
    field = browser.post(
        reverse("review_reasons", args=[submission.pk]), sent, headers={"HX-Request": "true"}
    )
    assert words in field.content.decode()
    assert b"hx-preserve" not in field.content
    assert not submission.decisions.exists()


def test_the_key_of_the_decision_leads_to_a_choice_that_can_be_made(cast: Cast, sign_in) -> None:
    submission = in_review(cast.owner)
    page = sign_in(cast.reviewer).get(reverse("review_detail", args=[submission.pk])).content.decode()
    assert page.count('data-key="v"') == 1
