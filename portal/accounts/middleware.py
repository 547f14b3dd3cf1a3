"""What a signed-in person's requests go through: their time zone, and the second factor staff must have."""

from __future__ import annotations

import hashlib
import zoneinfo
from collections.abc import Callable

from allauth.mfa.utils import is_mfa_enabled
from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import Resolver404, resolve
from django.utils import timezone, translation
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from redis.exceptions import RedisError

from portal.shared.web import is_for_programs

GetResponse = Callable[[HttpRequest], HttpResponse]

_ACTIVITY_SECONDS = 60
# What staff can reach without a second factor: setting one up, leaving, and what the page itself needs.
_OPEN_NAMES = {"account_logout", "account_reauthenticate", "account_login", "livez", "readyz"}


class ReaderTimeZoneMiddleware:
    """Shows times in the reader's own zone."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        name = request.user.time_zone if request.user.is_authenticated else "UTC"
        try:
            zone = zoneinfo.ZoneInfo(name)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError):
            zone = zoneinfo.ZoneInfo("UTC")
        with timezone.override(zone):
            return self.get_response(request)


class ReaderLanguageMiddleware:
    """Answers in the reader's language: the profile's, else the cookie's, else the browser's.

    Django's LocaleMiddleware runs before anybody is signed in as far as it can tell, and knows no profile.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        chosen = request.user.language if request.user.is_authenticated else ""
        language = chosen or translation.get_language_from_request(request)
        with translation.override(language):
            response = self.get_response(request)
        response.headers.setdefault("Content-Language", language)
        if not chosen:
            patch_vary_headers(response, ("Accept-Language",))
        return response


class SessionActivityMiddleware:
    """Keeps the list of a person's sessions: when, and from where, each was used last.

    Written at most once a minute for one address and program: it is four statements that every page would
    pay for. Ending a session does not depend on it.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.session.session_key and request.user.is_authenticated and self._is_news(request):
            UserSession.objects.create_from_request(request)
        return self.get_response(request)

    @staticmethod
    def _is_news(request: HttpRequest) -> bool:
        place = (
            request.session.session_key,
            request.META.get("REMOTE_ADDR"),
            request.headers.get("User-Agent"),
        )
        # Hashed, since whoever reads the cache must not learn what opens a session.
        name = hashlib.sha256(repr(place).encode()).hexdigest()
        try:
            return cache.add(f"session-used:{name}", 1, _ACTIVITY_SECONDS)
        except RedisError:
            return True


class StaffSecondFactorMiddleware:
    """Reviewers, operators and administrators set up a second factor before they see anything else."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = request.user
        if user.is_authenticated and user.staff_role and not self._allowed(request):
            if is_for_programs(request):
                return HttpResponse(
                    '{"status": 403, "code": "second-factor-required", '
                    '"detail": "Set up a second factor in the portal first."}',
                    status=403,
                    content_type="application/problem+json",
                )
            messages.warning(request, _("Your role needs a second factor. Set one up to go on."))
            return redirect("mfa_index")
        return self.get_response(request)

    @staticmethod
    def _allowed(request: HttpRequest) -> bool:
        if request.path.startswith("/static/"):
            return True
        name = _url_name(request.path_info)
        if name in _OPEN_NAMES or name.startswith("mfa_"):
            return True
        known = getattr(request.user, "has_second_factor", None)
        has_factor = is_mfa_enabled(request.user) if known is None else known
        return bool(has_factor or request.session.get("trial_entry"))


def _url_name(path: str) -> str:
    """The name of the route, "" where there is none."""
    try:
        return resolve(path).url_name or ""
    except Resolver404:
        return ""
