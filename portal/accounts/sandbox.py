"""Sandbox tokens: every check and every answer is real, and nothing is changed."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from rest_framework.permissions import SAFE_METHODS

from portal.accounts.models import ApiToken
from portal.accounts.tokens import token_text
from portal.shared import sandbox
from portal.shared.secrets import fingerprint


def sandboxed(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """The same view; what sandbox tokens ask of it is undone, and the answer says `Sandbox: true`."""

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not _is_by_sandbox_token(request):
            return view(request, *args, **kwargs)
        if request.method in SAFE_METHODS:
            response = view(request, *args, **kwargs)
        else:
            with sandbox.played_through():
                response = view(request, *args, **kwargs)
                # Before it is undone: an answer may still read what was written.
                if hasattr(response, "render"):
                    response.render()
        response.headers["Sandbox"] = "true"
        return response

    return answer


def _is_by_sandbox_token(request: HttpRequest) -> bool:
    text = token_text(request)
    return bool(text) and ApiToken.objects.filter(digest=fingerprint(text), is_sandbox=True).exists()
