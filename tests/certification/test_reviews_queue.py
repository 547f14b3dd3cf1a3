"""The queue: nothing that waits for a reviewer is missing, in the right order, at a constant price."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from certification.lifecycle import TURNS, SubmissionState, Turn
from certification.models import Submission
from certification.queries.reviews import QueueFilter, review_queue, waiting, waivers_to_decide
from certification.services import reviews, threads, waivers
from tests.conftest import Cast
from tests.factories import MembershipFactory, PublisherFactory
from tests.factories.reviews import in_review, resubmit
from tests.factories.submissions import WITH_ERROR, numbered, submission_in

pytestmark = pytest.mark.django_db
ALL = QueueFilter()


def test_every_submission_whose_turn_is_the_reviewers_is_in_the_queue(cast: Cast) -> None:
    expected = set()
    for state in SubmissionState.values:
        submission = submission_in(state, cast.owner)
        if TURNS[state] == Turn.REVIEWER:
            expected.add(submission.pk)
    assert set(waiting().values_list("pk", flat=True)) == expected != set()


def test_the_longest_wait_comes_first_and_resubmitting_keeps_the_place(cast: Cast) -> None:
    first, second = in_review(cast.owner), in_review(cast.stranger)
    resubmit(first, numbered(7).archive(), cast.owner)
    rows = review_queue(cast.reviewer, ALL).rows
    assert [row.submission for row in rows] == [first, second]
    assert [row.position for row in rows] == [1, 2]
    assert rows[0].submission.revision.number == 2


def test_the_deadline_counts_from_when_the_reviewers_got_it(cast: Cast) -> None:
    submission = in_review(cast.owner)
    Submission.objects.filter(pk=submission.pk).update(
        queued_at=timezone.now() - timedelta(days=90), state_changed_at=timezone.now() - timedelta(days=1)
    )
    [row] = review_queue(cast.reviewer, ALL).rows
    assert not row.is_overdue
    Submission.objects.filter(pk=submission.pk).update(state_changed_at=timezone.now() - timedelta(days=40))
    queue = review_queue(cast.reviewer, QueueFilter(view="overdue"))
    assert [row.is_overdue for row in queue.rows] == [True]
    assert queue.counts["overdue"] == 1


def test_filters_show_mine_unclaimed_and_a_kind(cast: Cast) -> None:
    mine, free, hotfix = in_review(cast.owner), in_review(cast.owner), in_review(cast.owner, kind="hotfix")
    reviews.claim(mine, actor=cast.reviewer)
    reviews.claim(hotfix, actor=cast.second_reviewer)

    def shown(**asked: str) -> set[Submission]:
        return {row.submission for row in review_queue(cast.reviewer, QueueFilter(**asked)).rows}

    assert shown(view="mine") == {mine}
    assert shown(view="unclaimed") == {free}
    assert shown(kind="hotfix") == {hotfix}
    assert shown(view="mine", kind="hotfix") == set()
    counts = review_queue(cast.reviewer, QueueFilter(view="mine")).counts
    assert (counts["all"], counts["mine"], counts["unclaimed"]) == (3, 1, 1)


def test_a_claim_that_ran_out_counts_as_unclaimed_before_the_timetable_ends_it(cast: Cast) -> None:
    submission = in_review(cast.owner)
    reviews.claim(submission, actor=cast.second_reviewer)
    submission.claims.update(expires_at=timezone.now() - timedelta(seconds=1))
    [row] = review_queue(cast.reviewer, QueueFilter(view="unclaimed")).rows
    assert row.claim is None


def test_by_deadline_a_hotfix_comes_before_older_ones(cast: Cast) -> None:
    new, hotfix = in_review(cast.owner), in_review(cast.stranger, kind="hotfix")
    assert [row.submission for row in review_queue(cast.reviewer, ALL).rows] == [new, hotfix]
    by_deadline = review_queue(cast.reviewer, QueueFilter(sort="deadline")).rows
    assert [row.submission for row in by_deadline] == [hotfix, new]


def test_a_row_tells_threads_claim_team_and_last_activity(cast: Cast) -> None:
    submission = in_review(cast.owner)
    threads.open_thread(submission, body="Why?", actor=cast.reviewer)
    threads.open_thread(submission, body="Note", is_private=True, actor=cast.reviewer)
    MembershipFactory(publisher=cast.publisher, user=cast.second_reviewer, role="viewer")
    [row] = review_queue(cast.second_reviewer, ALL).rows
    assert row.unresolved == 1
    assert row.is_own_team
    assert row.last_activity > submission.state_changed_at


def test_the_queue_page_costs_the_same_for_five_and_for_twenty_five(cast: Cast, sign_in) -> None:
    browser = sign_in(cast.reviewer)

    def fill(count: int) -> None:
        for _ in range(count):
            owner = MembershipFactory(publisher=PublisherFactory(), role="owner").user
            submission = in_review(owner)
            reviews.claim(submission, actor=cast.second_reviewer)
            threads.open_thread(submission, body="Why?", actor=cast.second_reviewer)

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert browser.get(reverse("review_queue")).status_code == 200
        return len(queries)

    fill(5)
    cost()
    few = cost()
    fill(20)
    assert cost() == few
    assert few <= 18


def test_waivers_of_other_teams_wait_in_the_queue(cast: Cast, sign_in) -> None:
    submission = submission_in("draft", cast.owner, case=WITH_ERROR)
    from certification.services.validation import check_draft

    check_draft(str(submission.pk))
    waiver = waivers.request_waiver(
        submission, rule="INF-004", reason="The name of the product contains the word.", actor=cast.owner
    )
    assert list(waivers_to_decide(cast.reviewer)) == [waiver]
    assert waiver.rule in sign_in(cast.reviewer).get(reverse("review_queue")).content.decode()
    MembershipFactory(publisher=cast.publisher, user=cast.second_reviewer, role="viewer")
    assert list(waivers_to_decide(cast.second_reviewer)) == []


def test_an_empty_queue_says_so(cast: Cast, sign_in) -> None:
    assert "The queue is empty" in sign_in(cast.reviewer).get(reverse("review_queue")).content.decode()


def test_the_queue_is_for_staff(cast: Cast, sign_in) -> None:
    assert sign_in(cast.owner).get(reverse("review_queue")).status_code == 403
    assert sign_in(cast.operator).get(reverse("review_queue")).status_code == 200
