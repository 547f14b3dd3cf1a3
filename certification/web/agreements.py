"""Pages of the contributor agreement: reading and signing it; for administrators its versions and signers."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from certification.models import AgreementText
from certification.policies import can_manage_agreements
from certification.queries import agreements as queries
from certification.services import agreements as services
from portal.accounts.models import User
from portal.shared.errors import Conflict, InvalidInput
from portal.shared.markdown import render_markdown
from portal.shared.web import add_errors, done, signed_in_user
from portal.shared.words import lazy as _lazy

_PAGE = 25


class SigningForm(forms.Form):
    """`publisher` is empty for oneself."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    publisher = forms.ChoiceField(required=False, label=_lazy("For whom"))
    name = forms.CharField(
        max_length=services.LONGEST_NAME,
        label=_lazy("Full name"),
        help_text=_lazy("It stands for your signature."),
    )
    logins = forms.CharField(
        max_length=500,
        required=False,
        label=_lazy("Your accounts at code hosts"),
        help_text=_lazy("With commas between them, such as astrid-quay. For your own signature only."),
    )
    agrees = forms.BooleanField(label=_lazy("I have read this version and agree to it"))

    def __init__(self, *args: Any, reader: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.teams = {str(team.pk): team for team in queries.owned_teams(reader)}
        choices = [("", _("Myself")), *((pk, team.name) for pk, team in self.teams.items())]
        self.fields["publisher"].choices = choices  # type: ignore[attr-defined]

    def sign(self, *, actor: User) -> None:
        data = self.cleaned_data
        services.sign(
            version=data["version"],
            name=data["name"],
            publisher=self.teams.get(data["publisher"]),
            logins=data["logins"].split(","),
            actor=actor,
        )


class TextForm(forms.Form):
    text = forms.CharField(
        max_length=services.LONGEST_TEXT,
        label=_lazy("Text"),
        widget=forms.Textarea(attrs={"rows": 16}),
        help_text=_lazy("Markdown. It can never be changed, only followed by another version."),
    )
    note = forms.CharField(
        max_length=300, required=False, label=_lazy("What is new"), help_text=_lazy("Shown to signers.")
    )
    must_be_signed_anew = forms.BooleanField(
        required=False,
        label=_lazy("Has to be signed anew"),
        help_text=_lazy("Signatures of earlier versions count no longer. Otherwise they go on counting."),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def agreement(request: HttpRequest) -> HttpResponse:
    """The version that counts now, and one's signatures."""
    user, text = signed_in_user(request), queries.current_text()
    initial = {"version": text.version, "name": user.name} if text else {}
    form = SigningForm(request.POST or None, reader=user, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            form.sign(actor=user)
        except InvalidInput as error:
            add_errors(form, error)
        except Conflict as error:
            form.add_error(None, error.message)
        else:
            return done(request, _("Signed. Thank you."), reverse("agreement"))
    context = _context(user, text, {team.pk for team in form.teams.values()}) | {"form": form}
    return render(request, "certification/agreement_detail.html", context)


def _context(user: User, text: AgreementText | None, owned: set[Any]) -> dict[str, Any]:
    found = list(queries.signatures().filter(queries.of_person_or_teams(user)).distinct()[:50])
    counting = set(queries.in_force().filter(pk__in=[each.pk for each in found]).values_list("pk", flat=True))
    rows = [
        {
            "signature": each,
            "counts": each.pk in counting,
            "can_withdraw": not each.is_withdrawn
            and (each.publisher_id in owned if each.publisher_id else each.signer_id == user.pk),
        }
        for each in found
    ]
    return {"text": text, "rendered": render_markdown(text.text) if text else "", "rows": rows}


@require_safe
@login_required
def agreement_version(request: HttpRequest, version: int) -> HttpResponse:
    """One version as it was signed."""
    text = get_object_or_404(queries.texts(), version=version)
    newest = queries.current_text()
    context = {"text": text, "rendered": render_markdown(text.text), "newest": newest}
    return render(request, "certification/agreement_version.html", context)


@require_POST
@login_required
def agreement_withdraw(request: HttpRequest, pk: str) -> HttpResponse:
    user = signed_in_user(request)
    signature = get_object_or_404(queries.signatures_visible_to(user), pk=pk)
    services.withdraw_signature(signature, actor=user)
    return done(request, _("The signature is withdrawn: it counts no longer."), reverse("agreement"))


def _administrator(request: HttpRequest) -> User:
    user = signed_in_user(request)
    if not can_manage_agreements(user, None):
        raise Http404
    return user


@require_safe
@login_required
def agreement_list(request: HttpRequest) -> HttpResponse:
    """Versions and signatures, for administrators."""
    _administrator(request)
    page = Paginator(queries.signatures(), _PAGE).get_page(request.GET.get("page"))
    counting = queries.in_force().filter(pk__in=[each.pk for each in page]).values_list("pk", flat=True)
    context = {
        "texts": queries.texts()[:_PAGE],
        "page": page,
        "counting": set(counting),
        "is_required": settings.AGREEMENT_REQUIRED,
    }
    return render(request, "certification/agreement_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def agreement_create(request: HttpRequest) -> HttpResponse:
    user, newest = _administrator(request), queries.current_text()
    form = TextForm(request.POST or None, initial={"text": newest.text if newest else ""})
    if request.method == "POST" and form.is_valid():
        try:
            made = services.publish_text(**form.cleaned_data, actor=user)
        except InvalidInput as error:
            add_errors(form, error)
        else:
            said = _("Version %(version)s counts from now on.") % {"version": made.version}
            return done(request, said, reverse("agreement_list"))
    return render(request, "certification/agreement_form.html", {"form": form, "newest": newest})


urlpatterns = [
    path("agreement/", agreement, name="agreement"),
    path("agreement/<int:version>/", agreement_version, name="agreement_version"),
    path("agreement/signatures/<uuid:pk>/withdraw/", agreement_withdraw, name="agreement_withdraw"),
    path("administration/agreements/", agreement_list, name="agreement_list"),
    path("administration/agreements/new/", agreement_create, name="agreement_create"),
]
