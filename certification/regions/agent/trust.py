"""Which packages a region lets in: those with a certificate that a key it knows has signed.

Everything happens here, offline: the keys came with the agent's settings, never over the wire.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from certification.attestation import CertificateInvalid, opened
from certification.attestation.envelope import UnknownSigner, key_id
from certification.regions.agent.durable import write

_PEM = re.compile("-----BEGIN PUBLIC KEY-----.+?-----END PUBLIC KEY-----", re.DOTALL)
_SHOWN_CHARACTERS = 12
_ASKING = "This region takes certified packages only. Send the certificate: PUT certificates/{digest}."


def public_keys(text: str) -> tuple[Ed25519PublicKey, ...]:
    """The Ed25519 keys of a PEM text: today's, and those that signed what may come. Raises ValueError."""
    keys = tuple(_key(found.group()) for found in _PEM.finditer(text))
    if not keys:
        raise ValueError("Give the portal's public keys as PEM: /rules/receipt-key.pem of the portal.")
    return keys


def _key(pem: str) -> Ed25519PublicKey:
    key = load_pem_public_key(pem.encode())
    if not isinstance(key, Ed25519PublicKey):
        raise ValueError("A key for certificates is not an Ed25519 key.")
    return key


class Trust:
    """Certificates `<sha256 of the package>.json` in one directory, verified again whenever they count."""

    def __init__(self, keys: Sequence[Ed25519PublicKey], directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._keys, self._directory = tuple(keys), directory

    def keep(self, digest: str, content: bytes) -> str:
        """Store the certificate of a package; returns why it does not hold, and then stores nothing."""
        try:
            self._opened(digest, content)
        except CertificateInvalid as fault:
            return str(fault)
        write(self._directory / f"{digest}.json", content)
        return ""

    def fault_of(self, digest: str, connector: str) -> str:
        """Why the package may not be deployed as this connector, or nothing."""
        try:
            content = (self._directory / f"{digest}.json").read_bytes()
        except OSError:
            return _ASKING
        try:
            found = self._opened(digest, content)
        except CertificateInvalid as fault:
            return f"The certificate held here does not hold any more: {fault}."
        certified = found["predicate"].get("connector")
        slug = certified.get("slug") if isinstance(certified, dict) else None
        return "" if slug == connector else f"The package is certified as {slug}, and not as {connector}."

    def _opened(self, digest: str, content: bytes) -> dict[str, Any]:
        try:
            envelope = json.loads(content)
        except (ValueError, RecursionError):
            raise CertificateInvalid("it is no JSON document") from None
        for key in self._keys:
            try:
                return opened(envelope, key, digest=digest)
            except UnknownSigner:
                continue
        known = ", ".join(key_id(key)[:_SHOWN_CHARACTERS] for key in self._keys)
        raise CertificateInvalid(f"no key known here ({known}) has signed it")
