"""Verdicts: run the rules in their sandbox, store what they say exactly once, move the submission."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from certification.lifecycle import SUBMISSION, SubmissionState
from certification.models import Finding, Submission, Validation
from certification.queries.treatments import in_force_for, standing_revision
from certification.queries.validation import (
    ENGINE_DEATHS,
    baseline_of,
    blocking_rules,
    change_kind,
    check_died,
    profile_of,
    verdicts_on,
)
from certification.rules.engine import Context
from certification.rules.findings import Finding as Hit
from certification.rules.findings import Report, count_by_severity
from certification.rules.sandbox import check_bytes
from certification.rules.version import RULES_VERSION
from certification.services import treatments, usage
from certification.services.excerpts import excerpt
from certification.treating import revision_of
from connectors.definitions import read_archive
from connectors.models import Connector, Version
from connectors.package_records import member_of
from portal.shared import storage
from portal.shared.actors import SYSTEM
from portal.shared.errors import IllegalTransition
from portal.shared.outbox import Retry
from portal.shared.transitions import transition

_ICON = "icon.png"
_EXCERPTS_PER_RULE = 50


@dataclass(frozen=True, slots=True)
class Checked:
    """A fresh report with what is stored beside it. `excerpts` runs parallel to the report's findings."""

    report: Report
    seconds: float
    excerpts: Sequence[tuple[str, int | None]]


def validate_submission(submission_id: str) -> None:
    """Judge the package that was handed in and send the submission on.

    Bears being run twice, at once and after a crash anywhere: what is stored decides what is left to do. A
    submission that somebody took back meanwhile is left alone. Raises OSError when the check could not be
    started, which is worth another attempt.
    """
    submission = _load(submission_id)
    if submission is None:
        return
    if submission.state == SubmissionState.SUBMITTED:
        try:
            transition(SUBMISSION, submission, "start_validation", actor=SYSTEM, about=[submission.connector])
        except IllegalTransition:
            submission.refresh_from_db()
    if submission.state != SubmissionState.VALIDATING or submission.revision is None:
        return
    version = submission.revision.version
    checked = None if _usable(submission, version) else _check(submission, version)
    _settle(submission, version, checked)


def check_draft(submission_id: str) -> None:
    """Store a verdict on the package in the form, so that its findings show before it is handed in."""
    submission = _load(submission_id)
    if submission is None or submission.version is None or not submission.is_editable:
        return
    known = _usable(submission, submission.version)
    if known is None:
        checked = _check(submission, submission.version)
        with transaction.atomic():
            known = _store(submission, submission.version, checked)
        if check_died(known):
            return
    usage.weigh(submission, known)


def _load(submission_id: str) -> Submission | None:
    related = ("connector__publisher", "connector__live_version", "version", "revision__version")
    return Submission.objects.select_related(*related).filter(pk=submission_id).first()


def _usable(submission: Submission, version: Version) -> Validation | None:
    """The stored verdict against what is published now, unless it only says that the check itself died."""
    known = _key(submission, version).first()
    return None if known is None or check_died(known) else known


def _check(submission: Submission, version: Version) -> Checked:
    """Run the rules in the child process; no transaction is open meanwhile."""
    data = storage.load(version.digest)
    started = time.monotonic()
    report = check_bytes(
        data,
        filename="package.zip",
        profile=profile_of(submission),
        context=_context(submission, version),
        previous=_published_bytes(submission),
    )
    seconds = time.monotonic() - started
    return Checked(report, seconds, _excerpts(data, report.findings))


def _context(submission: Submission, version: Version) -> Context:
    titles = Context.of_titles(_other_titles(submission))
    return replace(titles, icon_hashes=_other_icons(submission, version))


def _published_bytes(submission: Submission) -> bytes:
    """The published version that an update is compared with. Damaged bytes raise: to compare with nothing
    would let every breaking change pass."""
    baseline = baseline_of(submission)
    return storage.load(baseline.digest) if baseline else b""


def _other_icons(submission: Submission, version: Version) -> dict[str, str]:
    """SHA-256 of the icon to connector, for the live packages of others whose icon has as many bytes: only
    those can be equal."""
    size = _icon_size(version.tree)
    if size is None:
        return {}
    others = Connector.objects.exclude(pk=submission.connector_id).exclude(live_version=None)
    rows = others.values_list("name", "live_version__digest", "live_version__tree")
    found: dict[str, str] = {}
    for name, digest, tree in rows.iterator():
        if _icon_size(tree) == size:
            # Damaged bytes of another connector are no fault of the package under check.
            with contextlib.suppress(OSError, storage.StoredBytesDamaged):
                found.setdefault(_icon_digest(digest), name)
    return found


def _icon_size(tree: list[dict[str, Any]]) -> int | None:
    sizes = (entry.get("size") for entry in tree if entry.get("name") == _ICON and entry.get("state") == "ok")
    return next(sizes, None)


