"""Examples of updates: what flows read."""

from __future__ import annotations

from typing import Any

from certification.rules.examples import base
from certification.rules.examples.case import Case, Examples
from certification.rules.examples.updates_operations import ACCOUNT, update

_NAME = f"{ACCOUNT}/responses/200/schema/properties"
_TIDE = "/definitions/TideList/properties/tides/items"
_LEVEL = f"{_TIDE}/properties/level"
_FIELDS: dict[str, Any] = base.DEFINITION["definitions"]["TideList"]["properties"]["tides"]["items"][
    "properties"
]
_KIND: dict[str, Any] = {"type": "string", "description": "Which tide it is.", "x-ms-summary": "Kind"}
_EMAIL: dict[str, Any] = {"type": "string", "description": "The address.", "x-ms-summary": "Address"}


def _kind(*values: str) -> Case:
    return Case(set={f"{_TIDE}/properties/kind": _KIND | {"enum": list(values)}})


CASES: dict[str, Examples] = {
    "UPD-020": Examples(
        bad=(
            update({f"{_TIDE}/properties/kind": _KIND}, at=_TIDE),
            update({f"{_NAME}/email": _EMAIL}, at=f"{ACCOUNT}/responses/200/schema"),
        ),
        good=(update({_TIDE: {"allOf": [{"type": "object", "properties": _FIELDS}]}}),),
    ),
    "UPD-021": Examples(
        bad=(update({f"{_LEVEL}/type": "string"}, at=f"{_LEVEL}/type"),),
        good=(update({f"{_LEVEL}/description": "The water level."}),),
    ),
    "UPD-022": Examples(
        bad=(update({f"{_LEVEL}/format": "float"}, at=f"{_LEVEL}/format"),),
        good=(update({f"{_LEVEL}/x-ms-summary": "Water level"}),),
    ),
    "UPD-031": Examples(
        bad=(
            update(_kind("high", "low"), _kind("high", "low", "slack"), at=f"{_TIDE}/properties/kind/enum"),
        ),
        good=(update(_kind("high", "low", "slack"), _kind("low", "high")),),
    ),
    "UPD-032": Examples(
        bad=(update(Case(remove=(_LEVEL,)), at=_LEVEL),),
        good=(
            update(
                {
                    "/definitions/Tide": {"type": "object", "properties": _FIELDS},
                    _TIDE: {"$ref": "#/definitions/Tide"},
                }
            ),
        ),
    ),
}
