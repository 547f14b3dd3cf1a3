"""Claims: taken, held, given back, handed over, run out. Nothing but people is held up by them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from certification.models import ReviewClaim, Submission
from certification.queries import reviews as queries
from certification.services import reviews, submissions
from portal.shared import audit
from portal.shared.errors import Conflict, IllegalTransition, InvalidInput, NotPermitted
from portal.shared.models import OutboxJob
from tests.conftest import Cast
from tests.factories import MembershipFactory
from tests.factories.reviews import in_review
from tests.factories.submissions import submission_in

pytestmark = pytest.mark.django_db


def run_out(submission: Submission) -> None:
    submission.claims.filter(released_at=None).update(expires_at=timezone.now() - timedelta(seconds=1))


def test_a_claim_lasts_four_hours_and_is_recorded(cast: Cast) -> None:
    submission = in_review(cast.owner)
    claim = reviews.claim(submission, actor=cast.reviewer)
    assert timedelta(hours=3, minutes=59) < claim.expires_at - timezone.now() <= timedelta(hours=4)
    assert audit.history(submission).first().action == "claim.take"


def test_a_second_reviewer_is_told_who_holds_it(cast: Cast) -> None:
    submission = in_review(cast.owner)
    reviews.claim(submission, actor=cast.reviewer)
    with pytest.raises(Conflict, match="Reviewer holds this review"):
        reviews.claim(submission, actor=cast.second_reviewer)


def test_claiming_twice_is_one_claim(cast: Cast) -> None:
    submission = in_review(cast.owner)
    assert reviews.claim(submission, actor=cast.reviewer) == reviews.claim(submission, actor=cast.reviewer)
    assert submission.claims.count() == 1


def test_extending_counts_from_now(cast: Cast) -> None:
    submission = in_review(cast.owner)
    claim = reviews.claim(submission, actor=cast.reviewer)
    ReviewClaim.objects.filter(pk=claim.pk).update(expires_at=timezone.now() + timedelta(minutes=5))
    longer = reviews.extend(submission, actor=cast.reviewer)
    assert longer.expires_at - timezone.now() > timedelta(hours=3, minutes=59)


def test_only_the_holder_extends_releases_and_hands_over(cast: Cast) -> None:
    submission = in_review(cast.owner)
    reviews.claim(submission, actor=cast.reviewer)
    with pytest.raises(Conflict, match="do not hold"):
        reviews.extend(submission, actor=cast.second_reviewer)
    with pytest.raises(Conflict, match="do not hold"):
        reviews.release(submission, actor=cast.second_reviewer)
    with pytest.raises(Conflict, match="do not hold"):
        reviews.hand_over(submission, to=cast.administrator, note="Yours.", actor=cast.second_reviewer)


def test_a_claim_that_ran_out_is_taken_over(cast: Cast) -> None:
    submission = in_review(cast.owner)
    reviews.claim(submission, actor=cast.reviewer)
    run_out(submission)
    assert queries.current_claim(submission) is None
    taken = reviews.claim(submission, actor=cast.second_reviewer)
    assert taken.reviewer == cast.second_reviewer
    actions = list(audit.history(submission).values_list("action", flat=True)[:2])
    assert actions == ["claim.take", "claim.expire"]


def test_one_may_go_on_after_ones_own_claim_ran_out_if_nobody_took_it(cast: Cast) -> None:
    submission = in_review(cast.owner)
    reviews.claim(submission, actor=cast.reviewer)
    run_out(submission)
    assert reviews.extend(submission, actor=cast.reviewer).expires_at > timezone.now()


def test_a_released_review_is_free_and_keeps_its_place(cast: Cast) -> None:
    submission = in_review(cast.owner)
    reviews.claim(submission, actor=cast.reviewer)
    reviews.release(submission, actor=cast.reviewer)
    fresh = Submission.objects.get(pk=submission.pk)
    assert fresh.queued_at == submission.queued_at
    assert reviews.claim(submission, actor=cast.second_reviewer).reviewer == cast.second_reviewer


def test_a_hand_over_gives_the_other_four_hours_and_the_note(cast: Cast) -> None:
    submission = in_review(cast.owner)
    reviews.claim(submission, actor=cast.reviewer)
    new = reviews.hand_over(
        submission, to=cast.second_reviewer, note="Left: the triggers.", actor=cast.reviewer
    )
    assert (new.reviewer, new.handed_over_by, new.handover_note) == (
        cast.second_reviewer,
        cast.reviewer,
        "Left: the triggers.",
    )
    assert submission.claims.filter(released_at=None).get() == new
    assert OutboxJob.objects.filter(topic="claim.hand_over", payload__id=str(new.pk)).exists()
    with pytest.raises(Conflict):
        reviews.extend(submission, actor=cast.reviewer)


def test_a_hand_over_needs_a_note_and_a_reviewer_of_another_team(cast: Cast) -> None:
    submission = in_review(cast.owner)
    reviews.claim(submission, actor=cast.reviewer)
    with pytest.raises(InvalidInput, match="note"):
        reviews.hand_over(submission, to=cast.second_reviewer, note="  ", actor=cast.reviewer)
    MembershipFactory(publisher=cast.publisher, user=cast.second_reviewer, role="viewer")
    for person in (cast.reviewer, cast.second_reviewer, cast.operator, cast.owner):
        with pytest.raises(InvalidInput, match="another reviewer"):
            reviews.hand_over(submission, to=person, note="Yours.", actor=cast.reviewer)


def test_reviewers_of_the_team_operators_and_publishers_claim_nothing(cast: Cast) -> None:
    submission = in_review(cast.owner)
    MembershipFactory(publisher=cast.publisher, user=cast.second_reviewer, role="viewer")
    for person in (cast.second_reviewer, cast.operator, cast.owner, cast.stranger):
        with pytest.raises(NotPermitted):
            reviews.claim(submission, actor=person)


def test_only_what_is_in_review_is_claimed(cast: Cast) -> None:
    submission = submission_in("changes_requested", cast.owner)
    with pytest.raises(IllegalTransition, match="not in review"):
        reviews.claim(submission, actor=cast.reviewer)


def test_the_timetable_ends_claims_that_ran_out_and_no_others(cast: Cast) -> None:
    held, over = in_review(cast.owner), in_review(cast.stranger)
    reviews.claim(held, actor=cast.reviewer)
    reviews.claim(over, actor=cast.reviewer)
    run_out(over)
    assert reviews.release_expired_claims() == 1
    assert reviews.release_expired_claims() == 0
    assert held.claims.filter(released_at=None).exists()
    assert not over.claims.filter(released_at=None).exists()


def test_a_claim_does_not_stop_the_team_from_withdrawing(cast: Cast) -> None:
    submission = in_review(cast.owner)
    reviews.claim(submission, actor=cast.reviewer)
    submissions.withdraw(submission, reason="We found a fault.", actor=cast.owner)
    assert submission.state == "withdrawn"
    assert reviews.release_expired_claims() == 1


def test_the_database_holds_one_open_claim_only(cast: Cast) -> None:
    submission = in_review(cast.owner)
    reviews.claim(submission, actor=cast.reviewer)
    with pytest.raises(IntegrityError, match="claim_one_open"), transaction.atomic():
        ReviewClaim.objects.create(
            submission=submission,
            reviewer=cast.second_reviewer,
            expires_at=timezone.now() + timedelta(hours=1),
        )


def test_others_see_who_is_looking_for_a_short_while(cast: Cast) -> None:
    submission = in_review(cast.owner)
    reviews.note_visit(submission, actor=cast.reviewer)
    reviews.note_visit(submission, actor=cast.reviewer)
    assert queries.lookers(submission, cast.second_reviewer) == [cast.reviewer]
    assert queries.lookers(submission, cast.reviewer) == []
    submission.review_visits.update(seen_at=timezone.now() - timedelta(minutes=10))
    assert queries.lookers(submission, cast.second_reviewer) == []
    with pytest.raises(NotPermitted):
        reviews.note_visit(submission, actor=cast.owner)
