"""Who may do what with submissions, reviews, previews and rollouts.

These ask about the person only; whether the object's state allows the deed is the lifecycle's business.
"""

from __future__ import annotations

from typing import Any

from certification.models import (
    AgreementSignature,
    Appeal,
    DecisionCondition,
    GuestTester,
    OverrideRequest,
    Preview,
    RegionDeployment,
    Rollout,
    RuleTreatment,
    Submission,
    Thread,
    Waiver,
)
from connectors.models.publishers import Role
from connectors.policies import can_hand_over_connector, can_view_connector, is_member, role_in


def _team(user: Any, submission: Submission, *roles: Role) -> bool:
    return role_in(user, submission.connector.publisher) in roles


def _reviewer_of(user: Any, submission: Submission) -> bool:
    """A reviewer who has nothing to do with the publisher."""
    return bool(getattr(user, "is_reviewer", False)) and not is_member(user, submission.connector.publisher)


def _operator(user: Any) -> bool:
    return bool(getattr(user, "is_operator", False))


def can_manage_agreements(user: Any, _nothing: None) -> bool:
    return bool(getattr(user, "is_administrator", False))


def can_sign_agreement(user: Any, _nothing: None) -> bool:
    return bool(getattr(user, "is_active", False))


def can_sign_agreement_for(user: Any, publisher: Any) -> bool:
    """A company's word is its owners'."""
    return role_in(user, publisher) == Role.OWNER


def can_withdraw_signature(user: Any, signature: AgreementSignature) -> bool:
    if signature.publisher is not None:
        return role_in(user, signature.publisher) == Role.OWNER
    return bool(signature.signer_id == getattr(user, "pk", None))


def can_view_submission(user: Any, submission: Submission) -> bool:
    return can_view_connector(user, submission.connector)


def can_create_submission(user: Any, connector: Any) -> bool:
    return role_in(user, connector.publisher) in (Role.OWNER, Role.DEVELOPER)


def can_make_family(user: Any, publisher: Any) -> bool:
    return role_in(user, publisher) in (Role.OWNER, Role.DEVELOPER)


def can_edit_family(user: Any, family: Any) -> bool:
    return can_make_family(user, family.publisher)


def can_decide_family(user: Any, family: Any) -> bool:
    """A reviewer who has nothing to do with the team, as for each of its members."""
    return bool(getattr(user, "is_reviewer", False)) and not is_member(user, family.publisher)


def can_schedule_family(user: Any, _family: Any) -> bool:
    return _operator(user)


def can_manage_webhooks(user: Any, publisher: Any) -> bool:
    return role_in(user, publisher) in (Role.OWNER, Role.DEVELOPER)


def can_import_connectors(user: Any, _obj: Any = None) -> bool:
    return _operator(user)


def can_claim_connector(user: Any, publisher: Any) -> bool:
    """For a team that one answers for."""
    return role_in(user, publisher) == Role.OWNER


def can_edit_claim(user: Any, claim: Any) -> bool:
    return role_in(user, claim.publisher) == Role.OWNER


def can_decide_claim(user: Any, claim: Any) -> bool:
    """The fallback where no proof is possible: an operator who has nothing to do with the team."""
    return _operator(user) and not is_member(user, claim.publisher)


def can_offer_transfer(user: Any, connector: Any) -> bool:
    return can_hand_over_connector(user, connector)


def can_withdraw_transfer(user: Any, transfer: Any) -> bool:
    return role_in(user, transfer.from_publisher) == Role.OWNER


def can_answer_transfer(user: Any, transfer: Any) -> bool:
    return role_in(user, transfer.to_publisher) == Role.OWNER


def can_edit_submission(user: Any, submission: Submission) -> bool:
    return _team(user, submission, Role.OWNER, Role.DEVELOPER)


def can_submit_submission(user: Any, submission: Submission) -> bool:
    return _team(user, submission, Role.OWNER, Role.DEVELOPER)


def can_withdraw_submission(user: Any, submission: Submission) -> bool:
    return _team(user, submission, Role.OWNER, Role.DEVELOPER)


def can_manage_credentials(user: Any, submission: Submission) -> bool:
    return _team(user, submission, Role.OWNER, Role.DEVELOPER)


def can_reveal_credential(user: Any, submission: Submission) -> bool:
    """Reviewers of other teams, to test. The team itself replaces a credential instead of reading it."""
    return _reviewer_of(user, submission)


def can_test_credential(user: Any, submission: Submission) -> bool:
    """Those who keep it, those who test with it, and reviewers of other teams."""
    return can_try_operations(user, submission)


