"""Threads: opened at a place, answered, resolved, carried over, and private where they are notes."""

from __future__ import annotations

import copy
import json

import pytest

from certification.models import Comment, Thread
from certification.rules.examples import base
from certification.services import submissions, threads
from certification.services.threads import Place
from portal.shared import audit
from portal.shared.errors import Conflict, IllegalTransition, InvalidInput, NotPermitted
from portal.shared.models import AuditRecord, OutboxJob
from tests.conftest import Cast
from tests.factories import MembershipFactory
from tests.factories.reviews import DEFINITION, archive, in_review, resubmit
from tests.factories.submissions import draft

pytestmark = pytest.mark.django_db
SUMMARY = "/paths/~1harbours~1{harbourId}~1tides/get/summary"


def with_summary(summary: str | None) -> bytes:
    """Another package than the first one, with this summary of its operation."""
    definition = copy.deepcopy(base.DEFINITION)
    definition["info"]["version"] = "1.1.0"
    operation = definition["paths"]["/harbours/{harbourId}/tides"]["get"]
    if summary is None:
        del operation["summary"]
    else:
        operation["summary"] = summary
    return archive(definition)


def at_summary(submission, actor) -> Thread:
    return threads.open_thread(
        submission, body="Shorten this.", place=Place(DEFINITION, SUMMARY), actor=actor
    )


def test_a_thread_keeps_its_place_and_the_text_that_stands_there(cast: Cast) -> None:
    thread = at_summary(in_review(cast.owner), cast.reviewer)
    assert (thread.file, thread.pointer, thread.state) == (DEFINITION, SUMMARY, "open")
    assert thread.excerpt == '"summary": "List tides"'
    assert thread.line
    assert len(thread.node_digest) == 64
    assert thread.revision == thread.anchored_in == thread.submission.revision


def test_a_thread_on_a_line_of_json_stands_on_its_node(cast: Cast) -> None:
    submission = in_review(cast.owner)
    line = at_summary(submission, cast.reviewer).line
    thread = threads.open_thread(submission, body="x", place=Place(DEFINITION, "", line), actor=cast.reviewer)
    assert thread.pointer == SUMMARY


def test_a_thread_on_the_whole_submission_has_no_place(cast: Cast) -> None:
    thread = threads.open_thread(in_review(cast.owner), body="Thank you.", actor=cast.owner)
    assert (thread.file, thread.pointer, thread.line, thread.excerpt) == ("", "", None, "")


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ("", Place()),
        ("   ", Place()),
        ("x" * 20_001, Place()),
        ("x", Place("no.json")),
        ("x", Place(DEFINITION, "/no")),
    ],
)
def test_nothing_to_say_or_nowhere_to_stand_is_refused(cast: Cast, body: str, place: Place) -> None:
    with pytest.raises(InvalidInput):
        threads.open_thread(in_review(cast.owner), body=body, place=place, actor=cast.reviewer)
    assert not Thread.objects.exists()


def test_nobody_talks_about_a_package_that_was_not_handed_in(cast: Cast) -> None:
    with pytest.raises(Conflict, match="handed in"):
        threads.open_thread(draft(cast.owner), body="x", actor=cast.owner)


def test_a_thread_of_an_ended_submission_is_read_only(cast: Cast) -> None:
    submission = in_review(cast.owner)
    thread = at_summary(submission, cast.reviewer)
    submissions.withdraw(submission, reason="Not now.", actor=cast.owner)
    with pytest.raises(Conflict, match="has ended"):
        threads.reply(thread, body="x", actor=cast.owner)
    with pytest.raises(Conflict, match="has ended"):
        threads.resolve(thread, actor=cast.reviewer)


def test_team_and_reviewers_talk_but_viewers_and_strangers_do_not(cast: Cast) -> None:
    thread = at_summary(in_review(cast.owner), cast.reviewer)
    for person in (cast.owner, cast.developer, cast.tester, cast.second_reviewer, cast.operator):
        assert threads.reply(thread, body="Hello.", actor=person).author == person
    for person in (cast.viewer, cast.stranger):
        with pytest.raises(NotPermitted):
            threads.reply(thread, body="Hello.", actor=person)


def test_the_reviewer_or_the_one_who_opened_it_resolves(cast: Cast) -> None:
    submission = in_review(cast.owner)
    asked, own = at_summary(submission, cast.reviewer), at_summary(submission, cast.developer)
    with pytest.raises(NotPermitted):
        threads.resolve(asked, actor=cast.developer)
    with pytest.raises(NotPermitted):
        threads.resolve(own, actor=cast.owner)
    assert threads.resolve(own, actor=cast.developer).state == "resolved"
    assert threads.resolve(asked, actor=cast.second_reviewer).state == "resolved"
    with pytest.raises(IllegalTransition):
        threads.resolve(asked, actor=cast.reviewer)
    assert threads.reopen(asked, actor=cast.reviewer).state == "open"


def test_a_last_word_goes_with_the_resolution_or_not_at_all(cast: Cast) -> None:
    thread = at_summary(in_review(cast.owner), cast.reviewer)
    threads.resolve(thread, body="Thank you.", actor=cast.reviewer)
    assert thread.comments.count() == 2
    with pytest.raises(IllegalTransition):
        threads.resolve(thread, body="Again.", actor=cast.reviewer)
    assert thread.comments.count() == 2


