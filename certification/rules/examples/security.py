"""Examples of the rules over security definitions, requirements and secrets."""

from __future__ import annotations

import base64
from typing import Any

from certification.rules.examples import base
from certification.rules.examples.case import PROPERTIES, Case, Examples, one

_SCHEMES, _SCHEME, _SECURITY = "/securityDefinitions", "/securityDefinitions/apiKey", "/security"
_GET = "/paths/~1harbours~1{harbourId}~1tides/get"
_HARBOUR = base.DEFINITION["paths"]["/harbours/{harbourId}/tides"]["get"]["parameters"][0]
_PARAMETER = "/properties/connectionParameters/api_key"
_KEY: dict[str, Any] = {"type": "apiKey", "in": "header", "name": "X-Api-Key"}
_OAUTH: dict[str, Any] = {
    "type": "oauth2",
    "flow": "accessCode",
    "authorizationUrl": "https://tides.example/authorize",
    "tokenUrl": "https://tides.example/token",
    "scopes": {"tides.read": "Read the tides"},
}
_OAUTH_PARAMETER: dict[str, Any] = {
    "type": "oauthSetting",
    "oAuthSettings": {
        "identityProvider": "oauth2",
        "clientId": "tides",
        "scopes": ["tides.read"],
        "redirectMode": "Global",
        "redirectUrl": "https://global.consent.azure-apim.net/redirect",
        "customParameters": {
            "authorizationUrl": {"value": "https://tides.example/authorize"},
            "tokenUrl": {"value": "https://tides.example/token"},
            "refreshUrl": {"value": "https://tides.example/token"},
        },
    },
}


def _scheme(scheme: Any, at: str = "", **more: Any) -> Case:
    """The one scheme of the connector replaced."""
    return Case(set={_SCHEME: scheme}, at=_SCHEME + at, **more)


def _oauth(changes: dict[str, Any], at: str = "", *, without: str = "", **more: Any) -> Case:
    """A connector with OAuth in both files, its scheme changed."""
    scheme = {name: value for name, value in (_OAUTH | changes).items() if name != without}
    return Case(
        set={_SCHEMES: {"oauth": scheme}, _SECURITY: [{"oauth": []}]},
        properties={"/properties/connectionParameters": {"token": _OAUTH_PARAMETER}},
        at=f"/securityDefinitions/oauth{at}",
        **more,
    )


def _scopes(scopes: list[Any], at: str) -> Case:
    return Case(
        set={_SCHEMES: {"oauth": _OAUTH}, _SECURITY: [{"oauth": scopes}]},
        properties={"/properties/connectionParameters": {"token": _OAUTH_PARAMETER}},
        at=f"/security/0/oauth{at}",
    )


def _parameter(name: str, location: str = "header") -> dict[str, Any]:
    return {
        "name": name,
        "in": location,
        "type": "string",
        "x-ms-summary": "Harbour group",
        "description": "The group of harbours.",
    }


# Written in parts, so that no scanner takes the examples for secrets that were published.
_TOKEN_PARTS = (b'{"alg":"RS256"}', b'{"sub":"none"}', b"x" * 24)
_TOKEN = ".".join(base64.b64encode(part).decode().strip("=") for part in _TOKEN_PARTS)
_AWS_KEY = "AKIA" + "X" * 16
_STRIPE_KEY = "sk_" + "live_" + "x" * 24
_SCRIPT = base.SCRIPT.replace("return new", f"// {_STRIPE_KEY}\n        return new")

