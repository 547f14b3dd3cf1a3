"""Pages of health: how a connector is doing, two versions or regions side by side, figures as a file."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from defusedcsv import csv
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import path
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from connectors import policies
from connectors.models import Connector
from connectors.queries import care, health_compare
from connectors.queries import connectors as connector_queries
from connectors.queries import health as queries
from connectors.queries import health_promises as promises
from connectors.windows import chosen_window
from portal.shared.web import signed_in_user


@require_safe
@login_required
def connector_health(request: HttpRequest, pk: UUID) -> HttpResponse:
    user = signed_in_user(request)
    connector = get_object_or_404(connector_queries.for_page(user), pk=pk)
    window, range_error = _window(request)
    selection = queries.Selection(connector.pk, window, **_asked(request))
    health = queries.health_of(selection)
    context = {
        **_page(connector, window, range_error),
        "health": health,
        "asked": _asked(request),
        "choices": queries.choices(connector, health),
        "uncalled": _uncalled(connector, health),
        "promise": promises.promise_of(connector),
        "alerts": promises.open_alerts(connector),
        "errors": care.explained(connector, health.errors),
        "can_set_objective": policies.can_set_objective(user, connector),
        "can_tell": policies.can_tell_known_issue(user, connector),
    }
    return render(request, "connectors/health_detail.html", context)


def _page(connector: Connector, window: queries.Window, range_error: str) -> dict[str, Any]:
    return {
        "connector": connector,
        "tab": "health",
        "window": window,
        "windows": queries.WINDOWS.values(),
        "range_error": range_error,
    }


def _asked(request: HttpRequest) -> dict[str, str]:
    """The filters of the address. NUL reaches no text column; a filter with one matches nothing."""
    names = ("region", "operation", "version")
    return {name: request.GET.get(name, "")[:200].replace("\0", "\ufffd") for name in names}


def _window(request: HttpRequest) -> tuple[queries.Window, str]:
    """The window of the address, and what is wrong with a range that cannot be used."""
    named = queries.WINDOWS.get(request.GET.get("window", ""), queries.DEFAULT_WINDOW)
    texts = request.GET.get("since", "")[:40], request.GET.get("until", "")[:40]
    if not any(texts):
        return named, ""
    since, until = (_moment(text) for text in texts)
    if since is None or until is None:
        return named, _("Give both ends of the range as a date and time.")
    try:
        return chosen_window(since, until), ""
    except ValueError as error:
        return named, str(error)


def _moment(text: str) -> datetime | None:
    """A moment of the address, in the reader's zone unless it names one; None when it is none."""
    try:
        day = parse_date(text)
        moment = datetime(day.year, day.month, day.day) if day else parse_datetime(text)  # noqa: DTZ001
        if moment is None or not 1971 <= moment.year <= 2200:
            return None
        return timezone.make_aware(moment) if timezone.is_naive(moment) else moment
    except (ValueError, OverflowError):
        return None


def _uncalled(connector: Connector, health: queries.Health) -> list[str]:
    """Operations of the live version that nobody called in the window; only said for the unfiltered page."""
    if connector.live_version is None or health.selection.is_filtered or not health.has_data:
        return []
    called = {group.key for group in health.operations}
    listed = connector.live_version.facts.get("operations", [])
    wanted = [each["id"] for each in listed if each["id"] and not each.get("is_deprecated")]
    return [operation for operation in wanted if operation not in called]


@require_safe
@login_required
def connector_health_summary(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The last 24 hours in a few figures, for the connector's page."""
    connector = get_object_or_404(connector_queries.for_page(request.user), pk=pk)
    health = queries.health_of(queries.Selection(connector.pk))
    return render(request, "connectors/_health_summary.html", {"connector": connector, "health": health})


@require_safe
@login_required
def connector_health_compare(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Two versions, or two regions, over the same hours."""
    connector = get_object_or_404(connector_queries.for_page(request.user), pk=pk)
    window, range_error = _window(request)
    axis = request.GET.get("by", "version")
    axis = axis if axis in health_compare.AXES else "version"
    choices = queries.choices_in(connector.pk, window)
    asked = {side: request.GET.get(side, "")[:200].replace("\0", "\ufffd") for side in ("a", "b")}
    a, b = health_compare.choose(axis, choices, **asked)
    names = dict(choices.regions) if axis == "region" else {}
    options = choices.regions if axis == "region" else [(each, each) for each in choices.versions]
    comparison = (
        health_compare.compare(connector.pk, axis, a, b, window=window, names=names) if a and b else None
    )
    context = _page(connector, window, range_error) | {
        "axis": axis, "options": options, "a": a, "b": b, "comparison": comparison
    }  # fmt: skip
    return render(request, "connectors/health_compare.html", context)


@require_safe
@login_required
def connector_health_csv(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The steps of the page as a file for spreadsheets, with the same filters."""
    connector = get_object_or_404(connector_queries.for_page(request.user), pk=pk)
    window, _ = _window(request)
    health = queries.health_of(queries.Selection(connector.pk, window, **_asked(request)))
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="health-{connector.slug}-{window.key}.csv"'
    writer = csv.writer(response)
    writer.writerow(_HEADER)
    writer.writerows(_cells(point) for point in health.points)
    return response


_HEADER = (
    "from (UTC)", "requests", "successes", "throttled", "counted", "success rate", "failed 5xx",
    "refused 4xx", "p50 ms", "p95 ms", "p99 ms", "active connections",
)  # fmt: skip


def _cells(point: Any) -> Iterable[object]:
    """A step without a report has empty cells: 0 would be a claim."""
    begins, figures = point.at.strftime("%Y-%m-%d %H:%M"), point.figures
    if not point.has_data:
        return (begins, *[""] * (len(_HEADER) - 1))
    percentiles = [each and round(each.milliseconds, 2) for each in (figures.p50, figures.p95, figures.p99)]
    rate = "" if figures.success_rate is None else round(figures.success_rate, 6)
    counts = (figures.requests, figures.successes, figures.throttled, figures.counted)
    return (begins, *counts, rate, point.failed, point.refused, *percentiles, point.connections)


urlpatterns = [
    path("connectors/<uuid:pk>/health/", connector_health, name="connector_health"),
    path("connectors/<uuid:pk>/health/summary/", connector_health_summary, name="connector_health_summary"),
    path("connectors/<uuid:pk>/health/compare/", connector_health_compare, name="connector_health_compare"),
    path("connectors/<uuid:pk>/health/figures.csv", connector_health_csv, name="connector_health_csv"),
]
