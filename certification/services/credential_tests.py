"""Whether test credentials still open their service: at entry, every night, before a review, when asked."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from django.db import transaction
from django.db.models import Max, Q

from certification.lifecycle import SUBMISSION
from certification.models import CredentialTest, Submission, TestCredential
from certification.policies import can_test_credential
from certification.services.clock import database_now
from connectors.models import Version
from connectors.runtime import CallError, CallResult, Connection, InputsInvalid, SignInRefused, Target
from connectors.runtime.choosing import pick_test_operation
from connectors.services import calls
from portal.shared import audit, outbox
from portal.shared.actors import SYSTEM, Actor
from portal.shared.errors import Unavailable
from portal.shared.policy import require

NIGHTLY_AFTER = dt.timedelta(hours=22)
FRESH = dt.timedelta(hours=1)
"""A review that starts so soon after a test needs no new one."""
KEPT_TESTS = 40
_MOST_PER_TICK = 200

Occasion = CredentialTest.Occasion
Outcome = CredentialTest.Outcome


@dataclass(frozen=True)
class _Verdict:
    """What a test found. Nothing in it is secret: requests and answers come masked out of the runtime."""

    outcome: str
    message: str
    operation_id: str = ""
    status: int | None = None
    duration_ms: int | None = None
    request: Mapping[str, Any] = field(default_factory=dict)
    response: Mapping[str, Any] = field(default_factory=dict)


def connection_of(credential: TestCredential) -> Connection:
    """The broker's side of a credential: its secrets stay sealed until the request is built."""
    return Connection(credential.kind, credential.fields, credential.connection)


def request_of(result: CallResult) -> dict[str, Any]:
    """The request as stored and shown."""
    return asdict(result.request)


def response_of(result: CallResult) -> dict[str, Any]:
    """The answer with its timings, as stored and shown; empty when there was none."""
    return {**asdict(result.answer), "timings": asdict(result.timings)} if result.answer else {}


def version_under_test(submission: Submission) -> Version | None:
    """The package handed in last, or the draft's."""
    return submission.revision.version if submission.revision else submission.version


def ask_for_test(credential: TestCredential, *, actor: Actor) -> CredentialTest:
    """Test it now, for whoever may see that it works."""
    require(can_test_credential, actor, credential.submission)
    return prove(credential, occasion=Occasion.MANUAL, actor=actor)


def prove(credential: TestCredential, *, occasion: str, actor: Actor) -> CredentialTest:
    """Call the test operation with the credential, outside of any transaction, and write down what came."""
    submission = credential.submission
    verdict = _verdict(credential, version_under_test(submission))
    with transaction.atomic():
        row = TestCredential.objects.select_for_update().get(pk=credential.pk)
        before = row.tests.values_list("outcome", flat=True).first()
        test = CredentialTest.objects.create(
            credential=row, submission_id=row.submission_id, occasion=occasion, asked_by_id=actor.pk,
            **asdict(verdict),
        )  # fmt: skip
        _forget_old(row)
        if verdict.outcome == Outcome.FAILS and before != Outcome.FAILS:
            _record("credential.fail", row, test, actor)
            outbox.emit("credential.fail", id=str(row.pk))
        elif before == Outcome.FAILS and verdict.outcome == Outcome.WORKS:
            _record("credential.recover", row, test, actor)
    return test


def _record(action: str, credential: TestCredential, test: CredentialTest, actor: Actor) -> None:
    audit.record(
        action,
        credential,
        actor=actor,
        about=[credential.submission],
        data={
            "purpose": credential.purpose, "operation": test.operation_id, "status": test.status,
            "message": test.message,
        },
    )  # fmt: skip


def _forget_old(credential: TestCredential) -> None:
    kept = credential.tests.order_by("-at").values_list("pk", flat=True)[:KEPT_TESTS]
    credential.tests.exclude(pk__in=list(kept)).delete()


