"""The first page of each role, and the pages for what is not there."""

from __future__ import annotations

import sys
from typing import Any

from django.contrib.auth.decorators import login_required
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from certification.queries.home import home_of
from portal.shared.live import stamp_of_everything, unchanged
from portal.shared.web import is_for_programs, signed_in_user


@require_safe
@login_required
def home(request: HttpRequest) -> HttpResponse:
    return render(request, "home.html", _context(request))


@require_safe
@login_required
def home_live(request: HttpRequest) -> HttpResponse:
    """The part of the first page that moves; it asks for itself again while the page is open."""
    same = unchanged(request, stamp_of_everything())
    return same or render(request, "_home_live.html", _context(request))


def _context(request: HttpRequest) -> dict[str, Any]:
    # The stamp first: what changes while the rest is read is then told the next time.
    stamp = stamp_of_everything()
    return {"stamp": stamp, "home": home_of(signed_in_user(request))}


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "404.html", status=404)


_AWAY_SECONDS = 5
"""How long a database that is started again is usually away."""


def server_error(request: HttpRequest) -> HttpResponse:
    """Django asks for it while the error is being handled."""
    if isinstance(sys.exc_info()[1], (OperationalError, InterfaceError)):
        return _database_away(request)
    if is_for_programs(request):
        body = {"title": _("Internal Server Error"), "status": 500, "code": "error"}
        return JsonResponse(body | {"detail": _("Something failed here; it has been noted.")}, status=500)
    return render(request, "500.html", status=500)


def _database_away(request: HttpRequest) -> HttpResponse:
    """Nothing is wrong with the request, so programs may send it again, with a key in any case."""
    if is_for_programs(request):
        body = {"title": _("Service Unavailable"), "status": 503, "code": "unavailable"}
        detail = _("The database does not answer. Try again in some seconds, with the same Idempotency-Key.")
        answer: HttpResponse = JsonResponse(body | {"detail": detail}, status=503)
    else:
        answer = render(request, "503.html", status=503)
    answer["Retry-After"] = str(_AWAY_SECONDS)
    return answer
