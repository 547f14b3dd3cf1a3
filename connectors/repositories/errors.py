"""What goes wrong with a repository, as codes: their sentences are in `connectors/repository_words.py`."""

from __future__ import annotations

KINDS = {
    "address-characters": "address",
    "address-unreadable": "address",
    "address-scheme": "address",
    "address-secret": "address",
    "address-user": "address",
    "address-incomplete": "address",
    "branch-name": "address",
    "folder-name": "address",
    "local-files": "address",
    "not-called": "address",
    "name-unknown": "address",
    "moved": "address",
    "credentials": "access",
    "no-repository": "access",
    "key-refused": "access",
    "key-unreadable": "access",
    "read-only": "access",
    "host-key": "host-key",
    "too-large": "limit",
    "too-slow": "limit",
    "too-many-files": "limit",
    "too-many-bytes": "limit",
    "no-branch": "missing",
    "no-commit": "missing",
    "no-folder": "missing",
    "folder-empty": "missing",
    "file-not-folder": "content",
    "too-deep": "content",
    "submodule": "content",
    "link": "content",
    "lfs-pointer": "content",
    "tag-taken": "content",
    "tag-refused": "content",
    "protocol": "broken",
    "status": "broken",
    "no-connection": "broken",
    "connection-broke": "broken",
    "unreadable": "broken",
}
"""Code -> kind: whether the address, the access, the server's key, a limit or the content is at fault."""
LONGEST_VALUE = 200


class RepositoryError(Exception):
    """The repository cannot be read, or holds what is not taken.

    `code` is one of `KINDS`; `values` are what the code's sentence names, short texts without a secret.
    """

    def __init__(self, code: str, **values: str | int) -> None:
        self.code = code if code in KINDS else "unreadable"
        self.values = {name: str(value)[:LONGEST_VALUE] for name, value in values.items()}
        super().__init__(" ".join([self.code, *self.values.values()]))

    @property
    def kind(self) -> str:
        return KINDS[self.code]
