"""Examples of the rules over dynamic extensions."""

from __future__ import annotations

from typing import Any

from certification.rules.examples.case import Case, Examples

# GetAccount gets a parameter whose choices come from ListTides; what they call differs from case to case.
_PARAMETERS = "/paths/~1account/get/parameters"
_AT = f"{_PARAMETERS}/1"
_VALUES, _LIST, _TREE = "x-ms-dynamic-values", "x-ms-dynamic-list", "x-ms-dynamic-tree"
_SCHEMA, _PROPERTIES = "x-ms-dynamic-schema", "x-ms-dynamic-properties"
_HARBOUR = {
    "name": "harbour",
    "in": "query",
    "type": "string",
    "x-ms-summary": "Harbour",
    "description": "The code of the harbour.",
}
_TIDE = {
    "name": "tide",
    "in": "query",
    "type": "string",
    "x-ms-summary": "Tide",
    "description": "The time of a tide.",
}
_OLDER = {
    "operationId": "ListTides",
    "parameters": {"harbourId": {"parameter": "harbour"}},
    "value-collection": "tides",
    "value-path": "time",
    "value-title": "time",
}
_NEWER = {
    "operationId": "ListTides",
    "parameters": {"harbourId": {"parameterReference": "harbour"}},
    "itemsPath": "tides",
    "itemValuePath": "time",
    "itemTitlePath": "time",
}
_OPEN = {
    "operationId": "ListTides",
    "parameters": {"harbourId": {"value": "NORTH"}},
    "itemsPath": "tides",
    "itemValuePath": "time",
    "itemTitlePath": "time",
}

# A request of ListTides with a body, one property of which gets its choices from GetAccount.
_BODY = "/paths/~1harbours~1{harbourId}~1tides"
_PLACE = f"{_BODY}/post/parameters/1/schema/properties/place"
_PLACES = "/paths/~1account/get/responses/200/schema"
_PLACES_SCHEMA = {
    "type": "object",
    "properties": {
        "places": {
            "type": "array",
            "x-ms-summary": "Places",
            "description": "The places of the account.",
            "items": {
                "type": "object",
                "properties": {
                    "name": {
                        "type": "string",
                        "x-ms-summary": "Name",
                        "description": "The name of the place.",
                    }
                },
            },
        }
    },
}
_OLDER_PLACE = {
    "operationId": "GetAccount",
    "parameters": {"harbour": {"parameter": "region"}},
    "value-collection": "places",
    "value-path": "name",
    "value-title": "name",
}
_NEWER_PLACE = {
    "operationId": "GetAccount",
    "parameters": {"harbour": {"parameterReference": "body/region"}},
    "itemsPath": "places",
    "itemValuePath": "name",
    "itemTitlePath": "name",
}

# GetAccount gives a member that is described by what ListTides gives.
_DETAILS = "/paths/~1account/get/responses/200/schema/properties/details"
_SCHEMA_CALL = {
    "operationId": "ListTides",
    "parameters": {"harbourId": {"parameter": "harbour"}},
    "value-path": "tides",
}
_PROPERTIES_CALL = {
    "operationId": "ListTides",
    "parameters": {"harbourId": {"parameterReference": "harbour"}},
    "itemValuePath": "tides",
}


def _tide(
    extensions: dict[str, Any],
    at: str = "",
    *,
    tide: dict[str, Any] | None = None,
    harbour: dict[str, Any] | None = None,
    **more: Any,
) -> Case:
    """GetAccount with these extensions on its second parameter; `at` is a place below that parameter."""
    parameters = [_HARBOUR | (harbour or {}), _TIDE | (tide or {}) | extensions]
    return Case(set={_PARAMETERS: parameters}, at=_AT + at, **more)


def _both(older: dict[str, Any] | None = None, newer: dict[str, Any] | None = None, at: str = "") -> Case:
    """The pair of extensions with these differences from the right ones."""
    return _tide({_VALUES: _OLDER | (older or {}), _LIST: _NEWER | (newer or {})}, at)


def _tree(tree: dict[str, Any], at: str = "") -> Case:
    return _tide({_TREE: tree}, at)


