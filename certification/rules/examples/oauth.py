"""Examples of the rules over OAuth settings."""

from __future__ import annotations

from typing import Any

from certification.rules.examples.case import PROPERTIES, Case, Examples

_PARAMETER = "/properties/connectionParameters/token"
_AT = f"{_PARAMETER}/oAuthSettings"
_SCHEMA = ("PRP-099",)
_URLS = {
    "authorizationUrl": {"value": "https://tides.example/authorize"},
    "tokenUrl": {"value": "https://tides.example/token"},
    "refreshUrl": {"value": "https://tides.example/token"},
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
_GENERIC = {
    f"{name}Template": {"value": f"https://tides.example/{name}"}
    for name in ("authorizationUrl", "tokenUrl", "refreshUrl")
}
_RESOURCE = {"resourceUri": {"value": "api://tides.example"}}


def _oauth(at: str = "", *, without: str = "", also: tuple[str, ...] = (), **settings: Any) -> Case:
    """With OAuth instead of a key; these settings changed, one of them absent."""
    kept = {key: value for key, value in (_SETTINGS | settings).items() if key != without}
    return Case(
        set={"/securityDefinitions": {"oauth": _SECURITY}, "/security": [{"oauth": ["tides.read"]}]},
        properties={
            "/properties/connectionParameters": {"token": {"type": "oauthSetting", "oAuthSettings": kept}}
        },
        at=_AT + at,
        file=PROPERTIES,
        also=also,
    )


def _parameter(name: str, value: dict[str, Any]) -> Case:
    """The settings under another name than they have."""
    return Case(
        set={"/securityDefinitions": {"oauth": _SECURITY}, "/security": [{"oauth": ["tides.read"]}]},
        properties={"/properties/connectionParameters": {"token": {"type": "oauthSetting"} | value}},
        at=_PARAMETER + name,
        file=PROPERTIES,
        also=_SCHEMA,
    )


CASES: dict[str, Examples] = {
    "PRP-060": Examples(
        bad=(
            Case(
                set={"/securityDefinitions": {"oauth": _SECURITY}, "/security": [{"oauth": ["tides.read"]}]},
                properties={"/properties/connectionParameters": {"token": {"type": "oauthSetting"}}},
                at=_PARAMETER,
                file=PROPERTIES,
            ),
            _parameter("/oauthSettings", {"oauthSettings": _SETTINGS}),
        ),
        good=(_oauth(),),
    ),
    "PRP-061": Examples(
        bad=(
            _oauth(without="identityProvider", also=_SCHEMA),
            _oauth("/identityProvider", identityProvider=" ", also=_SCHEMA),
        ),
        good=(_oauth(identityProvider="facebook"),),
    ),
    "PRP-062": Examples(
        bad=(
            _oauth("/identityProvider", identityProvider="Tides", also=_SCHEMA),
            _oauth("/identityProvider", identityProvider="OAuth2", also=_SCHEMA),
        ),
        good=(_oauth(identityProvider="oauth2generic", customParameters=_GENERIC),),
    ),
    "PRP-063": Examples(
        bad=(_oauth("/redirectMode", redirectMode="direct", also=_SCHEMA),),
        good=(_oauth(redirectMode="Direct"), _oauth(without="redirectMode")),
    ),
    "PRP-064": Examples(
        bad=(
            _oauth("/redirectUrl", redirectUrl="https://europe-001.consent.azure-apim.net/redirect"),
            _oauth("/redirectUrl", redirectUrl=[_SETTINGS["redirectUrl"]], also=_SCHEMA),
        ),
        good=(_oauth(redirectUrl="https://global.consent.azure-apim.net/redirect/tides"),),
    ),
    "PRP-066": Examples(
        bad=(_oauth("/clientSecret", clientSecret="k3Xo-7bQ.9tGq"),),
        good=(_oauth(clientSecret="[[CLIENT_SECRET]]"), _oauth(clientSecret=None)),
    ),
    "PRP-067": Examples(
        bad=(_oauth(without="clientId"), _oauth("/clientId", clientId="")),
        good=(_oauth(clientId="7"),),
    ),
    "PRP-068": Examples(
        bad=(
            _oauth(without="customParameters"),
            _oauth("/customParameters", customParameters=_URLS | {"refreshUrl": {"value": ""}}),
        ),
        good=(_oauth(identityProvider="facebook", customParameters={}),),
    ),
    "PRP-069": Examples(
        bad=(
            _oauth(
                "/customParameters/tokenUrl/value",
                customParameters=_URLS | {"tokenUrl": {"value": "http://tides.example/token"}},
            ),
            _oauth(
                "/customParameters/authorizationUrl/value",
                customParameters=_URLS | {"authorizationUrl": {"value": "/authorize"}},
            ),
        ),
        good=(
            _oauth(
                identityProvider="oauth2generic",
                customParameters=_GENERIC | {"tokenUrlTemplate": {"value": "{host}/token"}},
            ),
        ),
    ),
    "PRP-070": Examples(
        bad=(_oauth("/customParameters", identityProvider="aad", customParameters={}, also=_SCHEMA),),
        good=(_oauth(identityProvider="aad", customParameters=_RESOURCE),),
    ),
    "PRP-071": Examples(
        bad=(
            _oauth(
                "/customParameters",
                identityProvider="oauth2generic",
                customParameters=_GENERIC | {"refreshUrlTemplate": {"value": None}},
            ),
        ),
        good=(
            _oauth(
                identityProvider="oauth2generic",
                customParameters={name[0].upper() + name[1:]: value for name, value in _GENERIC.items()},
            ),
        ),
    ),
    "PRP-072": Examples(
        bad=(_oauth("/properties/IsFirstParty", properties={"IsFirstParty": "True"}),),
        good=(_oauth(properties={"IsFirstParty": "False"}),),
    ),
    "PRP-073": Examples(
        bad=(_oauth(without="scopes"), _oauth("/scopes", scopes=[])),
        good=(_oauth(scopes=["tides.read", "offline_access"]),),
    ),
    "PRP-081": Examples(
        bad=(
            Case(
                properties={f"{_PARAMETER}": {"type": "oauthSetting", "oAuthSettings": _SETTINGS}},
                at=_PARAMETER,
                file=PROPERTIES,
            ),
        ),
        good=(_oauth(),),
    ),
}
