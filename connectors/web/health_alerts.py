"""Pages of alerts and objectives, and the overview of all connectors for operators."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import path, reverse
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from connectors import policies
from connectors.alert_words import ADVICE, sentence
from connectors.latency import LATENCY_BOUNDS_MS
from connectors.models import Connector, HealthAlert
from connectors.objectives import RULES, Objective
from connectors.queries import connectors as connector_queries
from connectors.queries import health_fleet as queries
from connectors.queries.health_course import course
from connectors.services import health_alerts as services
from portal.shared.errors import InvalidInput
from portal.shared.policy import require
from portal.shared.web import add_errors, done, signed_in_user
from portal.shared.words import lazy as _lazy

PAGE_ROWS = 50


def _bounds() -> list[tuple[int, str]]:
    return [
        (bound, _("within %(bound)s ms") % {"bound": number_format(bound, force_grouping=True)})
        for bound in LATENCY_BOUNDS_MS
    ]


class ObjectiveForm(forms.Form):
    success_percent = forms.DecimalField(
        label=_lazy("Success rate, in %"), min_value=50, max_value=99.99, decimal_places=2,
        help_text=_lazy("Of all answers but 429. What is missing to 100% is the error budget of 30 days."),
    )  # fmt: skip
    latency_ms = forms.TypedChoiceField(
        label=_lazy("Latency"),
        coerce=int,
        choices=_bounds,
    )
    latency_percent = forms.DecimalField(
        label=_lazy("For this share of calls, in %"), min_value=50, max_value=99.99, decimal_places=2
    )
    silence_minutes = forms.IntegerField(
        label=_lazy("Silence, in minutes"), min_value=30, max_value=4320,
        help_text=_lazy("After so long without a report, where calls are usual at that hour, an "
            "alert fires."),
    )  # fmt: skip


@require_safe
@login_required
def fleet_overview(request: HttpRequest) -> HttpResponse:
    require(policies.can_see_fleet, signed_in_user(request), None)
    text, standing = request.GET.get("q", "").strip()[:100], request.GET.get("standing", "")
    fleet = queries.fleet(text=text, standing=standing if standing in queries.STANDINGS else "")
    context = {
        "fleet": fleet,
        "course": course(),
        "page": Paginator(fleet.rows, PAGE_ROWS).get_page(request.GET.get("page")),
        "text": text,
        "standing": standing,
        "hours": int(queries.LATELY.total_seconds() // 3600),
    }
    return render(request, "connectors/health_fleet.html", context)


@require_safe
@login_required
def health_alert_list(request: HttpRequest) -> HttpResponse:
    user = signed_in_user(request)
    is_open = request.GET.get("state", "open") != "resolved"
    page = Paginator(queries.alerts_of(user, is_open=is_open), PAGE_ROWS).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "alerts": [_described(alert, user) for alert in page],
        "is_open": is_open,
        "open_count": queries.alerts_of(user).count(),
    }
    return render(request, "connectors/health_alerts.html", context)


def _described(alert: HealthAlert, user: Any) -> dict[str, Any]:
    return {
        "alert": alert,
        "sentence": sentence(alert.kind, alert.evidence),
        "advice": ADVICE.get(alert.kind, ""),
        "can_answer": policies.can_answer_health_alert(user, alert.connector),
    }


def _alert(user: Any, pk: str) -> HealthAlert:
    found = HealthAlert.objects.visible_to(user).select_related("connector__publisher")
    alert: HealthAlert = get_object_or_404(found, pk=pk)
    return alert


@require_POST
@login_required
def health_alert_acknowledge(request: HttpRequest, pk: str) -> HttpResponse:
    user = signed_in_user(request)
    alert = _alert(user, pk)
    services.acknowledge(alert, actor=user)
    return done(request, _("The alert is yours: everybody sees that you look after it."), _list_address())


@require_POST
@login_required
def health_alert_close(request: HttpRequest, pk: str) -> HttpResponse:
    user = signed_in_user(request)
    alert = _alert(user, pk)
    services.close(alert, reason=request.POST.get("reason", ""), actor=user)
    return done(request, _("The alert is closed. It fires anew if it is still true."), _list_address())


def _list_address() -> str:
    return reverse("health_alert_list")


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def connector_objective(request: HttpRequest, pk: str) -> HttpResponse:
    user = signed_in_user(request)
    connector = get_object_or_404(connector_queries.for_page(user), pk=pk)
    require(policies.can_set_objective, user, connector)
    form = ObjectiveForm(request.POST or None, initial=_initial(connector))
    if request.method == "POST" and form.is_valid():
        try:
            services.set_objective(connector, services.ObjectiveDraft(**form.cleaned_data), actor=user)
        except InvalidInput as error:
            add_errors(form, error)
        else:
            target = reverse("connector_health", args=[connector.pk])
            return done(request, _("The objective is set; alerts follow it from the next minute on."), target)
    context = {"connector": connector, "form": form, "tab": "health", "rules": RULES}
    return render(request, "connectors/health_objective.html", context)


def _initial(connector: Connector) -> dict[str, Any]:
    own = getattr(connector, "objective", None)
    objective = own.as_rule() if own else Objective()
    return {
        "success_percent": round(100 * objective.success, 2),
        "latency_ms": objective.latency_ms,
        "latency_percent": round(100 * objective.latency_share, 2),
        "silence_minutes": int(objective.silence.total_seconds() // 60),
    }


urlpatterns = [
    path("health/", fleet_overview, name="fleet_overview"),
    path("health/alerts/", health_alert_list, name="health_alert_list"),
    path("health/alerts/<uuid:pk>/acknowledge/", health_alert_acknowledge, name="health_alert_acknowledge"),
    path("health/alerts/<uuid:pk>/close/", health_alert_close, name="health_alert_close"),
    path("connectors/<uuid:pk>/health/objective/", connector_objective, name="connector_objective"),
]
