"""Team roles are read once a request, not once a row."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from connectors.policies import remember_roles


class RememberRolesMiddleware:
    """Reads the signed-in person's roles once for a page; what changes something reads them afresh."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method in {"GET", "HEAD"} and request.user.is_authenticated:
            remember_roles(request.user)
        return self.get_response(request)
