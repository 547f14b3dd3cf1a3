"""Judge what a region answered: only the statuses and shapes of `docs/region-api.yaml` are believed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import orjson

from certification.regions.errors import (
    DigestMismatch,
    OutcomeUnknown,
    RegionAnswerInvalid,
    RegionRefused,
    RegionThrottled,
    RegionUnauthorized,
)
from certification.regions.protocol import DeployCommand, Operation, OperationState, RegionEndpoint
from certification.regions.redaction import redacted
from certification.regions.schemas import first_fault

MAX_RETRY_AFTER_SECONDS = 3600.0
DEFAULT_RETRY_AFTER_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer, within the size limit; nothing in it is trusted yet."""

    status: int
    headers: httpx.Headers
    body: bytes
    request_id: str


def check_operation(
    endpoint: RegionEndpoint, operation: Operation, key: str, expected_digest: str | None
) -> None:
    if operation.key != key:
        raise RegionAnswerInvalid(endpoint.code, "answered about another operation than the one asked for.")
    if expected_digest is not None and operation.digest != expected_digest:
        raise DigestMismatch(
            endpoint.code,
            "reports another package than the one it was sent.",
            expected=expected_digest,
            reported=operation.digest,
        )


def accepted_operation(
    endpoint: RegionEndpoint, payload: dict[str, Any], command: DeployCommand
) -> Operation:
    """The operation that a region's answer to a command speaks of; it has to be the command's."""
    operation = operation_from(endpoint, payload)
    if operation.deployment_number != command.deployment_number:
        raise RegionAnswerInvalid(
            endpoint.code, f"answered about deployment {operation.deployment_number} instead of ours."
        )
    check_operation(endpoint, operation, command.idempotency_key, command.digest)
    return operation


def check_package(endpoint: RegionEndpoint, command: DeployCommand) -> None:
    """Refuse to send bytes that are not those the command names."""
    if command.package is None:
        return
    actual = hashlib.sha256(command.package).hexdigest()
    if actual != command.digest:
        raise DigestMismatch(
            endpoint.code,
            "the stored package is not the approved one; nothing was sent.",
            expected=command.digest,
            reported=actual,
        )


def payload_of(
    endpoint: RegionEndpoint, answer: Answer, schema: str, *, accepts: tuple[int, ...] = (200,)
) -> dict[str, Any]:
    """The JSON object of a good answer, checked against its schema; raises the right error for any other."""
    if answer.status not in accepts:
        raise error_for(endpoint, answer)
    try:
        value = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        raise RegionAnswerInvalid(
            endpoint.code, f"sent something that is not JSON: {_excerpt(endpoint, answer)!r}."
        ) from None
    fault = first_fault(schema, value)
    if fault is not None:
        raise RegionAnswerInvalid(
            endpoint.code, f"sent an unexpected shape: {redacted(fault, *endpoint.hidden)}."
        )
    checked: dict[str, Any] = value
    return checked


def operation_from(endpoint: RegionEndpoint, payload: dict[str, Any]) -> Operation:
    return Operation(
        key=payload["key"],
        state=OperationState(payload["state"]),
        digest=payload["digest"],
        deployment_number=int(payload["deployment_number"]),
        message=redacted(payload["message"], *endpoint.hidden, limit=500),
        updated_at=instant_of(endpoint, payload["updated_at"]),
    )


def instant_of(endpoint: RegionEndpoint, text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
        if instant.tzinfo is None:
            raise ValueError
        return instant.astimezone(UTC)
    except (ValueError, OverflowError):
        raise RegionAnswerInvalid(endpoint.code, "sent a time that is not ISO 8601 with a zone.") from None


def _problem(answer: Answer) -> dict[str, Any] | None:
    """The problem document of an error answer, or None when it is not one."""
    media_type = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if not 400 <= answer.status <= 599 or media_type != "application/problem+json":
        return None
    try:
        value = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return None
    return value if first_fault("Problem", value) is None else None


def problem_code(answer: Answer) -> str | None:
    problem = _problem(answer)
    return None if problem is None else str(problem["code"])


def error_for(
    endpoint: RegionEndpoint, answer: Answer
) -> OutcomeUnknown | RegionRefused | RegionThrottled | RegionUnauthorized:
    """The error that an answer without a usable result stands for (statuses of `docs/region-api.yaml`)."""
    code, status = endpoint.code, answer.status
    said = f"HTTP {status} to request {answer.request_id}: {_excerpt(endpoint, answer)!r}."
    if status in (401, 403):
        return RegionUnauthorized(code, f"rejected our token (HTTP {status}).")
    if status == 429 or (status == 503 and "Retry-After" in answer.headers):
        seconds = retry_after_seconds(answer.headers.get("Retry-After", ""))
        return RegionThrottled(
            code, f"is busy for {seconds:g} s (HTTP {status}).", retry_after_seconds=seconds
        )
    if 300 <= status < 400:
        return RegionAnswerInvalid(code, f"tried to redirect us, which is not followed (HTTP {status}).")
    problem = _problem(answer)
    if 400 <= status < 500 and problem is not None:
        detail = redacted(f"{problem['title']}: {problem.get('detail', '')}", *endpoint.hidden)
        return RegionRefused(code, f"{detail} ({problem['code']})", code=problem["code"], status=status)
    if status >= 500:
        return OutcomeUnknown(code, f"failed with {said}")
    return RegionAnswerInvalid(code, f"gave an answer outside the protocol, {said}")


def _excerpt(endpoint: RegionEndpoint, answer: Answer) -> str:
    return redacted(answer.body[:4096].decode("utf-8", "replace"), *endpoint.hidden)


def retry_after_seconds(text: str) -> float:
    """Seconds from a Retry-After header (number or date), 1 s to an hour; 5 s when unreadable."""
    try:
        seconds = float(int(text))
    except ValueError:
        try:
            moment = parsedate_to_datetime(text)
            seconds = (moment - datetime.now(moment.tzinfo or UTC)).total_seconds()
        except (ValueError, TypeError, OverflowError):
            seconds = DEFAULT_RETRY_AFTER_SECONDS
    return min(max(seconds, 1.0), MAX_RETRY_AFTER_SECONDS)
