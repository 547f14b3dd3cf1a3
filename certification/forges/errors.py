"""What a forge may answer instead of doing what it was asked. Nothing of a token is ever in a message."""

from __future__ import annotations


class ForgeError(Exception):
    """It did not answer, or not as it should: worth another attempt. `message` is for people."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class ForgeRefused(ForgeError):
    """The token is unknown to it, has ended, or is missing: somebody has to give another one."""


class ForgeForbidden(ForgeError):
    """The token is known and may not do this."""


class ForgeMissing(ForgeError):
    """There is no such thing, or the token may not see it."""


class ForgeRejected(ForgeError):
    """What was sent does not fit its rules; sending it again changes nothing."""


class RateLimited(ForgeError):
    """Too much was asked. `after_seconds` says when it may be asked again."""

    def __init__(self, message: str, after_seconds: float) -> None:
        super().__init__(message)
        self.after_seconds = after_seconds
