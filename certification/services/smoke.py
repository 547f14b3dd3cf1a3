"""Smoke tests: after a region verified a deployment, the publisher's test operations are called once more."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction

from certification.models import RegionDeployment, SmokeRun, TestCredential
from certification.queries.smoke import FAILURES_IN_A_ROW
from certification.services import gateway
from certification.services.clock import database_now
from certification.services.credential_tests import connection_of, proving_call
from certification.services.outcomes import wake
from connectors.models import Version
from connectors.runtime import CallError, CallResult, Connection
from connectors.runtime.choosing import pick_test_operation
from connectors.runtime.connection import needs_sign_in
from connectors.services import calls
from portal.shared import audit, outbox
from portal.shared.actors import SYSTEM
from portal.shared.errors import Unavailable

AGAIN_AFTER_SECONDS = 60.0
"""Between a failure and its second try: long enough for a service that is just starting."""
MOST_OPERATIONS = 5
_BUDGET_SECONDS = 30.0
"""After so long a job stops calling and comes back: services that hang must not outlast its time limit."""

Outcome = SmokeRun.Outcome
_Call = tuple[str, dict[str, Any], Connection]


def run_smoke_tests(deployment_id: str) -> None:
    """Call every test operation of a verified deployment; those that failed are called a second time later.

    Bears being run twice: operations that were decided are left alone. Raises `Retry` while a second try is
    due, so the job comes back by itself.
    """
    deployment = (
        RegionDeployment.objects.select_related("version__connector", "rollout__submission", "region")
        .filter(pk=deployment_id, state="verified", action="deploy", rollout__isnull=False)
        .first()
    )
    if deployment is None or deployment.version is None:
        return
    runs = list(deployment.smoke_runs.all())
    decided = {run.operation_id for run in runs if run.outcome == Outcome.PASSED}
    tries: dict[str, int] = {}
    for run in runs:
        tries[run.operation_id] = max(tries.get(run.operation_id, 0), run.attempt)
    pause = max(AGAIN_AFTER_SECONDS / settings.TRIAL_CLOCK_SCALE, 2.0)
    recent = {run.operation_id for run in runs if run.at > database_now() - dt.timedelta(seconds=pause * 0.9)}
    waiting, started = False, time.monotonic()
    for operation_id, inputs, connection in _calls(deployment, deployment.version):
        attempt = tries.get(operation_id, 0) + 1
        if operation_id in decided or attempt > FAILURES_IN_A_ROW:
            continue
        if operation_id in recent:
            waiting = True
            continue
        if time.monotonic() - started > _BUDGET_SECONDS:
            raise outbox.Retry(1.0)
        run = _run(deployment, operation_id, inputs, connection, attempt)
        waiting |= run.outcome == Outcome.FAILED and attempt < FAILURES_IN_A_ROW
    if waiting:
        raise outbox.Retry(pause)


def _calls(deployment: RegionDeployment, version: Version) -> Iterator[_Call]:
    """Each credential's proving call, every operation once; a note when there is nothing to call."""
    assert deployment.rollout is not None
    try:
        target = calls.target_of(version)
    except (CallError, Unavailable) as error:
        _not_run(deployment, error.message)
        return
    found: dict[str, _Call] = {}
    credentials = TestCredential.objects.filter(submission=deployment.rollout.submission_id)
    for credential in credentials.order_by("created_at"):
        chosen = None if credential.is_expired else proving_call(credential, target)
        if chosen is not None:
            found.setdefault(chosen[0], (*chosen, connection_of(credential)))
    if not found:
        picked = pick_test_operation(target.definition)
        if picked and not needs_sign_in(target.definition, picked[0]):
            found[picked[0].operation_id] = (picked[0].operation_id, picked[1], Connection())
    if not found:
        _not_run(deployment, "No valid credential, or no operation that can be called without inputs.")
    yield from list(found.values())[:MOST_OPERATIONS]


def _not_run(deployment: RegionDeployment, message: str) -> None:
    if not deployment.smoke_runs.exists():
        _store(SmokeRun(deployment=deployment, outcome=Outcome.NOT_RUN, message=message))


def _run(
    deployment: RegionDeployment,
    operation_id: str,
    inputs: dict[str, Any],
    connection: Connection,
    attempt: int,
) -> SmokeRun:
    run = SmokeRun(deployment=deployment, operation_id=operation_id, attempt=attempt)
    try:
        result = _result(run, deployment, operation_id, inputs, connection)
    except CallError as error:
        # Nothing was sent: that is no proof, but neither is it the service's failure.
        run.outcome, run.message = Outcome.NOT_RUN, error.message
    else:
        run.outcome = Outcome.PASSED if result.is_success else Outcome.FAILED
        run.status, run.duration_ms = result.status, result.timings.total
        run.message = result.failure or f"{operation_id} answered {result.status}."
    return _store(run)


def _result(
    run: SmokeRun,
    deployment: RegionDeployment,
    operation_id: str,
    inputs: dict[str, Any],
    connection: Connection,
) -> CallResult:
    """Through the region where it offers that, else to the service itself; the row says which way it was."""
    assert deployment.version is not None
    if gateway.offers(deployment.region):
        with suppress(gateway.NotOffered):
            run.target = SmokeRun.Target.REGION
            return gateway.call_through(
                deployment.region, deployment.version, operation_id, inputs, connection
            )
        run.target = SmokeRun.Target.BACKEND
    return calls.call_operation(deployment.version, operation_id, inputs, connection)


def _store(run: SmokeRun) -> SmokeRun:
    """The row, and a record when the second failure in a row makes it count."""
    try:
        with transaction.atomic():
            run.save(force_insert=True)
            if run.outcome == Outcome.FAILED and run.attempt >= FAILURES_IN_A_ROW:
                rollout = run.deployment.rollout
                audit.record(
                    "deployment.fail_smoke_test",
                    run.deployment,
                    actor=SYSTEM,
                    reason=run.message,
                    about=[rollout, rollout.submission] if rollout else [],
                    data={"operation": run.operation_id, "region": run.deployment.region_id},
                )
                wake(run.deployment)
    except IntegrityError:
        # The same job ran twice at once; the other one's row stands.
        return SmokeRun.objects.get(
            deployment=run.deployment, operation_id=run.operation_id, attempt=run.attempt
        )
    return run
