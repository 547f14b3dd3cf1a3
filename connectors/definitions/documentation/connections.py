"""What somebody has to give to make a connection."""

from __future__ import annotations

from typing import Any

from connectors.definitions import openapi
from connectors.definitions.documentation.rows import MOST_CHOICES
from connectors.definitions.documentation.shape import Connection, Row
from connectors.definitions.documentation.words import clean, line, shown

_MOST_WAYS, _MOST_FIELDS = 20, 60
_SIGN_IN = {"oauthSetting": "sign-in", "securestring": "secret", "gatewaySetting": "gateway"}


def connections_of(properties: Any) -> list[Connection]:
    """Every way to sign in that the properties of a package offer."""
    found = []
    for each in openapi.sequence(properties, "properties", "connectionParameterSets", "values")[:_MOST_WAYS]:
        name = line(openapi.text(each, "uiDefinition", "displayName")) or line(openapi.text(each, "name"))
        text = clean(openapi.text(each, "uiDefinition", "description"))
        found.append(Connection(name=name, text=text, rows=_rows(openapi.mapping(each, "parameters"))))
    parameters = openapi.mapping(properties, "properties", "connectionParameters")
    if not found and parameters:
        found = [Connection(name="", text="", rows=_rows(parameters))]
    return [each for each in found if each["rows"] or each["name"]]


def _rows(parameters: dict[str, Any]) -> list[Row]:
    rows: list[Row] = []
    for name, value in parameters.items():
        constraints = openapi.mapping(value, "uiDefinition", "constraints")
        if len(rows) >= _MOST_FIELDS or constraints.get("hidden") in (True, "true"):
            continue
        choices = [
            line(openapi.text(each, "text")) or shown(openapi.member(each, "value"))
            for each in openapi.sequence(constraints, "allowedValues")
        ]
        kind = openapi.text(value, "type")
        description = openapi.text(value, "uiDefinition", "description")
        rows.append(
            Row(
                path=line(name),
                name=line(openapi.text(value, "uiDefinition", "displayName")) or line(name),
                type=_SIGN_IN.get(kind) or line(kind, 40) or "any",
                is_list=False,
                ref="",
                is_required=kind == "oauthSetting" or constraints.get("required") in (True, "true"),
                visibility="",
                text=clean(description or openapi.text(value, "uiDefinition", "tooltip")),
                choices=choices[:MOST_CHOICES],
                more_choices=max(0, len(choices) - MOST_CHOICES),
                # A secret that somebody left in a package is no example to show.
                default="" if kind == "securestring" else shown(openapi.member(value, "defaultValue")),
                dynamic="",
                source="",
            )
        )
    return rows
