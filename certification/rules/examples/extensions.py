"""Examples of the rules over x-ms-visibility, x-ms-enum-values and the names of extensions."""

from __future__ import annotations

from typing import Any

from certification.rules.examples.case import Case, Examples, one

_LEVEL = "/definitions/TideList/properties/tides/items/properties/level"
_HARBOUR = "/paths/~1harbours~1{harbourId}~1tides/get/parameters/0"
_OPERATION = "/paths/~1harbours~1{harbourId}~1tides/get"
_ACCOUNT = "/paths/~1account/get/parameters"
_NORTH = {"value": "N", "displayName": "North"}
_SOUTH = {"value": "S", "displayName": "South"}


def _names(entries: Any, enum: Any = ("N", "S"), at: str = "") -> Case:
    """A parameter with this x-ms-enum-values beside its enum; `at` is a place below it."""
    changes: dict[str, Any] = {f"{_HARBOUR}/x-ms-enum-values": entries}
    if enum is not None:
        changes[f"{_HARBOUR}/enum"] = list(enum)
    return Case(set=changes, at=f"{_HARBOUR}/x-ms-enum-values{at}")


def _parameter(extension: str, value: Any, **more: Any) -> dict[str, Any]:
    return {
        "name": "level",
        "in": "query",
        "type": "string",
        "x-ms-summary": "Level",
        "description": "The water level in metres.",
        extension: value,
    } | more


_DICTIONARY = {"x-ms-editor": "dictionary", "x-ms-summary": "Levels", "description": "Levels by harbour."}
_OBJECT = {"type": "object", "additionalProperties": {"type": "string"}}

CASES: dict[str, Examples] = {
    "EXT-001": Examples(
        bad=(
            one(f"{_LEVEL}/x-ms-visibility", "Advanced"),
            one(f"{_LEVEL}/x-ms-visibility", ""),
            one(f"{_HARBOUR}/x-ms-visibility", ["important"]),
        ),
        good=(one(f"{_LEVEL}/x-ms-visibility", "advanced"),),
    ),
    "EXT-010": Examples(
        bad=(_names({"N": "North", "S": "South"}), _names([_NORTH, "South"], at="/1")),
        good=(_names([_NORTH, _SOUTH]),),
    ),
    "EXT-011": Examples(
        bad=(_names([_NORTH, _SOUTH, _NORTH], at="/2/value"),),
        good=(_names([_NORTH, _SOUTH]),),
    ),
    "EXT-012": Examples(
        bad=(_names([_NORTH, {"value": "S"}], at="/1"),),
        good=(_names([_NORTH, _SOUTH]),),
    ),
    "EXT-013": Examples(
        bad=(_names([_NORTH, _SOUTH | {"value": "s"}], at="/1/value"),),
        good=(_names([_NORTH, _SOUTH], enum=("N", "S", "E")),),
    ),
    "EXT-014": Examples(
        bad=(_names([_NORTH, _SOUTH], enum=None),),
        good=(_names([_NORTH, _SOUTH]),),
    ),
    "EXT-030": Examples(
        bad=(
            one(f"{_LEVEL}/x-ms-editor", "dictionary"),
            one(_LEVEL, {"type": "object"} | _DICTIONARY, at=f"{_LEVEL}/x-ms-editor", also=("SCH-034",)),
        ),
        good=(one(_LEVEL, _OBJECT | _DICTIONARY),),
    ),
    "EXT-031": Examples(
        bad=(one(f"{_LEVEL}/x-ms-media-kind", "video"), one(f"{_LEVEL}/x-ms-media-kind", "Image")),
        good=(
            one(
                _LEVEL,
                {
                    "type": "string",
                    "format": "byte",
                    "x-ms-media-kind": "image",
                    "x-ms-summary": "Picture",
                    "description": "A picture of the harbour.",
                },
            ),
        ),
    ),
    "EXT-070": Examples(
        bad=(one(f"{_LEVEL}/x-ms-unit-of-measure", "m"),),
        good=(one(_ACCOUNT, [_parameter("x-ms-test-value", "3")]),),
    ),
    "EXT-071": Examples(
        bad=(one(f"{_LEVEL}/x-unit", "m"), one("/paths/x-generator", "tides")),
        good=(
            # The name of a field, not an extension.
            one(
                "/definitions/TideList/properties/x-count",
                {
                    "type": "integer",
                    "format": "int32",
                    "x-ms-summary": "Count",
                    "description": "The number of tides.",
                },
            ),
        ),
    ),
    "EXT-072": Examples(
        bad=(
            one(f"{_LEVEL}/x-ms-visibilty", "advanced", also=("EXT-070",)),
            one(
                f"{_OPERATION}/x-ms-api-annotations",
                {"family": "ListTides", "revision": 1},
                also=("EXT-070",),
            ),
            one(f"{_LEVEL}/x-ms  -visibility", "advanced"),
        ),
        good=(one(f"{_LEVEL}/x-ms-visibility", "advanced"),),
    ),
}
