"""Pages of imports and claims: what came in without an owner, and how a team proves that it is theirs."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from certification import policies
from certification.models import OwnershipClaim
from certification.queries import ownership as queries
from certification.services import claims, imports
from connectors.models import Publisher
from connectors.policies import is_member, teams_of
from portal.shared import audit, history
from portal.shared.errors import InvalidInput
from portal.shared.policy import require
from portal.shared.web import add_errors, done, signed_in_user
from portal.shared.words import lazy as _lazy

MOST_IMPORT_BYTES = 12 * 1024 * 1024


class ImportForm(forms.Form):
    file = forms.FileField(
        label=_lazy("JSON Lines"),
        help_text=_lazy("One connector a line: name, publisher, package (a zip in base64), regions, source."),
        widget=forms.ClearableFileInput(attrs={"accept": ".jsonl,.ndjson,application/json"}),
    )


class DecideClaimForm(forms.Form):
    reason = forms.CharField(max_length=1_000, widget=forms.Textarea(attrs={"rows": 3}))


@require_safe
@login_required
def import_list(request: HttpRequest) -> HttpResponse:
    require(policies.can_import_connectors, signed_in_user(request), None)
    page = Paginator(queries.imports(), 25).get_page(request.GET.get("page"))
    return render(request, "certification/import_list.html", {"page": page})


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def import_new(request: HttpRequest) -> HttpResponse:
    user = signed_in_user(request)
    require(policies.can_import_connectors, user, None)
    form = ImportForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            return _imported(request, form)
        except InvalidInput as error:
            add_errors(form, error)
    return render(request, "certification/import_form.html", {"form": form})


def _imported(request: HttpRequest, form: ImportForm) -> HttpResponse:
    content = form.cleaned_data["file"].read(MOST_IMPORT_BYTES + 1)
    if len(content) > MOST_IMPORT_BYTES:
        raise InvalidInput(_("The file is too large: send it in parts."), fields={"file": [_("Too large.")]})
    outcomes = imports.import_lines(content, actor=signed_in_user(request))
    for each in [each for each in outcomes if each.problem][:20]:
        words = _("Line %(line)s (%(name)s): %(problem)s")
        messages.warning(request, words % {"line": each.line, "name": each.name, "problem": each.problem})
    count = sum(each.imported is not None for each in outcomes)
    words = ngettext("%(count)s connector came in.", "%(count)s connectors came in.", count)
    return done(request, words % {"count": count}, reverse("import_list"))


def _owned_teams(request: HttpRequest) -> list[Any]:
    return [team for team in teams_of(signed_in_user(request)) if team.role == "owner"]


@require_safe
@login_required
def claim_list(request: HttpRequest) -> HttpResponse:
    """A search for connectors without an owner, and the reader's claims (all of them for staff)."""
    asked = request.GET.get("q", "").replace("\0", "").strip()[:80]
    page = Paginator(queries.claims(request.user), 25).get_page(request.GET.get("page"))
    context = {
        "asked": asked,
        "found": queries.claimable(asked),
        "page": page,
        "teams": _owned_teams(request),
        "can_import": policies.can_import_connectors(request.user),
    }
    return render(request, "certification/claim_list.html", context)


@require_POST
@login_required
def claim_new(request: HttpRequest, pk: UUID) -> HttpResponse:
    imported = get_object_or_404(queries.unclaimed(), pk=pk)
    user = signed_in_user(request)
    team = get_object_or_404(Publisher.objects.visible_to(user), slug=request.POST.get("publisher", ""))
    claim = claims.claim_connector(imported, publisher=team, note=request.POST.get("note", ""), actor=user)
    return done(request, _("Claimed. Now prove it in one of three ways."), _address(claim))


def visible_claim(request: HttpRequest, pk: UUID) -> OwnershipClaim:
    return get_object_or_404(queries.claims(request.user), pk=pk)


def _address(claim: OwnershipClaim) -> str:
    return reverse("claim_detail", args=[claim.pk])


@require_safe
@login_required
def claim_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    claim = visible_claim(request, pk)
    return render(request, "certification/claim_detail.html", _claim_context(request, claim))


