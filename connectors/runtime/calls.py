"""One call from definition and inputs to a result that can be shown and stored: no secret is in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from connectors.definitions import Package
from connectors.definitions.openapi import sequence, text
from connectors.runtime.checking import CallFinding, findings_of
from connectors.runtime.connecting import Timings
from connectors.runtime.connection import (
    SECRET_FIELDS,
    Connection,
    connection_values,
    schemes_of,
    sign,
    token_url_of,
)
from connectors.runtime.drafting import Draft, draft_of
from connectors.runtime.egress import Egress, Incoming, Outgoing
from connectors.runtime.errors import CallFailed, CallImpossible
from connectors.runtime.masking import MASK, SHORTEST, Mask
from connectors.runtime.operations import CallableOperation, find_operation
from connectors.runtime.policies import apply_policies, policies_of
from connectors.runtime.tokens import TokenCache, cache_key, token_for

LONGEST_SHOWN_BODY = 64 * 1024
_MOST_HEADERS = 60
_LONGEST_HEADER = 500


@dataclass(frozen=True, slots=True)
class Target:
    """The package whose operations are called. `base` replaces the definition's host, scheme and base path,
    for calls through a region's gateway."""

    definition: Mapping[str, Any] = field(repr=False)
    properties: Mapping[str, Any] = field(default_factory=dict, repr=False)
    base: str = ""

    @classmethod
    def of(cls, package: Package, base: str = "") -> Target:
        """Raises `CallImpossible` when the package has no definition to go by."""
        definition = package.definition.value if package.definition else None
        if not isinstance(definition, dict):
            raise CallImpossible("The package has no readable definition: nothing of it can be called.")
        properties = package.properties.value if package.properties else None
        return cls(definition, properties if isinstance(properties, dict) else {}, base)

    @property
    def host(self) -> str:
        return text(self.definition, "host").strip().lower()

    def address(self) -> str:
        """Scheme, host and base path. Raises `CallImpossible` without a host."""
        if self.base:
            return self.base
        if not self.host:
            raise CallImpossible("The definition names no host: add one.")
        schemes = [each for each in sequence(self.definition, "schemes") if isinstance(each, str)]
        scheme = "https" if "https" in schemes or not schemes else schemes[0]
        base_path = text(self.definition, "basePath").strip("/")
        return f"{scheme}://{self.host}/{base_path}".rstrip("/")


