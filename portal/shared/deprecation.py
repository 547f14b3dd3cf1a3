"""Operations of the API that go: announced in the schema and in every answer (RFC 9745, RFC 8594)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import wraps
from typing import Any, TypeVar

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.http import http_date
from drf_spectacular.utils import extend_schema

F = TypeVar("F", bound=Callable[..., Any])
# From the announcement to the end: what docs/api.md promises.
NOTICE = timedelta(days=180)


@dataclass(frozen=True)
class Deprecation:
    """`since` and `sunset` are days in UTC. `link` leads to what to use instead."""

    since: date
    sunset: date
    link: str

    def __post_init__(self) -> None:
        if self.sunset - self.since < NOTICE:
            raise ValueError(f"between announcement and end are at least {NOTICE.days} days")

    def headers(self) -> dict[str, str]:
        return {
            "Deprecation": f"@{int(_midnight(self.since).timestamp())}",
            "Sunset": http_date(_midnight(self.sunset).timestamp()),
            "Link": f'<{self.link}>; rel="deprecation"; type="text/html"',
        }


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=UTC)


def deprecated(*, since: date, sunset: date, link: str) -> Callable[[F], F]:
    """Mark a view's method (`list`, `get`, an action …) as one that goes. Innermost of its decorators."""
    found = Deprecation(since, sunset, link)

    def mark(method: F) -> F:
        marked: F = extend_schema(deprecated=True)(method)
        marked.deprecation = found  # type: ignore[attr-defined]
        return marked

    return mark


def announced(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """The same view; answers of deprecated methods say so."""

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = view(request, *args, **kwargs)
        found = _of(view, str(request.method).lower())
        if found is not None:
            for header, value in found.headers().items():
                response.headers[header] = value
        return response

    return answer


def _of(view: Any, method: str) -> Deprecation | None:
    method = "get" if method == "head" else method
    name = (getattr(view, "actions", None) or {}).get(method, method)
    return getattr(getattr(getattr(view, "cls", None), name, None), "deprecation", None)
