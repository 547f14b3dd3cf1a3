"""Conditional requests (RFC 9110, section 13): what a reader already has is not sent again, and what somebody
else changed meanwhile is not overwritten.

The tag of a resource is the SHA-256 of the JSON that its address answers to this caller. A write that names a
tag is compared with what is stored under a lock, in the transaction of the write: nothing gets in between.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import connection, models, transaction
from django.http import HttpRequest
from django.http.response import HttpResponseBase, HttpResponseNotModified
from django.urls import Resolver404, resolve
from django.utils.cache import patch_vary_headers
from django.utils.http import parse_etags
from django.utils.translation import gettext as _
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response

from portal.shared.errors import InvalidInput
from portal.shared.rest import problem
from portal.shared.sparse import reshape

View = Callable[..., HttpResponseBase]
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_CONDITIONS = ("If-Match", "If-None-Match")


@dataclass(frozen=True)
class _Resource:
    """The address whose representation a condition is about, and the view that answers there."""

    path: str
    view: Any
    kwargs: dict[str, Any]


def conditional(view: View) -> View:
    """The same view, with tags on what it answers and heed for the tags that it is sent."""

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method in _SAFE:
            return _read(request, view(request, *args, **kwargs))
        if any(name in request.headers for name in _CONDITIONS):
            return _write(request, view, lambda: view(request, *args, **kwargs))
        return view(request, *args, **kwargs)

    return answer


def _shaped(response: HttpResponseBase) -> HttpResponseBase:
    """As the query wants a read answered, before it gets its tag."""
    if isinstance(response, Response) and response.status_code == 200:
        try:
            reshape(response)
        except InvalidInput as error:
            members = {"errors": error.fields}
            refused = problem(error.status, error.code, error.message, **members)
            return _as_api(response.renderer_context["request"], refused)  # type: ignore[attr-defined]
    return _rendered(response)


def _rendered(response: HttpResponseBase) -> HttpResponseBase:
    render = getattr(response, "render", None)
    if callable(render) and not getattr(response, "is_rendered", True):
        render()
    return response


def tag_of(content: bytes) -> str:
    """The strong tag of these bytes, with its quotation marks."""
    return f'"{hashlib.sha256(content).hexdigest()[:40]}"'


def _read(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    response = _shaped(response)
    if response.status_code != 200 or not isinstance(response, Response):
        return response
    tag = tag_of(response.content)
    if request.headers.get("If-Match"):
        refused = _refused(request, response)
        if refused is not None:
            return _as_api(request, refused)
    known = parse_etags(request.headers.get("If-None-Match", ""))
    # Whether a reader's copy is still good is asked weakly: proxies that compress make tags weak.
    if known == ["*"] or tag in {each.removeprefix("W/") for each in known}:
        response = _unchanged(response)
    response.headers["ETag"] = tag
    response.headers.setdefault("Cache-Control", "private, no-cache")
    patch_vary_headers(response, ("Authorization", "Cookie", "Accept-Language"))
    return response


def _unchanged(response: Response) -> HttpResponseNotModified:
    made = HttpResponseNotModified()
    for name in ("Vary", "Cache-Control", "Deprecation", "Sunset", "Link"):
        if name in response.headers:
            made.headers[name] = response.headers[name]
    return made


def _write(request: HttpRequest, view: View, act: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    resource = _resource(request.path_info)
    # Asked before anything is locked: nobody holds up what they may not even see.
    seen = _current(request, resource)
    if isinstance(seen, HttpResponseBase) and seen.status_code != 200:
        return seen
    if calls_outside(request, view):
        # No transaction is open while the outside is asked: what it says is recorded under a lock of its own.
        refused = _refused(request, seen)
        return act() if refused is None else _as_api(request, refused)
    with transaction.atomic():
        if resource is not None:
            _lock(resource)
            seen = _current(request, resource)
        refused = _refused(request, seen)
        if refused is not None:
            return _as_api(request, refused)
        response = _rendered(act())
        if resource is not None and request.method in {"PUT", "PATCH"} and response.status_code < 300:
            after = _current(request, resource)
            if after is not None and after.status_code == 200:
                response.headers["ETag"] = tag_of(after.content)
    return response


def calls_outside(request: HttpRequest, view: Any) -> bool:
    """Whether this write asks somebody outside while its caller waits: its view says so."""
    method = str(request.method).lower()
    action = (getattr(view, "actions", None) or {}).get(method, method)
    return action in getattr(view.cls, "outside_actions", ())


def _refused(request: HttpRequest, seen: HttpResponseBase | None) -> Response | None:
    """The 412 of a condition that does not hold for what is stored now; None when all hold."""
    tag = tag_of(seen.content) if isinstance(seen, Response) else ""
    wanted = parse_etags(request.headers.get("If-Match", ""))
    unwanted = parse_etags(request.headers.get("If-None-Match", "")) if request.method not in _SAFE else []
    # A list that cannot be read names nothing that is stored; `*` means whatever there is.
    lost = "If-Match" in request.headers and not (tag and (wanted == ["*"] or tag in wanted))
    there = bool(tag) and (unwanted == ["*"] or tag in unwanted)
    if not lost and not there:
        return None
    current = seen.data if isinstance(seen, Response) else None
    text = _("It is not as you last read it: look at “current”, decide anew and send its tag.")
    made = problem(412, "precondition-failed", text, etag=tag or None, current=current)
    if tag:
        made.headers["ETag"] = tag
    return made


def _as_api(request: HttpRequest, response: Response) -> HttpResponseBase:
    """Rendered by hand: no view stands behind this answer."""
    response.accepted_renderer = JSONRenderer()
    response.accepted_media_type = "application/json"
    response.renderer_context = {"request": request, "response": response}  # type: ignore[attr-defined]
    response.render()
    return response


def _resource(path: str) -> _Resource | None:
    """The nearest address, at or above `path`, that can be read: for a deed the object it is done to."""
    parts = path.strip("/").split("/")
    while len(parts) > 2:
        try:
            found = resolve("/" + "/".join(parts) + "/")
        except Resolver404:
            found = None
        if found is not None and _reads(found.func):
            return _Resource("/" + "/".join(parts) + "/", found.func, found.kwargs)
        parts.pop()
    return None


def _reads(view: Any) -> bool:
    if getattr(view, "cls", None) is None:
        return False
    actions = getattr(view, "actions", None)
    if actions is not None:
        return "get" in actions
    # A view that only writes may have inherited how to read.
    return hasattr(view.cls, "get") and "get" in view.cls.http_method_names


def _current(request: HttpRequest, resource: _Resource | None) -> Any:
    """What the caller would read there now."""
    if resource is None:
        return None
    options = {**resource.view.initkwargs, "throttle_classes": ()}
    actions = getattr(resource.view, "actions", None)
    view = resource.view.cls.as_view(*([actions] if actions is not None else []), **options)
    return _shaped(view(_reading(request, resource.path), **resource.kwargs))


def _reading(request: HttpRequest, path: str) -> HttpRequest:
    """A GET by the same caller, with the query of the write: fields that were left out have no say."""
    asked = HttpRequest()
    left_out = {"CONTENT_LENGTH", "CONTENT_TYPE", "HTTP_IF_MATCH", "HTTP_IF_NONE_MATCH"}
    asked.META = {name: value for name, value in request.META.items() if name not in left_out}
    asked.method, asked.path, asked.path_info = "GET", path, path
    asked.GET, asked.COOKIES = request.GET, request.COOKIES
    for name in ("user", "session"):
        if hasattr(request, name):
            setattr(asked, name, getattr(request, name))
    return asked


def _lock(resource: _Resource) -> None:
    """Other conditional writes wait, and so does every write to the row itself and to what points at it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [resource.path])
    for model, condition in _rows(resource):
        try:
            list(model._base_manager.filter(**condition).select_for_update(of=("self",)).values("pk"))
        except (ValueError, ValidationError):
            continue


def _rows(resource: _Resource) -> list[tuple[type[models.Model], dict[str, Any]]]:
    cls, rows = resource.view.cls, []
    queryset = getattr(cls, "queryset", None)
    name = getattr(cls, "lookup_url_kwarg", None) or getattr(cls, "lookup_field", "pk")
    if queryset is not None and name in resource.kwargs:
        rows.append((queryset.model, {getattr(cls, "lookup_field", "pk"): resource.kwargs[name]}))
    for kwarg, value in resource.kwargs.items():
        noun = kwarg.removesuffix("_id")
        if noun != kwarg:
            rows += [(each, {"pk": value}) for each in apps.get_models() if each._meta.model_name == noun]
    return rows
