"""Pages of transfers: offering a connector to another team, and the answer."""

from __future__ import annotations

from uuid import UUID

from django import forms
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from certification import policies
from certification.queries import ownership as queries
from certification.services import transfers as services
from connectors.queries.connectors import for_page
from portal.shared import audit, history
from portal.shared.errors import InvalidInput
from portal.shared.policy import require
from portal.shared.web import add_errors, done, signed_in_user
from portal.shared.words import lazy as _lazy


class TransferForm(forms.Form):
    to = forms.SlugField(
        max_length=60,
        label=_lazy("To the team"),
        help_text=_lazy("Its short name, as it stands in the address of its page: “northwind-harbour”."),
    )
    note = forms.CharField(
        required=False,
        max_length=1_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_lazy("The owners of the other team read it."),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def transfer_offer(request: HttpRequest, pk: UUID) -> HttpResponse:
    user = signed_in_user(request)
    connector = get_object_or_404(for_page(user), pk=pk)
    require(policies.can_offer_transfer, user, connector)
    form = TransferForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = services.offer_transfer(connector, **form.cleaned_data, actor=user)
        except InvalidInput as error:
            add_errors(form, error)
        else:
            return done(
                request,
                _("Offered: the owners of %(team)s are told.") % {"team": made.to_publisher},
                reverse("transfer_detail", args=[made.pk]),
            )
    context = {
        "connector": connector,
        "form": form,
        "under_way": queries.under_way(connector),
        "offered": queries.transfer_of(connector),
    }
    return render(request, "certification/transfer_offer.html", context)


@require_safe
@login_required
def transfer_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    user = signed_in_user(request)
    transfer = get_object_or_404(queries.transfers(user), pk=pk)
    is_open = transfer.state == "offered"
    context = {
        "transfer": transfer,
        "under_way": queries.under_way(transfer.connector) if is_open else [],
        "can_answer": is_open and policies.can_answer_transfer(user, transfer),
        "can_withdraw": is_open and policies.can_withdraw_transfer(user, transfer),
        "history": history.entries(audit.history(transfer)[:20]),
    }
    return render(request, "certification/transfer_detail.html", context)


@require_POST
@login_required
def transfer_answer(request: HttpRequest, pk: UUID) -> HttpResponse:
    """`answer` is accept or decline, for owners of the team it is offered to."""
    user = signed_in_user(request)
    transfer = get_object_or_404(queries.transfers(user), pk=pk)
    require(policies.can_answer_transfer, user, transfer)
    target = reverse("transfer_detail", args=[transfer.pk])
    if request.POST.get("answer") == "accept":
        services.accept_transfer(transfer, actor=user)
        return done(request, _("The connector is your team's now."), target)
    services.decline_transfer(transfer, actor=user)
    return done(request, _("Declined: the other team is told."), target)


@require_POST
@login_required
def transfer_withdraw(request: HttpRequest, pk: UUID) -> HttpResponse:
    user = signed_in_user(request)
    transfer = get_object_or_404(queries.transfers(user), pk=pk)
    services.withdraw_transfer(transfer, actor=user)
    return done(request, _("The offer is taken back."), reverse("transfer_detail", args=[transfer.pk]))


urlpatterns = [
    path("connectors/<uuid:pk>/transfer/", transfer_offer, name="transfer_offer"),
    path("transfers/<uuid:pk>/", transfer_detail, name="transfer_detail"),
    path("transfers/<uuid:pk>/answer/", transfer_answer, name="transfer_answer"),
    path("transfers/<uuid:pk>/withdraw/", transfer_withdraw, name="transfer_withdraw"),
]
