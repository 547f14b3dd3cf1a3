"""Examples of the rules over references between schemas and over their size."""

from __future__ import annotations

from typing import Any

from certification.rules.examples.case import Examples, one
from certification.rules.examples.parameters import level
from certification.rules.examples.schemas import LEVEL, NAME, with_shared

_OUTPUT = "/paths/~1harbours~1{harbourId}~1tides/get/responses/200/schema"
_HEIGHT = level(description="The height of the water in metres.")
_LABELS = {"x-ms-summary": "Harbour", "description": "A harbour nearby."}


def _reference(name: str) -> dict[str, str]:
    return {"$ref": f"#/definitions/{name}"}


def _object(*required: str, **properties: Any) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "object", **_LABELS, "properties": properties}
    return {**schema, "required": list(required)} if required else schema


def _wide(count: int) -> dict[str, Any]:
    """An object with so many properties."""
    return _object(**{f"level{number}": level() for number in range(count)})


def _chain(length: int) -> dict[str, Any]:
    """So many shared schemas, each with a property that is the next."""
    last = {f"Level{length}": level()}
    return {f"Level{at}": _object(next=_reference(f"Level{at + 1}")) for at in range(1, length)} | last


def _doubling(length: int, width: int) -> dict[str, Any]:
    """So many shared schemas, each with the next one twice."""
    last = {f"Pair{length}": _wide(width)}
    return {
        f"Pair{at}": _object(left=_reference(f"Pair{at + 1}"), right=_reference(f"Pair{at + 1}"))
        for at in range(1, length)
    } | last


CASES: dict[str, Examples] = {
    "SCH-002": Examples(
        bad=(
            one(LEVEL, {"$ref": "#/components/schemas/TideList"}, at=f"{LEVEL}/$ref"),
            one(NAME, {"$ref": "TideList"}, at=f"{NAME}/$ref", also=("ENG-010",)),
            one(LEVEL, {"$ref": ["#/definitions/TideList"]}, at=f"{LEVEL}/$ref"),
        ),
        good=(with_shared({"Height": _HEIGHT}, level=_reference("Height"), at=""),),
    ),
    "SCH-003": Examples(
        bad=(
            one(LEVEL, _reference("Height"), at=f"{LEVEL}/$ref"),
            one(NAME, _reference("tideList"), at=f"{NAME}/$ref"),
        ),
        good=(with_shared({"Water~1Height": _HEIGHT}, level=_reference("Water~1Height"), at=""),),
        good_breaks=("SCH-061",),
    ),
    "SCH-054": Examples(
        bad=(
            with_shared(
                {"Height": _wide(509)}, at=_OUTPUT, show="An object with 509 properties within the output.\n"
            ),
            with_shared(
                {"Height": _wide(300) | {"allOf": [_wide(300)]}},
                level=_reference("Height"),
                at=_OUTPUT,
                also=("SCH-035",),
            ),
        ),
        good=(
            with_shared(
                {"Height": _wide(500)}, at="", show="An object with 500 properties within the output.\n"
            ),
        ),
    ),
    "SCH-055": Examples(
        bad=(
            with_shared(
                _chain(18),
                level=_reference("Level1"),
                at=_OUTPUT,
                show="Objects within objects, 21 levels deep.\n",
            ),
        ),
        good=(
            with_shared(
                _chain(17),
                level=_reference("Level1"),
                at="",
                show="Objects within objects, 20 levels deep.\n",
            ),
        ),
    ),
    "SCH-056": Examples(
        bad=(
            with_shared(
                {"Height": _object(level=level(), next=_reference("Height"))},
                at="/definitions/Height/properties/next/$ref",
            ),
            with_shared(
                {
                    "Height": _object(level=level(), next=_reference("Low")),
                    "Low": _object(all={"type": "array", **_LABELS, "items": _reference("Height")}),
                },
                at="/definitions/Low/properties/all/items/$ref",
            ),
        ),
        good=(
            with_shared(
                {"Height": _object(left=_reference("Low"), right=_reference("Low")), "Low": level()}, at=""
            ),
        ),
    ),
    "SCH-057": Examples(
        bad=(
            with_shared(
                {
                    "Height": _object("next", level=level(), next=_reference("Low")),
                    "Low": _object("next", next=_reference("Height")),
                },
                at="/definitions/Low/properties/next/$ref",
                also=("SCH-056",),
            ),
        ),
        good=(
            with_shared(
                {
                    "Height": _object("next", level=level(), next=_reference("Low")),
                    "Low": _object(next=_reference("Height")),
                },
                at="",
            ),
        ),
        good_breaks=("SCH-056",),
    ),
    "SCH-058": Examples(
        bad=(
            with_shared(
                {"Height": _reference("Depth"), "Depth": _reference("Level"), "Level": level()},
                at="/definitions/Height/$ref",
            ),
            with_shared(
                {"Height": _reference("Height")}, at="/definitions/Height/$ref", also=("SCH-056", "SCH-057")
            ),
        ),
        good=(with_shared({"Height": _reference("Level"), "Level": level()}, at=""),),
    ),
    "SCH-059": Examples(
        bad=(
            with_shared(
                _doubling(15, 300),
                level=_reference("Pair1"),
                at="/paths",
                also=("OPR-069", "SCH-054"),
                show="15 shared schemas, each with the next one twice, the last with 300 properties.\n",
            ),
        ),
        good=(
            with_shared(
                _doubling(5, 20),
                level=_reference("Pair1"),
                at="",
                show="5 shared schemas, each with the next one twice, the last with 20 properties.\n",
            ),
        ),
    ),
    "SCH-060": Examples(
        bad=(
            one("/definitions/Height", level()),
            one("/definitions/Height", _object(level=level(), next=_reference("Height"))),
        ),
        good=(with_shared({"Height": level()}, at=""),),
    ),
    "SCH-061": Examples(
        bad=(
            with_shared(
                {"Height[Metres]": level()},
                level=_reference("Height[Metres]"),
                at="/definitions/Height[Metres]",
            ),
            with_shared({"Höhe": level()}, level=_reference("Höhe"), at="/definitions/Höhe"),
        ),
        good=(with_shared({"Water.Height_2-m": level()}, level=_reference("Water.Height_2-m"), at=""),),
    ),
}
