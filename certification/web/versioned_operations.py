"""Keeping a published operation beside its successor: the preview, and applying it as a new version."""

from __future__ import annotations

import json
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from certification.models import Submission
from certification.queries.repairs import diffs_of
from certification.services import versioned_operations as services
from certification.web.submission_pages import page_context, submission_url, visible_submission
from connectors.services.versions import package_bytes
from portal.shared.errors import InvalidInput
from portal.shared.web import done, signed_in_user


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def operation_keep(request: HttpRequest, pk: UUID) -> HttpResponse:
    """`operation` is the operationId of the published version, `path` where its successor answers."""
    submission, user = visible_submission(request, pk), signed_in_user(request)
    asked = request.POST if request.method == "POST" else request.GET
    operation, new_path = asked.get("operation", "")[:200], asked.get("path", "")[:400]
    try:
        if request.method == "POST":
            seen = request.POST.get("seen", "")[:64]
            version = services.keep_operation(
                submission, operation=operation, new_path=new_path, seen=seen, actor=user
            )
            said = _("Package %(label)s holds both operations and is being checked.") % {
                "label": version.label
            }
            return done(request, said, submission_url(submission, "finding_list"))
        kept = services.preview(submission, operation=operation, new_path=new_path, actor=user)
    except InvalidInput as error:
        return _page(request, submission, operation, new_path, None, error.message)
    return _page(request, submission, operation, new_path, kept)


def _page(
    request: HttpRequest,
    submission: Submission,
    operation: str,
    new_path: str,
    kept: services.Kept | None,
    problem: str = "",
) -> HttpResponse:
    version = submission.version
    context = page_context(request, submission, "findings") | {
        "version": version,
        "operation": operation,
        "path": kept.both.new_path if kept else new_path,
        "both": kept.both if kept else None,
        "patch": json.dumps(kept.both.patch, indent=2, ensure_ascii=False)[:100_000] if kept else "",
        "found": {"diffs": diffs_of(package_bytes(version), kept.archive)} if kept and version else None,
        "problem": problem,
    }
    status = 400 if problem else 200
    return render(request, "certification/operation_keep.html", context, status=status)


urlpatterns = [
    path("submissions/<uuid:pk>/keep-operation/", operation_keep, name="operation_keep"),
]
