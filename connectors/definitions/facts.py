"""What a package says about its connector, in a form that can be stored and shown."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from connectors.definitions.openapi import mapping, member, operations, sequence, text
from connectors.definitions.package import Package

_COLOUR = re.compile(r"#[0-9a-fA-F]{6}\Z")
_LONGEST = 2_000
_MOST = 50


class Authentication(StrEnum):
    """How a connector signs in to its service."""

    NONE = "none"
    API_KEY = "api_key"
    BASIC = "basic"
    OAUTH2 = "oauth2"
    WINDOWS = "windows"
    CERTIFICATE = "certificate"
    GATEWAY = "gateway"


@dataclass(frozen=True, slots=True)
class ConnectorFacts:
    """Facts of one package; "" or () where the package says nothing or something else than a text.

    Texts are cut at 2,000 characters and lists at 50 entries. `authentication` is never empty: it is
    ("none",) when no kind is declared. `brand_color` is "#rrggbb" in lower case.
    """

    title: str = ""
    description: str = ""
    version: str = ""
    host: str = ""
    base_path: str = ""
    schemes: tuple[str, ...] = ()
    operation_count: int = 0
    trigger_count: int = 0
    authentication: tuple[Authentication, ...] = (Authentication.NONE,)
    identity_providers: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    website: str = ""
    privacy_policy: str = ""
    contact_name: str = ""
    contact_email: str = ""
    publisher: str = ""
    stack_owner: str = ""
    capabilities: tuple[str, ...] = ()
    brand_color: str = ""
    has_script: bool = False
    has_multiple_authentication: bool = False

    @property
    def action_count(self) -> int:
        return self.operation_count - self.trigger_count


def facts(package: Package) -> ConnectorFacts:
    """The facts of a package; never raises, whatever the types inside the documents."""
    definition = package.definition.value if package.definition else None
    properties = member(package.properties.value if package.properties else None, "properties")
    metadata = _metadata(definition)
    every = list(operations(definition))
    colour = text(properties, "iconBrandColor").strip()
    return ConnectorFacts(
        title=_line(text(definition, "info", "title")),
        description=text(definition, "info", "description").strip()[:_LONGEST],
        version=_line(text(definition, "info", "version")),
        host=_line(text(definition, "host")),
        base_path=_line(text(definition, "basePath")),
        schemes=_texts(sequence(definition, "schemes")),
        operation_count=len(every),
        trigger_count=sum(operation.is_trigger for operation in every),
        authentication=_authentication(definition, properties),
        identity_providers=_identity_providers(properties),
        categories=_texts(metadata.get("categories", "").split(";")),
        website=_line(metadata.get("website", "")),
        privacy_policy=_line(metadata.get("privacy policy", "")),
        contact_name=_line(text(definition, "info", "contact", "name")),
        contact_email=_line(text(definition, "info", "contact", "email")),
        publisher=_line(text(properties, "publisher")),
        stack_owner=_line(text(properties, "stackOwner")),
        capabilities=_capabilities(definition, properties),
        brand_color=colour.lower() if _COLOUR.match(colour) else "",
        has_script=package.script is not None,
        has_multiple_authentication=len(_parameter_sets(properties)) > 1,
    )


def _line(value: str) -> str:
    return " ".join(value.split())[:_LONGEST]


def _texts(values: list[Any]) -> tuple[str, ...]:
    lines = (_line(value) for value in values if isinstance(value, str))
    return tuple(dict.fromkeys(line for line in lines if line))[:_MOST]


def _metadata(definition: Any) -> dict[str, str]:
    """Connector metadata by lower-cased name; the first entry of a name wins."""
    found: dict[str, str] = {}
    for entry in sequence(definition, "x-ms-connector-metadata"):
        name, value = text(entry, "propertyName"), text(entry, "propertyValue")
        found.setdefault(name.strip().lower(), value)
    return found


def _capabilities(definition: Any, properties: Any) -> tuple[str, ...]:
    declared = sequence(properties, "capabilities")
    return _texts([*declared, *mapping(definition, "x-ms-capabilities")])


def _parameter_sets(properties: Any) -> list[dict[str, Any]]:
    """The connection parameters of each way to sign in."""
    sets = [
        mapping(entry, "parameters") for entry in sequence(properties, "connectionParameterSets", "values")
    ]
    single = mapping(properties, "connectionParameters")
    return sets or ([single] if single else [])


def _authentication(definition: Any, properties: Any) -> tuple[Authentication, ...]:
    kinds: set[Authentication] = set()
    declared = {
        "basic": Authentication.BASIC,
        "apiKey": Authentication.API_KEY,
        "oauth2": Authentication.OAUTH2,
    }
    for scheme in mapping(definition, "securityDefinitions").values():
        kind = declared.get(text(scheme, "type"))
        if kind:
            kinds.add(kind)
    for parameters in _parameter_sets(properties):
        kinds |= _kinds_of_set(parameters, known=bool(kinds & {Authentication.BASIC, Authentication.API_KEY}))
    if "gateway" in (name.lower() for name in _texts(sequence(properties, "capabilities"))):
        kinds.add(Authentication.GATEWAY)
    return tuple(kind for kind in Authentication if kind in kinds) or (Authentication.NONE,)


def _kinds_of_set(parameters: dict[str, Any], *, known: bool) -> set[Authentication]:
    kinds: set[Authentication] = set()
    types = {name.lower(): text(value, "type").lower() for name, value in parameters.items()}
    if "oauthsetting" in types.values():
        kinds.add(Authentication.OAUTH2)
    if "gatewaysetting" in types.values():
        kinds.add(Authentication.GATEWAY)
    if any("certificate" in kind for kind in types.values()):
        kinds.add(Authentication.CERTIFICATE)
    if _offers_windows(parameters):
        kinds.add(Authentication.WINDOWS)
    secrets = [name for name, kind in types.items() if kind == "securestring"]
    if secrets and not known and Authentication.OAUTH2 not in kinds:
        has_password = any("password" in name for name in types)
        kinds.add(Authentication.BASIC if has_password else Authentication.API_KEY)
    return kinds


def _offers_windows(parameters: dict[str, Any]) -> bool:
    """True when a parameter like authType lists "windows" among its values."""
    for name, parameter in parameters.items():
        if "auth" in name.lower():
            for allowed in sequence(parameter, "uiDefinition", "constraints", "allowedValues"):
                if text(allowed, "value").lower() == "windows":
                    return True
    return False


def _identity_providers(properties: Any) -> tuple[str, ...]:
    providers = [
        text(parameter, "oAuthSettings", "identityProvider")
        for parameters in _parameter_sets(properties)
        for parameter in parameters.values()
    ]
    return _texts([provider for provider in providers if provider])
