"""Examples of updates: how one connects, and what else apiProperties.json says."""

from __future__ import annotations

from typing import Any

from certification.rules.examples import base
from certification.rules.examples.case import PROPERTIES, Case, Examples
from certification.rules.examples.connection_parameters import parameter
from certification.rules.examples.updates_operations import update

_ALL, _SETS = "/properties/connectionParameters", "/properties/connectionParameterSets"
_KEY = "/properties/connectionParameters/api_key"
_REGION = "/properties/connectionParameters/region"
_POLICIES = "/properties/policyTemplateInstances"
_SCHEME: dict[str, Any] = base.DEFINITION["securityDefinitions"]["apiKey"]
_BASIC = {"type": "basic"}
_OPTIONAL = {
    "displayName": "Region",
    "description": "The region of your account.",
    "tooltip": "Provide the region",
}
_HEADER: dict[str, Any] = {
    "templateId": "setheader",
    "title": "Say who asks",
    "parameters": {
        "x-ms-apimTemplateParameter.name": "X-Client",
        "x-ms-apimTemplateParameter.value": "flow",
        "x-ms-apimTemplateParameter.existsAction": "override",
        "x-ms-apimTemplate-operationName": ["ListTides"],
        "x-ms-apimTemplate-policySection": "Request",
    },
}
_URLS = {
    f"{name}Url": {"value": f"https://tides.example/{path}"}
    for name, path in (("authorization", "authorize"), ("token", "token"), ("refresh", "token"))
}
_SETTINGS: dict[str, Any] = {
    "identityProvider": "oauth2",
    "clientId": "[[CLIENT_ID]]",
    "scopes": ["tides.read"],
    "redirectMode": "Global",
    "redirectUrl": "https://global.consent.azure-apim.net/redirect",
    "properties": {"IsFirstParty": "False"},
    "customParameters": _URLS,
}
_SECURITY = {
    "type": "oauth2",
    "flow": "accessCode",
    "authorizationUrl": "https://tides.example/authorize",
    "tokenUrl": "https://tides.example/token",
    "scopes": {"tides.read": "Read the tides."},
}
_OAUTH = f"{_ALL}/token/oAuthSettings"


def _properties(changes: dict[str, Any], remove: tuple[str, ...] = ()) -> Case:
    return Case(properties=changes, remove_properties=remove)


def _change(old: Case, new: Case | None = None, *, at: str, **more: Any) -> Case:
    return update(old, new, at=at, file=PROPERTIES, **more)


def _oauth(**changed: Any) -> Case:
    return Case(
        set={"/securityDefinitions": {"oauth": _SECURITY}, "/security": [{"oauth": ["tides.read"]}]},
        properties={_ALL: {"token": {"type": "oauthSetting", "oAuthSettings": _SETTINGS | changed}}},
    )


def _set(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "uiDefinition": {"displayName": name, "description": f"Sign in with {name}."},
        "parameters": {"api_key": base.PROPERTIES["properties"]["connectionParameters"]["api_key"]},
    }


_LABEL = {"displayName": "Authentication", "description": "How to sign in."}
_TWO = _properties(
    {_SETS: {"uiDefinition": _LABEL, "values": [_set("Harbour key"), _set("Coast key")]}}, remove=(_ALL,)
)
_REORDERED = _properties(
    {_SETS: {"uiDefinition": _LABEL, "values": [_set("Coast key"), _set("Harbour key")]}}, remove=(_ALL,)
)
_ONE_MORE = _properties({_REGION: parameter("Region", "string")})

CASES: dict[str, Examples] = {
    "UPD-036": Examples(
        bad=(
            update({"/securityDefinitions": {"apiKey": _SCHEME, "basic": _BASIC}}, at="/securityDefinitions"),
        ),
        good=(update({"/securityDefinitions": {"key": _SCHEME}, "/security": [{"key": []}]}),),
    ),
    "UPD-037": Examples(
        bad=(update({"/securityDefinitions/apiKey/name": "Api-Key"}, at="/securityDefinitions/apiKey"),),
        good=(update({"/securityDefinitions/apiKey/name": "x-api-key"}),),
    ),
    "UPD-080": Examples(
        bad=(_change(_properties({_REGION: parameter("Region")}), at=_ALL),),
        good=(update(_properties({f"{_KEY}/uiDefinition/tooltip": "The key"})),),
    ),
    "UPD-081": Examples(
        bad=(_change(Case(), _ONE_MORE, at=_REGION, also=("UPD-085",)),),
        good=(
            update(
                Case(),
                _properties(
                    {
                        _REGION: {
                            "type": "string",
                            "uiDefinition": _OPTIONAL | {"constraints": {"required": "false"}},
                        }
                    }
                ),
            ),
        ),
        good_breaks=("UPD-085",),
    ),
    "UPD-082": Examples(
        bad=(
            _change(
                _properties({_REGION: parameter("Region", "int")}),
                _ONE_MORE,
                at=f"{_REGION}/type",
                also=("UPD-085",),
            ),
        ),
        good=(update(_properties({f"{_KEY}/uiDefinition/displayName": "Key"})),),
    ),
    "UPD-083": Examples(
        bad=(_change(_oauth(identityProvider="oauth2generic"), _oauth(), at=f"{_OAUTH}/identityProvider"),),
        good=(update(_oauth(clientId="[[OTHER_ID]]"), _oauth()),),
    ),
    "UPD-084": Examples(
        bad=(_change(_oauth(scopes=["tides.all"]), _oauth(), at=f"{_OAUTH}/scopes"),),
        good=(update(_oauth(scopes=["tides.read", "tides.read"]), _oauth()),),
    ),
    "UPD-085": Examples(
        bad=(_change(_properties({_REGION: parameter("Region", "string")}), at=_ALL, also=("UPD-080",)),),
        good=(update(_properties({_REGION: parameter("Region")})),),
        good_breaks=("UPD-080",),
    ),
    "UPD-086": Examples(
        bad=(_change(Case(), _TWO, at=_SETS, also=("PRP-099",)),),
        good=(update(_REORDERED, _TWO),),
        good_breaks=("PRP-099",),
    ),
    "UPD-087": Examples(
        bad=(
            _change(_properties({_POLICIES: [_HEADER]}), at="/properties"),
            _change(
                _properties({_POLICIES: [_HEADER | {"parameters": {}}]}),
                _properties({_POLICIES: [_HEADER]}),
                at=f"{_POLICIES}/0",
            ),
        ),
        good=(update(_properties({_POLICIES: []})),),
    ),
    "UPD-088": Examples(
        bad=(_change(_properties({"/properties/publisher": "Coast Office"}), at="/properties/publisher"),),
        good=(update(_properties({"/properties/stackOwner": "Coast Office"})),),
    ),
    "UPD-089": Examples(
        bad=(
            _change(_properties({"/properties/iconBrandColor": "#000000"}), at="/properties/iconBrandColor"),
        ),
        good=(update(_properties({"/properties/iconBrandColor": "#1b5e7b"})),),
    ),
    "UPD-090": Examples(
        bad=(
            _change(
                _properties({"/properties/tier": "Standard"}),
                _properties({"/properties/tier": "Premium"}),
                at="/properties/tier",
                also=("PRP-003", "PRP-099"),
            ),
        ),
        good=(
            update(
                _properties({"/properties/tier": "Premium"}), _properties({"/properties/tier": "Standard"})
            ),
        ),
        good_breaks=("PRP-003", "PRP-099"),
    ),
}
