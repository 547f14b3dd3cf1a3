"""Examples of the rules over operations, their ids and their media types."""

from __future__ import annotations

from typing import Any

from certification.rules.examples.case import Case, Examples, one

_HARBOUR = "/paths/~1harbours~1{harbourId}~1tides"
_GET = f"{_HARBOUR}/get"
_ACCOUNT = "/paths/~1account/get"
_ID = f"{_GET}/operationId"
_NEW = "/paths/~1reports"
_POST = f"{_NEW}/post"
_FORM, _URLENCODED = "multipart/form-data", "application/x-www-form-urlencoded"
_NOTE = {
    "name": "note",
    "in": "formData",
    "type": "string",
    "x-ms-summary": "Note",
    "description": "A remark.",
}
_FILE = _NOTE | {"type": "file"}
_BODY = {
    "name": "body",
    "in": "body",
    "required": True,
    "description": "What is reported.",
    "x-ms-summary": "Report",
    "schema": {
        "type": "object",
        "properties": {
            "note": {"type": "string", "description": "A remark on the tide.", "x-ms-summary": "Note"}
        },
    },
}


def operation(number: int = 1, **more: Any) -> dict[str, Any]:
    """A further operation that breaks no rule; it is hidden, so no text has to mention it."""
    return {
        "operationId": f"SendReport{number}",
        "summary": f"Send report {number}",
        "description": f"Sends the report on a tide, number {number}.",
        "x-ms-visibility": "internal",
        "tags": ["Tides"],
        "responses": {
            "200": {
                "description": "The report was taken.",
                "schema": {
                    "type": "object",
                    "properties": {
                        "id": {"type": "string", "description": "The id of the report.", "x-ms-summary": "ID"}
                    },
                },
            }
        },
        **more,
    }


def _many(count: int) -> dict[str, Any]:
    return {f"{_NEW}~1{number}": {"post": operation(number)} for number in range(1, count + 1)}


def _unfolding(width: int) -> dict[str, Any]:
    """Four levels of shared schemas, each of which refers to the next one `width` times."""
    changes: dict[str, Any] = {}
    for level in range(1, 5):
        below = {"$ref": f"#/definitions/Level{level + 1}"} if level < 4 else {"type": "string"}
        texts = {"description": "One more tide.", "x-ms-summary": "Tide"}
        changes[f"/definitions/Level{level}"] = {
            "type": "object",
            "properties": {f"tide{number}": below | ({} if level < 4 else texts) for number in range(width)},
        }
    return changes | {f"{_GET}/responses/200/schema": {"$ref": "#/definitions/Level1"}}


def _sending(*parameters: Any, **more: Any) -> dict[str, Any]:
    return {_NEW: {"post": operation(parameters=list(parameters), **more)}}


