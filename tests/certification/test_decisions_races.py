"""Two people at the same moment: one decision, one claim, and the other is told."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from django.db import connection

from certification.models import Decision, Submission
from certification.services import reviews, threads
from certification.services.decisions import decide
from portal.shared.errors import Blocked, Conflict
from portal.shared.models import AuditRecord
from tests.effort import effort
from tests.factories import MembershipFactory, PublisherFactory, UserFactory
from tests.factories.reviews import in_review, reviewed

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = effort(15, full=200)


def at_once(*deeds: Callable[[], object]) -> list[object]:
    """Run the deeds behind a barrier, each on its own connection; their results or exceptions."""
    barrier = threading.Barrier(len(deeds))
    results: list[object] = [None] * len(deeds)

    def run(index: int, deed: Callable[[], object]) -> None:
        try:
            barrier.wait(timeout=30)
            results[index] = deed()
        except Exception as error:  # noqa: BLE001 - the loser's error is a result here
            results[index] = error
        finally:
            connection.close()

    workers = [threading.Thread(target=run, args=(index, deed)) for index, deed in enumerate(deeds)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(timeout=60)
    return results


def back_to_review(submission: Submission) -> None:
    """The same revision undecided again: what only a test may do."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE certification_decision DISABLE TRIGGER decision_append_only")
        cursor.execute("DELETE FROM certification_decision")
        cursor.execute("ALTER TABLE certification_decision ENABLE TRIGGER decision_append_only")
    submission.claims.all().delete()
    Submission.objects.filter(pk=submission.pk).update(state="in_review")


def test_two_reviewers_deciding_differently_make_one_decision() -> None:
    owner = MembershipFactory(publisher=PublisherFactory(), role="owner").user
    first, second = UserFactory(staff_role="reviewer"), UserFactory(staff_role="reviewer")
    submission = in_review(owner)
    digest = submission.revision.version.digest
    winners = set()

    def deed(actor, verdict: str) -> Callable[[], Decision]:
        mine = reviewed(submission)
        return lambda: decide(mine, verdict=verdict, reasons="Because.", digest=digest, actor=actor)

    for _ in range(ROUNDS):
        before = AuditRecord.objects.count()
        results = at_once(deed(first, "approve"), deed(second, "reject"))
        made = [result for result in results if isinstance(result, Decision)]
        lost = [result for result in results if isinstance(result, Conflict)]
        assert (len(made), len(lost)) == (1, 1), results
        stored = Decision.objects.get(submission=submission)
        assert stored == made[0]
        submission.refresh_from_db()
        assert submission.state == {"approve": "approved", "reject": "rejected"}[stored.verdict]
        moves = AuditRecord.objects.filter(action__in=["submission.approve", "submission.reject"])
        assert moves.order_by("-id")[:1].get().actor_id == stored.reviewer_id
        assert AuditRecord.objects.count() > before
        winners.add(stored.verdict)
        back_to_review(submission)
    assert winners


def test_two_reviewers_claiming_at_once_make_one_claim() -> None:
    owner = MembershipFactory(publisher=PublisherFactory(), role="owner").user
    people = [UserFactory(staff_role="reviewer") for _ in range(3)]
    submission = in_review(owner)
    for _ in range(30):
        results = at_once(
            *(lambda person=person: reviews.claim(reviewed(submission), actor=person) for person in people)
        )
        assert sum(isinstance(result, Conflict) for result in results) == 2, results
        assert submission.claims.filter(released_at=None).count() == 1
        submission.claims.all().delete()


def test_an_approval_never_passes_a_thread_that_is_opened_at_that_moment() -> None:
    owner = MembershipFactory(publisher=PublisherFactory(), role="owner").user
    first, second = UserFactory(staff_role="reviewer"), UserFactory(staff_role="reviewer")
    submission = in_review(owner)
    digest = submission.revision.version.digest
    for _ in range(30):
        approved, opened = at_once(
            lambda: decide(reviewed(submission), verdict="approve", reasons="", digest=digest, actor=first),
            lambda: threads.open_thread(reviewed(submission), body="Wait.", actor=second),
        )
        assert not isinstance(opened, Exception)
        if isinstance(approved, Blocked):
            assert not Decision.objects.exists()
        else:
            # The approval was first: no thread was open when it was made.
            trail = AuditRecord.objects.filter(about__contains=[f"submission:{submission.pk}"])
            last = trail.filter(action__in=["submission.approve", "thread.open"]).order_by("-id").first()
            assert last is not None
            assert last.action == "thread.open"
        submission.threads.all().delete()
        back_to_review(submission)
