"""Sandbox tokens: every check and every answer is real, and nothing is changed."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from rest_framework.permissions import SAFE_METHODS

from portal.accounts.tokens import shown_token
from portal.shared import sandbox


def sandboxed(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """The same view; what sandbox tokens ask of it is undone, and the answer says `Sandbox: true`."""

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        token = shown_token(request)
        if token is None or not token.is_sandbox:
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
