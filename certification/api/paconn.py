"""The address that publishers' existing client `paconn validate` posts a definition to.

The client prints the body of a 2xx answer as it is, after undoing the escapes of a JSON string: so the
findings are one such string, in ASCII, a line each. It fails only on a 4xx answer, so errors are answered
that way when the token (scope `validate:strict`) or the setting PACONN_ERRORS_FAIL asks for it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, cast

import structlog
from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import path, re_path
from django.utils import timezone
from django.utils.formats import date_format
from rest_framework import exceptions
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from certification.rules.findings import Finding
from certification.rules.registry import metadata
from certification.services.definition_checks import LARGEST_BYTES, check_definition
from certification.services.treatments import Treated
from portal.accounts.models import ApiToken
from portal.accounts.tokens import ApiTokenAuthentication
from portal.shared.errors import TooLarge, Unavailable
from portal.shared.rest import problem_details
from portal.shared.web import signed_in_user

log = structlog.get_logger(__name__)
PREFIX = "providers/Microsoft.PowerApps/"
FILE_ADVICE = "Download a token file in the portal: Account, API tokens, Token file for paconn."
_FIRST = {"error": 0, "warning": 1}


class MayValidate(BasePermission):
    """A token with one of the scopes for validating."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        token: Any = request.auth
        if isinstance(token, ApiToken):
            if {ApiToken.Scope.VALIDATE, ApiToken.Scope.VALIDATE_STRICT} & set(token.scopes):
                return True
            raise exceptions.PermissionDenied(f"This token may not validate. {FILE_ADVICE}")
        raise stranger(request)


def stranger(request: Request) -> exceptions.NotAuthenticated:
    """Says why no token of this portal came with the request."""
    sent = request.headers.get("Authorization", "").partition(" ")[0].lower()
    if sent == "basic":
        return exceptions.NotAuthenticated(
            "A Basic header came instead of the token: an entry for this host in ~/.netrc replaces it. "
            "Remove the entry."
        )
    return exceptions.NotAuthenticated(f"No token of this portal was sent. {FILE_ADVICE}")


class ClientView(APIView):
    """An address of the client: only tokens count there."""

    authentication_classes: list[Any] = [ApiTokenAuthentication]
    schema = None

    def handle_exception(self, exc: Exception) -> Any:
        """Every answer is JSON: the client shows a traceback for a page."""
        try:
            found = problem_details(exc, self.get_exception_handler_context())
        except Exception:  # noqa: BLE001 - whatever it is, the client needs an answer
            found = None
        if found is None:
            log.exception("paconn_failed")
            found = problem_details(_away(exc), self.get_exception_handler_context())
        if found is not None:
            # What is set as a header is overwritten when the answer is rendered.
            found.content_type = "application/json"
            found.exception = True
        return found


class ValidateDefinition(ClientView):
    """POST a definition; the answer is what the client prints."""

    permission_classes = [MayValidate]

    def post(self, request: Request, oid: str = "") -> HttpResponse:
        token = cast("ApiToken", request.auth)
        found = check_definition(
            body_of(request), publisher_id=token.publisher_id, actor=signed_in_user(request)
        )
        # Before a push the client asks without this flag and only heeds refusals: errors are what matters.
        if request.query_params.get("enableConnectorCertificationRules", "").lower() != "true":
            found = [each for each in found if each.severity == "error"]
        shown = [each for each in found if each.severity in _FIRST]
        shown.sort(key=lambda each: _FIRST[each.severity])
        is_strict = ApiToken.Scope.VALIDATE_STRICT in token.scopes or settings.PACONN_ERRORS_FAIL
        if is_strict and any(each.severity == "error" for each in shown):
            return answer(_refusal(shown), status=400)
        return answer("\r\n".join(map(_line, shown)))


def _away(error: Exception) -> Exception:
    if isinstance(error, OSError):
        return Unavailable("The check could not be started. Try again in a minute.")
    return exceptions.APIException("Something failed here; it has been noted. Try again later.")


def body_of(request: Request) -> bytes:
    length = request.META.get("CONTENT_LENGTH") or "0"
    too_large = TooLarge(f"A definition has at most {LARGEST_BYTES // 1024 // 1024} MiB.")
    if length.isdecimal() and int(length) > LARGEST_BYTES:
        raise too_large
    try:
        return request.body
    except RequestDataTooBig:
        raise too_large from None


def answer(value: Any, status: int = 200) -> HttpResponse:
    return HttpResponse(json.dumps(value, ensure_ascii=True), status=status, content_type="application/json")


def _line(treated: Treated) -> str:
    """One finding: the official name first, then place, sentence and what to do."""
    finding = treated.finding
    place = finding.pointer or (f"line {finding.line}" if finding.line else "the file")
    text = f"{treated.severity} {_code(finding)} {place}: {finding.message} {finding.fix}"
    return f"{' '.join(text.split())} ({finding.rule}{_treatment(treated)})"


def _treatment(treated: Treated) -> str:
    """Why the severity is not the one that the same rules give elsewhere."""
    if treated.treatment is None or treated.treatment.started_at is None:
        return ""
    since = date_format(timezone.localtime(treated.treatment.started_at), "j F Y")
    return f"; elsewhere {treated.finding.severity}, treated like this here since {since}"


def _code(finding: Finding) -> str:
    about = metadata().get(finding.rule)
    return (about.microsoft_name if about else "").partition(";")[0].partition(" /")[
        0
    ].strip() or finding.rule


def _refusal(found: Sequence[Treated]) -> dict[str, Any]:
    errors = sum(each.severity == "error" for each in found)
    return {
        "error": {
            "code": "ApiSwaggerInvalid",
            "message": f"The definition has {errors} error{'s' if errors != 1 else ''}.",
            "details": [_detail(each) for each in found],
        }
    }


def _detail(treated: Treated) -> dict[str, str]:
    finding = treated.finding
    return {
        "code": _code(finding),
        "severity": treated.severity,
        "catalogued_severity": finding.severity,
        "target": f"#{finding.pointer}",
        "message": f"{finding.message} {finding.fix}",
        "rule": finding.rule,
        "help": f"{settings.SITE_URL}/rules/{finding.rule}/",
    }


class Missing(APIView):
    """Whatever else the client asks for."""

    authentication_classes: list[Any] = []
    permission_classes: list[Any] = []
    schema = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        raise exceptions.NotFound(
            "This portal answers paconn validate, create, update and download. "
            "Everything else is in the portal and under /api/v1/."
        )


def missing(request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
    return Missing.as_view()(request)


urlpatterns = [
    # Without an object id in its token file the client leaves that part of the path out.
    path(f"{PREFIX}objectIds/validateApiSwagger", ValidateDefinition.as_view(), name="paconn_validate"),
    path(
        f"{PREFIX}objectIds/<str:oid>/validateApiSwagger",
        ValidateDefinition.as_view(),
        name="paconn_validate_as",
    ),
    re_path(r"^providers/.*$", missing, name="paconn_missing"),
]
