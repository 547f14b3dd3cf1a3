"""Repairs of a draft's package: the preview, and applying them as a new version."""

from __future__ import annotations

from urllib.parse import urlencode
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from certification.models import Submission
from certification.queries import repairs as queries
from certification.queries.validation import known_validation
from certification.rules.repair_sandbox import Repaired
from certification.rules.version import RULES_VERSION
from certification.services import repairs as services
from certification.web.submission_pages import page_context, submission_url, visible_submission
from connectors.services.versions import package_bytes
from portal.shared.errors import InvalidInput
from portal.shared.web import done, signed_in_user


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def submission_repairs(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What the repairs would change; POST applies them. `rule` narrows them, and with `chosen`
    even to none.
    """
    submission = visible_submission(request, pk)
    user = signed_in_user(request)
    asked = request.POST if request.method == "POST" else request.GET
    if "show" in request.POST:
        chosen = urlencode({"chosen": 1, "rule": asked.getlist("rule")}, doseq=True)
        return redirect(f"{submission_url(submission, 'submission_repairs')}?{chosen}")
    rules = [rule[:20] for rule in asked.getlist("rule")] if "chosen" in asked or "rule" in asked else None
    try:
        if request.method == "POST":
            seen = request.POST.get("seen", "")[:64]
            applied = services.apply_repairs(submission, rules=rules, seen=seen, actor=user)
            return done(request, _message(applied), submission_url(submission, "finding_list"))
        repaired = services.preview(submission, rules=rules, actor=user)
    except InvalidInput as error:
        return _page(request, submission, None, rules, error.message)
    return _page(request, submission, repaired, rules)


def _message(applied: services.Applied) -> str:
    count = sum(applied.counts.values())
    return ngettext(
        "One place is repaired: package %(label)s is in the form now and is being checked.",
        "%(count)s places are repaired: package %(label)s is in the form now and is being checked.",
        count,
    ) % {"count": count, "label": applied.version.label}


def _page(
    request: HttpRequest,
    submission: Submission,
    repaired: Repaired | None,
    rules: list[str] | None,
    problem: str = "",
) -> HttpResponse:
    version = submission.version
    assert version is not None
    found = None
    if repaired:
        validation = known_validation(submission, version)
        found = queries.repair_page(package_bytes(version), repaired, validation, rules)
    context = page_context(request, submission, "findings") | {
        "version": version,
        "found": found,
        "problem": problem,
        "chosen": rules,
        "rules_version": RULES_VERSION,
    }
    status = 400 if problem else 200
    return render(request, "certification/submission_repairs.html", context, status=status)


urlpatterns = [
    path("submissions/<uuid:pk>/repairs/", submission_repairs, name="submission_repairs"),
]
