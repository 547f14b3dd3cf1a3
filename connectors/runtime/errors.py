"""Why an operation was not called, or its answer never came. No message carries a secret."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


class CallError(Exception):
    """Base of everything the runtime raises. `message` says what to do."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class CallImpossible(CallError):
    """The definition, its policies or the credential do not allow a call. Nothing was sent."""


class SignInRefused(CallImpossible):
    """The service that gives tokens did not give one: the operation was not called."""


class InputsInvalid(CallError):
    """What was typed does not fit the definition. `problems` maps an input's key to its messages."""

    def __init__(self, problems: Mapping[str, Sequence[str]]) -> None:
        self.problems = {key: list(texts) for key, texts in problems.items()}
        first = next((texts[0] for texts in self.problems.values() if texts), "Check the inputs.")
        super().__init__(first)


class EgressRefused(CallError):
    """The address may not be called. No connection was made to it."""


class CallFailed(CallError):
    """No complete answer: no connection, a broken one, or one that took too long."""