def test_every_comment_is_an_event_and_leaves_no_text_in_the_trail(cast: Cast) -> None:
    thread = at_summary(in_review(cast.owner), cast.reviewer)
    comment = threads.reply(thread, body="A very particular sentence.", actor=cast.owner)
    assert OutboxJob.objects.filter(topic="comment.add", payload__id=str(comment.pk)).exists()
    assert "particular" not in str(list(AuditRecord.objects.values_list("data", "reason")))


def test_a_secret_in_a_comment_is_never_stored(cast: Cast) -> None:
    secret = "abcDEF0123456789abcDEF0123"
    thread = threads.open_thread(in_review(cast.owner), body=f"Use Bearer {secret}", actor=cast.owner)
    threads.reply(thread, body=f"https://files.example/p.zip?sig={secret}", actor=cast.owner)
    assert not Comment.objects.filter(body__contains=secret).exists()
    assert list(thread.comments.values_list("masked", flat=True)) == [1, 1]


def test_private_notes_are_written_and_read_by_other_teams_staff_only(cast: Cast) -> None:
    submission = in_review(cast.owner)
    note = threads.open_thread(submission, body="Third time.", is_private=True, actor=cast.reviewer)
    MembershipFactory(publisher=cast.publisher, user=cast.second_operator, role="viewer")
    for person in (cast.owner, cast.developer, cast.tester, cast.viewer, cast.stranger, cast.second_operator):
        assert note not in Thread.objects.visible_to(person)
        with pytest.raises(NotPermitted):
            threads.open_thread(submission, body="x", is_private=True, actor=person)
        with pytest.raises(NotPermitted):
            threads.reply(note, body="x", actor=person)
        with pytest.raises(NotPermitted):
            threads.resolve(note, actor=person)
    for person in (cast.reviewer, cast.second_reviewer, cast.operator, cast.administrator):
        assert note in Thread.objects.visible_to(person)


def test_the_trail_marks_everything_about_a_private_note_as_private(cast: Cast) -> None:
    submission = in_review(cast.owner)
    before = audit.history(submission).count()
    note = threads.open_thread(submission, body="x", is_private=True, actor=cast.reviewer)
    threads.reply(note, body="y", actor=cast.operator)
    threads.resolve(note, actor=cast.reviewer)
    records = audit.history(submission)
    assert records.count() == before + 4
    assert records.filter(data__private=True).count() == 4


def test_a_new_revision_carries_equal_places_and_marks_changed_ones(cast: Cast) -> None:
    submission = in_review(cast.owner)
    thread, general = (
        at_summary(submission, cast.reviewer),
        threads.open_thread(submission, body="x", actor=cast.owner),
    )
    for summary, outdated in (("List tides", False), ("List all tides", True)):
        submission = resubmit(submission, with_summary(summary), cast.owner)
        thread.refresh_from_db()
        general.refresh_from_db()
        assert thread.is_outdated is outdated
        assert thread.anchored_in == submission.revision == general.anchored_in
        assert thread.excerpt == '"summary": "List tides"'
        assert thread.revision.number == 1
    assert not general.is_outdated


def test_a_removed_place_leaves_the_thread_outdated_with_its_old_text(cast: Cast) -> None:
    submission = in_review(cast.owner)
    thread = at_summary(submission, cast.reviewer)
    submission = resubmit(submission, with_summary(None), cast.owner)
    thread.refresh_from_db()
    assert thread.is_outdated
    assert thread.anchored_in != submission.revision
    assert thread.excerpt == '"summary": "List tides"'
    assert thread.state == "open"


def test_a_place_that_comes_back_is_found_again(cast: Cast) -> None:
    submission = in_review(cast.owner)
    thread = at_summary(submission, cast.reviewer)
    submission = resubmit(submission, with_summary(None), cast.owner)
    definition = json.loads(json.dumps(base.DEFINITION))
    definition["info"]["version"] = "1.2.0"
    submission = resubmit(submission, archive(json.dumps(definition)), cast.owner)
    thread.refresh_from_db()
    assert not thread.is_outdated
    assert thread.anchored_in == submission.revision
    assert thread.line == 1


def test_carrying_over_twice_or_late_changes_nothing(cast: Cast) -> None:
    submission = in_review(cast.owner)
    first = submission.revision
    thread = at_summary(submission, cast.reviewer)
    submission = resubmit(submission, with_summary("Other"), cast.owner)
    before = Thread.objects.filter(pk=thread.pk).values().get()
    assert threads.carry_over_to_latest(str(submission.pk)) == 0
    assert threads.carry_over_threads(first) == 0
    assert Thread.objects.filter(pk=thread.pk).values().get() == before


def test_handing_in_again_carries_the_threads_over_by_its_event(cast: Cast) -> None:
    from portal.subscriptions import SUBSCRIPTIONS

    handlers = [subscription.handler for subscription in SUBSCRIPTIONS["submission.resubmit"]]
    assert "certification.tasks.carry_over_threads" in handlers
