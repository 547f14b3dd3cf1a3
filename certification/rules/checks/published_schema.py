"""What the published JSON schema of apiProperties.json allows, told in code: the schema itself is no valid
JSON, and it is older than the platform.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from certification.rules.checks.properties import is_read_whole
from certification.rules.findings import Hit, Key, shown
from certification.rules.registry import rule
from certification.rules.walk import Node

Fault = tuple[tuple[Key, ...], str]
Check = Callable[[Any], Iterator[Fault]]
_MOST_FAULTS = 100


@rule("PRP-099", on="properties")
def schema_not_satisfied(root: Node) -> Iterator[Hit]:
    """One finding for a file, at its first departure: most are faults that another rule explains better."""
    faults = list(itertools.islice(_FILE(root.value), _MOST_FAULTS)) if is_read_whole(root) else []
    if faults:
        keys, said = faults[0]
        rest = f", and {len(faults) - 1} more" if len(faults) > 1 else ""
        yield root.hit(*keys, value=said + rest, cause="schema")


def _anything(value: Any) -> Iterator[Fault]:
    return iter(())


def _of_type(kinds: type | tuple[type, ...], name: str) -> Check:
    def check(value: Any) -> Iterator[Fault]:
        is_other = isinstance(value, bool) and kinds is int
        if is_other or not isinstance(value, kinds):
            yield (), f"{shown(value)} is not {name}"

    return check


def _one_of(*allowed: Any) -> Check:
    def check(value: Any) -> Iterator[Fault]:
        if not any(value == known and type(value) is type(known) for known in allowed):
            yield (), f"{shown(value)} is not among the values it lists"

    return check


def _array(item: Check) -> Check:
    def check(value: Any) -> Iterator[Fault]:
        if not isinstance(value, list):
            yield (), f"{shown(value)} is not an array"
            return
        for index, found in enumerate(value):
            yield from _below(index, item(found))

    return check


def _record(
    members: Mapping[str, Check],
    required: tuple[str, ...] = (),
    others: Callable[[str], Check | None] | None = None,
) -> Check:
    """An object with these members; `others` gives the check of any other name, None if it is forbidden."""

    def check(value: Any) -> Iterator[Fault]:
        if not isinstance(value, dict):
            yield (), f"{shown(value)} is not an object"
            return
        for name in required:
            if name not in value:
                yield (), f"{name} is missing"
        for name, found in value.items():
            known = members.get(name) or (others(name) if others else None)
            if known is None:
                yield (name,), f"{shown(name)} is not a member it knows"
            else:
                yield from _below(name, known(found))

    return check


def _below(key: Key, faults: Iterator[Fault]) -> Iterator[Fault]:
    return (((key, *keys), said) for keys, said in faults)


def _any_other(check: Check) -> Callable[[str], Check]:
    return lambda name: check


_text, _number = _of_type(str, "a string"), _of_type(int, "a whole number")
_text_or_null = _of_type((str, type(None)), "a string or null")
_texts = _array(_text)

_ui_definition = _record(
    {
        "displayName": _text,
        "description": _text,
        "tooltip": _text,
        "tabIndex": _number,
        "constraints": _record(
            {
                "clearText": _of_type(bool, "true or false"),
                "required": _text,
                "hidden": _text,
                "tabIndex": _number,
                "capability": _texts,
                "allowedValues": _array(_record({"value": _text, "text": _text}, ("value",))),
                "dependencies": _record({}, (), _any_other(_record({"values": _texts}, ("values",)))),
            }
        ),
    }
)
_allowed_values = _array(
    _record(
        {"value": _text, "uiDefinition": _record({"displayName": _text, "description": _text})}, ("value",)
    )
)

# Provider to the custom parameters it may have and those it must have.
_CUSTOM: dict[str, tuple[frozenset[str], tuple[str, ...]]] = {
    "oauth2": (frozenset(("authorizationUrl", "tokenUrl", "refreshUrl")), ()),
    "aad": (frozenset(("resourceUri", "loginUri", "tenantId")), ("resourceUri",)),
    "aadcertificate": (frozenset(("resourceUri", "loginUri", "loginUriAAD")), ("resourceUri",)),
}
_first_party = {"IsFirstParty": _one_of("True", "False")}
_settings = _record(
    {
        "identityProvider": _one_of("oauth2", "oauth2generic", "aad", "aadcertificate", "facebook"),
        "redirectMode": _one_of("Global", "Direct"),
        "redirectUrl": _text,
        "scopes": _texts,
        "properties": _record(_first_party, ("IsFirstParty",), _any_other(_anything)),
        "additionalParameters": _record({}, (), _any_other(_of_type(dict, "an object"))),
        "customParameters": _of_type(dict, "an object"),
    }
    | dict.fromkeys(
        ("clientId", "ClientId", "clientID", "ClientID", "clientSecret", "ClientSecret"), _text_or_null
    ),
    ("identityProvider",),
)


def _oauth_settings(value: Any) -> Iterator[Fault]:
    yield from _settings(value)
    provider = value.get("identityProvider") if isinstance(value, dict) else None
    if not isinstance(provider, str):
        return
    custom, properties = value.get("customParameters"), value.get("properties")
    allowed, required = _CUSTOM.get(provider, (frozenset(), ()))
    if provider in _CUSTOM and isinstance(custom, dict):
        members = _record(dict.fromkeys(allowed, _anything), required)
        yield from _below("customParameters", members(custom))
    if provider == "aadcertificate":
        if not isinstance(properties, dict):
            yield (), "properties is missing"
        else:
            yield from _below("properties", _certificate_properties(properties))


_certificate_properties = _record({"IsFirstParty": _one_of("True"), "AzureActiveDirectoryResourceId": _text})
_primitive = _record(
    {
        "type": _one_of("string", "securestring", "int", "bool"),
        "allowedValues": _allowed_values,
        "defaultValue": _text,
        "uiDefinition": _ui_definition,
    }
)
_BY_TYPE: dict[str, Check] = {
    "gatewaySetting": _record({"type": _anything, "uiDefinition": _ui_definition}),
    "oauthSetting": _record(
        {"type": _anything, "oAuthSettings": _oauth_settings, "uiDefinition": _ui_definition}
    ),
}
_tenant = _record(
    {
        "type": _one_of("string"),
        "metadata": _one_of({"sourceType": "AzureActiveDirectoryTenant"}),
        "uiDefinition": _record(
            {
                "constraints": _one_of({"hidden": "true", "required": "false"}),
                "description": _one_of("The tenant ID of for the Azure Active Directory application"),
                "displayName": _one_of("Tenant"),
            }
        ),
    },
    ("type", "metadata", "uiDefinition"),
)


def _parameter(value: Any) -> Iterator[Fault]:
    type_name = value.get("type") if isinstance(value, dict) else None
    if isinstance(value, dict) and "type" not in value:
        yield (), "type is missing"
    yield from _BY_TYPE.get(type_name if isinstance(type_name, str) else "", _primitive)(value)


_NAME = re.compile(r"[0-9a-zA-Z_]++")


def _parameter_named(name: str) -> Check | None:
    if name == "token:TenantId":
        return _tenant
    first, colon, claim = name.partition(":")
    if not _NAME.fullmatch(first) or (colon and (claim == "TenantId" or not _NAME.fullmatch(claim))):
        return None
    return _primitive if colon else _parameter


_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "@Request.OriginalHTTPMethod")
_SECTIONS = ("Request", "Response")
_PREFIX = "x-ms-apimTemplateParameter."

# Spellings of a template | required parameters | optional ones; "…" is the section it is applied to, which
# all with propertySubPath have too.
_TEMPLATES = """
convertarraytoobject ConvertArrayToObject | propertyParentPath keyWithinCollectionPath newPropertyPath \
| propertySubPath retainKey
convertobjecttoarray ConvertObjectToArray | propertyParentPath newPropertyPath \
| propertySubPath keyName valueName
dynamichosturl DynamicHostUrl dynamicHostUrl | urlTemplate |
encodepropertyvalue EncodePropertyValue | propertyParentPath newPropertyPath | propertySubPath
pollingtrigger PollingTrigger | triggerConfig triggerDataPath |
routerequesttoendpoint RouteRequestToEndpoint | newPath | httpMethod
setheader SetHeader setHeader | name value | existsAction …
setproperty SetProperty | newPropertyParentPathTemplate newPropertySubPathTemplate propertyValuePathTemplate \
| …
setqueryparameter SetQueryParameter setQueryParameter | name value | existsAction
setvaluefromurl SetValueFromUrl | parameterTemplate parameterValueUrl parameterValuePathTemplate \
| httpMethod …
stringreplace StringReplace | propertyParentPath sourceString replacementString newPropertyPath \
| propertySubPath
stringtoarray StringToArray | propertyParentPath delimiterList childPropertyName newPropertyPath \
| propertySubPath
updatenextlink | nextLinkPropertyName | nextLinkParentPropertyPath
"""
_VALUES: dict[str, Check] = {
    "existsAction": _one_of("override", "skip", "append"),
    "retainKey": _one_of("true", "false"),
    "triggerConfig": _of_type(dict, "an object"),
}


def _template(required: list[str], optional: list[str], name: str) -> Check:
    methods = _METHODS if name == "routerequesttoendpoint" else _METHODS[:3]
    values = _VALUES | {"httpMethod": _one_of(*methods)}
    members = {_PREFIX + key: values.get(key, _text) for key in required + optional if key != "…"}
    members["x-ms-apimTemplate-operationName"] = _texts
    if "…" in optional or "propertySubPath" in optional:
        sections = (*_SECTIONS, "Failure") if name == "setheader" else _SECTIONS
        members["x-ms-apimTemplate-policySection"] = _one_of(*sections)
    parameters = _record(members, tuple(_PREFIX + key for key in required))
    policy = {"templateId": _anything, "title": _text, "parameters": parameters}
    if name == "pollingtrigger":
        policy["type"] = _one_of("PollingTrigger")
    return _record(policy)


def _templates() -> dict[str, Check]:
    found: dict[str, Check] = {}
    for line in _TEMPLATES.strip().splitlines():
        names, required, optional = (part.split() for part in line.split("|"))
        found |= dict.fromkeys(names, _template(required, optional, names[0]))
    return found


_BY_TEMPLATE = _templates()


def _policy(value: Any) -> Iterator[Fault]:
    template = value.get("templateId") if isinstance(value, dict) else None
    check = _BY_TEMPLATE.get(template) if isinstance(template, str) else None
    if check is None:
        yield (), f"the policy template {shown(template)} is not among those it lists"
    else:
        yield from check(value)


_FILE = _record(
    {
        "$schema": _text,
        "properties": _record(
            {
                "iconBrandColor": _text,
                "publisher": _text,
                "stackOwner": _text,
                "capabilities": _texts,
                "connectionParameters": _record({}, (), _parameter_named),
                "policyTemplateInstances": _array(_policy),
            },
            ("iconBrandColor",),
        ),
    },
    ("properties",),
)
