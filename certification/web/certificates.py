"""Certificates of a submission: what the portal signed, to take away and to verify without the portal."""

from __future__ import annotations

import json
from urllib.parse import quote
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import path
from django.views.decorators.http import require_safe

from certification.queries import certificates as queries
from certification.web.submission_pages import page_context, visible_submission


@require_safe
@login_required
def certificate_list(request: HttpRequest, pk: UUID) -> HttpResponse:
    submission = visible_submission(request, pk)
    context = page_context(request, submission, "certificates")
    context["certificates"] = queries.shown_certificates(submission)
    return render(request, "certification/certificate_list.html", context)


@require_safe
@login_required
def certificate_file(request: HttpRequest, pk: UUID, certificate_id: UUID) -> HttpResponse:
    """The signed envelope, as it was stored."""
    submission = visible_submission(request, pk)
    found = get_object_or_404(queries.certificates_of(submission), pk=certificate_id)
    name = quote(f"{submission.connector.slug}-{found.version.label}.{found.kind}.certificate.json")
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{name}"}
    text = json.dumps(found.envelope, indent=2) + "\n"
    return HttpResponse(text, content_type="application/json", headers=headers)


urlpatterns = [
    path("submissions/<uuid:pk>/certificates/", certificate_list, name="certificate_list"),
    path(
        "submissions/<uuid:pk>/certificates/<uuid:certificate_id>/",
        certificate_file,
        name="certificate_file",
    ),
]
