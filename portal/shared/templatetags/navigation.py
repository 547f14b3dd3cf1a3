"""Template tags for moving around: pages of a list, sortable columns, links with a changed query."""

from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from django import template
from django.core.paginator import Page
from django.http import HttpRequest, QueryDict
from django.template import RequestContext

register = template.Library()


def _query(context: Any, **changes: str | None) -> str:
    request: HttpRequest | None = context.get("request")
    query = request.GET.copy() if request else QueryDict(mutable=True)
    for key, value in changes.items():
        query.pop(key, None)
        if value is not None:
            query[key] = value
    return f"?{query.urlencode()}"


@register.inclusion_tag("_pagination.html", takes_context=True)
def pagination(context: RequestContext, page: Page, parameter: str = "page") -> dict[str, Any]:
    """Numbered pages of a Django `Page`; nothing when there is one page. Other filters in the URL stay."""
    paginator = page.paginator
    numbers = [
        {
            "number": number,
            "gap": not isinstance(number, int),
            "url": _query(context, **{parameter: str(number)}),
        }
        for number in paginator.get_elided_page_range(page.number, on_each_side=1, on_ends=1)
    ]
    return {
        "page": page,
        "numbers": numbers,
        "previous_url": _query(context, **{parameter: str(page.number - 1)}) if page.has_previous() else "",
        "next_url": _query(context, **{parameter: str(page.number + 1)}) if page.has_next() else "",
    }


@register.inclusion_tag("_pagination_cursor.html", takes_context=True)
def cursor_pagination(
    context: RequestContext, next_cursor: str = "", previous_cursor: str = "", parameter: str = "cursor"
) -> dict[str, str]:
    """Newer and older links for a list read by cursor; an empty cursor means that there is no such page."""
    return {
        "next_url": _query(context, **{parameter: next_cursor}) if next_cursor else "",
        "previous_url": _query(context, **{parameter: previous_cursor}) if previous_cursor else "",
    }


@register.inclusion_tag("_sort_header.html", takes_context=True)
def sort_header(
    context: RequestContext, field: str, label: str, css: str = "", parameter: str = "sort"
) -> dict[str, str]:
    """A `<th>` whose link sorts by `field`, then the other way round (`-field`), with aria-sort."""
    request: HttpRequest | None = context.get("request")
    current = request.GET.get(parameter, "") if request else ""
    direction = "ascending" if current == field else "descending" if current == f"-{field}" else ""
    following = f"-{field}" if direction == "ascending" else field
    url = _query(context, **{parameter: following, "page": None, "cursor": None})
    return {"label": label, "css": css, "direction": direction, "url": url}


@register.simple_tag
def url_with(url: str, **changes: str) -> str:
    """`url` with parameters of its query replaced; its other parameters stay."""
    parts = urlsplit(url)
    query = {**dict(parse_qsl(parts.query, keep_blank_values=True)), **changes}
    return urlunsplit(parts._replace(query=urlencode(query)))
