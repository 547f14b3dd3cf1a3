"""Examples of updates: operations, statuses and media types. An example is two versions of one connector."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from certification.rules.examples import base
from certification.rules.examples.case import DEFINITION, PROPERTIES, Case, Examples
from certification.rules.profiles import Profile

UPDATE = Profile("update", "verified")
TIDES = "/paths/~1harbours~1{harbourId}~1tides"
GET = f"{TIDES}/get"
ACCOUNT = "/paths/~1account/get"
# What the published version differs in besides: enough that no update is a minor one, or none at all.
_EARLIER: dict[str, Any] = {"/info/version": "0.9.0", "/x-ms-connector-metadata/2/propertyValue": "Data"}


def update(old: Mapping[str, Any] | Case, new: Case | None = None, *, at: str = "", **more: Any) -> Case:
    """An update of `old` (a case, or what it has set in the definition) to `new`, by default the small
    connector itself.
    """
    before = old if isinstance(old, Case) else Case(set=old)
    before = replace(before, set={**_EARLIER, **before.set})
    return between(before, replace(new or Case(), at=at, **more))


def between(before: Case, now: Case) -> Case:
    """The same with no other difference than those of the cases."""
    return replace(now, before=before, profile=UPDATE, show=_difference(before, now))


def _difference(before: Case, now: Case) -> str:
    """What changed in the two JSON files, as the rule's page shows it."""
    old, new = before.members(), now.members()
    lines: list[str] = []
    for name in (DEFINITION, PROPERTIES):
        texts = [files.get(name, b"").decode().splitlines() for files in (old, new)]
        found = list(difflib.unified_diff(texts[0], texts[1], "published", "new", lineterm="", n=2))[2:]
        lines += [
            line for line in found if '"version": "' not in line and '"propertyValue": "Data' not in line
        ]
    hunks: list[str] = []
    for line in lines:
        if line.startswith("@@"):
            hunks.append("")
        else:
            hunks[-1] += f"{line}\n"
    changed = [hunk for hunk in hunks if any(line[:1] in "+-" for line in hunk.splitlines() if line)]
    return "…\n".join(changed)


STATIONS: dict[str, Any] = {
    "operationId": "ListStations",
    "summary": "List stations",
    "description": "Lists the stations that measure the water level.",
    "x-ms-visibility": "important",
    "tags": ["Tides"],
    "responses": {
        "200": {"description": "The stations.", "schema": {"$ref": "#/definitions/TideList"}},
        "default": {"description": "The request failed."},
    },
}
_STATIONS_V2 = STATIONS | {
    "operationId": "ListStations_V2",
    "x-ms-api-annotation": {"family": "ListStations", "revision": 2, "status": "Production"},
}
_README = base.README.replace(
    "## Obtaining",
    "### List stations\n\nAll stations.\n\n### List stations (V2)\n\nAll coasts.\n\n"
    "### When a station is added\n\nWaits for it.\n\n## Obtaining",
)
_SECOND_TEXTS = {"summary": "List stations (V2)", "description": "Lists the stations of all coasts."}
_GET: dict[str, Any] = base.DEFINITION["paths"]["/harbours/{harbourId}/tides"]["get"]
_ACCOUNT: dict[str, Any] = base.DEFINITION["paths"]["/account"]
_REORDERED = dict(reversed(list(base.DEFINITION["paths"].items())))
_NAMED = {f"{GET}/summary": "List tides (deprecated)", f"{GET}/description": "Lists tides. (Deprecated.)"}
_POLL = STATIONS | {
    "operationId": "OnStationAdded",
    "summary": "When a station is added",
    "description": "Starts a flow when a station is added.",
    "x-ms-trigger": "batch",
    "x-ms-trigger-hint": "Wait for tomorrow to see it work.",
    "responses": {
        "200": {
            "description": "The stations that were added.",
            "schema": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "name": {"type": "string", "description": "The name.", "x-ms-summary": "Name"}
                    },
                },
            },
        },
        "default": {"description": "The request failed."},
    },
}
_ACCEPTED = {"description": "The request was taken in."}
_OK = _GET["responses"]["200"]
_DEFAULT = _GET["responses"]["default"]


def _stations(at: str = "~1stations", **more: Any) -> dict[str, Any]:
    return {f"/paths/{at}": {"get": STATIONS | more}}


def _documented(changes: Mapping[str, Any]) -> Case:
    return Case(set=changes, files={"readme.md": _README})


