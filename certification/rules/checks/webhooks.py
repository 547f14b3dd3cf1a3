"""Webhooks: triggers that subscribe at a service, and the field that tells it which address to call."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from certification.rules.api import Api, Keys, Operation, Parameter
from certification.rules.findings import Hit, Key
from certification.rules.fixes import Patch, Place, fix
from certification.rules.registry import rule
from certification.rules.walk import Node
from connectors.definitions import openapi

if TYPE_CHECKING:
    from certification.rules.engine import Run

URL, CONTENT, NOTIFICATION = "x-ms-notification-url", "x-ms-notification-content", "x-ms-notification"
NEEDLES = (CONTENT, URL)
_SINGLE = ("schema", "items", "additionalProperties")
_COMPOSED = ("allOf", "anyOf", "oneOf")
# Of one operation; real ones have one field, a reference or two away.
_MOST_FIELDS = 20
_MOST_PARTS = 500
_MOST_STEPS = 1_000_000

# The way to a value below another one, the last key first.
_Way = tuple["_Way | None", Key]
# The members on the way that may be left out, the last first: the object that does not list the name in its
# `required`, and the name ("" for a parameter).
_Optional = tuple["_Optional | None", Keys, str]
Links = tuple[tuple[Keys, str], ...]
# A value under search: the way to it, what may be left out on the way, whether it or what is around it is
# internal, and the names that the schema around its allOf requires.
_Found = tuple[Any, "_Way | None", "_Optional | None", bool, frozenset[str]]
_NOTHING: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Field:
    """A field for the address to call, as an operation reaches it: where it stands, the members on the way to
    it that are not required, as (keys of the object, name), and whether it or anything around it is internal.
    """

    value: dict[str, Any]
    keys: Keys
    optional: Links
    is_internal: bool


@dataclass(frozen=True, slots=True)
class _Part:
    """What one parameter or shared schema holds itself: its marked fields, and the references that lead on,
    with the names that are required around them.
    """

    fields: list[tuple[dict[str, Any], Keys, Links, bool]]
    references: list[tuple[str, Links, bool, frozenset[str]]]


@dataclass(frozen=True, slots=True)
class Webhook:
    """A trigger whose service calls back; `fields` are the marked fields of its input."""

    operation: Operation
    fields: list[Field]

    @property
    def keys(self) -> Keys:
        return self.operation.keys

    @property
    def has_content(self) -> bool:
        return CONTENT in self.operation.item


class FieldFinder:
    """Finds the marked fields of operations. Every parameter and shared schema is searched once, and in all
    at most `_MOST_STEPS` objects: nested references can name the same tree any number of times.
    """

    def __init__(self, api: Api) -> None:
        self._api = api
        self._parts: dict[int, _Part] = {}
        self._left = _MOST_STEPS

    def fields(self, operation: Operation) -> list[Field] | None:
        """The marked fields in the input of an operation, at most `_MOST_FIELDS`; None when the search was
        given up.
        """
        found: list[Field] = []
        for parameter in self._api.parameters(operation):
            if "schema" not in parameter.value and URL not in parameter.value:
                continue
            is_optional = not parameter.is_required and parameter.location != "path"
            optional: _Optional | None = (None, parameter.keys, "") if is_optional else None
            found += islice(self._below(parameter, optional), _MOST_FIELDS)
        return None if self._left <= 0 else found[:_MOST_FIELDS]

    def _below(self, parameter: Parameter, optional: _Optional | None) -> Iterator[Field]:
        pending = deque([(parameter.value, parameter.keys, optional, False, _NOTHING)])
        seen: set[int] = set()
        while pending and self._left > 0 and len(seen) < _MOST_PARTS:
            value, keys, optional, internal, required = pending.popleft()
            self._left -= 1
            if id(value) in seen:
                continue
            seen.add(id(value))
            part = self._parts.get(id(value))
            if part is None:
                part = self._parts[id(value)] = self._search(value, keys)
            for marked, at, links, is_internal in part.fields:
                way = _joined(optional, links, keys, required)
                yield Field(marked, at, _links(way), internal or is_internal)
            for target, links, is_internal, around in part.references:
                shared, at = self._api.at(target)
                if isinstance(shared, dict):
                    way = _joined(optional, links, keys, required)
                    pending.append((shared, at, way, internal or is_internal, around))

    def _search(self, root: dict[str, Any], keys: Keys) -> _Part:
        part = _Part([], [])
        pending: list[_Found] = [(root, None, None, False, _NOTHING)]
        while pending and self._left > 0:
            value, way, optional, internal, around = pending.pop()
            if not isinstance(value, dict):
                continue
            self._left -= 1
            target = value.get("$ref")
            internal = internal or value.get("x-ms-visibility") == "internal"
            if isinstance(target, str):
                part.references.append((target, _links(optional), internal, around))
                continue
            if value.get(URL) is True and len(part.fields) < _MOST_FIELDS:
                part.fields.append((value, keys + _path(way), _links(optional), internal))
            pending.extend(_children((value, way, optional, internal, around), keys))
        return part


def _children(found: _Found, base: Keys) -> Iterator[_Found]:
    """The objects below a schema or parameter; `base` leads to the root of the search."""
    value, way, optional, internal, around = found
    required = around
    if "required" in value:
        names = openapi.sequence(value, "required")
        required = around.union(name for name in names if isinstance(name, str))
    if "properties" in value:
        holder: Keys | None = None
        for name, below in openapi.mapping(value, "properties").items():
            link = optional
            if name not in required:
                holder = base + _path(way) if holder is None else holder
                link = (optional, holder, name)
            yield below, ((way, "properties"), name), link, internal, _NOTHING
    for key in _SINGLE:
        if key in value:
            yield value[key], (way, key), optional, internal, _NOTHING
    for key in _COMPOSED:
        if key in value:
            for index, below in enumerate(openapi.sequence(value, key)):
                yield below, ((way, key), index), optional, internal, required if key == "allOf" else _NOTHING


def _joined(
    optional: _Optional | None, links: Links, root: Keys, required: frozenset[str]
) -> _Optional | None:
    """What may be left out on a way that goes on; the names required around the object at `root` may not."""
    for keys, name in links:
        if name not in required or keys != root:
            optional = (optional, keys, name)
    return optional


def _links(optional: _Optional | None) -> Links:
    found: list[tuple[Keys, str]] = []
    while optional is not None:
        optional, keys, name = optional
        found.append((keys, name))
    return tuple(reversed(found))


def _path(way: _Way | None) -> Keys:
    keys: list[Key] = []
    while way is not None:
        way, key = way
        keys.append(key)
    return tuple(reversed(keys))


def finder(run: Run) -> FieldFinder:
    """The one finder of a run."""
    found: FieldFinder | None = run.cache.get("notification fields")
    if found is None:
        found = run.cache["notification fields"] = FieldFinder(run.api)
    return found


def webhooks(run: Run) -> list[Webhook]:
    """The triggers whose service calls back: they have a marked field, or what is sent is described.

    A path item describes what is sent for all its operations; a GET beside the subscription polls.
    """
    found: list[Webhook] | None = run.cache.get("webhooks")
    if found is None:
        found = run.cache["webhooks"] = []
        for operation in run.api.operations:
            if operation.is_trigger:
                fields = finder(run).fields(operation)
                if fields is not None and (fields or _describes_calls(operation)):
                    found.append(Webhook(operation, fields))
    return found


def _describes_calls(operation: Operation) -> bool:
    if operation.method == "get" or NOTIFICATION in operation.value:
        return False
    return CONTENT in operation.item or CONTENT in operation.value


@rule("TRG-010", on="paths", needles=NEEDLES)
def field_missing(paths: Node) -> Iterator[Hit]:
    for webhook in webhooks(paths.run):
        if not webhook.fields:
            yield paths.run.hit(*webhook.keys, value=webhook.operation.operation_id)


@rule("TRG-011", on="paths", needles=NEEDLES)
def field_not_required(paths: Node) -> Iterator[Hit]:
    for field in _fields_of_webhooks(paths.run):
        if field.optional:
            _, name = field.optional[-1]
            yield paths.run.hit(*field.keys, value=name or field.value.get("name"), cause=str(field.keys))


@rule("TRG-012", on="paths", needles=NEEDLES)
def field_visible(paths: Node) -> Iterator[Hit]:
    for field in _fields_of_webhooks(paths.run):
        if not field.is_internal:
            yield paths.run.hit(*field.keys, value=_name(field))


@rule("TRG-013", on="paths", needles=NEEDLES)
def field_is_no_string(paths: Node) -> Iterator[Hit]:
    for field in _fields_of_webhooks(paths.run):
        if "type" in field.value and field.value["type"] != "string":
            yield paths.run.hit(*field.keys, "type", value=field.value["type"], name=_name(field))


@rule("TRG-014", on="paths", needles=NEEDLES)
def several_fields(paths: Node) -> Iterator[Hit]:
    for webhook in webhooks(paths.run):
        if len(webhook.fields) > 1:
            yield paths.run.hit(*webhook.keys, value=", ".join(map(_name, webhook.fields)))


def _fields_of_webhooks(run: Run) -> Iterable[Field]:
    """Every marked field once, however many webhooks share it."""
    found: dict[Keys, Field] = {}
    for webhook in webhooks(run):
        for field in webhook.fields:
            known = found.get(field.keys)
            # One use that is not internal or not required is enough to object to the field.
            if known is None or (field.optional and not known.optional):
                found[field.keys] = field
    return found.values()


def _name(field: Field) -> str:
    return openapi.text(field.value, "name") or str(field.keys[-1])


def _fields_at(place: Place) -> Iterator[Field]:
    """The field of a finding, once for every webhook that reaches it."""
    api = Api(place.root)
    fields = FieldFinder(api)
    for operation in api.operations:
        if operation.is_trigger:
            yield from (field for field in fields.fields(operation) or () if field.keys == place.keys)


@fix("TRG-011")
def require_the_chain(place: Place) -> Patch:
    links = dict.fromkeys(link for field in _fields_at(place) for link in field.optional)
    by_object: dict[Keys, list[str]] = {}
    for keys, name in links:
        by_object.setdefault(keys, []).append(name)
    patch: list[Any] = []
    for keys, names in by_object.items():
        holder = Place(place.package, place.root, keys)
        if names == [""]:
            patch += holder.add("required", True)
        else:
            known = openapi.sequence(holder.value, "required")
            patch += holder.add("required", [*known, *names])
    return tuple(patch)


@fix("TRG-012")
def make_internal(place: Place) -> Patch:
    return place.add("x-ms-visibility", "internal")


@fix("TRG-013")
def make_string(place: Place) -> Patch:
    return place.replace("string")
