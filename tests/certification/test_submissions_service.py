"""Creating, handing in, withdrawing and starting again."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, connection, transaction

from certification.lifecycle import SUBMISSION, SubmissionState
from certification.models import Revision, Submission
from certification.services import drafts, submissions
from portal.shared import audit
from portal.shared.errors import Blocked, Conflict, IllegalTransition, InvalidInput, NotPermitted
from portal.shared.models import OutboxJob
from tests.factories import ConnectorFactory, VersionFactory
from tests.factories.submissions import (
    FORM,
    draft,
    numbered,
    ready_draft,
    submission_in,
    uploaded_version,
)

pytestmark = pytest.mark.django_db


def test_references_count_up_and_are_never_given_twice(cast):
    first, second = draft(cast.owner), draft(cast.owner)
    assert first.reference.startswith("S-")
    assert int(second.reference[2:]) > int(first.reference[2:]) >= 1001


def test_a_connector_has_one_open_submission_and_the_second_attempt_names_it(cast):
    first = draft(cast.owner)
    with pytest.raises(Conflict, match=first.reference):
        submissions.create_submission(first.connector, actor=cast.developer)


def test_the_database_itself_refuses_a_second_open_submission(cast):
    first = draft(cast.owner)
    with pytest.raises(IntegrityError), transaction.atomic():
        Submission.objects.create(reference="S-1", connector=first.connector, created_by=cast.owner)


def test_an_ended_submission_makes_room_for_the_next(cast):
    first = draft(cast.owner)
    submissions.withdraw(first, reason="Not this year.", actor=cast.owner)
    second = submissions.create_submission(first.connector, actor=cast.owner)
    assert second.state == "draft"


def test_the_kind_follows_from_what_is_live(cast):
    connector = ConnectorFactory(publisher=cast.publisher)
    assert submissions.suggested_kind(connector) == "new"
    connector.live_version = VersionFactory(connector=connector)
    connector.save()
    assert draft(cast.owner, connector).kind == "update"
    with pytest.raises(InvalidInput):
        submissions.create_submission(connector, kind="gift", actor=cast.owner)


def test_a_closed_connector_takes_no_submission(cast):
    connector = ConnectorFactory(publisher=cast.publisher, state="retired")
    with pytest.raises(Conflict, match="closed"):
        submissions.create_submission(connector, actor=cast.owner)


def test_the_next_submission_starts_from_the_form_of_the_last(cast):
    first = ready_draft(cast.owner)
    submissions.withdraw(first, reason="Wrong name.", actor=cast.owner)
    second = submissions.create_submission(first.connector, actor=cast.owner)
    assert (second.contacts, second.categories, second.intro) == (first.contacts, ["Data"], first.intro)


def test_handing_in_freezes_a_revision_and_queues_the_validation(cast):
    submission = ready_draft(cast.owner)
    revision = submissions.submit(submission, actor=cast.owner)
    assert (submission.state, revision.number, revision.version) == ("submitted", 1, submission.version)
    assert revision.form["contacts"] == FORM["contacts"]
    assert submission.queued_at is not None
    handlers = set(OutboxJob.objects.filter(topic="submission.submit").values_list("handler", flat=True))
    assert "certification.tasks.validate_submission" in handlers
    record = audit.history(submission.connector).get(action="submission.submit")
    assert record.data["digest"] == submission.version.digest


def test_a_revision_is_never_changed(cast):
    submission = ready_draft(cast.owner)
    revision = submissions.submit(submission, actor=cast.owner)
    with pytest.raises(IntegrityError), transaction.atomic():
        Revision.objects.filter(pk=revision.pk).update(change_notes="other words")


def test_resubmitting_keeps_the_place_in_the_queue_and_counts_revisions(cast):
    submission = submission_in("changes_requested", cast.owner)
    queued_at, submitted_at = submission.queued_at, submission.submitted_at
    version = uploaded_version(submission.connector, cast.owner, numbered(2))
    drafts.choose_package(submission, version=version, actor=cast.owner)
    revision = submissions.submit(submission, actor=cast.developer)
    assert revision.number == 2
    assert (submission.queued_at, submission.submitted_at) == (queued_at, submitted_at)
    assert submission.revision == revision


def test_what_blocks_is_told_in_full_and_nothing_is_written(cast):
    submission = draft(cast.owner)
    with pytest.raises(Blocked) as caught:
        submissions.submit(submission, actor=cast.owner)
    assert len(caught.value.blockers) >= 4
    submission.refresh_from_db()
    assert (submission.state, submission.revisions.count()) == ("draft", 0)


def test_withdrawing_needs_a_reason(cast):
    submission = draft(cast.owner)
    with pytest.raises(InvalidInput):
        submissions.withdraw(submission, reason="   ", actor=cast.owner)
    submissions.withdraw(submission, reason="Changed our minds.", actor=cast.owner)
    assert audit.history(submission).first().reason == "Changed our minds."


def test_starting_again_copies_form_package_and_valid_credentials(cast):
    old = submission_in("rejected", cast.owner)
    new = submissions.start_again(old, actor=cast.developer)
    assert new.reference != old.reference
    assert (new.intro, new.contacts, new.version) == (old.intro, old.contacts, old.version)
    assert new.credentials.get().fields["key"].reveal() == "sandbox-key-for-tests"
    assert new.queued_at is None


def test_starting_again_is_for_what_has_ended(cast):
    with pytest.raises(Conflict, match="has not ended"):
        submissions.start_again(submission_in("in_review", cast.owner), actor=cast.owner)


@pytest.mark.parametrize("state", SubmissionState.values)
def test_handing_in_and_withdrawing_are_possible_exactly_where_the_lifecycle_says(cast, state):
    submission = submission_in(state, cast.owner)
    can_submit = SUBMISSION.can("submit", state) or SUBMISSION.can("resubmit", state)
    if can_submit:
        assert submissions.submit(submission, actor=cast.owner).version_id == submission.version_id
        return
    with pytest.raises(IllegalTransition):
        submissions.submit(submission, actor=cast.owner)
    if SUBMISSION.can("withdraw", state):
        submissions.withdraw(submission, reason="Enough of it.", actor=cast.owner)
        assert submission.state == "withdrawn"
    else:
        with pytest.raises(IllegalTransition):
            submissions.withdraw(submission, reason="Enough of it.", actor=cast.owner)


ROLES = ["owner", "developer", "tester", "viewer", "stranger", "reviewer", "operator", "administrator"]
WRITERS = {"owner", "developer"}


def _deeds(submission, version):
    return {
        "create": lambda actor: submissions.create_submission(
            ConnectorFactory(publisher=submission.publisher), actor=actor
        ),
        "save": lambda actor: drafts.save_draft(
            submission, fields={"intro": "x"}, edit_count=submission.edit_count, actor=actor
        ),
        "choose": lambda actor: drafts.choose_package(submission, version=version, actor=actor),
        "check": lambda actor: drafts.check_package(submission, actor=actor),
        "submit": lambda actor: submissions.submit(submission, actor=actor),
        "withdraw": lambda actor: submissions.withdraw(submission, reason="Enough.", actor=actor),
    }


@pytest.mark.parametrize("deed", ["create", "save", "choose", "check", "submit", "withdraw"])
@pytest.mark.parametrize("role", ROLES)
def test_only_owners_and_developers_of_the_team_work_on_a_submission(cast, role, deed):
    submission = ready_draft(cast.owner)
    act = _deeds(submission, submission.version)[deed]
    if role in WRITERS:
        act(getattr(cast, role))
    else:
        with pytest.raises(NotPermitted):
            act(getattr(cast, role))


@pytest.mark.parametrize("role", ROLES)
def test_only_owners_and_developers_start_again(cast, role):
    ended = submission_in("withdrawn", cast.owner)
    if role in WRITERS:
        submissions.start_again(ended, actor=getattr(cast, role))
    else:
        with pytest.raises(NotPermitted):
            submissions.start_again(ended, actor=getattr(cast, role))


def test_staff_see_a_submission_once_however_many_members_its_team_has(cast):
    submission = submission_in("in_review", cast.owner)
    assert list(Submission.objects.visible_to(cast.reviewer)) == [submission]
    assert list(Submission.objects.visible_to(cast.owner)) == [submission]
    assert not Submission.objects.visible_to(cast.stranger).exists()


def test_a_draft_is_the_teams_own_until_it_is_handed_in(cast):
    draft(cast.owner)
    assert not Submission.objects.visible_to(cast.reviewer).exists()
    assert Submission.objects.visible_to(cast.viewer).count() == 1


def test_numbers_come_from_a_sequence_that_no_rollback_takes_back(cast):
    with connection.cursor() as cursor:
        cursor.execute("SELECT last_value FROM certification_submission_reference")
        before = cursor.fetchone()[0]
    connector = ConnectorFactory(publisher=cast.publisher)
    with pytest.raises(RuntimeError), transaction.atomic():
        submissions.create_submission(connector, actor=cast.owner)
        raise RuntimeError
    assert int(draft(cast.owner, connector).reference[2:]) > before
