"""Who may do what at which address: the whole table, as data. A new address belongs here before it works anywhere.

`GET` and `POST` … name a kind of access below. `at` says which object stands for a URL's kwarg, `data` what is sent,
so that the request is good enough to reach the question of who asks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.architecture.world import ROLES, World

EVERYBODY = frozenset(ROLES) - {"staff_without_factor"}
SIGNED_IN = EVERYBODY - {"anonymous"}
TEAM = frozenset({"owner", "developer", "tester", "viewer", "reviewing_member"})
EDITORS = frozenset({"owner", "developer", "reviewing_member"})
TESTERS = EDITORS | {"tester"}
STAFF = frozenset({"reviewer", "operator", "administrator"})
REVIEWERS = frozenset({"reviewer", "administrator"})
OPERATORS = frozenset({"operator", "administrator"})
ADMINISTRATORS = frozenset({"administrator"})


@dataclass(frozen=True)
class Access:
    """`allowed` may; of the others those in `seen_by` are told no (403), and the rest that there is nothing (404)."""

    allowed: frozenset[str]
    seen_by: frozenset[str] = SIGNED_IN
    # Statuses that an allowed request may have besides success, redirection, 400, 409 and 422.
    also: tuple[int, ...] = ()
    # How the address says that there is nothing: 404, or 400 where the object is named in the body.
    unseen: frozenset[int] = frozenset({404})


SEEN = TEAM | STAFF
public = Access(EVERYBODY)
signed_in = Access(SIGNED_IN)
team_reads = Access(SEEN, SEEN)
draft_reads = Access(TEAM, TEAM)
draft_editors = Access(EDITORS, TEAM)
editors = Access(EDITORS, SEEN)
owner = Access(frozenset({"owner"}), SEEN)
owner_or_administrator = Access(frozenset({"owner", "administrator"}), SEEN)
owner_or_oneself = Access(frozenset({"owner", "viewer"}), SEEN)
administrators_seen = Access(ADMINISTRATORS, SEEN)
testers = Access(TESTERS, SEEN)
triers = Access(TESTERS | REVIEWERS, SEEN)
talkers = Access(TESTERS | STAFF, SEEN)
note_takers = Access(STAFF, SEEN)
resolvers = Access(REVIEWERS, SEEN)
reviewers = Access(REVIEWERS, SEEN)
staff = Access(STAFF | {"reviewing_member"})
suggester = Access(frozenset({"reviewer"}), SEEN)
appeal_deciders = Access(ADMINISTRATORS, SEEN)
signature_seen = Access(TEAM | ADMINISTRATORS, frozenset())
signature_owner = Access(frozenset({"owner"}), TEAM | ADMINISTRATORS)
reply_keepers = Access(REVIEWERS | {"reviewing_member"})
operators = Access(OPERATORS)
operators_seen = Access(OPERATORS, SEEN)
operators_hidden = Access(OPERATORS, frozenset())
administrators = Access(ADMINISTRATORS)
administrators_hidden = Access(ADMINISTRATORS, frozenset())
alert_answerers = Access(EDITORS | OPERATORS, SEEN)
stoppers = Access(EDITORS | OPERATORS, SEEN)
# Belongs to the team that a connector is offered to.
taker = Access(frozenset({"reviewing_member"}), SEEN)
rollers_back = Access(frozenset({"owner"}) | OPERATORS, SEEN)
second_operator = Access(ADMINISTRATORS, SEEN)
asker = Access(frozenset({"operator"}), SEEN)
nobody = Access(EVERYBODY, also=(404,))
broken_link = Access(EVERYBODY, also=(409,))
own_erasure = Access(frozenset({"developer", "administrator"}), frozenset())
own_message = Access(frozenset({"developer"}), frozenset())
own_token = Access(frozenset({"owner"}), frozenset())
# Somebody from outside with an invitation that stands: nobody else finds these pages, the team included.
guests = Access(frozenset({"guest_tester"}), frozenset())
inbox_readers = Access(TEAM | OPERATORS, TEAM | OPERATORS)
inbox_senders = Access(frozenset({"developer"}) | OPERATORS, TEAM | OPERATORS)
# What a team's programs are told: the team and those who operate the portal see it.
hook_editors = Access(EDITORS, TEAM | OPERATORS)
# Only regions come in here, with a token of their own.
region_only = Access(frozenset(), frozenset(), unseen=frozenset({401}))
# A session opens nothing here; anybody's own token does, and what it is about comes in the body.
token_only = Access(frozenset(), frozenset(), unseen=frozenset({401}))
# The object is named in the body; somebody else's is no valid choice there.
in_body = frozenset({400, 404})

Data = Mapping[str, Any] | Callable[[World], Mapping[str, Any]]


@dataclass(frozen=True)
class Entry:
    """Method -> access. A method that is not named must be answered with 405."""

    methods: Mapping[str, Access]
    at: Mapping[str, str] = field(default_factory=dict)
    data: Data = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    # Pages of allauth take PUT for POST; framework behaviour that nothing here depends on.
    is_foreign: bool = False
    is_multipart: bool = False


def entry(
    *,
    at: Mapping[str, str] | str = "",
    data: Data = (),
    query: Mapping[str, str] = (),
    is_multipart: bool = False,
    **methods: Access,
) -> Entry:  # type: ignore[assignment]
    places = {"pk": at} if isinstance(at, str) and at else dict(at or {})
    return Entry(methods, places, data or {}, dict(query or {}), is_multipart=is_multipart)


def foreign(**methods: Access) -> Entry:
    return Entry(methods, is_foreign=True)


REASON = {"reason": "Because the harbour master asked for it today."}
_MAIL = {"event": "=rollout.halt"}
_API_TREATMENT = {"rule": "INF-004", "treatment": "warning", **REASON}
_TRUST = {
    "issuer": "https://gitlab.com",
    "repository": "harbour/tides",
    "workflow": ".gitlab-ci.yml",
    "scopes": ["read"],
}
_form = public
ALLAUTH = {
    "account_login": foreign(GET=_form, POST=_form),
    "account_logout": foreign(GET=_form, POST=_form),
    "account_inactive": foreign(GET=_form),
    "account_signup": foreign(GET=_form, POST=_form),
    "account_reauthenticate": foreign(GET=signed_in, POST=signed_in),
    "account_email": foreign(GET=signed_in, POST=signed_in),
    "account_email_verification_sent": foreign(GET=_form),
    "account_change_password": foreign(GET=signed_in, POST=signed_in),
    "account_set_password": foreign(GET=signed_in, POST=signed_in),
    "account_reset_password": foreign(GET=_form, POST=_form),
    "account_confirm_login_code": foreign(GET=_form, POST=_form),
    "account_confirm_email": foreign(GET=_form, POST=Access(EVERYBODY, also=(404,))),
    "account_reset_password_from_key_done": foreign(GET=_form),
    "account_reset_password_from_key": foreign(GET=_form, POST=_form),
    "account_reset_password_done": foreign(GET=_form),
    "mfa_index": foreign(GET=signed_in),
    "mfa_authenticate": foreign(GET=_form, POST=_form),
    "mfa_reauthenticate": foreign(GET=signed_in, POST=signed_in),
    "mfa_activate_totp": foreign(GET=signed_in, POST=signed_in),
    "mfa_deactivate_totp": foreign(GET=Access(SIGNED_IN, also=(404,)), POST=Access(SIGNED_IN, also=(404,))),
    "mfa_view_recovery_codes": foreign(GET=Access(SIGNED_IN, also=(404,))),
    "mfa_generate_recovery_codes": foreign(
        GET=Access(SIGNED_IN, also=(404,)), POST=Access(SIGNED_IN, also=(404,))
    ),
    "mfa_download_recovery_codes": foreign(GET=Access(SIGNED_IN, also=(404,))),
    "mfa_list_webauthn": foreign(GET=signed_in),
    "mfa_add_webauthn": foreign(GET=signed_in, POST=signed_in),
    "mfa_reauthenticate_webauthn": foreign(GET=signed_in, POST=signed_in),
    "mfa_remove_webauthn": foreign(GET=Access(SIGNED_IN, also=(404,)), POST=Access(SIGNED_IN, also=(404,))),
    "mfa_edit_webauthn": foreign(GET=Access(SIGNED_IN, also=(404,)), POST=Access(SIGNED_IN, also=(404,))),
    "mfa_login_webauthn": foreign(GET=_form, POST=_form),
    "socialaccount_login_cancelled": foreign(GET=_form),
    "socialaccount_login_error": foreign(GET=Access(EVERYBODY, also=(401, 403))),
    "socialaccount_signup": foreign(GET=_form, POST=_form),
    "socialaccount_connections": foreign(GET=signed_in, POST=signed_in),
    # No provider is configured in the tests: all of it is 404.
    "openid_connect_login": foreign(GET=Access(EVERYBODY, also=(404,)), POST=Access(EVERYBODY, also=(404,))),
    "openid_connect_callback": foreign(
        GET=Access(EVERYBODY, also=(404,)), POST=Access(EVERYBODY, also=(404,))
    ),
    "usersessions_list": foreign(GET=signed_in, POST=signed_in),
    "/accounts/social/login/cancelled/": foreign(GET=_form),
    "/accounts/social/login/error/": foreign(GET=Access(EVERYBODY, also=(401, 403))),
    "/accounts/social/signup/": foreign(GET=_form, POST=_form),
    "/accounts/social/connections/": foreign(GET=_form, POST=_form),
}

SHELL = {
    "home": entry(GET=signed_in),
    "home_live": entry(GET=signed_in),
    "search": entry(GET=signed_in, query={"q": "harbour"}),
    "search_palette": entry(GET=signed_in, query={"q": "harbour"}),
    "status": entry(GET=public),
    "public_list": entry(GET=public),
    # The team's connector is not live: it has no public page, not even for its own team.
    "public_connector": entry(GET=nobody),
    "public_icon": entry(GET=nobody),
    "public_changes": entry(GET=nobody),
    "public_changes_atom": entry(GET=nobody),
    "public_changes_json": entry(GET=nobody),
    "public_status": entry(GET=nobody),
    "documentation_page": entry(GET=nobody),
    "documentation_json": entry(GET=nobody),
    "documentation_markdown": entry(GET=nobody),
    "documentation_version": entry(GET=nobody),
    "documentation_version_json": entry(GET=nobody),
    "documentation_version_markdown": entry(GET=nobody),
    "submission_documentation": entry(GET=team_reads, at="submission"),
    "connector_documentation": entry(GET=team_reads, at="connector"),
    "documentation_republish": entry(POST=operators_seen, at="connector", data=REASON),
    "public_badge": entry(GET=nobody),
    "connector_notices": entry(GET=team_reads, at="connector"),
    "notice_new": entry(
        GET=owner_or_administrator, POST=owner_or_administrator, at="connector", data={"kind": "retirement"}
    ),
    "notice_detail": entry(GET=team_reads, at="notice"),
    "notice_cancel": entry(POST=editors, at="notice", data={"reason": "We go on."}),
    "public_watch": entry(POST=nobody),
    "watch_confirm": entry(GET=broken_link, POST=broken_link, at={"watch_token": "=broken"}),
    "watch_leave": entry(GET=public, POST=public, at={"watch_token": "=broken"}),
    "public_calendar": entry(GET=public),
    # An address that nobody was given: there is nothing, whoever asks.
    "personal_calendar": entry(GET=Access(EVERYBODY, also=(404,)), at={"feed_token": "=" + "x" * 43}),
    "public_feed": entry(GET=public),
    "personal_feed": entry(GET=Access(EVERYBODY, also=(404,)), at={"feed_token": "=" + "x" * 43}),
    "accounts:calendar": entry(GET=signed_in, POST=signed_in),
    "accounts:calendar_drop": entry(POST=signed_in),
    "status_json": entry(GET=public),
    "livez": entry(GET=public),
    "readyz": entry(GET=public),
    # Prometheus comes with a token of its own, or from a network that settings name.
    "metrics": entry(GET=Access(OPERATORS, frozenset(), unseen=frozenset({401}))),
    "api_schema": entry(GET=public),
    "api_docs": entry(GET=public),
    "api_not_found": entry(),
    "accounts:profile": entry(GET=signed_in, POST=signed_in),
    "accounts:your_data": entry(GET=signed_in, POST=signed_in),
    "erasure": entry(GET=signed_in, POST=signed_in, data={"is_meant": "on"}),
    "erasure_withdraw": entry(POST=own_erasure, at="erasure"),
    "erasure_list": entry(GET=administrators_hidden),
    "erasure_detail": entry(GET=administrators_hidden, at="erasure"),
    "erasure_create": entry(GET=administrators_hidden, POST=administrators_hidden, at="viewer", data=REASON),
    "accounts:tokens": entry(GET=signed_in, POST=signed_in),
    "accounts:device": entry(GET=signed_in, POST=signed_in),
    "accounts:paconn_token": entry(GET=signed_in, POST=signed_in),
    "paconn_validate": entry(POST=token_only),
    "paconn_validate_as": entry(POST=token_only, at={"oid": "viewer"}),
    "paconn_missing": entry(),
    "paconn_storage": entry(POST=token_only),
    "paconn_storage_as": entry(POST=token_only, at={"oid": "viewer"}),
    "paconn_apis": entry(GET=token_only, POST=token_only),
    "paconn_api": entry(GET=token_only, PATCH=token_only, at={"slug": "connector"}),
    # Its address is signed for ten minutes: an invented one leads nowhere, whoever asks.
    "paconn_file": entry(GET=Access(EVERYBODY, also=(404,)), at={"signed": "=" + "x" * 43}),
    "paconn_environments": entry(GET=token_only),
    "accounts:token_revoke": entry(POST=own_token, at="read_token"),
    "accounts:theme": entry(POST=public, data={"theme": "dark"}),
    "accounts:language": entry(POST=public, data={"language": "de"}),
    "accounts:people": entry(GET=administrators_hidden),
    "accounts:set_staff_role": entry(
        POST=administrators_hidden, at="viewer", data={"role": "reviewer", **REASON}
    ),
    "forecast_accuracy": entry(GET=operators),
    "received_mail_list": entry(GET=operators),
    # Providers sign each mail with a secret that is not set here.
    "received_mail_hook": entry(POST=region_only),
    "job_list": entry(GET=operators_hidden),
    "key_rotation": entry(GET=administrators_hidden, POST=administrators_hidden),
    "retention": entry(GET=administrators_hidden),
    "job_run_again": entry(POST=operators_hidden, at="job"),
}

_WEBHOOK = {"url": "https://hooks.harbour.example/other", "format": "standard"}
_BINDING = {"address": "https://git.harbour.example/all.git", "branch": "dev"}
_FORGE = {"api_url": "https://api.github.harbour.example"}
_PULL_REQUEST = {"pk": "connector", "pull": "pull_request"}
CONNECTORS = {
    "connector_repository": entry(GET=team_reads, at="connector"),
    "repository_bind": entry(GET=editors, POST=editors, at="connector", data=_BINDING),
    "repository_fetch": entry(POST=editors, at="connector"),
    "repository_automation": entry(POST=editors, at="connector"),
    "certification_tag_again": entry(POST=editors, at={"pk": "connector", "tag_pk": "certification_tag"}),
    "repository_unbind": entry(POST=editors, at="connector"),
    "repository_secret": entry(POST=editors, at="connector"),
    "commit_take": entry(POST=editors, at="connector"),
    "pull_request_list": entry(GET=team_reads, at="connector"),
    "pull_request_detail": entry(GET=team_reads, at=_PULL_REQUEST),
    "pull_request_check": entry(POST=editors, at=_PULL_REQUEST),
    "repository_forge": entry(GET=editors, POST=editors, at="connector", data=_FORGE),
    "repository_forge_remove": entry(POST=editors, at="connector"),
    # Servers of repositories sign each message with a secret of the repository.
    "repository_hook": entry(POST=region_only, at="repository"),
    "webhook_list": entry(GET=team_reads),
    "webhook_create": entry(GET=editors, POST=editors, data=_WEBHOOK),
    "webhook_detail": entry(GET=inbox_readers, at="webhook"),
    "webhook_edit": entry(GET=hook_editors, POST=hook_editors, at="webhook", data=_WEBHOOK),
    "webhook_switch": entry(POST=hook_editors, at="webhook", data={"active": "no"}),
    "webhook_test": entry(POST=hook_editors, at="webhook"),
    "webhook_rotate": entry(POST=hook_editors, at="webhook"),
    "webhook_remove": entry(POST=hook_editors, at="webhook"),
    "webhook_message": entry(GET=inbox_readers, at="webhook_message"),
    "webhook_redeliver": entry(POST=hook_editors, at="webhook_message"),
    "trusted_publisher_list": entry(GET=team_reads),
    "trusted_publisher_create": entry(GET=editors, POST=editors, data=_TRUST),
    "trusted_publisher_remove": entry(POST=editors, at="trusted_publisher"),
    "publisher_list": entry(GET=signed_in),
    "publisher_create": entry(GET=signed_in, POST=signed_in, data={"name": "Gull Works"}),
    "publisher_detail": entry(GET=team_reads),
    "publisher_time": entry(GET=team_reads),
    "publisher_edit": entry(
        GET=owner_or_administrator, POST=owner_or_administrator, data={"name": "Zq7quartz Harbour"}
    ),
    "publisher_verify": entry(POST=administrators_seen, data={"kind": "independent", **REASON}),
    "publisher_switch": entry(POST=team_reads),
    "invitation_create": entry(POST=editors, data={"email": "new@example.test", "role": "viewer"}),
    "invitation_revoke": entry(POST=owner, at="invitation"),
    "member_change_role": entry(POST=owner, at="membership", data={"role": "viewer"}),
    "member_remove": entry(POST=owner_or_oneself, at="viewing_membership"),
    "invitation_answer": entry(GET=Access(SIGNED_IN, also=(403,)), POST=Access(SIGNED_IN, also=(403,))),
    "invitation_open": entry(GET=public),
    "connector_list": entry(GET=signed_in),
    "connector_register": entry(GET=signed_in, POST=signed_in, data={"name": "Gull Counter"}),
    "connector_similar_names": entry(GET=signed_in, query={"name": "Gull"}),
    "connector_detail": entry(GET=team_reads, at="connector"),
    "connector_edit": entry(GET=editors, POST=editors, at="connector", data={"name": "Zq7quartz Tides"}),
    "connector_checklist": entry(POST=editors, at="connector", data={"item": "domain-owned", "done": "1"}),
    "connector_cancel": entry(POST=owner, at="connector", data=REASON),
    "connector_history": entry(GET=team_reads, at="connector"),
    "version_list": entry(GET=team_reads, at="connector"),
    "upload_new": entry(GET=team_reads, POST=editors, at="connector"),
    "upload_detail": entry(GET=team_reads, at="upload"),
    "version_detail": entry(GET=team_reads, at="version"),
    "version_file": entry(GET=team_reads, at="version"),
    "version_icon": entry(GET=Access(SEEN, SEEN, also=(404,)), at="version"),
    "version_package": entry(GET=team_reads, at="version"),
    "connector_health": entry(GET=team_reads, at="connector"),
    "connector_health_summary": entry(GET=team_reads, at="connector"),
    "connector_health_compare": entry(GET=team_reads, at="connector"),
    "connector_health_marks": entry(GET=team_reads, at="connector"),
    "connector_host": entry(GET=team_reads, at="connector"),
    "connector_host_ownership": entry(POST=editors, at="connector", data={"proof": "ask"}),
    "connector_heartbeat": entry(
        GET=team_reads,
        POST=editors,
        at="connector",
        data={"period": 1, "period_unit": 60, "grace": 15, "grace_unit": 1},
    ),
    "connector_heartbeat_off": entry(POST=editors, at="connector"),
    "connector_heartbeat_token": entry(GET=editors, POST=editors, at="connector", data={"days": 30}),
    "connector_health_csv": entry(GET=team_reads, at="connector"),
    "fleet_overview": entry(GET=operators),
    "health_alert_list": entry(GET=signed_in),
    "health_alert_acknowledge": entry(POST=alert_answerers, at="alert"),
    "health_alert_close": entry(POST=alert_answerers, at="alert", data=REASON),
    "connector_objective": entry(
        GET=alert_answerers,
        POST=alert_answerers,
        at="connector",
        data={
            "success_percent": "99",
            "latency_ms": "2500",
            "latency_percent": "95",
            "silence_minutes": "120",
        },
    ),
    "connector_issues": entry(
        GET=team_reads, POST=editors, at="connector", data={"title": "Slow", "text": "Wait."}
    ),
    "issue_edit": entry(GET=editors, POST=editors, at="issue", data={"title": "Slow", "text": "Wait."}),
    "issue_resolve": entry(POST=editors, at="issue"),
    "source_list": entry(GET=operators),
    "source_create": entry(GET=administrators, POST=administrators),
    "source_edit": entry(GET=administrators, POST=administrators, at="source"),
    "source_switch": entry(POST=administrators, at="source"),
    "public_issues": entry(GET=Access(EVERYBODY, also=(404,))),
    "connector_scorecard": entry(
        GET=team_reads, POST=editors, at="connector", data={"support_hours": "Every day"}
    ),
    "availability_decide": entry(
        POST=operators_seen, at="availability", data={"decision": "decline", "reasons": "Not yet."}
    ),
    "availability_withdraw": entry(POST=editors, at="availability"),
}

NEW_CREDENTIAL = {"purpose": "Sandbox", "key": "another-key-for-tests"}
SUBMISSIONS = {
    "submission_list": entry(GET=signed_in),
    "submission_list_csv": entry(GET=signed_in),
    # Strangers are offered their own connectors only; somebody else's is not there.
    "submission_create": entry(
        GET=signed_in,
        POST=Access(EDITORS, frozenset()),
        data=lambda w: {"connector": w.objects["withdrawn"].connector_id, "kind": "new"},
    ),
    "family_list": entry(GET=signed_in),
    # Who makes connectors in no team has nothing to make a family of.
    "family_create": entry(
        GET=Access(EDITORS | {"stranger"}, frozenset()), POST=Access(EDITORS | {"stranger"}, frozenset())
    ),
    "family_detail": entry(GET=team_reads, at="family"),
    "family_report_csv": entry(GET=team_reads, at="family"),
    "family_change": entry(GET=editors, POST=editors, at="family", data={"host": "new.example"}),
    "family_submit": entry(POST=editors, at="family"),
    "family_review": entry(GET=resolvers, POST=resolvers, at="family", data={"verdict": "approve"}),
    "family_comment": entry(POST=resolvers, at="family", data={"body": "Which host?"}),
    "family_schedule": entry(GET=operators_seen, POST=operators_seen, at="family"),
    "import_list": entry(GET=operators),
    "import_new": entry(GET=operators, POST=operators),
    "claim_list": entry(GET=signed_in),
    "claim_new": entry(POST=owner, at="imported", data=lambda w: {"publisher": w.publisher.slug}),
    "claim_detail": entry(GET=team_reads, at="claim"),
    # It was looked at just now.
    "claim_check": entry(POST=Access(frozenset({"owner"}), SEEN, also=(429,)), at="claim"),
    "claim_mail": entry(POST=owner, at="claim"),
    "claim_withdraw": entry(POST=owner, at="claim"),
    "claim_decide": entry(POST=operators_seen, at="claim", data={"verdict": "refuse", **REASON}),
    "claim_confirm": entry(GET=broken_link, POST=broken_link, at={"claim_token": "=broken"}),
    "transfer_offer": entry(GET=owner, POST=owner, at="connector", data={"to": "third-harbour"}),
    "transfer_detail": entry(GET=team_reads, at="transfer"),
    # Owners of the team that it is offered to.
    "transfer_answer": entry(POST=taker, at="transfer", data={"answer": "accept"}),
    "transfer_withdraw": entry(POST=owner, at="transfer"),
    "submission_detail": entry(GET=team_reads, at="submission"),
    "submission_live": entry(GET=team_reads, at="submission"),
    "submission_package": entry(GET=team_reads, at="submission"),
    "submission_history": entry(GET=team_reads, at="submission"),
    "submission_time": entry(GET=team_reads, at="submission"),
    "submission_ready": entry(GET=draft_reads, at="draft"),
    "submission_submit": entry(POST=draft_editors, at="draft"),
    "submission_withdraw": entry(GET=editors, POST=editors, at="submission", data=REASON),
    "submission_start_again": entry(POST=Access(EDITORS, TEAM), at="withdrawn"),
    "submission_by_reference": entry(GET=team_reads),
    "connector_submissions": entry(GET=team_reads, at="connector"),
    "connector_regions": entry(GET=team_reads, at="connector"),
    "intro_preview": entry(POST=signed_in, data={"intro": "# Tides"}),
    "submission_edit": entry(
        GET=draft_editors, POST=draft_editors, at="draft", data={"edit_count": "1", "kind": "new"}
    ),
    "submission_autosave": entry(POST=draft_editors, at="draft", data={"edit_count": "1", "kind": "new"}),
    "submission_upload": entry(POST=draft_editors, at="draft"),
    "submission_choose": entry(
        POST=draft_editors, at="draft", data=lambda w: {"version": w.objects["draft"].version_id}
    ),
    "submission_check": entry(POST=draft_editors, at="draft"),
    "credential_list": entry(GET=team_reads, at="submission"),
    "credential_create": entry(GET=editors, POST=editors, at="submission", data=NEW_CREDENTIAL),
    "credential_replace": entry(GET=editors, POST=editors, at="submission", data=NEW_CREDENTIAL),
    "credential_delete": entry(POST=editors, at="submission"),
    "credential_test": entry(POST=triers, at="submission"),
    "console": entry(GET=triers, at="submission"),
    "console_run": entry(POST=triers, at="submission", data={"operation": "GetTides"}),
    "credential_reveal": entry(GET=reviewers, POST=reviewers, at="submission", data=REASON),
    "finding_list": entry(GET=team_reads, at="submission"),
    "finding_list_csv": entry(GET=team_reads, at="submission"),
    "finding_progress": entry(GET=team_reads, at="submission"),
    "submission_repairs": entry(GET=draft_editors, POST=draft_editors, at="draft", data={"seen": ""}),
    "operation_keep": entry(
        GET=draft_editors, POST=draft_editors, at="draft", data={"operation": "ListTides"}
    ),
    "submission_receipt": entry(GET=team_reads, at="submission"),
    "receipt_present": entry(POST=draft_editors, at="draft"),
    "receipt_key": entry(GET=public),
    "certificate_list": entry(GET=team_reads, at="submission"),
    "certificate_file": entry(GET=team_reads, at={"pk": "submission", "certificate_id": "certificate"}),
    "finding_note": entry(
        POST=editors, at="submission", data={"rule": "INF-015", "note": "It reads better without a stop."}
    ),
    "waiver_request": entry(POST=editors, at="submission", data={"rule": "INF-004", **REASON}),
    "waiver_detail": entry(GET=team_reads, at="waiver"),
    "waiver_decide": entry(POST=reviewers, at="waiver", data={"decision": "decline", **REASON}),
    "waiver_withdraw": entry(POST=editors, at="waiver"),
    "rule_list": entry(GET=public),
    "rule_detail": entry(GET=public),
    "undo": entry(POST=signed_in),
    "administration": entry(GET=operators),
    "mail_text_list": entry(GET=operators),
    "mail_text_edit": entry(GET=administrators, POST=administrators, at=_MAIL, data={"based_on": "0"}),
    "mail_text_preview": entry(POST=administrators, at=_MAIL, data={"based_on": "0"}),
    "mail_text_restore": entry(POST=administrators, at={**_MAIL, "number": "=0"}),
    "administration_history": entry(GET=operators, at={"noun": "=train"}),
    "treatment_list": entry(GET=operators),
    "agreement": entry(GET=signed_in, POST=signed_in),
    "agreement_version": entry(GET=signed_in, at={"version": "=1"}),
    "agreement_withdraw": entry(POST=signature_owner, at="agreement_signature"),
    "agreement_list": entry(GET=administrators_hidden),
    "agreement_create": entry(GET=administrators_hidden, POST=administrators_hidden),
    "treatment_create": entry(GET=administrators, POST=administrators),
    "treatment_detail": entry(GET=operators, at="treatment"),
    "treatment_decide": entry(POST=administrators, at="treatment", data={"decision": "decline"}),
    "treatment_withdraw": entry(POST=administrators, at="treatment"),
}

REVIEWS = {
    "review_queue": entry(GET=staff),
    "review_detail": entry(GET=team_reads, at="submission"),
    "review_operation": entry(GET=Access(SEEN, SEEN, also=(404,)), at="submission"),
    "review_tree": entry(GET=team_reads, at="submission"),
    "review_tree_nodes": entry(GET=Access(SEEN, SEEN, also=(404,)), at="submission"),
    "review_mark": entry(
        POST=team_reads, at="submission", data={"key": "file:readme.md", "digest": "0" * 64}
    ),
    "review_source": entry(GET=team_reads, at="submission"),
    "review_changes": entry(GET=team_reads, at="submission"),
    "review_file_changes": entry(GET=Access(SEEN, SEEN, also=(404,)), at="submission"),
    "review_panel": entry(GET=team_reads, at="submission"),
    "review_claim": entry(POST=reviewers, at="submission"),
    "review_extend": entry(POST=reviewers, at="submission"),
    "review_release": entry(POST=reviewers, at="submission"),
    "review_hand_over": entry(
        POST=reviewers, at="submission", data=lambda w: {"to": w.second_reviewer.pk, "note": "Half done."}
    ),
    "review_reasons": entry(
        POST=reviewers, at="submission", data=lambda w: {"reply": str(w.objects["reply"].pk)}
    ),
    "review_decide": entry(
        POST=reviewers,
        at="submission",
        data=lambda w: {"verdict": "reject", "reasons": "No.", "digest": w.objects["version"].digest},
    ),
    "review_looking": entry(POST=note_takers, at="submission"),
    "review_threads": entry(GET=team_reads, at="submission"),
    "thread_new": entry(GET=talkers, POST=talkers, at="submission", data={"body": "Which tide?"}),
    "thread_detail": entry(GET=team_reads, at="thread"),
    "thread_reply": entry(POST=talkers, at="thread", data={"body": "The high one."}),
    "thread_resolve": entry(POST=resolvers, at="thread"),
    "thread_reopen": entry(POST=resolvers, at="thread"),
    "thread_suggest": entry(GET=reviewers, POST=reviewers, at="thread", data={"suggestion": "1"}),
    "suggestion_accept": entry(POST=editors, at="suggestion"),
    "suggestion_decline": entry(POST=editors, at="suggestion", data=REASON),
    "suggestion_withdraw": entry(POST=suggester, at="suggestion"),
    "suggestions_accept": entry(POST=editors, at="submission"),
    "appeal_new": entry(GET=editors, POST=editors, at="rejected", data={"text": "The tide was right."}),
    "appeal_list": entry(GET=staff),
    "appeal_detail": entry(
        GET=team_reads, POST=appeal_deciders, at="appeal", data={"verdict": "uphold", "answer": "No."}
    ),
    "condition_settle": entry(POST=reviewers, at="condition"),
    "reply_list": entry(GET=staff),
    "reply_new": entry(GET=reply_keepers, POST=reply_keepers, data={"title": "Tides", "body": "Which?"}),
    "reply_edit": entry(
        GET=reply_keepers, POST=reply_keepers, at="reply", data={"title": "Tides", "body": "Which?"}
    ),
    "reply_switch": entry(POST=reply_keepers, at="reply"),
}

_DATES = {"starts_on": "2031-03-03", "save": "1", **REASON}
ROLLOUTS = {
    "preview_detail": entry(GET=team_reads, at="preview"),
    "preview_live": entry(GET=team_reads, at="preview"),
    "preview_sign_off": entry(POST=testers, at="preview"),
    "preview_refuse": entry(POST=testers, at="preview", data={"reasons": "GetTides answers 500."}),
    "preview_extend": entry(POST=operators_seen, at="preview", data={"business_days": "1", **REASON}),
    "preview_reopen": entry(POST=testers, at="preview"),
    "preview_pause": entry(POST=operators_seen, at="preview", data={"kind": "away", **REASON}),
    "preview_resume": entry(POST=Access(TESTERS | OPERATORS, SEEN), at="preview"),
    "preview_retry": entry(POST=operators_seen, at="preview", data=REASON),
    "preview_rehearse": entry(POST=operators_seen, at="preview", data=REASON),
    "preview_panel": entry(GET=team_reads, at="previewed"),
    "preview_checklist": entry(
        GET=testers, POST=testers, at={"pk": "preview", "product": "=flow"}, data={"find": "works"}
    ),
    "tester_invite": entry(
        POST=editors, at="preview", data={"email": "new@example.test", "products": "flow", "days": "14"}
    ),
    "tester_send_again": entry(POST=editors, at="guest_invitation"),
    "tester_prolong": entry(POST=editors, at="guest_access"),
    "tester_revoke": entry(POST=editors, at="guest_access"),
    "tester_home": entry(GET=signed_in),
    "tester_open": entry(GET=public, at={"tester_token": "=tampered"}),
    "tester_answer": entry(GET=signed_in, POST=signed_in),
    "tester_page": entry(GET=guests, at="guest_access"),
    "tester_checklist": entry(
        GET=guests, POST=guests, at={"pk": "guest_access", "product": "=flow"}, data={"find": "works"}
    ),
    "tester_console": entry(GET=guests, at="guest_access"),
    "tester_console_run": entry(POST=guests, at="guest_access", data={"operation": "GetTides"}),
    "rollout_list": entry(GET=signed_in),
    "rollout_detail": entry(GET=team_reads, at="rollout"),
    "rollout_live": entry(GET=team_reads, at="rollout"),
    "rollout_regions_csv": entry(GET=team_reads, at="rollout"),
    "rollout_reschedule": entry(GET=operators_seen, POST=operators_seen, at="rollout", data=_DATES),
    "rollout_reorder": entry(GET=operators_seen, POST=operators_seen, at="rollout", data=REASON),
    "rollout_deed": entry(GET=stoppers, POST=stoppers, at="rollout", data=REASON),
    "rollout_region": entry(GET=team_reads, at="rollout"),
    "gate_detail": entry(GET=team_reads, at="rollout"),
    "gate_let_through": entry(POST=operators_seen, at="gate", data=REASON),
    "deployment_retry": entry(POST=operators_seen, at="deployment", data=REASON),
    "deployment_skip": entry(POST=operators_seen, at="deployment", data=REASON),
    "override_list": entry(GET=signed_in),
    "override_detail": entry(GET=team_reads, at="skip"),
    "override_decide": entry(POST=second_operator, at="skip", data={"decision": "decline"}),
    "override_withdraw": entry(POST=asker, at="skip", data=REASON),
    "override_ask": entry(
        GET=operators_seen, POST=operators_seen, at="rollout", data={"asks": "accelerate", **REASON}
    ),
    "hotfix_ask": entry(GET=stoppers, POST=stoppers, at="signed_off", data=REASON),
    "train_list": entry(GET=signed_in),
    "train_create": entry(GET=operators, POST=operators),
    "train_detail": entry(GET=signed_in, at="train"),
    "train_change": entry(GET=operators, POST=operators, at="train"),
    "train_retire": entry(GET=operators, POST=operators, at="train", data=REASON),
    "calendar_month": entry(GET=signed_in),
    "rollout_schedule": entry(GET=operators_seen, POST=operators_seen, at="signed_off", data=_DATES),
    "submission_rollout": entry(GET=team_reads, at="rolled_submission"),
    "rollout_panel": entry(GET=team_reads, at="rolled_submission"),
    "incident_list": entry(GET=signed_in),
    "incident_create": entry(GET=operators, POST=operators),
    "incident_close": entry(
        GET=operators_hidden, POST=operators_hidden, at="incident", data={"note": "Mended."}
    ),
    "region_catch_up": entry(
        GET=operators, POST=operators, data={"per_day": 5, "starts_on": "2031-03-03", **REASON}
    ),
    "catch_up_detail": entry(GET=operators_hidden, at="catch_up"),
    "catch_up_deed": entry(POST=operators_hidden, at="catch_up", data={"deed": "hold", **REASON}),
    "plan_list": entry(GET=operators),
    "plan_create": entry(GET=operators, POST=operators),
    "plan_detail": entry(GET=operators, at="plan"),
    "plan_revise": entry(GET=operators, POST=operators, at="plan"),
    "plan_make_default": entry(POST=operators, at="plan"),
    "plan_retire": entry(POST=operators, at="plan", data=REASON),
    "freeze_list": entry(GET=operators),
    "freeze_create": entry(GET=operators, POST=operators),
    "freeze_change": entry(GET=operators, POST=operators, at="freeze"),
    "freeze_cancel": entry(GET=operators, POST=operators, at="freeze", data=REASON),
    "region_list": entry(GET=operators),
    "region_create": entry(GET=administrators, POST=administrators),
    "region_detail": entry(GET=operators, POST=administrators),
    "region_test": entry(POST=administrators),
    "region_switch": entry(POST=administrators, data={"active": "no", **REASON}),
    "region_task_list": entry(GET=operators),
    "region_task_detail": entry(GET=operators, POST=operators, at="region_task", data=REASON),
    "region_task_take": entry(POST=operators, at="region_task"),
    "sighting_create": entry(GET=operators, POST=operators, at={"pk": "manual_place"}),
    "region_telemetry_token": entry(POST=administrators),
    "notification_list": entry(GET=signed_in),
    "mail_specimens": entry(GET=signed_in),
    "mail_specimen_body": entry(GET=signed_in, at={"event": "=preview.open"}),
    "notification_mark_all_read": entry(POST=signed_in),
    "notification_preferences": entry(GET=signed_in, POST=signed_in),
    "notification_detail": entry(GET=inbox_readers, at="notification"),
    "notification_send_again": entry(POST=inbox_senders, at="notification"),
    "submission_mails": entry(GET=team_reads, at="submission"),
}

_API_CREDENTIAL = {"kind": "api_key", "purpose": "Sandbox", "values": {"key": "another-key-for-tests"}}
_RHYTHM = {"period_minutes": 60, "grace_minutes": 15}
_OBJECTIVE = {"success_percent": 99, "latency_ms": 2500, "latency_percent": 95, "silence_minutes": 120}
_API_SOURCE = {
    "name": "Quay",
    "region": "north",
    "base_url": "https://metrics.harbour.example",
    "requests_query": "connector_requests_total",
}
_API_MESSAGE = {"pk": "webhook", "message": "webhook_message"}
# Their protocol wants headers of its own (412) and bytes (415).
_SENDER = Access(frozenset({"developer"}), frozenset(), also=(412, 415))
_SENDERS = Access(EDITORS, SEEN, also=(412,))
API_CONNECTORS = {
    "connector_repository": entry(
        GET=team_reads, PUT=editors, PATCH=editors, DELETE=editors, at="connector", data=_BINDING
    ),
    "repository_fetch": entry(POST=editors, at="connector"),
    "repository_secret": entry(POST=editors, at="connector"),
    "commit_take": entry(POST=editors, at="connector"),
    "pull_requests": entry(GET=team_reads, at="connector"),
    "pull_request": entry(GET=team_reads, at=_PULL_REQUEST),
    "pull_request_check": entry(POST=editors, at=_PULL_REQUEST),
    "repository_forge": entry(GET=team_reads, PUT=editors, DELETE=editors, at="connector", data=_FORGE),
    "event-log": entry(GET=signed_in),
    "webhook-list": entry(
        GET=signed_in,
        POST=Access(EDITORS, SEEN, unseen=in_body),
        data=lambda w: {"publisher": w.publisher.slug, "url": "https://hooks.harbour.example/new"},
    ),
    "webhook-detail": entry(
        GET=inbox_readers, PATCH=hook_editors, DELETE=hook_editors, at="webhook", data={"description": "x"}
    ),
    "webhook-rotate-secret": entry(POST=hook_editors, at="webhook"),
    "webhook-start": entry(POST=hook_editors, at="webhook"),
    "webhook-stop": entry(POST=hook_editors, at="webhook"),
    "webhook-test": entry(POST=hook_editors, at="webhook"),
    "webhook-messages": entry(GET=inbox_readers, at="webhook"),
    "webhook-redeliver": entry(POST=hook_editors, at=_API_MESSAGE),
    # A program that nobody knows yet; what it gets is decided on accounts:device.
    "oauth_device": entry(POST=public, data={"client_id": "certport on a laptop"}),
    "oauth_token": entry(POST=public),
    "oauth_exchange": entry(POST=public),
    "trusted-publisher-list": entry(
        GET=signed_in,
        POST=Access(EDITORS, SEEN, unseen=in_body),
        data=lambda w: {"publisher": w.publisher.slug, **_TRUST},
    ),
    "trusted-publisher-detail": entry(GET=team_reads, DELETE=editors, at="trusted_publisher"),
    "own_token": entry(GET=token_only, POST=token_only, DELETE=token_only),
    "connector_versions": entry(GET=team_reads, at="connector"),
    "certification_tags": entry(GET=team_reads, at="connector"),
    "certification_tag_again": entry(POST=editors, at={"pk": "connector", "tag_id": "certification_tag"}),
    "connector_uploads": entry(GET=team_reads, POST=editors, at="connector", is_multipart=True),
    "resumable_uploads": entry(POST=_SENDERS, at="connector"),
    # Of one person: even their team does not see it.
    "resumable_upload": entry(GET=_SENDER, PATCH=_SENDER, at="resumable"),
    "telemetry_batches": entry(POST=region_only),
    "connector_health": entry(GET=team_reads, at="connector"),
    "connector_objective": entry(
        GET=team_reads, PUT=Access(EDITORS | OPERATORS, SEEN), at="connector", data=_OBJECTIVE
    ),
    "connector_host": entry(GET=team_reads, at="connector"),
    "connector_host_ownership": entry(PUT=editors, DELETE=editors, at="connector"),
    "connector_heartbeat": entry(GET=team_reads, PUT=editors, DELETE=editors, at="connector", data=_RHYTHM),
    "connector_heartbeats": entry(POST=editors, at={"reference": "connector"}),
    "metrics-source-list": entry(GET=operators, POST=administrators, data=_API_SOURCE),
    "metrics-source-detail": entry(
        GET=operators, PATCH=administrators, at="source", data={"is_in_seconds": False}
    ),
    "metrics-source-switch": entry(POST=administrators, at="source", data={"is_active": True}),
    "known-issue-list": entry(
        GET=signed_in,
        POST=editors,
        data=lambda w: {"connector": str(w.objects["connector"].pk), "title": "Slow", "text": "Wait."},
    ),
    "known-issue-detail": entry(GET=team_reads, PATCH=editors, at="issue", data={"title": "Slower"}),
    "known-issue-resolve": entry(POST=editors, at="issue"),
    "availability-request-list": entry(
        GET=signed_in,
        POST=editors,
        data=lambda w: {"connector": str(w.objects["connector"].pk), "support_hours": "Every day"},
    ),
    "availability-request-detail": entry(GET=team_reads, at="availability"),
    "availability-request-decide": entry(
        POST=operators_seen, at="availability", data={"decision": "decline", "reasons": "Not yet."}
    ),
    "availability-request-withdraw": entry(POST=editors, at="availability"),
    "health-alert-list": entry(GET=signed_in),
    "health-alert-detail": entry(GET=team_reads, at="alert"),
    "health-alert-acknowledge": entry(POST=alert_answerers, at="alert"),
    "health-alert-close": entry(POST=alert_answerers, at="alert", data=REASON),
    "publisher-list": entry(GET=signed_in, POST=signed_in, data={"name": "Gull Works"}),
    "publisher-detail": entry(
        GET=team_reads, PATCH=owner_or_administrator, data={"name": "Zq7quartz Harbour"}
    ),
    "publisher-invitations": entry(
        GET=team_reads, POST=editors, data={"email": "new@example.test", "role": "viewer"}
    ),
    "publisher-member": entry(
        PATCH=owner, DELETE=owner_or_oneself, at={"member_id": "viewing_membership"}, data={"role": "viewer"}
    ),
    "publisher-members": entry(GET=team_reads),
    "publisher-verify": entry(
        POST=administrators_seen, data={"kind": "independent", "is_verified": False, **REASON}
    ),
    "publisher-revoke": entry(DELETE=owner),
    "connector-list": entry(
        GET=signed_in,
        POST=Access(EDITORS, SEEN, unseen=in_body),
        data=lambda w: {"publisher": w.publisher.slug, "name": "Gull Counter"},
    ),
    "connector-detail": entry(GET=team_reads, PATCH=editors, at="connector", data={"summary": "Tides."}),
    # Nothing of it is published: whoever may see the connector is told so.
    "documentation-detail": entry(GET=Access(SEEN, SEEN, also=(404,)), at="connector"),
    "documentation-republish": entry(POST=Access(OPERATORS, SEEN, also=(404,)), at="connector", data=REASON),
    "connector-cancel": entry(POST=owner, at="connector", data=REASON),
    "connector-checklist": entry(
        POST=editors, at="connector", data={"item": "domain-owned", "is_done": True}
    ),
    "version-detail": entry(GET=team_reads, at="version"),
    "version-package": entry(GET=team_reads, at="version"),
}
API_SUBMISSIONS = {
    "submission-list": entry(
        GET=signed_in,
        POST=Access(EDITORS, SEEN, unseen=in_body),
        data=lambda w: {"connector": w.objects["withdrawn"].connector.slug, "kind": "new"},
    ),
    "submission-detail": entry(
        GET=draft_reads, PATCH=draft_editors, at="draft", data={"tester_notes": "x", "edit_count": 1}
    ),
    "submission-check": entry(POST=draft_editors, at="draft"),
    "import-list": entry(GET=operators, POST=operators, data={"lines": []}),
    "ownership-claim-list": entry(
        GET=signed_in,
        POST=owner,
        data=lambda w: {"publisher": w.publisher.slug, "connector": w.objects["imported"].connector.slug},
    ),
    "ownership-claim-detail": entry(GET=team_reads, at="claim"),
    "ownership-claim-check": entry(POST=Access(frozenset({"owner"}), SEEN, also=(429,)), at="claim"),
    "ownership-claim-mail": entry(POST=Access(frozenset({"owner"}), SEEN, also=(429,)), at="claim"),
    "ownership-claim-withdraw": entry(POST=owner, at="claim"),
    "ownership-claim-decide": entry(POST=operators_seen, at="claim", data={"is_granted": False, **REASON}),
    "transfer-list": entry(
        GET=signed_in,
        POST=owner,
        data=lambda w: {"connector": w.objects["connector"].slug, "to": "third-harbour"},
    ),
    "transfer-detail": entry(GET=team_reads, at="transfer"),
    "transfer-accept": entry(POST=taker, at="transfer"),
    "transfer-decline": entry(POST=taker, at="transfer"),
    "transfer-withdraw": entry(POST=owner, at="transfer"),
    "family-list": entry(
        GET=signed_in,
        POST=Access(EDITORS, SEEN),
        data=lambda w: {
            "title": "Hosts",
            "publisher": w.publisher.slug,
            "connectors": [w.objects["connector"].slug, w.objects["withdrawn"].connector.slug],
        },
    ),
    "family-detail": entry(GET=team_reads, at="family"),
    "family-report": entry(GET=team_reads, at="family"),
    "family-what-changes": entry(POST=editors, at="family", data={"host": "new.example"}),
    "family-change": entry(POST=editors, at="family", data={"host": "new.example", "seen": {}}),
    "family-submit": entry(POST=editors, at="family"),
    "family-decide": entry(
        POST=resolvers,
        at="family",
        data=lambda w: {
            "verdicts": [{"submission": w.objects["draft"].pk, "digest": "0" * 64, "verdict": "approve"}]
        },
    ),
    "family-comment": entry(POST=resolvers, at="family", data={"body": "Which tide do all of them mean?"}),
    "family-schedule": entry(POST=operators_seen, at="family", data=lambda w: {"plan": w.objects["plan"].pk}),
    "submission-certificates": entry(GET=team_reads, at="submission"),
    "submission-receipt": entry(POST=draft_editors, at="draft"),
    # No such rule: the question of who asks is answered before a process is started.
    "submission_repairs": entry(
        GET=draft_editors,
        POST=draft_editors,
        at={"submission_id": "draft"},
        data={"rules": ["NONE-001"]},
        query={"rule": "NONE-001"},
    ),
    "submission_keep_operation": entry(
        GET=draft_editors,
        POST=draft_editors,
        at={"submission_id": "draft"},
        data={"operation": "ListTides"},
        query={"operation": "ListTides"},
    ),
    "submission_console": entry(GET=triers, POST=triers, data={"operation_id": "NoSuchTide"}),
    "submission-credential-test": entry(POST=triers, at="submission"),
    "submission-credential": entry(PUT=editors, DELETE=editors, at="submission", data=_API_CREDENTIAL),
    "test-run-list": entry(
        GET=team_reads,
        POST=testers,
        at={"submission_pk": "submission"},
        data={"operation_id": "GetTides", "is_success": True},
    ),
    "test-run-detail": entry(GET=team_reads, at={"submission_pk": "submission", "pk": "test_run"}),
    "submission-credentials": entry(GET=team_reads, POST=editors, at="submission", data=_API_CREDENTIAL),
    "submission-time-ledger": entry(GET=team_reads, at="submission"),
    "submission-history": entry(GET=team_reads, at="submission"),
    "submission-package": entry(
        POST=draft_editors, at="draft", data=lambda w: {"version": w.objects["draft"].version_id}
    ),
    "submission-readiness": entry(GET=draft_reads, at="draft"),
    "submission-start-again": entry(POST=Access(EDITORS, TEAM), at="withdrawn"),
    "submission-submit": entry(POST=draft_editors, at="draft"),
    "submission-withdraw": entry(POST=editors, at="submission", data=REASON),
    "validation-list": entry(GET=signed_in),
    "validation-detail": entry(GET=team_reads, at="validation"),
    "validation-findings": entry(GET=team_reads, at="validation"),
    "waiver-list": entry(
        GET=signed_in,
        POST=Access(EDITORS, SEEN, unseen=in_body),
        data=lambda w: {"submission": w.objects["submission"].reference, "rule": "INF-004", **REASON},
    ),
    "waiver-detail": entry(GET=team_reads, at="waiver"),
    "waiver-approve": entry(POST=reviewers, at="waiver", data=REASON),
    "waiver-decline": entry(POST=reviewers, at="waiver", data=REASON),
    "waiver-withdraw": entry(POST=editors, at="waiver"),
    "warning-note-list": entry(
        POST=Access(EDITORS, SEEN, unseen=in_body),
        data=lambda w: {
            "submission": w.objects["submission"].reference,
            "rule": "INF-015",
            "note": "It reads better so.",
        },
    ),
    "rule-list": entry(GET=public),
    "guest-tester-list": entry(
        GET=signed_in,
        POST=Access(EDITORS, SEEN, unseen=in_body),
        data=lambda w: {
            "preview": str(w.objects["preview"].pk),
            "email": "new@example.test",
            "products": ["flow"],
        },
    ),
    "guest-tester-detail": entry(GET=team_reads, at="guest_access"),
    "guest-tester-send-again": entry(POST=editors, at="guest_invitation"),
    "guest-tester-prolong": entry(POST=editors, at="guest_access"),
    "guest-tester-revoke": entry(POST=editors, at="guest_access"),
    "condition-list": entry(GET=signed_in),
    "condition-detail": entry(GET=team_reads, at="condition"),
    "condition-settle": entry(POST=reviewers, at="condition", data={"is_met": True}),
    "appeal-list": entry(
        GET=signed_in,
        POST=Access(EDITORS, SEEN, unseen=in_body),
        data=lambda w: {"submission": w.objects["rejected"].reference, "text": "The tide was right."},
    ),
    "appeal-detail": entry(GET=team_reads, at="appeal"),
    "appeal-decide": entry(POST=appeal_deciders, at="appeal", data={"is_overturned": False, "answer": "No."}),
    "appeal-withdraw": entry(POST=editors, at="appeal"),
    "agreement-text-list": entry(
        GET=signed_in, POST=administrators, data={"text": "What is given is given, from now on. " * 20}
    ),
    "agreement-text-detail": entry(GET=signed_in, at={"version": "=1"}),
    "agreement-signature-list": entry(
        GET=signed_in, POST=signed_in, data={"version": 1, "name": "Astrid Quay"}
    ),
    "agreement-signature-detail": entry(GET=signature_seen, at="agreement_signature"),
    "agreement-signature-withdraw": entry(POST=signature_owner, at="agreement_signature"),
    "erasure-list": entry(GET=signed_in, POST=signed_in),
    "erasure-detail": entry(GET=own_erasure, at="erasure"),
    "erasure-withdraw": entry(POST=own_erasure, at="erasure"),
    "canned-reply-list": entry(
        GET=reply_keepers, POST=reply_keepers, data={"title": "New", "body": "Hello."}
    ),
    "canned-reply-detail": entry(GET=reply_keepers, at="reply"),
    "canned-reply-change": entry(
        POST=reply_keepers, at="reply", data={"title": "New", "body": "Hello.", "edit_count": 0}
    ),
    "canned-reply-retire": entry(POST=reply_keepers, at="reply"),
    "canned-reply-restore": entry(POST=reply_keepers, at="reply"),
    "notice-list": entry(
        GET=signed_in,
        POST=Access(owner_or_administrator.allowed, SEEN, unseen=in_body),
        data=lambda w: {
            "connector": w.objects["connector"].slug,
            "kind": "retirement",
            "text": "It ends. Take another one.",
            "effective_on": "2099-01-01",
        },
    ),
    "notice-detail": entry(GET=team_reads, at="notice"),
    "notice-cancel": entry(POST=editors, at="notice", data={"reason": "We go on."}),
    "rule-treatment-list": entry(GET=operators, POST=administrators, data=_API_TREATMENT),
    "rule-treatment-effect": entry(POST=administrators, data=_API_TREATMENT),
    "rule-treatment-detail": entry(GET=operators, at="treatment"),
    "rule-treatment-decide": entry(POST=administrators, at="treatment", data={"is_approved": False}),
    "rule-treatment-withdraw": entry(POST=administrators, at="treatment"),
    "rule-detail": entry(GET=public, at={"pk": "=INF-004"}),
    "review_queue": entry(GET=staff),
    "claim": entry(POST=reviewers),
    "claim_release": entry(POST=reviewers),
    "claim_hand_over": entry(
        POST=reviewers, data=lambda w: {"to": str(w.second_reviewer.pk), "note": "Half done."}
    ),
    "submission_threads": entry(GET=team_reads, POST=talkers, data={"body": "Which tide?"}),
    "submission_decisions": entry(
        GET=team_reads,
        POST=reviewers,
        data=lambda w: {"verdict": "reject", "reasons": "No.", "digest": w.objects["version"].digest},
    ),
    "submission_suggestions": entry(
        GET=team_reads,
        POST=reviewers,
        data={"file": "apiDefinition.swagger.json", "pointer": "/info/title", "text": '"Tides"'},
    ),
    "submission_suggestions_accept": entry(
        POST=editors, data=lambda w: {"suggestions": [str(w.objects["suggestion"].pk)]}
    ),
    "thread_suggestions": entry(
        POST=reviewers, at={"thread_id": "suggested_thread"}, data={"text": '"Tides"'}
    ),
    "review_marks": entry(
        GET=team_reads, PUT=team_reads, DELETE=team_reads, data={"key": "file:readme.md", "digest": "0" * 64}
    ),
    "suggestion-detail": entry(GET=team_reads, at="suggestion"),
    "suggestion-accept": entry(POST=editors, at="suggestion"),
    "suggestion-decline": entry(POST=editors, at="suggestion", data=REASON),
    "suggestion-withdraw": entry(POST=suggester, at="suggestion"),
    "thread-detail": entry(GET=team_reads, at="thread"),
    "thread-reopen": entry(POST=resolvers, at="thread"),
    "thread-reply": entry(POST=talkers, at="thread", data={"body": "The high one."}),
    "thread-resolve": entry(POST=resolvers, at="thread"),
}
_API_ORDER = {
    "order_version": "seen",
    "waves": [{"number": 2, "regions": ["east"]}, {"number": 3, "regions": ["north", "south"]}],
    **REASON,
}
_API_DATES = {"starts_on": "2031-03-03", **REASON}
_API_PLAN = {"name": "Another", "waves": [{"name": "All", "regions": ["north"]}], **REASON}
_API_TRAIN = {"name": "Monday train", "weekdays": [0], **REASON}
_API_FREEZE = {
    "name": "Spring",
    "starts_at": "2031-03-03T00:00:00Z",
    "ends_at": "2031-03-09T00:00:00Z",
    **REASON,
}
_API_REGION = {
    "code": "zq7-new",
    "name": "New",
    "base_url": "https://region.example/",
    "token": "a-token-for-the-new-region",
    **REASON,
}
API_REGIONS = {
    "region-list": entry(GET=signed_in, POST=administrators, data=_API_REGION),
    "region-detail": entry(GET=signed_in, PUT=administrators, data=_API_REGION),
    "region-contact": entry(POST=administrators),
    "region-telemetry-token": entry(POST=administrators),
    "region-task-list": entry(GET=operators),
    "region-task-detail": entry(GET=operators, at="region_task"),
    "region-task-take": entry(POST=operators, at="region_task"),
    "region-task-give-back": entry(POST=operators, at="region_task"),
    "region-task-finish": entry(POST=operators, at="region_task", data={"seen_digest": "a" * 12}),
    "region-task-fail": entry(POST=operators, at="region_task", data=REASON),
    "sighting-list": entry(
        GET=operators,
        POST=operators,
        data=lambda w: {"place": w.objects["manual_place"].pk, "seen_digest": ""},
    ),
    "mail-text-list": entry(GET=operators),
    "mail-text-detail": entry(GET=administrators, PUT=administrators, at=_MAIL, data={"based_on": 0}),
    "mail-text-preview": entry(POST=administrators, at=_MAIL),
    "mail-text-restore": entry(POST=administrators, at=_MAIL, data={"number": 0}),
    "job-list": entry(GET=operators_hidden),
    "job-detail": entry(GET=operators_hidden, at="job"),
    "job-run-again": entry(POST=operators_hidden, at="job"),
    "region-switch": entry(POST=administrators, data={"is_active": False, **REASON}),
}
API_ROLLOUTS = {
    "preview-list": entry(GET=signed_in),
    "preview-detail": entry(GET=team_reads, at="preview"),
    "preview-pause": entry(POST=operators_seen, at="preview", data={"kind": "away", **REASON}),
    "preview-resume": entry(POST=Access(TESTERS | OPERATORS, SEEN), at="preview"),
    "preview-rehearse": entry(POST=operators_seen, at="preview", data=REASON),
    "preview-extend": entry(POST=operators_seen, at="preview", data={"business_days": 1, **REASON}),
    "preview-refuse": entry(POST=testers, at="preview", data={"reasons": "GetTides answers 500."}),
    "preview-reopen": entry(POST=testers, at="preview"),
    "preview-retry": entry(POST=operators_seen, at="preview", data=REASON),
    "preview-sign-off": entry(POST=testers, at="preview"),
    "preview-checklist": entry(
        GET=testers,
        PUT=testers,
        at={"pk": "preview", "product": "=flow"},
        data={"items": {"find": {"outcome": "works"}}},
    ),
    "rollout-list": entry(
        GET=signed_in,
        POST=Access(OPERATORS, SEEN, unseen=in_body),
        data=lambda w: {
            "submission": str(w.objects["signed_off"].pk),
            "plan": str(w.objects["plan"].pk),
            **_API_DATES,
        },
    ),
    "rollout-detail": entry(GET=team_reads, at="rollout"),
    "rollout-date-changes": entry(GET=team_reads, at="rollout"),
    "rollout-forecasts": entry(GET=team_reads, at="rollout"),
    "rollout-deployments": entry(GET=team_reads, at="rollout"),
    "rollout-blast-radius": entry(GET=team_reads, at="rollout"),
    "rollout-gates": entry(GET=team_reads, at="rollout"),
    "rollout-let-through": entry(POST=operators_seen, at={"pk": "rollout", "gate_id": "gate"}, data=REASON),
    "incident-list": entry(
        GET=signed_in, POST=operators, data={"title": "Sign-in is ill", "text": "Nobody gets a token."}
    ),
    "catch-up-list": entry(
        GET=signed_in,
        POST=operators,
        data={"region": "north", "per_day": 5, "starts_on": "2031-03-03", **REASON},
    ),
    "catch-up-preview": entry(
        POST=operators, data={"region": "north", "per_day": 5, "starts_on": "2031-03-03"}
    ),
    "catch-up-detail": entry(GET=operators_hidden, at="catch_up"),
    "catch-up-progress": entry(GET=operators_hidden, at="catch_up"),
    "catch-up-hold": entry(POST=operators_hidden, at="catch_up", data=REASON),
    "catch-up-resume": entry(POST=operators_hidden, at="catch_up", data=REASON),
    "catch-up-cancel": entry(POST=operators_hidden, at="catch_up", data=REASON),
    "incident-preview": entry(
        POST=operators, data={"title": "Sign-in is ill", "text": "Nobody gets a token."}
    ),
    "incident-detail": entry(GET=operators_hidden, at="incident"),
    "incident-what-goes-on": entry(POST=operators_hidden, at="incident"),
    "incident-close": entry(POST=operators_hidden, at="incident", data={"note": "Mended."}),
    "rollout-end-rollback": entry(POST=operators_seen, at="rollout", data=REASON),
    "rollout-hold": entry(POST=operators_seen, at="rollout", data=REASON),
    "rollout-release": entry(POST=operators_seen, at="rollout", data=REASON),
    "rollout-reschedule": entry(POST=operators_seen, at="rollout", data=_API_DATES),
    "rollout-reorder": entry(POST=operators_seen, at="rollout", data=_API_ORDER),
    "rollout-reorder-preview": entry(POST=operators_seen, at="rollout", data=_API_ORDER),
    "rollout-resume": entry(POST=operators_seen, at="rollout", data=REASON),
    "rollout-retry": entry(POST=operators_seen, at="rollout", data=REASON),
    "rollout-rollback": entry(POST=rollers_back, at="rollout", data=REASON),
    "rollout-skip": entry(POST=operators_seen, at="rollout", data=REASON),
    "rollout-stop": entry(POST=stoppers, at="rollout", data=REASON),
    "rollout-unschedule": entry(POST=operators_seen, at="rollout", data=REASON),
    "rollout-supersede": entry(POST=operators_seen, at="rollout", data=REASON),
    "rollout-choose-opt-in": entry(POST=operators_seen, at="rollout", data={"waves": [9]}),
    "rollout-end-opt-in": entry(POST=stoppers, at="rollout", data=REASON),
    "override-list": entry(
        GET=signed_in,
        POST=operators_seen,
        data=lambda w: {"kind": "accelerate", "rollout": str(w.objects["rollout"].pk), **REASON},
    ),
    "override-detail": entry(GET=team_reads, at="skip"),
    "override-decide": entry(POST=second_operator, at="skip", data={"is_approved": False}),
    "override-withdraw": entry(POST=asker, at="skip", data=REASON),
    "train-list": entry(GET=signed_in, POST=operators, data=_API_TRAIN),
    "train-detail": entry(GET=signed_in, at="train"),
    "train-departures": entry(GET=signed_in, at="train"),
    "train-what-moves": entry(POST=operators, at="train", data=_API_TRAIN),
    "train-change": entry(POST=operators, at="train", data=_API_TRAIN),
    "train-retire": entry(POST=operators, at="train", data=REASON),
    "plan-list": entry(GET=signed_in, POST=operators, data=_API_PLAN),
    "plan-detail": entry(GET=operators_hidden, at="plan"),
    "plan-make-default": entry(POST=operators_hidden, at="plan"),
    "plan-revise": entry(POST=operators_hidden, at="plan", data=_API_PLAN),
    "plan-what-moves": entry(POST=operators_hidden, at="plan", data=_API_PLAN),
    "plan-retire": entry(POST=operators_hidden, at="plan", data=REASON),
    "freeze-list": entry(GET=signed_in, POST=operators, data=_API_FREEZE),
    "freeze-what-moves": entry(POST=operators, data=_API_FREEZE),
    "freeze-detail": entry(GET=signed_in, at="freeze"),
    "freeze-change": entry(POST=operators, at="freeze", data=_API_FREEZE),
    "freeze-what-returns": entry(POST=operators, at="freeze"),
    "freeze-cancel": entry(POST=operators, at="freeze", data=REASON),
    "notification-list": entry(GET=signed_in),
    "notification-preferences": entry(
        GET=signed_in, PATCH=signed_in, data={"group": "team", "delivery": "digest"}
    ),
    "notification-detail": entry(GET=own_message, at="notification"),
    "notification-read": entry(POST=own_message, at="notification"),
    "notification-read-all": entry(POST=signed_in),
    "notification-send-again": entry(POST=inbox_senders, at="notification"),
}

TABLE: dict[str, Entry] = {
    **ALLAUTH,
    **SHELL,
    **CONNECTORS,
    **SUBMISSIONS,
    **REVIEWS,
    **ROLLOUTS,
    **{
        f"api:{name}": each
        for part in (API_CONNECTORS, API_SUBMISSIONS, API_ROLLOUTS, API_REGIONS)
        for name, each in part.items()
    },
}


def kwargs_for(world: World, found: Entry, names: tuple[str, ...]) -> dict[str, Any]:
    """The URL's kwargs, from the entry's objects and the world's defaults. `=text` stands for itself."""
    defaults = {
        "slug": world.publisher.slug,
        "token": world.objects["invitation_token"],
        "credential_pk": world.objects["credential"].pk,
        "credential_id": world.objects["credential"].pk,
        "submission_id": world.objects["submission"].pk,
        "invitation_id": world.objects["invitation"].pk,
        "deployment_id": world.objects["deployment"].pk,
        "code": world.objects["region"].pk,
        "reference": world.objects["submission"].reference,
        "rule_id": "INF-004",
        "name": "apiDefinition.swagger.json",
        "verb": "stop",
        "number": world.objects["gate_wave"],
        "provider_id": "sso",
        "key": "some-key",
        "uidb36": "1",
        "pk": 1,
    }
    values = {}
    for name in names:
        place = found.at.get(name, "")
        if place.startswith("="):
            values[name] = place[1:]
        elif place:
            owner = world.objects.get(place) or world.people.get(place)
            values[name] = owner.pk
        else:
            values[name] = defaults[name]
    return values
