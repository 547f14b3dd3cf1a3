"""The region protocol in Python: what the portal says to a region, and what a region answers.

A region is any place that can hold and run a connector package. The portal talks to it through a
`RegionDriver`; how the driver reaches the region is its own affair (`http` is the documented wire protocol of
`docs/region-api.yaml`). Drivers are asynchronous, keep no state about regions, and know nothing of the
database.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import TracebackType
from typing import Protocol, Self, runtime_checkable

from certification.regions.errors import (
    DigestMismatch,
    OutcomeUnknown,
    RegionAnswerInvalid,
    RegionError,
    RegionNotAsked,
    RegionRefused,
    RegionThrottled,
    RegionUnauthorized,
    RegionUnreachable,
)

__all__ = [
    "CERTIFICATES",
    "INVOKE",
    "Action",
    "CallsOperations",
    "CurrentVersion",
    "DeployCommand",
    "DigestMismatch",
    "HiddenText",
    "Invocation",
    "Invoked",
    "InvokesOperations",
    "Operation",
    "OperationCall",
    "OperationState",
    "OutcomeUnknown",
    "RegionAnswerInvalid",
    "RegionDriver",
    "RegionEndpoint",
    "RegionError",
    "RegionHealth",
    "RegionNotAsked",
    "RegionRefused",
    "RegionThrottled",
    "RegionUnauthorized",
    "RegionUnreachable",
    "Token",
]

KEY_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,199}$"
SLUG_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$"
DIGEST_PATTERN = r"^[0-9a-f]{64}$"
VERSION_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._+-]{0,63}$"
MAX_DEPLOYMENT_NUMBER = 2**53 - 1


class HiddenText:
    """A secret that cannot be printed by accident; `reveal()` is the only way to its text."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    def matches(self, other: str) -> bool:
        """Compare in constant time."""
        return hmac.compare_digest(self._text.encode(), other.encode("utf-8", "replace"))

    def __repr__(self) -> str:
        return f"{type(self).__name__}('********')"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, HiddenText) and self.matches(other._text)

    def __hash__(self) -> int:
        return hash(self._text)

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("A region token is never pickled: pass the region's id and read the token again.")


class Token(HiddenText):
    """A bearer token: one word that fits into a header."""

    __slots__ = ()

    def __init__(self, text: str) -> None:
        if not text.isascii() or not text.isprintable() or " " in text or not text:
            # The value itself must not appear in the message.
            raise ValueError("A region token is one word of printable ASCII characters; set it again.")
        super().__init__(text)


@dataclass(frozen=True, slots=True)
class RegionEndpoint:
    """Where one region is reached. `addresses.check_base_url` judged `base_url` when it was saved.

    `settings` are those of the region's kind (`kinds.py`), checked when they were saved; `secrets` what else
    is needed to get in. Regions of some kinds have no address or no token.
    """

    code: str
    base_url: str = ""
    token: Token | None = None
    settings: Mapping[str, object] = field(default_factory=dict)
    secrets: Mapping[str, HiddenText] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if isinstance(self.token, str):
            object.__setattr__(self, "token", Token(self.token))

    @property
    def bearer(self) -> Token:
        """The token, where the protocol cannot do without one."""
        if self.token is None:
            raise RegionUnauthorized(self.code, "has no token yet.")
        return self.token

    @property
    def hidden(self) -> tuple[HiddenText, ...]:
        """Everything that no message may repeat."""
        own = (self.token,) if self.token else ()
        return (*own, *self.secrets.values())


class Action(StrEnum):
    DEPLOY = "deploy"
    ROLLBACK = "rollback"
    REMOVE = "remove"


class OperationState(StrEnum):
    ACCEPTED = "accepted"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"

    @property
    def is_final(self) -> bool:
        return self in (OperationState.SUCCEEDED, OperationState.FAILED)


_ORDER = {
    OperationState.ACCEPTED: 0,
    OperationState.RUNNING: 1,
    OperationState.SUCCEEDED: 2,
    OperationState.FAILED: 2,
}


@dataclass(frozen=True, slots=True)
class DeployCommand:
    """Make one version the current one of a connector in a region.

    `idempotency_key` names the intent: every repetition of the same intent carries the same key and the same
    content, and the region acts on it at most once. `deployment_number` rises per connector and region, with
    every new key: the region refuses a number that is not above all it has accepted, so a late duplicate can
    never undo a newer act. A rollback is a command with `action="rollback"`, a *new* number, and the version
    and digest of the good version. Without a good version to go back to, `action="remove"` takes the
    connector out of the region; version and digest then name what is removed, and no package is needed.
    `package` may be None when the region is known to hold the digest; if it does not, the driver raises
    `RegionRefused(code="package-required")`, and the caller repeats the command with the same key and the
    bytes. When bytes are given they are sent only if the region asks for them.

    `certificate` is the signed envelope about the package (`certification.attestation`); it too travels only
    when the region asks for it, by `RegionRefused(code="certificate-required")`.
    """

    idempotency_key: str
    connector: str
    deployment_number: int
    action: Action
    version: str
    digest: str
    package: bytes | None = field(default=None, repr=False)
    certificate: Mapping[str, object] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "action", Action(self.action))
        for name, value, pattern in (
            ("idempotency_key", self.idempotency_key, KEY_PATTERN),
            ("connector", self.connector, SLUG_PATTERN),
            ("version", self.version, VERSION_PATTERN),
            ("digest", self.digest, DIGEST_PATTERN),
        ):
            if not re.fullmatch(pattern, value):
                raise ValueError(f"{name} {value[:80]!r} does not match {pattern}: send one that does.")
        if not 1 <= self.deployment_number <= MAX_DEPLOYMENT_NUMBER:
            raise ValueError(f"deployment_number must be 1 to 2^53-1, not {self.deployment_number}.")


