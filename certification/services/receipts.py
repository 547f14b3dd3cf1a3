"""Receipts of verdicts: what was checked, by which rules, with what outcome, signed with the portal's key."""

from __future__ import annotations

import base64
import binascii
import functools
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext as _

from certification.models import Submission, Validation
from certification.queries.validation import ENGINE_DEATHS, known_validation, shown_version
from certification.rules.findings import Finding, Report
from certification.rules.profiles import Profile
from certification.rules.receipts import private_key_from, receipt_for, sign
from certification.treating import OFF
from connectors.models import Version
from portal.shared.errors import Conflict

_SEED_BYTES = 32


def receipt_of(submission: Submission) -> dict[str, Any]:
    """The receipt of the verdict that the findings page shows; signed if the portal has a key.

    Raises Conflict while there is no verdict under the rules in force.
    """
    version = shown_version(submission)
    validation = known_validation(submission, version) if version else None
    if version is None or validation is None:
        raise Conflict(_("There is no verdict under the present rules yet: have the package checked first."))
    report = _report(validation, version)
    if any(finding.rule in ENGINE_DEATHS for finding in report.findings):
        raise Conflict(_("The check itself failed, so there is no verdict: have the package checked again."))
    receipt = receipt_for(
        report,
        time=validation.created_at,
        tool=f"{settings.SITE_NAME}, {settings.SITE_URL}",
        baseline=validation.baseline,
        treatment=_treatment(validation),
    )
    key = signing_key()
    return sign(receipt, key) if key else receipt


def _treatment(validation: Validation) -> dict[str, Any] | None:
    """How this portal treated the rules, where it did; the rest of the receipt is what the rules say."""
    if not validation.treatment:
        return None
    treated = validation.findings.exclude(treatment=None)
    rules = dict(treated.values_list("rule", "severity").distinct())
    rules.update({each["rule"]: OFF for each in validation.switched_off})
    return {
        "revision": validation.treatment,
        "rules": rules,
        "verdict": validation.verdict,
        "counts": {"error": validation.errors, "warning": validation.warnings, "info": validation.infos},
    }


def _report(validation: Validation, version: Version) -> Report:
    """The stored verdict as the engine gave it, as far as a receipt asks."""
    rows = validation.findings.order_by("id").values("catalogued", *Finding.FIELDS)
    findings = [_as_catalogued(row) for row in rows]
    for off in validation.switched_off:
        findings += [_counted_only(off["rule"], off["severity"])] * off["places"]
    profile = {"change": validation.change_kind, "publisher": validation.publisher_kind}
    return Report(
        package=f"{version.connector.slug}-{version.label}.zip",
        digest=version.digest,
        rules_version=validation.rules_version,
        profile=Profile.from_dict(profile),
        findings=tuple(findings),
        stats={},
    )


def _as_catalogued(row: dict[str, Any]) -> Finding:
    catalogued = row.pop("catalogued")
    return Finding(**(row | {"severity": catalogued or row["severity"]}))


def _counted_only(rule: str, severity: str) -> Finding:
    """Stands for a finding of a rule that is off here: no more is kept of it."""
    texts: dict[str, Any] = dict.fromkeys(Finding.FIELDS, "")
    return Finding(**(texts | {"rule": rule, "severity": severity, "line": 0, "column": 0, "length": 0}))


def signing_key() -> Ed25519PrivateKey | None:
    """The key of RECEIPT_SIGNING_KEY; None when the portal has none. Raises ImproperlyConfigured."""
    return _key(settings.RECEIPT_SIGNING_KEY)


def public_key_pem() -> bytes | None:
    """What a receipt of this portal is verified with."""
    key = signing_key()
    if key is None:
        return None
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


@functools.lru_cache(maxsize=4)
def _key(text: str) -> Ed25519PrivateKey | None:
    if not text.strip():
        return None
    try:
        if "BEGIN" in text:
            # Files of variables hold one line: there a line end is written as \n.
            return private_key_from(text.replace("\\n", "\n").encode())
        seed = base64.b64decode(text.strip(), validate=True)
        if len(seed) != _SEED_BYTES:
            raise ValueError(f"{len(seed)} bytes instead of {_SEED_BYTES}")
        return Ed25519PrivateKey.from_private_bytes(seed)
    except (ValueError, binascii.Error) as error:
        raise ImproperlyConfigured(
            "RECEIPT_SIGNING_KEY must be the base64 of 32 bytes, or an Ed25519 private key as PEM. "
            "Make one with `manage.py generate_key --receipts`."
        ) from error