def _claim_context(request: HttpRequest, claim: OwnershipClaim) -> dict[str, Any]:
    user = signed_in_user(request)
    is_open = claim.state == "open"
    contact = queries.contact_of(claim.connector)
    return {
        "claim": claim,
        "records": queries.records_of(claim),
        "files": queries.file_addresses(claim.imported),
        "contact": contact if user.staff_role else queries.hidden_address(contact),
        "competitors": queries.competitors(claim) if is_open else 0,
        "can_prove": is_open and policies.can_edit_claim(user, claim),
        "can_decide": is_open and policies.can_decide_claim(user, claim),
        "can_open": bool(user.staff_role)
        or (claim.state == "granted" and is_member(user, claim.connector.publisher)),
        "form": DecideClaimForm(),
        "history": history.entries(audit.history(claim)[:20]),
    }


@require_POST
@login_required
def claim_check(request: HttpRequest, pk: UUID) -> HttpResponse:
    claim = visible_claim(request, pk)
    found = claims.check_claim(claim, actor=signed_in_user(request))
    if found.state == "granted":
        target = reverse("connector_detail", args=[found.connector.pk])
        return done(request, _("Proved: the connector is your team's now."), target)
    messages.warning(request, _("Not found yet. Records can take an hour to be seen everywhere."))
    return done(request, _("Looked at every place."), _address(claim))


@require_POST
@login_required
def claim_mail(request: HttpRequest, pk: UUID) -> HttpResponse:
    claim = visible_claim(request, pk)
    address = claims.send_proof_mail(claim, actor=signed_in_user(request))
    words = _("A mail is on its way to %(address)s.") % {"address": queries.hidden_address(address)}
    return done(request, words, _address(claim))


@require_POST
@login_required
def claim_withdraw(request: HttpRequest, pk: UUID) -> HttpResponse:
    claim = visible_claim(request, pk)
    claims.withdraw_claim(claim, actor=signed_in_user(request))
    return done(request, _("The claim is withdrawn."), reverse("claim_list"))


@require_POST
@login_required
def claim_decide(request: HttpRequest, pk: UUID) -> HttpResponse:
    claim = visible_claim(request, pk)
    user = signed_in_user(request)
    require(policies.can_decide_claim, user, claim)
    form = DecideClaimForm(request.POST)
    if form.is_valid():
        is_granted = request.POST.get("verdict") == "grant"
        claims.decide_claim(claim, is_granted=is_granted, reason=form.cleaned_data["reason"], actor=user)
        return done(request, _("Decided: the team is told."), _address(claim))
    context = _claim_context(request, claim) | {"form": form}
    return render(request, "certification/claim_detail.html", context, status=400)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def claim_confirm(request: HttpRequest, claim_token: str) -> HttpResponse:
    """Where the link of the mail leads. Looking changes nothing: programs look at links, too."""
    try:
        claim = claims.find_by_mail(claim_token)
        if request.method == "POST":
            is_yes = request.POST.get("answer") == "yes"
            claim = (claims.confirm_by_mail if is_yes else claims.refuse_by_mail)(claim_token)
    except InvalidInput as error:
        context = {"problem": error.message}
        return render(request, "certification/claim_confirm.html", context, status=409)
    return render(request, "certification/claim_confirm.html", {"claim": claim})


urlpatterns = [
    path("imports/", import_list, name="import_list"),
    path("imports/new/", import_new, name="import_new"),
    path("imports/<uuid:pk>/claim/", claim_new, name="claim_new"),
    path("claims/", claim_list, name="claim_list"),
    path("claims/<uuid:pk>/", claim_detail, name="claim_detail"),
    path("claims/<uuid:pk>/check/", claim_check, name="claim_check"),
    path("claims/<uuid:pk>/mail/", claim_mail, name="claim_mail"),
    path("claims/<uuid:pk>/withdraw/", claim_withdraw, name="claim_withdraw"),
    path("claims/<uuid:pk>/decide/", claim_decide, name="claim_decide"),
    path("claims/confirm/<str:claim_token>/", claim_confirm, name="claim_confirm"),
]
