"""apiProperties.json: its members, the brand colour and the capabilities."""

from __future__ import annotations

import re
from collections.abc import Iterator

from certification.rules.findings import Hit, shown
from certification.rules.fixes import Patch, Place, fix
from certification.rules.registry import rule
from certification.rules.walk import Node
from connectors.definitions import openapi

_ROOT_MEMBERS = frozenset(("properties", "$schema"))
MEMBERS = (
    "iconBrandColor",
    "publisher",
    "stackOwner",
    "capabilities",
    "connectionParameters",
    "connectionParameterSets",
    "policyTemplateInstances",
    "scriptOperations",
)
_KNOWN = frozenset(MEMBERS)
_BY_FOLDED_NAME = {name.casefold(): name for name in MEMBERS}
_CAPABILITIES = ("actions", "triggers", "gateway", "blob", "tabular", "cloud", "composite")

COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_NEARLY_A_COLOUR = re.compile(r"\s{0,9}#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})\s{0,9}")
_WHITE, _DEFAULT, _INDEPENDENT = "#ffffff", "#007ee5", "#da3b01"


def is_read_whole(node: Node) -> bool:
    """False when a wrong bracket ended apiProperties.json early: what then seems absent only was not read."""
    document = node.run.package.properties
    if document is None or document.is_valid_json:
        return True
    span = document.locate("")
    return span.offset + span.length >= len(document.file.text.rstrip())


@rule("PRP-001", on="properties")
def properties_object_missing(root: Node) -> Iterator[Hit]:
    if not isinstance(root.value, dict):
        yield root.hit(value=f"The file holds {shown(root.value)}")
    elif "properties" not in root.value:
        if is_read_whole(root):
            yield root.hit(value="The file has no object properties")
    elif not isinstance(root.value["properties"], dict):
        found = root.value["properties"]
        yield root.hit("properties", value=f"The member properties is {shown(found)}")


@rule("PRP-002", on="properties", shape=lambda names: not _ROOT_MEMBERS.issuperset(names))
def unknown_root_member(root: Node) -> Iterator[Hit]:
    if isinstance(root.value, dict) and is_read_whole(root):
        for key in root.value:
            if key not in _ROOT_MEMBERS:
                yield root.hit(key, value=key, at_key=True)


@rule("PRP-003", on="connector", shape=lambda names: not _KNOWN.issuperset(names))
def unknown_member(connector: Node) -> Iterator[Hit]:
    for key in connector.value:
        if key not in _KNOWN:
            meant = _BY_FOLDED_NAME.get(key.casefold())
            hint = f" Did you mean {meant}?" if meant else ""
            yield connector.hit(key, value=key, at_key=True, hint=hint)


@rule("PRP-010", on="connector")
def colour_missing(connector: Node) -> Iterator[Hit]:
    colour = connector.value.get("iconBrandColor")
    if colour is None or (isinstance(colour, str) and not colour.strip()):
        if "iconBrandColor" in connector.value:
            yield connector.hit("iconBrandColor", value="blank")
        elif is_read_whole(connector):
            yield connector.hit(value="missing")


@rule("PRP-011", on="connector", key="iconBrandColor", unless=COLOUR.fullmatch)
def colour_malformed(connector: Node, key: str) -> Iterator[Hit]:
    colour = connector.value[key]
    if colour is not None and (not isinstance(colour, str) or colour.strip()):
        yield connector.hit(key)


@rule("PRP-012", on="connector", key="iconBrandColor")
def colour_white(connector: Node, key: str) -> Iterator[Hit]:
    if connector.text(key).lower() == _WHITE:
        yield connector.hit(key)


@rule("PRP-013", on="connector", key="iconBrandColor")
def colour_default(connector: Node, key: str) -> Iterator[Hit]:
    if connector.text(key).lower() == _DEFAULT:
        yield connector.hit(key)


@rule("PRP-014", on="connector", key="iconBrandColor")
def colour_of_independent_publisher(connector: Node, key: str) -> Iterator[Hit]:
    colour = connector.text(key).strip()
    if colour and colour.lower() != _INDEPENDENT:
        yield connector.hit(key)


