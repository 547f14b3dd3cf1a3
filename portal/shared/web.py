"""What every page stands on: request ids, domain errors as pages, health addresses, small view helpers."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING

import structlog
from celery import current_app
from django.conf import settings
from django.contrib import messages
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from redis.exceptions import RedisError
from structlog.contextvars import bound_contextvars

from portal.shared.errors import Blocked, InvalidInput, PortalError
from portal.shared.words import lazy as _lazy

if TYPE_CHECKING:
    from rest_framework.request import Request

    from portal.accounts.models import User

log = structlog.get_logger(__name__)
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")

GetResponse = Callable[[HttpRequest], HttpResponse]

# The phrases of HTTP, for people: those of the domain's errors.
_TITLES = {
    400: _lazy("Bad Request"),
    403: _lazy("Forbidden"),
    409: _lazy("Conflict"),
    413: _lazy("Request Entity Too Large"),
    429: _lazy("Too Many Requests"),
    503: _lazy("Service Unavailable"),
}


class RequestIdMiddleware:
    """Gives each request an id: in the logs, the jobs it causes, its audit records and its answer."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        offered = request.headers.get("X-Request-ID", "")
        request_id = offered if _REQUEST_ID.fullmatch(offered) else uuid.uuid4().hex
        with bound_contextvars(request_id=request_id):
            response = self.get_response(request)
        response["X-Request-ID"] = request_id
        response.setdefault("Permissions-Policy", settings.PERMISSIONS_POLICY)
        return response


class DomainErrorMiddleware:
    """Turns a `PortalError` that a page let through into a page that says what to do."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, RedisError):
            log.warning("cache_unreachable", error=type(exception).__name__)
            exception = PortalError(
                _(
                    "Sign-in is closed for the moment because its rate limits cannot be kept. "
                    "Try again in a minute."
                )
            )
            exception.status = 503
        if not isinstance(exception, PortalError):
            return None
        return error_page(request, exception)


def error_page(request: HttpRequest, error: PortalError) -> HttpResponse:
    """The page (or htmx fragment) of a domain error, with its HTTP status."""
    details: list[str] = []
    if isinstance(error, Blocked):
        details = error.blockers
    elif isinstance(error, InvalidInput):
        details = [text for texts in error.fields.values() for text in texts]
    return render(
        request,
        "error.html",
        {
            "status": error.status,
            "title": _TITLES.get(error.status) or HTTPStatus(error.status).phrase,
            "error_message": error.message,
            "details": details,
        },
        status=error.status,
    )


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    error = PortalError(
        _("Your form was open too long or came from elsewhere. Go back, reload, send it again.")
    )
    error.status = 403
    return error_page(request, error)


def is_for_programs(request: HttpRequest) -> bool:
    """Whether programs ask here. They cannot read a page, and the publishers' client fails on one with a
    traceback: answers are JSON.
    """
    return request.path.startswith(("/api/", "/providers/"))


def safe_next(request: HttpRequest, default: str) -> str:
    """The `next` address of the request if it stays on this site, else `default`."""
    target = request.POST.get("next") or request.GET.get("next") or ""
    allowed = url_has_allowed_host_and_scheme(
        target, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return target if target and allowed else default


def uuid_or_none(text: str) -> uuid.UUID | None:
    """The id that somebody's address or form names, if it is one."""
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def done(request: HttpRequest, message: str, target: str, *, undo: str = "") -> HttpResponse:
    """After a successful POST: say so, and go on by GET (a full page load for htmx too). `undo` is an offer
    of `undo.offered`, which the message carries as a button."""
    messages.success(request, message, extra_tags=undo)
    response = HttpResponseRedirect(safe_next(request, target))
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204, headers={"HX-Redirect": response["Location"]})
    return response


def signed_in_user(request: HttpRequest | Request) -> User:
    """The person behind a view or endpoint that requires sign-in."""
    if not request.user.is_authenticated:
        raise TypeError("this view needs login_required")
    return request.user


def add_errors(form: BaseForm, error: InvalidInput) -> None:
    """Show a service's refusal where the person can do something about it."""
    named = {name: texts for name, texts in error.fields.items() if name in form.fields}
    for name, texts in named.items():
        for text in texts:
            form.add_error(name, text)
    if not named:
        form.add_error(None, error.message)


@require_safe
@never_cache
def livez(request: HttpRequest) -> JsonResponse:
    """The process answers. Nothing else is asked, so a restart is only ever for a dead process."""
    return JsonResponse({"status": "alive"})


@require_safe
@never_cache
def readyz(request: HttpRequest) -> JsonResponse:
    """503 while a promise cannot be kept (database, migrations, storage); no broker only degrades."""
    checks = {
        "database": _database(),
        "migrations": _migrations(),
        "storage": _storage(),
        "broker": _broker(),
    }
    ready = all(checks[name] == "ok" for name in ("database", "migrations", "storage"))
    status = "ready" if ready and checks["broker"] == "ok" else "degraded" if ready else "unavailable"
    return JsonResponse({"status": status, "checks": checks}, status=200 if ready else 503)


def _database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Exception:  # noqa: BLE001 - any failure means the same to the caller
        return "unreachable"
    return "ok"


def _migrations() -> str:
    try:
        executor = MigrationExecutor(connection)
        pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except Exception:  # noqa: BLE001
        return "unknown"
    return "pending" if pending else "ok"


def _storage() -> str:
    probe = settings.PACKAGE_ROOT / f".probe-{uuid.uuid4().hex}"
    try:
        settings.PACKAGE_ROOT.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(b"")
        probe.unlink()
    except OSError:
        return "not writable"
    return "ok"


def _broker() -> str:
    try:
        with current_app.connection_for_write(connect_timeout=1) as broker:
            broker.ensure_connection(max_retries=1, timeout=1)
    except Exception:  # noqa: BLE001
        return "unreachable"
    return "ok"
