"""What every endpoint stands on: problem details, cursor pages, throttles, idempotent creation."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from redis.exceptions import RedisError
from rest_framework import exceptions
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import SimpleRateThrottle
from structlog.contextvars import get_contextvars

from portal.shared.errors import Blocked, Conflict, InvalidInput, PortalError
from portal.shared.models import IdempotencyRecord
from portal.shared.sparse import MOST_IDS, named
from portal.shared.web import signed_in_user

if TYPE_CHECKING:
    from rest_framework.views import APIView

PROBLEM_TYPE = "application/problem+json"
# For addresses: anything else is no address at all, before a database is asked.
UUID_PATTERN = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"


def problem(status: int, code: str, detail: str, **members: Any) -> Response:
    """An answer in the form of RFC 9457, with the request id to quote to an operator."""
    body = {
        "type": "about:blank",
        "title": _title(status),
        "status": status,
        "code": code,
        "detail": detail,
        "request_id": get_contextvars().get("request_id", ""),
        **members,
    }
    return Response(body, status=status, content_type=PROBLEM_TYPE)


def problem_details(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler: every error, ours or the framework's, in one shape."""
    # DRF's views read the settings that name this module, so they cannot be imported at its top.
    from rest_framework.views import exception_handler

    if isinstance(error, Http404):
        error = exceptions.NotFound()
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    if isinstance(error, PortalError):
        members: dict[str, Any] = {}
        if isinstance(error, InvalidInput) and error.fields:
            members["errors"] = error.fields
        if isinstance(error, Blocked):
            members["blockers"] = error.blockers
        return problem(error.status, error.code, error.message, **members)
    answer = exception_handler(error, context)
    if answer is None or not isinstance(error, exceptions.APIException):
        return answer
    if isinstance(error, exceptions.ValidationError):
        made = problem(
            400,
            "invalid-input",
            _("Some fields cannot be used; see errors."),
            errors=error.get_full_details(),
        )
    else:
        made = problem(answer.status_code, str(error.default_code).replace("_", "-"), str(error.detail))
    for name in ("WWW-Authenticate", "Retry-After"):
        if name in answer.headers:
            made[name] = answer.headers[name]
    return made


def _title(status: int) -> str:
    """Protocols on top of HTTP have statuses of their own, such as 460 of tus."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Refused"


class NewestFirstCursorPagination(CursorPagination):
    """Pages that stay right while rows arrive. `?page_size=` up to 200; `?ids=` reads up to 100 at once."""

    ordering = ("-created_at", "-pk")
    page_size_query_param = "page_size"
    max_page_size = 200

    def paginate_queryset(
        self, queryset: QuerySet[Any] | Sequence[Any], request: Request, view: APIView | None = None
    ) -> list[Any] | None:
        if "ids" in request.query_params and isinstance(queryset, QuerySet):
            queryset = named(queryset, request.query_params["ids"])
        found: list[Any] | None = super().paginate_queryset(queryset, request, view)
        return found

    def get_page_size(self, request: Request) -> int | None:
        usual = super().get_page_size(request)
        asked = self.page_size_query_param in request.query_params
        return MOST_IDS if "ids" in request.query_params and not asked else usual

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:
        text = f"Only these, with commas between; at most {MOST_IDS}. Those you may not see are left out."
        ids = {"name": "ids", "required": False, "in": "query", "description": text}
        return [*super().get_schema_operation_parameters(view), {**ids, "schema": {"type": "string"}}]


class CallerThrottle(SimpleRateThrottle):
    """A rate per person or token, else per address. Without its cache it lets requests pass: it protects
    capacity, not accounts."""

    scope = "caller"

    def get_cache_key(self, request: Request, view: APIView) -> str:
        ident = str(request.user.pk) if request.user.is_authenticated else self.get_ident(request)
        return self.cache_format % {"scope": self.scope, "ident": ident}

    def allow_request(self, request: Request, view: APIView) -> bool:
        try:
            return bool(super().allow_request(request, view))
        except RedisError:
            return True


class IdempotentCreation:
    """Mixin for views that create: a repeated `Idempotency-Key` gets the first answer again.

    The key is claimed and the creation done in one transaction, so a repetition after a lost answer finds
    either nothing or the whole. The same key with another body is refused with 409.
    """

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        key = request.headers.get("Idempotency-Key", "")
        make: Callable[..., Response] = super().create  # type: ignore[misc]
        if not key:
            return make(request, *args, **kwargs)
        if len(key) > 128:
            raise InvalidInput(_("Idempotency-Key is longer than 128 characters."))
        fingerprint = _fingerprint(request)
        with transaction.atomic():
            IdempotencyRecord.objects.bulk_create(
                [IdempotencyRecord(caller_id=signed_in_user(request).pk, key=key, fingerprint=fingerprint)],
                ignore_conflicts=True,
            )
            record = IdempotencyRecord.objects.select_for_update().get(
                caller_id=signed_in_user(request).pk, key=key
            )
            if record.fingerprint != fingerprint:
                raise Conflict(_("This Idempotency-Key was used for another request: choose a new one."))
            if record.status is not None:
                return Response(record.body, status=record.status, headers={"Idempotent-Replay": "true"})
            answer = make(request, *args, **kwargs)
            record.status, record.body = answer.status_code, _plain(answer.data)
            record.save(update_fields=["status", "body"])
            return answer


def _plain(data: Any) -> Any:
    from rest_framework.utils.encoders import JSONEncoder

    return json.loads(json.dumps(data, cls=JSONEncoder))


def _fingerprint(request: Request) -> str:
    """SHA-256 over method, path and what was sent. Uploaded files count with name and content."""
    digest = hashlib.sha256(f"{request.method} {request.path}\n".encode())
    for name in sorted(request.FILES):
        for file in request.FILES.getlist(name):
            digest.update(f"{name}={file.name}\n".encode())
            for chunk in file.chunks():
                digest.update(chunk)
            file.seek(0)
    data = request.data
    if isinstance(data, dict):
        data = sorted(((name, value) for name, value in data.items() if name not in request.FILES), key=str)
    digest.update(repr(data).encode())
    return digest.hexdigest()


# What is authenticated by a token carries no form token, here no more than at addresses that exist.
@csrf_exempt
def api_not_found(request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
    """Unknown addresses below /api/ answer in the API's shape, not with a page."""

    from rest_framework.views import APIView

    class Missing(APIView):
        authentication_classes = ()
        permission_classes = ()

        def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
            raise exceptions.NotFound(_("There is nothing at this address: see /api/docs/."))

    return Missing.as_view()(request)
