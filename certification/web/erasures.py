"""Pages of erasures: one's own, that of somebody else for administrators, and what was done."""

from __future__ import annotations

from uuid import UUID

from allauth.account.decorators import reauthentication_required
from django import forms
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from certification.policies import can_see_erasures
from certification.queries import erasures as queries
from certification.services import erasures as services
from portal.accounts.models import User
from portal.shared import audit, history
from portal.shared.errors import InvalidInput
from portal.shared.web import add_errors, done, signed_in_user
from portal.shared.words import lazy as _lazy

PAGE_SIZE = 50


class OwnErasureForm(forms.Form):
    is_meant = forms.BooleanField(
        label=_lazy("I want to be forgotten, and know that it cannot be undone once it has begun")
    )


class ErasureForm(forms.Form):
    reason = forms.CharField(
        max_length=1_000,
        label=_lazy("Why"),
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_lazy("The person reads it in the mail. It stays in the audit trail, without their name."),
    )
    also = forms.CharField(
        required=False,
        max_length=2_000,
        label=_lazy("Earlier names and addresses"),
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_lazy("One a line. They are searched for like the present ones and then forgotten."),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@reauthentication_required
@never_cache
def erasure(request: HttpRequest) -> HttpResponse:
    """Of the reader: what goes, what stays and why; asking for it."""
    user = signed_in_user(request)
    form = OwnErasureForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        services.ask(user, actor=user)
        return done(request, _("Asked for. A mail says until when you can take it back."), reverse("erasure"))
    context = {
        "form": form,
        "asked": queries.open_erasure(user),
        "blockers": queries.blockers(user),
        "days": settings.ERASURE_WAIT_DAYS,
    }
    return render(request, "certification/erasure.html", context, status=400 if form.errors else 200)


@require_POST
@login_required
def erasure_withdraw(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Back to where it was asked for: the reader's own page, or that of the erasure."""
    user = signed_in_user(request)
    found = get_object_or_404(queries.visible_to(user), pk=pk)
    services.withdraw(found, actor=user)
    own = found.person_id == user.pk
    target = reverse("erasure") if own else reverse("erasure_detail", args=[found.pk])
    return done(request, _("Taken back: everything stays as it is."), target)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@reauthentication_required
@never_cache
def erasure_create(request: HttpRequest, pk: UUID) -> HttpResponse:
    user = signed_in_user(request)
    if not can_see_erasures(user):
        raise Http404
    person = get_object_or_404(User, pk=pk, erased_at=None)
    form = ErasureForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            made = services.ask(person, **form.cleaned_data, actor=user)
        except InvalidInput as error:
            add_errors(form, error)
        else:
            return done(
                request, _("Asked for: the person is told."), reverse("erasure_detail", args=[made.pk])
            )
    context = {
        "form": form,
        "person": person,
        "asked": queries.open_erasure(person),
        "blockers": queries.blockers(person),
        "days": settings.ERASURE_WAIT_DAYS,
    }
    return render(request, "certification/erasure_create.html", context, status=400 if form.errors else 200)


@require_safe
@login_required
def erasure_list(request: HttpRequest) -> HttpResponse:
    if not can_see_erasures(signed_in_user(request)):
        raise Http404
    page = Paginator(queries.every_erasure(), PAGE_SIZE).get_page(request.GET.get("page"))
    return render(request, "certification/erasure_list.html", {"page": page})


@require_safe
@login_required
def erasure_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What was removed, what is kept and why; while it waits, what is in its way."""
    if not can_see_erasures(signed_in_user(request)):
        raise Http404
    found = get_object_or_404(queries.every_erasure(), pk=pk)
    context = {
        "erasure": found,
        "lines": queries.report_lines(found),
        "blockers": queries.blockers(found.person) if found.state == "waiting" else [],
        "history": history.entries(audit.history(found)[:20]),
    }
    return render(request, "certification/erasure_detail.html", context)


urlpatterns = [
    path("account/erasure/", erasure, name="erasure"),
    path("erasures/<uuid:pk>/withdraw/", erasure_withdraw, name="erasure_withdraw"),
    path("operations/erasures/", erasure_list, name="erasure_list"),
    path("operations/erasures/<uuid:pk>/", erasure_detail, name="erasure_detail"),
    path("operations/erasures/of/<uuid:pk>/", erasure_create, name="erasure_create"),
]
