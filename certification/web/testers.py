"""Guest testers: invited on the Preview's page; they see one page, a console and a checklist."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from certification import policies
from certification.data.products import Product
from certification.models import GuestTester, Preview
from certification.queries import previews as preview_queries
from certification.queries import testers as queries
from certification.services import testers as services
from certification.web import console
from certification.web.previews import show_preview
from certification.web.tester_forms import ChecklistForm, GuestForm
from portal.shared.errors import InvalidInput, PortalError
from portal.shared.policy import require
from portal.shared.web import done, signed_in_user
from portal.shared.words import in_sentence

# The team's side


def _preview(request: HttpRequest, pk: UUID) -> Preview:
    return get_object_or_404(preview_queries.previews_for(request.user), pk=pk)


def _guests_address(tester: GuestTester) -> str:
    preview = queries.preview_to_test(tester.submission)
    assert preview is not None
    return reverse("preview_detail", args=[preview.pk]) + "#guests"


@require_POST
@login_required
def tester_invite(request: HttpRequest, pk: UUID) -> HttpResponse:
    preview, form = _preview(request, pk), GuestForm(request.POST)
    require(policies.can_invite_tester, signed_in_user(request), preview.submission)
    if form.is_valid():
        try:
            tester, _link = services.invite(preview, form.draft(), actor=signed_in_user(request))
        except PortalError as error:
            form.refuse(error)
        else:
            return done(
                request,
                _("An invitation is on its way to %(email)s.") % {"email": tester.email},
                _guests_address(tester),
            )
    return show_preview(request, preview, status=422, guest=form)


def _tester(request: HttpRequest, pk: UUID) -> GuestTester:
    return get_object_or_404(queries.testers_for(request.user), pk=pk)


@require_POST
@login_required
def tester_send_again(request: HttpRequest, pk: UUID) -> HttpResponse:
    tester = services.send_again(_tester(request, pk), actor=signed_in_user(request))
    return done(
        request,
        _("A new link is on its way to %(email)s.") % {"email": tester.email},
        _guests_address(tester),
    )


@require_POST
@login_required
def tester_prolong(request: HttpRequest, pk: UUID) -> HttpResponse:
    tester = services.prolong(_tester(request, pk), actor=signed_in_user(request))
    return done(
        request,
        _("%(email)s can test for %(usual_days)s more days.")
        % {"email": tester.email, "usual_days": services.USUAL_DAYS},
        _guests_address(tester),
    )


@require_POST
@login_required
def tester_revoke(request: HttpRequest, pk: UUID) -> HttpResponse:
    tester = services.revoke(_tester(request, pk), actor=signed_in_user(request))
    return done(
        request, _("The access of %(email)s has ended.") % {"email": tester.email}, _guests_address(tester)
    )


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def preview_checklist(request: HttpRequest, pk: UUID, product: str) -> HttpResponse:
    """A product's checklist, filled in by somebody of the team."""
    preview = _preview(request, pk)
    require(policies.can_check_products, signed_in_user(request), preview)
    frame = {"back": reverse("preview_detail", args=[preview.pk]), "is_guest": False}
    return _checklist(request, preview, product, frame)


def _checklist(request: HttpRequest, preview: Preview, key: str, frame: dict[str, Any]) -> HttpResponse:
    product = queries.product(key)
    if product is None:
        raise InvalidInput(_("There is no such product."))
    user = signed_in_user(request)
    form = ChecklistForm(request.POST or None, product=product, own=queries.own_words(preview, key, user))
    if request.method == "POST" and form.is_valid():
        try:
            services.check_product(preview, key, form.words(), actor=user)
        except InvalidInput as error:
            form.refuse(error)
        else:
            return done(
                request,
                _("Kept: what you found as %(value)s.") % {"value": in_sentence(product.name)},
                frame["back"],
            )
    context = {"preview": preview, "product": product, "form": form, **frame}
    status = 422 if form.errors else 200
    return render(request, "certification/tester_checklist.html", context, status=status)


# The invitation


