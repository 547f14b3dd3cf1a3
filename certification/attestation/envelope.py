"""The envelope: DSSE (https://github.com/secure-systems-lab/dsse), so that what is signed is what is read."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from certification.attestation.statement import fault_of

PAYLOAD_TYPE = "application/vnd.in-toto+json"


class CertificateInvalid(ValueError):
    """The certificate does not hold; the message says why, in words for whoever verifies it."""


class UnknownSigner(CertificateInvalid):
    """Nothing in the envelope was signed by the key that was asked; another key may have."""


def key_id(key: Ed25519PublicKey) -> str:
    """SHA-256 hex of the public key's 32 bytes."""
    return hashlib.sha256(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).hexdigest()


def seal(statement: Mapping[str, Any], key: Ed25519PrivateKey) -> dict[str, Any]:
    """The signed envelope of a statement."""
    text = json.dumps(statement, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    signature = key.sign(_signed_bytes(PAYLOAD_TYPE, text))
    return {
        "payloadType": PAYLOAD_TYPE,
        "payload": base64.b64encode(text).decode(),
        "signatures": [{"keyid": key_id(key.public_key()), "sig": base64.b64encode(signature).decode()}],
    }


def opened(envelope: Any, key: Ed25519PublicKey, *, digest: str = "") -> dict[str, Any]:
    """The statement, once its signature fits the key and, where `digest` is given, its package.

    Raises CertificateInvalid. Only what was signed is parsed.
    """
    text = _payload(envelope)
    signatures = envelope.get("signatures")
    if not isinstance(signatures, list) or not any(_fits(each, key, text) for each in signatures):
        raise UnknownSigner("no signature fits this key: it is another portal's, or was changed")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise CertificateInvalid("what was signed is no JSON") from None
    if fault := fault_of(found):
        raise CertificateInvalid(fault)
    certified = found["subject"][0]["digest"]["sha256"]
    if digest and digest != certified:
        raise CertificateInvalid(f"it certifies the package {certified[:12]}, and this one is {digest[:12]}")
    return dict(found)


def _payload(envelope: Any) -> bytes:
    if not isinstance(envelope, dict) or envelope.get("payloadType") != PAYLOAD_TYPE:
        raise CertificateInvalid("it is no envelope of an in-toto statement")
    return _decoded(envelope.get("payload"))


def _decoded(text: Any) -> bytes:
    try:
        return base64.b64decode(str(text), validate=True)
    except (ValueError, binascii.Error):
        raise CertificateInvalid("it holds something that is no base64") from None


def _fits(signature: Any, key: Ed25519PublicKey, text: bytes) -> bool:
    if not isinstance(signature, dict):
        return False
    try:
        key.verify(_decoded(signature.get("sig")), _signed_bytes(PAYLOAD_TYPE, text))
    except (InvalidSignature, CertificateInvalid):
        return False
    return True


def _signed_bytes(kind: str, text: bytes) -> bytes:
    """DSSE's pre-authentication encoding: type and text with their lengths, so that neither can be moved."""
    return b" ".join([b"DSSEv1", str(len(kind)).encode(), kind.encode(), str(len(text)).encode(), text])
