"""One connection parameter in two versions."""

from __future__ import annotations

from typing import Any

from connectors.definitions import openapi
from connectors.definitions.diff.changes import Keys
from connectors.definitions.diff.equality import mark, same
from connectors.definitions.diff.kinds import Impact
from connectors.definitions.diff.property_pair import PropertyPair

_UI_TEXTS = frozenset(("displayName", "description", "tooltip"))


def is_required(parameter: dict[str, Any]) -> bool:
    required = openapi.member(parameter, "uiDefinition", "constraints", "required")
    return required is True or (isinstance(required, str) and required.strip().lower() == "true")


def compare_parameter(
    properties: PropertyPair, before: Keys, old: dict[str, Any], new: dict[str, Any], now: Keys
) -> None:
    subject = str(now[-1])
    types = [openapi.text(value, "type") for value in (old, new)]
    if types[0].lower() != types[1].lower():
        at = (*now, "type") if "type" in new else now
        properties.add(
            "connection-parameter-type-changed",
            (*before, "type"),
            at,
            subject=subject,
            values=(types[0], types[1]),
        )
    was, is_now = is_required(old), is_required(new)
    if was != is_now:
        word = "required" if is_now else "optional"
        properties.add(f"connection-parameter-became-{word}", before, now, subject=subject)
    _oauth(properties, subject, before, now, old, new)
    _rest(properties, subject, before, now, old, new)


def _oauth(
    properties: PropertyPair, subject: str, before: Keys, now: Keys, old: dict[str, Any], new: dict[str, Any]
) -> None:
    was, is_now = (openapi.mapping(value, "oAuthSettings") for value in (old, new))
    if not was or not is_now:
        return
    at = (*before, "oAuthSettings"), (*now, "oAuthSettings")
    providers = [openapi.text(value, "identityProvider") for value in (was, is_now)]
    if providers[0].lower() != providers[1].lower():
        values = (providers[0] or None, providers[1] or None)
        properties.add(
            "identity-provider-changed", *_at(at, "identityProvider", is_now), subject=subject, values=values
        )
    scopes = [_scopes(value) for value in (was, is_now)]
    if scopes[0] != scopes[1]:
        properties.add(
            "scopes-changed", *_at(at, "scopes", is_now), subject=subject, values=(scopes[0], scopes[1])
        )
    ignored = {"identityProvider", "scopes"}
    rest = [{name: value for name, value in each.items() if name not in ignored} for each in (was, is_now)]
    if not same(*rest):
        properties.add("connection-setting-changed", *at, subject=subject, note="oAuthSettings")


def _at(at: tuple[Keys, Keys], name: str, new: dict[str, Any]) -> tuple[Keys, Keys]:
    return (*at[0], name), (*at[1], name) if name in new else at[1]


def _scopes(settings: dict[str, Any]) -> list[str]:
    """The scopes without order; some write several into one text."""
    listed = openapi.sequence(settings, "scopes")
    return sorted({scope for text in listed if isinstance(text, str) for scope in text.split()})


def _rest(
    properties: PropertyPair, subject: str, before: Keys, now: Keys, old: dict[str, Any], new: dict[str, Any]
) -> None:
    for name in sorted({*old, *new} - {"type", "oAuthSettings", "uiDefinition"}):
        if mark(old.get(name)) != mark(new.get(name)):
            properties.add("connection-setting-changed", before, now, subject=subject, note=name)
    if bool(old.get("oAuthSettings")) != bool(new.get("oAuthSettings")):
        properties.add("connection-setting-changed", before, now, subject=subject, note="oAuthSettings")
    was, is_now = (openapi.mapping(value, "uiDefinition") for value in (old, new))
    texts, rest = _split(was, is_now)
    at = (*before, "uiDefinition") if was else before, (*now, "uiDefinition") if is_now else now
    if texts:
        properties.add("connection-text-changed", *at, subject=subject)
    if rest:
        impact: Impact | None = "cosmetic" if rest == ["constraints"] and _only_layout(was, is_now) else None
        properties.add(
            "connection-setting-changed", *at, subject=subject, note=", ".join(rest), impact=impact
        )


def _split(old: dict[str, Any], new: dict[str, Any]) -> tuple[bool, list[str]]:
    """Whether texts differ, and which other members do. Whether a parameter is required was told before."""
    texts = any(not same(old.get(name), new.get(name)) for name in _UI_TEXTS)
    rest = [
        name
        for name in sorted({*old, *new} - _UI_TEXTS)
        if not same(_without_required(old.get(name)), _without_required(new.get(name)))
    ]
    return texts, rest


def _without_required(value: Any) -> Any:
    return (
        {name: each for name, each in value.items() if name != "required"}
        if isinstance(value, dict)
        else value
    )


def _only_layout(old: dict[str, Any], new: dict[str, Any]) -> bool:
    """Whether the constraints differ only in the order of the fields."""
    layout = {"required", "tabIndex"}
    before, now = (openapi.mapping(value, "constraints") for value in (old, new))
    return same(
        {name: value for name, value in before.items() if name not in layout},
        {name: value for name, value in now.items() if name not in layout},
    )
