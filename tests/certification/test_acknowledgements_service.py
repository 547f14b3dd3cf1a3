"""Updates against the published version: its errors are acknowledged by the team and accepted by a reviewer."""

from __future__ import annotations

import pytest
from django.db import transaction
from django.urls import reverse

from certification.models import Submission, Validation, Waiver
from certification.queries import validation as queries
from certification.queries.readiness import readiness
from certification.queries.reviews import approval_blockers
from certification.queries.updates import proposal_for
from certification.rules.examples import Case, examples
from certification.services import decisions, submissions, validation, waivers
from connectors.services.connectors import mark_version
from portal.shared import audit, storage
from portal.shared.actors import SYSTEM
from portal.shared.errors import Blocked, Conflict, InvalidInput, NotPermitted
from portal.shared.models import OutboxJob
from tests.factories import ConnectorFactory
from tests.factories.submissions import WITH_ERROR, ready_draft, uploaded_version

pytestmark = pytest.mark.django_db
REASON = "Users were told on the first of May, and nobody used the field."
BREAKING = examples()["UPD-020"].bad[0]
"""An output is deleted."""


@pytest.fixture(autouse=True)
def every_breaking_change_counts(settings):
    """However few use the connector; what use changes of that is told in test_usage.py."""
    settings.BREAKING_CHANGE_CONNECTIONS = 0


def published(team, case: Case):
    """A connector of the team whose live version is this package."""
    connector = ConnectorFactory(publisher=team.publishers.first())
    version = uploaded_version(connector, team, case)
    with transaction.atomic():
        mark_version(connector, pointer="live", version=version, actor=SYSTEM)
    connector.refresh_from_db()
    return connector


@pytest.fixture
def breaking(cast) -> Submission:
    """The draft of an update that deletes an output, checked."""
    assert BREAKING.before is not None
    connector = published(cast.owner, BREAKING.before)
    submission = ready_draft(cast.owner, connector, case=BREAKING, kind="update")
    validation.check_draft(str(submission.pk))
    return submission


def acknowledge(submission: Submission, actor) -> Waiver:
    return waivers.acknowledge_error(submission, rule="UPD-020", reason=REASON, actor=actor)


def in_review(submission: Submission, cast) -> Submission:
    submissions.submit(submission, actor=cast.owner)
    validation.validate_submission(str(submission.pk))
    return Submission.objects.with_page_data().select_related("revision__version").get(pk=submission.pk)


def approve(submission: Submission, cast) -> None:
    assert submission.revision is not None
    digest = submission.revision.version.digest
    decisions.decide(submission, verdict="approve", reasons="", digest=digest, actor=cast.reviewer)


def blocked_by(submission: Submission) -> list[str]:
    return [blocker.text for blocker in readiness(submission) if blocker.code == "validation-error"]


def test_an_update_is_compared_with_what_is_live(breaking):
    verdict = queries.known_validation(breaking, breaking.version)
    assert verdict.change_kind == "update"
    assert verdict.baseline == breaking.connector.live_version.digest
    assert list(verdict.findings.filter(severity="error").values_list("rule", flat=True)) == ["UPD-020"]
    assert blocked_by(breaking) == [
        "Output field deleted (UPD-020), in 1 place: correct it, or acknowledge it."
    ]


def test_a_new_connector_is_compared_with_nothing(cast):
    submission = ready_draft(cast.owner, case=BREAKING)
    validation.check_draft(str(submission.pk))
    verdict = queries.known_validation(submission, submission.version)
    assert (verdict.baseline, verdict.verdict) == ("", "pass")


def test_against_another_live_version_the_package_is_judged_anew(cast, breaking):
    other = uploaded_version(breaking.connector, cast.owner, Case(set={"/info/version": "0.8.0"}))
    with transaction.atomic():
        mark_version(breaking.connector, pointer="live", version=other, actor=SYSTEM)
    validation.check_draft(str(breaking.pk))
    assert Validation.objects.filter(version=breaking.version).count() == 2
    fresh = Submission.objects.with_page_data().get(pk=breaking.pk)
    assert queries.known_validation(fresh, fresh.version).baseline == other.digest
    assert blocked_by(fresh) == []


def test_a_damaged_live_version_is_no_reason_to_compare_with_nothing(cast, breaking):
    Validation.objects.all().delete()
    storage.path_of(breaking.connector.live_version.digest).write_bytes(b"damaged")
    with pytest.raises(storage.StoredBytesDamaged):
        validation.check_draft(str(breaking.pk))
    assert Validation.objects.count() == 0


def test_an_acknowledged_error_does_not_keep_the_package_from_review(cast, breaking):
    waiver = acknowledge(breaking, cast.owner)
    assert waiver.is_acknowledgement
    assert blocked_by(breaking) == []
    submission = in_review(breaking, cast)
    assert submission.state == "in_review"
    assert audit.history(submission).filter(action="waiver.acknowledge").count() == 1
    assert OutboxJob.objects.filter(topic="waiver.request").exists()


def test_without_an_acknowledgement_the_package_comes_back(cast, breaking):
    Validation.objects.all().delete()
    assert in_review(breaking, cast).state == "validation_failed"