@functools.lru_cache(maxsize=10_000)
def _icon_digest(digest: str) -> str:
    """Of a stored package, which never changes; empty when it has no icon."""
    icon = member_of(storage.load(digest), _ICON)
    return hashlib.sha256(icon).hexdigest() if icon else ""


def _other_titles(submission: Submission) -> list[str]:
    """The titles of all other connectors in use: their registered names, and the titles of what is live."""
    others = Connector.objects.exclude(pk=submission.connector_id).exclude(state__in=["cancelled", "retired"])
    rows = others.values_list("name", "live_version__facts__title")
    return [title for row in rows for title in row if title]


def _excerpts(data: bytes, findings: Sequence[Hit]) -> list[tuple[str, int | None]]:
    """For each finding the lines around its place and the number of the first; only so many per rule."""
    files = read_archive(data).files
    taken: dict[str, int] = {}
    found: list[tuple[str, int | None]] = []
    for finding in findings:
        taken[finding.rule] = taken.get(finding.rule, 0) + 1
        file = files.get(finding.file) if taken[finding.rule] <= _EXCERPTS_PER_RULE else None
        found.append(excerpt(file, finding.line))
    return found


def _settle(submission: Submission, version: Version, checked: Checked | None) -> None:
    """Verdict, findings and the move they cause, in one transaction."""
    with transaction.atomic():
        row = (
            Submission.objects.select_for_update(of=("self",))
            .select_related("connector__publisher", "revision")
            .get(pk=submission.pk)
        )
        validation = _store(submission, version, checked) if checked else _usable(submission, version)
        if validation is None:
            # Another treatment of a rule began this moment: the package is checked under it.
            raise Retry(1)
        if row.state != SubmissionState.VALIDATING or row.revision is None:
            return
        if row.revision.version_id != version.pk:
            return
        usage.weigh(row, validation)
        blocking = blocking_rules(row, validation, deaths=True)
        transition(
            SUBMISSION,
            row,
            "fail_validation" if blocking else "pass_validation",
            actor=SYSTEM,
            about=[row.connector],
            data={
                "validation": str(validation.pk),
                "rules_version": validation.rules_version,
                "errors": validation.errors,
                "warnings": validation.warnings,
                "blocking": sorted(blocking),
            },
        )


def _store(submission: Submission, version: Version, checked: Checked) -> Validation:
    """The one verdict on this package under these rules and profile; the second to come gets the first's."""
    known = _usable(submission, version)
    if known is not None:
        return known
    counting = in_force_for(profile_of(submission))
    treated = treatments.treat(checked.report.findings, counting)
    try:
        with transaction.atomic():
            # A verdict that only says that the check died makes room for this one.
            _key(submission, version).filter(findings__rule__in=ENGINE_DEATHS).delete()
            validation = Validation.objects.create(
                version=version,
                rules_version=RULES_VERSION,
                change_kind=change_kind(submission),
                publisher_kind=submission.connector.publisher.kind,
                baseline=_baseline_digest(submission),
                treatment=revision_of(counting),
                duration_seconds=checked.seconds,
                **_verdict(checked.report, treated),
            )
            rows = [
                _finding(validation, each, excerpt)
                for each, excerpt in zip(treated, checked.excerpts, strict=True)
                if not each.is_off
            ]
            Finding.objects.bulk_create(rows, batch_size=1_000)
    except IntegrityError:
        return _key(submission, version).get()
    return validation


def _verdict(report: Report, treated: Sequence[treatments.Treated]) -> dict[str, Any]:
    """Verdict and counts as this portal counts, and beside them the engine's where they differ."""
    counts = Counter(each.severity for each in treated)
    found: dict[str, Any] = {
        "verdict": "fail" if counts["error"] else "pass",
        "errors": counts["error"],
        "warnings": counts["warning"],
        "infos": counts["info"],
    }
    if any(each.treatment for each in treated):
        found["as_catalogued"] = {"verdict": report.verdict, "counts": count_by_severity(report.findings)}
        found["switched_off"] = treatments.switched_off(treated)
    return found


def _key(submission: Submission, version: Version) -> QuerySet[Validation]:
    return verdicts_on(submission, version).filter(
        baseline=_baseline_digest(submission), treatment=standing_revision(profile_of(submission))
    )


def _baseline_digest(submission: Submission) -> str:
    baseline = baseline_of(submission)
    return baseline.digest if baseline else ""


def _finding(validation: Validation, treated: treatments.Treated, excerpt: tuple[str, int | None]) -> Finding:
    finding = treated.finding
    return Finding(
        validation=validation,
        rule=finding.rule,
        severity=treated.severity,
        catalogued=finding.severity if treated.treatment else "",
        treatment=treated.treatment,
        message=finding.message,
        fix=finding.fix,
        file=finding.file[:260],
        pointer=finding.pointer,
        line=finding.line or None,
        column=finding.column or None,
        length=finding.length or None,
        fingerprint=finding.fingerprint,
        group=finding.group,
        excerpt=excerpt[0],
        excerpt_line=excerpt[1],
    )
