"""The statement: which package is certified, by which rules and people, and where it is live."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
"""https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md"""
PREDICATE_TYPE = "urn:connector-certification:certificate:v1"


def statement(name: str, digest: str, certificate: Mapping[str, Any]) -> dict[str, Any]:
    """A statement about one package. `digest` is the SHA-256 hex of its canonical bytes, `certificate` plain
    JSON."""
    return {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": name, "digest": {"sha256": digest}}],
        "predicateType": PREDICATE_TYPE,
        "predicate": dict(certificate),
    }


def fault_of(found: Any) -> str:
    """What keeps plain data from being a statement of ours, or nothing."""
    if not isinstance(found, dict) or found.get("_type") != STATEMENT_TYPE:
        return "it is no in-toto statement"
    if found.get("predicateType") != PREDICATE_TYPE or not isinstance(found.get("predicate"), dict):
        return "it is a statement, and no certificate of a connector"
    subjects = found.get("subject")
    if not isinstance(subjects, list) or len(subjects) != 1 or not isinstance(subjects[0], dict):
        return "it does not name exactly one package"
    digest = subjects[0].get("digest")
    if not isinstance(digest, dict) or not isinstance(digest.get("sha256"), str):
        return "it does not name the package's SHA-256"
    return ""