def test_approval_waits_until_the_reviewer_accepts(cast, breaking):
    waiver = acknowledge(breaking, cast.owner)
    submission = in_review(breaking, cast)
    assert approval_blockers(submission) == [
        "Output field deleted (UPD-020), in 1 place, is acknowledged: accept it, or decline it."
    ]
    with pytest.raises(Blocked):
        approve(submission, cast)
    waivers.approve_waiver(waiver, reason="Seen, and agreed.", actor=cast.reviewer)
    assert approval_blockers(submission) == []
    approve(submission, cast)
    submission.refresh_from_db()
    assert submission.state == "approved"


def test_a_declined_acknowledgement_blocks_approval_and_the_next_hand_in(cast, breaking):
    waiver = acknowledge(breaking, cast.owner)
    submission = in_review(breaking, cast)
    waivers.decline_waiver(waiver, reason="Keep the field.", actor=cast.reviewer)
    assert approval_blockers(submission) == [
        "Output field deleted (UPD-020), in 1 place: no waiver covers it any more."
    ]
    assert len(blocked_by(submission)) == 1


def test_an_acknowledgement_that_was_withdrawn_counts_no_more(cast, breaking):
    waiver = acknowledge(breaking, cast.owner)
    waivers.withdraw_waiver(waiver, actor=cast.owner)
    assert len(blocked_by(breaking)) == 1
    acknowledge(breaking, cast.developer)


def test_an_error_is_acknowledged_once(cast, breaking):
    acknowledge(breaking, cast.owner)
    with pytest.raises(Conflict, match="acknowledgement of UPD-020"):
        acknowledge(breaking, cast.developer)


def test_an_acknowledgement_of_one_place_does_not_cover_another(cast, breaking):
    with pytest.raises(InvalidInput):
        waivers.acknowledge_error(
            breaking, rule="UPD-020", fingerprint="another place", reason=REASON, actor=cast.owner
        )


@pytest.mark.parametrize("reason", ["", "Too short.", "x" * 2_001])
def test_an_acknowledgement_needs_a_reason(cast, breaking, reason):
    with pytest.raises(InvalidInput):
        waivers.acknowledge_error(breaking, rule="UPD-020", reason=reason, actor=cast.owner)


def test_only_errors_that_leave_a_choice_are_acknowledged(cast):
    submission = ready_draft(cast.owner, case=WITH_ERROR)
    validation.check_draft(str(submission.pk))
    with pytest.raises(InvalidInput, match="not acknowledged"):
        waivers.acknowledge_error(submission, rule="INF-004", reason=REASON, actor=cast.owner)
    waivers.request_waiver(submission, rule="INF-004", reason=REASON, actor=cast.owner)
    assert len(blocked_by(submission)) == 1


@pytest.mark.parametrize("role", ["tester", "viewer", "stranger", "reviewer", "operator", "administrator"])
def test_only_owners_and_developers_acknowledge(cast, breaking, role):
    with pytest.raises(NotPermitted):
        acknowledge(breaking, getattr(cast, role))


@pytest.mark.parametrize("role", ["owner", "developer", "operator", "stranger"])
def test_only_reviewers_of_other_teams_accept(cast, breaking, role):
    waiver = acknowledge(breaking, cast.owner)
    with pytest.raises(NotPermitted):
        waivers.approve_waiver(waiver, reason="Fine by me.", actor=getattr(cast, role))


def test_the_page_lets_the_team_acknowledge_and_the_reviewer_accept(cast, sign_in, breaking):
    page = reverse("finding_list", args=[breaking.pk])
    maker = sign_in(cast.owner)
    assert b"Acknowledge it" in maker.get(page).content
    asked = {"rule": "UPD-020", "reason": REASON}
    assert maker.post(reverse("waiver_request", args=[breaking.pk]), asked).status_code == 302
    waiver = Waiver.objects.get()
    assert b"Acknowledgement" in maker.get(page).content
    submission = in_review(breaking, cast)
    reviewer = sign_in(cast.reviewer)
    assert b"Accept" in reviewer.get(reverse("waiver_detail", args=[waiver.pk])).content
    decided = {"decision": "approve", "reason": "Seen, and agreed."}
    assert reviewer.post(reverse("waiver_decide", args=[waiver.pk]), decided).status_code == 302
    assert approval_blockers(submission) == []


def test_the_form_proposes_a_version_and_drafts_the_change_notes(cast, sign_in, breaking):
    page = sign_in(cast.owner).get(reverse("submission_edit", args=[breaking.pk])).content.decode()
    proposal = proposal_for(breaking, queries.known_validation(breaking, breaking.version))
    assert proposal is not None
    assert (proposal.published, proposal.version) == (breaking.connector.live_version.label, "1.0.0")
    assert (
        "### Breaking\n\n- The output body/tides\\[\\]/kind of ListTides was removed." in proposal.changelog
    )
    assert "- The output body/tides\\[\\]/kind of ListTides was removed." in page


def test_nothing_is_drafted_for_a_package_that_was_not_checked(breaking):
    assert proposal_for(breaking, None) is None
