"""The first page of each role, global search, and the pages for what is not there."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from certification.queries.home import home_of
from portal.search import search as find
from portal.shared.web import is_for_programs, signed_in_user

LONGEST_QUERY = 100


@require_safe
@login_required
def home(request: HttpRequest) -> HttpResponse:
    user = signed_in_user(request)
    return render(request, "home.html", {"home": home_of(user)})


@require_safe
@login_required
def search(request: HttpRequest) -> HttpResponse:
    query = " ".join(request.GET.get("q", "").replace("\0", "").split())[:LONGEST_QUERY]
    return render(request, "search.html", {"query": query, "groups": find(request.user, query)})


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "404.html", status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    if is_for_programs(request):
        body = {"title": "Internal Server Error", "status": 500, "code": "error"}
        return JsonResponse(body | {"detail": "Something failed here; it has been noted."}, status=500)
    return render(request, "500.html", status=500)
