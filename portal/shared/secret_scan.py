"""Secrets that people paste into comments: found and taken out before the text is stored anywhere.

Only what is a secret beyond reasonable doubt: a comment about authentication must stay readable.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import re2

MASK = "[secret removed]"

# (what it is, pattern). Group 1, where there is one, is kept; the rest of the match is masked.
_PATTERNS: tuple[tuple[str, Any], ...] = tuple(
    (name, re2.compile(pattern))
    for name, pattern in (
        (
            "private key",
            (
                r"(?s)-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----.*?"
                r"(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|\z)"
            ),
        ),
        (
            "signed address",
            r"""(?i)([?&](?:sig|signature|x-amz-signature|x-goog-signature|x-amz-security-token|access_token|api_?key|token|code)=)[^&#\s"'<>)\]]{8,}""",
        ),
        (
            "password in an address",
            r"""(?i)\b([a-z][a-z0-9+.-]{1,15}://[^\s/:@"'<>]{1,100}:)[^\s/@"'<>]{3,}@""",
        ),
        ("bearer token", r"(?i)\b((?:bearer|token)\s+)[a-z0-9._~+/=-]{20,}"),
        ("basic credentials", r"(?i)\b(authorization:?\s*basic\s+)[a-z0-9+/=]{8,}"),
        ("signed token", r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*"),
        (
            "access token",
            (
                r"\b(?:ccp_[A-Za-z0-9_-]{20,}|gh[opsur]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}"
                r"|xox[abprs]-[A-Za-z0-9-]{10,}|AKIA[0-9A-Z]{16}|[sr]k_live_[A-Za-z0-9]{16,}"
                r"|AIza[0-9A-Za-z_-]{35})"
            ),
        ),
    )
)
_ASSIGNMENT = re2.compile(
    r"""(?i)((?:account_?key|shared_?access_?key|client_?secret|secret_?key|api_?key|password|passwd|pwd|secret)["']?\s*[:=]\s*["'`]?)([^\s"'`<>&;,]{8,})"""
)


@dataclass(frozen=True, slots=True)
class Scan:
    """`text` without its secrets, and how many were taken out."""

    text: str
    count: int


def mask_secrets(text: str) -> Scan:
    """Replace signed addresses, tokens, keys and passwords by a mark."""
    count = 0
    for _, pattern in _PATTERNS:
        text, found = pattern.subn(_masked, text)
        count += found
    masked: list[str] = []

    def assigned(match: Any) -> str:
        if not _looks_random(match.group(2)):
            return str(match.group(0))
        masked.append("")
        return f"{match.group(1)}{MASK}"

    return Scan(_ASSIGNMENT.sub(assigned, text), count + len(masked))


def _masked(match: Any) -> str:
    kept = match.group(1) if match.re.groups else ""
    return f"{kept}{MASK}"


_LONG = 16


def _looks_random(value: str) -> bool:
    """Digits and letters together, as in `password: S3cr3tValue` and not in `password: securestring`; or a
    long text with capitals all over it, as no name such as `clientSecretOfTheApp` has them.
    """
    if MASK in value or not any(char.isalpha() for char in value):
        return False
    if any(char.isdigit() for char in value):
        return True
    capitals = sum(char.isupper() for char in value)
    turns = sum(one.isupper() != other.isupper() for one, other in itertools.pairwise(value))
    return len(value) >= _LONG and 10 * capitals >= 3 * len(value) and 3 * turns >= len(value)
