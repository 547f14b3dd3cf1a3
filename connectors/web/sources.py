"""Pages of metrics sources: operators see them, administrators describe and switch them."""

from __future__ import annotations

from django import forms
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from connectors import policies
from connectors.models import MetricsSource, Publisher, Region
from connectors.prometheus import LABELS
from connectors.services import metrics_sources as services
from portal.shared.errors import InvalidInput
from portal.shared.policy import require
from portal.shared.web import add_errors, done, signed_in_user
from portal.shared.words import lazy as _lazy

_QUERY = {"rows": 2, "spellcheck": "false", "class": "mono"}
_PLAIN_FIELDS = (
    "name", "region", "publisher", "base_url", "requests_query", "latency_query", "connections_query",
    "is_in_seconds",
)  # fmt: skip


class SourceForm(forms.Form):
    name = forms.CharField(max_length=80)
    region = forms.ModelChoiceField(
        Region.objects.filter(is_active=True), help_text=_lazy("Where the calls are served.")
    )
    publisher = forms.ModelChoiceField(
        Publisher.objects.none(), required=False, empty_label=_lazy("Every publisher"),
        help_text=_lazy("When the Prometheus belongs to one organisation: only its connectors are taken."),
    )  # fmt: skip
    base_url = forms.URLField(
        max_length=300, label=_lazy("Address"), assume_scheme="https", help_text=_lazy("Without /api/v1.")
    )
    token = forms.CharField(
        max_length=500, required=False, widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text=_lazy("Stored encrypted, never shown, sent as Authorization: Bearer. Empty keeps it."),
    )  # fmt: skip
    requests_query = forms.CharField(
        label=_lazy("Counter of calls"), widget=forms.Textarea(attrs=_QUERY),
        help_text=_lazy("A selector of raw counters with a label for the code, not a rate and not a "
            "sum, such as "
        'connector_requests_total{region="westeurope"}'),
    )  # fmt: skip
    latency_query = forms.CharField(
        required=False, label=_lazy("Histogram of latency"), widget=forms.Textarea(attrs=_QUERY),
        help_text=_lazy('Its buckets, such as connector_request_seconds_bucket{region="westeurope"}'),
    )  # fmt: skip
    is_in_seconds = forms.BooleanField(required=False, initial=True, label=_lazy("Its bounds are in seconds"))
    connections_query = forms.CharField(
        required=False, label=_lazy("Gauge of active connections"), widget=forms.Textarea(attrs=_QUERY)
    )
    connector = forms.CharField(
        max_length=80, initial=LABELS["connector"], label=_lazy("Label of the connector")
    )
    version = forms.CharField(max_length=80, initial=LABELS["version"], label=_lazy("Label of the version"))
    operation = forms.CharField(
        max_length=80, initial=LABELS["operation"], label=_lazy("Label of the operation")
    )
    code = forms.CharField(max_length=80, initial=LABELS["code"], label=_lazy("Label of the code"))

    def __init__(self, *args: object, user: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        publishers = Publisher.objects.visible_to(user).order_by("name")
        self.fields["publisher"].queryset = publishers  # type: ignore[attr-defined]

    def draft(self) -> services.SourceDraft:
        data = dict(self.cleaned_data)
        labels = {name: data.pop(name) for name in LABELS}
        return services.SourceDraft(**data, labels=labels)


@require_safe
@login_required
def source_list(request: HttpRequest) -> HttpResponse:
    user = signed_in_user(request)
    require(policies.can_see_fleet, user, None)
    sources = MetricsSource.objects.select_related("region", "publisher")
    context = {"sources": sources, "can_manage": policies.can_manage_regions(user)}
    return render(request, "connectors/source_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def source_create(request: HttpRequest) -> HttpResponse:
    return _edit(request, None)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def source_edit(request: HttpRequest, pk: str) -> HttpResponse:
    require(policies.can_manage_regions, signed_in_user(request), None)
    return _edit(request, get_object_or_404(MetricsSource, pk=pk))


def _edit(request: HttpRequest, source: MetricsSource | None) -> HttpResponse:
    user = signed_in_user(request)
    require(policies.can_manage_regions, user, None)
    form = SourceForm(request.POST or None, user=user, initial=_initial(source))
    if request.method == "POST" and form.is_valid():
        try:
            services.save_source(form.draft(), source=source, actor=user)
        except InvalidInput as error:
            add_errors(form, error)
        else:
            return done(request, _("The source is saved."), reverse("source_list"))
    return render(request, "connectors/source_form.html", {"form": form, "source": source})


def _initial(source: MetricsSource | None) -> dict[str, object]:
    if source is None:
        return {}
    return {**{name: getattr(source, name) for name in _PLAIN_FIELDS}, **source.labels}


@require_POST
@login_required
def source_switch(request: HttpRequest, pk: str) -> HttpResponse:
    user = signed_in_user(request)
    require(policies.can_manage_regions, user, None)
    source = get_object_or_404(MetricsSource.objects.select_related("region"), pk=pk)
    is_active = request.POST.get("active") == "yes"
    services.switch_source(source, is_active=is_active, actor=user)
    text = _("Figures are fetched from now on.") if is_active else _("Nothing is fetched from it any more.")
    return done(request, text, reverse("source_list"))


urlpatterns = [
    path("health/sources/", source_list, name="source_list"),
    path("health/sources/new/", source_create, name="source_create"),
    path("health/sources/<uuid:pk>/", source_edit, name="source_edit"),
    path("health/sources/<uuid:pk>/switch/", source_switch, name="source_switch"),
]
