"""Examples of the rules over the members of schemas, and what all examples of schemas are made of."""

from __future__ import annotations

from typing import Any

from certification.rules.examples import base
from certification.rules.examples.case import Case, Examples, one
from certification.rules.examples.parameters import ABSENT, level, posted, with_body

LIST = "/definitions/TideList"
TIDES = f"{LIST}/properties/tides"
TIDE = f"{TIDES}/items"
LEVEL = f"{TIDE}/properties/level"
ANSWER = "/paths/~1account/get/responses/200/schema"
NAME = f"{ANSWER}/properties/name"
SENT = "/0/schema/properties"

_TIDE: dict[str, Any] = base.DEFINITION["definitions"]["TideList"]["properties"]["tides"]["items"]
_REFERENCE = {"$ref": "#/definitions/Height"}
_HEIGHT = {"type": "number", "format": "double", "x-ms-summary": "Level", "description": "The water level."}


def with_level(at: str = "", *, found: str | None = None, more: Any = None, **changes: Any) -> Case:
    """The connector with its water level described otherwise: `more` holds members that are no names of
    Python.
    """
    value = {**level(**changes), **(more or {})}
    return Case(set={LEVEL: value}, at=LEVEL + at if found is None else found)


def with_text(at: str = "", *, also: tuple[str, ...] = (), **changes: Any) -> Case:
    """The connector with a text in place of the water level."""
    return one(LEVEL, level(**{"type": "string", "format": ABSENT, **changes}), at=LEVEL + at, also=also)


def with_count(at: str = "", *, also: tuple[str, ...] = (), **changes: Any) -> Case:
    """The connector with a whole number in place of the water level."""
    return one(LEVEL, level(**{"type": "integer", "format": "int32", **changes}), at=LEVEL + at, also=also)


def with_tide(at: str = "", *, also: tuple[str, ...] = (), **changes: Any) -> Case:
    """The connector with other members of the object that describes a tide; None takes one out."""
    tide = {name: value for name, value in {**_TIDE, **changes}.items() if value is not None}
    return one(TIDE, tide, at=TIDE + at, also=also)


def with_shared(
    shared: dict[str, Any], *, at: str, level: Any = _REFERENCE, also: tuple[str, ...] = (), show: str = ""
) -> Case:
    """The connector with more shared schemas, one of them in place of the water level."""
    return Case(
        set={LEVEL: level, **{f"/definitions/{name}": value for name, value in shared.items()}},
        at=at,
        also=also,
        show=show,
    )


CASES: dict[str, Examples] = {
    "SCH-001": Examples(
        bad=(
            one(LEVEL, "number"),
            one(TIDE, True),
            one("/definitions/TideList/allOf", {"type": "object"}, also=("SCH-035",)),
        ),
        good=(with_tide(additionalProperties=False),),
    ),
    "SCH-004": Examples(
        bad=(
            with_shared({"Height": _HEIGHT}, level={**_REFERENCE, "description": "The level."}, at=LEVEL),
            with_shared({"Height": _HEIGHT}, level={**_REFERENCE, "x-ms-summary": "Level"}, at=LEVEL),
        ),
        good=(with_shared({"Height": _HEIGHT}, at=""),),
    ),
    "SCH-005": Examples(
        bad=(
            with_shared(
                {"Height": _HEIGHT}, level={**_REFERENCE, "type": "number"}, at=LEVEL, also=("SCH-004",)
            ),
        ),
        good=(with_shared({"Height": {**_HEIGHT, "minimum": 0}}, at=""),),
    ),
    "SCH-006": Examples(
        bad=(
            with_level("/descripton", descripton="The level."),
            with_level("/optional", optional=True),
            with_tide("/id", id="tide"),
        ),
        good=(
            with_level(x_precision=2),
            with_level(example=1.5, externalDocs={"url": "https://tides.example"}),
        ),
        good_breaks=("EXT-071",),
    ),
    "SCH-007": Examples(
        bad=(
            with_level("/nullable", nullable=True),
            with_level("/const", const=1.5),
            with_tide("/patternProperties", patternProperties={"^t": {"type": "string"}}),
            with_tide("/oneOf", oneOf=[{"type": "object"}], also=("SCH-034",)),
        ),
        good=(with_level(x_nullable=True, enum=[1.5]),),
        good_breaks=("EXT-071",),
    ),
    "SCH-053": Examples(
        bad=(one(f"{TIDES}/uniqueItems", True),),
        good=(one(f"{TIDES}/minItems", 1),),
    ),
    "SCH-030": Examples(
        bad=(
            posted(with_body(level=level(x_ms_summary=ABSENT)), at=f"{SENT}/level"),
            posted(
                with_body(level=level(x_ms_summary="")), at=f"{SENT}/level/x-ms-summary", also=("PRM-029",)
            ),
        ),
        good=(
            posted(with_body(level=level(x_ms_summary=ABSENT, title="Level"))),
            posted(with_body(level=level(x_ms_summary=ABSENT, x_ms_visibility="internal"))),
        ),
    ),
    "SCH-031": Examples(
        bad=(
            Case(remove=(f"{NAME}/x-ms-summary",), at=NAME),
            Case(
                set={NAME: _REFERENCE, "/definitions/Height": {**_HEIGHT, "x-ms-summary": ""}},
                at=NAME,
                also=("PRM-029",),
            ),
        ),
        good=(
            Case(set={f"{NAME}/title": "Name"}, remove=(f"{NAME}/x-ms-summary",)),
            Case(remove=(f"{LEVEL}/x-ms-summary",)),
        ),
    ),
    "SCH-032": Examples(
        bad=(
            posted(with_body(level=level(description=ABSENT)), at=f"{SENT}/level"),
            posted(
                with_body(level=level(description=" ")), at=f"{SENT}/level/description", also=("DEF-008",)
            ),
        ),
        good=(posted(with_body(level=level(description=ABSENT, x_ms_visibility="internal"))),),
    ),
    "SCH-033": Examples(
        bad=(Case(remove=(f"{NAME}/description",), at=NAME),),
        good=(
            Case(set={NAME: _REFERENCE, "/definitions/Height": _HEIGHT}),
            Case(remove=(f"{LEVEL}/description",)),
        ),
    ),
}
