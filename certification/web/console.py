"""The try-it console: choose an operation, fill in its form, lend a credential by name, read the answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django import forms
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils.html import escape
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from certification import policies
from certification.lifecycle import SUBMISSION
from certification.models import Submission, TestCredential, TestRun
from certification.queries import console as queries
from certification.services import runs as services
from certification.services.credentials import LONGEST_REASON
from certification.web.submission_pages import page_context, visible_submission
from connectors.policies import is_member
from connectors.runtime import CallableOperation, Input
from connectors.runtime.examples import body_example
from connectors.told_calls import told_call
from portal.accounts.models import User
from portal.shared.errors import Conflict, InvalidInput, TooMany
from portal.shared.policy import require
from portal.shared.web import signed_in_user, uuid_or_none
from portal.shared.words import lazy as _lazy

_PREFIX = services.INPUT_PREFIX
_LONGEST_INPUT = 100_000
_DIRECTLY = [("backend", _lazy("Directly to the service"))]


class AskedField(forms.CharField):
    """Marked as required where the definition says so; whether it may be missing is the runtime's question,
    because wrong input can be sent on purpose."""

    def validate(self, value: Any) -> None:
        return None


class LentField(forms.ChoiceField):
    """A credential by name. To lend none is a choice as well."""

    def validate(self, value: Any) -> None:
        if value and not self.valid_value(value):
            raise forms.ValidationError(_("This credential is not there any more: choose another one."))


class CallForm(forms.Form):
    """The form of one operation. Texts of the definition are a stranger's: they are escaped here, because
    help texts are drawn as they are."""

    use_required_attribute = False
    credential = LentField(label=_lazy("Sign in with"))
    reason = AskedField(
        max_length=LONGEST_REASON, label=_lazy("What you are testing"),
        help_text=_lazy("The team sees who used its credential and why."),
    )  # fmt: skip
    target = forms.ChoiceField(
        choices=_DIRECTLY, required=False, label=_lazy("Way"),
        help_text=_lazy("Through the region the call is made by what is deployed there."),
    )  # fmt: skip
    wrong = forms.BooleanField(
        required=False, label=_lazy("Wrong input on purpose"),
        help_text=_lazy("Sends what does not fit, too. A refusal as the definition declares it "
            "counts as passed."),
    )  # fmt: skip

    def __init__(
        self,
        *args: Any,
        operation: CallableOperation,
        credentials: list[TestCredential],
        asks_reason: bool,
        gateway: str = "",
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.operation = operation
        for declared in operation.asked:
            self.fields[_PREFIX + declared.key] = _field(declared, operation)
        names = [(str(each.pk), f"{each.purpose} ({each.get_kind_display()})") for each in credentials]
        self.fields["credential"].choices = [*names, ("", _("No credential"))]  # type: ignore[attr-defined]
        if names:
            self.fields["credential"].initial = names[0][0]
        if not asks_reason:
            del self.fields["reason"]
        if gateway:
            through = _("Through %(gateway)s") % {"gateway": gateway}
            self.fields["target"].choices = [*_DIRECTLY, ("region", through)]  # type: ignore[attr-defined]
        else:
            del self.fields["target"]

    def _bound(self, advanced: bool) -> list[forms.BoundField]:
        return [
            self[_PREFIX + each.key]
            for each in self.operation.asked
            if (each.is_advanced or not each.is_required) is advanced
        ]

    @property
    def main_inputs(self) -> list[forms.BoundField]:
        return self._bound(False)

    @property
    def more_inputs(self) -> list[forms.BoundField]:
        return self._bound(True)

    @property
    def has_open_extras(self) -> bool:
        """Whether the optional inputs are shown: when they are few, filled in or wrong."""
        more = self.more_inputs
        return len(more) <= 4 or any(each.errors or each.value() for each in more)

    def wanted(self) -> services.Try:
        data = self.cleaned_data
        given = {
            name.removeprefix(_PREFIX): value
            for name, value in data.items()
            if name.startswith(_PREFIX) and value != ""
        }
        return services.Try(
            operation_id=self.operation.operation_id,
            inputs=given,
            credential_id=UUID(data["credential"]) if data["credential"] else None,
            is_wrong_on_purpose=data["wrong"],
            reason=data.get("reason", ""),
            through_region=data.get("target") == "region",
        )

    def refuse(self, error: InvalidInput) -> None:
        """A service's refusal at the inputs that it names."""
        for name, texts in error.fields.items():
            for text in texts:
                self.add_error(name if name in self.fields else None, told_call(text))
        if not error.fields:
            self.add_error(None, told_call(error.message))


def _field(declared: Input, operation: CallableOperation) -> forms.Field:
    attrs: dict[str, Any] = {"autocomplete": "off", "spellcheck": "false"}
    initial = declared.default if declared.has_default else ""
    widget: forms.Widget = forms.TextInput(attrs=attrs)
    if declared.place == "body":
        lines = body_example(operation)
        initial = lines
        rows = min(max(lines.count("\n") + 2, 5), 18)
        widget = forms.Textarea(attrs=attrs | {"rows": rows, "class": "mono", "wrap": "off"})
    elif declared.type == "boolean":
        initial = str(initial).lower() if initial != "" else ""
        widget = forms.Select(choices=[("", _("not sent")), ("true", "true"), ("false", "false")])
    elif declared.choices and declared.type != "array":
        empty = [] if declared.is_required and declared.has_default else [("", _("not sent"))]
        widget = forms.Select(choices=[*empty, *((str(each), str(each)) for each in declared.choices)])
    elif declared.type == "array":
        widget = forms.Textarea(attrs=attrs | {"rows": 3, "placeholder": _("One item per line")})
    elif declared.type == "file":
        widget = forms.Textarea(attrs=attrs | {"rows": 4, "placeholder": _("The content of the file")})
    elif declared.type in ("integer", "number"):
        widget = forms.TextInput(attrs=attrs | {"inputmode": "decimal"})
    place = "" if declared.place in ("query", "body") else f" · {declared.place}"
    kind = f"{declared.name} · {declared.type}{place}"
    help_text = f"{declared.help[:400]} ({kind})" if declared.help else kind
    return AskedField(
        required=declared.is_required,
        strip=False,
        label=declared.label[:120],
        initial=initial,
        widget=widget,
        max_length=_LONGEST_INPUT,
        help_text=escape(help_text),
    )


