"""Pages of reviews: who sees what, what is never seen, and what they cost."""

from __future__ import annotations

import re
import time
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from certification.models import Comment, Decision, Submission, Thread
from certification.services import reviews, submissions, threads, validation
from certification.services.threads import Place
from connectors.services.versions import receive_upload
from tests.conftest import Cast
from tests.factories import MembershipFactory
from tests.factories.reviews import DEFINITION, archive, in_review, large_definition, resubmit
from tests.factories.submissions import draft, numbered

pytestmark = pytest.mark.django_db
SUMMARY = "/paths/~1harbours~1{harbourId}~1tides/get/summary"
OPERATION = "/paths/~1harbours~1{harbourId}~1tides/get"
NOTE = "a-private-sentence-nobody-outside-may-read"


def url(name: str, submission: Submission, query: str = "") -> str:
    return reverse(name, args=[submission.pk]) + query


def reading_pages(submission: Submission) -> list[str]:
    """Every address that shows something of the review."""
    return [
        url("review_detail", submission),
        url("review_detail", submission, f"?at={OPERATION}"),
        url("review_operation", submission, f"?at={OPERATION}"),
        url("review_source", submission),
        url("review_source", submission, "?chunk=down&line=5"),
        url("review_source", submission, "?file=readme.md"),
        url("review_changes", submission),
        url("review_panel", submission),
        url("review_threads", submission),
        url("thread_new", submission, f"?file={DEFINITION}&pointer={SUMMARY}"),
    ]


def test_every_page_opens_for_team_and_staff_and_for_nobody_else(cast: Cast, sign_in) -> None:
    submission = in_review(cast.owner)
    threads.open_thread(submission, body="x", place=Place(DEFINITION, SUMMARY), actor=cast.reviewer)
    for person in (cast.owner, cast.tester, cast.reviewer, cast.operator, cast.administrator):
        browser = sign_in(person)
        for address in reading_pages(submission):
            assert browser.get(address).status_code == 200, (person, address)
    for address in reading_pages(submission):
        assert sign_in(cast.stranger).get(address).status_code == 404, address
        assert "login" in Client().get(address).headers["Location"]


def test_nothing_is_to_be_seen_before_a_package_was_handed_in(cast: Cast, sign_in) -> None:
    submission = draft(cast.owner)
    for address in reading_pages(submission)[:9]:
        assert sign_in(cast.owner).get(address).status_code == 404


def test_private_notes_are_nowhere_in_what_the_team_gets(cast: Cast, sign_in) -> None:
    submission = in_review(cast.owner)
    places = (Place(), Place(DEFINITION, SUMMARY), Place("readme.md", "", 3))
    notes = [
        threads.open_thread(
            submission, body=f"{NOTE} {index}", place=place, is_private=True, actor=cast.reviewer
        )
        for index, place in enumerate(places)
    ]
    submission = resubmit(submission, numbered(4).archive(), cast.owner)
    MembershipFactory(publisher=cast.publisher, user=cast.second_operator, role="viewer")
    pages = [
        *reading_pages(submission),
        url("submission_detail", submission),
        url("submission_history", submission),
        reverse("api:submission_threads", args=[submission.pk]),
    ]
    for person in (cast.owner, cast.developer, cast.tester, cast.viewer, cast.second_operator):
        browser = sign_in(person)
        for address in pages:
            for headers in ({}, {"HX-Request": "true"}):
                response = browser.get(address, headers=headers)
                words = response.content.decode()
                assert NOTE not in words, (person, address)
                assert "rivate" not in words.replace("private-label", ""), (person, address)
                assert not any(str(note.pk) in words for note in notes)
        for note in notes:
            assert browser.get(reverse("thread_detail", args=[note.pk])).status_code == 404
            assert browser.get(reverse("api:thread-detail", args=[note.pk])).status_code == 404
            for verb in ("thread_reply", "thread_resolve", "thread_reopen"):
                assert browser.post(reverse(verb, args=[note.pk]), {"body": "x"}).status_code == 404
    seen = sign_in(cast.reviewer).get(url("review_threads", submission)).content.decode()
    assert seen.count(NOTE) == 3
    assert "Private notes: staff only" in seen


def test_the_team_cannot_post_a_private_note(cast: Cast, sign_in) -> None:
    submission = in_review(cast.owner)
    answer = sign_in(cast.owner).post(url("thread_new", submission), {"body": "x", "private": "1"})
    assert answer.status_code == 403
    assert not Thread.objects.exists()