@require_safe
@never_cache
def tester_open(request: HttpRequest, tester_token: str) -> HttpResponse:
    """The mailed link. The token goes no further: the session remembers which invitation it was."""
    try:
        request.session["guest_tester"] = str(services.find(tester_token).pk)
    except InvalidInput as error:
        return _unusable(request, error)
    return redirect("tester_answer")


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def tester_answer(request: HttpRequest) -> HttpResponse:
    """What the invitation is about, and the button that accepts it."""
    try:
        tester = services.answerable(request.session.get("guest_tester"))
        if request.method == "POST":
            services.accept(tester, actor=signed_in_user(request))
            return done(
                request, _("Welcome: begin with the operations."), reverse("tester_page", args=[tester.pk])
            )
    except PortalError as error:
        return _unusable(request, error)
    context = {"tester": tester, "products": queries.products_of(tester)}
    return render(request, "certification/tester_answer.html", context)


def _unusable(request: HttpRequest, error: PortalError) -> HttpResponse:
    context = {"tester": None, "problem": error.message}
    return render(request, "certification/tester_answer.html", context, status=error.status)


# The guest's side


def _access(request: HttpRequest, pk: UUID) -> GuestTester:
    """The guest's own access while it lasts; for anybody else there is nothing here."""
    return get_object_or_404(queries.accesses_of(request.user), pk=pk)


@require_safe
@login_required
def tester_home(request: HttpRequest) -> HttpResponse:
    accesses = list(queries.accesses_of(request.user))
    return render(request, "certification/tester_home.html", {"accesses": accesses})


@require_safe
@never_cache
@login_required
def tester_page(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The Preview as a guest sees it: where it runs, the test plan, and their checklists."""
    tester = _access(request, pk)
    preview = queries.preview_to_test(tester.submission)
    user = signed_in_user(request)
    context = {
        "tester": tester,
        "preview": preview,
        "view": preview_queries.view_of(preview) if preview else None,
        "is_open": preview is not None and preview.state == "testing",
        "lists": [_own_list(product, preview, user) for product in queries.products_of(tester)],
    }
    return render(request, "certification/tester_page.html", context)


def _own_list(product: Product, preview: Preview | None, user: Any) -> dict[str, Any]:
    own = queries.own_words(preview, product.key, user) if preview else {}
    fails = sum(word.outcome == "fails" for word in own.values())
    return {"product": product, "done": len(own), "fails": fails}


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def tester_checklist(request: HttpRequest, pk: UUID, product: str) -> HttpResponse:
    tester = _access(request, pk)
    preview = queries.preview_to_test(tester.submission)
    if preview is None or product not in tester.products:
        raise InvalidInput(_("You were not asked to test this."))
    frame = {"back": reverse("tester_page", args=[tester.pk]), "is_guest": True, "tester": tester}
    return _checklist(request, preview, product, frame)


def _seat(request: HttpRequest, pk: UUID) -> console.Seat:
    tester = _access(request, pk)
    return console.Seat(
        tester.submission,
        reverse("tester_console", args=[pk]),
        reverse("tester_console_run", args=[pk]),
        "certification/tester_console.html",
        {"tester": tester},
        own_runs_only=True,
    )


@require_safe
@never_cache
@login_required
def tester_console(request: HttpRequest, pk: UUID) -> HttpResponse:
    return console.show(request, _seat(request, pk))


@require_POST
@never_cache
@login_required
def tester_console_run(request: HttpRequest, pk: UUID) -> HttpResponse:
    return console.send(request, _seat(request, pk))


urlpatterns = [
    path("previews/<uuid:pk>/testers/", tester_invite, name="tester_invite"),
    path("previews/<uuid:pk>/checklists/<slug:product>/", preview_checklist, name="preview_checklist"),
    path("testers/<uuid:pk>/send-again/", tester_send_again, name="tester_send_again"),
    path("testers/<uuid:pk>/prolong/", tester_prolong, name="tester_prolong"),
    path("testers/<uuid:pk>/revoke/", tester_revoke, name="tester_revoke"),
    path("testing/", tester_home, name="tester_home"),
    path("testing/invitation/", tester_answer, name="tester_answer"),
    path("testing/invitations/<str:tester_token>/", tester_open, name="tester_open"),
    path("testing/<uuid:pk>/", tester_page, name="tester_page"),
    path("testing/<uuid:pk>/checklists/<slug:product>/", tester_checklist, name="tester_checklist"),
    path("testing/<uuid:pk>/console/", tester_console, name="tester_console"),
    path("testing/<uuid:pk>/console/run/", tester_console_run, name="tester_console_run"),
]
