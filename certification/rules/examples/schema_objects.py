"""Examples of the rules over arrays and objects."""

from __future__ import annotations

from certification.rules.examples import base
from certification.rules.examples.case import Case, Examples, one
from certification.rules.examples.parameters import ABSENT, beside, level, posted, query, with_body
from certification.rules.examples.schemas import LEVEL, LIST, TIDE, TIDES, with_text, with_tide

_PARTS = [{"type": "object", "properties": {"level": level()}}]

CASES: dict[str, Examples] = {
    "SCH-016": Examples(
        bad=(
            Case(remove=(TIDE,), at=TIDES),
            beside(query(type="array", format=ABSENT)),
        ),
        good=(one(TIDE, {"type": "string"}),),
    ),
    "SCH-017": Examples(
        bad=(one(TIDE, [{"type": "string"}]), one(TIDE, [])),
        good=(one(TIDE, {"type": "array", "items": {"type": "string"}}),),
    ),
    "SCH-018": Examples(
        bad=(one(TIDE, {}), beside(query(type="array", format=ABSENT, items={}), "/items")),
        good=(one(TIDE, {"type": "boolean"}),),
    ),
    "SCH-019": Examples(
        bad=(with_text("/items", items={"type": "string"}),),
        good=(with_text(type="array", items={"type": "string"}),),
    ),
    "SCH-020": Examples(
        bad=(with_text("/required", required=True), with_tide("/required", required="level")),
        good=(with_tide(required=["level"]),),
    ),
    "SCH-021": Examples(
        bad=(with_tide("/required", required=[]),),
        good=(with_tide(required=["time", "level"]),),
    ),
    "SCH-022": Examples(
        bad=(
            with_tide("/required/1", required=["level", "Time"]),
            with_tide("/required/0", required=[["level"]]),
        ),
        good=(
            Case(
                set={
                    LIST: {
                        "allOf": [{"$ref": "#/definitions/Tides"}, {"type": "object", "required": ["tides"]}]
                    },
                    "/definitions/Tides": base.DEFINITION["definitions"]["TideList"],
                }
            ),
        ),
        good_breaks=("SCH-034", "SCH-035"),
    ),
    "SCH-023": Examples(
        bad=(with_tide("/required/2", required=["level", "time", "level"]),),
        good=(with_tide(required=["level", "time"]),),
    ),
    "SCH-024": Examples(
        bad=(one(f"{TIDES}/required", ["time"], also=("SCH-022",)),),
        good=(with_tide(required=["time"]),),
    ),
    "SCH-025": Examples(
        bad=(
            posted(
                with_body(level=level(readOnly=True), required=["level"]),
                at="/0/schema/required/0",
            ),
        ),
        good=(
            posted(
                with_body(level=level(readOnly=True), limit=level(x_ms_summary="Limit"), required=["limit"])
            ),
            with_tide(required=["level"]),
        ),
    ),
    "SCH-026": Examples(
        bad=(
            with_text("/properties", properties={"metres": level()}),
            with_text("/properties", properties={}),
        ),
        good=(with_text(type="object", properties={"metres": level()}),),
    ),
    "SCH-027": Examples(
        bad=(
            with_text(type="object", properties={}, at="/properties"),
            with_text(type="object", properties={}, additionalProperties={}, at="/properties"),
        ),
        good=(with_text(type="object", properties={}, additionalProperties={"type": "string"}),),
    ),
    "SCH-028": Examples(
        bad=(one(f"{TIDE}/properties/Level", level(), at=LEVEL),),
        good=(one(f"{TIDE}/properties/levels", level()),),
    ),
    "SCH-029": Examples(
        bad=(
            one(f"{TIDE}/properties/depth ", level()),
            one(f"{TIDE}/properties/~1depth", level()),
            one(f"{TIDE}/properties/~0depth", level()),
        ),
        good=(one(f"{TIDE}/properties/water depth", level()), one(f"{TIDE}/properties/@depth~1m", level())),
    ),
    "SCH-034": Examples(
        bad=(
            with_text(type="object"),
            with_text(type="object", additionalProperties={}),
            with_text(type="object", additionalProperties=False),
        ),
        good=(
            with_text(type="object", additionalProperties=True),
            with_text(type="object", additionalProperties={"type": "number"}),
        ),
    ),
    "SCH-035": Examples(
        bad=(one(TIDE, {"type": "object", "allOf": _PARTS}, at=f"{TIDE}/allOf"),),
        good=(one(TIDE, _PARTS[0]),),
    ),
    "SCH-036": Examples(
        bad=(
            with_tide("/discriminator", discriminator="kind"),
            with_tide("/discriminator", discriminator="time"),
            with_tide("/discriminator", discriminator="level", required=["level"]),
            with_tide("/discriminator", discriminator={"propertyName": "time"}, required=["time"]),
        ),
        good=(with_tide(discriminator="time", required=["time"]),),
    ),
}