def _without(call: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in call.items() if key != name}


def _place(
    extensions: dict[str, Any],
    at: str = "",
    *,
    parameter: str = "harbourId",
    remove: tuple[str, ...] = (),
    also: tuple[str, ...] = (),
) -> Case:
    """ListTides with these extensions on the second property of its body."""
    operation = {
        "operationId": "ListTides",
        "summary": "List tides",
        "description": "Lists the next high and low tides of a harbour.",
        "x-ms-visibility": "important",
        "tags": ["Tides"],
        "parameters": [
            {
                "name": parameter,
                "in": "path",
                "required": True,
                "type": "string",
                "x-ms-summary": "Harbour",
                "description": "The code of the harbour.",
                "x-ms-url-encoding": "single",
            },
            {
                "name": "body",
                "in": "body",
                "required": True,
                "x-ms-summary": "Request",
                "description": "Which tides to list.",
                "schema": {
                    "type": "object",
                    "properties": {
                        "region": {
                            "type": "string",
                            "x-ms-summary": "Region",
                            "description": "The region of the coast.",
                        },
                        "place": {
                            "type": "string",
                            "x-ms-summary": "Place",
                            "description": "The place in the harbour.",
                        }
                        | extensions,
                    },
                },
            },
        ],
        "responses": {
            "200": {"description": "The tides.", "schema": {"$ref": "#/definitions/TideList"}},
            "default": {"description": "The request failed."},
        },
    }
    path = f"/paths/~1harbours~1{{{parameter}}}~1tides"
    changes = {path: {"post": operation}, _PARAMETERS: [_HARBOUR], _PLACES: _PLACES_SCHEMA}
    place = f"{path}/post/parameters/1/schema/properties/place"
    if path != _BODY:
        remove = (*remove, _BODY)
    return Case(set=changes, remove=remove, at=place + at, also=also)


def _details(
    older: dict[str, Any] | None,
    newer: dict[str, Any] | None,
    at: str = "",
) -> Case:
    details: dict[str, Any] = {
        "type": "object",
        "x-ms-summary": "Details",
        "description": "What is known of the tides of the harbour.",
    }
    if older is not None:
        details[_SCHEMA] = older
    if newer is not None:
        details[_PROPERTIES] = newer
    return Case(set={_PARAMETERS: [_HARBOUR], _DETAILS: details}, at=_DETAILS + at)


_GOOD = _both()
_GOOD_TREE = _tree({"settings": {"canSelectLeafNodes": True}, "open": _OPEN, "browse": _OPEN})
_GOOD_DETAILS = _details(_SCHEMA_CALL, _PROPERTIES_CALL)

