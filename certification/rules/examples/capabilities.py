"""Examples of the rules over capabilities, paging and simulated operations."""

from __future__ import annotations

from typing import Any

from certification.rules.examples.case import Case, Examples, one

_ROOT = "/x-ms-capabilities"
_TIDES = "/paths/~1harbours~1{harbourId}~1tides/get"
_LEVEL = "/definitions/TideList/properties/tides/items/properties/level"
_NEXT = "/properties/policyTemplateInstances"
_TEST = {"operationId": "GetAccount"}
_UPDATE_NEXT_LINK = {
    "templateId": "updatenextlink",
    "title": "Page through the tides",
    "parameters": {
        "x-ms-apimTemplateParameter.nextLinkPropertyName": "nextLink",
        "x-ms-apimTemplate-operationName": ["ListTides"],
    },
}
_REGION = {
    "name": "region",
    "in": "query",
    "required": True,
    "type": "string",
    "x-ms-summary": "Region",
    "description": "The region of the coast.",
}


def _paged(name: str, *, policies: bool = True, at: str = "") -> Case:
    properties = {_NEXT: [_UPDATE_NEXT_LINK]} if policies else {}
    return Case(set={f"{_TIDES}/x-ms-pageable": {"nextLinkName": name}}, properties=properties, at=at)


def _filters(functions: Any, at: str = "") -> Case:
    """A column of the output that can be filtered with these functions."""
    pointer = f"{_LEVEL}/x-ms-capabilities"
    return one(pointer, {"filterFunctions": functions}, at=f"{pointer}/filterFunctions{at}")


CASES: dict[str, Examples] = {
    "EXT-050": Examples(
        bad=(
            _paged("nextlink", at=f"{_TIDES}/x-ms-pageable/nextLinkName"),
            _paged("next", at=f"{_TIDES}/x-ms-pageable/nextLinkName"),
        ),
        good=(_paged("@odata.nextLink"),),
    ),
    "EXT-051": Examples(
        bad=(_paged("nextLink", policies=False, at=f"{_TIDES}/x-ms-pageable"),),
        good=(_paged("nextLink"),),
    ),
    "EXT-060": Examples(
        bad=(
            one(
                f"{_TIDES}/x-ms-capabilities",
                {"chunkTransfer": True, "paging": True},
                at=f"{_TIDES}/x-ms-capabilities/paging",
            ),
            one(f"{_TIDES}/x-ms-capabilities", "chunkTransfer"),
        ),
        good=(one(f"{_TIDES}/x-ms-capabilities", {"chunkTransfer": True}),),
    ),
    "EXT-061": Examples(
        bad=(
            one(
                f"{_TIDES}/x-ms-operation-context",
                {"simulate": {"operationId": "getAccount"}},
                at=f"{_TIDES}/x-ms-operation-context/simulate/operationId",
            ),
        ),
        good=(one(f"{_TIDES}/x-ms-operation-context", {"simulate": {"operationId": "GetAccount"}}),),
    ),
    "EXT-062": Examples(
        bad=(one(_ROOT, ["testConnection"]),),
        good=(one(_ROOT, {"testConnection": _TEST}),),
    ),
    "EXT-063": Examples(
        bad=(
            one(f"{_ROOT}/test-connection", _TEST),
            one(f"{_ROOT}/File-Picker", {"open": {"operationId": "ListTides"}}),
        ),
        good=(
            one(
                f"{_ROOT}/file-picker",
                {
                    "open": {"operationId": "ListTides"},
                    "browse": {"operationId": "ListTides"},
                    "value-title": "time",
                },
            ),
        ),
    ),
    "EXT-064": Examples(
        bad=(
            one(f"{_ROOT}/testConnection/operationId", "getAccount"),
            one(f"{_ROOT}/testConnection", {}),
        ),
        good=(one(f"{_ROOT}/testConnection", {"operationId": "GetAccount", "parameters": {}}),),
    ),
    "EXT-065": Examples(
        bad=(
            Case(
                set={
                    "/paths/~1account/post": {
                        "operationId": "OpenAccount",
                        "summary": "Open account",
                        "description": "Opens an account and gives its name.",
                        "x-ms-visibility": "internal",
                        "tags": ["Tides"],
                        "responses": {
                            "200": {
                                "description": "The account.",
                                "schema": {"$ref": "#/definitions/TideList"},
                            },
                            "default": {"description": "The request failed."},
                        },
                    },
                    f"{_ROOT}/testConnection/operationId": "OpenAccount",
                },
                at=f"{_ROOT}/testConnection/operationId",
            ),
        ),
        good=(one(f"{_ROOT}/testConnection/operationId", "GetAccount"),),
    ),
    "EXT-066": Examples(
        bad=(one("/paths/~1account/get/parameters", [_REGION], at=f"{_ROOT}/testConnection"),),
        good=(
            Case(
                set={
                    "/paths/~1account/get/parameters": [_REGION],
                    f"{_ROOT}/testConnection/parameters": {"region": "north"},
                }
            ),
            one("/paths/~1account/get/parameters", [_REGION | {"default": "north"}]),
        ),
    ),
    "EXT-067": Examples(
        bad=(Case(remove=(_ROOT,), at=""),),
        good=(one(_ROOT, {"testConnection": _TEST}),),
    ),
    "EXT-080": Examples(
        bad=(
            _filters([]),
            _filters("eq"),
            _filters(["eq", "lt", "eq"], at="/2"),
            _filters(["eq", "like"], at="/1"),
            one(
                "/paths/~1harbours~1{harbourId}~1tides/get/parameters/0/x-ms-capabilities",
                {"filterFunctions": ["eq"]},
                at="/paths/~1harbours~1{harbourId}~1tides/get/parameters/0/x-ms-capabilities/filterFunctions",
            ),
        ),
        good=(_filters(["eq", "lt", "gt"]),),
    ),
}
