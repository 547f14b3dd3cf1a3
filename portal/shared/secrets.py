"""Secrets at rest (Fernet, rotating keys) and in memory (masked wherever they might be printed)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Never

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import models


class Secret:
    """A string that only `reveal()` gives away: printing, formatting, JSON and pickling do not."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __repr__(self) -> str:
        return "Secret(***)"

    def __str__(self) -> str:
        return "***"

    def __reduce__(self) -> Never:
        raise TypeError("A Secret is not serialised: pass the id of the row that holds it.")


def key_id(key: str) -> str:
    """The public name of an encryption key: the first 8 hex digits of its SHA-256."""
    return hashlib.sha256(key.encode()).hexdigest()[:8]


@lru_cache(maxsize=8)
def _keyring(keys: tuple[str, ...]) -> dict[str, Fernet]:
    try:
        return {key_id(key): Fernet(key.encode()) for key in keys}
    except ValueError as error:
        raise ImproperlyConfigured(
            "FIELD_ENCRYPTION_KEYS must hold Fernet keys (32 bytes, url-safe base64), comma separated."
        ) from error


def keyring() -> dict[str, Fernet]:
    """Key id -> cipher, newest first."""
    ring = _keyring(tuple(settings.FIELD_ENCRYPTION_KEYS))
    if not ring:
        raise ImproperlyConfigured("FIELD_ENCRYPTION_KEYS is empty: give at least one Fernet key.")
    return ring


def encrypt(plain: str) -> str:
    """`<key id>:<token>` under the newest key."""
    name, cipher = next(iter(keyring().items()))
    return f"{name}:{cipher.encrypt(plain.encode()).decode()}"


def decrypt(stored: str) -> str:
    """The plain text. Raises `LookupError` when the key that wrote it is not configured any more."""
    name, _, token = stored.partition(":")
    cipher = keyring().get(name)
    if cipher is None:
        raise LookupError(
            f"Encryption key {name} is not in FIELD_ENCRYPTION_KEYS: add it again, then rotate_secrets."
        )
    try:
        return cipher.decrypt(token.encode()).decode()
    except InvalidToken as error:
        raise LookupError(f"A value under encryption key {name} does not decrypt: it was altered.") from error


def fingerprint(token: str) -> str:
    """SHA-256 hex of a random token: what is stored instead of it. Not for passwords."""
    return hashlib.sha256(token.encode()).hexdigest()


if TYPE_CHECKING:
    # None, where the column allows it, is told by `Any`: the stubs know no other way.
    _SecretsField = models.Field[Mapping[str, "Secret | str"] | None, Any]
else:
    _SecretsField = models.TextField


class EncryptedJSONField(_SecretsField):
    """A flat mapping name -> `Secret`, stored encrypted. It cannot be searched, by design."""

    def get_prep_value(self, value: Any) -> str | None:
        if value is None:
            return None
        plain = {name: item.reveal() if isinstance(item, Secret) else item for name, item in value.items()}
        return encrypt(json.dumps(plain))

    def from_db_value(self, value: str | None, *_: object) -> dict[str, Secret] | None:
        if value is None:
            return None
        return {name: Secret(item) for name, item in json.loads(decrypt(value)).items()}

    def to_python(self, value: Any) -> Any:
        return value

    def value_to_string(self, obj: models.Model) -> str:
        raise TypeError("Encrypted fields are not exported.")
