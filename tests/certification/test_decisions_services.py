"""Decisions: who, on what, once; and what follows from them. The database says the same as the service."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, InternalError, connection, transaction
from django.utils import timezone

from certification.models import Decision, Submission
from certification.services import reviews, submissions, threads
from certification.services.decisions import decide
from connectors.models import Connector
from portal.accounts.models import User
from portal.shared import audit
from portal.shared.errors import Blocked, Conflict, IllegalTransition, InvalidInput, NotPermitted
from portal.shared.models import OutboxJob
from tests.conftest import Cast
from tests.factories import MembershipFactory
from tests.factories.reviews import in_review, resubmit
from tests.factories.submissions import numbered, submission_in

pytestmark = pytest.mark.django_db


def approve(submission: Submission, actor: User, digest: str = "") -> Decision:
    digest = digest or submission.revision.version.digest
    return decide(submission, verdict="approve", reasons="", digest=digest, actor=actor)


def insert(submission: Submission, reviewer: User, **changes: str) -> None:
    """A decision by SQL, past every service."""
    row = {"verdict": "approve", "digest": submission.revision.version.digest, "reasons": "", **changes}
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO certification_decision"
            " (id, submission_id, revision_id, digest, verdict, reviewer_id, reasons)"
            " VALUES (gen_random_uuid(), %s, %s, %s, %s, %s, %s)",
            [
                submission.pk,
                submission.revision_id,
                row["digest"],
                row["verdict"],
                reviewer.pk,
                row["reasons"],
            ],
        )


def test_an_approval_moves_everything_in_one_step(cast: Cast) -> None:
    submission = in_review(cast.owner)
    decision = approve(submission, cast.reviewer)
    assert submission.state == "approved"
    assert (decision.revision, decision.reviewer) == (submission.revision, cast.reviewer)
    connector = Connector.objects.get(pk=submission.connector_id)
    assert connector.approved_version == submission.revision.version
    assert OutboxJob.objects.filter(topic="submission.approve", payload__id=str(submission.pk)).exists()
    assert not submission.claims.filter(released_at=None).exists()
    actions = set(audit.history(connector).values_list("action", flat=True))
    assert {"submission.approve", "connector.mark_version"} <= actions


@pytest.mark.parametrize(
    ("verdict", "state"), [("request_changes", "changes_requested"), ("reject", "rejected")]
)
def test_a_refusal_carries_its_reasons_and_approves_nothing(cast: Cast, verdict: str, state: str) -> None:
    submission = in_review(cast.owner)
    digest = submission.revision.version.digest
    decide(submission, verdict=verdict, reasons="The host is not yours.", digest=digest, actor=cast.reviewer)
    assert submission.state == state
    assert submission.connector.approved_version_id is None
    record = audit.history(submission).filter(action=f"submission.{verdict}").get()
    assert record.reason == "The host is not yours."


@pytest.mark.parametrize("verdict", ["request_changes", "reject", "postpone", ""])
def test_a_refusal_without_reasons_and_an_unknown_verdict_are_not_taken(cast: Cast, verdict: str) -> None:
    submission = in_review(cast.owner)
    with pytest.raises(InvalidInput):
        decide(
            submission,
            verdict=verdict,
            reasons=" ",
            digest=submission.revision.version.digest,
            actor=cast.reviewer,
        )
    assert not Decision.objects.exists()


def test_after_a_rejection_the_team_starts_again(cast: Cast) -> None:
    submission = in_review(cast.owner)
    digest = submission.revision.version.digest
    decide(submission, verdict="reject", reasons="Not yours.", digest=digest, actor=cast.reviewer)
    again = submissions.start_again(submission, actor=cast.owner)
    assert again.state == "draft"


def test_nobody_of_the_team_decides_in_the_service(cast: Cast) -> None:
    submission = in_review(cast.owner)
    MembershipFactory(publisher=cast.publisher, user=cast.second_reviewer, role="viewer")
    for person in (cast.second_reviewer, cast.owner, cast.operator, cast.stranger):
        with pytest.raises(NotPermitted):
            approve(submission, person)
    assert not Decision.objects.exists()


def test_nobody_of_the_team_decides_by_sql(cast: Cast) -> None:
    submission = in_review(cast.owner)
    MembershipFactory(publisher=cast.publisher, user=cast.second_reviewer, role="viewer")
    for person in (cast.second_reviewer, cast.owner, cast.viewer):
        with pytest.raises(IntegrityError, match="own team"), transaction.atomic():
            insert(submission, person)


def test_who_made_the_package_does_not_decide_after_leaving_the_team(cast: Cast) -> None:
    submission = in_review(cast.owner)
    cast.publisher.memberships.filter(user=cast.owner).update(user=cast.second_operator)
    User.objects.filter(pk=cast.owner.pk).update(staff_role="reviewer")
    former = User.objects.get(pk=cast.owner.pk)
    with pytest.raises(NotPermitted, match="made or handed in"):
        approve(submission, former)
    with pytest.raises(IntegrityError, match="own team"), transaction.atomic():
        insert(submission, former)


def test_a_decision_about_another_package_is_refused_in_service_and_database(cast: Cast) -> None:
    submission = in_review(cast.owner)
    with pytest.raises(Conflict, match="new revision arrived"):
        approve(submission, cast.reviewer, digest="0" * 64)
    with pytest.raises(IntegrityError, match="bound to the digest"), transaction.atomic():
        insert(submission, cast.reviewer, digest="0" * 64)


def test_a_revision_that_arrived_meanwhile_is_not_decided_unread(cast: Cast) -> None:
    submission = in_review(cast.owner)
    seen = submission.revision.version.digest
    submission = resubmit(submission, numbered(3).archive(), cast.owner)
    with pytest.raises(Conflict, match="new revision arrived"):
        approve(submission, cast.reviewer, digest=seen)
    assert approve(submission, cast.reviewer).revision.number == 2


def test_the_database_keeps_one_decision_for_a_revision_and_never_changes_it(cast: Cast) -> None:
    submission = in_review(cast.owner)
    decision = approve(submission, cast.reviewer)
    with pytest.raises(IntegrityError), transaction.atomic():
        insert(submission, cast.second_reviewer)
    with pytest.raises((InternalError, IntegrityError)), transaction.atomic():
        Decision.objects.filter(pk=decision.pk).update(verdict="reject", reasons="x")
    with pytest.raises((InternalError, IntegrityError)), transaction.atomic():
        Decision.objects.filter(pk=decision.pk).delete()


def test_the_database_refuses_a_refusal_without_reasons_and_a_foreign_revision(cast: Cast) -> None:
    submission, other = in_review(cast.owner), in_review(cast.stranger)
    with pytest.raises(IntegrityError, match="decision_has_reasons"), transaction.atomic():
        insert(submission, cast.reviewer, verdict="reject")
    other.revision_id = submission.revision_id
    with pytest.raises(IntegrityError, match="not of this submission"), transaction.atomic():
        insert(other, cast.reviewer)


def test_only_what_is_in_review_is_decided(cast: Cast) -> None:
    for state in ("submitted", "changes_requested", "approved", "live"):
        submission = submission_in(state, cast.owner)
        with pytest.raises(IllegalTransition):
            approve(submission, cast.reviewer)


def test_open_public_threads_block_an_approval_and_nothing_else(cast: Cast) -> None:
    submission = in_review(cast.owner)
    thread = threads.open_thread(submission, body="Why?", actor=cast.reviewer)
    threads.open_thread(submission, body="A note.", is_private=True, actor=cast.reviewer)
    with pytest.raises(Blocked) as refused:
        approve(submission, cast.reviewer)
    assert refused.value.blockers == ["1 thread is not resolved yet."]
    threads.resolve(thread, actor=cast.reviewer)
    assert approve(submission, cast.reviewer)


def test_open_threads_do_not_block_a_request_for_changes(cast: Cast) -> None:
    submission = in_review(cast.owner)
    threads.open_thread(submission, body="Why?", actor=cast.reviewer)
    digest = submission.revision.version.digest
    decide(
        submission, verdict="request_changes", reasons="See the thread.", digest=digest, actor=cast.reviewer
    )
    assert submission.state == "changes_requested"


def test_only_the_holder_decides_and_a_free_review_is_claimed_on_the_way(cast: Cast) -> None:
    submission = in_review(cast.owner)
    reviews.claim(submission, actor=cast.reviewer)
    with pytest.raises(Conflict, match="holds this review"):
        approve(submission, cast.second_reviewer)
    submission.claims.update(expires_at=timezone.now() - timedelta(seconds=1))
    approve(submission, cast.second_reviewer)
    assert submission.claims.filter(reviewer=cast.second_reviewer).exists()


def test_a_secret_in_the_reasons_is_masked(cast: Cast) -> None:
    submission = in_review(cast.owner)
    decision = decide(
        submission,
        verdict="request_changes",
        reasons="Remove client_secret=a1b2c3d4e5f6 from the file.",
        digest=submission.revision.version.digest,
        actor=cast.reviewer,
    )
    assert "a1b2c3d4e5f6" not in decision.reasons
