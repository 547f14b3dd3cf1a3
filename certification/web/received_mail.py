"""The page of mails that came in, and the door for providers that pass mails on."""

from __future__ import annotations

import hashlib
import hmac
import time

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from certification import policies
from certification.queries import received_mail as queries
from certification.services import received_mail as services
from portal.shared.errors import TooLarge
from portal.shared.policy import require
from portal.shared.web import signed_in_user

CLOCK_SECONDS = 300
"""How far the clock of the caller may be off; older calls are repetitions."""


@require_safe
@login_required
def received_mail_list(request: HttpRequest) -> HttpResponse:
    require(policies.can_see_operations, signed_in_user(request), None)
    asked = request.GET.get("outcome", "")
    page = Paginator(queries.received(asked), 50).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "asked": asked,
        "counts": queries.counts(),
        "domain": settings.REPLY_DOMAIN,
        "kept_days": settings.RECEIVED_MAIL_KEEP_DAYS,
    }
    return render(request, "certification/received_mail_list.html", context)


@csrf_exempt
@require_POST
def received_mail_hook(request: HttpRequest) -> HttpResponse:
    """A mail as raw MIME, signed with REPLY_HOOK_SECRET; X-Portal-Recipient names the address it was for.

    2xx: taken in, or known already. 4xx: never send it again.
    """
    if not _is_signed(request):
        return JsonResponse({"detail": _("The signature is missing, wrong or too old.")}, status=401)
    recipient = request.headers.get("X-Portal-Recipient", "")
    sender = request.headers.get("X-Portal-Envelope-From")
    try:
        made = services.receive(request.body, recipient=recipient, envelope_sender=sender)
    except services.NotOurs:
        return JsonResponse({"detail": _("No such address.")}, status=422)
    except TooLarge as error:
        return JsonResponse({"detail": error.message}, status=413)
    return JsonResponse({"outcome": made.outcome if made else "duplicate"})


def _is_signed(request: HttpRequest) -> bool:
    """HMAC-SHA256 over "<timestamp>.<recipient>.<body>", in hex."""
    stamp, given = (
        request.headers.get("X-Portal-Timestamp", ""),
        request.headers.get("X-Portal-Signature", ""),
    )
    if not settings.REPLY_HOOK_SECRET or not stamp.isascii() or not stamp.isdigit() or len(stamp) > 12:
        return False
    if abs(time.time() - int(stamp)) > CLOCK_SECONDS:
        return False
    signed = f"{stamp}.{request.headers.get('X-Portal-Recipient', '')}.".encode() + request.body
    wanted = hmac.new(settings.REPLY_HOOK_SECRET.encode(), signed, hashlib.sha256).hexdigest()
    return hmac.compare_digest(wanted.encode(), given.removeprefix("sha256=").encode())


urlpatterns = [
    path("operations/mail/", received_mail_list, name="received_mail_list"),
    path("hooks/mail/", received_mail_hook, name="received_mail_hook"),
]
