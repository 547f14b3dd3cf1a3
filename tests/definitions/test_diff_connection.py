"""The connector as a whole, how one connects to it, and the files beside."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from connectors.definitions.diff import compare
from tests.definitions.diffing import BASE, PROPERTIES, definition, difference, kinds, only, package
from tests.packages import png

KEY = PROPERTIES["properties"]["connectionParameters"]["api_key"]
REGION = {"type": "securestring", "uiDefinition": {"constraints": {"required": "false"}}}
MUST = {"type": "securestring", "uiDefinition": {"constraints": {"required": "true"}}}
OAUTH = {"type": "oauthSetting", "oAuthSettings": {"identityProvider": "oauth2", "scopes": ["a", "b"]}}
POLICY = {"templateId": "setheader", "title": "Say who", "parameters": {"x": 1}}
OTHER = POLICY | {"title": "Say more"}

# Members of the definition before and after, kind and impact.
CONNECTOR: dict[str, tuple[dict[str, Any], dict[str, Any], str, str]] = {
    "host": ({}, {"host": "api.tides.example"}, "host-changed", "behavioural"),
    "basePath": ({}, {"basePath": "/v2"}, "base-path-changed", "behavioural"),
    "schemes": ({}, {"schemes": ["https", "http"]}, "schemes-changed", "behavioural"),
    "title": ({}, {"info": BASE["info"] | {"title": "x"}}, "title-changed", "behavioural"),
    "version": ({}, {"info": BASE["info"] | {"version": "x"}}, "version-changed", "cosmetic"),
    "description": (
        {},
        {"info": BASE["info"] | {"description": "x"}},
        "info-description-changed",
        "cosmetic",
    ),
    "contact": ({}, {"info": BASE["info"] | {"contact": {}}}, "contact-changed", "cosmetic"),
    "metadata": ({}, {"x-ms-connector-metadata": []}, "metadata-changed", "cosmetic"),
    "capabilities": ({}, {"x-ms-capabilities": {"a": {}}}, "definition-setting-changed", "behavioural"),
    "tags": ({}, {"tags": []}, "definition-setting-changed", "cosmetic"),
    "another type of sign-in": (
        {},
        {"securityDefinitions": {**BASE["securityDefinitions"], "b": {"type": "basic"}}},
        "security-type-added",
        "behavioural",
    ),
    "one type of sign-in less": (
        {"securityDefinitions": {**BASE["securityDefinitions"], "b": {"type": "basic"}}},
        {},
        "security-type-removed",
        "breaking",
    ),
    "another header for the key": (
        {},
        {"securityDefinitions": {"key": {"type": "apiKey", "in": "header", "name": "Key"}}},
        "api-key-changed",
        "breaking",
    ),
    "another place for the key": (
        {},
        {"securityDefinitions": {"other": {"type": "apiKey", "in": "query", "name": "X-Key"}}},
        "api-key-changed",
        "breaking",
    ),
    "another name of the scheme": (
        {},
        {"securityDefinitions": {"other": BASE["securityDefinitions"]["key"]}},
        "security-setting-changed",
        "behavioural",
    ),
    "a schema that nothing uses": (
        {},
        {"definitions": {"X": {}}},
        "definition-otherwise-changed",
        "cosmetic",
    ),
}


@pytest.mark.parametrize(("old", "new", "kind", "impact"), CONNECTOR.values(), ids=CONNECTOR)
def test_the_connector_changes(old: Any, new: Any, kind: str, impact: str) -> None:
    found = difference(definition(**old), definition(**new))
    change = next(found.of(kind))
    assert change.impact == impact
    assert kinds(found) - {kind} <= {"security-setting-changed"}


def test_letter_case_of_a_host_and_a_header_is_no_change():
    new = definition(
        host="Tides.example", securityDefinitions={"key": {"type": "apiKey", "in": "header", "name": "x-key"}}
    )
    assert kinds(difference(BASE, new)) == {"security-setting-changed"}


def properties(**members: Any) -> dict[str, Any]:
    found = PROPERTIES["properties"] | members
    return {"properties": {name: value for name, value in found.items() if value is not None}}


def parameters(**found: Any) -> dict[str, Any]:
    return properties(connectionParameters=found)


def sets(**found: Any) -> dict[str, Any]:
    values = [{"name": name, "parameters": parameters} for name, parameters in found.items()]
    return properties(connectionParameters=None, connectionParameterSets={"values": values})


# apiProperties before and after, the kinds of what changed, the worst impact.
CONNECTION: dict[str, tuple[Any, Any, set[str], str]] = {
    "a parameter goes": (
        parameters(api_key=KEY, region=REGION),
        parameters(api_key=KEY),
        {"connection-parameter-removed"},
        "breaking",
    ),
    "a required parameter comes": (
        parameters(api_key=KEY),
        parameters(api_key=KEY, region=MUST),
        {"connection-parameter-added-required"},
        "breaking",
    ),
    "an optional parameter comes": (
        parameters(api_key=KEY),
        parameters(api_key=KEY, region=REGION),
        {"connection-parameter-added"},
        "additive",
    ),
    "the first parameter comes": (
        properties(connectionParameters=None),
        parameters(api_key=KEY),
        {"connection-parameter-added-required", "parameter-types-changed"},
        "breaking",
    ),
    "a parameter becomes required": (
        parameters(api_key=KEY, region=REGION),
        parameters(api_key=KEY, region=MUST),
        {"connection-parameter-became-required"},
        "breaking",
    ),
    "another type": (
        parameters(api_key=KEY),
        parameters(api_key=KEY | {"type": "string"}),
        {"connection-parameter-type-changed", "parameter-types-changed"},
        "breaking",
    ),
    "one more type": (
        parameters(api_key=KEY),
        parameters(api_key=KEY, region=REGION | {"type": "string"}),
        {"connection-parameter-added", "parameter-types-changed"},
        "behavioural",
    ),
    "another provider": (
        parameters(token=OAUTH),
        parameters(token=OAUTH | {"oAuthSettings": {"identityProvider": "aad", "scopes": ["a", "b"]}}),
        {"identity-provider-changed"},
        "breaking",
    ),
    "other scopes": (
        parameters(token=OAUTH),
        parameters(token=OAUTH | {"oAuthSettings": {"identityProvider": "oauth2", "scopes": ["a"]}}),
        {"scopes-changed"},
        "behavioural",
    ),
    "the scopes in another form": (
        parameters(token=OAUTH),
        parameters(token=OAUTH | {"oAuthSettings": {"identityProvider": "oauth2", "scopes": ["b a"]}}),
        {"properties-otherwise-changed"},
        "cosmetic",
    ),
    "a text": (
        parameters(api_key=KEY),
        parameters(api_key={**KEY, "uiDefinition": KEY["uiDefinition"] | {"displayName": "x"}}),
        {"connection-text-changed"},
        "cosmetic",
    ),
    "one way to sign in becomes two": (
        parameters(api_key=KEY),
        sets(key={"api_key": KEY}, other={"api_key": KEY}),
        {"parameter-sets-changed"},
        "behavioural",
    ),
    "a way to sign in goes": (
        sets(key={"api_key": KEY}, other={"token": KEY}),
        sets(key={"api_key": KEY}),
        {"parameter-set-removed", "connection-parameter-removed"},
        "breaking",
    ),
    "a way to sign in comes, with required parameters of its own": (
        sets(key={"api_key": KEY}),
        sets(key={"api_key": KEY}, other={"token": KEY}),
        {"parameter-set-added", "connection-parameter-added"},
        "behavioural",
    ),
    "a parameter goes from one of the sets": (
        sets(key={"api_key": KEY, "region": REGION}, other={"region": REGION}),
        sets(key={"api_key": KEY}, other={"region": REGION}),
        {"connection-parameter-removed"},
        "breaking",
    ),
    "a policy goes": (
        properties(policyTemplateInstances=[POLICY, OTHER]),
        properties(policyTemplateInstances=[OTHER]),
        {"policy-removed"},
        "behavioural",
    ),
    "a policy comes": (
        properties(),
        properties(policyTemplateInstances=[POLICY]),
        {"policy-added"},
        "behavioural",
    ),
    "a policy changes": (
        properties(policyTemplateInstances=[OTHER, POLICY]),
        properties(policyTemplateInstances=[OTHER, POLICY | {"parameters": {"x": 2}}]),
        {"policy-changed"},
        "behavioural",
    ),
    "policies change places": (
        properties(policyTemplateInstances=[OTHER, POLICY]),
        properties(policyTemplateInstances=[POLICY, OTHER]),
        {"policy-order-changed"},
        "behavioural",
    ),
    "the publisher": (properties(), properties(publisher="x"), {"publisher-changed"}, "behavioural"),
    "the owner": (properties(), properties(stackOwner="x"), {"stack-owner-changed"}, "cosmetic"),
    "the colour": (properties(), properties(iconBrandColor="#fff"), {"brand-colour-changed"}, "cosmetic"),
    "the tier is raised": (properties(), properties(tier="Premium"), {"tier-raised"}, "behavioural"),
    "the tier is lowered": (
        properties(tier="Premium"),
        properties(tier="Standard"),
        {"tier-lowered"},
        "additive",
    ),
    "anything else": (
        properties(),
        properties(capabilities=["actions"]),
        {"properties-setting-changed"},
        "behavioural",
    ),
}


@pytest.mark.parametrize(("old", "new", "expected", "impact"), CONNECTION.values(), ids=CONNECTION)
def test_apiproperties_change(old: Any, new: Any, expected: set[str], impact: str) -> None:
    found = compare(package(properties=old), package(properties=new))
    assert kinds(found) == expected
    assert found.impact == impact
    for change in found.changes:
        assert change.new_file == "apiProperties.json"
        assert package(properties=new).properties.resolve(change.new_pointer) is not None  # type: ignore[union-attr]


def test_a_policy_that_is_gone_is_found_at_the_others():
    old = properties(policyTemplateInstances=[POLICY, OTHER])
    new = properties(policyTemplateInstances=[OTHER])
    assert only(compare(package(properties=old), package(properties=new))).new_pointer == (
        "/properties/policyTemplateInstances"
    )


README, SCRIPT = b"# Tides\n\nTell the tides.\n", b"public class Script : ScriptBase {}\n"
# Files before and after, and the kind of what changed.
FILES: dict[str, tuple[dict[str, bytes], dict[str, bytes], set[str]]] = {
    "a script comes": ({}, {"script.csx": SCRIPT}, {"script-added"}),
    "the script goes": ({"script.csx": SCRIPT}, {}, {"script-removed"}),
    "the script changes": ({"script.csx": SCRIPT}, {"script.csx": b"//" + SCRIPT}, {"script-changed"}),
    "other line ends": ({"script.csx": SCRIPT}, {"script.csx": SCRIPT.replace(b"\n", b"\r\n")}, set()),
    "the readme changes": ({"readme.md": README}, {"readme.md": README + b"More.\n"}, {"document-changed"}),
    "the icon changes": ({"icon.png": png(100, 100)}, {"icon.png": png(120, 120)}, {"icon-changed"}),
    "settings are no part of a connector": ({}, {"settings.json": b"{}"}, set()),
}


@pytest.mark.parametrize(("old", "new", "expected"), FILES.values(), ids=FILES)
def test_files_change(old: Any, new: Any, expected: set[str]) -> None:
    assert kinds(compare(package(files=old), package(files=new))) == expected


def test_a_definition_that_cannot_be_read_is_not_compared():
    broken = package(files={"apiDefinition.swagger.json": b"[]"})
    for old, new in ((broken, package()), (package(), broken)):
        assert kinds(compare(old, new)) == {"file-changed"}


def test_odd_values_anywhere_in_apiproperties_are_no_crash():
    odd: list[Any] = [None, 5, "x", [], {}, [5], {"x": 5}, True]
    names = (
        "connectionParameters",
        "connectionParameterSets",
        "policyTemplateInstances",
        "publisher",
        "tier",
    )
    for name in names:
        for one in odd:
            for other in odd:
                old, new = copy.deepcopy(PROPERTIES), copy.deepcopy(PROPERTIES)
                old["properties"][name], new["properties"][name] = one, other
                found = compare(package(properties=old), package(properties=new))
                assert all(change.sentence for change in found.changes)