CASES: dict[str, Examples] = {
    "SEC-001": Examples(
        bad=(Case(remove=(_SCHEMES, _SECURITY), at="", also=("PRP-084",)),),
        good=(one(_SCHEMES, {"apiKey": _KEY}),),
    ),
    "SEC-002": Examples(
        bad=(
            _scheme(_KEY | {"type": "apikey"}, "/type"),
            _scheme({"in": "header", "name": "X-Api-Key"}),
            _scheme("apiKey"),
        ),
        good=(_scheme({"type": "basic", "description": "Name and password."}),),
    ),
    "SEC-003": Examples(
        bad=(
            _scheme({"type": "apiKey", "in": "header"}),
            _oauth({}, without="scopes"),
            _oauth({}, without="tokenUrl"),
        ),
        good=(_oauth({"flow": "implicit"}, without="tokenUrl"),),
    ),
    "SEC-004": Examples(
        bad=(_oauth({"flow": "accesscode"}, "/flow"), _oauth({"flow": 1}, "/flow")),
        good=(_oauth({"flow": "password"}, without="authorizationUrl"),),
    ),
    "SEC-005": Examples(
        bad=(
            _scheme(_KEY | {"tokenUrl": "https://tides.example/token"}, "/tokenUrl"),
            _scheme({"type": "basic", "in": "header"}, "/in"),
        ),
        good=(_scheme(_KEY | {"description": "From your account."}),),
    ),
    "SEC-006": Examples(
        bad=(_scheme(_KEY | {"in": "cookie"}, "/in"), _scheme(_KEY | {"in": "Header"}, "/in")),
        good=(_scheme(_KEY | {"in": "query"}),),
    ),
    "SEC-007": Examples(
        bad=(
            one(_SECURITY, [{"apiKey": []}, {"ApiKey": []}], at="/security/1/ApiKey"),
            one(f"{_GET}/security", [{"token": []}], at=f"{_GET}/security/0/token"),
        ),
        good=(one(f"{_GET}/security", [{"apiKey": []}]),),
    ),
    "SEC-008": Examples(
        bad=(
            one(_SECURITY, {"apiKey": []}),
            one(_SECURITY, ["apiKey"], at="/security/0"),
            one(_SECURITY, [{"apiKey": None}], at="/security/0/apiKey"),
            one(f"{_GET}/security", "apiKey"),
        ),
        good=(one(f"{_GET}/security", [{}]),),
    ),
    "SEC-009": Examples(
        bad=(_oauth({"flow": "application"}, "/flow"),),
        good=(_oauth({}),),
    ),
    "SEC-010": Examples(
        bad=(
            _oauth({"tokenUrl": "/token"}, "/tokenUrl"),
            _oauth(
                {"authorizationUrl": "http://tides.example/authorize"}, "/authorizationUrl", also=("HST-026",)
            ),
        ),
        good=(_oauth({"tokenUrl": "https://tides.example:8443/token?tenant=1"}),),
    ),
    "SEC-011": Examples(
        bad=(one(_SCHEMES, {"apiKey": _KEY, "keyInAddress": _KEY | {"in": "query"}}),),
        good=(one(_SCHEMES, {"apiKey": _KEY}),),
    ),
    "SEC-012": Examples(
        bad=(one(_SECURITY, [{"apiKey": ["tides.read"]}], at="/security/0/apiKey"),),
        good=(one(_SECURITY, [{"apiKey": []}]),),
    ),
    "SEC-013": Examples(
        bad=(_scopes(["tides.read", "tides.write"], "/1"), _scopes([1], "/0")),
        good=(_scopes(["tides.read"], ""),),
    ),
    "SEC-014": Examples(
        bad=(Case(remove=(_SECURITY,), at=""), one(_SECURITY, [], also=("DEF-007",))),
        good=(one(_SECURITY, [{"apiKey": []}]),),
    ),
    "SEC-020": Examples(
        bad=(
            one(
                f"{_GET}/description",
                f"Lists the tides for the token {_TOKEN}.",
                at="",
                show='"description": "Lists the tides for the token eyJ….eyJ….…."\n',
            ),
            Case(
                properties={f"{_PARAMETER}/uiDefinition/tooltip": f"Provide your key, such as {_AWS_KEY}"},
                file=PROPERTIES,
                show='"tooltip": "Provide your key, such as AKIA…"\n',
            ),
            Case(
                files={"script.csx": _SCRIPT},
                properties={"/properties/scriptOperations": ["ListTides"]},
                file="script.csx",
                show=f"// {_STRIPE_KEY[:8]}…\n",
                also=("PRP-099",),
            ),
        ),
        good=(one(f"{_GET}/description", "Lists the tides for a token such as eyJ0b2tlbg."),),
    ),
    "SEC-021": Examples(
        bad=(
            one(
                f"{_GET}/parameters",
                [_HARBOUR, _parameter("X-API-Key")],
                at=f"{_GET}/parameters/1/name",
            ),
        ),
        good=(one(f"{_GET}/parameters", [_HARBOUR, _parameter("keyword", "query")]),),
    ),
}
