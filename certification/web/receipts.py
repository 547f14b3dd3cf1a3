"""Receipts to take away, and the public key that they are verified with."""

from __future__ import annotations

import json
from urllib.parse import quote
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from certification.services import presented_receipts
from certification.services import receipts as services
from certification.web.submission_pages import submission_url, visible_submission
from certification.web.validation import refused_on_findings
from portal.shared.errors import InvalidInput
from portal.shared.web import done, signed_in_user


@require_safe
@login_required
def submission_receipt(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The receipt of the package handed in, or of the draft's."""
    receipt = services.receipt_of(visible_submission(request, pk))
    name = quote(f"{receipt['package']['name'].removesuffix('.zip')}.receipt.json")
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{name}", "Cache-Control": "no-store"}
    text = json.dumps(receipt, indent=2, ensure_ascii=False) + "\n"
    return HttpResponse(text, content_type="application/json", headers=headers)


@require_POST
@login_required
def receipt_present(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Bring a receipt of this portal for the package in the form: `receipt` is the file."""
    submission = visible_submission(request, pk)
    file = request.FILES.get("receipt")
    data = file.read(presented_receipts.LARGEST + 1) if file else b""
    try:
        found = presented_receipts.present_receipt(submission, data=data, actor=signed_in_user(request))
    except InvalidInput as error:
        return refused_on_findings(request, submission, error)
    said = (
        _("The verdict is taken over.")
        if found.is_taken
        else _("%(reason)s The package is checked anew.") % {"reason": found.reason}
    )
    return done(request, said, submission_url(submission, "finding_list"))


@require_safe
def receipt_key(request: HttpRequest) -> HttpResponse:
    """The public key, for everybody."""
    pem = services.public_key_pem()
    if pem is None:
        text = _("This portal has no key of its own: its receipts are not signed.\n")
        return HttpResponse(text, status=404, content_type="text/plain; charset=utf-8")
    return HttpResponse(pem, content_type="application/x-pem-file")


urlpatterns = [
    path("submissions/<uuid:pk>/receipt/", submission_receipt, name="submission_receipt"),
    path("submissions/<uuid:pk>/receipt/present/", receipt_present, name="receipt_present"),
    path("rules/receipt-key.pem", receipt_key, name="receipt_key"),
]
