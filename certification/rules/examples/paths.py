"""Examples of the rules over paths and path items."""

from __future__ import annotations

from typing import Any

from certification.rules.examples.case import Case, Examples, one
from certification.rules.examples.operations import operation

_HARBOUR = "/paths/~1harbours~1{harbourId}~1tides"


def _variables(*names: str) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "type": "string",
            "x-ms-summary": f"Part {number}",
            "description": f"The part with the number {number}.",
            "x-ms-url-encoding": "single",
        }
        for number, name in enumerate(names, 1)
    ]


def _path(pointer: str, *names: str, at: str | None = None, also: tuple[str, ...] = ()) -> Case:
    """A case with one more path, given as it stands in a pointer."""
    added = operation(parameters=_variables(*names)) if names else operation()
    found = f"/paths/{pointer}" if at is None else at
    return Case(set={f"/paths/{pointer}": {"get": added}}, at=found, also=also)


def _two(first: str, second: str, *names: str, also: tuple[str, ...] = ()) -> Case:
    """A case with two more paths, found at the second."""
    more = [operation(1), operation(2)]
    if names:
        more = [one | {"parameters": _variables(name)} for one, name in zip(more, names, strict=True)]
    paths = {f"/paths/{first}": {"get": more[0]}, f"/paths/{second}": {"get": more[1]}}
    return Case(set=paths, at=f"/paths/{second}", also=also)


def _crossing(first: str, second: str, first_names: str, second_names: str) -> Case:
    paths = {
        f"/paths/{first}": {"get": operation(1, parameters=_variables(*first_names.split()))},
        f"/paths/{second}": {"get": operation(2, parameters=_variables(*second_names.split()))},
    }
    return Case(set=paths, at=f"/paths/{second}/get")


CASES: dict[str, Examples] = {
    "OPR-030": Examples(bad=(_path("reports"),), good=(_path("~1reports"),)),
    "OPR-031": Examples(bad=(_path("~1reports~1*"),), good=(_path("~1reports~1all"),)),
    "OPR-032": Examples(
        bad=(_path("~1reports?kind=tide"), _path("~1reports#tide")), good=(_path("~1reports~1kind=tide"),)
    ),
    "OPR-033": Examples(
        bad=(_path("~1reports~1{tide"), _path("~1reports~1{}", also=("PRM-010",)), _path("~1reports~1tide}")),
        good=(_path("~1reports~1{tide}.json", "tide"),),
    ),
    "OPR-034": Examples(
        bad=(_path("~1reports~1{tide=low}", "tide=low"),),
        good=(_path("~1reports~1{tide}", "tide"),),
    ),
    "OPR-035": Examples(
        bad=(_path("~1reports~1{tide id}", "tide id"),), good=(_path("~1reports~1{tide_id}", "tide_id"),)
    ),
    "OPR-036": Examples(bad=(_path("~1reports~1~1tides"),), good=(_path("~1reports~1"),)),
    "OPR-037": Examples(
        bad=(_path("~1reports~1{tide}~1copies~1{tide}", "tide"),),
        good=(_path("~1reports~1{tide}~1copies~1{copy}", "tide", "copy"),),
    ),
    "OPR-038": Examples(
        bad=(
            one("/paths/~1reports", "none"),
            one(f"{_HARBOUR}/put", None),
        ),
        good=(one("/paths/~1account/post", operation()),),
    ),
    "OPR-039": Examples(
        bad=(one("/paths/~1reports", {"$ref": "#/paths/~1account"}, at="/paths/~1reports/$ref"),),
        good=(_path("~1reports"),),
    ),
    "OPR-040": Examples(
        bad=(
            one(f"{_HARBOUR}/trace", operation()),
            one(f"{_HARBOUR}/summary", "Tides"),
            one("/paths/~1account/POST", operation()),
        ),
        good=(one(f"{_HARBOUR}/x-ms-visibility", "internal"),),
    ),
    "OPR-041": Examples(
        bad=(
            one("/paths/~1reports", {}),
            one("/paths/~1reports", {"x-ms-visibility": "internal"}),
        ),
        good=(_path("~1reports"),),
    ),
    "OPR-042": Examples(
        bad=(_two("~1reports", "~1Reports"),),
        good=(_two("~1reports", "~1Report"),),
    ),
    "OPR-043": Examples(
        bad=(
            Case(
                set={
                    "/paths/~1reports~1{tide}": {"get": operation(1, parameters=_variables("tide"))},
                    "/paths/~1reports~1{harbour}~1": {"get": operation(2, parameters=_variables("harbour"))},
                },
                at="/paths/~1reports~1{harbour}~1/get",
            ),
        ),
        good=(
            Case(
                set={
                    "/paths/~1reports~1{tide}": {"get": operation(1, parameters=_variables("tide"))},
                    "/paths/~1reports~1{harbour}~1": {"put": operation(2, parameters=_variables("harbour"))},
                },
            ),
        ),
    ),
    "OPR-044": Examples(
        bad=(
            _crossing("~1{kind}~1new", "~1reports~1{tide}", "kind", "tide"),
            _path("~1harbours~1all~1tides", at="/paths/~1harbours~1all~1tides/get"),
        ),
        good=(_crossing("~1{kind}~1new", "~1reports~1{tide}~1new", "kind", "tide"),),
    ),
}
