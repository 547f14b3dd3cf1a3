"""The console: operations of a submission called by its testers, with credentials they never see."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from certification.lifecycle import SUBMISSION
from certification.models import Preview, Submission, TestCredential, TestRun
from certification.models.runs import Target
from certification.policies import can_call_operations, can_try_operations
from certification.services import gateway
from certification.services.clock import database_now
from certification.services.credential_tests import (
    connection_of,
    request_of,
    response_of,
    version_under_test,
)
from certification.services.credentials import LONGEST_REASON, SHORTEST_REASON
from connectors.models import Region, Version
from connectors.policies import is_member
from connectors.runtime import CallError, CallResult, Connection, InputsInvalid
from connectors.services import calls
from portal.accounts.models import User
from portal.shared import audit
from portal.shared.errors import Conflict, InvalidInput, NotPermitted, TooMany
from portal.shared.policy import require

INPUT_PREFIX = "in."
"""Before an operation's inputs among the fields of an error, apart from the console's own."""
RUNS_PER_MINUTE = 20
RUNS_PER_DAY = 1_000
LONGEST_KEPT_INPUTS = 32 * 1024
LONGEST_MESSAGE = 500


@dataclass(frozen=True, slots=True)
class Try:
    """What somebody wants to call. `is_wrong_on_purpose` sends inputs that do not fit, to see the refusal."""

    operation_id: str
    inputs: Mapping[str, Any] = field(default_factory=dict)
    credential_id: UUID | None = None
    is_wrong_on_purpose: bool = False
    reason: str = ""
    through_region: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """A run that a program made by its own means against the Preview region."""

    operation_id: str
    is_success: bool
    path: str = TestRun.Path.SUCCESS
    status: int | None = None
    duration_ms: int | None = None
    message: str = ""


def open_preview(submission: Submission) -> Preview | None:
    """The Preview that is being tested now: runs made meanwhile count towards its coverage."""
    return (
        Preview.objects.filter(submission=submission, state="testing")
        .select_related("version__connector", "region")
        .order_by("-created_at")
        .first()
    )


def run_operation(submission: Submission, wanted: Try, *, actor: User) -> TestRun:
    """Call one operation and keep what came. The use of a credential is on record before the call is made.

    Raises `InvalidInput` with the inputs' problems, `Conflict` when nothing can be called.
    """
    require(
        can_call_operations, actor, submission,
        otherwise=_("Operations are tried by testers of the team, its guests, and reviewers of other teams."),
    )  # fmt: skip
    preview, version = _subject(submission)
    is_guest = not can_try_operations(actor, submission)
    if is_guest and preview is None:
        raise Conflict(_("The Preview is not open for tests at the moment."))
    reason = _reason(submission, wanted, actor)
    _check_rate(actor)
    credential = _credential(submission, wanted.credential_id)
    region = _region(preview) if wanted.through_region else None
    connection = _borrow(credential, wanted, reason, actor) if credential else Connection()
    try:
        result = _call(version, wanted, connection, region)
    except InputsInvalid as error:
        fields = {INPUT_PREFIX + name: texts for name, texts in error.problems.items()}
        raise InvalidInput(_("The inputs do not fit the definition."), fields=fields) from None
    except CallError as error:
        raise Conflict(error.message, code="not-called") from None
    run = _run_of(wanted, result)
    run.submission, run.version, run.preview, run.user = submission, version, preview, actor
    run.credential, run.credential_name = credential, credential.purpose if credential else ""
    run.reason = reason
    if region is not None:
        run.target, run.region = Target.REGION, region
    with transaction.atomic():
        run.save(force_insert=True)
    return run


def _region(preview: Preview | None) -> Region:
    """The Preview's region, if it calls operations for the portal."""
    if preview is None or not gateway.offers(preview.region):
        text = _("No region calls operations of this version: choose the way directly to the service.")
        raise InvalidInput(text, fields={"target": [text]})
    return preview.region


def _call(version: Version, wanted: Try, connection: Connection, region: Region | None) -> CallResult:
    is_lenient = wanted.is_wrong_on_purpose
    if region is None:
        return calls.call_operation(
            version, wanted.operation_id, wanted.inputs, connection, lenient=is_lenient
        )
    return gateway.call_through(
        region, version, wanted.operation_id, wanted.inputs, connection, lenient=is_lenient
    )


def _subject(submission: Submission) -> tuple[Preview | None, Version]:
    if submission.state in SUBMISSION.terminal:
        raise Conflict(
            _("%(reference)s has ended: its operations are not called any more.")
            % {"reference": submission.reference}
        )
    preview = open_preview(submission)
    version = preview.version if preview else version_under_test(submission)
    if version is None:
        raise Conflict(_("There is no package yet whose operations could be called: upload one first."))
    return preview, version


