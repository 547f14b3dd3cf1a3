"""Lists as files for spreadsheets: the same rows, rights and filters as the pages they belong to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from uuid import UUID

from defusedcsv import csv
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.http import require_safe

from certification.queries import submissions as queries
from certification.queries import validation as verdicts
from certification.queries.rollouts import matrix_of
from certification.queries.rulebook import told_fix, told_message
from certification.web.rollouts import visible_rollout
from certification.web.submission_pages import asked_submissions, visible_submission
from portal.shared.web import signed_in_user

MOST_ROWS = 20_000


def csv_file(name: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> HttpResponse:
    """A CSV download. Cells that a spreadsheet would take for formulas are escaped by the writer."""
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    writer = csv.writer(response)
    writer.writerow(header)
    writer.writerows(rows)
    return response


def utc_minute(moment: datetime | None) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M") if moment else ""


_SUBMISSIONS = (
    "reference", "connector", "publisher", "kind", "version", "state", "turn", "since (UTC)",
    "submitted (UTC)",
)  # fmt: skip


@require_safe
@login_required
def submission_list_csv(request: HttpRequest) -> HttpResponse:
    """Everything the list's filters let through, in its order."""
    found = queries.submissions_for(signed_in_user(request), asked_submissions(request))
    rows = (
        (
            each.reference,
            each.connector.name,
            each.publisher.name,
            each.get_kind_display(),
            each.version.label if each.version else "",
            each.get_state_display(),
            each.turn.label,
            utc_minute(each.state_changed_at),
            utc_minute(each.submitted_at),
        )
        for each in found.defer("intro", "tester_notes", "change_notes")[:MOST_ROWS]
    )
    return csv_file("submissions", _SUBMISSIONS, rows)


@require_safe
@login_required
def finding_list_csv(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Every finding of the verdict that the page shows; no rows without a verdict."""
    submission = visible_submission(request, pk)
    version = verdicts.shown_version(submission)
    validation = verdicts.known_validation(submission, version) if version else None
    found = validation.findings.order_by("file", "line", "column", "id") if validation else ()
    header = ("rule", "severity", "file", "line", "column", "place", "message", "what to do")
    rows = (
        (
            each.rule,
            each.severity,
            each.file,
            each.line,
            each.column,
            each.pointer,
            told_message(each.rule, each.message),
            told_fix(each.rule, each.fix),
        )
        for each in found
    )
    return csv_file(f"findings-{submission.reference}", header, rows)


@require_safe
@login_required
def rollout_regions_csv(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Each region of a rollout with what was planned, reported and verified."""
    rollout = visible_rollout(request, pk)
    header = ("wave", "region", "code", "state", "planned (UTC)", "reported (UTC)", "verified (UTC)", "note")
    rows = (
        (
            wave.number,
            cell.name,
            cell.code,
            cell.state,
            utc_minute(cell.planned_at or wave.planned_at),
            utc_minute(cell.reported_at),
            utc_minute(cell.verified_at),
            cell.note,
        )
        for wave in matrix_of(rollout)
        for cell in wave.regions
    )
    return csv_file(f"regions-{rollout.submission.reference}", header, rows)


urlpatterns = [
    path("submissions/list.csv", submission_list_csv, name="submission_list_csv"),
    path("submissions/<uuid:pk>/findings.csv", finding_list_csv, name="finding_list_csv"),
    path("rollouts/<uuid:pk>/regions.csv", rollout_regions_csv, name="rollout_regions_csv"),
]
