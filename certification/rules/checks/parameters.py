"""A single parameter: its name, its location, whether it is required, seen and encoded."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from certification.rules.findings import Hit
from certification.rules.fixes import Patch, Place, fix
from certification.rules.registry import rule
from certification.rules.walk import Node
from connectors.definitions import openapi

if TYPE_CHECKING:
    from certification.rules.engine import Run

LOCATIONS = ("path", "query", "header", "body", "formData")
# Guards on "in": true where a rule over bodies, over the other parameters, over the path has nothing to say.
NOT_BODY = frozenset(("path", "query", "header", "formData")).__contains__
NOT_OUTSIDE_BODY = frozenset(("body",)).__contains__
_NOT_PATH = frozenset(("query", "header", "body", "formData")).__contains__
# What a parameter outside the body says about its value; of a body parameter, `schema` says it.
VALUE_MEMBERS = (
    "type",
    "format",
    "items",
    "collectionFormat",
    "default",
    "maximum",
    "exclusiveMaximum",
    "minimum",
    "exclusiveMinimum",
    "maxLength",
    "minLength",
    "pattern",
    "maxItems",
    "minItems",
    "uniqueItems",
    "enum",
    "multipleOf",
)
_MEMBERS = frozenset((*VALUE_MEMBERS, "name", "in", "description", "required", "schema", "allowEmptyValue"))
_EXTENSIONS = ("x-ms-summary", "x-ms-visibility", "x-ms-url-encoding", "x-ms-dynamic-values")
_CONNECTION_ID = "connectionid"
_RESERVED = frozenset(
    ("authorization", "host", "content-length", "connection", "transfer-encoding", "cookie")
)
# What the platform sets itself, whatever a maker enters.
_SET_BY_PLATFORM = _RESERVED - {"authorization", "cookie"}
_MEDIA_TYPES = {"content-type": "consumes", "accept": "produces"}
# Names that no rule about names can object to.
PLAIN_NAME = re.compile(
    rf"(?!(?i:{'|'.join(map(re.escape, (*_RESERVED, *_MEDIA_TYPES, _CONNECTION_ID)))})\Z)[!-~][ -~]*+"
).fullmatch
_ENCODINGS = frozenset(("single", "double"))
_IS_BOOLEAN = bool.__instancecheck__


@rule("PRM-012", on="parameter", without=("$ref", "name"))
@rule("PRM-012", on="parameter", key="name", without="$ref", unless=PLAIN_NAME)
def name_missing(parameter: Node, key: str | None = None) -> Iterable[Hit]:
    if parameter.text("name").strip():
        return ()
    return (hit_quoted(parameter, key) if key else parameter.hit(value="missing"),)


@rule("PRM-013", on="parameter", without=("$ref", "in"))
@rule("PRM-013", on="parameter", key="in", without="$ref", unless=frozenset(LOCATIONS).__contains__)
def location_invalid(parameter: Node, key: str | None = None) -> Iterable[Hit]:
    return (hit_quoted(parameter, key) if key else parameter.hit(value="missing"),)


@fix("PRM-013")
def write_location_right(place: Place) -> Patch:
    found = word_of(place.value, LOCATIONS)
    return place.replace(found) if found else ()


@rule("PRM-014", on="parameter", key="name", without="$ref", unless=PLAIN_NAME)
def named_connection_id(parameter: Node, key: str) -> Iterable[Hit]:
    return (parameter.hit(key),) if parameter.text(key).lower() == _CONNECTION_ID else ()


@rule("PRM-015", on="parameter", key="name", without="$ref", unless=PLAIN_NAME)
def reserved_header(parameter: Node, key: str) -> Iterable[Hit]:
    if parameter.value.get("in") == "header" and parameter.text(key).lower() in _RESERVED:
        return (parameter.hit(key),)
    return ()


@fix("PRM-015")
def remove_header(place: Place) -> Patch:
    """Only what the platform sets itself; a credential needs a connection parameter in its stead."""
    parameter = place.parent
    listed = parameter.parent
    if place.value.lower() not in _SET_BY_PLATFORM or not isinstance(listed.value, list):
        return ()
    return parameter.remove() if len(listed.value) > 1 else listed.remove()


@rule("PRM-016", on="parameter", key="name", without="$ref", unless=PLAIN_NAME)
def media_type_header(parameter: Node, key: str) -> Iterable[Hit]:
    member = _MEDIA_TYPES.get(parameter.text(key).lower())
    if member and parameter.value.get("in") == "header" and is_met(parameter):
        return (parameter.hit(key, member=member),)
    return ()


@rule("PRM-018", on="parameter", key="in", without="$ref", unless=_NOT_PATH)
def path_parameter_optional(parameter: Node, key: str) -> Iterable[Hit]:
    value = parameter.value
    if value[key] != "path" or value.get("required", False) is not False:
        return ()
    return (parameter.hit(*("required",) if "required" in value else (), value=name_of(parameter)),)


@fix("PRM-018")
def make_required(place: Place) -> Patch:
    return place.add("required", True) if isinstance(place.value, dict) else place.replace(True)


@rule("PRM-019", on="parameter", key="required", without="$ref", unless=_IS_BOOLEAN)
def required_is_no_boolean(parameter: Node, key: str) -> Iterable[Hit]:
    return (hit_quoted(parameter, key),)


@fix("PRM-019")
def write_boolean(place: Place) -> Patch:
    found = word_of(place.value, ("true", "false"))
    return place.replace(found == "true") if found else ()


@rule("PRM-040", on="parameter", key="in", without=("$ref", "x-ms-url-encoding"), unless=_NOT_PATH)
def encoding_missing(parameter: Node, key: str) -> Iterable[Hit]:
    if parameter.value[key] == "path" and is_met(parameter):
        return (parameter.hit(value=name_of(parameter)),)
    return ()


@fix("PRM-040")
def encode_once(place: Place) -> Patch:
    """What the platform does without the extension."""
    return place.add("x-ms-url-encoding", "single")


@rule("PRM-041", on="parameter", key="x-ms-url-encoding", without="$ref", unless=_ENCODINGS.__contains__)
def encoding_invalid(parameter: Node, key: str) -> Iterable[Hit]:
    return (hit_quoted(parameter, key),)


@fix("PRM-041")
def write_encoding_right(place: Place) -> Patch:
    found = word_of(place.value, _ENCODINGS)
    return place.replace(found) if found else ()


@rule("PRM-042", on="parameter", key="x-ms-url-encoding", without="$ref")
def encoding_outside_path(parameter: Node, key: str) -> Iterable[Hit]:
    where = parameter.value.get("in")
    if where in LOCATIONS and where != "path":
        return (parameter.hit(key, value=name_of(parameter), location=where),)
    return ()


@fix("PRM-042")
def remove_encoding(place: Place) -> Patch:
    return place.remove()


@rule(
    "PRM-059",
    on="parameter",
    without="$ref",
    shape=lambda names: not all(name in _MEMBERS or name.startswith("x-") for name in names),
)
def unknown_member(parameter: Node) -> Iterator[Hit]:
    for name in parameter.value:
        if name not in _MEMBERS and not name.startswith("x-"):
            yield parameter.hit(name, value=name, at_key=True)


@fix("PRM-059")
def remove_unknown(place: Place) -> Patch:
    """A name of another letter case is mended; one that looks misspelt is left to a person."""
    known = (*_MEMBERS, *_EXTENSIONS)
    meant = word_of(place.name, known)
    if meant is None:
        return () if difflib.get_close_matches(str(place.name), known, 1, 0.75) else place.remove()
    return place.rename(meant)


def is_body(parameter: Node) -> bool:
    return bool(parameter.value.get("in") == "body")


def name_of(parameter: Node) -> str:
    return parameter.text("name") or "without name"


def hit_quoted(node: Node, key: str) -> Hit:
    """A hit at a member that shows a text in quotes, so that a blank one is seen."""
    value = node.value[key]
    return node.hit(key, value=f'"{value}"' if isinstance(value, str) else value)


def is_met(parameter: Node) -> bool:
    """False for a shared parameter that nothing refers to; shared ones have names, the others an index."""
    name = parameter.name
    return name.__class__ is int or name in used_names(parameter.run)


def is_visible(parameter: Node) -> bool:
    """Whether makers see it: neither it nor every operation that has it is internal."""
    above = parameter.parent
    if parameter.value.get("x-ms-visibility") == "internal" or above is None:
        return False
    if above.kind == "operation":
        return bool(above.value.get("x-ms-visibility") != "internal")
    return id(parameter.value) in _visible(parameter.run)


def used_names(run: Run) -> frozenset[str]:
    """The names of the shared parameters that something refers to."""
    if "used parameters" not in run.cache:
        used = _names_of(run, listed_references(run))
        if not used.issuperset(openapi.mapping(run.definition, "parameters")):
            # Only now is it worth looking for references at places where no parameter is expected.
            used |= _names_of(run, run.api.references)
        run.cache["used parameters"] = used
    names: frozenset[str] = run.cache["used parameters"]
    return names


def _names_of(run: Run, references: Iterable[str]) -> frozenset[str]:
    places = (run.api.at(target)[1] for target in references if target.startswith("#/parameters/"))
    return frozenset(str(keys[1]) for keys in places if len(keys) > 1)


def listed_references(run: Run) -> frozenset[str]:
    """The references in the lists of parameters of all operations."""
    if "listed references" not in run.cache:
        run.cache["listed references"] = frozenset(
            target
            for operation in run.api.operations
            for holder in (operation.value, operation.item)
            for one in openapi.sequence(holder, "parameters")
            if one.__class__ is dict and (target := one.get("$ref")).__class__ is str
        )
    found: frozenset[str] = run.cache["listed references"]
    return found


def _visible(run: Run) -> frozenset[int]:
    if "visible parameters" not in run.cache:
        shown = (operation for operation in run.api.operations if not operation.is_internal)
        run.cache["visible parameters"] = frozenset(
            id(found.value) for operation in shown for found in run.api.parameters(operation)
        )
    ids: frozenset[int] = run.cache["visible parameters"]
    return ids


def word_of(value: object, words: Iterable[str]) -> str | None:
    """The word that a text is but for letter case and blanks around it."""
    written = value.strip().lower() if isinstance(value, str) else None
    return next((word for word in words if word.lower() == written), None)
