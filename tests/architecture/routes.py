"""Every address of the portal, from the resolver itself: a new one cannot hide."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

WEB_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")


@dataclass(frozen=True)
class Route:
    """`name` with its namespace; `template` has {kwargs}; `kwargs` are their names in order."""

    name: str
    pattern: str
    template: str
    kwargs: tuple[str, ...]
    callback: Any

    @property
    def is_api(self) -> bool:
        return self.template.startswith(("/api/", "/providers/"))

    def path(self, values: dict[str, Any]) -> str:
        return self.template.format(**{name: values[name] for name in self.kwargs})


_CONVERTER = re.compile(r"<(?:\w+:)?(\w+)>")
_GROUP = re.compile(r"\(\?P<(\w+)>")


def _template(pattern: str) -> tuple[str, tuple[str, ...]]:
    """ "^a/(?P<b>[^/]+)/$" -> ("/a/{b}/", ("b",))."""
    text, names, position = "", [], 0
    while position < len(pattern):
        converter, group = _CONVERTER.match(pattern, position), _GROUP.match(pattern, position)
        if converter:
            names.append(converter[1])
            text, position = f"{text}{{{converter[1]}}}", converter.end()
        elif group:
            names.append(group[1])
            text, position = f"{text}{{{group[1]}}}", _end_of_group(pattern, position)
        elif pattern[position] == "\\":
            text, position = text + pattern[position + 1], position + 2
        elif pattern[position] in "^$":
            position += 1
        else:
            text, position = text + pattern[position], position + 1
    return "/" + text, tuple(names)


def _end_of_group(pattern: str, start: int) -> int:
    depth, position, in_class = 0, start, False
    while True:
        character = pattern[position]
        if character == "\\":
            position += 1
        elif character == "[":
            in_class = True
        elif character == "]":
            in_class = False
        elif character == "(" and not in_class:
            depth += 1
        elif character == ")" and not in_class:
            depth -= 1
            if not depth:
                return position + 1
        position += 1


def _walk(resolver: Any, prefix: str = "", namespaces: tuple[str, ...] = ()) -> Iterator[Route]:
    for each in resolver.url_patterns:
        pattern = prefix + str(each.pattern)
        if isinstance(each, URLResolver):
            inner = (*namespaces, each.namespace) if each.namespace else namespaces
            yield from _walk(each, pattern, inner)
        elif isinstance(each, URLPattern):
            template, kwargs = _template(pattern)
            yield Route(
                ":".join((*namespaces, each.name or template)), pattern, template, kwargs, each.callback
            )


ROUTES: tuple[Route, ...] = tuple(_walk(get_resolver()))
URL_NAMES = frozenset(route.name for route in ROUTES)


def named_patterns() -> Iterator[tuple[str, str]]:
    yield from ((route.name, route.pattern) for route in ROUTES if "/" not in route.name)
