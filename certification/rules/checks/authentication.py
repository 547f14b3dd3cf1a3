"""Whether the connection parameters of apiProperties.json fit the security of the definition."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from certification.rules.checks.properties import is_read_whole
from certification.rules.findings import Hit
from certification.rules.registry import rule
from certification.rules.walk import Node
from connectors.definitions import openapi

if TYPE_CHECKING:
    from certification.rules.engine import Run

_SCHEMES = "securityDefinitions"
_KEY_TYPES = ("string", "securestring")


@rule("PRP-080", on="definition", key=_SCHEMES)
def oauth_in_definition_only(definition: Node, key: str) -> Iterator[Hit]:
    if _can_compare(definition) and "oauthSetting" not in _types(definition.run):
        yield from _schemes(definition, key, "oauth2")


@rule("PRP-081", on="connector")
def oauth_in_properties_only(connector: Node) -> Iterator[Hit]:
    """Several ways to authenticate are no exception: a definition may declare several schemes."""
    run = connector.run
    schemes = _declared(run)
    if schemes is None or any(openapi.text(scheme, "type") == "oauth2" for scheme in schemes.values()):
        return
    for name, parameter, keys in run.api.connection_parameters:
        if parameter.get("type") == "oauthSetting":
            yield Hit(connector.file, keys, name, cause="oauth")
            return


@rule("PRP-082", on="definition", key=_SCHEMES)
def security_without_parameters(definition: Node, key: str) -> Iterator[Hit]:
    schemes = definition.value[key]
    if not isinstance(schemes, dict) or not _can_compare(definition):
        return
    if schemes and not definition.run.api.connection_parameters:
        types = [openapi.text(scheme, "type") for scheme in schemes.values()]
        yield definition.hit(key, value=", ".join(filter(None, types)), cause="security")


@rule("PRP-083", on="definition", key=_SCHEMES)
def api_key_without_parameter(definition: Node, key: str) -> Iterator[Hit]:
    if _can_compare(definition) and not any(name in _KEY_TYPES for name in _types(definition.run)):
        yield from _schemes(definition, key, "apiKey")


@rule("PRP-084", on="connector")
def parameters_without_security(connector: Node) -> Iterator[Hit]:
    """Also where a setheader or dynamichosturl policy may use them all, which a person has to see. Sign-in
    with OAuth is left to PRP-081.
    """
    run = connector.run
    found = run.api.connection_parameters
    if found and _declared(run) == {} and "oauthSetting" not in _types(run):
        yield Hit(connector.file, found[0][2][:-1], len(found))


def _declared(run: Run) -> dict[str, Any] | None:
    """The security schemes; None when the definition was not read to its end."""
    if not isinstance(run.definition, dict) or not run.is_definition_whole:
        return None
    return openapi.mapping(run.definition, _SCHEMES)


def _can_compare(definition: Node) -> bool:
    properties = definition.run.properties
    return bool(openapi.mapping(properties, "properties")) and is_read_whole(definition)


def _types(run: Run) -> list[Any]:
    return [parameter.get("type") for _, parameter, _ in run.api.connection_parameters]


def _schemes(definition: Node, key: str, type_name: str) -> Iterator[Hit]:
    for name, scheme in openapi.mapping(definition.value, key).items():
        if openapi.text(scheme, "type") == type_name:
            yield definition.hit(key, name, value=name)
