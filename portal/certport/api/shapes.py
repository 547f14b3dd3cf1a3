"""What the portal's REST API takes and gives.

Made by `make client` from the schema of the API; changes by hand are lost.
"""

from __future__ import annotations

from typing import Any, NotRequired, TypedDict


class Beat(TypedDict):
    at: str
    status: str
    message: str


class Blocker(TypedDict):
    code: str
    text: str
    place: str


class Certificate(TypedDict):
    id: str
    kind: str
    version: str
    key_id: str
    issued_at: str
    envelope: Any


class Comment(TypedDict):
    id: str
    author: str
    outsider: str
    body: str
    secrets_removed: int
    created_at: str


class CommentRequest(TypedDict):
    body: str


class Commit(TypedDict):
    sha: str
    author: str
    at: str
    summary: str


class CommitChoiceRequest(TypedDict):
    commit: NotRequired[str]


class Connector(TypedDict):
    id: str
    publisher: str
    name: str
    slug: str
    summary: NotRequired[str]
    backend_host: NotRequired[str]
    planned_for: NotRequired[str | None]
    state: str
    state_changed_at: str
    checklist: dict[str, str]
    contact: str | None
    contact_assigned_at: str | None
    approved_version: VersionReference | None
    scheduled_version: VersionReference | None
    preview_version: VersionReference | None
    live_version: VersionReference | None
    created_at: str


class ConnectorHealth(TypedDict):
    total: HealthFigures
    connector: str
    window: str
    since: str
    until: str
    last_report_at: str | None
    has_data: bool
    active_connections: int | None
    group_by: str
    groups: list[dict[str, Any]]


class Contact(TypedDict):
    role: str
    name: str
    email: str


class ContactRequest(TypedDict):
    role: str
    name: str
    email: str


class Credential(TypedDict):
    id: str
    kind: str
    purpose: str
    field_names: list[str]
    expires_on: NotRequired[str | None]
    is_expired: bool
    updated_by: str
    updated_at: str


class CredentialRequest(TypedDict):
    kind: str
    purpose: str
    values: dict[str, str]
    expires_on: NotRequired[str | None]


class DeviceAuthorizationRequest(TypedDict):
    client_id: str
    scope: NotRequired[str]


class DeviceCodes(TypedDict):
    device_code: str
    user_code: str
    verification_uri: str
    expires_in: int
    interval: int


class DeviceGrantRequest(TypedDict):
    grant_type: str
    device_code: str
    client_id: NotRequired[str]


class Erasure(TypedDict):
    id: str
    person: str
    person_name: str
    requested_by: str
    reason: str
    state: str
    state_changed_at: str
    due_at: str
    created_at: str


class ErasureDetail(TypedDict):
    id: str
    person: str
    person_name: str
    requested_by: str
    reason: str
    state: str
    state_changed_at: str
    due_at: str
    created_at: str
    blockers: list[str]
    report: list[ErasureReportLine]


class ErasureReportLine(TypedDict):
    title: str
    removed: int
    changed: int
    left: int


class ErasureRequestRequest(TypedDict):
    person: NotRequired[str]
    reason: NotRequired[str]
    also: NotRequired[list[str]]


class ExchangedToken(TypedDict):
    access_token: str
    issued_token_type: str
    token_type: str
    expires_in: int
    scope: str


class Finding(TypedDict):
    rule: str
    severity: str
    catalogued: str
    treatment: str | None
    message: str
    fix: str
    file: str
    pointer: str
    line: int | None
    column: int | None
    length: int | None
    fingerprint: str


class HealthFigures(TypedDict):
    requests: int
    successes: int
    throttled: int
    counted: int
    success_rate: float | None
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None


class Heartbeat(TypedDict):
    state: str
    heard_at: str | None
    due_at: str | None
    missing_at: str | None
    period_minutes: int | None
    grace_minutes: int | None
    beats: list[Beat]


class HeartbeatSendingRequest(TypedDict):
    status: NotRequired[str]
    message: NotRequired[str]


class HeartbeatStanding(TypedDict):
    state: str
    heard_at: str | None
    due_at: str | None
    missing_at: str | None


class History(TypedDict):
    at: str
    actor: str
    text: str
    detail: str


class HookSecret(TypedDict):
    address: str
    secret: str


class IssuedToken(TypedDict):
    access_token: str
    token_type: str
    expires_in: int
    scope: str


class Notice(TypedDict):
    id: str
    connector: str
    kind: str
    text: str
    successor: str
    operations: Any
    effective_on: str
    state: str
    announced_by: str
    announced_at: str


class NoticeDraftRequest(TypedDict):
    connector: str
    kind: str
    text: str
    effective_on: str
    successor: NotRequired[str]
    operations: NotRequired[list[str]]


class OptionalReasonRequest(TypedDict):
    reason: NotRequired[str]


class OwnToken(TypedDict):
    id: str
    name: str
    prefix: str
    scopes: list[str]
    expires_at: str
    created_at: str
    email: str
    person: str
    teams: list[str]
    is_sandbox: bool


class PackageRequest(TypedDict):
    version: NotRequired[str]
    files: NotRequired[list[str]]


class PaginatedConnectorList(TypedDict):
    next: NotRequired[str | None]
    previous: NotRequired[str | None]
    results: list[Connector]


class PaginatedErasureList(TypedDict):
    next: NotRequired[str | None]
    previous: NotRequired[str | None]
    results: list[Erasure]


class PaginatedPreviewList(TypedDict):
    next: NotRequired[str | None]
    previous: NotRequired[str | None]
    results: list[Preview]


