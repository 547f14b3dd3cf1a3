"""What goes wrong with a repository, in words for its owner."""

from __future__ import annotations


class RepositoryError(Exception):
    """The repository cannot be read, or holds what is not taken. `message` says what to do, without a secret.

    `kind` is "address", "access", "host-key", "limit", "missing", "content" or "broken".
    """

    def __init__(self, message: str, kind: str = "broken") -> None:
        super().__init__(message)
        self.message = message
        self.kind = kind
