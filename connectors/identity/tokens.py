"""Signature and times of an ID token (RFC 7519, OpenID Connect Core 3.1.3.7)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

# The kind of key decides, never the token: what it asks for may be another one, or none.
ALGORITHMS: Mapping[str, str] = {"RSA": "RS256", "EC": "ES256"}
LEEWAY_SECONDS = 30
LONGEST_LIFE_SECONDS = 24 * 3600
LONGEST_TEXT = 16 * 1024
_SHORTEST_RSA_BITS = 2048
_REQUIRED = ["iss", "sub", "aud", "exp", "iat", "jti"]


class TokenRefused(ValueError):
    """The token is not believed; the message says why, and holds nothing of it but its claims."""


@dataclass(frozen=True, slots=True)
class Peeked:
    """What an unverified token says of who signed it: enough to fetch keys, not to believe anything."""

    issuer: str
    key_id: str


def peek(text: str) -> Peeked:
    """Issuer and key of a token. Raises TokenRefused for what is none, or is signed in no accepted way."""
    if len(text) > LONGEST_TEXT:
        raise TokenRefused("the ID token is too long")
    try:
        header = jwt.get_unverified_header(text)
        claims = jwt.decode(text, options={"verify_signature": False})
    except (jwt.PyJWTError, ValueError, RecursionError):
        raise TokenRefused("this is no ID token") from None
    if header.get("alg") not in ALGORITHMS.values():
        raise TokenRefused("the ID token is signed with an algorithm other than RS256 and ES256")
    if "crit" in header:
        raise TokenRefused("the ID token asks for an extension that is not known here")
    issuer, key_id = claims.get("iss"), header.get("kid")
    if not isinstance(issuer, str) or not isinstance(key_id, str) or not key_id:
        raise TokenRefused("the ID token names no issuer or no key")
    return Peeked(issuer, key_id)


def usable_keys(document: Any) -> list[dict[str, Any]]:
    """The signing keys of a JWK Set that are of an accepted kind; anything else in it is passed over."""
    rows = document.get("keys") if isinstance(document, dict) else None
    return [row for row in rows if _is_usable(row)] if isinstance(rows, list) else []


def _is_usable(row: Any) -> bool:
    if not isinstance(row, dict) or row.get("kty") not in ALGORITHMS or not isinstance(row.get("kid"), str):
        return False
    algorithm = ALGORITHMS[row["kty"]]
    return bool(row.get("use", "sig") == "sig" and row.get("alg", algorithm) == algorithm)


def verify(text: str, *, keys: Iterable[Mapping[str, Any]], audience: str, issuer: str) -> dict[str, Any]:
    """The claims of a token that one of `keys` signed for `audience`. Raises TokenRefused.

    `keys` are JWKs as `usable_keys` gives them.
    """
    key_id = peek(text).key_id
    found = [key for key in keys if key["kid"] == key_id]
    if len(found) != 1:
        raise TokenRefused("the issuer has no such key")
    algorithm = ALGORITHMS[found[0]["kty"]]
    try:
        claims: dict[str, Any] = jwt.decode(
            text,
            _public_key(found[0], algorithm),
            algorithms=[algorithm],
            audience=audience,
            issuer=issuer,
            leeway=LEEWAY_SECONDS,
            options={"require": _REQUIRED, "strict_aud": True},
        )
    except jwt.PyJWTError as error:
        raise TokenRefused(_reason(error, audience)) from None
    if claims["exp"] - claims["iat"] > LONGEST_LIFE_SECONDS:
        raise TokenRefused("the ID token lives longer than a day")
    if not isinstance(claims["jti"], str) or not claims["jti"]:
        raise TokenRefused("the ID token has no id of its own (jti)")
    return claims


def _public_key(row: Mapping[str, Any], algorithm: str) -> RSAPublicKey | EllipticCurvePublicKey:
    try:
        key = jwt.PyJWK(dict(row), algorithm=algorithm).key
    except (jwt.PyJWTError, ValueError, TypeError):
        raise TokenRefused("the issuer's key cannot be used") from None
    if isinstance(key, RSAPublicKey) and key.key_size >= _SHORTEST_RSA_BITS:
        return key
    if isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1):
        return key
    raise TokenRefused("the issuer's key is too weak")


def _reason(error: jwt.PyJWTError, audience: str) -> str:
    if isinstance(error, jwt.ExpiredSignatureError):
        return "the ID token has expired"
    if isinstance(error, jwt.ImmatureSignatureError):
        return "the ID token is not valid yet: is a clock wrong?"
    if isinstance(error, jwt.InvalidAudienceError):
        return f"the ID token is for somebody else: ask for the audience {audience}"
    if isinstance(error, jwt.MissingRequiredClaimError):
        return f"the ID token lacks the claim {error.claim}"
    if isinstance(error, jwt.InvalidSignatureError):
        return "the ID token's signature is not the issuer's"
    return "the ID token is not valid"
