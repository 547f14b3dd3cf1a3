"""The first page of each role, global search, and the pages for what is not there."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe


@require_safe
@login_required
def home(request: HttpRequest) -> HttpResponse:
    return render(request, "home.html", {})


@require_safe
@login_required
def search(request: HttpRequest) -> HttpResponse:
    return render(request, "search.html", {"query": request.GET.get("q", "").strip()[:100]})


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "404.html", status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    return render(request, "500.html", status=500)
