"""Several ways to authenticate: `connectionParameterSets`."""

from __future__ import annotations

from collections.abc import Iterator

from certification.rules.checks.properties import is_read_whole
from certification.rules.findings import Hit
from certification.rules.fixes import Patch, Place, fix
from certification.rules.registry import rule
from certification.rules.walk import Node
from connectors.definitions import openapi

_SINGLE, _SETS = "connectionParameters", "connectionParameterSets"


@rule("PRP-040", on="connector", without=(_SINGLE, _SETS))
def no_connection_parameters(connector: Node) -> Iterator[Hit]:
    if is_read_whole(connector):
        yield connector.hit()


@rule("PRP-041", on="connector", key=_SETS)
def single_and_several(connector: Node, key: str) -> Iterator[Hit]:
    single = connector.value.get(_SINGLE)
    if single and isinstance(single, dict):
        yield connector.hit(_SINGLE, value=len(single), at_key=True)


@rule("PRP-042", on="connector", key=_SETS)
def sets_malformed(connector: Node, key: str) -> Iterator[Hit]:
    sets = connector.value[key]
    if not isinstance(sets, dict):
        yield connector.hit(key, value="connectionParameterSets is not an object")
    elif "values" not in sets:
        yield connector.hit(key, value="values is missing")
    elif not isinstance(sets["values"], list) or not sets["values"]:
        yield connector.hit(key, "values", value="values is not an array with sets")
    else:
        yield from _sets_without_name(connector, key, sets["values"])


def _sets_without_name(connector: Node, key: str, sets: list[object]) -> Iterator[Hit]:
    seen: set[str] = set()
    for index, found in enumerate(sets):
        name = openapi.text(found, "name").strip()
        if not isinstance(found, dict):
            yield connector.hit(key, "values", index, value="a set is not an object")
        elif not name:
            place = ("name",) if "name" in found else ()
            yield connector.hit(key, "values", index, *place, value="a set has no name")
        elif name in seen:
            yield connector.hit(key, "values", index, "name", value=f'two sets have the name "{name}"')
        seen.add(name)


@rule("PRP-043", on=("parameter-sets", "parameter-set"))
def no_label(node: Node) -> Iterator[Hit]:
    """The platform reads displayName in any letter case here, and its documentation writes "displayname"."""
    definition = node.value.get("uiDefinition")
    for key, value in definition.items() if isinstance(definition, dict) else ():
        if key.casefold() == "displayname" and isinstance(value, str) and value.strip():
            return
    what = "collection of sets" if node.kind == "parameter-sets" else "set"
    name = openapi.text(node.value, "name")
    yield node.hit(
        *(["uiDefinition"] if "uiDefinition" in node.value else []),
        value=f'{what} "{name}"' if name else what,
    )


@rule("PRP-044", on="parameter-sets", key="values")
def single_set(sets: Node, key: str) -> Iterator[Hit]:
    found = sets.value[key]
    if isinstance(found, list) and len(found) == 1:
        yield sets.hit(key, value=openapi.text(found[0], "name"))


@fix("PRP-040")
def add_no_parameters(place: Place) -> Patch:
    """Only where no security waits for parameters: without them it would be broken in another way."""
    definition = place.package.definition
    secured = openapi.mapping(definition.value if definition else None, "securityDefinitions")
    return () if secured else place.add(_SINGLE, {})


@fix("PRP-044")
def make_parameters_of_single_set(place: Place) -> Patch:
    connector, parameters = place.parent.parent, openapi.member(place.value[0], "parameters")
    if connector.value.get(_SINGLE) or not isinstance(parameters, dict):
        return ()
    return connector.add(_SINGLE, parameters) + connector.at(_SETS).remove()