def test_claims_clocks_and_the_decision_are_shown_to_staff_of_other_teams_only(cast: Cast, sign_in) -> None:
    submission = in_review(cast.owner)
    reviews.claim(submission, actor=cast.reviewer)
    MembershipFactory(publisher=cast.publisher, user=cast.second_reviewer, role="viewer")
    for person in (cast.owner, cast.second_reviewer):
        words = sign_in(person).get(url("review_detail", submission)).content.decode()
        assert "Decision due" not in words
        assert 'name="verdict"' not in words
    words = sign_in(cast.reviewer).get(url("review_detail", submission)).content.decode()
    assert "You hold this review" in words
    assert 'name="verdict"' in words
    words = sign_in(cast.administrator).get(url("review_detail", submission)).content.decode()
    assert "Reviewer holds this review." in words
    assert 'name="verdict"' not in words


def test_hostile_markup_in_comments_definitions_and_reasons_is_text(cast: Cast, sign_in) -> None:
    evil = "<script>alert('x')</script><img src=x onerror=alert(1)>"
    definition = large_definition(2)
    operation = next(iter(definition["paths"].values()))["get"]
    operation.update(summary=evil, description=evil, operationId=f'x"{evil}')
    definition["info"]["title"] = evil
    definition["paths"][f"/{evil}"] = {"get": dict(operation, operationId="Other")}
    submission = resubmit(in_review(cast.owner), archive(definition, **{"readme.md": evil}), cast.owner)
    threads.open_thread(
        submission,
        body=f"{evil}\n\n[click](javascript:alert(1)) **bold**",
        place=Place(DEFINITION, f"/paths/~1{evil.replace('/', '~1')}/get"),
        actor=cast.owner,
    )
    browser = sign_in(cast.reviewer)
    pointer = f"/paths/~1{evil.replace('/', '~1')}/get"
    pages = [*reading_pages(submission), url("review_file_changes", submission, f"?file={DEFINITION}")]
    answers = [browser.get(address) for address in pages[:2] + pages[3:]]
    answers.append(browser.get(url("review_operation", submission), {"at": pointer}))
    for answer in answers:
        assert answer.status_code == 200
        words = answer.content.decode()
        assert "<script>alert" not in words
        assert "<img src=x" not in words
        assert 'href="javascript:' not in words
    assert "<strong>bold</strong>" in answers[-1].content.decode()


def test_a_thread_is_opened_answered_and_resolved_without_scripts(cast: Cast, sign_in) -> None:
    submission = in_review(cast.owner)
    place = {"file": DEFINITION, "pointer": SUMMARY}
    opened = sign_in(cast.reviewer).post(
        url("thread_new", submission), {"body": "Shorter.", **place}, follow=True
    )
    assert "Shorter." in opened.content.decode()
    thread = Thread.objects.get()
    sign_in(cast.owner).post(reverse("thread_reply", args=[thread.pk]), {"body": "Done."})
    sign_in(cast.reviewer).post(reverse("thread_resolve", args=[thread.pk]), {"body": "Thanks."})
    thread.refresh_from_db()
    assert thread.state == "resolved"
    assert [comment.body for comment in thread.comments.all()] == ["Shorter.", "Done.", "Thanks."]


def test_the_same_forms_answer_htmx_with_the_thread_in_its_place(cast: Cast, sign_in) -> None:
    submission = in_review(cast.owner)
    browser = sign_in(cast.reviewer)
    htmx = {"HX-Request": "true"}
    form = browser.get(url("thread_new", submission, f"?file={DEFINITION}&line=4&row=2"), headers=htmx)
    assert form.content.decode().strip().startswith("<tr")
    refused = browser.post(url("thread_new", submission), {"body": " ", "row": "2"}, headers=htmx)
    assert refused.status_code == 422
    assert "<form" in refused.content.decode()
    sent = {"body": "Shorter.", "file": DEFINITION, "line": "4", "row": "2"}
    opened = browser.post(url("thread_new", submission), sent, headers=htmx)
    assert opened.status_code == 200
    assert "threads-changed" in opened.headers["HX-Trigger-After-Swap"]
    thread = Thread.objects.get()
    assert f'id="thread-{thread.pk}"' in opened.content.decode()
    empty = browser.post(reverse("thread_reply", args=[thread.pk]), {"body": ""}, headers=htmx)
    assert empty.status_code == 422


def test_a_place_that_is_not_there_is_told_and_the_text_is_kept(cast: Cast, sign_in) -> None:
    submission = in_review(cast.owner)
    sent = {"body": "My long text.", "file": DEFINITION, "pointer": "/nothing/here"}
    answer = sign_in(cast.reviewer).post(url("thread_new", submission), sent)
    assert answer.status_code == 400
    assert "My long text." in answer.content.decode()


