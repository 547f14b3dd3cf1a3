"""Certificates of certified versions: in-toto statements in a DSSE envelope, signed with Ed25519.

envelope = seal(statement(certificate), private_key)
opened(envelope, public_key, package=...)   # the certificate, or raises CertificateInvalid

Plain Python: whoever holds a certificate and the portal's public key verifies it without the portal.
"""

from certification.attestation.envelope import CertificateInvalid, opened, seal
from certification.attestation.statement import PREDICATE_TYPE, STATEMENT_TYPE, statement

__all__ = ["PREDICATE_TYPE", "STATEMENT_TYPE", "CertificateInvalid", "opened", "seal", "statement"]