def can_try_operations(user: Any, submission: Submission) -> bool:
    """The console: testers of the team, and reviewers of other teams, who say why."""
    return _team(user, submission, Role.OWNER, Role.DEVELOPER, Role.TESTER) or _reviewer_of(user, submission)


def can_answer_findings(user: Any, submission: Submission) -> bool:
    """Notes on warnings and requests for waivers."""
    return _team(user, submission, Role.OWNER, Role.DEVELOPER)


def can_decide_waiver(user: Any, waiver: Waiver) -> bool:
    return _reviewer_of(user, waiver.submission)


def can_see_queue(user: Any, _obj: Any = None) -> bool:
    return bool(getattr(user, "staff_role", ""))


def can_claim_review(user: Any, submission: Submission) -> bool:
    return _reviewer_of(user, submission)


def can_comment_submission(user: Any, submission: Submission) -> bool:
    """Every member but viewers, reviewers of other teams, and operators."""
    if _team(user, submission, Role.OWNER, Role.DEVELOPER, Role.TESTER):
        return True
    return _reviewer_of(user, submission) or (
        _operator(user) and not is_member(user, submission.connector.publisher)
    )


def can_see_private_notes(user: Any, submission: Submission) -> bool:
    return bool(getattr(user, "staff_role", "")) and not is_member(user, submission.connector.publisher)


def can_comment_privately(user: Any, submission: Submission) -> bool:
    return can_see_private_notes(user, submission)


def can_resolve_thread(user: Any, thread: Thread) -> bool:
    """Reviewers resolve; the one who opened a thread may, too."""
    if thread.is_private:
        return can_see_private_notes(user, thread.submission)
    return _reviewer_of(user, thread.submission) or thread.author_id == user.pk


def can_suggest_change(user: Any, submission: Submission) -> bool:
    """Reviewers of other teams propose; the team takes over or declines."""
    return _reviewer_of(user, submission)


def can_answer_suggestion(user: Any, submission: Submission) -> bool:
    return _team(user, submission, Role.OWNER, Role.DEVELOPER)


def can_settle_condition(user: Any, condition: DecisionCondition) -> bool:
    """Those who could have approved."""
    return _reviewer_of(user, condition.decision.submission)


def can_appeal_decision(user: Any, submission: Submission) -> bool:
    return _team(user, submission, Role.OWNER, Role.DEVELOPER)


def can_decide_appeal(user: Any, appeal: Appeal) -> bool:
    """An administrator who neither rejected it nor belongs to the team: a role, never a person."""
    return (
        getattr(user, "staff_role", "") == "administrator"
        and bool(user.pk != appeal.decision.reviewer_id)
        and not is_member(user, appeal.decision.submission.connector.publisher)
    )


def can_manage_replies(user: Any, _obj: Any = None) -> bool:
    """Those who review write the replies that all of them use."""
    return bool(getattr(user, "is_reviewer", False))


def can_decide_submission(user: Any, submission: Submission) -> bool:
    """Nobody decides on their own team's work; the database says so too."""
    return _reviewer_of(user, submission)


def can_sign_off_preview(user: Any, preview: Preview) -> bool:
    return _team(user, preview.submission, Role.OWNER, Role.DEVELOPER, Role.TESTER)


def can_invite_tester(user: Any, submission: Submission) -> bool:
    """Whoever answers for the connector decides who else sees it before it is public."""
    return _team(user, submission, Role.OWNER, Role.DEVELOPER)


def can_test_as_guest(user: Any, submission: Submission) -> bool:
    """Somebody from outside with an accepted invitation that has not run out."""
    if not getattr(user, "is_authenticated", False) or not getattr(user, "is_active", False):
        return False
    return GuestTester.objects.with_access(user).filter(submission=submission.pk).exists()


def can_call_operations(user: Any, submission: Submission) -> bool:
    return can_try_operations(user, submission) or can_test_as_guest(user, submission)


def can_check_products(user: Any, preview: Preview) -> bool:
    """The team's testers and its guests; reviewers write into threads instead."""
    return can_sign_off_preview(user, preview) or can_test_as_guest(user, preview.submission)


def can_extend_preview(user: Any, preview: Preview) -> bool:
    return _operator(user)


def can_pause_clock(user: Any, preview: Preview) -> bool:
    return _operator(user)


def can_resume_clock(user: Any, preview: Preview) -> bool:
    """An operator, or the team: who can test does not wait for anybody to start the clock."""
    return _operator(user) or can_sign_off_preview(user, preview)


