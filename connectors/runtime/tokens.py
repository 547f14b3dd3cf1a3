"""Access tokens of OAuth 2.0 clients: fetched with the client's own credentials, kept until they run out."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode

from connectors.runtime.connection import Connection
from connectors.runtime.egress import Egress, Incoming, Outgoing
from connectors.runtime.errors import CallImpossible, SignInRefused
from connectors.runtime.masking import Mask

_MOST = 500
_LEEWAY_SECONDS = 30.0
_DEFAULT_SECONDS = 300.0
_LONGEST_SECONDS = 3600.0
_FORM = "application/x-www-form-urlencoded"


@dataclass(slots=True)
class TokenCache:
    """Tokens in memory only, by a digest of what they were asked with. Shared by threads."""

    now: Callable[[], float] = time.monotonic
    _kept: OrderedDict[str, tuple[str, float]] = field(default_factory=OrderedDict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def get(self, key: str) -> str | None:
        with self._lock:
            token, until = self._kept.get(key, ("", 0.0))
            return token if self.now() < until else None

    def keep(self, key: str, token: str, seconds: float) -> None:
        with self._lock:
            self._kept[key] = (token, self.now() + max(seconds - _LEEWAY_SECONDS, 0))
            self._kept.move_to_end(key)
            while len(self._kept) > _MOST:
                self._kept.popitem(last=False)

    def forget(self, key: str) -> None:
        with self._lock:
            self._kept.pop(key, None)


def cache_key(token_url: str, connection: Connection) -> str:
    parts = [token_url, *(connection.secret(name) for name in ("client_id", "client_secret", "scopes"))]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def token_for(egress: Egress, token_url: str, connection: Connection, cache: TokenCache) -> str:
    """A token for the client. Raises `SignInRefused` with the service's reason when it gives none.

    A token that was handed in with the credential is used as it is: that is the only way for sign-ins that
    need a person and a browser.
    """
    supplied = connection.secret("access_token").strip()
    if supplied:
        return supplied
    if not token_url:
        raise CallImpossible(
            "The definition names no token address: add it to the credential, or store an access token there."
        )
    key = cache_key(token_url, connection)
    kept = cache.get(key)
    if kept is not None:
        return kept
    token, seconds = _fetch(egress, token_url, connection)
    cache.keep(key, token, seconds)
    return token


def _fetch(egress: Egress, token_url: str, connection: Connection) -> tuple[str, float]:
    answer = egress.send(_request(token_url, connection, in_header=True))
    if answer.status in (400, 401):
        # Both ways to name the client are allowed, and services tend to know one of them only.
        answer = egress.send(_request(token_url, connection, in_header=False))
    payload = _payload(answer)
    token = payload.get("access_token")
    if answer.status != 200 or not isinstance(token, str) or not token:
        raise SignInRefused(_refusal(answer, payload, connection))
    return token, _lifetime(payload.get("expires_in"))


def _lifetime(value: object) -> float:
    """Seconds, within reason; services write all sorts of things here."""
    try:
        seconds = float(str(value))
    except ValueError:
        return _DEFAULT_SECONDS
    return min(max(seconds, 0.0), _LONGEST_SECONDS) if seconds == seconds else _DEFAULT_SECONDS


def _request(token_url: str, connection: Connection, *, in_header: bool) -> Outgoing:
    client, secret = connection.secret("client_id").strip(), connection.secret("client_secret").strip()
    form = {"grant_type": "client_credentials"}
    headers = [("Content-Type", _FORM), ("Accept", "application/json")]
    if connection.secret("scopes").strip():
        form["scope"] = connection.secret("scopes").strip()
    if in_header:
        pair = f"{quote(client, safe='')}:{quote(secret, safe='')}".encode()
        headers.append(("Authorization", f"Basic {base64.b64encode(pair).decode()}"))
    else:
        form |= {"client_id": client, "client_secret": secret}
    return Outgoing("POST", token_url, tuple(headers), urlencode(form).encode())


def _payload(answer: Incoming) -> dict[str, object]:
    try:
        payload = json.loads(answer.body)
    except (ValueError, RecursionError):
        return {}
    return payload if isinstance(payload, dict) else {}


def _refusal(answer: Incoming, payload: dict[str, object], connection: Connection) -> str:
    mask = Mask(connection.every_secret())
    reason = payload.get("error_description") or payload.get("error") or ""
    text = mask(" ".join(str(reason).split()))[:200]
    detail = f": {text}" if text else ""
    return f"The sign-in gave no token (status {answer.status}{detail}). Check client id, secret and scopes."
