"""Pages of connectors: list, registration, the connector itself, planning, history."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import path, reverse, reverse_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from connectors import policies
from connectors.lifecycle import CONNECTOR, ConnectorState
from connectors.models import Connector, Publisher
from connectors.naming import advice_on
from connectors.queries import connectors as queries
from connectors.queries import versions as version_queries
from connectors.queries.publishers import choices_for
from connectors.services import connectors as services
from portal.shared.audit import history
from portal.shared.errors import InvalidInput
from portal.shared.history import entries
from portal.shared.policy import require
from portal.shared.web import add_errors, done, signed_in_user, uuid_or_none
from portal.shared.words import lazy as _lazy

PAGE_ROWS = 50
_LIVE_NAME = {
    "hx-get": reverse_lazy("connector_similar_names"),
    "hx-trigger": "input changed delay:300ms, load",
    "hx-target": "#similar-names",
    "hx-include": "closest form",
    "autocomplete": "off",
    "spellcheck": "false",
    "maxlength": 60,
}


class ConnectorForm(forms.Form):
    """What is known of a connector before it exists. The services check it; this only parses."""

    name = forms.CharField(
        max_length=60,
        widget=forms.TextInput(attrs=_LIVE_NAME),
        help_text=_lazy("As users will find it: at most 30 characters, without “API” or “Connector”."),
    )
    summary = forms.CharField(
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_lazy("What it will let people do, in a sentence or two. Reviewers read it first."),
    )
    backend_host = forms.CharField(
        required=False,
        label=_lazy("Backend host"),
        widget=forms.TextInput(attrs={"placeholder": "api.example.com", "spellcheck": "false"}),
        help_text=_lazy("The production host that operations will call."),
    )
    planned_for = forms.DateField(
        required=False,
        label=_lazy("Planned for"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=_lazy("When you hope to be live in every region. A wish, not a promise."),
    )


class EditForm(ConnectorForm):
    is_listed = forms.BooleanField(
        required=False,
        label=_lazy("Public page"),
        help_text=_lazy(
            "Once it is live: tells everybody where, and those who ask when it reaches their region."
        ),
    )
    has_status_page = forms.BooleanField(
        required=False,
        label=_lazy("Public status page and badge"),
        help_text=_lazy("Tells everybody, by day, how many calls succeed. Needs the public page."),
    )


class RegisterForm(ConnectorForm):
    publisher = forms.ModelChoiceField(Publisher.objects.none(), empty_label=None)
    field_order = ("publisher", "name", "summary", "backend_host", "planned_for")

    def __init__(self, *args: Any, teams: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["publisher"].queryset = teams  # type: ignore[attr-defined]
        self.fields["publisher"].help_text = _(
            "The team that owns the connector. You can register for these."
        )


@require_safe
@login_required
def connector_list(request: HttpRequest) -> HttpResponse:
    user = signed_in_user(request)
    asked = {name: request.GET.get(name, "").strip()[:100] for name in ("q", "state", "publisher", "contact")}
    publisher = uuid_or_none(
        asked["publisher"] or ("" if user.staff_role else request.session.get("publisher", ""))
    )
    if request.GET.get("publisher") == "all":
        publisher = None
    found = queries.listed(
        user,
        text=asked["q"],
        state=asked["state"] if asked["state"] in ConnectorState.values else "",
        publisher=publisher,
        contact=user if asked["contact"] == "me" else None,
    )
    context = {
        "connectors": Paginator(found, PAGE_ROWS).get_page(request.GET.get("page")),
        "asked": asked,
        "publisher_id": publisher,
        "is_filtered": any(asked.values()),
        "states": ConnectorState.choices,
        "publishers": choices_for(user),
        "can_register": policies.makes_connectors(user),
    }
    template = (
        "connectors/_connector_rows.html"
        if request.headers.get("HX-Request")
        else "connectors/connector_list.html"
    )
    return render(request, template, context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def connector_register(request: HttpRequest) -> HttpResponse:
    user = signed_in_user(request)
    teams = queries.registrable_publishers(user)
    wished = uuid_or_none(request.GET.get("publisher", "")) or uuid_or_none(
        request.session.get("publisher", "")
    )
    form = RegisterForm(request.POST or None, teams=teams, initial={"publisher": wished})
    if request.method == "POST" and form.is_valid():
        try:
            connector = services.register_connector(**form.cleaned_data, actor=user)
        except InvalidInput as error:
            add_errors(form, error)
        else:
            return done(
                request,
                _("“%(name)s” is reserved. A contact among the reviewers is assigned within the day.")
                % {"name": connector.name},
                _address(connector),
            )
    status = 400 if form.errors else 200
    context = {"form": form, "has_team": teams.exists(), "connector": None}
    return render(request, "connectors/connector_form.html", context, status=status)


@require_safe
@login_required
def connector_similar_names(request: HttpRequest) -> HttpResponse:
    """The fragment under the name while it is typed."""
    name = " ".join(request.GET.get("name", "").split())[:60]
    pk = uuid_or_none(request.GET.get("connector", ""))
    besides = Connector.objects.visible_to(request.user).filter(pk=pk).first() if pk else None
    context = {
        "name": name,
        "advice": advice_on(name) if len(name) > 2 else [],
        "similar": queries.similar_names(name, viewer=request.user, besides=besides),
    }
    return render(request, "connectors/_connector_similar_names.html", context)


@require_safe
@login_required
def connector_detail(request: HttpRequest, pk: str) -> HttpResponse:
    connector = _connector(request, pk)
    versions = list(version_queries.versions_of(connector)[:5])
    lines = queries.checklist_of(connector)
    context = {
        "connector": connector,
        "tab": "overview",
        "stages": queries.stages(connector, versions[0] if versions else None),
        "versions": versions,
        "uploads": version_queries.uploads_of(connector)[:5],
        "checklist": lines,
        "checklist_done": sum(line.done_at is not None for line in lines),
        "history": entries(history(connector)[:8]),
        **_rights(request.user, connector),
    }
    return render(request, "connectors/connector_detail.html", context)


def _rights(user: Any, connector: Connector) -> dict[str, bool]:
    """What the person's role and the connector's state allow together."""
    is_open = connector.state not in CONNECTOR.terminal
    return {
        "can_edit": is_open and policies.can_edit_connector(user, connector),
        "can_upload": is_open and policies.can_upload_version(user, connector),
        "can_transfer": is_open and policies.can_hand_over_connector(user, connector),
        "can_cancel": CONNECTOR.can("cancel", connector.state)
        and policies.can_cancel_connector(user, connector),
    }


@require_safe
@login_required
def connector_history(request: HttpRequest, pk: str) -> HttpResponse:
    connector = _connector(request, pk)
    page = Paginator(history(connector), PAGE_ROWS).get_page(request.GET.get("page"))
    context = {"connector": connector, "tab": "history", "page": page, "history": entries(page.object_list)}
    return render(request, "connectors/connector_history.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def connector_edit(request: HttpRequest, pk: str) -> HttpResponse:
    connector = _connector(request, pk)
    require(policies.can_edit_connector, signed_in_user(request), connector)
    names = ("name", "summary", "backend_host", "planned_for", "is_listed", "has_status_page")
    known = {name: getattr(connector, name) for name in names}
    form = EditForm(request.POST or None, initial=known)
    if request.method == "POST" and form.is_valid():
        try:
            services.update_connector(connector, values=form.cleaned_data, actor=signed_in_user(request))
        except InvalidInput as error:
            add_errors(form, error)
        else:
            return done(request, _("Saved."), _address(connector))
    context = {"form": form, "connector": connector, "has_team": True, **_rights(request.user, connector)}
    return render(request, "connectors/connector_form.html", context, status=400 if form.errors else 200)


@require_POST
@login_required
def connector_checklist(request: HttpRequest, pk: str) -> HttpResponse:
    connector = _connector(request, pk)
    row = services.tick_checklist_item(
        connector,
        item=request.POST.get("item", ""),
        is_done=request.POST.get("done") == "1",
        actor=signed_in_user(request),
    )
    if not request.headers.get("HX-Request"):
        return done(request, _("Saved."), f"{_address(connector)}#checklist")
    lines = queries.checklist_of(row)
    ticked = sum(line.done_at is not None for line in lines)
    context = {
        "connector": connector,
        "checklist": lines,
        "checklist_done": ticked,
        **_rights(request.user, row),
    }
    return render(request, "connectors/_connector_checklist.html", context)


@require_POST
@login_required
def connector_cancel(request: HttpRequest, pk: str) -> HttpResponse:
    connector = _connector(request, pk)
    reason = request.POST.get("reason", "").replace("\0", "").strip()[:500]
    services.cancel_connector(connector, reason=reason, actor=signed_in_user(request))
    return done(
        request, _("The name “%(name)s” is free again.") % {"name": connector.name}, reverse("connector_list")
    )


def _connector(request: HttpRequest, pk: str) -> Connector:
    return get_object_or_404(queries.for_page(request.user), pk=pk)


def _address(connector: Connector) -> str:
    return reverse("connector_detail", args=[connector.pk])


urlpatterns = [
    path("connectors/", connector_list, name="connector_list"),
    path("connectors/new/", connector_register, name="connector_register"),
    path("connectors/similar-names/", connector_similar_names, name="connector_similar_names"),
    path("connectors/<uuid:pk>/", connector_detail, name="connector_detail"),
    path("connectors/<uuid:pk>/edit/", connector_edit, name="connector_edit"),
    path("connectors/<uuid:pk>/checklist/", connector_checklist, name="connector_checklist"),
    path("connectors/<uuid:pk>/cancel/", connector_cancel, name="connector_cancel"),
    path("connectors/<uuid:pk>/history/", connector_history, name="connector_history"),
]