def can_retry_preview(user: Any, preview: Preview) -> bool:
    return _operator(user)


def can_schedule_rollout(user: Any, submission: Submission) -> bool:
    return _operator(user)


def can_run_rollout(user: Any, rollout: Rollout) -> bool:
    """Hold, resume, reschedule, retry, release: an operator's work."""
    return _operator(user)


def can_stop_rollout(user: Any, rollout: Rollout) -> bool:
    """Stopping needs nobody's approval."""
    return _operator(user) or _team(user, rollout.submission, Role.OWNER, Role.DEVELOPER)


def can_roll_back_rollout(user: Any, rollout: Rollout) -> bool:
    return _operator(user) or _team(user, rollout.submission, Role.OWNER)


def can_supersede_rollout(user: Any, rollout: Rollout) -> bool:
    """Taking the place of a version under way may end a halt: an operator answers for it."""
    return _operator(user)


def can_request_skip(user: Any, deployment: RegionDeployment) -> bool:
    return _operator(user)


def can_request_override(user: Any, rollout: Rollout) -> bool:
    return _operator(user)


def can_request_hotfix(user: Any, submission: Submission) -> bool:
    """The team knows best that it is urgent."""
    return _operator(user) or _team(user, submission, Role.OWNER, Role.DEVELOPER)


def can_decide_override(user: Any, request: OverrideRequest) -> bool:
    """An operator who neither asked nor agreed before, and has nothing to do with the publisher."""
    return (
        _operator(user)
        and bool(user.pk not in (request.requested_by_id, request.approved_by_id))
        and not is_member(user, request.submission.connector.publisher)
    )


def can_withdraw_override(user: Any, request: OverrideRequest) -> bool:
    return bool(request.requested_by_id == user.pk)


def can_see_operations(user: Any, _obj: Any = None) -> bool:
    return _operator(user)


def can_manage_plans(user: Any, _obj: Any = None) -> bool:
    return _operator(user)


def _administrator(user: Any) -> bool:
    return bool(getattr(user, "is_administrator", False))


def can_see_administration(user: Any, _obj: Any = None) -> bool:
    """Operators read what administrators decide."""
    return _operator(user)


def can_manage_treatments(user: Any, _obj: Any = None) -> bool:
    return _administrator(user)


def can_manage_mail_texts(user: Any, _obj: Any = None) -> bool:
    return _administrator(user)


def can_decide_treatment(user: Any, treatment: RuleTreatment) -> bool:
    """An administrator who did not ask for it."""
    return _administrator(user) and bool(user.pk != treatment.requested_by_id)


def can_withdraw_treatment(user: Any, treatment: RuleTreatment) -> bool:
    """Whoever asked, and every other administrator."""
    return _administrator(user)


def can_announce_retirement(user: Any, connector: Any) -> bool:
    """The end of a connector is its owners' decision; administrators act where a team is gone."""
    return role_in(user, connector.publisher) == Role.OWNER or bool(getattr(user, "is_administrator", False))


def can_announce_change(user: Any, connector: Any) -> bool:
    return role_in(user, connector.publisher) in (Role.OWNER, Role.DEVELOPER)


def can_cancel_notice(user: Any, notice: Any) -> bool:
    """Whoever may announce such a thing may take it back."""
    can = can_announce_retirement if notice.is_retirement else can_announce_change
    return can(user, notice.connector)


def can_manage_incidents(user: Any, _obj: Any = None) -> bool:
    return _operator(user)


def can_manage_catch_ups(user: Any, _obj: Any = None) -> bool:
    return _operator(user)


def can_see_retention(user: Any, _obj: Any = None) -> bool:
    return bool(user.is_administrator)


def can_run_jobs(user: Any, _obj: Any = None) -> bool:
    return _operator(user)


def can_do_region_task(user: Any, _task: Any = None) -> bool:
    """Deploying by hand, and looking at what runs: an operator's work."""
    return _operator(user)


def can_republish_documentation(user: Any, _connector: Any = None) -> bool:
    return _operator(user)


def can_ask_erasure(user: Any, person: Any) -> bool:
    """Of oneself; administrators of anybody."""
    return bool(user.is_administrator or user.pk == person.pk)


def can_withdraw_erasure(user: Any, erasure: Any) -> bool:
    return can_ask_erasure(user, erasure.person)


def can_see_erasures(user: Any, _obj: Any = None) -> bool:
    return bool(user.is_administrator)