CASES: dict[str, Examples] = {
    "UPD-001": Examples(
        bad=(update(_stations(), at="/paths"), update(_stations(deprecated=True), at="/paths")),
        good=(update({"/paths": _REORDERED}),),
    ),
    "UPD-002": Examples(
        bad=(update({f"{GET}/operationId": "GetTides"}, at=f"{GET}/operationId"),),
        good=(update({f"{GET}/x-ms-visibility": "advanced"}),),
    ),
    "UPD-003": Examples(
        bad=(
            update(Case(set={"/paths/~1ports~1{harbourId}~1tides": {"get": _GET}}, remove=(TIDES,)), at=GET),
        ),
        good=(
            update(
                {
                    "/basePath": "/",
                    "/paths": {f"/v1{path}": item for path, item in base.DEFINITION["paths"].items()},
                }
            ),
        ),
        good_breaks=("UPD-035",),
    ),
    "UPD-004": Examples(
        bad=(update({TIDES: {"post": _GET}}, at=GET),),
        good=(
            update(
                {
                    TIDES: {
                        "parameters": _GET["parameters"],
                        "get": {name: value for name, value in _GET.items() if name != "parameters"},
                    }
                }
            ),
        ),
    ),
    "UPD-023": Examples(
        bad=(
            update(
                {f"{GET}/responses": {"200": _OK, "202": _ACCEPTED, "default": _DEFAULT}},
                at=f"{GET}/responses",
            ),
        ),
        good=(update({f"{GET}/responses": {"200": _OK, "404": _ACCEPTED, "default": _DEFAULT}}),),
    ),
    "UPD-024": Examples(
        bad=(update({f"{GET}/x-ms-trigger": "batch"}, at=GET),),
        good=(update({f"{GET}/tags": []}),),
    ),
    "UPD-025": Examples(
        bad=(
            update(
                {"/paths/~1news": {"get": _POLL | {"x-ms-trigger": "single"}}},
                _documented({"/paths/~1news": {"get": _POLL}}),
                at="/paths/~1news/get/x-ms-trigger",
            ),
        ),
        good=(
            update(
                {"/paths/~1news": {"get": _POLL | {"x-ms-trigger-hint": "Wait to see it work."}}},
                _documented({"/paths/~1news": {"get": _POLL}}),
            ),
        ),
    ),
    "UPD-026": Examples(
        bad=(
            update(
                {},
                Case(set={f"{ACCOUNT}/x-ms-visibility": "internal"}),
                at=f"{ACCOUNT}/x-ms-visibility",
            ),
        ),
        good=(update({f"{ACCOUNT}/x-ms-visibility": "internal"}),),
    ),
    "UPD-027": Examples(
        bad=(update(_NAMED, Case(set=_NAMED | {f"{GET}/deprecated": True}), at=f"{GET}/deprecated"),),
        good=(update({f"{GET}/deprecated": False}),),
    ),
    "UPD-028": Examples(
        bad=(update({f"{GET}/deprecated": True}, at=GET),),
        good=(update({}, Case(set={f"{GET}/deprecated": False})),),
    ),
    "UPD-029": Examples(
        bad=(update({"/consumes": ["application/json", "text/json"]}, at="/consumes"),),
        good=(update(Case(remove=("/consumes",))),),
    ),
    "UPD-030": Examples(
        bad=(update({f"{ACCOUNT}/produces": ["application/json", "text/json"]}, at=ACCOUNT),),
        good=(update({f"{ACCOUNT}/produces": ["application/json"]}),),
    ),
    "UPD-033": Examples(
        bad=(update(Case(remove=("/paths/~1account",)), at=ACCOUNT),),
        good=(update({"/paths": _REORDERED}),),
    ),
    "UPD-040": Examples(
        bad=(update({f"{GET}/summary": "Tides"}, at=f"{GET}/summary"),),
        good=(update({f"{GET}/tags": []}),),
    ),
    "UPD-044": Examples(
        bad=(
            update(
                _stations(),
                _documented({"/paths/~1v2~1stations": {"get": _STATIONS_V2}}),
                at="/paths",
                also=("UPD-001", "UPD-033"),
            ),
        ),
        good=(
            update(
                _stations(),
                _documented({**_stations(), "/paths/~1v2~1stations": {"get": _STATIONS_V2 | _SECOND_TEXTS}}),
            ),
        ),
        good_breaks=("UPD-033",),
    ),
}
