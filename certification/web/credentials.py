"""Pages of test credentials. Values are never shown again, but to a reviewer who says why."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from allauth.account.decorators import reauthentication_required
from django import forms
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from certification import policies
from certification.lifecycle import SUBMISSION
from certification.models import Submission, TestCredential
from certification.queries import credentials as queries
from certification.queries import submissions as submission_queries
from certification.services import credential_tests
from certification.services import credentials as services
from certification.web.submission_pages import page_context, submission_url, visible_submission
from portal.shared.errors import InvalidInput
from portal.shared.policy import require
from portal.shared.secrets import Secret
from portal.shared.web import add_errors, done, signed_in_user
from portal.shared.words import lazy as _lazy

_SECRET_FIELDS = frozenset({"key", "password", "client_secret", "second_factor", "access_token"})
_CONNECTION = "connection."
_LONGEST_INPUTS = 4_000


class CredentialForm(forms.Form):
    """The fields of one kind of credential. A password field is never filled from what is stored."""

    purpose = forms.CharField(
        max_length=120, help_text=_lazy("Such as “Sandbox, read only”. Everybody in the team sees it.")
    )
    expires_on = forms.DateField(
        label=_lazy("Valid until"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_lazy("You are reminded before; an expired credential blocks handing in."),
    )

    def __init__(self, *args: Any, kind: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in services.KINDS[kind]:
            masked = field.name in _SECRET_FIELDS
            attrs = {"autocomplete": "new-password" if masked else "off"}
            widget = forms.PasswordInput(attrs=attrs) if masked else forms.TextInput(attrs=attrs)
            self.fields[field.name] = forms.CharField(
                label=field.label,
                required=not field.optional,
                max_length=services.LONGEST_VALUE,
                strip=False,
                help_text=field.help,
                widget=widget,
            )
        self.order_fields([field.name for field in services.KINDS[kind]])

    def ask_for_call(self, call: queries.ProvingChoices) -> None:
        """The rest of the connection, and which call proves it. The definition's texts are escaped here."""
        for name, label in call.connection:
            self.fields[_CONNECTION + name] = forms.CharField(
                required=False,
                label=label,
                max_length=500,
                help_text=_("A value of the connection that is no secret."),
            )
        if call.operations:
            self.fields["test_operation"] = forms.ChoiceField(
                required=False,
                label=_("Prove it with"),
                choices=[
                    ("", _("The portal's choice (%(value)s)") % {"value": call.picked or _("none found")}),
                    *call.operations,
                ],
                help_text=_("Called now, every night and before a review. It has to leave data alone."),
            )
            self.fields["test_inputs"] = forms.CharField(
                required=False,
                label=_("Inputs of that call"),
                max_length=_LONGEST_INPUTS,
                widget=forms.Textarea(attrs={"rows": 2, "placeholder": "name = value"}),
                help_text=_("One in a line, such as harbour = 17."),
            )

    def clean_test_inputs(self) -> dict[str, str]:
        found = {}
        for line in self.cleaned_data["test_inputs"].splitlines():
            name, mark, value = line.partition("=")
            if line.strip() and not mark:
                raise forms.ValidationError(
                    _("“%(line)s” is not of the form name = value.") % {"line": line.strip()[:60]}
                )
            if mark:
                found[name.strip()] = value.strip()
        return found


class RevealForm(forms.Form):
    reason = forms.CharField(
        min_length=services.SHORTEST_REASON,
        max_length=services.LONGEST_REASON,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_lazy("The team reads it, and it stays in the history."),
    )


def needs_fresh_sign_in(request: HttpRequest) -> bool:
    """Everybody proves again who they are, but for the one-click accounts of a trial."""
    return not (settings.TRIAL_MODE and request.session.get("trial_entry"))


def _credential(request: HttpRequest, pk: UUID, credential_pk: UUID) -> TestCredential:
    """Without its values: only the reveal reads them."""
    submission = visible_submission(request, pk)
    found = get_object_or_404(submission_queries.credentials_of(submission), pk=credential_pk)
    found.submission = submission
    return found


@require_safe
@never_cache
@login_required
def credential_list(request: HttpRequest, pk: UUID) -> HttpResponse:
    return _list_page(request, visible_submission(request, pk))


