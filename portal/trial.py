"""Trial mode: one-click entry as a person of the demo world, and the component sheet."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth import login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_POST, require_safe

from portal.accounts.models import User

# role -> (address in the demo world, label, what they do)
ENTRIES = {
    "owner": (
        "olivia.marsh@northwind-harbour.example",
        "Owner",
        "Submit connectors, test in Preview, stop a rollout.",
    ),
    "reviewer": ("rana.idris@portal.example", "Reviewer", "Work the queue, comment on definitions, decide."),
    "operator": (
        "oskar.lind@portal.example",
        "Operator",
        "Plan waves and freezes, hold, release, roll back.",
    ),
    "administrator": ("ada.quist@portal.example", "Administrator", "Regions, people, plans, jobs."),
}


def trial_roles() -> list[dict[str, str]]:
    """The cards of the sign-in page."""
    return [
        {"role": role, "label": label, "description": text, "icon": "user", "url": "/trial/enter/"}
        for role, (_, label, text) in ENTRIES.items()
    ]


@require_POST
def enter(request: HttpRequest) -> HttpResponse:
    if not settings.TRIAL_MODE:
        raise Http404
    entry = ENTRIES.get(request.POST.get("role", ""))
    person = User.objects.filter(email=entry[0]).first() if entry else None
    if person is None:
        raise Http404
    request.session.flush()
    login(request, person, backend="allauth.account.auth_backends.AuthenticationBackend")
    # Stands for the second factor, which nobody can have set up for a demo person.
    request.session["trial_entry"] = True
    return redirect("home")


@require_safe
def design(request: HttpRequest) -> HttpResponse:
    return render(request, "design/sheet.html")


urlpatterns = [path("trial/enter/", enter, name="trial_enter"), path("design/", design, name="design")]
