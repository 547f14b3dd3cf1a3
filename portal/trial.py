"""Trial mode: one-click entry as a person of the demo world, the sample to submit, the component sheet."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth import login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_POST, require_safe

from portal.accounts.models import User
from portal.demo.packages.at_home import SAMPLE
from portal.demo.packages.build import files_of, zip_of
from portal.demo.presence import ENTERED_AS, addresses
from portal.shared.words import lazy as _

# role -> (label, what they do)
ENTRIES = {
    "owner": (_("Owner"), _("Submit connectors, test in Preview, stop a rollout.")),
    "reviewer": (_("Reviewer"), _("Work the queue, comment on definitions, decide.")),
    "operator": (_("Operator"), _("Plan waves and freezes, hold, release, roll back.")),
    "administrator": (_("Administrator"), _("Regions, people, plans, jobs.")),
}


def trial_roles() -> list[dict[str, str]]:
    """The cards of the sign-in page; for those who are there."""
    there = addresses()
    return [
        {"role": role, "label": label, "description": text, "icon": "user", "url": "/trial/enter/"}
        for role, (label, text) in ENTRIES.items()
        if ENTERED_AS[role].address in there
    ]


@require_POST
def enter(request: HttpRequest) -> HttpResponse:
    if not settings.TRIAL_MODE:
        raise Http404
    played = ENTERED_AS.get(request.POST.get("role", ""))
    if played is None:
        raise Http404
    person = User.objects.filter(email=played.address).first()
    if person is None:
        # The page that asked is of a moment ago, or stayed open over a fresh start.
        return redirect("account_login")
    request.session.flush()
    login(request, person, backend="allauth.account.auth_backends.AuthenticationBackend")
    # Stands for the second factor, which nobody can have set up for a demo person.
    request.session["trial_entry"] = True
    return redirect("home")


@require_safe
def entries(request: HttpRequest) -> HttpResponse:
    """The cards of the sign-in page alone, for one that waits for the demo world."""
    if not settings.TRIAL_MODE:
        raise Http404
    return render(request, "account/_trial_entries.html")


@require_safe
def tour(request: HttpRequest) -> HttpResponse:
    """How to bring the sample to life in every region, step by step."""
    if not settings.TRIAL_MODE:
        raise Http404
    context = {"sample": SAMPLE, "roles": trial_roles(), "scale": int(settings.TRIAL_CLOCK_SCALE)}
    return render(request, "demo/tour.html", context)


@require_safe
def sample(request: HttpRequest) -> HttpResponse:
    """The ready package as a .zip, to be uploaded by whoever tries the portal."""
    if not settings.TRIAL_MODE:
        raise Http404
    headers = {"Content-Disposition": 'attachment; filename="lighthouse-visits.zip"'}
    return HttpResponse(zip_of(files_of(SAMPLE)), content_type="application/zip", headers=headers)


@require_safe
def design(request: HttpRequest) -> HttpResponse:
    return render(request, "design/sheet.html")


urlpatterns = [
    path("trial/", tour, name="trial_tour"),
    path("trial/enter/", enter, name="trial_enter"),
    path("trial/entries/", entries, name="trial_entries"),
    path("trial/sample/", sample, name="trial_sample"),
    path("design/", design, name="design"),
]
