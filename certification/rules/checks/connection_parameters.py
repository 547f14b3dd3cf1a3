"""Connection parameters: their names and types, what the connection dialog shows, how secrets are kept."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from certification.rules import wording
from certification.rules.checks.languages import foreign_words
from certification.rules.findings import Hit, shown
from certification.rules.fixes import Patch, Place, fix
from certification.rules.registry import rule
from certification.rules.walk import Node
from connectors.definitions import openapi

TYPES = ("string", "securestring", "int", "bool", "oauthSetting", "gatewaySetting", "managedIdentity")
_BY_FOLDED_TYPE = {name.casefold(): name for name in TYPES}
_NAME = re.compile(r"[0-9A-Za-z_]++(?::[0-9A-Za-z_]++)?")
_SECRET = re.compile(r"password|passwd|secret|api_?key|token|private_?key", re.IGNORECASE)
_TEXTS = ("displayName", "description", "tooltip")
_FLAGS = ("required", "hidden")
_DEFAULTS = frozenset(("defaultValue", "default"))
_FLAG_WORDS = frozenset(("true", "false"))


@rule("PRP-045", on="misfit")
def not_an_object(misfit: Node) -> Iterator[Hit]:
    if misfit.expected == "connection-parameter":
        yield misfit.hit(value=shown(misfit.value))


@rule("PRP-046", on="connector", key="connectionParameters")
def no_authentication(connector: Node, key: str) -> Iterator[Hit]:
    if connector.value[key] == {}:
        yield connector.hit(key)


@rule("PRP-047", on="connection-parameter")
def name_invalid(parameter: Node) -> Iterator[Hit]:
    if not _NAME.fullmatch(str(parameter.name)):
        yield parameter.hit(value=parameter.name, at_key=True)


@rule("PRP-048", on="connection-parameter")
def type_unknown(parameter: Node) -> Iterator[Hit]:
    found = parameter.value.get("type")
    if "type" not in parameter.value:
        yield parameter.hit(value=f'"{parameter.name}" has no type')
    elif not isinstance(found, str):
        yield parameter.hit("type", value=f'"{parameter.name}" has a type that is no string')
    elif found.casefold() not in _BY_FOLDED_TYPE:
        yield parameter.hit("type", value=f'"{parameter.name}" has the unknown type "{shown(found)}"')


@rule("PRP-049", on="connection-parameter", key="type")
def type_in_wrong_case(parameter: Node, key: str) -> Iterator[Hit]:
    found = parameter.text(key)
    meant = _BY_FOLDED_TYPE.get(found.casefold(), found)
    if found != meant:
        yield parameter.hit(key, meant=meant)


@rule("PRP-050", on="connection-parameter")
def ui_definition_missing(parameter: Node) -> Iterator[Hit]:
    if parameter.text("type") != "oauthSetting" and not isinstance(parameter.value.get("uiDefinition"), dict):
        place = ("uiDefinition",) if "uiDefinition" in parameter.value else ()
        yield parameter.hit(*place, value=parameter.name)


@rule("PRP-051", on="connection-parameter", key="uiDefinition")
def display_name_missing(parameter: Node, key: str) -> Iterator[Hit]:
    """Also where the parameter is hidden: reviewers and logs name it by this text."""
    return _text_missing(parameter, key, "displayName")


@rule("PRP-052", on="connection-parameter", key="uiDefinition")
def description_missing(parameter: Node, key: str) -> Iterator[Hit]:
    described = openapi.text(parameter.value[key], "schema", "description").strip()
    if parameter.text("type") != "oauthSetting" and not described:
        yield from _text_missing(parameter, key, "description")


@rule("PRP-053", on="connection-parameter", key="uiDefinition")
def tooltip_missing(parameter: Node, key: str) -> Iterator[Hit]:
    if parameter.text("type") != "oauthSetting":
        yield from _text_missing(parameter, key, "tooltip")


def _text_missing(parameter: Node, key: str, name: str) -> Iterator[Hit]:
    definition = parameter.value[key]
    if isinstance(definition, dict) and not openapi.text(definition, name).strip():
        yield parameter.hit(key, *([name] if name in definition else []), value=parameter.name)


@rule("PRP-054", on="ui-definition", key="constraints")
def boolean_constraint(definition: Node, key: str) -> Iterator[Hit]:
    for name, value in _flags(definition, key):
        if isinstance(value, bool):
            yield definition.hit(key, name, value=f"{name} is {shown(value)}")


@rule("PRP-055", on="ui-definition", key="constraints")
def constraint_invalid(definition: Node, key: str) -> Iterator[Hit]:
    for name, value in _flags(definition, key):
        if not isinstance(value, bool) and not (isinstance(value, str) and value in _FLAG_WORDS):
            yield definition.hit(key, name, member=name)


@rule("PRP-056", on="connection-parameter", key="uiDefinition")
def hidden_and_required(parameter: Node, key: str) -> Iterator[Hit]:
    constraints = openapi.mapping(parameter.value[key], "constraints")
    if parameter.text("type") == "oauthSetting" or not _DEFAULTS.isdisjoint(parameter.value):
        return
    if all(constraints.get(flag) in ("true", True) for flag in _FLAGS):
        yield parameter.hit(key, "constraints", "hidden", value=parameter.name)


@rule("PRP-057", on="ui-definition", key="constraints")
def clear_text_no_boolean(definition: Node, key: str) -> Iterator[Hit]:
    constraints = definition.value[key]
    if isinstance(constraints, dict) and not isinstance(constraints.get("clearText", False), bool):
        yield definition.hit(key, "clearText")


@rule("PRP-058", on="connection-parameter", key="uiDefinition", type="securestring")
def secret_shown(parameter: Node, key: str) -> Iterator[Hit]:
    if openapi.member(parameter.value[key], "constraints", "clearText") is True:
        yield parameter.hit(key, "constraints", "clearText", value=parameter.name)


@rule("PRP-059", on="connection-parameter", key="type", type="string")
def secret_as_string(parameter: Node, key: str) -> Iterator[Hit]:
    """Of "token:clientSecret" only what follows the colon names the value; the rest names its sign-in."""
    name = str(parameter.name)
    if _SECRET.search(name.rpartition(":")[2]):
        yield parameter.hit(key, value=name)


@rule("PRP-065", on="ui-definition", key=_TEXTS)
def text_not_english(definition: Node, key: str) -> Iterator[Hit]:
    """One foreign word more than English ones says little about a label of three words."""
    text = definition.text(key)
    if wording.is_other_script(text) or foreign_words(text) > 1:
        yield definition.hit(key, member=key)


def _flags(definition: Node, key: str) -> Iterator[tuple[str, Any]]:
    constraints = definition.value[key]
    if isinstance(constraints, dict):
        for name in _FLAGS:
            if name in constraints:
                yield name, constraints[name]


@fix("PRP-049")
def correct_type(place: Place) -> Patch:
    return place.replace(_BY_FOLDED_TYPE[place.value.casefold()])


@fix("PRP-054")
def quote_flag(place: Place) -> Patch:
    return place.replace("true" if place.value else "false")


@fix("PRP-055")
def correct_flag(place: Place) -> Patch:
    meant = place.value.strip().lower() if isinstance(place.value, str) else ""
    return place.replace(meant) if meant in _FLAG_WORDS else ()


@fix("PRP-057")
def unquote_clear_text(place: Place) -> Patch:
    meant = place.value.strip().lower() if isinstance(place.value, str) else ""
    return place.replace(meant == "true") if meant in _FLAG_WORDS else ()


@fix("PRP-058")
def hide_secret(place: Place) -> Patch:
    """A user name may be shown: then the type is what is wrong, and a person has to say so."""
    parameter = place.keys[-4] if len(place.keys) > 3 else ""
    return place.replace(False) if _SECRET.search(str(parameter)) else ()


@fix("PRP-059")
def keep_as_secret(place: Place) -> Patch:
    return place.replace("securestring")
