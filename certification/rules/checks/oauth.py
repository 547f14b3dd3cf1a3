"""How a connection signs in with OAuth: `oAuthSettings` of a connection parameter."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from certification.rules.findings import Hit, shown
from certification.rules.fixes import Patch, Place, fix
from certification.rules.registry import rule
from certification.rules.walk import Node
from connectors.definitions import openapi

PROVIDERS = (
    "oauth2", "oauth2generic", "oauth2pkce", "aad", "aadcertificate", "box", "dropbox", "facebook", "github",
    "google", "instagram", "intuit", "linkedin", "microsoft", "onedrive", "salesforce", "slack", "yammer",
)  # fmt: skip
_BY_FOLDED_PROVIDER = {name.casefold(): name for name in PROVIDERS}
_REDIRECT_MODES = ("Global", "GlobalPerConnector", "Direct")
_BY_FOLDED_MODE = {name.casefold(): name for name in _REDIRECT_MODES}
REDIRECT = "https://global.consent.azure-apim.net/redirect"
_URLS = ("authorizationUrl", "tokenUrl", "refreshUrl")
_TEMPLATES = ("authorizationUrlTemplate", "tokenUrlTemplate", "refreshUrlTemplate")
_PLACEHOLDER = re.compile(
    r"[\[\]<>{}*…]|your|dummy|placeholder|replace|change.?me|client.?secret|enter|insert|sample|example"
    r"|^(?:x{2,99}|\.{2,99}|-{2,99}|todo|tbd|none|null|n/a|secret)$",
    re.IGNORECASE,
)


@rule("PRP-060", on="connection-parameter", type="oauthSetting")
def settings_missing(parameter: Node) -> Iterator[Hit]:
    if not isinstance(parameter.value.get("oAuthSettings"), dict):
        alike = [key for key in parameter.value if key.casefold() == "oauthsettings"]
        yield parameter.hit(*alike[:1], value=parameter.name, at_key=bool(alike))


@rule("PRP-061", on="oauth-settings")
def provider_missing(settings: Node) -> Iterator[Hit]:
    if not settings.text("identityProvider").strip():
        yield _at(settings, "identityProvider")


@rule("PRP-062", on="oauth-settings", key="identityProvider", unless=frozenset(PROVIDERS).__contains__)
def provider_unknown(settings: Node, key: str) -> Iterator[Hit]:
    provider = settings.text(key)
    if provider.strip():
        yield settings.hit(key)


@rule("PRP-063", on="oauth-settings", key="redirectMode", unless=frozenset(_REDIRECT_MODES).__contains__)
def redirect_mode_invalid(settings: Node, key: str) -> Iterator[Hit]:
    yield settings.hit(key)


@rule("PRP-064", on="oauth-settings", key="redirectUrl")
def redirect_unexpected(settings: Node, key: str) -> Iterator[Hit]:
    url = settings.value[key]
    if url is not None and not (isinstance(url, str) and url.startswith(REDIRECT)):
        yield settings.hit(key, value=f'"{shown(url)}"' if isinstance(url, str) else shown(url))


@rule("PRP-066", on="oauth-settings")
def secret_in_file(settings: Node) -> Iterator[Hit]:
    """The secret itself stays out of message and fingerprint, which are stored and shown."""
    for key, value in settings.value.items():
        secret = value.strip() if isinstance(value, str) and key.casefold() == "clientsecret" else ""
        if secret and not _PLACEHOLDER.search(secret):
            yield settings.hit(key, value=f"{len(secret)} characters", cause="secret")


@rule("PRP-067", on="oauth-settings")
def client_id_missing(settings: Node) -> Iterator[Hit]:
    value = settings.value.get("clientId")
    if value is None or (isinstance(value, str) and not value.strip()):
        yield _at(settings, "clientId")


@rule("PRP-068", on="oauth-settings", key="identityProvider")
def url_missing(settings: Node, key: str) -> Iterator[Hit]:
    if settings.text(key).casefold() == "oauth2":
        yield from _without(settings, _URLS)


@rule("PRP-069", on="oauth-settings", key="customParameters")
def url_without_https(settings: Node, key: str) -> Iterator[Hit]:
    for name, place, value in _custom(settings):
        is_url = name.casefold().endswith(("url", "urltemplate"))
        if is_url and value.strip() and not value.strip().lower().startswith(("https://", "{", "[", "<")):
            yield settings.hit(key, *place, value=value, parameter=name)


@rule("PRP-070", on="oauth-settings", key="identityProvider")
def resource_missing(settings: Node, key: str) -> Iterator[Hit]:
    if settings.text(key).casefold() != "aad":
        return
    custom = {name.casefold() for name, _, value in _custom(settings) if value.strip()}
    resource = openapi.text(settings.value, "properties", "AzureActiveDirectoryResourceId")
    if "resourceuri" not in custom and not resource.strip():
        yield _at(settings, "customParameters")


@rule("PRP-071", on="oauth-settings", key="identityProvider")
def template_missing(settings: Node, key: str) -> Iterator[Hit]:
    if settings.text(key).casefold() == "oauth2generic":
        yield from _without(settings, _TEMPLATES)


@rule("PRP-072", on="oauth-settings", key="properties")
def first_party(settings: Node, key: str) -> Iterator[Hit]:
    found = openapi.member(settings.value[key], "IsFirstParty")
    if found is True or (isinstance(found, str) and found.strip().lower() == "true"):
        yield settings.hit(key, "IsFirstParty")


@rule("PRP-073", on="oauth-settings")
def no_scopes(settings: Node) -> Iterator[Hit]:
    if not settings.value.get("scopes"):
        yield _at(settings, "scopes")


def _at(settings: Node, key: str) -> Hit:
    """A hit at a member that is there but blank, or at the settings that lack it."""
    return settings.hit(*([key] if key in settings.value else []), value="")


def _custom(settings: Node) -> Iterator[tuple[str, tuple[str, ...], str]]:
    """Name, path below customParameters and text of the custom parameters; "" for what is no text."""
    for name, found in openapi.mapping(settings.value, "customParameters").items():
        if isinstance(found, dict):
            yield name, (name, "value") if "value" in found else (name,), openapi.text(found, "value")
        else:
            yield name, (name,), found if isinstance(found, str) else ""


def _without(settings: Node, names: tuple[str, ...]) -> Iterator[Hit]:
    """One hit that names all of these custom parameters that are absent or blank."""
    there = {name.casefold() for name, _, value in _custom(settings) if value.strip()}
    missing = [name for name in names if name.casefold() not in there]
    if missing:
        hit = "customParameters" in settings.value
        yield settings.hit(*(["customParameters"] if hit else []), value=", ".join(missing))


@fix("PRP-060")
def rename_settings(place: Place) -> Patch:
    is_member = str(place.name).casefold() == "oauthsettings"
    return place.rename("oAuthSettings") if is_member and isinstance(place.value, dict) else ()


@fix("PRP-062")
def correct_provider(place: Place) -> Patch:
    meant = _BY_FOLDED_PROVIDER.get(place.value.strip().casefold())
    return place.replace(meant) if meant else ()


@fix("PRP-063")
def correct_redirect_mode(place: Place) -> Patch:
    value: Any = place.value
    meant = _BY_FOLDED_MODE.get(value.strip().casefold()) if isinstance(value, str) else None
    return place.replace(meant) if meant else ()


@fix("PRP-064")
def use_global_redirect(place: Place) -> Patch:
    return place.replace(REDIRECT)


@fix("PRP-066")
def blank_secret(place: Place) -> Patch:
    return place.replace("")


@fix("PRP-069")
def use_https(place: Place) -> Patch:
    scheme, separator, rest = place.value.strip().partition("://")
    return place.replace(f"https://{rest}") if separator and scheme.lower() == "http" else ()
