"""What the API has for everything that pages do, as data: page -> what does the same, or why nothing does.

`_by` names routes of the API below `api:` with their method. `_not` says why a program has no such address.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Counterpart:
    """`by` holds (name of the route, method); without any, `reason` says why."""

    by: tuple[tuple[str, str], ...] = ()
    reason: str = ""


def _by(*names: str) -> Counterpart:
    """ "connector-cancel" is a POST; "PATCH connector-detail" is not."""
    pairs = (name.rpartition(" ")[::2] for name in names)
    return Counterpart(tuple((f"api:{name}", method or "POST") for method, name in pairs))


def _not(reason: str) -> Counterpart:
    return Counterpart(reason=reason)


SIGN_IN = _not("Signing in and its proofs belong to a person at a browser.")
SETTINGS = _not("What pages look like for a person, or what only this person's programs read.")
TOKENS = _not("A token makes no other tokens: they are made by a person who has shown who they are.")
SIGNED_LINK = _not("Whoever holds a mailed link shows it to a page; a program holds a token instead.")
NO_ACCOUNT = _not("For visitors without an account; the API knows nobody without one.")
MACHINE = _not("Called by another program already, with a proof of its own.")
FORM_ONLY = _not("Fills in or draws a form; nothing is kept.")
PERSON_IN_CHARGE = _not("An administrator gives it to people in person, with a second factor.")

ACCOUNT = {
    "/accounts/social/connections/": SIGN_IN,
    "/accounts/social/signup/": SIGN_IN,
    "account_change_password": SIGN_IN,
    "account_confirm_email": SIGN_IN,
    "account_confirm_login_code": SIGN_IN,
    "account_email": SIGN_IN,
    "account_login": SIGN_IN,
    "account_logout": SIGN_IN,
    "account_reauthenticate": SIGN_IN,
    "account_reset_password": SIGN_IN,
    "account_reset_password_from_key": SIGN_IN,
    "account_set_password": SIGN_IN,
    "account_signup": SIGN_IN,
    "mfa_activate_totp": SIGN_IN,
    "mfa_add_webauthn": SIGN_IN,
    "mfa_authenticate": SIGN_IN,
    "mfa_deactivate_totp": SIGN_IN,
    "mfa_edit_webauthn": SIGN_IN,
    "mfa_generate_recovery_codes": SIGN_IN,
    "mfa_login_webauthn": SIGN_IN,
    "mfa_reauthenticate": SIGN_IN,
    "mfa_reauthenticate_webauthn": SIGN_IN,
    "mfa_remove_webauthn": SIGN_IN,
    "openid_connect_callback": SIGN_IN,
    "openid_connect_login": SIGN_IN,
    "socialaccount_connections": SIGN_IN,
    "socialaccount_signup": SIGN_IN,
    "usersessions_list": SIGN_IN,
    "accounts:calendar": SETTINGS,
    "accounts:calendar_drop": SETTINGS,
    "accounts:device": _not("A person at a browser lets a program in that cannot show a page."),
    "accounts:language": SETTINGS,
    "accounts:paconn_token": TOKENS,
    "accounts:profile": SETTINGS,
    "accounts:set_staff_role": PERSON_IN_CHARGE,
    "accounts:theme": SETTINGS,
    "accounts:token_revoke": _by("DELETE own_token"),
    "accounts:tokens": TOKENS,
    "accounts:your_data": _not("A person takes what is known of them, shortly after showing who they are."),
    "erasure": _by("erasure-list"),
    "erasure_create": _by("erasure-list"),
    "erasure_withdraw": _by("erasure-withdraw"),
    "notification_mark_all_read": _by("notification-read-all"),
    "notification_preferences": _by("PATCH notification-preferences"),
    "notification_send_again": _by("notification-send-again"),
    "undo": _by("thread-reopen", "canned-reply-restore"),
}

PUBLISHERS = {
    "invitation_answer": SIGNED_LINK,
    "invitation_create": _by("publisher-invitations"),
    "invitation_revoke": _by("DELETE publisher-revoke"),
    "member_change_role": _by("PATCH publisher-member"),
    "member_remove": _by("DELETE publisher-member"),
    "publisher_create": _by("publisher-list"),
    "publisher_edit": _by("PATCH publisher-detail"),
    "publisher_switch": _not("Which team pages are about: requests name the team, or their token is of one."),
    "publisher_verify": _by("publisher-verify"),
    "trusted_publisher_create": _by("trusted-publisher-list"),
    "trusted_publisher_remove": _by("DELETE trusted-publisher-detail"),
    "agreement": _by("agreement-signature-list"),
    "agreement_create": _by("agreement-text-list"),
    "agreement_withdraw": _by("agreement-signature-withdraw"),
    "webhook_create": _by("webhook-list"),
    "webhook_edit": _by("PATCH webhook-detail"),
    "webhook_redeliver": _by("webhook-redeliver"),
    "webhook_remove": _by("DELETE webhook-detail"),
    "webhook_rotate": _by("webhook-rotate-secret"),
    "webhook_switch": _by("webhook-start", "webhook-stop"),
    "webhook_test": _by("webhook-test"),
}

CONNECTORS = {
    "connector_cancel": _by("connector-cancel"),
    "connector_checklist": _by("connector-checklist"),
    "connector_edit": _by("PATCH connector-detail"),
    "connector_register": _by("connector-list"),
    "upload_new": _by("connector_uploads"),
    "commit_take": _by("commit_take"),
    "certification_tag_again": _by("certification_tag_again"),
    "pull_request_check": _by("pull_request_check"),
    "repository_automation": _by("PATCH connector_repository"),
    "repository_bind": _by("PUT connector_repository"),
    "repository_fetch": _by("repository_fetch"),
    "repository_forge": _by("PUT repository_forge"),
    "repository_forge_remove": _by("DELETE repository_forge"),
    "repository_hook": MACHINE,
    "repository_secret": _by("repository_secret"),
    "repository_unbind": _by("DELETE connector_repository"),
    "documentation_republish": _by("documentation-republish"),
    "notice_new": _by("notice-list"),
    "notice_cancel": _by("notice-cancel"),
    "public_watch": NO_ACCOUNT,
    "watch_confirm": SIGNED_LINK,
    "watch_leave": SIGNED_LINK,
    "import_new": _by("import-list"),
    "claim_new": _by("ownership-claim-list"),
    "claim_check": _by("ownership-claim-check"),
    "claim_confirm": SIGNED_LINK,
    "claim_mail": _by("ownership-claim-mail"),
    "claim_decide": _by("ownership-claim-decide"),
    "claim_withdraw": _by("ownership-claim-withdraw"),
    "transfer_offer": _by("transfer-list"),
    "transfer_answer": _by("transfer-accept", "transfer-decline"),
    "transfer_withdraw": _by("transfer-withdraw"),
}

HEALTH = {
    "availability_decide": _by("availability-request-decide"),
    "availability_withdraw": _by("availability-request-withdraw"),
    "connector_scorecard": _by("availability-request-list"),
    "connector_heartbeat": _by("PUT connector_heartbeat"),
    "connector_heartbeat_off": _by("DELETE connector_heartbeat"),
    "connector_heartbeat_token": TOKENS,
    "connector_host_ownership": _by("PUT connector_host_ownership", "DELETE connector_host_ownership"),
    "connector_issues": _by("known-issue-list"),
    "connector_objective": _by("PUT connector_objective"),
    "health_alert_acknowledge": _by("health-alert-acknowledge"),
    "health_alert_close": _by("health-alert-close"),
    "issue_edit": _by("PATCH known-issue-detail"),
    "issue_resolve": _by("known-issue-resolve"),
    "source_create": _by("metrics-source-list"),
    "source_edit": _by("PATCH metrics-source-detail"),
    "source_switch": _by("metrics-source-switch"),
}

SUBMISSIONS = {
    "submission_create": _by("submission-list"),
    "submission_autosave": _by("PATCH submission-detail"),
    "submission_edit": _by("PATCH submission-detail"),
    "submission_check": _by("submission-check"),
    "submission_choose": _by("submission-package"),
    "submission_upload": _by("submission-package"),
    "submission_repairs": _by("submission_repairs"),
    "operation_keep": _by("submission_keep_operation"),
    "submission_start_again": _by("submission-start-again"),
    "submission_submit": _by("submission-submit"),
    "submission_withdraw": _by("submission-withdraw"),
    "receipt_present": _by("submission-receipt"),
    "intro_preview": FORM_ONLY,
    "credential_create": _by("submission-credentials"),
    "credential_delete": _by("DELETE submission-credential"),
    "credential_replace": _by("PUT submission-credential"),
    "credential_reveal": _not(
        "What a credential holds is shown to a reviewer who gives a reason, never to a token."
    ),
    "credential_test": _by("submission-credential-test"),
    "console_run": _by("submission_console"),
    "finding_note": _by("warning-note-list"),
    "waiver_request": _by("waiver-list"),
    "waiver_decide": _by("waiver-approve", "waiver-decline"),
    "waiver_withdraw": _by("waiver-withdraw"),
    "family_create": _by("family-list"),
    "family_change": _by("family-change"),
    "family_submit": _by("family-submit"),
    "family_review": _by("family-decide"),
    "family_comment": _by("family-comment"),
    "family_schedule": _by("family-schedule"),
}

REVIEWS = {
    "review_claim": _by("claim"),
    "review_extend": _by("claim"),
    "review_release": _by("claim_release"),
    "review_hand_over": _by("claim_hand_over"),
    "review_decide": _by("submission_decisions"),
    "review_looking": _not("Says that a person has the page open."),
    "review_mark": _by("PUT review_marks", "DELETE review_marks"),
    "review_reasons": FORM_ONLY,
    "thread_new": _by("submission_threads"),
    "thread_reply": _by("thread-reply"),
    "thread_resolve": _by("thread-resolve"),
    "thread_reopen": _by("thread-reopen"),
    "thread_suggest": _by("thread_suggestions"),
    "suggestion_accept": _by("suggestion-accept"),
    "suggestion_decline": _by("suggestion-decline"),
    "suggestion_withdraw": _by("suggestion-withdraw"),
    "suggestions_accept": _by("submission_suggestions_accept"),
    "appeal_new": _by("appeal-list"),
    "appeal_detail": _by("appeal-decide", "appeal-withdraw"),
    "condition_settle": _by("condition-settle"),
    "reply_new": _by("canned-reply-list"),
    "reply_edit": _by("canned-reply-change"),
    "reply_switch": _by("canned-reply-retire", "canned-reply-restore"),
}

PREVIEWS = {
    "preview_sign_off": _by("preview-sign-off"),
    "preview_refuse": _by("preview-refuse"),
    "preview_extend": _by("preview-extend"),
    "preview_reopen": _by("preview-reopen"),
    "preview_pause": _by("preview-pause"),
    "preview_resume": _by("preview-resume"),
    "preview_retry": _by("preview-retry"),
    "preview_rehearse": _by("preview-rehearse"),
    "preview_checklist": _by("PUT preview-checklist"),
    "tester_invite": _by("guest-tester-list"),
    "tester_prolong": _by("guest-tester-prolong"),
    "tester_revoke": _by("guest-tester-revoke"),
    "tester_send_again": _by("guest-tester-send-again"),
    "tester_answer": SIGNED_LINK,
    "tester_checklist": _not("Guests see the page they were invited to, and nothing else."),
    "tester_console_run": _not("Guests see the page they were invited to, and nothing else."),
}

ROLLOUTS = {
    "rollout_schedule": _by("rollout-list"),
    "rollout_reschedule": _by("rollout-reschedule"),
    "rollout_reorder": _by("rollout-reorder", "rollout-reorder-preview"),
    "rollout_deed": _by(
        "rollout-hold", "rollout-resume", "rollout-stop", "rollout-release", "rollout-rollback",
        "rollout-end-rollback", "rollout-supersede", "rollout-unschedule", "rollout-choose-opt-in",
        "rollout-end-opt-in",
    ),
    "gate_let_through": _by("rollout-let-through"),
    "deployment_retry": _by("rollout-retry"),
    "deployment_skip": _by("rollout-skip"),
    "override_ask": _by("override-list"),
    "override_decide": _by("override-decide"),
    "override_withdraw": _by("override-withdraw"),
    "hotfix_ask": _by("override-list"),
    "train_create": _by("train-list"),
    "train_change": _by("train-change"),
    "train_retire": _by("train-retire"),
    "region_catch_up": _by("catch-up-list", "catch-up-preview"),
    "catch_up_deed": _by("catch-up-hold", "catch-up-resume", "catch-up-cancel"),
    "incident_create": _by("incident-list"),
    "incident_close": _by("incident-close"),
    "plan_create": _by("plan-list"),
    "plan_revise": _by("plan-revise"),
    "plan_make_default": _by("plan-make-default"),
    "plan_retire": _by("plan-retire"),
    "freeze_create": _by("freeze-list", "freeze-what-moves"),
    "freeze_change": _by("freeze-change"),
    "freeze_cancel": _by("freeze-cancel"),
    "region_create": _by("region-list"),
    "region_detail": _by("PUT region-detail"),
    "region_switch": _by("region-switch"),
    "region_test": _by("region-contact"),
    "region_telemetry_token": _by("region-telemetry-token"),
    "region_task_detail": _by("region-task-finish", "region-task-fail"),
    "region_task_take": _by("region-task-take", "region-task-give-back"),
    "sighting_create": _by("sighting-list"),
}  # fmt: skip

OPERATIONS = {
    "job_run_again": _by("job-run-again"),
    "key_rotation": _not("The keys of stored secrets are changed by a person, with a second factor."),
    "received_mail_hook": MACHINE,
    "mail_text_edit": _by("PUT mail-text-detail"),
    "mail_text_preview": _by("mail-text-preview"),
    "mail_text_restore": _by("mail-text-restore"),
    "treatment_create": _by("rule-treatment-list", "rule-treatment-effect"),
    "treatment_decide": _by("rule-treatment-decide"),
    "treatment_withdraw": _by("rule-treatment-withdraw"),
}

COUNTERPARTS: dict[str, Counterpart] = {
    **ACCOUNT,
    **PUBLISHERS,
    **CONNECTORS,
    **HEALTH,
    **SUBMISSIONS,
    **REVIEWS,
    **PREVIEWS,
    **ROLLOUTS,
    **OPERATIONS,
}
