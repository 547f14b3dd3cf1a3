"""Secrets of a trial, made once and kept in files only their owner can read."""

from __future__ import annotations

import base64
import os
import secrets
from collections.abc import Callable
from pathlib import Path

from portal.embedded.errors import EmbeddedServicesUnavailable


def _fernet_key() -> str:
    return base64.urlsafe_b64encode(os.urandom(32)).decode()


def _token() -> str:
    return secrets.token_urlsafe(48)


# Environment variable -> how its value is made the first time.
GENERATED: dict[str, Callable[[], str]] = {"SECRET_KEY": _token, "FIELD_ENCRYPTION_KEYS": _fernet_key}


def trial_secrets(var: Path) -> dict[str, str]:
    """Values for GENERATED, each from the environment if set there, else from `var/secrets`."""
    return {name: os.environ.get(name) or kept_secret(var, name, make) for name, make in GENERATED.items()}


def kept_secret(var: Path, name: str, make: Callable[[], str] = _token) -> str:
    """The secret `name` below `var/secrets`, made and fsynced before its first use.

    Losing a key that has encrypted something would lose the data, hence the fsync and the rename.
    """
    directory = var / "secrets"
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    directory.chmod(0o700)
    path = directory / name.lower()
    if not path.exists():
        unfinished = path.with_suffix(".new")
        unfinished.unlink(missing_ok=True)
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(make())
            file.flush()
            os.fsync(file.fileno())
        unfinished.rename(path)
    value = path.read_text().strip()
    if not value:
        raise EmbeddedServicesUnavailable(
            f"{path} is empty; restore it from your backup or start with a new var/."
        )
    return value
