"""Receipts to take away, and the public key that they are verified with."""

from __future__ import annotations

import json
from urllib.parse import quote
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.http import require_safe

from certification.services import receipts as services
from certification.web.submission_pages import visible_submission


@require_safe
@login_required
def submission_receipt(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The receipt of the package handed in, or of the draft's."""
    receipt = services.receipt_of(visible_submission(request, pk))
    name = quote(f"{receipt['package']['name'].removesuffix('.zip')}.receipt.json")
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{name}", "Cache-Control": "no-store"}
    text = json.dumps(receipt, indent=2, ensure_ascii=False) + "\n"
    return HttpResponse(text, content_type="application/json", headers=headers)


@require_safe
def receipt_key(request: HttpRequest) -> HttpResponse:
    """The public key, for everybody."""
    pem = services.public_key_pem()
    if pem is None:
        text = "This portal has no key of its own: its receipts are not signed.\n"
        return HttpResponse(text, status=404, content_type="text/plain; charset=utf-8")
    return HttpResponse(pem, content_type="application/x-pem-file")


urlpatterns = [
    path("submissions/<uuid:pk>/receipt/", submission_receipt, name="submission_receipt"),
    path("rules/receipt-key.pem", receipt_key, name="receipt_key"),
]