@dataclass(frozen=True, slots=True)
class Operation:
    """What a region says about one command. `updated_at` is the region's clock, aware, for display only."""

    key: str
    state: OperationState
    digest: str
    deployment_number: int
    message: str
    updated_at: datetime

    def follows(self, known: OperationState | str | None) -> bool:
        """Whether this report may replace what is already recorded.

        False for a report that goes backwards (running after accepted is progress, accepted after running is
        an old answer) and for any change of a final state: keep what is recorded, and poll again.
        """
        if known is None:
            return True
        recorded = OperationState(known)
        return self.state == recorded if recorded.is_final else _ORDER[self.state] >= _ORDER[recorded]


@dataclass(frozen=True, slots=True)
class CurrentVersion:
    """The version of one connector that a region runs now."""

    connector: str
    version: str
    digest: str
    deployment_number: int
    deployed_at: datetime
    #: When somebody last looked, where that is not now: a person's confirmation.
    seen_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class OperationCall:
    """One operation called through a region's gateway: its status, and the package that served it."""

    operation: str
    status: int
    digest: str = ""


CERTIFICATES = "certificates"
"""The capability of a region that takes no package without a certificate whose key it knows."""
INVOKE = "invoke"
"""The capability of a region that calls operations with inputs and a lent connection."""


@dataclass(frozen=True, slots=True)
class Invocation:
    """Call one operation of what a region has deployed, if that is the package `digest`.

    `inputs` are by the definition's keys; `kind`, `secrets` and `values` make the connection. `is_lenient`
    sends inputs that do not fit, to see the service's refusal. It is never repeated: it may do something.
    """

    connector: str
    digest: str
    operation: str
    inputs: Mapping[str, object] = field(default_factory=dict)
    kind: str = "none"
    secrets: Mapping[str, HiddenText] = field(default_factory=dict)
    values: Mapping[str, str] = field(default_factory=dict)
    is_lenient: bool = False


@dataclass(frozen=True, slots=True)
class Invoked:
    """What came of it, as the region tells it: request and answer with secrets masked by the region.

    `refusal` says why nothing was sent, `problems` which inputs do not fit; else `status` is the service's,
    None with a `failure` when it did not answer.
    """

    version: str
    digest: str
    method: str = ""
    url: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""
    status: int | None = None
    answer_headers: tuple[tuple[str, str], ...] = ()
    answer_body: str = ""
    size: int = 0
    is_cut: bool = False
    duration_ms: int = 0
    failure: str = ""
    notes: tuple[str, ...] = ()
    refusal: str = ""
    problems: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RegionHealth:
    """A region's word about itself. `version` is that of its agent; counts are at this moment.

    `capabilities` are what it can do beyond the protocol's core: `INVOKE`, `CERTIFICATES`.
    """

    ok: bool
    version: str
    load: float
    running_operations: int
    deployed_connectors: int
    message: str = ""
    capabilities: frozenset[str] = frozenset()


@runtime_checkable
class RegionDriver(Protocol):
    """One way to reach regions of one kind. Use as an async context manager, in one event loop.

    Every method ends within the driver's total deadline (10 s by default) and raises only `RegionError`s.
    """

    async def deploy(self, endpoint: RegionEndpoint, command: DeployCommand) -> Operation:
        """Ask the region to act; safe to repeat with the same command.

        Raises `OutcomeUnknown` (and its subclasses) when the region may have acted, `DigestMismatch` when it
        reports other bytes than those of the command; every other `RegionError` means that it did not act.
        """
        ...

    async def operation(
        self, endpoint: RegionEndpoint, idempotency_key: str, *, expected_digest: str | None = None
    ) -> Operation | None:
        """What became of a command; None when the region says it does not know the key, which is definite.

        With `expected_digest`, an answer about other bytes raises `DigestMismatch`.
        """
        ...

    async def current(self, endpoint: RegionEndpoint, connector: str) -> CurrentVersion | None:
        """The version running now; None when the region says that it runs none."""
        ...

    async def health(self, endpoint: RegionEndpoint) -> RegionHealth: ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


@runtime_checkable
class CallsOperations(Protocol):
    """A driver that can also call an operation of a deployed connector the way a user would."""

    async def call(self, endpoint: RegionEndpoint, connector: str, operation_id: str) -> OperationCall:
        """Call an operation without parameters; what its backend answers is no error."""
        ...


@runtime_checkable
class InvokesOperations(Protocol):
    """A driver that can ask a region to call an operation with inputs; see the capability `INVOKE`."""

    async def invoke(self, endpoint: RegionEndpoint, invocation: Invocation) -> Invoked:
        """Ask once, never again by itself. Raises `RegionRefused` with the code `capability-missing`,
        `not-deployed`, `other-package` or `operation-not-defined`, and other `RegionError`s."""
        ...
