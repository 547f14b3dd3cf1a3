"""Examples of the rules over connection parameters, sets of them, and the security they serve."""

from __future__ import annotations

from typing import Any

from certification.rules.examples.case import PROPERTIES, Case, Examples, one
from certification.rules.examples.properties import one_property, without_property

_ALL, _SETS = "/properties/connectionParameters", "/properties/connectionParameterSets"
_KEY = f"{_ALL}/api_key"
_UI = f"{_KEY}/uiDefinition"
_CONSTRAINTS = f"{_UI}/constraints"
_SCHEMA = ("PRP-099",)


def _texts(name: str) -> dict[str, str]:
    return {
        "displayName": name,
        "description": f"The {name} of your account.",
        "tooltip": f"Provide the {name}",
    }


def parameter(name: str, type_name: str = "securestring", **more: Any) -> dict[str, Any]:
    """A sound connection parameter."""
    return {"type": type_name, "uiDefinition": _texts(name) | {"constraints": {"required": "true"}}} | more


def _set(name: str, **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "uiDefinition": {"displayName": name, "description": f"Sign in with {name}."},
        "parameters": {"api_key": parameter("API Key")},
    } | more


def _sets(*sets: Any, at: str = "", **more: Any) -> Case:
    """With these sets instead of single parameters."""
    label = {"displayName": "Authentication", "description": "How to sign in."}
    return Case(
        properties={_SETS: {"uiDefinition": label, "values": list(sets)}},
        remove_properties=(_ALL,),
        at=_SETS + at,
        file=PROPERTIES,
        **more,
    )


def _added(name: str, value: Any, at: str = "", **more: Any) -> Case:
    """With one connection parameter more."""
    return one_property(f"{_ALL}/{name}", value, at=f"{_ALL}/{name}{at}", **more)


_TWO_SETS = (_set("Harbour key"), _set("Coast key"))
_UNNAMED = {key: value for key, value in _set("Harbour key").items() if key != "name"}
_UNLABELLED = _set("Coast key", uiDefinition={"description": "Sign in."})
_NO_SECURITY = ("/securityDefinitions", "/security")