@rule("PRP-015", on="connector", key="iconBrandColor")
def colour_reserved(connector: Node, key: str) -> Iterator[Hit]:
    if connector.text(key).lower() == _INDEPENDENT:
        yield connector.hit(key)


@rule("PRP-030", on="connector", without="capabilities")
def capabilities_missing(connector: Node) -> Iterator[Hit]:
    if is_read_whole(connector):
        yield connector.hit()


@rule("PRP-031", on="connector", key="capabilities")
def capabilities_no_array(connector: Node, key: str) -> Iterator[Hit]:
    if not isinstance(connector.value[key], list):
        yield connector.hit(key)


@rule("PRP-032", on="connector", key="capabilities")
def capability_unknown(connector: Node, key: str) -> Iterator[Hit]:
    for index, name in _capabilities(connector, key):
        if name not in _CAPABILITIES:
            yield connector.hit(key, index)


@rule("PRP-033", on="connector", key="capabilities")
def capability_twice(connector: Node, key: str) -> Iterator[Hit]:
    seen: set[str] = set()
    for index, name in _capabilities(connector, key):
        if isinstance(name, str):
            if name in seen:
                yield connector.hit(key, index)
            seen.add(name)


@rule("PRP-090", on="connector", key="scriptOperations")
def script_operations_no_array(connector: Node, key: str) -> Iterator[Hit]:
    if not isinstance(connector.value[key], list):
        yield connector.hit(key)


@rule("PRP-091", on="connector", key="scriptOperations")
def script_operation_unknown(connector: Node, key: str) -> Iterator[Hit]:
    run, listed = connector.run, connector.value[key]
    if not isinstance(listed, list) or not isinstance(run.definition, dict) or not run.is_definition_whole:
        return
    for index, name in enumerate(listed):
        if not isinstance(name, str) or name not in run.api.by_id:
            yield connector.hit(key, index)


def _capabilities(connector: Node, key: str) -> Iterator[tuple[int, object]]:
    found = connector.value[key]
    return enumerate(found) if isinstance(found, list) else iter(())


@fix("PRP-002")
def drop_root_member(place: Place) -> Patch:
    return place.remove()


@fix("PRP-003")
def rename_or_drop_member(place: Place) -> Patch:
    meant = _BY_FOLDED_NAME.get(str(place.name).casefold())
    return place.rename(meant) if meant and meant not in place.parent.value else place.remove()


@fix("PRP-011")
def write_colour_in_full(place: Place) -> Patch:
    match = _NEARLY_A_COLOUR.fullmatch(place.value) if isinstance(place.value, str) else None
    if match is None:
        return ()
    digits = match[1] if len(match[1]) == 6 else "".join(digit * 2 for digit in match[1])
    colour = f"#{digits}"
    return () if colour.lower() in (_WHITE, _DEFAULT) else place.replace(colour)


@fix("PRP-014")
def set_independent_colour(place: Place) -> Patch:
    return place.replace(_INDEPENDENT)


@fix("PRP-030")
def add_capabilities(place: Place) -> Patch:
    return place.add("capabilities", [])


@fix("PRP-031")
def wrap_capability(place: Place) -> Patch:
    return place.replace([place.value]) if place.value in _CAPABILITIES else ()


@fix("PRP-032")
def correct_capability(place: Place) -> Patch:
    meant = place.value.strip().lower() if isinstance(place.value, str) else ""
    if meant not in _CAPABILITIES:
        return ()
    return place.remove() if meant in place.parent.value else place.replace(meant)


@fix("PRP-033")
def drop_second_capability(place: Place) -> Patch:
    return place.remove()


@fix("PRP-090")
def wrap_script_operation(place: Place) -> Patch:
    return place.replace([place.value]) if isinstance(place.value, str) and place.value.strip() else ()


@fix("PRP-091")
def correct_operation(place: Place) -> Patch:
    """Only a wrong letter case leaves no doubt about what is meant."""
    definition = place.package.definition
    ids = {found.operation_id for found in openapi.operations(definition.value if definition else None)}
    wanted = place.value.strip().casefold() if isinstance(place.value, str) else ""
    meant = [name for name in ids if name.casefold() == wanted]
    if not wanted or len(meant) != 1:
        return ()
    return place.remove() if meant[0] in place.parent.value else place.replace(meant[0])
