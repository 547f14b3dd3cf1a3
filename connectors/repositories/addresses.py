"""Addresses of Git repositories: https, ssh and, where it is allowed, file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from connectors.repositories.errors import RepositoryError

_SCP = re.compile(r"(?P<user>[A-Za-z0-9._-]+)@(?P<host>[A-Za-z0-9.-]+):(?P<path>[^:].*)\Z")
_REF = re.compile(r"(?!.*(?:\.\.|//|@\{|\.lock(?:/|\Z)))[A-Za-z0-9_][A-Za-z0-9._/+-]{0,199}(?<![/.])\Z")
_UNFIT = re.compile(r"[^A-Za-z0-9._+-]+|\.\.+")
_PARTS = re.compile(r"[^/\0\\]{1,120}\Z")
_PORTS = {"https": 443, "ssh": 22, "file": 0}
LONGEST = 500
_PULLS = "refs/pull/"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a repository is. `path` begins with a slash, except below an account's home (ssh)."""

    scheme: str
    host: str
    port: int
    path: str
    user: str = ""

    @classmethod
    def parse(cls, text: str) -> Address:
        """Raises `RepositoryError` for anything but https://, ssh://, user@host:path and file:///."""
        text = text.strip()
        if len(text) > LONGEST or any(ord(letter) < 33 or ord(letter) > 126 for letter in text):
            raise RepositoryError("address-characters")
        short = _SCP.match(text)
        if short:
            return cls("ssh", short["host"].lower(), 22, short["path"], short["user"])
        try:
            parts = urlsplit(text)
            port = parts.port
        except ValueError:
            raise RepositoryError("address-unreadable") from None
        if parts.scheme not in _PORTS:
            raise RepositoryError("address-scheme")
        if parts.query or parts.fragment or parts.password is not None:
            raise RepositoryError("address-secret")
        if parts.username and parts.scheme != "ssh":
            raise RepositoryError("address-user")
        if (parts.scheme != "file" and not parts.hostname) or len(parts.path) < 2:
            raise RepositoryError("address-incomplete")
        return cls(
            parts.scheme,
            (parts.hostname or "").lower(),
            port or _PORTS[parts.scheme],
            unquote(parts.path) if parts.scheme != "https" else parts.path,
            parts.username or ("git" if parts.scheme == "ssh" else ""),
        )

    @property
    def text(self) -> str:
        """One spelling for one repository."""
        port = "" if self.port == _PORTS[self.scheme] else f":{self.port}"
        user = f"{self.user}@" if self.user else ""
        path = self.path if self.path.startswith("/") else f"/~/{self.path}"
        return f"{self.scheme}://{user}{self.host}{port}{path.rstrip('/')}"

    @property
    def name(self) -> str:
        """`owner/name`, or what comes nearest to it."""
        return "/".join(self.path.strip("/").removesuffix(".git").split("/")[-2:])


def checked_branch(text: str) -> str:
    """A branch's name without refs/heads/. Raises `RepositoryError`."""
    name = text.strip().removeprefix("refs/heads/")
    if not _REF.match(name):
        raise RepositoryError("branch-name")
    return name


def checked_folder(text: str) -> str:
    """A folder relative to the root, without slashes around it; empty for the root. Raises
    `RepositoryError`."""
    folder = text.strip().strip("/")
    parts = folder.split("/") if folder else []
    if any(part in {".", "..", ".git"} or not _PARTS.match(part) for part in parts) or len(parts) > 12:
        raise RepositoryError("folder-name")
    return folder


def tag_name(*parts: str) -> str:
    """A name below refs/tags/ from parts such as a connector and a version, each fit for Git."""
    return "/".join(_UNFIT.sub("-", part).strip(".-").removesuffix(".lock") or "x" for part in parts)


def pull_number(ref: str) -> int:
    """12 for refs/pull/12/head, 0 for anything else."""
    number = ref.removeprefix(_PULLS).removesuffix("/head")
    is_pull = ref.startswith(_PULLS) and ref.endswith("/head") and number.isascii() and number.isdigit()
    return int(number) if is_pull and len(number) < 10 else 0
