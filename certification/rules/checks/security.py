"""How callers prove who they are: securityDefinitions, the requirements that name them, and secrets."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from certification.rules.checks.addresses import is_web_address
from certification.rules.findings import Hit, Key
from certification.rules.fixes import Patch, Place, fix
from certification.rules.registry import rule
from certification.rules.walk import Node
from connectors.definitions import openapi

_MEMBERS = {
    "basic": frozenset[str](),
    "apiKey": frozenset(("name", "in")),
    "oauth2": frozenset(("flow", "authorizationUrl", "tokenUrl", "scopes")),
}
_FLOWS = {
    "implicit": ("authorizationUrl",),
    "password": ("tokenUrl",),
    "application": ("tokenUrl",),
    "accessCode": ("authorizationUrl", "tokenUrl"),
}
_LOCATIONS = ("header", "query")
_COMMON = frozenset(("type", "description"))
_SECURED = ("definition", "operation")

_CREDENTIALS = frozenset(
    (
        "apikey",
        "apisecret",
        "apitoken",
        "accesskey",
        "accesstoken",
        "authtoken",
        "bearertoken",
        "clientsecret",
        "password",
        "secret",
        "secretkey",
        "subscriptionkey",
    )
)
_HARMLESS = re.compile(r"(?:(?!key|token|secret|password).)*+", re.IGNORECASE | re.DOTALL)
_SEPARATORS = str.maketrans("", "", "-_. ")


@rule("SEC-001", on="definition", without="securityDefinitions")
def security_definitions_missing(definition: Node) -> Iterator[Hit]:
    if isinstance(definition.value, dict) and definition.run.is_definition_whole:
        yield definition.hit()


@rule("SEC-002", on="security-scheme")
def type_unknown(scheme: Node) -> Iterator[Hit]:
    if "type" not in scheme.value:
        yield scheme.hit(value="missing")
    elif _type(scheme.value) not in _MEMBERS:
        yield scheme.hit("type")


@rule("SEC-002", on="misfit")
def scheme_is_no_object(found: Node) -> Iterator[Hit]:
    if found.expected == "security-scheme":
        yield found.hit(value=found.value)


@rule("SEC-003", on="security-scheme")
def member_missing(scheme: Node) -> Iterator[Hit]:
    for name in _needed(scheme.value):
        if name not in scheme.value:
            yield scheme.hit(value=name, type=_type(scheme.value))


@rule("SEC-004", on="security-scheme", key="flow", type="oauth2")
def flow_unknown(scheme: Node, key: str) -> Iterator[Hit]:
    if scheme.text(key) not in _FLOWS:
        yield scheme.hit(key)


@rule("SEC-005", on="security-scheme", type=tuple(_MEMBERS))
def member_of_another_type(scheme: Node) -> Iterator[Hit]:
    allowed = _MEMBERS[_type(scheme.value)] | _COMMON
    for name in scheme.value:
        if name not in allowed and not name.startswith("x-"):
            yield scheme.hit(name, value=name, at_key=True, type=_type(scheme.value))


@rule("SEC-006", on="security-scheme", key="in", type="apiKey")
def key_in_unknown_place(scheme: Node, key: str) -> Iterator[Hit]:
    if scheme.text(key) not in _LOCATIONS:
        yield scheme.hit(key)


@rule("SEC-007", on=_SECURED, key="security")
def requirement_undefined(node: Node, key: str) -> Iterator[Hit]:
    defined = openapi.mapping(node.run.definition, "securityDefinitions")
    for at, name, _ in _requirements(node.value[key]):
        if name not in defined:
            yield node.hit(key, at, name, value=name, at_key=True)


@rule("SEC-008", on=_SECURED, key="security")
def requirement_malformed(node: Node, key: str) -> Iterator[Hit]:
    security = node.value[key]
    if not isinstance(security, list):
        yield node.hit(key)
        return
    for index, requirement in enumerate(security):
        if not isinstance(requirement, dict):
            yield node.hit(key, index)
    for index, name, scopes in _requirements(security):
        if not isinstance(scopes, list):
            yield node.hit(key, index, name)


@rule("SEC-009", on="security-scheme", key="flow", type="oauth2")
def flow_without_user(scheme: Node, key: str) -> Iterator[Hit]:
    if scheme.value[key] == "application":
        yield scheme.hit(key)


@rule("SEC-010", on="security-scheme", key=("authorizationUrl", "tokenUrl"), type="oauth2")
def address_invalid(scheme: Node, key: str) -> Iterator[Hit]:
    address = scheme.text(key)
    if not is_web_address(address) or address.strip()[:6].lower() != "https:":
        yield scheme.hit(key)


@rule("SEC-011", on="definition", key="securityDefinitions")
def several_schemes(definition: Node, key: str) -> Iterator[Hit]:
    schemes = openapi.mapping(definition.value, key)
    if len(schemes) > 1:
        yield definition.hit(key, value=", ".join(schemes), count=len(schemes))


@rule("SEC-012", on=_SECURED, key="security")
def scopes_without_oauth(node: Node, key: str) -> Iterator[Hit]:
    for at, name, scopes in _requirements(node.value[key]):
        type_ = openapi.text(node.run.definition, "securityDefinitions", name, "type")
        if scopes and isinstance(scopes, list) and type_ in ("basic", "apiKey"):
            yield node.hit(key, at, name, value=name, type=type_)


@rule("SEC-013", on=_SECURED, key="security")
def scope_undeclared(node: Node, key: str) -> Iterator[Hit]:
    for at, name, scopes in _requirements(node.value[key]):
        scheme = openapi.mapping(node.run.definition, "securityDefinitions", name)
        declared = openapi.mapping(scheme, "scopes")
        if _type(scheme) == "oauth2" and isinstance(scopes, list):
            for index, scope in enumerate(scopes):
                if not isinstance(scope, str) or scope not in declared:
                    yield node.hit(key, at, name, index, scheme=name)


@rule("SEC-014", on="definition", key="securityDefinitions")
def security_not_required(definition: Node, key: str) -> Iterator[Hit]:
    schemes = openapi.mapping(definition.value, key)
    if schemes and not definition.value.get("security") and definition.run.is_definition_whole:
        yield definition.hit("security") if "security" in definition.value else definition.hit()


@rule("SEC-021", on="parameter", key="name", unless=_HARMLESS.fullmatch)
def credential_as_parameter(parameter: Node, key: str) -> Iterable[Hit]:
    name = parameter.value[key]
    if not isinstance(name, str) or parameter.value.get("in") not in ("query", "header"):
        return ()
    bare = name.translate(_SEPARATORS).lower()
    if bare in _CREDENTIALS or bare.removeprefix("x") in _CREDENTIALS:
        return (parameter.hit(key),)
    return ()


def _type(scheme: dict[str, Any]) -> str:
    return openapi.text(scheme, "type")


def _needed(scheme: dict[str, Any]) -> tuple[str, ...]:
    if _type(scheme) == "apiKey":
        return ("name", "in")
    if _type(scheme) == "oauth2":
        return ("flow", *_FLOWS.get(openapi.text(scheme, "flow"), ()), "scopes")
    return ()


def _requirements(security: Any) -> Iterator[tuple[int, str, Any]]:
    """Index, name and scopes of every security requirement."""
    for index, requirement in enumerate(security if isinstance(security, list) else ()):
        if isinstance(requirement, dict):
            for name, scopes in requirement.items():
                yield index, name, scopes


def _same_but_for_case(found: Any, words: Iterable[str]) -> str:
    """The word that a text means when letter case and outer blanks do not count."""
    text = found.strip().casefold() if isinstance(found, str) else ""
    return next((word for word in words if word.casefold() == text), "")


@fix("SEC-002")
def correct_type(place: Place) -> Patch:
    word = _same_but_for_case(place.value, _MEMBERS)
    return place.replace(word) if word and place.name == "type" else ()


@fix("SEC-004")
def correct_flow(place: Place) -> Patch:
    word = _same_but_for_case(place.value, ("implicit", "password", "accessCode"))
    # The name that OpenAPI 3 gives the same flow.
    word = word or ("accessCode" if _same_but_for_case(place.value, ("authorizationCode",)) else "")
    missing = [name for name in _FLOWS.get(word, ()) if name not in place.parent.value]
    return place.replace(word) if word and not missing else ()


@fix("SEC-005")
def remove_member(place: Place) -> Patch:
    return place.remove()


@fix("SEC-006")
def correct_place_of_key(place: Place) -> Patch:
    word = _same_but_for_case(place.value, _LOCATIONS)
    return place.replace(word) if word else ()


@fix("SEC-007")
def correct_name(place: Place) -> Patch:
    word = _same_but_for_case(place.name, openapi.mapping(place.root, "securityDefinitions"))
    return place.rename(word) if word else ()


@fix("SEC-008")
def give_array(place: Place) -> Patch:
    """The array or object that was meant: a requirement without its array, a name without its object, or no
    scopes.
    """
    found = place.value
    is_security = place.name == "security"
    if isinstance(found, str) and (is_security or isinstance(place.name, int)):
        scheme = openapi.mapping(place.root, "securityDefinitions", found)
        named: dict[str, Any] | None = {found: []} if _type(scheme) in ("basic", "apiKey") else None
        return () if named is None else place.replace([named] if is_security else named)
    if is_security and isinstance(found, dict):
        scopes = found.values()
        return place.replace([found]) if all(isinstance(listed, list) for listed in scopes) else ()
    return () if is_security or isinstance(place.name, int) or found else place.replace([])


@fix("SEC-010")
def encrypt_address(place: Place) -> Patch:
    address = place.value.strip() if isinstance(place.value, str) else ""
    if address[:7].lower() != "http://" or not is_web_address(address):
        return ()
    return place.replace("https://" + address[7:])


@fix("SEC-012")
def drop_scopes(place: Place) -> Patch:
    return place.replace([])


@fix("SEC-014")
def require_the_only_scheme(place: Place) -> Patch:
    schemes = openapi.mapping(place.root, "securityDefinitions")
    if len(schemes) != 1 or place.root.get("security"):
        return ()
    name, scheme = next(iter(schemes.items()))
    keys: tuple[Key, ...] = ()
    scopes = list(openapi.mapping(scheme, "scopes")) if openapi.text(scheme, "type") == "oauth2" else []
    return Place(place.package, place.root, keys).add("security", [{name: scopes}])
