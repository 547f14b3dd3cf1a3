"""Examples of updates: the connector as a whole."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from certification.rules.examples.case import Case, Examples
from certification.rules.examples.updates_operations import GET, between, update

# More than the comparison of versions puts together for one schema.
_TOO_MANY = 210


def _extending(count: int) -> dict[str, Any]:
    """A schema of many parts."""
    parts = [
        {"type": "object", "properties": {f"level{n}": {"type": "number", "x-ms-summary": f"Level {n}",
         "description": f"Level {n} in metres."}}}
        for n in range(count)
    ]  # fmt: skip
    return {"/definitions/TideList": {"allOf": parts}}


CASES: dict[str, Examples] = {
    "UPD-034": Examples(
        bad=(update({"/host": "tides.example"}, at="/host"),),
        good=(update({"/host": "API.tides.example"}),),
    ),
    "UPD-035": Examples(
        bad=(update({"/basePath": "/v0"}, at="/basePath"),),
        good=(update({"/basePath": "/v1/"}),),
    ),
    "UPD-038": Examples(
        bad=(update({"/info/title": "Coast Tides"}, at="/info/title"),),
        good=(update({"/info/contact/name": "Tides Support"}),),
    ),
    "UPD-039": Examples(
        bad=(
            between(
                Case(set={f"{GET}/x-ms-visibility": "advanced"}),
                Case(at="/info/version"),
            ),
        ),
        good=(between(Case(set={"/x-ms-connector-metadata/2/propertyValue": "Data"}), Case()),),
    ),
    "UPD-041": Examples(
        bad=(
            update({"/info/description": "Gives the times of the tides."}, at="/info/description"),
            update({f"{GET}/description": "Lists the next tides."}, at=f"{GET}/description"),
        ),
        good=(update({f"{GET}/responses/200/description": "All tides."}),),
    ),
    "UPD-042": Examples(
        bad=(
            between(
                Case(set={"/info/version": "0.9.0", "/info/contact/name": "Tides Support"}), Case(file="")
            ),
        ),
        good=(update({"/info/contact/name": "Tides Support", f"{GET}/tags": []}),),
    ),
    "UPD-043": Examples(
        bad=(between(Case(), Case(file="")),),
        good=(update({}),),
    ),
    "ENG-021": Examples(
        bad=(
            replace(
                update(
                    _extending(_TOO_MANY), Case(set=_extending(_TOO_MANY + 1), file="", also=("SCH-035",))
                ),
                show=f"A schema whose allOf has {_TOO_MANY} parts\n",
            ),
        ),
        good=(replace(update(_extending(3), Case(set=_extending(3))), show="An allOf with 3 parts\n"),),
        good_breaks=("SCH-035",),
    ),
}