def test_a_pasted_secret_is_announced_and_not_shown(cast: Cast, sign_in) -> None:
    submission = in_review(cast.owner)
    secret = "abcDEF0123456789abcDEF0123"
    page = sign_in(cast.owner).post(url("thread_new", submission), {"body": f"Bearer {secret}"}, follow=True)
    words = page.content.decode()
    assert secret not in words
    assert "taken out of your comment" in words
    assert Comment.objects.get().masked == 1


def test_the_decision_form_keeps_what_was_typed_when_it_is_refused(cast: Cast, sign_in) -> None:
    submission = in_review(cast.owner)
    digest = submission.revision.version.digest
    browser = sign_in(cast.reviewer)
    refused = browser.post(url("review_decide", submission), {"verdict": "reject", "digest": digest})
    assert refused.status_code == 400
    assert "Say why it cannot be certified." in refused.content.decode()
    threads.open_thread(submission, body="Why?", actor=cast.reviewer)
    sent = {"verdict": "approve", "digest": digest, "reasons": "All good so far."}
    blocked = browser.post(url("review_decide", submission), sent)
    assert blocked.status_code == 400
    assert "All good so far." in blocked.content.decode()
    assert "1 thread is not resolved yet." in blocked.content.decode()


def test_a_decision_is_made_on_the_page(cast: Cast, sign_in) -> None:
    submission = in_review(cast.owner)
    words = sign_in(cast.reviewer).get(url("review_detail", submission)).content.decode()
    digest = re.search(r'name="digest" value="([0-9a-f]{64})"', words)
    assert digest
    sent = {"verdict": "approve", "digest": digest[1]}
    answer = sign_in(cast.reviewer).post(url("review_decide", submission), sent)
    assert answer.status_code == 302
    assert Decision.objects.get().verdict == "approve"


def test_a_decision_on_a_package_that_was_replaced_is_a_conflict(cast: Cast, sign_in) -> None:
    submission = in_review(cast.owner)
    sent = {"verdict": "approve", "digest": submission.revision.version.digest}
    resubmit(submission, numbered(5).archive(), cast.owner)
    answer = sign_in(cast.reviewer).post(url("review_decide", submission), sent)
    assert answer.status_code == 409
    assert "new revision arrived" in answer.content.decode()


def test_claim_extend_hand_over_and_release_by_their_buttons(cast: Cast, sign_in) -> None:
    submission = in_review(cast.owner)
    browser = sign_in(cast.reviewer)
    assert browser.post(url("review_claim", submission)).status_code == 302
    assert browser.post(url("review_extend", submission)).status_code == 302
    refused = browser.post(url("review_hand_over", submission), {"to": str(cast.owner.pk), "note": "x"})
    assert refused.status_code == 400
    sent = {"to": str(cast.second_reviewer.pk), "note": "Half done."}
    assert browser.post(url("review_hand_over", submission), sent).status_code == 302
    assert browser.post(url("review_release", submission)).status_code == 409
    page = sign_in(cast.second_reviewer).get(url("review_detail", submission)).content.decode()
    assert "Half done." in page
    assert browser.post(url("review_release", submission)).status_code == 302


@pytest.mark.parametrize(
    "name",
    [
        "review_claim",
        "review_extend",
        "review_release",
        "review_hand_over",
        "review_decide",
        "review_looking",
    ],
)
def test_deeds_are_posts_for_reviewers_of_other_teams(cast: Cast, sign_in, name: str) -> None:
    submission = in_review(cast.owner)
    assert sign_in(cast.reviewer).get(url(name, submission)).status_code == 405
    assert sign_in(cast.owner).post(url(name, submission)).status_code == 403
    assert sign_in(cast.stranger).post(url(name, submission)).status_code == 404


def test_the_changes_page_shows_operations_and_lines(cast: Cast, sign_in) -> None:
    submission = resubmit(in_review(cast.owner), archive(large_definition(3)), cast.owner)
    browser = sign_in(cast.owner)
    words = browser.get(url("review_changes", submission)).content.decode()
    assert "GetBerth0" in words
    assert "compared with" in words
    diff = browser.get(url("review_file_changes", submission, f"?file={DEFINITION}&since=1")).content.decode()
    assert "is-added" in diff
    assert browser.get(url("review_file_changes", submission, "?file=none.json")).status_code == 404


def test_a_first_package_has_nothing_to_be_compared_with(cast: Cast, sign_in) -> None:
    submission = in_review(cast.owner)
    assert (
        "Nothing to compare with"
        in sign_in(cast.owner).get(url("review_changes", submission)).content.decode()
    )


