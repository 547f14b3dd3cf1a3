"""What can go wrong between the portal and a region, sorted by what the caller should do next.

The one question after a failed deploy is "may the region have acted?". Everything that derives from
`OutcomeUnknown` answers "perhaps": ask with `RegionDriver.operation(key)` before sending again, and send
again only with the same key. `DigestMismatch` answers "it holds or reports the wrong bytes": the step has
failed and a person must look. Every other error is definite: that command did not act.

No error carries a token. Text that came from a region is redacted and shortened before it gets here, because
a hostile region may reflect the token we sent.
"""

from __future__ import annotations

from typing import ClassVar

EXCERPT_CHARACTERS = 200


class RegionError(Exception):
    """Base of everything a driver raises. `region` is the region's code, `advice` says what to do."""

    advice: ClassVar[str] = "Look at the message, mend the cause, and try again."
    #: Whether this failure says that the region itself is unwell (the caller's breaker counts it).
    counts_against_region: ClassVar[bool] = True

    def __init__(self, region: str, message: str) -> None:
        self.region = region
        self.message = message
        super().__init__(f"{region}: {message} {self.advice}")

    def __reduce__(self) -> tuple[object, ...]:
        return (_restore, (type(self), self.__dict__.copy(), self.args))


def _restore(kind: type[RegionError], state: dict[str, object], args: tuple[object, ...]) -> RegionError:
    """Rebuild a pickled error without calling its constructor, whose arguments differ by class."""
    error = kind.__new__(kind)
    error.__dict__.update(state)
    error.args = args
    return error


class OutcomeUnknown(RegionError):
    """No usable answer after sending (timeout, reset, 5xx): the region may or may not have acted."""

    advice = "Ask the region for the operation by its key before sending the command again."


class RegionUnreachable(OutcomeUnknown):
    """No connection: this attempt sent nothing, but an earlier one with the same key may have acted."""

    advice = "Check the region's address and network, then ask for the operation by its key."


class RegionAnswerInvalid(OutcomeUnknown):
    """The region answered something this protocol does not know (not JSON, wrong shape, too big)."""

    advice = (
        "Do not trust this answer: ask for the operation by its key, and report it to the region's owner."
    )


class RegionRefused(RegionError):
    """A definite no (4xx with a problem document): the region did not act and will not with this command.

    `code` is the machine-readable reason, for example `stale-deployment`, `idempotency-conflict`,
    `package-required`, `digest-mismatch` or `malformed-request`; `status` the HTTP status.
    """

    advice = "The region did nothing; correct the command, because sending the same one again cannot succeed."
    counts_against_region = False

    def __init__(self, region: str, message: str, *, code: str, status: int) -> None:
        self.code = code
        self.status = status
        super().__init__(region, message)


class RegionThrottled(RegionError):
    """The region asks for patience (429, or 503 with Retry-After): it did nothing this time."""

    advice = "Wait at least that long, then send the same command with the same key."

    def __init__(self, region: str, message: str, *, retry_after_seconds: float) -> None:
        self.retry_after_seconds = retry_after_seconds
        super().__init__(region, message)


class RegionUnauthorized(RegionError):
    """The region does not accept our token (401 or 403): it did nothing."""

    advice = "Give the region a valid token in the region's settings; retrying alone cannot help."


class DigestMismatch(RegionError):
    """The bytes named and the bytes at hand (ours, or those the region reports) are not the same package."""

    advice = "Treat the deployment as failed, do not retry, and find out who changed the package."
    counts_against_region = False

    def __init__(self, region: str, message: str, *, expected: str, reported: str) -> None:
        self.expected = expected
        self.reported = reported
        super().__init__(region, message)


class RegionNotAsked(RegionError):
    """The poller left this item out because the region had just failed to answer: nothing was sent."""

    advice = "Poll it again at its next due time."
    counts_against_region = False
