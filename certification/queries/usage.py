"""Whom an update hurts: the operations it touches with their active connections, and what that means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from certification.models import Placement, Submission, UsageJudgement, Validation
from certification.queries.validation import baseline_of, check_died
from certification.queries.workbench import difference_of
from certification.reviewing.touched import EVERYTHING, Touched, changes_at, touched_by, union_of
from connectors.definitions.diff import Difference
from connectors.models import Region, Version, in_production
from connectors.queries.usage import UNUSED, Use, silent_about_use, usage_of
from portal.shared import storage

_MOST_SHOWN = 50


@dataclass(frozen=True, slots=True)
class TouchedOperation:
    """`operation` is empty for what meets every user. `is_used` is None where nobody knows."""

    operation: str
    impact: str
    sentences: list[str]
    more: int
    use: Use
    is_used: bool | None

    @property
    def is_breaking(self) -> bool:
        return self.impact == "breaking"


@dataclass(frozen=True, slots=True)
class Usage:
    """What is known of the use of the published version. `silent_regions` hold it and do not tell for long
    enough: while there is one, no change counts as reaching nobody.
    """

    by_operation: Mapping[str, Use]
    total: Use
    silent_regions: list[str]
    since: datetime
    days: int
    threshold: int

    def of(self, operation: str) -> Use:
        return self.total if operation == EVERYTHING else self.by_operation.get(operation, UNUSED)

    def is_used(self, operation: str) -> bool | None:
        if self.of(operation).connections >= self.threshold:
            return True
        return None if self.silent_regions else False


@dataclass(frozen=True, slots=True)
class Impact:
    """`rows` are at most fifty, the worst first; `more` are not shown. `lowered` counts the errors that count
    as warnings."""

    published: Version
    usage: Usage
    rows: list[TouchedOperation]
    more: int
    lowered: int

    @property
    def used(self) -> list[TouchedOperation]:
        return [row for row in self.rows if row.is_breaking and row.is_used is not False]


def usage_before(submission: Submission) -> Usage:
    """How the connector is used now, by all its versions in the regions."""
    now = timezone.now()
    days = settings.BREAKING_CHANGE_DAYS
    since = now - timedelta(days=days)
    by_operation, total = usage_of(submission.connector_id, since=since)
    placed = Placement.objects.filter(in_production("region__"), connector=submission.connector_id)
    codes = set(
        placed.exclude(reported_version=None, verified_version=None).values_list("region_id", flat=True)
    )
    silent = silent_about_use(codes, now=now) if codes else set()
    names = sorted(Region.objects.filter(pk__in=silent).values_list("name", flat=True)) if silent else []
    return Usage(by_operation, total, names, since, days, settings.BREAKING_CHANGE_CONNECTIONS)


def impact_of(
    submission: Submission, version: Version | None, validation: Validation | None
) -> Impact | None:
    """For an update whose package was checked to the end. None where nothing can be compared or nobody who
    uses the connector would notice anything."""
    baseline, difference = _compared(submission, version, validation)
    if baseline is None or difference is None:
        return None
    touched = touched_by(difference)
    if not touched:
        return None
    usage = usage_before(submission)
    rows = [_row(each, usage) for each in touched]
    rows.sort(key=lambda row: (not row.is_breaking, -row.use.connections, row.operation))
    lowered = UsageJudgement.objects.filter(submission=submission, validation=validation).count()
    return Impact(baseline, usage, rows[:_MOST_SHOWN], max(len(rows) - _MOST_SHOWN, 0), lowered)


def _row(touched: Touched, usage: Usage) -> TouchedOperation:
    changes = [change for change in touched.changes if change.impact == touched.impact]
    sentences = [change.sentence for change in changes[:3]]
    use = usage.of(touched.operation)
    is_used = usage.is_used(touched.operation)
    return TouchedOperation(touched.operation, touched.impact, sentences, len(changes) - 3, use, is_used)


def judgements_on(submission: Submission, validation: Validation) -> list[UsageJudgement]:
    """The errors of a verdict that touch too few to count as errors; not stored. The rules of updates whose
    errors may be acknowledged are meant, and no other."""
    found_errors = validation.findings.filter(severity="error", rule__startswith="UPD-")
    errors = list(found_errors.values_list("rule", "fingerprint", "file", "pointer", "message"))
    if not errors:
        return []
    _, difference = _compared(submission, validation.version, validation)
    if difference is None or not difference.is_complete:
        return []
    usage = usage_before(submission)
    found = []
    for rule, fingerprint, file, pointer, message in errors:
        operations = union_of(changes_at(difference, file, pointer, message))
        if operations and all(usage.is_used(name) is False for name in operations):
            found.append(_judgement(submission, validation, (rule, fingerprint), operations, usage))
    return found


def _judgement(
    submission: Submission,
    validation: Validation,
    finding: tuple[str, str],
    operations: tuple[str, ...],
    usage: Usage,
) -> UsageJudgement:
    connections = max(usage.of(name).connections for name in operations)
    return UsageJudgement(
        submission=submission,
        validation=validation,
        rule=finding[0],
        fingerprint=finding[1],
        operations=[] if operations == (EVERYTHING,) else list(operations),
        connections=connections,
        threshold=usage.threshold,
        reason=_reason(operations, connections, usage),
    )


def _reason(operations: tuple[str, ...], connections: int, usage: Usage) -> str:
    what = _("the connector") if operations == (EVERYTHING,) else ", ".join(operations[:3])
    if len(operations) > 3:
        what = _("%(first)s and %(more)s more") % {"first": what, "more": len(operations) - 3}
    number = (
        _("No active connection")
        if not connections
        else _("At most %(connections)s active connections") % {"connections": connections}
    )
    return _("%(number)s used %(what)s in %(days)s days (an error from %(threshold)s on).") % {
        "number": number,
        "what": what[:200],
        "days": usage.days,
        "threshold": usage.threshold,
    }


def _compared(
    submission: Submission, version: Version | None, validation: Validation | None
) -> tuple[Version | None, Difference | None]:
    baseline = baseline_of(submission)
    if baseline is None or version is None or validation is None or baseline.digest == version.digest:
        return None, None
    if check_died(validation):
        return None, None
    try:
        return baseline, difference_of(baseline, version)
    except (OSError, storage.StoredBytesDamaged):
        return None, None