def _list_page(request: HttpRequest, submission: Submission, status: int = 200, **extra: Any) -> HttpResponse:
    user = signed_in_user(request)
    is_open = submission.state not in SUBMISSION.terminal
    context = page_context(request, submission, "credentials") | {
        "credentials": queries.credential_rows(submission),
        "reveals": submission_queries.reveals_of(submission)[:50],
        "kinds": TestCredential.Kind.choices,
        "can_manage": policies.can_manage_credentials(user, submission) and is_open,
        "can_reveal": policies.can_reveal_credential(user, submission),
        "can_test": policies.can_test_credential(user, submission) and is_open,
        **extra,
    }
    return render(request, "certification/credential_list.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters()
@never_cache
@login_required
def credential_create(request: HttpRequest, pk: UUID) -> HttpResponse:
    submission = visible_submission(request, pk)
    kind = request.GET.get("kind", "api_key")
    kind = kind if kind in services.KINDS else "api_key"
    return _edit(request, submission, kind, None)


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters()
@never_cache
@login_required
def credential_replace(request: HttpRequest, pk: UUID, credential_pk: UUID) -> HttpResponse:
    credential = _credential(request, pk, credential_pk)
    kind = request.GET.get("kind", credential.kind)
    kind = kind if kind in services.KINDS else credential.kind
    return _edit(request, credential.submission, kind, credential)


def _edit(
    request: HttpRequest, submission: Submission, kind: str, credential: TestCredential | None
) -> HttpResponse:
    user = signed_in_user(request)
    require(policies.can_manage_credentials, user, submission)
    form = CredentialForm(request.POST or None, initial=_initial(credential), kind=kind)
    form.ask_for_call(queries.proving_choices(submission))
    if request.method == "POST" and form.is_valid():
        try:
            if credential:
                services.replace_credential(credential, given=_given(form, kind), actor=user)
            else:
                services.add_credential(submission, given=_given(form, kind), actor=user)
        except InvalidInput as error:
            add_errors(form, error)
        else:
            return done(request, _("Stored, encrypted."), submission_url(submission, "credential_list"))
    context = page_context(request, submission, "credentials") | {
        "form": form,
        "kind": kind,
        "kinds": TestCredential.Kind.choices,
        "credential": credential,
        "allowed": policies.can_manage_credentials(user, submission),
    }
    return render(request, "certification/credential_form.html", context, status=400 if form.errors else 200)


def _initial(credential: TestCredential | None) -> dict[str, Any]:
    """What is no secret; the values themselves are typed anew."""
    if credential is None:
        return {}
    return {
        "purpose": credential.purpose,
        "expires_on": credential.expires_on,
        "test_operation": credential.test_operation,
        "test_inputs": "\n".join(f"{name} = {value}" for name, value in credential.test_inputs.items()),
        **{_CONNECTION + name: value for name, value in credential.connection.items()},
    }


def _given(form: CredentialForm, kind: str) -> services.CredentialInput:
    names = [field.name for field in services.KINDS[kind]]
    return services.CredentialInput(
        kind=kind,
        purpose=form.cleaned_data["purpose"],
        values={name: Secret(form.cleaned_data[name]) for name in names},
        expires_on=form.cleaned_data["expires_on"],
        connection={
            name.removeprefix(_CONNECTION): value
            for name, value in form.cleaned_data.items()
            if name.startswith(_CONNECTION)
        },
        test_operation=form.cleaned_data.get("test_operation", ""),
        test_inputs=form.cleaned_data.get("test_inputs", {}),
    )


@require_POST
@login_required
def credential_test(request: HttpRequest, pk: UUID, credential_pk: UUID) -> HttpResponse:
    """Try it now; the list shows what came out."""
    credential = _credential(request, pk, credential_pk)
    test = credential_tests.ask_for_test(credential, actor=signed_in_user(request))
    text = f"{test.get_outcome_display()}. {test.message}"
    return done(request, text, submission_url(credential.submission, "credential_list"))


@require_POST
@login_required
def credential_delete(request: HttpRequest, pk: UUID, credential_pk: UUID) -> HttpResponse:
    credential = _credential(request, pk, credential_pk)
    services.delete_credential(credential, actor=signed_in_user(request))
    return done(request, _("Deleted."), submission_url(credential.submission, "credential_list"))


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@reauthentication_required(enabled=needs_fresh_sign_in)
def credential_reveal(request: HttpRequest, pk: UUID, credential_pk: UUID) -> HttpResponse:
    """GET asks for the reason, POST shows the values once; the answer is kept by no cache."""
    credential = _credential(request, pk, credential_pk)
    require(policies.can_reveal_credential, signed_in_user(request), credential.submission)
    form = RevealForm(request.POST or None)
    values: list[tuple[str, str]] = []
    if request.method == "POST" and form.is_valid():
        try:
            found = services.reveal_credential(
                credential, reason=form.cleaned_data["reason"], actor=signed_in_user(request)
            )
        except InvalidInput as error:
            add_errors(form, error)
        else:
            labels = {field.name: field.label for field in services.KINDS[credential.kind]}
            values = [(labels.get(name, name), value.reveal()) for name, value in found.items()]
    context = page_context(request, credential.submission, "credentials") | {
        "credential": credential,
        "form": form,
        "values": values,
        "allowed": policies.can_reveal_credential(request.user, credential.submission),
    }
    response = render(
        request, "certification/credential_reveal.html", context, status=400 if form.errors else 200
    )
    response["Cache-Control"] = "no-store"
    return response


urlpatterns = [
    path("submissions/<uuid:pk>/credentials/", credential_list, name="credential_list"),
    path("submissions/<uuid:pk>/credentials/new/", credential_create, name="credential_create"),
    path(
        "submissions/<uuid:pk>/credentials/<uuid:credential_pk>/replace/",
        credential_replace,
        name="credential_replace",
    ),
    path(
        "submissions/<uuid:pk>/credentials/<uuid:credential_pk>/delete/",
        credential_delete,
        name="credential_delete",
    ),
    path(
        "submissions/<uuid:pk>/credentials/<uuid:credential_pk>/reveal/",
        credential_reveal,
        name="credential_reveal",
    ),
    path(
        "submissions/<uuid:pk>/credentials/<uuid:credential_pk>/test/",
        credential_test,
        name="credential_test",
    ),
]
