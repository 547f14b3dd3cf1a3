"""The portal's REST API, one method for each operation that `certport` needs.

Made by `make client` from the schema of the API; changes by hand are lost.
"""

from __future__ import annotations

from typing import cast

from portal.certport.api import shapes
from portal.certport.transport import Files, Transport


class Api:
    """Every method raises `Problem` (the portal said no) or `Unreachable`."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport

    def oauth_device_create(self, body: shapes.DeviceAuthorizationRequest) -> shapes.DeviceCodes:
        """Ask for a pair of codes; a person types the short one at `verification_uri`."""
        return cast("shapes.DeviceCodes", self.transport.send("POST", "/api/v1/oauth/device/", body=body))

    def oauth_token_create(self, body: shapes.DeviceGrantRequest) -> shapes.IssuedToken:
        """Exchange the long code for a token. 400 with `error` as RFC 8628 words it until then."""
        return cast("shapes.IssuedToken", self.transport.send("POST", "/api/v1/oauth/token/", body=body))

    def oauth_exchange_create(self, body: shapes.TokenExchangeRequest) -> shapes.ExchangedToken:
        """Exchange a build's ID token for a token of minutes (RFC 8693). 400 with `error` says why not."""
        return cast(
            "shapes.ExchangedToken", self.transport.send("POST", "/api/v1/oauth/exchange/", body=body)
        )

    def token_retrieve(self) -> shapes.OwnToken:
        """Whom this token speaks for, what it may and until when."""
        return cast("shapes.OwnToken", self.transport.send("GET", "/api/v1/token/"))

    def token_renew_create(self) -> shapes.IssuedToken:
        """A new token with the same scopes and lifetime; this one ends."""
        return cast("shapes.IssuedToken", self.transport.send("POST", "/api/v1/token/"))

    def token_destroy(self) -> None:
        """Sign the program out."""
        self.transport.send("DELETE", "/api/v1/token/", repeatable=True)

    def connectors_list(
        self,
        *,
        cursor: str | None = None,
        ids: str | None = None,
        page_size: int | None = None,
        q: str | None = None,
        state: str | None = None,
    ) -> shapes.PaginatedConnectorList:
        """The connectors of your teams (staff: all of them)."""
        return cast(
            "shapes.PaginatedConnectorList",
            self.transport.send(
                "GET",
                "/api/v1/connectors/",
                query={"cursor": cursor, "ids": ids, "page_size": page_size, "q": q, "state": state},
            ),
        )

    def connectors_create(self, body: shapes.RegistrationRequest) -> shapes.Connector:
        """Reserve a name for a connector that need not exist yet."""
        return cast(
            "shapes.Connector", self.transport.send("POST", "/api/v1/connectors/", body=body, keyed=True)
        )

    def connectors_repository(self, id: str) -> shapes.RepositoryBinding:
        """The binding and its newest commits."""
        return cast(
            "shapes.RepositoryBinding", self.transport.send("GET", f"/api/v1/connectors/{id}/repository/")
        )

    def connectors_repository_bind(
        self, id: str, body: shapes.RepositoryBindingRequestRequest
    ) -> shapes.RepositoryBinding:
        """Bind the connector, once the repository answered and has the branch."""
        return cast(
            "shapes.RepositoryBinding",
            self.transport.send("PUT", f"/api/v1/connectors/{id}/repository/", body=body),
        )

    def connectors_repository_automate(
        self, id: str, body: shapes.PatchedRepositoryAutomationRequest
    ) -> shapes.RepositoryBinding:
        """Choose what happens without anybody's doing."""
        return cast(
            "shapes.RepositoryBinding",
            self.transport.send("PATCH", f"/api/v1/connectors/{id}/repository/", body=body),
        )

    def connectors_repository_unbind(self, id: str) -> None:
        """Bind it to nothing."""
        self.transport.send("DELETE", f"/api/v1/connectors/{id}/repository/")

    def connectors_repository_fetch(self, id: str) -> shapes.RepositoryBinding:
        """Look for new commits now; answered before they are read."""
        return cast(
            "shapes.RepositoryBinding",
            self.transport.send("POST", f"/api/v1/connectors/{id}/repository/fetch/"),
        )

    def connectors_repository_secret(self, id: str) -> shapes.HookSecret:
        """A new secret for the webhook; the one before is worth nothing at once."""
        return cast(
            "shapes.HookSecret", self.transport.send("POST", f"/api/v1/connectors/{id}/repository/secret/")
        )

    def connectors_repository_take(self, id: str, body: shapes.CommitChoiceRequest) -> shapes.Submission:
        """Put the package at a commit into the open draft, or into a new one."""
        return cast(
            "shapes.Submission",
            self.transport.send("POST", f"/api/v1/connectors/{id}/repository/take/", body=body),
        )

    def connectors_health_retrieve(
        self,
        id: str,
        *,
        group_by: str | None = None,
        operation: str | None = None,
        region: str | None = None,
        version: str | None = None,
        window: str | None = None,
    ) -> shapes.ConnectorHealth:
        """Requests, success rate with its counts, latency and active connections, with one breakdown."""
        return cast(
            "shapes.ConnectorHealth",
            self.transport.send(
                "GET",
                f"/api/v1/connectors/{id}/health/",
                query={
                    "group_by": group_by,
                    "operation": operation,
                    "region": region,
                    "version": version,
                    "window": window,
                },
            ),
        )

    def connectors_heartbeat(self, id: str) -> shapes.Heartbeat:
        """The rhythm, the state, and the last beats."""
        return cast("shapes.Heartbeat", self.transport.send("GET", f"/api/v1/connectors/{id}/heartbeat/"))

    def connectors_heartbeats_send(
        self, reference: str, body: shapes.HeartbeatSendingRequest
    ) -> shapes.HeartbeatStanding:
        """Report that the backend is alive, or that it fails, which raises the alert at once."""
        return cast(
            "shapes.HeartbeatStanding",
            self.transport.send(
                "POST", f"/api/v1/connectors/{reference}/heartbeats/", body=body, repeatable=True
            ),
        )

    def connectors_uploads_create(self, id: str, files: Files) -> shapes.Upload:
        """Send a package. A refused package is received too: its state says so, and problems why."""
        return cast(
            "shapes.Upload",
            self.transport.send("POST", f"/api/v1/connectors/{id}/uploads/", files=files, keyed=True),
        )

    def submissions_list(
        self,
        *,
        cursor: str | None = None,
        ids: str | None = None,
        include: str | None = None,
        kind: str | None = None,
        page_size: int | None = None,
        reference: str | None = None,
        state: str | None = None,
    ) -> shapes.PaginatedSubmissionList:
        """Submissions of your teams; staff see those of all teams once they were handed in."""
        return cast(
            "shapes.PaginatedSubmissionList",
            self.transport.send(
                "GET",
                "/api/v1/submissions/",
                query={
                    "cursor": cursor,
                    "ids": ids,
                    "include": include,
                    "kind": kind,
                    "page_size": page_size,
                    "reference": reference,
                    "state": state,
                },
            ),
        )

    def submissions_create(self, body: shapes.SubmissionRequest) -> shapes.Submission:
        """Submissions of your teams; staff see those of all teams once they were handed in."""
        return cast(
            "shapes.Submission", self.transport.send("POST", "/api/v1/submissions/", body=body, keyed=True)
        )

    def submissions_retrieve(self, id: str, *, include: str | None = None) -> shapes.Submission:
        """Submissions of your teams; staff see those of all teams once they were handed in."""
        return cast(
            "shapes.Submission",
            self.transport.send("GET", f"/api/v1/submissions/{id}/", query={"include": include}),
        )

    def submissions_partial_update(self, id: str, body: shapes.PatchedSubmissionRequest) -> shapes.Submission:
        """Change the form. `edit_count` is required."""
        return cast(
            "shapes.Submission", self.transport.send("PATCH", f"/api/v1/submissions/{id}/", body=body)
        )

    def submissions_credentials_list(self, id: str) -> list[shapes.Credential]:
        """The test credentials, without their values."""
        return cast(
            "list[shapes.Credential]", self.transport.send("GET", f"/api/v1/submissions/{id}/credentials/")
        )

    def submissions_credentials_create(self, id: str, body: shapes.CredentialRequest) -> shapes.Credential:
        """Store a test credential."""
        return cast(
            "shapes.Credential",
            self.transport.send("POST", f"/api/v1/submissions/{id}/credentials/", body=body),
        )

    def submissions_credentials_update(
        self, credential_id: str, id: str, body: shapes.CredentialRequest
    ) -> shapes.Credential:
        """Replace a test credential whole."""
        return cast(
            "shapes.Credential",
            self.transport.send("PUT", f"/api/v1/submissions/{id}/credentials/{credential_id}/", body=body),
        )

    def submissions_package_create(self, id: str, body: shapes.PackageRequest) -> shapes.UploadAnswer:
        """Put a package into the form: `version` of the connector, or `files` as multipart/form-data."""
        return cast(
            "shapes.UploadAnswer",
            self.transport.send("POST", f"/api/v1/submissions/{id}/package/", body=body, repeatable=True),
        )

    def submissions_readiness_list(self, id: str) -> list[shapes.Blocker]:
        """Everything that has to be done before it can be handed in."""
        return cast(
            "list[shapes.Blocker]", self.transport.send("GET", f"/api/v1/submissions/{id}/readiness/")
        )

    def submissions_submit_create(self, id: str) -> shapes.Submission:
        """Hand it in, for the first time or again. 409 with `blockers` when it is not ready."""
        return cast("shapes.Submission", self.transport.send("POST", f"/api/v1/submissions/{id}/submit/"))

    def submissions_history_list(self, id: str) -> list[shapes.History]:
        """What happened, newest first; the last 200 events."""
        return cast("list[shapes.History]", self.transport.send("GET", f"/api/v1/submissions/{id}/history/"))

    def submissions_certificates_list(self, id: str) -> list[shapes.Certificate]:
        """What the portal signed about it, the newest first."""
        return cast(
            "list[shapes.Certificate]", self.transport.send("GET", f"/api/v1/submissions/{id}/certificates/")
        )

    def submissions_threads_list(
        self,
        submission_id: str,
        *,
        cursor: str | None = None,
        ids: str | None = None,
        page_size: int | None = None,
    ) -> shapes.PaginatedThreadList:
        """The conversation about a submission. Notes of reviewers are listed for staff only."""
        return cast(
            "shapes.PaginatedThreadList",
            self.transport.send(
                "GET",
                f"/api/v1/submissions/{submission_id}/threads/",
                query={"cursor": cursor, "ids": ids, "page_size": page_size},
            ),
        )

    def threads_comments_create(self, id: str, body: shapes.CommentRequest) -> shapes.Comment:
        """Answer in the thread."""
        return cast(
            "shapes.Comment", self.transport.send("POST", f"/api/v1/threads/{id}/comments/", body=body)
        )

    def threads_resolve_create(self, id: str) -> shapes.Thread:
        """Settle it."""
        return cast("shapes.Thread", self.transport.send("POST", f"/api/v1/threads/{id}/resolve/"))

    def validations_list(
        self,
        *,
        cursor: str | None = None,
        ids: str | None = None,
        include: str | None = None,
        page_size: int | None = None,
        rules_version: str | None = None,
        verdict: str | None = None,
        version: str | None = None,
    ) -> shapes.PaginatedValidationList:
        """Verdicts on packages you may see, newest first."""
        return cast(
            "shapes.PaginatedValidationList",
            self.transport.send(
                "GET",
                "/api/v1/validations/",
                query={
                    "cursor": cursor,
                    "ids": ids,
                    "include": include,
                    "page_size": page_size,
                    "rules_version": rules_version,
                    "verdict": verdict,
                    "version": version,
                },
            ),
        )

    def validations_findings_list(
        self, id: str, *, rule: str | None = None, severity: str | None = None
    ) -> list[shapes.Finding]:
        """All findings in the order of the files; narrowed by `severity` and `rule`."""
        return cast(
            "list[shapes.Finding]",
            self.transport.send(
                "GET", f"/api/v1/validations/{id}/findings/", query={"rule": rule, "severity": severity}
            ),
        )

    def previews_list(
        self,
        *,
        cursor: str | None = None,
        ids: str | None = None,
        page_size: int | None = None,
        state: str | None = None,
        submission: str | None = None,
    ) -> shapes.PaginatedPreviewList:
        """Packages in the Preview region, waiting for their team's word."""
        return cast(
            "shapes.PaginatedPreviewList",
            self.transport.send(
                "GET",
                "/api/v1/previews/",
                query={
                    "cursor": cursor,
                    "ids": ids,
                    "page_size": page_size,
                    "state": state,
                    "submission": submission,
                },
            ),
        )

    def previews_retrieve(self, id: str) -> shapes.Preview:
        """Packages in the Preview region, waiting for their team's word."""
        return cast("shapes.Preview", self.transport.send("GET", f"/api/v1/previews/{id}/"))

    def previews_sign_off_create(self, id: str, body: shapes.SignOffRequest) -> shapes.Preview:
        """It works: let the rollout be planned."""
        return cast(
            "shapes.Preview", self.transport.send("POST", f"/api/v1/previews/{id}/sign-off/", body=body)
        )

    def previews_refuse_create(self, id: str, body: shapes.RefusalRequest) -> shapes.Preview:
        """It does not work, and why."""
        return cast(
            "shapes.Preview", self.transport.send("POST", f"/api/v1/previews/{id}/refuse/", body=body)
        )

    def rollouts_list(
        self,
        *,
        cursor: str | None = None,
        ids: str | None = None,
        page_size: int | None = None,
        state: str | None = None,
        submission: str | None = None,
    ) -> shapes.PaginatedRolloutList:
        """Versions on their way through the regions. Creating one schedules a signed-off submission."""
        return cast(
            "shapes.PaginatedRolloutList",
            self.transport.send(
                "GET",
                "/api/v1/rollouts/",
                query={
                    "cursor": cursor,
                    "ids": ids,
                    "page_size": page_size,
                    "state": state,
                    "submission": submission,
                },
            ),
        )

    def rollouts_retrieve(self, id: str) -> shapes.RolloutDetail:
        """Versions on their way through the regions. Creating one schedules a signed-off submission."""
        return cast("shapes.RolloutDetail", self.transport.send("GET", f"/api/v1/rollouts/{id}/"))

    def rollouts_stop_create(self, id: str, body: shapes.ReasonRequest) -> shapes.RolloutDetail:
        """Halt at once; needs nobody's approval and stays until it is released."""
        return cast(
            "shapes.RolloutDetail", self.transport.send("POST", f"/api/v1/rollouts/{id}/stop/", body=body)
        )

    def rollouts_hold_create(self, id: str, body: shapes.ReasonRequest) -> shapes.RolloutDetail:
        """Start no further region until somebody resumes."""
        return cast(
            "shapes.RolloutDetail", self.transport.send("POST", f"/api/v1/rollouts/{id}/hold/", body=body)
        )

    def rollouts_resume_create(self, id: str, body: shapes.OptionalReasonRequest) -> shapes.RolloutDetail:
        """Go on after a hold."""
        return cast(
            "shapes.RolloutDetail", self.transport.send("POST", f"/api/v1/rollouts/{id}/resume/", body=body)
        )

    def rollouts_rollback_create(self, id: str, body: shapes.RollbackRequest) -> shapes.RolloutDetail:
        """Return regions to the last good version, without another review."""
        return cast(
            "shapes.RolloutDetail", self.transport.send("POST", f"/api/v1/rollouts/{id}/rollback/", body=body)
        )

    def notices_create(self, body: shapes.NoticeDraftRequest) -> shapes.Notice:
        """Announce it: the mails leave at once, and a retirement deprecates the connector."""
        return cast("shapes.Notice", self.transport.send("POST", "/api/v1/notices/", body=body))

    def erasures_list(
        self,
        *,
        cursor: str | None = None,
        ids: str | None = None,
        page_size: int | None = None,
        state: str | None = None,
    ) -> shapes.PaginatedErasureList:
        """One's own erasures; administrators see all."""
        return cast(
            "shapes.PaginatedErasureList",
            self.transport.send(
                "GET",
                "/api/v1/erasures/",
                query={"cursor": cursor, "ids": ids, "page_size": page_size, "state": state},
            ),
        )

    def erasures_create(self, body: shapes.ErasureRequestRequest) -> shapes.ErasureDetail:
        """Ask for an erasure, which begins after the waiting time."""
        return cast("shapes.ErasureDetail", self.transport.send("POST", "/api/v1/erasures/", body=body))

    def erasures_retrieve(self, id: str) -> shapes.ErasureDetail:
        """One's own erasures; administrators see all."""
        return cast("shapes.ErasureDetail", self.transport.send("GET", f"/api/v1/erasures/{id}/"))

    def erasures_withdraw_create(self, id: str) -> shapes.ErasureDetail:
        """Take it back while it waits."""
        return cast("shapes.ErasureDetail", self.transport.send("POST", f"/api/v1/erasures/{id}/withdraw/"))
