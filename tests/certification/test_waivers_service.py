"""Notes on warnings and waivers of errors: who asks, who decides, and what they change."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from certification.models import Waiver
from certification.queries import validation as queries
from certification.queries.readiness import readiness
from certification.services import validation, waivers
from portal.shared.errors import Conflict, IllegalTransition, InvalidInput, NotPermitted
from portal.shared.models import OutboxJob
from tests.factories import MembershipFactory
from tests.factories.submissions import WITH_ERROR, WITH_WARNING, ready_draft, submission_in

pytestmark = pytest.mark.django_db
REASON = "The regulator prescribes this very name."
ROLES = ["owner", "developer", "tester", "viewer", "stranger", "reviewer", "operator", "administrator"]


@pytest.fixture
def failing(cast):
    """A submission that came back with an error, its verdict stored."""
    submission = submission_in("validation_failed", cast.owner, case=WITH_ERROR)
    validation.check_draft(str(submission.pk))
    return submission


@pytest.fixture
def requested(cast, failing) -> Waiver:
    return waivers.request_waiver(failing, rule="INF-004", reason=REASON, actor=cast.owner)


def blockers(submission) -> set[str]:
    return {blocker.code for blocker in readiness(submission)}


def test_an_approved_waiver_unblocks_and_an_expired_one_blocks_again(cast, failing, requested):
    assert "validation-error" in blockers(failing)
    waivers.approve_waiver(requested, reason="Agreed.", expires_on=timezone.now().date(), actor=cast.reviewer)
    assert "validation-error" not in blockers(failing)
    Waiver.objects.update(expires_on=timezone.now().date() - timedelta(days=1))
    assert "validation-error" in blockers(failing)


def test_a_waiver_of_one_place_does_not_cover_another(cast, failing):
    verdict = queries.known_validation(failing, failing.version)
    finding = verdict.findings.get(rule="INF-004")
    waiver = waivers.request_waiver(
        failing, rule="INF-004", fingerprint=finding.fingerprint, reason=REASON, actor=cast.owner
    )
    waivers.approve_waiver(waiver, reason="Agreed.", actor=cast.reviewer)
    cover = queries.WaiverCover(queries.active_waivers(failing))
    assert cover.covers("INF-004", finding.fingerprint)
    assert not cover.covers("INF-004", "another place")
    assert not cover.covers("INF-005", finding.fingerprint)


def test_a_declined_waiver_changes_nothing_and_another_can_be_asked_for(cast, failing, requested):
    waivers.decline_waiver(requested, reason="Rename it.", actor=cast.reviewer)
    assert "validation-error" in blockers(failing)
    waivers.request_waiver(failing, rule="INF-004", reason=REASON, actor=cast.owner)


def test_one_waiver_of_a_rule_is_asked_for_at_a_time(cast, failing, requested):
    with pytest.raises(Conflict, match="INF-004"):
        waivers.request_waiver(failing, rule="INF-004", reason=REASON, actor=cast.developer)


@pytest.mark.parametrize("rule", ["INF-015", "PKG-999", "ENG-002"])
def test_what_is_no_error_of_the_package_is_not_waived(cast, failing, rule):
    with pytest.raises(InvalidInput):
        waivers.request_waiver(failing, rule=rule, reason=REASON, actor=cast.owner)


@pytest.mark.parametrize("reason", ["", "short", "x" * 2001])
def test_asking_needs_a_reason(cast, failing, reason):
    with pytest.raises(InvalidInput):
        waivers.request_waiver(failing, rule="INF-004", reason=reason, actor=cast.owner)


def test_a_decision_is_final(cast, requested):
    waivers.approve_waiver(requested, reason="Agreed.", actor=cast.reviewer)
    with pytest.raises(IllegalTransition):
        waivers.decline_waiver(requested, reason="No, rather not.", actor=cast.second_reviewer)


def test_a_waiver_does_not_begin_in_the_past(cast, requested):
    yesterday = timezone.now().date() - timedelta(days=1)
    with pytest.raises(InvalidInput):
        waivers.approve_waiver(requested, reason="Agreed.", expires_on=yesterday, actor=cast.reviewer)


def test_the_team_takes_a_waiver_back(cast, failing, requested):
    waivers.approve_waiver(requested, reason="Agreed.", actor=cast.reviewer)
    waivers.withdraw_waiver(requested, actor=cast.developer)
    assert "validation-error" in blockers(failing)


@pytest.mark.parametrize("role", ROLES)
def test_the_team_asks_and_reviewers_of_other_teams_decide(cast, failing, role):
    actor = getattr(cast, role)
    if role in {"owner", "developer"}:
        waiver = waivers.request_waiver(failing, rule="INF-004", reason=REASON, actor=actor)
    else:
        with pytest.raises(NotPermitted):
            waivers.request_waiver(failing, rule="INF-004", reason=REASON, actor=actor)
        waiver = waivers.request_waiver(failing, rule="INF-004", reason=REASON, actor=cast.owner)
    if role in {"reviewer", "administrator"}:
        waivers.approve_waiver(waiver, reason="Agreed.", actor=actor)
        return
    for decide in (waivers.approve_waiver, waivers.decline_waiver):
        with pytest.raises(NotPermitted):
            decide(waiver, reason="Agreed.", actor=actor)


def test_a_reviewer_who_belongs_to_the_team_does_not_decide(cast, requested):
    MembershipFactory(publisher=cast.publisher, user=cast.reviewer, role="viewer")
    with pytest.raises(NotPermitted):
        waivers.approve_waiver(requested, reason="Agreed.", actor=cast.reviewer)


def test_the_database_refuses_a_decision_by_the_one_who_asked(requested):
    with pytest.raises(IntegrityError), transaction.atomic():
        Waiver.objects.update(decided_by=requested.requested_by)


def test_asking_and_deciding_send_mail(cast, requested):
    waivers.approve_waiver(requested, reason="Agreed.", actor=cast.reviewer)
    topics = set(OutboxJob.objects.values_list("topic", flat=True))
    assert {"waiver.request", "waiver.approve"} <= topics


@pytest.fixture
def warned(cast):
    submission = ready_draft(cast.owner, case=WITH_WARNING)
    validation.check_draft(str(submission.pk))
    return submission


def test_a_warning_blocks_until_somebody_says_why_it_stays(cast, warned):
    assert "warning-without-note" in blockers(warned)
    for rule in queries.unanswered_warnings(warned, queries.known_validation(warned, warned.version)):
        waivers.note_warning(warned, rule=rule, note="It is a list of harbours.", actor=cast.developer)
    assert "warning-without-note" not in blockers(warned)


def test_a_note_is_replaced_by_the_next(cast, warned):
    waivers.note_warning(warned, rule="INF-015", note="First words.", actor=cast.owner)
    waivers.note_warning(warned, rule="INF-015", note="Better words.", actor=cast.developer)
    assert warned.warning_notes.get().note == "Better words."


@pytest.mark.parametrize(
    ("rule", "note"), [("INF-015", " "), ("XXX-001", "Some words."), ("INF-015", "x" * 2001)]
)
def test_a_note_has_words_and_a_rule(cast, warned, rule, note):
    with pytest.raises(InvalidInput):
        waivers.note_warning(warned, rule=rule, note=note, actor=cast.owner)


@pytest.mark.parametrize("role", ["tester", "viewer", "stranger", "reviewer"])
def test_only_the_team_answers_warnings(cast, warned, role):
    with pytest.raises(NotPermitted):
        waivers.note_warning(warned, rule="INF-015", note="Words.", actor=getattr(cast, role))


def test_an_ended_submission_takes_no_answers(cast):
    ended = submission_in("rejected", cast.owner)
    with pytest.raises(Conflict):
        waivers.note_warning(ended, rule="INF-015", note="Too late.", actor=cast.owner)


def test_the_pages_ask_decide_and_withdraw(cast, sign_in, failing):
    browser = sign_in(cast.owner)
    ask = reverse("waiver_request", args=[failing.pk])
    refused = browser.post(ask, {"rule": "INF-004", "reason": "too short"})
    assert refused.status_code == 400
    assert "too short" in refused.content.decode()
    assert browser.post(ask, {"rule": "INF-004", "reason": REASON}).status_code == 302
    waiver = Waiver.objects.get()
    page, decide = (reverse(name, args=[waiver.pk]) for name in ("waiver_detail", "waiver_decide"))
    assert "Let it pass" not in browser.get(page).content.decode()
    assert browser.post(decide, {"decision": "approve", "reason": "Agreed."}).status_code == 403
    assert sign_in(cast.stranger).get(page).status_code == 404
    reviewer = sign_in(cast.reviewer)
    assert "Let it pass" in reviewer.get(page).content.decode()
    assert reviewer.post(decide, {"decision": "approve", "reason": ""}).status_code == 400
    assert reviewer.post(decide, {"decision": "approve", "reason": "Agreed."}).status_code == 302
    withdraw = reverse("waiver_withdraw", args=[waiver.pk])
    assert sign_in(cast.owner).post(withdraw).status_code == 302
    waiver.refresh_from_db()
    assert waiver.state == "withdrawn"


def test_a_note_is_written_on_the_findings_page(cast, sign_in, warned):
    browser = sign_in(cast.owner)
    address = reverse("finding_note", args=[warned.pk])
    assert browser.post(address, {"rule": "INF-015", "note": "No"}).status_code == 400
    assert browser.post(address, {"rule": "INF-015", "note": "It is a list."}).status_code == 302
    page = browser.get(reverse("finding_list", args=[warned.pk])).content.decode()
    assert "It is a list." in page
