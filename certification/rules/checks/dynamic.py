"""Dynamic extensions: their form, the operation that they call, and what they give it."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator
from typing import Any

from certification.rules.api import Api, Operation
from certification.rules.checks.dynamic_calls import (
    EXTENSIONS,
    HOLDERS,
    TREE,
    alike,
    callers,
    calls,
    on_content,
    operation_around,
    references,
)
from certification.rules.checks.dynamic_fields import Field, Fields
from certification.rules.findings import Hit
from certification.rules.fixes import Patch, Place, fix
from certification.rules.registry import rule
from certification.rules.walk import Node
from connectors.definitions import openapi

_ARGUMENTS = ("value", "parameterReference")
_PICKED = "selectedItemValuePath"
# More say no more about one call.
_MOST_MISSING = 20
_INTEGER = re.compile(r"-?(?:0|[1-9]\d{0,14})", re.ASCII)


@on_content("EXT-020", key=EXTENSIONS)
def extension_malformed(node: Node, key: str) -> Iterator[Hit]:
    value = node.value[key]
    if not isinstance(value, dict):
        yield node.hit(key, value="it is no object", extension=key)
    elif key == TREE and not isinstance(value.get("browse", {}), dict):
        yield node.hit(key, "browse", value="browse is no object", extension=key)
    for call in calls(node, key):
        if call.is_built_in:
            continue
        if "operationId" not in call.value:
            yield call.hit(value=f"{call.name} has no operationId")
        elif not isinstance(call.value["operationId"], str):
            yield call.hit("operationId", value="operationId is no text")


@on_content("EXT-021", key=EXTENSIONS)
def called_operation_not_found(node: Node, key: str) -> Iterator[Hit]:
    for call in calls(node, key):
        is_named = isinstance(call.value.get("operationId"), str)
        if is_named and call.target is None and node.run.is_definition_whole:
            yield call.hit("operationId")


@fix("EXT-021")
def correct_letter_case_of_operation(place: Place) -> Patch:
    known = alike(place.value, Api(place.root).by_id)
    return place.replace(known) if known else ()


@on_content("EXT-022", key=EXTENSIONS)
def parameters_malformed(node: Node, key: str) -> Iterator[Hit]:
    for call in calls(node, key):
        parameters = call.value.get("parameters", {})
        if not isinstance(parameters, dict):
            yield call.hit("parameters", value="parameters is no object")
        elif call.is_newer:
            allowed = (*_ARGUMENTS, _PICKED) if key == TREE else _ARGUMENTS
            for name, argument in parameters.items():
                if not isinstance(argument, dict) or argument.keys().isdisjoint(allowed):
                    yield call.hit(
                        "parameters", name, value=f"{name} has neither value nor parameterReference"
                    )


@fix("EXT-022")
def wrap_argument(place: Place) -> Patch:
    value = place.value
    if place.name == "parameters":
        api = Api(place.root)
        target = api.by_id.get(openapi.text(place.parent.value, "operationId"))
        needs_some = target is not None and bool(Fields(api).required(target))
        return () if value or needs_some else place.replace({})
    if isinstance(value, dict):
        reference = value.get("parameter")
        return place.replace({"parameterReference": reference}) if isinstance(reference, str) else ()
    return place.replace({"value": value})


@on_content("EXT-023", key=EXTENSIONS)
def argument_unknown_to_called_operation(node: Node, key: str) -> Iterator[Hit]:
    fields = Fields.of(node)
    for call in calls(node, key):
        target = call.target
        if target is not None:
            for name, _ in call.arguments():
                if fields.meaning(target, name).is_nothing:
                    cause = f"{target.operation_id} {name}"
                    yield call.hit(
                        "parameters", name,
                        value=name, at_key=True, cause=cause, operation=target.operation_id,
                    )  # fmt: skip


@fix("EXT-023")
def correct_letter_case_of_argument(place: Place) -> Patch:
    api = Api(place.root)
    target = api.by_id.get(openapi.text(place.parent.parent.value, "operationId"))
    known = alike(place.name, (one.name for one in api.parameters(target))) if target else None
    return place.rename(known) if known else ()


@rule("EXT-024", on=HOLDERS, key=EXTENSIONS)
def reference_unknown_in_calling_operation(node: Node, key: str) -> Iterator[Hit]:
    for call, _, at, meaning in references(node, key):
        if meaning.is_nothing:
            yield call.hit(*at, operation=_names(callers(node)))


@fix("EXT-024")
def correct_letter_case_of_reference(place: Place) -> Patch:
    api = Api(place.root)
    caller = operation_around(api, place)
    known = alike(place.value, (one.name for one in api.parameters(caller))) if caller else None
    return place.replace(known) if known else ()


def _names(operations: tuple[Operation, ...]) -> str:
    return ", ".join(operation.operation_id or operation.path for operation in operations[:3])


@on_content("EXT-027", key=EXTENSIONS)
def required_parameter_not_given(node: Node, key: str) -> Iterator[Hit]:
    for call in calls(node, key):
        target = call.target
        if target is not None and isinstance(call.value.get("parameters", {}), dict):
            given = {part for name, _ in call.arguments() for part in (name, name.partition("/")[2])}
            missing = (name for name in Fields.of(node).required(target) if name not in given)
            for name in itertools.islice(missing, _MOST_MISSING):
                operation = target.operation_id
                yield call.hit(value=name, cause=f"{operation} {name}", operation=operation)


@rule("EXT-036", on=HOLDERS, key=EXTENSIONS)
def parameters_missing(node: Node, key: str) -> Iterator[Hit]:
    for call in calls(node, key):
        if "parameters" not in call.value:
            yield call.hit(value=call.operation_id or key, name=call.name)


@fix("EXT-036")
def add_empty_parameters(place: Place) -> Patch:
    return place.add("parameters", {})


@rule("EXT-040", on=HOLDERS, key=TREE)
def tree_without_open(node: Node, key: str) -> Iterator[Hit]:
    value = node.value[key]
    if isinstance(value, dict) and not isinstance(value.get("open"), dict):
        yield node.hit(key, *(("open",) if "open" in value else ()))


@on_content("EXT-041", key=EXTENSIONS)
def selected_value_misplaced(node: Node, key: str) -> Iterator[Hit]:
    """Also as an argument: what was selected is known only when the tree is browsed on."""
    for call in calls(node, key):
        if call.name != "browse":
            if _PICKED in call.value:
                yield call.hit(_PICKED, at_key=True, name=call.name)
            for name, argument in call.arguments():
                if isinstance(argument, dict) and _PICKED in argument:
                    yield call.hit("parameters", name, _PICKED, at_key=True, name=call.name)


@fix("EXT-041")
def move_to_browse(place: Place) -> Patch:
    if place.parent.name != "open":
        return ()
    browse = place.parent.parent.at("browse")
    if not isinstance(openapi.member(place.parent.parent.value, "browse"), dict) or _PICKED in browse.value:
        return ()
    return ({"op": "move", "from": place.pointer, "path": browse.at(_PICKED).pointer},)


@rule("EXT-044", on=HOLDERS, key=EXTENSIONS)
def reference_of_other_type(node: Node, key: str) -> Iterator[Hit]:
    for call, name, at, meaning in references(node, key):
        target = call.target
        wanted = _only_type(Fields.of(node).meaning(target, name).fields) if target else ""
        given = _only_type(meaning.fields)
        if given and wanted and given != wanted and (given, wanted) != ("integer", "number"):
            yield call.hit(*at, name=name, given=given, wanted=wanted, operation=call.operation_id)


def _only_type(fields: tuple[Field, ...]) -> str:
    types = {field.type for field in fields}
    return types.pop() if len(types) == 1 else ""


@on_content("EXT-045", key=EXTENSIONS)
def value_of_other_type(node: Node, key: str) -> Iterator[Hit]:
    for call in calls(node, key):
        target = call.target
        for name, literal, at in call.literals() if target else ():
            wanted = _only_type(Fields.of(node).meaning(target, name).fields) if target else ""
            if not _fits(literal, wanted):
                yield call.hit(*at, value=literal, name=name, wanted=wanted, operation=call.operation_id)


_PYTHON_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
}


def _fits(literal: Any, wanted: str) -> bool:
    if wanted not in _PYTHON_TYPES:
        return True
    if isinstance(literal, bool):
        return wanted == "boolean"
    if wanted == "integer" and isinstance(literal, float):
        return literal.is_integer()
    return isinstance(literal, _PYTHON_TYPES[wanted])


@fix("EXT-045")
def write_as_wanted_type(place: Place) -> Patch:
    """What reads the same in the wanted type: "5" and 5, "true" and true."""
    literal, at = place.value, place.parent if place.name == "value" else place
    api = Api(place.root)
    target = api.by_id.get(openapi.text(at.parent.parent.value, "operationId"))
    wanted = _only_type(Fields(api).meaning(target, str(at.name)).fields) if target else ""
    if wanted == "string" and isinstance(literal, bool | int | float):
        return place.replace(json.dumps(literal))
    if not isinstance(literal, str):
        return ()
    if wanted == "boolean" and literal.lower() in ("true", "false"):
        return place.replace(literal.lower() == "true")
    if wanted in ("integer", "number") and _INTEGER.fullmatch(literal):
        return place.replace(int(literal))
    return ()


@rule("EXT-046", on=HOLDERS, key=EXTENSIONS)
def reference_to_internal_field(node: Node, key: str) -> Iterator[Hit]:
    for call, _, at, meaning in references(node, key):
        is_hidden = bool(meaning.fields) and all(field.is_internal for field in meaning.fields)
        if is_hidden and not all(caller.is_internal for caller in callers(node)):
            yield call.hit(*at, operation=_names(callers(node)))


@fix("EXT-046")
def put_default_value(place: Place) -> Patch:
    api = Api(place.root)
    caller = operation_around(api, place)
    meant = Fields(api).meaning(caller, place.value).fields if caller else ()
    if len(meant) != 1 or "default" not in meant[0].value:
        return ()
    default = meant[0].value["default"]
    return place.parent.replace({"value": default} if place.name == "parameterReference" else default)