CASES: dict[str, Examples] = {
    "EXT-020": Examples(
        bad=(
            _tide({_VALUES: "ListTides", _LIST: _NEWER}, f"/{_VALUES}"),
            _tide({_VALUES: _OLDER, _LIST: _without(_NEWER, "operationId")}, f"/{_LIST}"),
            _both({"operationId": 7}, at=f"/{_VALUES}/operationId"),
            _tree({"open": _OPEN, "browse": "ListTides"}, f"/{_TREE}/browse"),
        ),
        good=(
            _tide(
                {
                    _VALUES: {"builtInOperation": "getTides", "parameters": {}, "value-path": "time"},
                    _LIST: _NEWER,
                }
            ),
        ),
    ),
    "EXT-021": Examples(
        bad=(
            _both({"operationId": "listTides"}, at=f"/{_VALUES}/operationId"),
            _tree(
                {"open": _OPEN, "browse": _OPEN | {"operationId": "Browse"}}, f"/{_TREE}/browse/operationId"
            ),
        ),
        good=(_GOOD,),
    ),
    "EXT-022": Examples(
        bad=(
            _both(newer={"parameters": {"harbourId": "NORTH"}}, at=f"/{_LIST}/parameters/harbourId"),
            _both({"parameters": []}, at=f"/{_VALUES}/parameters"),
            _both(
                newer={"parameters": {"harbourId": {"parameter": "harbour"}}},
                at=f"/{_LIST}/parameters/harbourId",
            ),
        ),
        good=(
            _both({"parameters": {"harbourId": "NORTH"}}, {"parameters": {"harbourId": {"value": "NORTH"}}}),
            _tree(
                {
                    "open": _OPEN,
                    "browse": _OPEN | {"parameters": {"harbourId": {"selectedItemValuePath": "time"}}},
                }
            ),
        ),
    ),
    "EXT-023": Examples(
        bad=(
            _tide(
                {_VALUES: _OLDER | {"parameters": {"HarbourId": "NORTH"}}, _LIST: _NEWER},
                f"/{_VALUES}/parameters/HarbourId",
                also=("EXT-027",),
            ),
            _both(
                {"parameters": {"harbourId": {"parameter": "harbour"}, "HarbourID": "NORTH"}},
                at=f"/{_VALUES}/parameters/HarbourID",
            ),
        ),
        good=(_both(newer={"parameters": {"path/harbourId": {"parameterReference": "query/harbour"}}}),),
    ),
    "EXT-024": Examples(
        bad=(
            _both(
                {"parameters": {"harbourId": {"parameter": "Harbour"}}},
                at=f"/{_VALUES}/parameters/harbourId/parameter",
            ),
            _place(
                {
                    _VALUES: _OLDER_PLACE,
                    _LIST: _NEWER_PLACE | {"parameters": {"harbour": {"parameterReference": "body/area"}}},
                },
                f"/{_LIST}/parameters/harbour/parameterReference",
            ),
        ),
        good=(_place({_VALUES: _OLDER_PLACE, _LIST: _NEWER_PLACE}),),
    ),
    "EXT-025": Examples(
        bad=(
            _place(
                {_VALUES: _OLDER_PLACE},
                f"/{_VALUES}/parameters/harbour/parameter",
                parameter="region",
                also=("EXT-035", "PRM-034"),
            ),
        ),
        good=(_place({_VALUES: _OLDER_PLACE, _LIST: _NEWER_PLACE}, parameter="region"),),
        good_breaks=("PRM-034",),
    ),
    "EXT-026": Examples(
        bad=(_place({_VALUES: _OLDER_PLACE}, f"/{_VALUES}/parameters/harbour/parameter", also=("EXT-035",)),),
        good=(_place({_VALUES: _OLDER_PLACE, _LIST: _NEWER_PLACE}),),
    ),
    "EXT-027": Examples(
        bad=(_both({"parameters": {}}, at=f"/{_VALUES}"),),
        good=(
            _both({"parameters": {"harbourId": "NORTH"}}),
            _place({_VALUES: _OLDER_PLACE | {"parameters": {}}, _LIST: _NEWER_PLACE | {"parameters": {}}}),
        ),
    ),
    "EXT-035": Examples(bad=(_tide({_VALUES: _OLDER}),), good=(_GOOD,)),
    "EXT-036": Examples(
        bad=(
            _place(
                {_VALUES: _without(_OLDER_PLACE, "parameters"), _LIST: _NEWER_PLACE},
                f"/{_VALUES}",
            ),
        ),
        good=(_place({_VALUES: _OLDER_PLACE | {"parameters": {}}, _LIST: _NEWER_PLACE}),),
    ),
    "EXT-037": Examples(
        bad=(_tide({_VALUES: _without(_OLDER, "value-path"), _LIST: _NEWER}, f"/{_VALUES}"),),
        good=(_GOOD,),
    ),
    "EXT-038": Examples(
        bad=(_tide({_LIST: _NEWER}), _details(None, _PROPERTIES_CALL)),
        good=(_GOOD, _GOOD_DETAILS),
    ),
    "EXT-039": Examples(bad=(_details(_SCHEMA_CALL, None),), good=(_GOOD_DETAILS,)),
    "EXT-040": Examples(
        bad=(_tree({"browse": _OPEN}, f"/{_TREE}"), _tree({"open": "ListTides"}, f"/{_TREE}/open")),
        good=(_GOOD_TREE,),
    ),
    "EXT-041": Examples(
        bad=(
            _tree(
                {"open": _OPEN | {"selectedItemValuePath": "time"}, "browse": _OPEN},
                f"/{_TREE}/open/selectedItemValuePath",
            ),
        ),
        good=(_tree({"open": _OPEN, "browse": _OPEN | {"selectedItemValuePath": "time"}}),),
    ),
    "EXT-042": Examples(
        bad=(_tide({_VALUES: {"capability": "file-picker", "parameters": {}}, _LIST: _NEWER}),),
        good=(
            _tide(
                {
                    _VALUES: {"capability": "file-picker", "parameters": {}},
                    _LIST: _NEWER,
                    _TREE: {"open": _OPEN, "browse": _OPEN},
                }
            ),
        ),
    ),
    "EXT-043": Examples(
        bad=(
            _details(
                _SCHEMA_CALL | {"value-path": "tides/properties"},
                _PROPERTIES_CALL | {"itemValuePath": "tides/properties"},
                f"/{_PROPERTIES}/itemValuePath",
            ),
        ),
        good=(_details(_SCHEMA_CALL | {"value-path": "tides/properties"}, _PROPERTIES_CALL),),
    ),
    "EXT-044": Examples(
        bad=(
            _tide(
                {_VALUES: _OLDER | {"parameters": {"harbourId": "NORTH"}}, _LIST: _NEWER},
                f"/{_LIST}/parameters/harbourId/parameterReference",
                harbour={"type": "boolean"},
            ),
        ),
        good=(_GOOD,),
    ),
    "EXT-045": Examples(
        bad=(
            _both({"parameters": {"harbourId": 12}}, at=f"/{_VALUES}/parameters/harbourId"),
            _both(
                newer={"parameters": {"harbourId": {"value": True}}},
                at=f"/{_LIST}/parameters/harbourId/value",
            ),
        ),
        good=(_both({"parameters": {"harbourId": "12"}}),),
    ),
    "EXT-046": Examples(
        bad=(
            _tide(
                {_VALUES: _OLDER, _LIST: _NEWER | {"parameters": {"harbourId": {"value": "NORTH"}}}},
                f"/{_VALUES}/parameters/harbourId/parameter",
                harbour={"x-ms-visibility": "internal", "default": "NORTH", "required": True},
            ),
        ),
        good=(_tide({_VALUES: _OLDER, _LIST: _NEWER}, harbour={"x-ms-visibility": "advanced"}),),
    ),
    "EXT-028": Examples(
        bad=(
            _place(
                {_VALUES: _OLDER_PLACE, _LIST: _OPEN},
                f"/{_VALUES}/operationId",
                remove=(_PLACES,),
                also=("RSP-026", "RSP-026b"),
            ),
        ),
        good=(_GOOD,),
    ),
    "EXT-029": Examples(
        bad=(_both({"value-collection": "items"}, at=f"/{_VALUES}/value-collection"),),
        good=(_GOOD,),
    ),
    "EXT-032": Examples(
        bad=(
            _tide({_VALUES: _without(_OLDER, "value-collection"), _LIST: _NEWER}, f"/{_VALUES}"),
            _place(
                {_VALUES: _OLDER_PLACE, _LIST: _NEWER_PLACE | {"itemsPath": "places/name"}},
                f"/{_LIST}/itemsPath",
            ),
        ),
        good=(_GOOD,),
    ),
    "EXT-033": Examples(
        bad=(
            _both({"value-title": "Time"}, at=f"/{_VALUES}/value-title"),
            _both(newer={"itemValuePath": "time/hour"}, at=f"/{_LIST}/itemValuePath"),
        ),
        good=(_both({"value-title": "level"}),),
    ),
    "EXT-034": Examples(
        bad=(
            _details(_SCHEMA_CALL | {"value-path": "schema"}, _PROPERTIES_CALL, f"/{_SCHEMA}/value-path"),
            _details(
                _SCHEMA_CALL, _PROPERTIES_CALL | {"itemValuePath": "Tides"}, f"/{_PROPERTIES}/itemValuePath"
            ),
        ),
        good=(_GOOD_DETAILS,),
    ),
}
