"""Receipts: who checked which package by which rules, with what verdict, in a form that can be signed.

receipt = receipt_for(report)
signed = sign(receipt, private_key)
verify(signed, package, public_key)

A receipt is plain data. Signed is its canonical form without the signature: JSON in UTF-8 with sorted members
and no blanks, which holds no fractions, so that every program writes the same bytes.

`verdict` and `counts` are always what the rules say, so that every machine can check them. Where the portal
that made the receipt treats rules otherwise, `treatment` says so beside them.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from certification.rules.findings import Report, count_by_severity
from certification.rules.version import RULES_VERSION, rules_digest
from connectors.definitions import Package

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

FORMAT = "connector-receipt/1"
ALGORITHM = "Ed25519"
_MEMBERS: Mapping[str, type] = {
    "format": str, "package": dict, "rules": dict, "profile": dict, "baseline": str, "verdict": str,
    "counts": dict, "time": str, "tool": str,
}  # fmt: skip


def receipt_for(
    report: Report,
    *,
    time: datetime | None = None,
    tool: str = "connector-rules",
    baseline: str = "",
    treatment: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The receipt of a report over all rules, made by the installed ones. `baseline` is the digest of the
    previous version that it was compared with, `treatment` what a portal made of the findings: `revision`,
    `rules` (rule to how it is treated), `verdict` and `counts`. Raises ValueError for a report without
    digest: a refused package has no content that a receipt could be about.
    """
    if not report.digest:
        raise ValueError("a refused package has no receipt")
    moment = (time or datetime.now(UTC)).astimezone(UTC).replace(microsecond=0)
    receipt = {
        "format": FORMAT,
        "package": {"name": report.package, "sha256": report.digest},
        "rules": {"version": report.rules_version, "sha256": rules_digest()},
        "profile": report.profile.to_dict(),
        "baseline": baseline,
        "verdict": report.verdict,
        "counts": count_by_severity(report.findings),
        "time": moment.isoformat().replace("+00:00", "Z"),
        "tool": tool,
    }
    return {**receipt, "treatment": dict(treatment)} if treatment else receipt


def canonical(receipt: Mapping[str, Any]) -> bytes:
    """The one way to write a receipt."""
    return json.dumps(receipt, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def sign(receipt: Mapping[str, Any], private_key: Ed25519PrivateKey) -> dict[str, Any]:
    """The receipt with a signature in the place of any that it had."""
    public = public_bytes(private_key.public_key())
    signature = private_key.sign(_signed_part(receipt))
    return {
        **receipt,
        "signature": {
            "algorithm": ALGORITHM,
            "public_key": base64.b64encode(public).decode(),
            "value": base64.b64encode(signature).decode(),
        },
    }


@dataclass(frozen=True, slots=True)
class Verification:
    """What a receipt is worth.

    `is_signed` says that it carries a signature, `is_genuine` that the signature fits, `key` whose it is
    (fingerprint), and `is_trusted` that it is the expected key, None when none was expected.
    """

    is_of_package: bool
    is_signed: bool
    is_genuine: bool
    is_trusted: bool | None
    key: str
    is_of_these_rules: bool
    verdict: str

    @property
    def holds(self) -> bool:
        """The receipt is about this package, and nobody has changed it as far as that can be told."""
        return self.is_of_package and self.is_genuine is self.is_signed and self.is_trusted is not False


def verify(
    receipt: Mapping[str, Any], package: Package, public_key: Ed25519PublicKey | None = None
) -> Verification:
    """Compare a receipt with a package, with the installed rules and, if one is given, with the key that it
    must be signed with. Raises ValueError when it is no receipt.
    """
    return verify_digest(receipt, "" if package.is_refused else package.digest, public_key)


def verify_digest(
    receipt: Mapping[str, Any], digest: str, public_key: Ed25519PublicKey | None = None
) -> Verification:
    """The same for a package that is known by its digest; empty for one that was refused."""
    check_form(receipt)
    key, is_genuine = _signer(receipt)
    expected = fingerprint(public_key) if public_key else None
    return Verification(
        is_of_package=bool(digest) and digest == receipt["package"].get("sha256"),
        is_signed="signature" in receipt,
        is_genuine=is_genuine,
        is_trusted=None if expected is None else is_genuine and key == expected,
        key=key,
        is_of_these_rules=receipt["rules"] == {"version": RULES_VERSION, "sha256": rules_digest()},
        verdict=receipt["verdict"],
    )


def check_form(receipt: Any) -> None:
    """ValueError when this is no receipt of the known format."""
    if not isinstance(receipt, Mapping) or receipt.get("format") != FORMAT:
        raise ValueError(f"no receipt of the format {FORMAT}")
    if any(not isinstance(receipt.get(name), kind) for name, kind in _MEMBERS.items()):
        raise ValueError("members of the receipt are missing")
    if receipt["verdict"] not in ("pass", "fail"):
        raise ValueError("the receipt has no verdict")
    if receipt.keys() - _MEMBERS.keys() - {"signature", "treatment"}:
        raise ValueError("the receipt has unknown members")
    if "treatment" in receipt:
        _check_treatment(receipt["treatment"])


def _check_treatment(treatment: Any) -> None:
    expected = {"revision": str, "rules": dict, "verdict": str, "counts": dict}
    if not isinstance(treatment, Mapping) or treatment.keys() != expected.keys():
        raise ValueError("the treatment of rules in the receipt is not complete")
    if any(not isinstance(treatment[name], kind) for name, kind in expected.items()):
        raise ValueError("the treatment of rules in the receipt is not complete")


def fingerprint(key: Ed25519PublicKey) -> str:
    """The name of a public key: the SHA-256 of its 32 bytes."""
    return hashlib.sha256(public_bytes(key)).hexdigest()


def public_bytes(key: Ed25519PublicKey) -> bytes:
    """The 32 bytes of a public key."""
    return key.public_bytes_raw()


def private_key_from(pem: bytes) -> Ed25519PrivateKey:
    """The Ed25519 key of an unencrypted PEM file. Raises ValueError."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(pem, password=None)
    except Exception as error:
        raise ValueError("no unencrypted private key in PEM form") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError("the key is not an Ed25519 key")
    return key


def public_key_from(pem: bytes) -> Ed25519PublicKey:
    """The Ed25519 public key of a PEM file. Raises ValueError."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        key = load_pem_public_key(pem)
    except Exception as error:
        raise ValueError("no public key in PEM form") from error
    if not isinstance(key, Ed25519PublicKey):
        raise ValueError("the key is not an Ed25519 key")
    return key


def _signed_part(receipt: Mapping[str, Any]) -> bytes:
    return canonical({name: value for name, value in receipt.items() if name != "signature"})


def _signer(receipt: Mapping[str, Any]) -> tuple[str, bool]:
    """The fingerprint of the key that a receipt names, and whether its signature fits that key."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    signature = receipt.get("signature")
    if not isinstance(signature, Mapping) or signature.get("algorithm") != ALGORITHM:
        return "", False
    try:
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(signature["public_key"], validate=True))
        key.verify(base64.b64decode(signature["value"], validate=True), _signed_part(receipt))
    except (KeyError, TypeError, ValueError, binascii.Error):
        return "", False
    except InvalidSignature:
        return fingerprint(key), False
    return fingerprint(key), True
