"""What can go wrong in the domain, each told with what to do about it.

Services raise these; `portal.shared.web` turns them into pages and `portal.shared.rest` into problem details.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence


class PortalError(Exception):
    """Base of the domain's errors. `message` is for people and says what to do; `code` is for programs."""

    status = 400
    code = "invalid"

    def __init__(self, message: str, *, code: str = "") -> None:
        super().__init__(message)
        self.message = message
        if code:
            self.code = code


class InvalidInput(PortalError):
    """The input cannot be used. `fields` maps a field's name to its messages."""

    code = "invalid-input"

    def __init__(
        self, message: str, *, fields: Mapping[str, Sequence[str]] | None = None, code: str = ""
    ) -> None:
        super().__init__(message, code=code)
        self.fields: dict[str, list[str]] = {name: list(texts) for name, texts in (fields or {}).items()}


class NotPermitted(PortalError):
    """A team-mate (or staff) without the right. Strangers get a 404 instead, from the scoped query."""

    status = 403
    code = "not-permitted"


class Conflict(PortalError):
    """The object changed, or is in use: load it again and decide anew."""

    status = 409
    code = "conflict"


class IllegalTransition(Conflict):
    """The event is not possible in the object's present state."""

    code = "illegal-transition"


class Blocked(Conflict):
    """Something has to be done first. `blockers` lists it, one sentence each."""

    code = "blocked"

    def __init__(self, message: str, *, blockers: Sequence[str] = (), code: str = "") -> None:
        super().__init__(message, code=code)
        self.blockers = list(blockers)


class Gone(PortalError):
    """It was there and is over: begin anew."""

    status = 410
    code = "gone"


class TooLarge(PortalError):
    status = 413
    code = "too-large"


class TooMany(PortalError):
    """Too often in too short a time; waiting helps."""

    status = 429
    code = "too-many"


class Unavailable(PortalError):
    """A part that is needed is away for the moment; nothing was changed."""

    status = 503
    code = "unavailable"