CASES: dict[str, Examples] = {
    "PRP-040": Examples(
        bad=(without_property(_ALL, remove=_NO_SECURITY, also=("SEC-001",)),),
        good=(_sets(*_TWO_SETS),),
        good_breaks=_SCHEMA,
    ),
    "PRP-041": Examples(
        bad=(
            one_property(
                _SETS,
                {"uiDefinition": {"displayName": "Authentication"}, "values": list(_TWO_SETS)},
                at=_ALL,
                also=_SCHEMA,
            ),
        ),
        good=(_sets(*_TWO_SETS),),
        good_breaks=_SCHEMA,
    ),
    "PRP-042": Examples(
        bad=(
            _sets(at="/values", also=(*_SCHEMA, "PRP-082", "PRP-083")),
            _sets(_set("Harbour key"), _UNNAMED, at="/values/1", also=_SCHEMA),
            _sets(_set("Harbour key"), _set("Harbour key"), at="/values/1/name", also=_SCHEMA),
        ),
        good=(_sets(*_TWO_SETS),),
        good_breaks=_SCHEMA,
    ),
    "PRP-043": Examples(
        bad=(
            _sets(_set("Harbour key"), _UNLABELLED, at="/values/1/uiDefinition", also=_SCHEMA),
            Case(
                properties={_SETS: {"values": list(_TWO_SETS)}},
                remove_properties=(_ALL,),
                at=_SETS,
                file=PROPERTIES,
                also=_SCHEMA,
            ),
        ),
        good=(_sets(_set("Harbour key"), _set("Coast key", uiDefinition={"displayname": "Coast key"})),),
        good_breaks=_SCHEMA,
    ),
    "PRP-044": Examples(
        bad=(_sets(_set("Harbour key"), at="/values", also=_SCHEMA),),
        good=(_sets(*_TWO_SETS),),
        good_breaks=_SCHEMA,
    ),
    "PRP-045": Examples(
        bad=(_added("region", "string", also=_SCHEMA),),
        good=(_added("region", parameter("Region", "string")),),
    ),
    "PRP-046": Examples(
        bad=(one_property(_ALL, {}, remove=_NO_SECURITY, also=("SEC-001",)),),
        good=(one_property(_ALL, {"api_key": parameter("API Key")}),),
    ),
    "PRP-047": Examples(
        bad=(
            _added("harbour-code", parameter("Harbour", "string"), also=_SCHEMA),
            _added("a:b:c", parameter("Harbour", "string"), also=_SCHEMA),
        ),
        good=(_added("token:region", parameter("Region", "string")),),
    ),
    "PRP-048": Examples(
        bad=(
            _added("region", parameter("Region", "text"), at="/type", also=_SCHEMA),
            _added("region", {"uiDefinition": _texts("Region")}, also=_SCHEMA),
        ),
        good=(_added("beta", parameter("Beta", "bool")),),
    ),
    "PRP-049": Examples(
        bad=(one_property(f"{_KEY}/type", "secureString", also=(*_SCHEMA, "PRP-083")),),
        good=(one_property(f"{_KEY}/type", "securestring"),),
    ),
    "PRP-050": Examples(
        bad=(without_property(_UI),),
        good=(_added("gateway", parameter("Gateway", "gatewaySetting")),),
    ),
    "PRP-051": Examples(
        bad=(without_property(f"{_UI}/displayName"),),
        good=(one_property(f"{_UI}/displayName", "Key"),),
    ),
    "PRP-052": Examples(
        bad=(without_property(f"{_UI}/description"), one_property(f"{_UI}/description", " ")),
        good=(
            Case(
                properties={f"{_UI}/schema": {"description": "The key from your account page."}},
                remove_properties=(f"{_UI}/description",),
            ),
        ),
        good_breaks=_SCHEMA,
    ),
    "PRP-053": Examples(
        bad=(without_property(f"{_UI}/tooltip"),),
        good=(one_property(f"{_UI}/tooltip", "Key"),),
    ),
    "PRP-054": Examples(
        bad=(
            one_property(f"{_CONSTRAINTS}/required", True, also=_SCHEMA),
            one_property(f"{_CONSTRAINTS}/hidden", False, also=_SCHEMA),
        ),
        good=(one_property(f"{_CONSTRAINTS}/hidden", "false"),),
    ),
    "PRP-055": Examples(
        bad=(
            one_property(f"{_CONSTRAINTS}/required", "True"),
            one_property(f"{_CONSTRAINTS}/required", "yes"),
        ),
        good=(one_property(f"{_CONSTRAINTS}/required", "false"),),
    ),
    "PRP-056": Examples(
        bad=(one_property(f"{_CONSTRAINTS}/hidden", "true"),),
        good=(
            Case(properties={f"{_CONSTRAINTS}/hidden": "true", f"{_KEY}/defaultValue": "public"}),
            Case(properties={f"{_CONSTRAINTS}/hidden": "true", f"{_CONSTRAINTS}/required": "false"}),
        ),
    ),
    "PRP-057": Examples(
        bad=(one_property(f"{_CONSTRAINTS}/clearText", "false", also=_SCHEMA),),
        good=(one_property(f"{_CONSTRAINTS}/clearText", False),),
    ),
    "PRP-058": Examples(
        bad=(one_property(f"{_CONSTRAINTS}/clearText", True),),
        good=(
            _added(
                "region",
                parameter(
                    "Region", "string", uiDefinition=_texts("Region") | {"constraints": {"clearText": True}}
                ),
            ),
        ),
    ),
    "PRP-059": Examples(
        bad=(
            one_property(f"{_KEY}/type", "string"),
            _added("token:clientSecret", parameter("Secret", "string"), at="/type"),
        ),
        good=(_added("token:region", parameter("Region", "string")),),
    ),
    "PRP-065": Examples(
        bad=(
            one_property(f"{_UI}/displayName", "API-ключ"),
            one_property(
                f"{_UI}/description", "Der Schlüssel für die Schnittstelle steht auf der Seite des Kontos."
            ),
        ),
        good=(one_property(f"{_UI}/displayName", "Clé API of Étretat"),),
    ),
    "PRP-080": Examples(
        bad=(
            one(
                "/securityDefinitions/apiKey",
                {
                    "type": "oauth2",
                    "flow": "accessCode",
                    "authorizationUrl": "https://tides.example/authorize",
                    "tokenUrl": "https://tides.example/token",
                    "scopes": {},
                },
            ),
        ),
        good=(one("/securityDefinitions/apiKey/name", "X-Tide-Key"),),
    ),
    "PRP-082": Examples(
        bad=(
            one_property(
                _ALL,
                {},
                at="/securityDefinitions",
                file="apiDefinition.swagger.json",
                also=("PRP-046", "PRP-083"),
            ),
        ),
        good=(one_property(_ALL, {"key": parameter("Key")}),),
    ),
    "PRP-083": Examples(
        bad=(
            one_property(
                _ALL,
                {"beta": parameter("Beta", "bool")},
                at="/securityDefinitions/apiKey",
                file="apiDefinition.swagger.json",
            ),
        ),
        good=(one_property(_ALL, {"key": parameter("Key")}),),
    ),
    "PRP-084": Examples(
        bad=(Case(remove=_NO_SECURITY, at=_ALL, file=PROPERTIES, also=("SEC-001",)),),
        good=(Case(set={"/securityDefinitions/apiKey/in": "query"}),),
    ),
}