def test_findings_stand_at_their_operation_and_line(cast: Cast, sign_in) -> None:
    definition = large_definition(2)
    definition["info"]["title"] = "Harbour Tides API"
    submission = resubmit(in_review(cast.owner), archive(definition), cast.owner)
    checked = validation._check(submission, submission.revision.version)
    with transaction.atomic():
        validation._store(submission, submission.revision.version, checked)
    browser = sign_in(cast.reviewer)
    assert "INF-004" in browser.get(url("review_source", submission)).content.decode()
    assert "INF-004" in browser.get(url("review_detail", submission)).content.decode()


def test_pages_cost_the_same_for_two_threads_and_for_twenty(cast: Cast, sign_in) -> None:
    submission = in_review(cast.owner)
    browser = sign_in(cast.reviewer)

    def add(count: int) -> None:
        for _ in range(count):
            thread = threads.open_thread(
                submission, body="x", place=Place(DEFINITION, SUMMARY), actor=cast.reviewer
            )
            threads.reply(thread, body="y", actor=cast.owner)

    def cost() -> list[int]:
        counts = []
        for address in reading_pages(submission):
            with CaptureQueriesContext(connection) as queries:
                browser.get(address)
            counts.append(len(queries))
        return counts

    add(2)
    cost()
    few = cost()
    add(18)
    assert cost() == few
    assert max(few) <= 36


def test_a_definition_of_a_megabyte_opens_fast_and_in_pieces(cast: Cast, sign_in) -> None:
    package = archive(large_definition(1_250))
    submission = resubmit(in_review(cast.owner), package, cast.owner)
    source = receive_upload(submission.connector, files=[("package.zip", package)], actor=cast.owner).version
    assert source is not None
    assert next(entry["size"] for entry in source.tree if entry["name"] == DEFINITION) > 1_000_000
    browser = sign_in(cast.reviewer)
    browser.get(url("review_detail", submission))
    for address, largest in (
        (url("review_detail", submission), 300_000),
        (url("review_source", submission, "?line=20000"), 400_000),
        (url("review_operation", submission, "?at=/paths/~1harbours~1{harbourId}~1berths~10/get"), 40_000),
    ):
        started = time.process_time()
        answer = browser.get(address)
        assert time.process_time() - started < 1
        assert answer.status_code == 200
        assert len(answer.content) < largest
        assert answer.content.decode().count("<tr") < 300
        assert answer.content.decode().count("<details") < 150


def test_stretches_meet_without_gap_or_overlap(cast: Cast, sign_in) -> None:
    submission = resubmit(in_review(cast.owner), archive(large_definition(250)), cast.owner)
    browser = sign_in(cast.reviewer)
    middle = browser.get(url("review_source", submission, "?line=600")).content.decode()
    up = browser.get(url("review_source", submission, "?line=251&chunk=up")).content.decode()
    down = browser.get(url("review_source", submission, "?line=751&chunk=down")).content.decode()

    def numbers(words: str) -> list[int]:
        return [int(number) for number in re.findall(r'<tr id="L(\d+)"', words)]

    assert numbers(up) + numbers(middle) + numbers(down) == list(range(251, 1001))
    assert ("chunk=up" in up, "chunk=down" in up) == (True, False)
    assert ("chunk=up" in down, "chunk=down" in down) == (False, True)
    page = browser.get(url("review_detail", submission)).content.decode()
    more = browser.get(url("review_detail", submission, "?start=100&chunk=down")).content.decode()
    last = browser.get(url("review_detail", submission, "?start=200&chunk=down")).content.decode()
    assert [words.count("op__head") for words in (page, more, last)] == [100, 100, 50]
    assert 'hx-trigger="intersect' not in last


def test_an_operation_beyond_the_first_hundred_opens_by_its_address(cast: Cast, sign_in) -> None:
    submission = resubmit(in_review(cast.owner), archive(large_definition(250)), cast.owner)
    at = "/paths/~1harbours~1{harbourId}~1tides~1227/get"
    words = sign_in(cast.reviewer).get(url("review_detail", submission), {"at": at}).content.decode()
    assert "Works on the tides of a harbour, list 227." in words


def test_a_withdrawn_submission_can_be_read_and_not_decided(cast: Cast, sign_in) -> None:
    submission = in_review(cast.owner)
    submissions.withdraw(submission, reason="Later.", actor=cast.owner)
    words = sign_in(cast.reviewer).get(url("review_detail", submission)).content.decode()
    assert "nothing to decide" in words
    assert 'name="verdict"' not in words


def test_the_panel_says_that_a_decision_is_overdue(cast: Cast, sign_in) -> None:
    submission = in_review(cast.owner)
    browser = sign_in(cast.reviewer)
    assert "Decision due" in browser.get(url("review_panel", submission)).content.decode()
    Submission.objects.filter(pk=submission.pk).update(state_changed_at=timezone.now() - timedelta(days=40))
    assert "Decision was due" in browser.get(url("review_panel", submission)).content.decode()
