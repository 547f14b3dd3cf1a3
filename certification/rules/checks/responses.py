"""Responses: their codes, descriptions, schemas, examples and headers."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator
from http import HTTPStatus
from typing import Any

from certification.rules.api import Api
from certification.rules.checks.media_types import MIME_TYPE, plain
from certification.rules.checks.response_schemas import default_as_success
from certification.rules.findings import Hit
from certification.rules.fixes import Patch, Place, fix
from certification.rules.registry import rule
from certification.rules.walk import Node
from connectors.definitions import openapi, pointers

_CODE = re.compile(r"[1-5][0-9][0-9]|default").fullmatch
_SUCCESS = re.compile(r"2[0-9][0-9]").fullmatch
_MEMBERS = frozenset(("description", "schema", "headers", "examples", "$ref"))
_SHARED = "#/responses/"
_PHRASES = {str(status.value): status.phrase for status in HTTPStatus}


@rule("RSP-001", on="operation", without="responses")
def responses_absent(operation: Node) -> Iterable[Hit]:
    return (operation.hit(value="no responses"),)


@functools.lru_cache(maxsize=1 << 12)
def _are_usual(codes: tuple[str, ...]) -> bool:
    return all(map(_CODE, codes)) and any(map(_SUCCESS, codes))


def has_usual_codes(responses: Any) -> bool:
    """Whether no rule has anything to say of the codes of the responses: a guard."""
    return responses.__class__ is dict and _are_usual(tuple(responses))


@rule("RSP-001", on="operation", key="responses", unless=has_usual_codes)
def responses_empty(operation: Node, key: str) -> Iterable[Hit]:
    responses = operation.value[key]
    if isinstance(responses, dict):
        for code in responses:
            if code[:2] != "x-":
                return ()
    return (operation.hit(key),)


@rule("RSP-002", on="operation", key="responses", unless=has_usual_codes)
def bad_code(operation: Node, key: str) -> Iterator[Hit]:
    for code in openapi.mapping(operation.value, key):
        if not _CODE(code) and code[:2] != "x-":
            yield operation.hit(key, code, value=code, at_key=True)


@fix("RSP-002")
def correct_code(place: Place) -> Patch:
    code = str(place.name).strip().lower()
    return place.rename(code) if _CODE(code) else ()


@rule("RSP-003", on="operation", key="responses", unless=has_usual_codes)
def no_success(operation: Node, key: str) -> Iterable[Hit]:
    responses = openapi.mapping(operation.value, key)
    if any(map(_SUCCESS, responses)):
        return ()
    found = [code for code in responses if code[:2] != "x-"]
    return (operation.hit(key, value=", ".join(found[:20])),) if found else ()


@rule("RSP-004", on="operation", key="responses", unless=has_usual_codes)
def only_default(operation: Node, key: str) -> Iterable[Hit]:
    responses = openapi.mapping(operation.value, key)
    if "default" in responses and all(code == "default" or code[:2] == "x-" for code in responses):
        return (operation.hit(key, "default", value="default"),)
    return ()


@fix("RSP-003")
@fix("RSP-004")
def name_default_200(place: Place) -> Patch:
    return default_as_success(Place(place.package, place.root, place.keys[:4]))


@rule("RSP-005", on="misfit")
def no_object(misfit: Node) -> Iterable[Hit]:
    if misfit.expected == "response":
        return (misfit.hit(value=misfit.value, code=misfit.name),)
    return ()


@rule("RSP-006", on="response", without=("description", "$ref"))
def description_missing(response: Node) -> Iterable[Hit]:
    return (response.hit(value=response.name),)


@rule("RSP-006", on="response", key="description", unless=str.strip)
def description_no_text(response: Node, key: str) -> Iterable[Hit]:
    return () if isinstance(response.value[key], str) else (response.hit(key, value=response.name),)


@rule("RSP-007", on="response", key="description", unless=str.strip)
def description_blank(response: Node, key: str) -> Iterable[Hit]:
    return (response.hit(key, value=response.name),) if isinstance(response.value[key], str) else ()


@fix("RSP-006")
@fix("RSP-007")
def give_standard_phrase(place: Place) -> Patch:
    """What HTTP calls the code, such as "Not Found"; what "default" means, only a person knows."""
    holder = place if isinstance(place.value, dict) else place.parent
    code = str(holder.name)
    phrase = _PHRASES.get(code)
    return holder.add("description", phrase) if phrase else ()


@rule("RSP-008", on="response", shape=lambda names: not _MEMBERS.issuperset(names))
def unknown_member(response: Node) -> Iterator[Hit]:
    for name in response.value:
        if name not in _MEMBERS and name[:2] != "x-":
            yield response.hit(name, value=name, at_key=True)


@fix("RSP-008")
def correct_letter_case(place: Place) -> Patch:
    name = str(place.name).lower()
    is_meant = isinstance(place.value, str if name == "description" else dict)
    return place.rename(name) if name in _MEMBERS and is_meant else ()


def _is_shared(response: Node) -> bool:
    """Whether a response stands in the root and not in an operation."""
    parent = response.parent
    return parent is not None and parent.kind == "definition"


@rule("RSP-010", on="response", key="$ref")
def reference_not_valid(response: Node, key: str) -> Iterable[Hit]:
    target = response.value[key]
    if _is_shared(response) or (isinstance(target, str) and target.startswith(_SHARED)):
        return ()
    return (response.hit(key),)


@rule("RSP-011", on="response", key="$ref")
def reference_not_found(response: Node, key: str) -> Iterable[Hit]:
    target = response.text(key)
    if _is_shared(response) or not target.startswith(_SHARED) or response.run.api.at(target)[0] is not None:
        return ()
    return (response.hit(key),)


@fix("RSP-010")
@fix("RSP-011")
def correct_reference(place: Place) -> Patch:
    """The one shared response of that name, in whatever letter case and however it was referred to."""
    if not isinstance(place.value, str):
        return ()
    name = place.value.rpartition("/")[2].lower()
    found = [shared for shared in openapi.mapping(place.root, "responses") if shared.lower() == name]
    return place.replace("#" + pointers.build(("responses", found[0]))) if len(found) == 1 else ()


@rule("RSP-012", on="response", key="$ref")
def shared_reference(response: Node, key: str) -> Iterable[Hit]:
    return (response.hit(key, name=response.name),) if _is_shared(response) else ()


@fix("RSP-012")
def write_out(place: Place) -> Patch:
    found, _ = Api(place.root).resolve(place.parent.value)
    return place.parent.replace(found) if isinstance(found, dict) else ()


@rule("RSP-030", on="response", key="examples")
def example_not_produced(response: Node, key: str) -> Iterator[Hit]:
    """Of a shared response nothing is said: what it is an answer to may produce something else."""
    examples = response.value[key]
    produced = set() if _is_shared(response) else _produced(response)
    if produced and isinstance(examples, dict):
        for kind in examples:
            if plain(kind) not in produced and kind[:2] != "x-" and MIME_TYPE(kind):
                yield response.hit(key, kind, value=kind, at_key=True)


def _produced(response: Node) -> set[str]:
    operation = response.parent and response.parent.parent
    for holder in (operation.value if operation else None, response.run.definition):
        if isinstance(holder, dict) and isinstance(holder.get("produces"), list):
            return {plain(kind) for kind in holder["produces"] if isinstance(kind, str)}
    return set()


@rule("RSP-031", on="response", key="examples")
def examples_malformed(response: Node, key: str) -> Iterator[Hit]:
    examples = response.value[key]
    if not isinstance(examples, dict):
        yield response.hit(key)
        return
    for kind in examples:
        if not MIME_TYPE(kind) and kind[:2] != "x-":
            yield response.hit(key, kind, value=kind, at_key=True)


@rule("RSP-032", on="header", without="type")
def header_without_type(header: Node) -> Iterable[Hit]:
    return (header.hit(value=header.name),)


@rule("RSP-032", on="misfit")
def header_no_object(misfit: Node) -> Iterable[Hit]:
    return (misfit.hit(value=misfit.name),) if misfit.expected == "header" else ()


@fix("RSP-032")
def make_text(place: Place) -> Patch:
    """A header is a text unless its format says otherwise."""
    header = place.value
    is_plain = isinstance(header, dict) and header.keys() <= {"description"}
    return place.add("type", "string") if is_plain else ()


@rule("RSP-033", on="response", key="headers")
def duplicate_header(response: Node, key: str) -> Iterator[Hit]:
    headers = response.value[key]
    firsts: dict[str, str] = {}
    for name in headers if isinstance(headers, dict) else ():
        first = firsts.setdefault(name.lower(), name)
        if first is not name:
            yield response.hit(key, name, value=name, first=first, at_key=True)


@fix("RSP-033")
def drop_equal_header(place: Place) -> Patch:
    name = str(place.name).lower()
    first = next(header for other, header in place.parent.value.items() if other.lower() == name)
    return place.remove() if first == place.value else ()


@rule("RSP-060", on="definition", key="responses")
def unused(definition: Node, key: str) -> Iterator[Hit]:
    shared = definition.value[key]
    if not isinstance(shared, dict) or not shared:
        return
    api = definition.run.api
    used = {
        keys[1] for reference in _response_references(api, shared) if len(keys := api.at(reference)[1]) > 1
    }
    for name in shared:
        if name not in used and name[:2] != "x-":
            yield definition.hit(key, name, value=name, at_key=True)


@fix("RSP-060")
def drop_unused(place: Place) -> Patch:
    return place.remove() if len(place.parent.value) > 1 else place.parent.remove()


def _response_references(api: Api, shared: dict[str, Any]) -> set[str]:
    maps = [operation.value.get("responses") for operation in api.operations]
    return {
        target
        for responses in [*maps, shared]
        if isinstance(responses, dict)
        for response in responses.values()
        if isinstance(target := response.get("$ref") if isinstance(response, dict) else None, str)
        if target.startswith(_SHARED)
    }
