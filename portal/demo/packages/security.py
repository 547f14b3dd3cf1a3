"""How a demo connector signs in: the security part of the definition, and `apiProperties.json`."""

from __future__ import annotations

from typing import Any

from portal.demo.packages.language import Blueprint

_SCOPES = {"read": "Read what the account may see.", "write": "Change what the account may change."}


def of_definition(blueprint: Blueprint) -> dict[str, Any]:
    """`securityDefinitions` and `security`; nothing for a service that is open to everybody."""
    scheme = _scheme(blueprint)
    if scheme is None:
        return {}
    name, value = scheme
    wanted = list(_SCOPES) if value["type"] == "oauth2" else []
    return {"securityDefinitions": {name: value}, "security": [{name: wanted}]}


def _scheme(blueprint: Blueprint) -> tuple[str, dict[str, Any]] | None:
    match blueprint.auth:
        case "none":
            return None
        case "basic":
            return "account", {"type": "basic"}
        case "api_key":
            return "key", {"type": "apiKey", "in": "header", "name": "X-Api-Key"}
        case "api_key_query":
            return "key", {"type": "apiKey", "in": "query", "name": "key"}
        case "oauth2":
            return "oauth2", {
                "type": "oauth2",
                "flow": "accessCode",
                "authorizationUrl": f"{blueprint.site}/oauth/authorize",
                "tokenUrl": f"{blueprint.site}/oauth/token",
                "scopes": dict(_SCOPES),
            }
    raise ValueError(f"{blueprint.auth!r} is no way to sign in")


def properties_of(blueprint: Blueprint) -> dict[str, Any]:
    """The whole properties file."""
    owner = blueprint.publisher
    if blueprint.is_independent:
        # Independent publishers write connectors for the services of others.
        owner = blueprint.title.split()[0] + " Project"
    return {
        "properties": {
            "connectionParameters": _connection_parameters(blueprint),
            "iconBrandColor": blueprint.colour,
            "capabilities": ["actions"],
            "policyTemplateInstances": [_next_links()],
            "publisher": blueprint.publisher,
            "stackOwner": owner,
        }
    }


def _next_links() -> dict[str, Any]:
    """Every list has pages: their links must lead through the connection, not past it."""
    return {
        "templateId": "updatenextlink",
        "title": "Next pages through the connection",
        "parameters": {"x-ms-apimTemplateParameter.nextLinkPropertyName": "nextLink"},
    }


def _connection_parameters(blueprint: Blueprint) -> dict[str, Any]:
    match blueprint.auth:
        case "basic":
            return {
                "username": _typed("string", "User name", "The name you sign in with.", clear=True),
                "password": _typed("securestring", "Password", "The password that goes with the name."),
            }
        case "api_key" | "api_key_query":
            text = f"The key from your account page at {blueprint.title}."
            return {"api_key": _typed("securestring", "API key", text)}
        case "oauth2":
            return {"token": _oauth(blueprint)}
    return {}


def _typed(kind: str, name: str, text: str, *, clear: bool = False) -> dict[str, Any]:
    constraints: dict[str, Any] = {"required": "true", "tabIndex": 2}
    if not clear:
        constraints["clearText"] = False
    return {
        "type": kind,
        "uiDefinition": {
            "displayName": name,
            "description": text,
            "tooltip": f"Provide your {name[0].lower() + name[1:] if name != 'API key' else name}",
            "constraints": constraints,
        },
    }


def _oauth(blueprint: Blueprint) -> dict[str, Any]:
    urls = {
        "authorizationUrl": f"{blueprint.site}/oauth/authorize",
        "tokenUrl": f"{blueprint.site}/oauth/token",
        "refreshUrl": f"{blueprint.site}/oauth/token",
    }
    return {
        "type": "oauthSetting",
        "oAuthSettings": {
            "identityProvider": "oauth2",
            "clientId": "connector-platform",
            "scopes": list(_SCOPES),
            "redirectMode": "GlobalPerConnector",
            "customParameters": {name: {"value": value} for name, value in urls.items()},
        },
    }
