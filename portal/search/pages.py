"""The search page, and the list of the command palette as a fragment of it."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_safe

from portal.search.commands import commands
from portal.search.finding import search
from portal.search.words import question

_SHOWN_IN_PALETTE = 5


@require_safe
@login_required
def search_page(request: HttpRequest) -> HttpResponse:
    """?q=: everything found, each kind under its heading."""
    asked = question(request.GET.get("q", ""))
    groups = search(request.user, asked.text)
    context = {"query": asked.text, "groups": groups, "commands": commands(request, asked)}
    return render(request, "search.html", context)


@require_safe
@login_required
def palette(request: HttpRequest) -> HttpResponse:
    """?q=: the options of the palette's list box. What was found comes first, deeds and pages after it."""
    asked = question(request.GET.get("q", ""))
    found = search(request.user, asked.text, shown=_SHOWN_IN_PALETTE)
    return render(
        request, "_palette_options.html", {"query": asked.text, "groups": [*found, *commands(request, asked)]}
    )


urlpatterns = [
    path("search/", search_page, name="search"),
    path("search/palette/", palette, name="search_palette"),
]
