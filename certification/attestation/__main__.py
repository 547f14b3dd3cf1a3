"""Verify a certificate offline: `python -m certification.attestation FILE --key KEY [--package ZIP]`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from certification.attestation import CertificateInvalid, opened
from connectors.definitions import read_path

HOLDS, DOES_NOT_HOLD, UNUSABLE = 0, 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit codes: 0 it holds, 1 it does not, 2 a file cannot be used."""
    parser = argparse.ArgumentParser(prog="certification.attestation", description=__doc__)
    parser.add_argument("certificate", type=Path, help="the JSON file from the portal")
    parser.add_argument("--key", type=Path, required=True, help="the portal's public key, as PEM")
    parser.add_argument("--package", type=Path, help="the package that it is to be about: a zip or a folder")
    asked = parser.parse_args(arguments)
    try:
        key, envelope = _key(asked.key), json.loads(asked.certificate.read_text(encoding="utf-8"))
        digest = _digest(asked.package) if asked.package else ""
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return UNUSABLE
    try:
        found = opened(envelope, key, digest=digest)
    except CertificateInvalid as error:
        sys.stdout.write(f"the certificate does not hold: {error}\n")
        return DOES_NOT_HOLD
    sys.stdout.write("".join(f"{line}\n" for line in _lines(found)))
    return HOLDS


def _key(path: Path) -> Ed25519PublicKey:
    key = load_pem_public_key(path.read_bytes())
    if not isinstance(key, Ed25519PublicKey):
        raise ValueError(f"{path}: no Ed25519 key")
    return key


def _digest(path: Path) -> str:
    package = read_path(path)
    if package.is_refused:
        raise ValueError(f"{path}: this package cannot be read")
    return package.digest


def _lines(statement: dict[str, Any]) -> list[str]:
    (subject,), about = statement["subject"], statement["predicate"]
    regions, rules = about.get("regions", []), about.get("rules", {})
    lines = [
        f"package    {subject['name']}, {subject['digest']['sha256']}",
        f"certified  {about.get('issued_at')} by {about.get('portal')} ({about.get('kind')})",
        f"rules      {rules.get('version')}, verdict {rules.get('verdict')}",
        f"reviewed   by {', '.join(each['reviewer'] for each in about.get('decisions', [])) or 'nobody'}",
    ]
    if regions:
        lines.append(f"live in    {', '.join(each['region'] for each in regions)}")
    return [_printable(line) for line in [*lines, "the certificate holds"]]


def _printable(text: str) -> str:
    """Names come from others: no control characters reach the terminal."""
    return "".join(character if character.isprintable() else "?" for character in text)


if __name__ == "__main__":
    sys.exit(main())