def _verdict(credential: TestCredential, version: Version | None) -> _Verdict:
    if version is None:
        return _Verdict(Outcome.UNCLEAR, "There is no package yet whose operations could be called.")
    try:
        target = calls.target_of(version)
        chosen = proving_call(credential, target)
        if chosen is None:
            return _Verdict(
                Outcome.UNCLEAR,
                "No operation can be called without inputs: choose one for this credential and fill them in.",
            )
        operation_id, inputs = chosen
        return _called(credential, version, operation_id, inputs)
    except InputsInvalid as error:
        named = "; ".join(f"{name}: {texts[0]}" for name, texts in error.problems.items())
        return _Verdict(Outcome.UNCLEAR, f"The inputs of the test do not fit the definition. {named}"[:1000])
    except (CallError, Unavailable) as error:
        return _Verdict(Outcome.UNCLEAR, error.message)


def _called(
    credential: TestCredential, version: Version, operation_id: str, inputs: Mapping[str, Any]
) -> _Verdict:
    try:
        result = calls.call_operation(version, operation_id, inputs, connection_of(credential))
    except SignInRefused as error:
        return _Verdict(Outcome.FAILS, error.message, operation_id)
    except InputsInvalid:
        raise
    except CallError as error:
        return _Verdict(Outcome.UNCLEAR, error.message, operation_id)
    outcome, message = judge(result)
    return _Verdict(
        outcome, message, operation_id, result.status, result.timings.total,
        request_of(result), response_of(result),
    )  # fmt: skip


def judge(result: CallResult) -> tuple[str, str]:
    """Only a refusal speaks against the credential; a service that is ill says nothing about it."""
    if result.is_success:
        return Outcome.WORKS, f"{result.operation_id} answered {result.status}."
    if result.status in (401, 403):
        return Outcome.FAILS, f"The service refused it: {result.operation_id} answered {result.status}."
    if result.status is None:
        return Outcome.UNCLEAR, result.failure
    return Outcome.UNCLEAR, f"{result.operation_id} answered {result.status}, which says nothing about it."


def proving_call(credential: TestCredential, target: Target) -> tuple[str, dict[str, Any]] | None:
    """The operation that proves this credential, with its inputs: the team's choice, else the portal's."""
    if credential.test_operation:
        return credential.test_operation, dict(credential.test_inputs)
    picked = pick_test_operation(target.definition)
    return (picked[0].operation_id, picked[1]) if picked else None


def prove_one(credential_id: str, *, occasion: str) -> None:
    """The job of a credential that was entered, or whose night has come. One that is gone needs none."""
    credential = (
        TestCredential.objects.select_related(*_RELATED)
        .filter(pk=credential_id)
        .exclude(submission__state__in=SUBMISSION.terminal)
        .first()
    )
    if credential is not None:
        prove(credential, occasion=occasion, actor=SYSTEM)


_RELATED = ("submission__connector__publisher", "submission__version", "submission__revision__version")


def prove_before_review(submission_id: str) -> None:
    """Validation passed, or somebody takes the review: what was not tested within the hour is tested."""
    fresh = CredentialTest.objects.filter(
        submission__pk=submission_id, at__gt=database_now() - FRESH, outcome=Outcome.WORKS
    )
    stale = TestCredential.objects.filter(submission__pk=submission_id)
    with transaction.atomic():
        # A job for each: several services that hang would outlast the time of one.
        for pk in stale.exclude(pk__in=fresh.values("credential")).values_list("pk", flat=True):
            outbox.emit("credential.prove", id=str(pk), occasion=Occasion.REVIEW)


def ask_every_night() -> int:
    """One tick: a job for every credential whose last test is a night ago. Twice does no harm."""
    now = database_now()
    due = (
        TestCredential.objects.exclude(submission__state__in=SUBMISSION.terminal)
        .exclude(submission__version=None)
        .annotate(last=Max("tests__at"))
        .filter(Q(last=None) | Q(last__lt=now - NIGHTLY_AFTER))
        .order_by("last", "created_at")
        .values_list("pk", flat=True)[:_MOST_PER_TICK]
    )
    ids = list(due)
    with transaction.atomic():
        for pk in ids:
            outbox.emit(
                "credential.prove", id=str(pk), occasion=Occasion.NIGHTLY, dedupe_key=f"{pk}:{now:%Y-%m-%d}"
            )
    return len(ids)