def _reason(submission: Submission, wanted: Try, actor: User) -> str:
    """Reviewers say why when they use a team's credential; the team's testers and its guests need not."""
    reason = wanted.reason.strip()[:LONGEST_REASON]
    if wanted.credential_id is None or not _reviews(actor, submission):
        return reason
    if len(reason) < SHORTEST_REASON:
        text = _("Say what you test, in %(least)s to %(most)s characters; the team reads it.") % {
            "least": SHORTEST_REASON,
            "most": LONGEST_REASON,
        }
        raise InvalidInput(text, fields={"reason": [text]})
    return reason


def _reviews(actor: User, submission: Submission) -> bool:
    is_guest = not can_try_operations(actor, submission)
    return not is_guest and not is_member(actor, submission.connector.publisher)


def _check_rate(actor: User) -> None:
    now = database_now()
    own = TestRun.objects.filter(user=actor)
    if own.filter(created_at__gt=now - dt.timedelta(minutes=1)).count() >= RUNS_PER_MINUTE:
        raise TooMany(
            _("%(runs_per_minute)s calls in a minute are the most: wait a moment.")
            % {"runs_per_minute": RUNS_PER_MINUTE}
        )
    if own.filter(created_at__gt=now - dt.timedelta(days=1)).count() >= RUNS_PER_DAY:
        raise TooMany(
            _("%(runs_per_day)s calls in a day are the most: go on tomorrow.")
            % {"runs_per_day": number_format(RUNS_PER_DAY, force_grouping=True)}
        )


def _credential(submission: Submission, pk: UUID | None) -> TestCredential | None:
    if pk is None:
        return None
    credential = submission.credentials.filter(pk=pk).first()
    if credential is None:
        text = _("This credential is not there any more: choose another one.")
        raise InvalidInput(text, fields={"credential": [text]})
    if credential.is_expired:
        text = _("“%(purpose)s” has expired: the team has to replace it.") % {"purpose": credential.purpose}
        raise InvalidInput(text, fields={"credential": [text]})
    return credential


def _borrow(credential: TestCredential, wanted: Try, reason: str, actor: User) -> Connection:
    """The credential for one call. If the trace cannot be written, nothing is called."""
    with transaction.atomic():
        audit.record(
            "credential.use",
            credential,
            actor=actor,
            reason=reason,
            about=[credential.submission],
            data={"purpose": credential.purpose, "operation": wanted.operation_id[:200]},
        )
    return connection_of(credential)


def _run_of(wanted: Try, result: CallResult) -> TestRun:
    path = TestRun.Path.ERROR if wanted.is_wrong_on_purpose else TestRun.Path.SUCCESS
    kept = dict(wanted.inputs)
    if len(json.dumps(kept, default=str)) > LONGEST_KEPT_INPUTS:
        kept = {}
    return TestRun(
        source=TestRun.Source.CONSOLE,
        path=path,
        operation_id=result.operation_id,
        is_success=is_passed(path, result),
        status=result.status,
        duration_ms=result.timings.total,
        message=result.failure,
        request=request_of(result),
        response=response_of(result),
        findings=[asdict(finding) for finding in result.findings],
        inputs=kept,
    )


def is_passed(path: str, result: CallResult) -> bool:
    """A success answered well; wrong input was refused as the caller's fault (4xx), in a declared way."""
    if path == TestRun.Path.SUCCESS:
        return result.is_success
    undeclared = any(finding.kind == "status" for finding in result.findings)
    return result.status is not None and 400 <= result.status < 500 and not undeclared


def report_run(submission: Submission, given: Report, *, actor: User) -> TestRun:
    """Take down a run that a test program made; it counts like one of the console."""
    require(can_try_operations, actor, submission)
    if not is_member(actor, submission.connector.publisher):
        raise NotPermitted(_("Programs report runs for their own team."))
    preview, version = _subject(submission)
    known = {each.get("id") for each in version.facts.get("operations", []) if isinstance(each, dict)}
    if given.operation_id not in known:
        text = _("The package has no operation “%(operation_id)s”.") % {
            "operation_id": given.operation_id[:200]
        }
        raise InvalidInput(text, fields={"operation_id": [text]})
    with transaction.atomic():
        return TestRun.objects.create(
            submission=submission, version=version, preview=preview, source=TestRun.Source.API,
            path=given.path, operation_id=given.operation_id, is_success=given.is_success,
            status=given.status, duration_ms=given.duration_ms, message=given.message[:LONGEST_MESSAGE],
            user=actor,
        )  # fmt: skip
