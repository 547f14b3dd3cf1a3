"""Certificates: verified here, with the portal's public key and nothing of its word."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from certification.attestation import CertificateInvalid, opened
from certification.attestation.envelope import key_id
from connectors.definitions.reading import read_path
from portal.certport.arguments import AsJson, Url
from portal.certport.finding import find_connector, submissions_of
from portal.certport.output import moment, output
from portal.certport.problems import CommandFailed, Exit
from portal.certport.settings import chosen_url, connect
from portal.certport.transport import Transport

KEY_PATH = "/rules/receipt-key.pem"
_LARGEST_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class _Asked:
    """An envelope as it was found; `slug` is the connector it has to be about, if one was named."""

    envelope: Any
    source: str
    slug: str = ""


def verify(
    certificate: Annotated[
        str,
        typer.Argument(
            metavar="[CERTIFICATE]",
            help="The file; or a connector, for its newest certificate.",
            show_default=False,
        ),
    ] = "",
    package: Annotated[
        Path | None, typer.Option(metavar="PATH", help="The package it is to be about: a .zip or a folder.")
    ] = None,
    key: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The portal's public key as PEM; else fetched.")
    ] = None,
    url: Url = "",
    as_json: AsJson = False,
) -> None:
    """Verify a certificate on this machine: signature, content, package. Offline with a file and --key."""
    asked = _from_file(Path(certificate)) if _is_file(certificate) else _from_portal(certificate, url)
    public_key, key_source = _read_key(key) if key else _fetch_key(chosen_url(url))
    digest = _digest(package) if package else ""
    try:
        found = opened(asked.envelope, public_key, digest=digest)
        _check_connector(found, asked.slug)
    except CertificateInvalid as error:
        raise CommandFailed(
            f"The certificate does not hold: {error}.",
            Exit.FINDINGS,
            details=[f"Certificate: {asked.source}", f"Key: {key_source}"],
            data={"code": "certificate-invalid", "holds": False, "key": key_id(public_key)},
        ) from error
    _tell(found, public_key, asked.source, key_source, is_compared=bool(digest))


def _is_file(text: str) -> bool:
    """A name with a folder or an ending is a file even if there is none: a typing error asks no portal."""
    path = Path(text)
    return bool(text) and (path.is_file() or len(path.parts) > 1 or bool(path.suffix))


def _from_file(path: Path) -> _Asked:
    try:
        with path.open("rb") as stream:
            text = stream.read(_LARGEST_BYTES + 1)
        if len(text) > _LARGEST_BYTES:
            raise ValueError("it is too large for a certificate")
        return _Asked(json.loads(text), str(path))
    except (OSError, ValueError, RecursionError) as error:
        said = error.strerror if isinstance(error, OSError) else error
        raise CommandFailed(f"{path} cannot be read: {said}", Exit.USAGE) from error


def _from_portal(slug: str, url: str) -> _Asked:
    """The newest certificate of a connector; of one version the last, which says where it is live."""
    api = connect(url)
    found = find_connector(api, slug)
    for submission in submissions_of(api, found["slug"]):
        rows = api.submissions_certificates_list(submission["id"])
        if rows:
            newest = max(rows, key=lambda row: row["issued_at"])
            return _Asked(newest["envelope"], f"{found['slug']} {newest['version']}", found["slug"])
    raise CommandFailed(f"Nothing of “{found['slug']}” is certified yet.", Exit.NOT_FOUND)


def _read_key(path: Path) -> tuple[Ed25519PublicKey, str]:
    try:
        return _key(path.read_bytes()), str(path)
    except OSError as error:
        raise CommandFailed(f"{path} cannot be read: {error.strerror}", Exit.USAGE) from error
    except ValueError as error:
        raise CommandFailed(f"{path} is no Ed25519 public key in PEM.", Exit.USAGE) from error


def _fetch_key(address: str) -> tuple[Ed25519PublicKey, str]:
    """From the portal that was chosen, never from the one a certificate names."""
    source = f"{address}{KEY_PATH}"
    transport = Transport(address)
    try:
        return _key(transport.read_text(KEY_PATH).encode()), source
    except ValueError as error:
        raise CommandFailed(f"{source} is no Ed25519 public key.", Exit.SERVER) from error
    finally:
        transport.close()


def _key(pem: bytes) -> Ed25519PublicKey:
    key = load_pem_public_key(pem)
    if not isinstance(key, Ed25519PublicKey):
        raise ValueError("no Ed25519 key")
    return key


def _digest(path: Path) -> str:
    try:
        read = read_path(path)
    except OSError as error:
        raise CommandFailed(f"{path} cannot be read: {error.strerror or error}", Exit.USAGE) from error
    if read.is_refused:
        texts = [each.message for each in read.problems]
        raise CommandFailed(f"{path} is no package.", Exit.USAGE, details=texts)
    return read.digest


def _check_connector(found: dict[str, Any], slug: str) -> None:
    """What the portal hands out for a connector has to be about it."""
    connector = found["predicate"].get("connector")
    certified = connector.get("slug") if isinstance(connector, dict) else None
    if slug and certified != slug:
        raise CertificateInvalid(f"it is about {certified}, and not about {slug}")


def _tell(
    found: dict[str, Any], key: Ed25519PublicKey, source: str, key_source: str, *, is_compared: bool
) -> None:
    (subject,) = found["subject"]
    about = found["predicate"]
    output.document({"holds": True, "key": key_id(key), "package_compared": is_compared, "statement": found})
    rules = about.get("rules") or {}
    regions = ", ".join(str(each.get("region")) for each in about.get("regions") or [])
    rows = [
        ["Package", subject.get("name")],
        ["SHA-256", subject["digest"]["sha256"]],
        ["Certified", f"{_when(about.get('issued_at'))} by {about.get('portal')}"],
        ["Kind", {"final": "live everywhere"}.get(str(about.get("kind")), about.get("kind"))],
        ["Rules", f"{rules.get('version', '-')}, verdict {rules.get('verdict', '-')}"],
        ["Live in", regions],
        ["Key", f"{key_id(key)[:16]} from {key_source}"],
    ]
    output.table(["Certificate", source], rows)
    output.say("The certificate holds.", "green")
    if not is_compared:
        output.say("No package was compared: give --package to see whether it is about yours.", "dim")


def _when(text: Any) -> str:
    """The moment as this machine's time; as it stands where it is none."""
    try:
        return moment(str(text))
    except ValueError:
        return str(text)