@dataclass(frozen=True, slots=True)
class Sent:
    """The request as it went out, with every secret masked."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: str


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer, cut for storage and with reflected secrets masked. `size` is what was read."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: str
    media_type: str
    size: int
    is_cut: bool


@dataclass(frozen=True, slots=True)
class CallResult:
    """What came of a call. Without an `answer`, `failure` says why there is none."""

    operation_id: str
    request: Sent
    answer: Answer | None
    findings: tuple[CallFinding, ...]
    timings: Timings
    failure: str = ""

    @property
    def status(self) -> int | None:
        return self.answer.status if self.answer else None

    @property
    def is_success(self) -> bool:
        """The service did what was asked: a status of success, and an answer that could be read."""
        return self.answer is not None and 200 <= self.answer.status < 300

    @property
    def fits(self) -> bool:
        """Nothing in the answer differs from the definition."""
        return not any(finding.kind != "policy" for finding in self.findings)


class Caller:
    """Calls operations through an egress guard. Keeps OAuth tokens in memory between calls; thread-safe."""

    def __init__(self, egress: Egress, tokens: TokenCache | None = None) -> None:
        self.egress = egress
        self.tokens = tokens or TokenCache()

    def call(
        self,
        target: Target,
        operation: CallableOperation | str,
        inputs: Mapping[str, Any],
        connection: Connection,
        *,
        lenient: bool = False,
    ) -> CallResult:
        """Call once. Raises `InputsInvalid`, `CallImpossible` or `EgressRefused` when nothing was sent; a
        call without an answer is a result with `failure`.

        `lenient` sends wrong inputs as they are, to see how the service refuses them.
        """
        if isinstance(operation, str):
            operation = find_operation(target.definition, operation)
        _check_secrets(connection)
        mask = Mask(connection.every_secret())
        draft = draft_of(operation, target.address(), inputs, lenient=lenient)
        token_url, token = self._token(target, operation, connection, mask)
        notes = self._finish(draft, target, operation, connection, token)
        result = self._send(draft, operation, notes, mask)
        if result.status == 401 and token and not connection.secret("access_token"):
            # The service may have revoked a token before its time: a fresh one tells.
            self.tokens.forget(cache_key(token_url, connection))
            _, fresh = self._token(target, operation, connection, mask)
            if fresh != token:
                draft = draft_of(operation, target.address(), inputs, lenient=lenient)
                notes = self._finish(draft, target, operation, connection, fresh)
                result = self._send(draft, operation, notes, mask)
        return result

    def _token(
        self, target: Target, operation: CallableOperation, connection: Connection, mask: Mask
    ) -> tuple[str, str | None]:
        if connection.kind != "oauth2":
            return "", None
        if not any(scheme.kind == "oauth2" for scheme in schemes_of(target.definition).values()):
            return "", None
        if operation.security == ():
            return "", None
        url = token_url_of(target.definition, target.properties, connection)
        token = token_for(self.egress, url, connection, self.tokens)
        mask.add(token)
        return url, token

    def _finish(
        self,
        draft: Draft,
        target: Target,
        operation: CallableOperation,
        connection: Connection,
        token: str | None,
    ) -> list[str]:
        """Authentication, then policies, then the question whether the secrets may go where this leads."""
        sign(draft, operation, connection, token)
        values = connection_values(target.properties, connection)
        notes = apply_policies(draft, operation.operation_id, policies_of(target.properties), values)
        if target.base:
            # A gateway has applied the host's policy itself.
            draft.base = target.base
        elif draft.host_from_input and connection.kind != "none":
            _check_host(draft, target, connection)
        return notes

    def _send(self, draft: Draft, operation: CallableOperation, notes: list[str], mask: Mask) -> CallResult:
        outgoing = Outgoing(draft.method, draft.url, tuple(draft.headers), draft.body)
        sent = _shown_request(outgoing, mask)
        findings = [CallFinding("policy", note) for note in notes]
        try:
            incoming = self.egress.send(outgoing)
        except CallFailed as error:
            return CallResult(
                operation.operation_id, sent, None, tuple(findings), Timings(), mask(error.message)
            )
        media_type = incoming.header("Content-Type")
        findings += findings_of(operation, incoming.status, media_type, incoming.body, is_cut=incoming.is_cut)
        if incoming.problem:
            findings.append(CallFinding("encoding", incoming.problem))
        masked = tuple(CallFinding(each.kind, mask(each.message), mask(each.pointer)) for each in findings)
        return CallResult(
            operation.operation_id, sent, _shown_answer(incoming, mask), masked, incoming.timings
        )


def _check_secrets(connection: Connection) -> None:
    if any(0 < len(connection.secret(name)) < SHORTEST for name in SECRET_FIELDS):
        raise CallImpossible(
            f"A secret of this credential has fewer than {SHORTEST} characters, so the portal cannot keep it "
            "out of answers: use a longer one."
        )


def _check_host(draft: Draft, target: Target, connection: Connection) -> None:
    """A host that a tester typed gets the credential only if it is the definition's own or below it."""
    host = (urlsplit(draft.base).hostname or "").lower()
    allowed = {target.host.partition(":")[0], *connection.values.get("allowed_hosts", "").lower().split()}
    if not any(host == each or host.endswith(f".{each}") for each in allowed if each):
        raise CallImpossible(
            f"The inputs lead to “{host[:100]}”, which is not the host of the definition: the credential is "
            "not sent there. Use a host below the definition's, or call without a credential."
        )


def _shown_request(outgoing: Outgoing, mask: Mask) -> Sent:
    headers = tuple((name, mask.header(name, value)) for name, value in outgoing.headers)
    return Sent(outgoing.method, mask(outgoing.url), headers, mask(_as_text(outgoing.body)))


def _shown_answer(incoming: Incoming, mask: Mask) -> Answer:
    headers = tuple(
        (name[:100], mask.header(name, value)[:_LONGEST_HEADER])
        for name, value in incoming.headers[:_MOST_HEADERS]
    )
    return Answer(
        status=incoming.status,
        headers=headers,
        # The mask comes first: a cut through a secret would leave a part of it.
        body=mask(_as_text(incoming.body))[:LONGEST_SHOWN_BODY],
        media_type=incoming.header("Content-Type")[:100],
        size=len(incoming.body),
        is_cut=incoming.is_cut or len(incoming.body) > LONGEST_SHOWN_BODY,
    )


def _as_text(body: bytes) -> str:
    """Text of a body; "" with a note for what is none. NUL cannot be stored."""
    try:
        return body.decode("utf-8").replace("\0", "\ufffd")
    except UnicodeDecodeError as error:
        if error.start > len(body) - 4:
            return body[: error.start].decode("utf-8").replace("\0", "\ufffd")
        return f"({len(body):,} bytes that are no text)"


__all__ = ["MASK", "Answer", "CallResult", "Caller", "Sent", "Target"]
