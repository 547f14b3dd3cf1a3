"""Two at once: real transactions, a barrier, and exactly one winner each time."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier

import pytest
from django.db import connection, connections

from certification.models import Revision, Submission, Validation
from certification.services import submissions, validation
from portal.shared.errors import Conflict
from portal.shared.models import AuditRecord, OutboxJob
from tests.effort import effort
from tests.factories import ConnectorFactory
from tests.factories.submissions import draft, ready_draft

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(600)]
ROUNDS = effort(15, full=200)


def _at_once(*deeds: Callable[[], object]) -> list[object]:
    """The result of each deed, or the Conflict it met; all start together."""
    barrier = Barrier(len(deeds))

    def run(deed: Callable[[], object]) -> object:
        try:
            barrier.wait()
            return deed() or True
        except Conflict as refusal:
            return refusal
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(deeds)) as pool:
        return list(pool.map(run, deeds))


def _reset(submission: Submission) -> Submission:
    """Back to a draft, past the services: 200 uploads would say nothing more."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE certification_submission SET state = 'draft', revision_id = NULL WHERE id = %s",
            [submission.pk],
        )
        cursor.execute("DELETE FROM certification_revision WHERE submission_id = %s", [submission.pk])
    OutboxJob.objects.all().delete()
    return Submission.objects.with_page_data().get(pk=submission.pk)


def _winners(results: list[object]) -> int:
    return sum(not isinstance(result, Conflict) for result in results)


def test_of_two_who_hand_in_at_once_one_does(cast):
    submission = ready_draft(cast.owner)

    def hand_in(actor):
        return lambda: submissions.submit(Submission.objects.get(pk=submission.pk), actor=actor)

    for _ in range(ROUNDS):
        _reset(submission)
        results = _at_once(hand_in(cast.owner), hand_in(cast.developer))
        assert _winners(results) == 1
        assert Revision.objects.filter(submission=submission).count() == 1
        assert OutboxJob.objects.filter(handler="certification.tasks.validate_submission").count() == 1


def test_handing_in_and_withdrawing_at_once_leave_one_consistent_state(cast):
    submission = ready_draft(cast.owner)

    def hand_in():
        return submissions.submit(Submission.objects.get(pk=submission.pk), actor=cast.owner)

    def withdraw():
        fresh = Submission.objects.get(pk=submission.pk)
        return submissions.withdraw(fresh, reason="Not now.", actor=cast.developer)

    for _ in range(ROUNDS):
        _reset(submission)
        before = AuditRecord.objects.count()
        results = _at_once(hand_in, withdraw)
        # Withdrawing is possible after handing in, never the other way round: what ends is always withdrawn.
        assert not isinstance(results[1], Conflict)
        submission.refresh_from_db()
        assert submission.state == "withdrawn"
        assert AuditRecord.objects.count() - before == _winners(results)
        assert Revision.objects.filter(submission=submission).count() == _winners(results) - 1


def test_of_two_who_start_a_draft_at_once_one_does(cast):
    def start(connector, actor):
        return lambda: submissions.create_submission(connector, actor=actor)

    for _ in range(20):
        connector = ConnectorFactory(publisher=cast.publisher)
        results = _at_once(start(connector, cast.owner), start(connector, cast.developer))
        assert _winners(results) == 1
        assert connector.submissions.count() == 1
    assert draft(cast.owner).state == "draft"


def test_two_workers_that_validate_at_once_store_one_verdict_and_move_once(cast):
    submission = ready_draft(cast.owner)
    key = str(submission.pk)
    for _ in range(5):
        submission = _reset(submission)
        Validation.objects.all().delete()
        submissions.submit(submission, actor=cast.owner)
        before = AuditRecord.objects.filter(action="submission.pass_validation").count()
        results = _at_once(*[partial(validation.validate_submission, key)] * 2)
        assert _winners(results) == 2
        assert Validation.objects.count() == 1
        assert Validation.objects.get().findings.count() == len(
            set(Validation.objects.get().findings.values_list("fingerprint", flat=True))
        )
        moved = AuditRecord.objects.filter(action="submission.pass_validation").count() - before
        submission.refresh_from_db()
        assert (submission.state, moved) == ("in_review", 1)