@dataclass(frozen=True)
class Seat:
    """Where somebody sits at the console: whose operations, under which addresses, with which frame around.

    `own_runs_only` keeps a guest from what others called.
    """

    submission: Submission
    address: str
    run_address: str
    template: str
    context: Mapping[str, Any] = field(default_factory=dict)
    asks_reason: bool = False
    own_runs_only: bool = False

    def runs(self, user: User, operation_id: str) -> QuerySet[TestRun]:
        found = queries.runs_of(self.submission, operation_id)
        return found.filter(user=user) if self.own_runs_only else found

    def run(self, user: User, pk: UUID | None) -> TestRun | None:
        found = queries.run_of(self.submission, pk)
        return None if found and self.own_runs_only and found.user_id != user.pk else found


def _seat(request: HttpRequest, pk: UUID) -> Seat:
    submission = visible_submission(request, pk)
    require(policies.can_try_operations, signed_in_user(request), submission)
    return Seat(
        submission,
        reverse("console", args=[pk]),
        reverse("console_run", args=[pk]),
        "certification/console.html",
        page_context(request, submission, "console"),
        asks_reason=not is_member(request.user, submission.publisher),
    )


@require_safe
@never_cache
@login_required
def console(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One operation with its form; with `run`, an earlier answer and its inputs."""
    return show(request, _seat(request, pk))


@require_POST
@never_cache
@login_required
def console_run(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Call it. With htmx the answer comes as a fragment, else by way of its own address."""
    return send(request, _seat(request, pk))


def show(request: HttpRequest, seat: Seat) -> HttpResponse:
    run = seat.run(signed_in_user(request), uuid_or_none(request.GET.get("run", "")))
    return _page(request, seat, request.GET.get("operation", ""), run)


def send(request: HttpRequest, seat: Seat) -> HttpResponse:
    bench = queries.bench_of(seat.submission)
    operation = bench.find(request.POST.get("operation", ""))
    if operation is None:
        raise Conflict(bench.problem or _("The package has no such operation: choose one from the list."))
    form = _form(seat, bench, operation, request.POST)
    if form.is_valid():
        try:
            run = services.run_operation(seat.submission, form.wanted(), actor=signed_in_user(request))
        except InvalidInput as error:
            form.refuse(error)
        except (Conflict, TooMany) as error:
            form.add_error(None, told_call(error.message))
        else:
            return _answer(request, seat, run)
    return _page(request, seat, operation.operation_id, None, form=form, status=422)


def _answer(request: HttpRequest, seat: Seat, run: TestRun) -> HttpResponse:
    address = f"{seat.address}?{urlencode({'operation': run.operation_id, 'run': str(run.pk)})}"
    if request.headers.get("HX-Request"):
        response = _page(request, seat, run.operation_id, run)
        response["HX-Push-Url"] = address
        return response
    return HttpResponse(status=303, headers={"Location": address + "#answer"})


def _form(
    seat: Seat, bench: queries.Bench, operation: CallableOperation, data: Any = None, **more: Any
) -> CallForm:
    return CallForm(
        data,
        operation=operation,
        credentials=queries.lendable(seat.submission),
        asks_reason=seat.asks_reason,
        gateway=bench.gateway,
        **more,
    )


def _initial(run: TestRun | None) -> dict[str, Any]:
    """The inputs of an earlier run, to change one of them and call again."""
    if run is None:
        return {}
    given = {_PREFIX + name: value for name, value in run.inputs.items()}
    named = {
        "credential": str(run.credential_id or ""), "reason": run.reason, "wrong": run.path == "error",
        "target": run.target,
    }  # fmt: skip
    return given | named


def _page(
    request: HttpRequest,
    seat: Seat,
    operation_id: str,
    run: TestRun | None,
    *,
    form: CallForm | None = None,
    status: int = 200,
) -> HttpResponse:
    submission = seat.submission
    bench = queries.bench_of(submission)
    operation = bench.find(run.operation_id if run and not operation_id else operation_id)
    context = {
        **seat.context,
        "submission": submission,
        "seat": seat,
        "bench": bench,
        "operation": operation,
        "choices": queries.choices_of(submission, bench, operation),
        "is_open": submission.state not in SUBMISSION.terminal,
        "view": queries.view_of(run) if run else None,
    }
    if operation is not None:
        runs = seat.runs(signed_in_user(request), operation.operation_id)
        context |= {
            "form": form or _form(seat, bench, operation, initial=_initial(run)),
            "runs": runs[: queries.HISTORY_LENGTH],
            "needs_credential": bench.needs_credential(operation),
            "hidden": [each for each in operation.inputs if each.is_internal],
        }
    fragment = request.headers.get("HX-Request") and request.headers.get("HX-Target") == "console"
    template = "certification/_console.html" if fragment else seat.template
    return render(request, template, context, status=200 if fragment else status)


urlpatterns = [
    path("submissions/<uuid:pk>/console/", console, name="console"),
    path("submissions/<uuid:pk>/console/run/", console_run, name="console_run"),
]
