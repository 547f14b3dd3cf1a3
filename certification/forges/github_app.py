"""Signing in as a GitHub App: a short-lived statement under the app's key buys a token of one installation.

Tokens last an hour. They stay in this process's memory until shortly before they end, and nowhere else.
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

BACK_SECONDS, LASTING_SECONDS = 60, 540
"""Begun a minute ago, for clocks that differ; GitHub takes nothing that lasts longer than ten minutes."""
LEAST_BITS = 2048
_SPARE_SECONDS = 300.0
_MOST_KEPT = 500


@dataclass(frozen=True, slots=True)
class AppKey:
    """An app's numbers and its private key (PEM, RSA)."""

    app_id: str
    installation_id: int
    private_key: str = field(repr=False)

    def statement(self, now: float) -> str:
        """A JWT (RS256) by which the app says who it is. `now` in seconds."""
        claims = {
            "iat": int(now) - BACK_SECONDS,
            "exp": int(now) - BACK_SECONDS + LASTING_SECONDS,
            "iss": self.app_id,
        }
        return jwt.encode(claims, self.private_key, algorithm="RS256")


class KeyUnusable(ValueError):
    """The text is no private RSA key that may be used. Nothing of it is in the message."""


def checked_key(text: str) -> str:
    """The key as PEM with a final line break. Raises `KeyUnusable` with a sentence."""
    pem = text.replace("\r\n", "\n").strip() + "\n"
    try:
        key = load_pem_private_key(pem.encode(), None)
    except TypeError:
        raise KeyUnusable("The key has a passphrase: give it without one.") from None
    except ValueError:
        raise KeyUnusable("This is no private key in PEM, as GitHub gives it.") from None
    if not isinstance(key, RSAPrivateKey):
        raise KeyUnusable("GitHub's apps have RSA keys, and this is another kind.")
    if key.key_size < LEAST_BITS:
        raise KeyUnusable("The key is too short.")
    return pem


_Made = tuple[str, float]
_kept: dict[str, _Made] = {}
_lock = threading.Lock()


def token_for(api_url: str, app: AppKey, make: Callable[[], _Made], *, anew: bool = False) -> str:
    """The installation's token: the one that is kept, or what `make` gives (token, end in seconds). `anew`:
    the one that is kept was refused."""
    place = _place(api_url, app)
    with _lock:
        known = None if anew else _kept.get(place)
    if known is not None and known[1] - _SPARE_SECONDS > time.time():
        return known[0]
    made = make()
    with _lock:
        if len(_kept) >= _MOST_KEPT:
            _kept.clear()
        _kept[place] = made
    return made[0]


def _place(api_url: str, app: AppKey) -> str:
    """Another key is another place: a token bought by one is never given to whoever has another."""
    told = json.dumps([api_url, app.app_id, app.installation_id, app.private_key])
    return hashlib.sha256(told.encode()).hexdigest()


def forget_all() -> None:
    """As a new process begins."""
    with _lock:
        _kept.clear()