class PaginatedRolloutList(TypedDict):
    next: NotRequired[str | None]
    previous: NotRequired[str | None]
    results: list[Rollout]


class PaginatedSubmissionList(TypedDict):
    next: NotRequired[str | None]
    previous: NotRequired[str | None]
    results: list[Submission]


class PaginatedThreadList(TypedDict):
    next: NotRequired[str | None]
    previous: NotRequired[str | None]
    results: list[Thread]


class PaginatedValidationList(TypedDict):
    next: NotRequired[str | None]
    previous: NotRequired[str | None]
    results: list[Validation]


class PatchedRepositoryAutomationRequest(TypedDict):
    submits_commits: NotRequired[bool]
    tags_certified: NotRequired[bool]
    mirrors_threads: NotRequired[bool]


class PatchedSubmissionRequest(TypedDict):
    connector: NotRequired[str]
    kind: NotRequired[str]
    contacts: NotRequired[list[ContactRequest]]
    categories: NotRequired[list[str]]
    tester_notes: NotRequired[str]
    change_notes: NotRequired[str]
    intro: NotRequired[str]
    edit_count: NotRequired[int]


class Preview(TypedDict):
    id: str
    submission: str
    connector: str
    version: str
    version_label: str
    region: str
    state: str
    state_changed_at: str
    opened_at: str | None
    deadline_at: str | None
    reminders_sent: int
    reasons: str
    checked: Any
    untested: Any
    created_at: str


class ReasonRequest(TypedDict):
    reason: str


class RefusalRequest(TypedDict):
    reasons: str


class RegistrationRequest(TypedDict):
    publisher: str
    name: str
    summary: NotRequired[str]
    backend_host: NotRequired[str]
    planned_for: NotRequired[str | None]


class RepositoryBinding(TypedDict):
    connector: str
    repository: str
    address: str
    branch: str
    folder: str
    submits_commits: bool
    tags_certified: bool
    mirrors_threads: bool
    host_key: str
    fetched_at: str | None
    last_error: str
    is_read: bool
    commits: list[Commit]


class RepositoryBindingRequestRequest(TypedDict):
    address: str
    branch: str
    folder: NotRequired[str]
    user: NotRequired[str]
    token: NotRequired[str]
    private_key: NotRequired[str]


class RollbackRequest(TypedDict):
    reason: str
    regions: NotRequired[list[str]]


class Rollout(TypedDict):
    id: str
    submission: str
    connector: str
    publisher: str
    version: str
    version_label: str
    previous_version_label: str | None
    digest: str
    plan: str
    state: str
    state_changed_at: str
    starts_on: str
    hold_reason: str
    halt_reason: str
    reordered_at: str | None
    started_at: str | None
    finished_at: str | None
    superseded_by: str | None
    created_at: str


class RolloutDetail(TypedDict):
    id: str
    submission: str
    connector: str
    publisher: str
    version: str
    version_label: str
    previous_version_label: str | None
    digest: str
    plan: str
    state: str
    state_changed_at: str
    starts_on: str
    hold_reason: str
    halt_reason: str
    reordered_at: str | None
    started_at: str | None
    finished_at: str | None
    superseded_by: str | None
    created_at: str
    place_in_line: int
    order_version: str
    waves: list[dict[str, Any]]


class SignOffRequest(TypedDict):
    checked: NotRequired[list[str]]
    note: NotRequired[str]
    knows_untested: NotRequired[bool]


class Submission(TypedDict):
    id: str
    reference: str
    connector: str
    publisher: str
    kind: NotRequired[str]
    state: str
    state_changed_at: str
    turn: str
    next_step: str
    version: str | None
    version_label: str | None
    revision: int | None
    contacts: NotRequired[list[Contact]]
    categories: NotRequired[list[str]]
    tester_notes: NotRequired[str]
    change_notes: NotRequired[str]
    intro: NotRequired[str]
    edit_count: NotRequired[int]
    created_at: str
    submitted_at: str | None
    queued_at: str | None


class SubmissionRequest(TypedDict):
    connector: str
    kind: NotRequired[str]
    contacts: NotRequired[list[ContactRequest]]
    categories: NotRequired[list[str]]
    tester_notes: NotRequired[str]
    change_notes: NotRequired[str]
    intro: NotRequired[str]
    edit_count: NotRequired[int]


class Thread(TypedDict):
    id: str
    submission: str
    state: str
    file: str
    pointer: str
    line: int | None
    excerpt: str
    is_private: bool
    is_outdated: bool
    opened_in: int
    anchored_in: int
    author: str
    outsider: str
    created_at: str
    comments: list[Comment]


class TokenExchangeRequest(TypedDict):
    grant_type: str
    subject_token: str
    subject_token_type: str
    connector: NotRequired[str]


class Upload(TypedDict):
    id: str
    connector: str
    filename: str
    size_bytes: int
    digest: str
    state: str
    version: Version | None
    tree: list[dict[str, Any]]
    problems: list[dict[str, Any]]
    received_at: str


class UploadAnswer(TypedDict):
    state: str
    version: str | None
    tree: list[dict[str, Any]]
    problems: list[dict[str, Any]]


class Validation(TypedDict):
    id: str
    connector: str
    version: str
    digest: str
    rules_version: str
    change_kind: str
    publisher_kind: str
    verdict: str
    errors: int
    warnings: int
    infos: int
    treatment: str
    as_catalogued: Any
    switched_off: Any
    duration_seconds: float
    created_at: str


class Version(TypedDict):
    id: str
    connector: str
    number: int
    label: str
    digest: str
    size_bytes: int
    created_by: str
    created_at: str


class VersionReference(TypedDict):
    id: str
    number: int
    label: str
    digest: str
