"""Sign-ins on this machine: one file that only its owner can read."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from portal.certport import private_files
from portal.certport.problems import CommandFailed, Exit


@dataclass(frozen=True, slots=True)
class SignIn:
    """`expires_at` is ISO 8601 in UTC."""

    token: str
    email: str
    expires_at: str

    def __repr__(self) -> str:
        return f"SignIn({self.email})"


def path() -> Path:
    """CERTPORT_HOME, else the configuration folder of the system."""
    home = os.environ.get("CERTPORT_HOME")
    if home:
        return Path(home) / "credentials.json"
    base = os.environ.get("APPDATA" if os.name == "nt" else "XDG_CONFIG_HOME", "")
    return (Path(base) if base else Path.home() / ".config") / "certport" / "credentials.json"


def find(url: str) -> SignIn | None:
    """The sign-in to exactly this address: another one never gets its token."""
    found = _load()["portals"].get(url)
    return SignIn(**found) if found else None


def last_url() -> str:
    return str(_load()["last"])


def keep(url: str, sign_in: SignIn) -> None:
    content = _load()
    content["portals"][url] = asdict(sign_in)
    content["last"] = url
    private_files.write(path(), content)


def forget(url: str) -> None:
    content = _load()
    content["portals"].pop(url, None)
    if content["last"] == url:
        content["last"] = next(iter(content["portals"]), "")
    private_files.write(path(), content)


def _load() -> dict[str, Any]:
    file = path()
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        return {"last": str(content["last"]), "portals": dict(content["portals"])}
    except FileNotFoundError:
        return {"last": "", "portals": {}}
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise CommandFailed(f"{file} cannot be read: delete it and sign in again.", Exit.USAGE) from error
