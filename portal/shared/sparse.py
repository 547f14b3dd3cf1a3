"""Smaller and larger answers: `?fields=a,b` leaves out, `?include=threads` puts in, `?ids=…` reads many."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from portal.shared.errors import InvalidInput

MOST_IDS = 100
MOST_INCLUDING = 50
# Of the callers' rows by id: what belongs to each, ready to be answered. One bounded set of queries for all.
Include = Callable[[Request, Sequence[Any]], Mapping[Any, Sequence[Any]]]


def reshape(response: Response) -> None:
    """Put in and leave out what the query of an answered GET asks for. `InvalidInput` for unknown names."""
    context: dict[str, Any] = response.renderer_context  # type: ignore[attr-defined]
    view, request = context["view"], context["request"]
    fields, includes = (_names(request, name) for name in ("fields", "include"))
    if not fields and not includes:
        return
    rows = _rows(response.data)
    if includes:
        _put_in(view, request, rows, includes)
    if fields:
        _leave_out(view, response, rows, fields)


def _names(request: Request, parameter: str) -> list[str]:
    return [each.strip() for each in request.query_params.get(parameter, "").split(",") if each.strip()]


def _rows(data: Any) -> list[dict[str, Any]]:
    """The objects of a page, of a list, or the one that was asked for."""
    if isinstance(data, dict) and isinstance(data.get("results"), list):
        data = data["results"]
    rows = data if isinstance(data, list) else [data]
    return [each for each in rows if isinstance(each, dict)]


def _refuse(parameter: str, unknown: Sequence[str], known: Sequence[str]) -> None:
    if unknown:
        words = {"unknown": ", ".join(unknown), "known": ", ".join(sorted(known)) or "-"}
        text = _("Unknown here: %(unknown)s. Known are: %(known)s.") % words
        raise InvalidInput(text, fields={parameter: [text]})


def _put_in(view: Any, request: Request, rows: list[dict[str, Any]], names: list[str]) -> None:
    offered: dict[str, Include] = getattr(view, "includes", {}) if reads_objects(view) else {}
    _refuse("include", [each for each in names if each not in offered], list(offered))
    if len(rows) > MOST_INCLUDING:
        text = _("With include a page has at most %(most)s rows.") % {"most": MOST_INCLUDING}
        raise InvalidInput(text, fields={"page_size": [text]})
    for name in names:
        found = offered[name](request, [row["id"] for row in rows])
        for row in rows:
            row[name] = list(found.get(row["id"], ()))


def reads_objects(view: Any) -> bool:
    """Whether the view answers its own objects now, rather than what one of its actions makes."""
    return getattr(view, "action", None) in {"list", "retrieve"}


def _leave_out(view: Any, response: Response, rows: list[dict[str, Any]], names: list[str]) -> None:
    known = list(dict.fromkeys(name for row in rows for name in row))
    if not rows and hasattr(view, "get_serializer_class"):
        known = list(view.get_serializer_class()().fields)
    _refuse("fields", [each for each in names if each not in known], known)
    for row in rows:
        for name in [each for each in row if each not in names]:
            del row[name]


def named(queryset: QuerySet[Any], given: str) -> QuerySet[Any]:
    """The rows with these ids, of those that the caller may see: others are as if they did not exist."""
    ids = [each.strip() for each in given.split(",") if each.strip()]
    if len(ids) > MOST_IDS:
        text = _("At most %(most)s ids at once.") % {"most": MOST_IDS}
        raise InvalidInput(text, fields={"ids": [text]})
    column = queryset.model._meta.pk
    try:
        keys = [column.to_python(each) for each in ids]
    except ValidationError:
        text = _("One of these is no id.")
        raise InvalidInput(text, fields={"ids": [text]}) from None
    return queryset.filter(pk__in=keys)