CASES: dict[str, Examples] = {
    "OPR-001": Examples(
        bad=(Case(set=_many(255), at="/paths", show='{"paths": {"/reports/1": {}, "/reports/257": {}}}\n'),),
        good=(Case(set=_many(254), show='{"paths": {"/reports/1": {}, "/reports/256": {}}}\n'),),
    ),
    "OPR-002": Examples(
        bad=(
            Case(
                set={"/paths": {"/account": {"parameters": []}}},
                at="/paths",
                also=("EXT-064", "OPR-041", "SCH-060"),
            ),
        ),
        good=(Case(show='{"paths": {"/account": {"get": {"operationId": "GetAccount"}}}}\n'),),
    ),
    "OPR-003": Examples(
        bad=(
            one(f"{_GET}/requestBody", {"description": "The tide."}),
            one(f"{_GET}/Deprecated", True),
        ),
        good=(one(f"{_GET}/externalDocs", {"url": "https://tides.example/docs"}),),
    ),
    "OPR-006": Examples(
        bad=(
            one(f"{_GET}/tags", ["Tides", "Tides"], at=f"{_GET}/tags/1"),
            one("/consumes", ["application/json", "application/json"], at="/consumes/1"),
        ),
        good=(one(f"{_GET}/produces", ["application/json", "text/plain"]),),
    ),
    "OPR-010": Examples(
        bad=(
            Case(remove=(_ID,), at=_GET),
            one(_ID, " "),
            one(_ID, 7),
        ),
        good=(one(_ID, "ListHarbourTides"),),
    ),
    "OPR-011": Examples(
        bad=(one(f"{_ACCOUNT}/operationId", "ListTides", also=("EXT-064",)),),
        good=(one(_ID, "ListAccountTides"),),
    ),
    "OPR-012": Examples(
        bad=(one(_ID, "Getaccount", at=f"{_ACCOUNT}/operationId"),),
        good=(one(_ID, "GetAccountTides"),),
    ),
    "OPR-013": Examples(
        bad=(
            one(_ID, "list.tides", also=("OPR-013b", "OPR-014", "OPR-015")),
            one(_ID, "List tides", also=("OPR-013b", "OPR-014", "OPR-015")),
        ),
        good=(one(_ID, "ListTides_V2"),),
    ),
    "OPR-013b": Examples(
        bad=(one(_ID, "List-Tides", also=("OPR-014", "OPR-015")),),
        good=(one(_ID, "ListTides_V2"),),
    ),
    "OPR-014": Examples(
        bad=(one(_ID, "Tides_List", also=("OPR-015",)),),
        good=(one(_ID, "ListTides_V12"),),
    ),
    "OPR-015": Examples(
        bad=(one(_ID, "listTides"),),
        good=(one(_ID, "List2Tides"),),
    ),
    "OPR-016": Examples(
        bad=(one(_ID, "List" + "Tides" * 13),),
        good=(one(_ID, "List" + "Tides" * 12),),
    ),
    "OPR-056": Examples(
        bad=(Case(remove=(f"{_GET}/x-ms-visibility",), at=_GET),),
        good=(one(f"{_GET}/x-ms-visibility", "advanced"),),
    ),
    "OPR-057": Examples(
        bad=(one(f"{_GET}/deprecated", "true"),),
        good=(one(f"{_GET}/deprecated", False),),
    ),
    "OPR-058": Examples(
        bad=(one(f"{_GET}/schemes", ["https"]),),
        good=(one("/schemes", ["https"]),),
    ),
    "OPR-060": Examples(
        bad=(Case(set={_NEW: {"get": operation(parameters=[_BODY])}}, at=f"{_NEW}/get/parameters/0"),),
        good=(Case(set=_sending(_BODY)),),
    ),
    "OPR-061": Examples(
        bad=(Case(set={_NEW: {"delete": operation(parameters=[_BODY])}}, at=f"{_NEW}/delete/parameters/0"),),
        good=(Case(set=_sending(_BODY)),),
    ),
    "OPR-062": Examples(
        bad=(
            one(f"{_GET}/produces", ["json"], at=f"{_GET}/produces/0"),
            one("/produces", "application/json"),
        ),
        good=(one("/produces", ["application/json; charset=utf-8"]),),
    ),
    "OPR-063": Examples(
        bad=(Case(set=_sending(_BODY), remove=("/consumes",), at=_POST),),
        good=(Case(set=_sending(_BODY, consumes=["application/json"]), remove=("/consumes",)),),
    ),
    "OPR-064": Examples(
        bad=(
            Case(set=_sending(_NOTE), at=_POST),
            Case(set=_sending(_BODY, consumes=[_FORM]), at=f"{_POST}/consumes"),
        ),
        good=(
            Case(set=_sending(_NOTE, consumes=[_URLENCODED])),
            Case(set=_sending(_BODY, consumes=[_FORM, "application/json"])),
        ),
    ),
    "OPR-065": Examples(
        bad=(
            Case(
                set=_sending(_FILE, consumes=[_URLENCODED]),
                at=f"{_POST}/consumes",
                also=("OPR-068",),
            ),
        ),
        good=(Case(set=_sending(_FILE, consumes=[_FORM])),),
    ),
    "OPR-066": Examples(
        bad=(
            one("/consumes", ["application/json", "application/xml"], at="/consumes/1"),
            one(f"{_GET}/consumes", ["text/csv"], at=f"{_GET}/consumes/0"),
        ),
        good=(one("/consumes", ["application/json; charset=utf-8", "text/plain"]),),
    ),
    "OPR-067": Examples(
        bad=(one("/produces", ["application/json", "text/html"], at="/produces/1"),),
        good=(one("/produces", ["application/json", "text/plain"]),),
    ),
    "OPR-068": Examples(
        bad=(
            Case(set=_sending(_NOTE | {"format": "binary"}, consumes=[_URLENCODED]), at=f"{_POST}/consumes"),
        ),
        good=(Case(set=_sending(_NOTE | {"format": "byte"}, consumes=[_URLENCODED])),),
    ),
    "OPR-069": Examples(
        bad=(
            Case(
                set=_unfolding(12),
                remove=("/definitions/TideList",),
                at=_GET,
                also=("SCH-054",),
                show="Level1 has 12 properties of Level2, this 12 of Level3, this 12 of Level4, this 12.\n",
            ),
        ),
        good=(
            Case(
                set=_unfolding(4),
                remove=("/definitions/TideList",),
                show="Level1 has 4 properties of Level2, this 4 of Level3, this 4 of Level4, this 4.\n",
            ),
        ),
    ),
    "OPR-070": Examples(
        bad=(
            Case(
                set={f"{_GET}/deprecated": True, f"{_ACCOUNT}/deprecated": True},
                at="/paths",
                also=("UPD-050",),
            ),
        ),
        good=(one(f"{_GET}/deprecated", True),),
        good_breaks=("UPD-050",),
    ),
}
