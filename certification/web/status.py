"""The public status page and the same as JSON. Nobody signs in here, and nobody is named here."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe
from redis.exceptions import RedisError

from certification.queries import status as queries

FRESH_SECONDS = 60
_KEY = "status-page"


def _status() -> queries.Status:
    """At most a minute old. Without the cache it is read anew: this page is there when others are not."""
    try:
        found: queries.Status | None = cache.get(_KEY)
    except RedisError:
        return queries.status()
    if found is None:
        found = queries.status()
        cache.set(_KEY, found, FRESH_SECONDS)
    return found


@require_safe
def status_page(request: HttpRequest) -> HttpResponse:
    context = {"status": _status(), "days": queries.DAYS, "min_samples": queries.MIN_SAMPLES}
    return render(request, "certification/status.html", context)


@require_safe
@cache_control(public=True, max_age=FRESH_SECONDS)
def status_json(request: HttpRequest) -> JsonResponse:
    """`version` grows when a member changes its meaning or goes; new members may come at any time."""
    return JsonResponse(_document(_status()), json_dumps_params={"indent": 1})


def _document(status: queries.Status) -> dict[str, Any]:
    return {
        "version": 1,
        "at": _time(status.at),
        "days": queries.DAYS,
        "min_samples": queries.MIN_SAMPLES,
        "steps": [
            {"step": step.key, "label": step.label, "all": _times(step.overall)}
            | {"lanes": {row.lane: _times(row) for row in step.lanes}}
            for step in status.steps
        ],
        "queues": [
            {"queue": row.key, "lane": row.lane, "waiting": row.count, "oldest_since": _time(row.oldest)}
            for row in status.queues
        ],
        "rollouts_under_way": status.rollouts,
        "freezes": [
            {
                "name": row.freeze.name,
                "starts_at": _time(row.freeze.starts_at),
                "ends_at": _time(row.freeze.ends_at),
                "regions": row.freeze.regions,
                "opens": row.freeze.opens,
            }
            for row in status.freezes
        ],
        "incidents": [
            {"title": row.title, "text": row.text, "concerns": row.scope, "since": _time(row.since)}
            for row in status.troubles
        ],
        "departures": [
            {
                "train": row.train,
                "leaves_at": _time(row.leaves_at),
                "boarding_ends_at": _time(row.closes_at),
                "free": row.free,
                "capacity": row.capacity,
            }
            for row in status.departures
        ],
        "forecasts": [
            {
                "of": row.subject,
                "made": row.horizon,
                "samples": row.samples,
                "median_error_seconds": round(row.median_error_seconds),
                "arrived_by_late_end": round(row.by_late, 3),
            }
            for row in status.accuracy
        ],
        "regions": [
            {"name": row.name, "geography": row.geography, "state": row.words, "since": _time(row.since)}
            for row in status.regions
        ],
    }


def _times(row: queries.Times) -> dict[str, float | int | None]:
    """Seconds, without fractions: nobody plans by them."""
    rounded = {
        name: None if value is None else round(value)
        for name, value in (("p50", row.p50), ("p75", row.p75), ("p90", row.p90))
    }
    return {"samples": row.samples, **rounded}


def _time(moment: dt.datetime | None) -> str | None:
    return moment.isoformat(timespec="seconds") if moment else None


urlpatterns = [
    path("status/", status_page, name="status"),
    path("status.json", status_json, name="status_json"),
]
