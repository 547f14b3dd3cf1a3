"""Keeps secrets out of what is shown and stored: of the request, and of answers that reflect it."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

MASK = "••••••"
SHORTEST = 4


class Mask:
    """Replaces every known form of the secrets it was told: plain, percent-encoded, base64, hex, in JSON."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._forms: set[str] = set()
        for secret in secrets:
            self.add(secret)

    def add(self, secret: str) -> None:
        """Learn a secret. What is shorter than `SHORTEST` would blot out every second word: see `Caller`."""
        if len(secret) < SHORTEST:
            return
        raw = secret.encode()
        encoded = base64.b64encode(raw).decode()
        forms = {secret, quote(secret, safe=""), quote_plus(secret), quote(secret), raw.hex(), encoded}
        forms |= {encoded.rstrip("="), encoded.translate(str.maketrans("+/", "-_"))}
        forms |= {json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
        forms |= {quote(encoded, safe="")}
        self._forms |= {form for form in forms if len(form) >= SHORTEST}

    def __call__(self, text: str) -> str:
        # Longest first, so that a short secret inside a long one leaves no rest of it.
        for form in sorted(self._forms, key=len, reverse=True):
            if form in text:
                text = text.replace(form, MASK)
        return text

    def header(self, name: str, value: str) -> str:
        """A header as it is shown: of credentials only the scheme remains."""
        if name.lower() in ("authorization", "proxy-authorization"):
            scheme, blank, _ = value.partition(" ")
            return f"{self(scheme)} {MASK}" if blank else MASK
        if name.lower() in ("cookie", "set-cookie"):
            return MASK
        return self(value)

    def __repr__(self) -> str:
        return f"Mask({len(self._forms)} forms)"
