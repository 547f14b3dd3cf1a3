"""Examples of the rules over triggers and webhooks."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from certification.rules.examples import base
from certification.rules.examples.case import Case, Examples

_ID: dict[str, Any] = {
    "name": "subscriptionId",
    "in": "path",
    "required": True,
    "type": "string",
    "x-ms-summary": "Subscription",
    "description": "The number of the subscription.",
    "x-ms-url-encoding": "single",
}
_TIME: dict[str, Any] = {
    "type": "string",
    "format": "date-time",
    "description": "When the water turned.",
    "x-ms-summary": "Time",
}
_ADDRESS: dict[str, Any] = {
    "type": "string",
    "description": "The address to call.",
    "x-ms-summary": "Address",
    "x-ms-visibility": "internal",
    "x-ms-notification-url": True,
}
_TIDE: dict[str, Any] = {"type": "object", "properties": {"time": _TIME}}
_CONTENT: dict[str, Any] = {"description": "A tide that turned.", "schema": _TIDE}
_SUBSCRIBE: dict[str, Any] = {
    "operationId": "OnTideTurned",
    "summary": "When the tide turns",
    "description": "Starts a flow when the tide turns.",
    "x-ms-visibility": "important",
    "tags": ["Tides"],
    "x-ms-trigger": "single",
    "x-ms-trigger-hint": "Wait for the next tide to see it work.",
    "parameters": [
        {
            "name": "body",
            "in": "body",
            "required": True,
            "x-ms-summary": "Subscription",
            "description": "What to subscribe to.",
            "schema": {
                "type": "object",
                "required": ["callbackUrl"],
                "properties": {"callbackUrl": _ADDRESS},
            },
        }
    ],
    "responses": {
        "201": {
            "description": "The subscription was made.",
            "headers": {"Location": {"type": "string", "description": "The address of the subscription."}},
            "schema": {"type": "object", "properties": {"time": _TIME}},
        },
        "default": {"description": "The request failed."},
    },
}
_UNSUBSCRIBE: dict[str, Any] = {
    "delete": {
        "operationId": "DeleteSubscription",
        "summary": "Delete subscription",
        "description": "Ends a subscription.",
        "x-ms-visibility": "internal",
        "tags": ["Tides"],
        "parameters": [_ID],
        "responses": {
            "200": {"description": "The subscription was ended."},
            "default": {"description": "The request failed."},
        },
    }
}
_POLL: dict[str, Any] = {
    "operationId": "OnTideAdded",
    "summary": "When a tide is added",
    "description": "Starts a flow when a tide is added to the list.",
    "x-ms-visibility": "important",
    "tags": ["Tides"],
    "x-ms-trigger": "batch",
    "x-ms-trigger-hint": "Wait for tomorrow to see it work.",
    "responses": {
        "200": {
            "description": "The tides that were added.",
            "schema": {"type": "array", "items": _TIDE},
        },
        "default": {"description": "The request failed."},
    },
}
_ACTION: dict[str, Any] = {
    "operationId": "GetNextTide",
    "summary": "Get next tide",
    "description": "Gives the next tide.",
    "x-ms-visibility": "important",
    "tags": ["Tides"],
    "responses": {
        "200": {"description": "The next tide.", "schema": _TIDE},
        "default": {"description": "The request failed."},
    },
}
_HOOKS, _HOOK, _NEWS = "/paths/~1subscriptions", "/paths/~1subscriptions~1{subscriptionId}", "/paths/~1news"
_POST, _GET = f"{_HOOKS}/post", f"{_NEWS}/get"
_BODY = f"{_POST}/parameters/0/schema"
_FIELD = f"{_BODY}/properties/callbackUrl"


def _case(
    whole: dict[str, Any], changes: dict[str, Any], removed: tuple[str, ...], at: str, **more: Any
) -> Case:
    """Paths added to the connector, then changed; what is removed is left out from the start."""
    whole = copy.deepcopy(whole)
    for pointer in removed:
        *way, last = _keys(pointer)
        holder: Any = whole[way[0]]
        for key in way[1:]:
            holder = holder[int(key)] if isinstance(holder, list) else holder[key]
        del holder[last]
    changes = {f"/paths/{path}": item for path, item in whole.items()} | changes
    readme = f"{base.README}\n## Further operations\n\n{', '.join(_summaries(changes))}.\n"
    return Case(set=changes, at=at, files={"readme.md": readme}, **more)


def _summaries(changes: dict[str, Any]) -> Iterator[str]:
    """The summaries of all operations in these changes: the readme names every operation."""
    for pointer, value in changes.items():
        if pointer.endswith("/summary"):
            yield str(value)
        for operation in value.values() if isinstance(value, dict) else ():
            if isinstance(operation, dict) and isinstance(operation.get("summary"), str):
                yield operation["summary"]


def _keys(pointer: str) -> list[str]:
    return pointer.removeprefix("/paths/").split("/")


def _webhook(
    changes: dict[str, Any] | None = None, at: str = "", removed: tuple[str, ...] = (), **more: Any
) -> Case:
    whole = {
        "~1subscriptions": {"x-ms-notification-content": _CONTENT, "post": _SUBSCRIBE},
        "~1subscriptions~1{subscriptionId}": _UNSUBSCRIBE,
    }
    return _case(whole, changes or {}, removed, at, **more)


def _polling(
    changes: dict[str, Any] | None = None, at: str = "", *, method: str = "get", **more: Any
) -> Case:
    return _case({"~1news": {method: _POLL}}, changes or {}, (), at, **more)


def _action(changes: dict[str, Any] | None = None, at: str = "", **more: Any) -> Case:
    return _case({"~1news": {"get": _ACTION}}, changes or {}, (), at, **more)


def _names(*names: str) -> dict[str, Any]:
    """A request body with such fields for the address."""
    return {"type": "object", "required": list(names), "properties": dict.fromkeys(names, _ADDRESS)}


_SHARED_BODY = {"$ref": "#/definitions/Subscription"}
_SHARED = {
    "allOf": [{"type": "object", "properties": {"callbackUrl": _ADDRESS}}],
    "required": ["callbackUrl"],
}
_NESTED: dict[str, Any] = {
    "type": "object",
    "required": ["target"],
    "properties": {
        "target": _names("callbackUrl") | {"x-ms-summary": "Target", "description": "Whom to call."}
    },
}
_VISIBLE = {name: value for name, value in _ADDRESS.items() if name != "x-ms-visibility"}

CASES: dict[str, Examples] = {
    "TRG-001": Examples(
        bad=(
            _polling({f"{_GET}/x-ms-trigger": "Single"}, f"{_GET}/x-ms-trigger"),
            _polling({f"{_GET}/x-ms-trigger": True}, f"{_GET}/x-ms-trigger"),
        ),
        good=(_polling({f"{_GET}/x-ms-trigger": "single"}),),
    ),
    "TRG-003": Examples(
        bad=(
            _polling({f"{_GET}/summary": "Tide added"}, f"{_GET}/summary"),
            _polling({f"{_GET}/summary": "when a tide is added"}, f"{_GET}/summary", also=("OPR-026",)),
            _polling({f"{_GET}/summary": "Whenever a tide is added"}, f"{_GET}/summary"),
        ),
        good=(_polling({f"{_GET}/summary": "When (after midnight) a tide is added"}),),
    ),
    "TRG-010": Examples(
        bad=(_webhook(at=_POST, removed=(f"{_FIELD}/x-ms-notification-url", f"{_FIELD}/x-ms-visibility")),),
        good=(_webhook({_BODY: _SHARED_BODY, "/definitions/Subscription": _SHARED}),),
        good_breaks=("SCH-035",),
    ),
    "TRG-011": Examples(
        bad=(
            _webhook(at=_FIELD, removed=(f"{_BODY}/required",)),
            _webhook(at=_FIELD, removed=(f"{_POST}/parameters/0/required",)),
            _webhook(
                {_BODY: _NESTED | {"required": []}},
                f"{_BODY}/properties/target/properties/callbackUrl",
                also=("SCH-021",),
            ),
        ),
        good=(
            _webhook({_BODY: _NESTED}),
            _webhook({_BODY: _SHARED_BODY, "/definitions/Subscription": _SHARED}),
        ),
        good_breaks=("SCH-035",),
    ),
    "TRG-012": Examples(
        bad=(_webhook(at=_FIELD, removed=(f"{_FIELD}/x-ms-visibility",)),),
        good=(_webhook({_BODY: _names("callbackUrl") | {"x-ms-visibility": "internal"}, _FIELD: _VISIBLE}),),
    ),
    "TRG-013": Examples(
        bad=(_webhook({f"{_FIELD}/type": "object"}, f"{_FIELD}/type", also=("SCH-034",)),),
        good=(_webhook({f"{_FIELD}/format": "uri"}),),
    ),
    "TRG-014": Examples(
        bad=(_webhook({_BODY: _names("callbackUrl", "secondUrl")}, _POST),),
        good=(_webhook({f"{_BODY}/properties/secondUrl": _ADDRESS | {"x-ms-notification-url": False}}),),
    ),
    "TRG-015": Examples(
        bad=(_webhook(at=_HOOKS, removed=(f"{_HOOKS}/x-ms-notification-content",)),),
        good=(_webhook(),),
    ),
    "TRG-016": Examples(
        bad=(_webhook({_HOOK: {"get": _ACTION | {"parameters": [_ID]}}}, _POST),),
        good=(_webhook(),),
    ),
    "TRG-017": Examples(
        bad=(
            _webhook(
                {f"{_POST}/x-ms-notification": {"operationId": "OnTideTurned"}}, f"{_POST}/x-ms-notification"
            ),
        ),
        good=(_webhook({_NEWS: {"get": _POLL | {"x-ms-notification": {"operationId": "OnTideTurned"}}}}),),
    ),
    "TRG-018": Examples(
        bad=(
            _webhook(
                {f"{_POST}/responses/200": _SUBSCRIBE["responses"]["201"]},
                f"{_POST}/responses",
                removed=(f"{_POST}/responses/201",),
            ),
        ),
        good=(_webhook({f"{_POST}/responses/409": {"description": "It was made before."}}),),
    ),
    "TRG-019": Examples(
        bad=(_webhook(at=_POST, removed=(f"{_POST}/responses/201/headers",)),),
        good=(
            _webhook(
                {f"{_POST}/responses/201": {"$ref": "#/responses/Made"}}
                | {"/responses": {"Made": _SUBSCRIBE["responses"]["201"]}}
            ),
        ),
    ),
    "TRG-020": Examples(
        bad=(
            _webhook(
                {
                    f"{_POST}/x-ms-trigger": "batch",
                    f"{_HOOKS}/x-ms-notification-content/schema": {"type": "array", "items": _TIDE},
                },
                f"{_POST}/x-ms-trigger",
            ),
        ),
        good=(_polling(),),
    ),
    "TRG-021": Examples(
        bad=(_polling(method="put", at=f"{_NEWS}/put"),),
        good=(_polling(),),
    ),
    "TRG-022": Examples(
        bad=(_polling(method="post", at=f"{_NEWS}/post"),),
        good=(_webhook(),),
    ),
    "TRG-023": Examples(
        bad=(_polling({f"{_GET}/responses/200/schema": _TIDE}, f"{_GET}/x-ms-trigger"),),
        good=(_polling({f"{_GET}/responses/200/schema": {"$ref": "#/definitions/TideList"}}),),
    ),
    "TRG-024": Examples(
        bad=(_case({"~1news": {"get": _POLL}}, {}, (f"{_GET}/x-ms-trigger-hint",), _GET),),
        good=(_polling(),),
    ),
    "TRG-025": Examples(
        bad=(
            _webhook(
                {_NEWS: {"get": _ACTION | {"x-ms-notification": {"operationId": "OnTideTurned"}}}},
                f"{_GET}/x-ms-notification",
            ),
        ),
        good=(_webhook({_NEWS: {"get": _POLL | {"x-ms-notification": {"operationId": "OnTideTurned"}}}}),),
    ),
    "TRG-026": Examples(
        bad=(
            _webhook(
                at=f"{_FIELD}/x-ms-notification-url",
                removed=(f"{_POST}/x-ms-trigger", f"{_POST}/x-ms-trigger-hint"),
            ),
        ),
        good=(_webhook({_NEWS: {"get": _ACTION}}),),
    ),
    "TRG-027": Examples(
        bad=(_action({f"{_GET}/x-ms-trigger-hint": "Wait."}, f"{_GET}/x-ms-trigger-hint"),),
        good=(_action(),),
    ),
    "TRG-028": Examples(
        bad=(
            _polling(
                {f"{_GET}/x-ms-trigger-metadata": {"kind": "query", "mode": "webhook"}},
                f"{_GET}/x-ms-trigger-metadata/mode",
            ),
            _polling({f"{_GET}/x-ms-trigger-metadata": {"mode": "polling"}}, f"{_GET}/x-ms-trigger-metadata"),
        ),
        good=(_polling({f"{_GET}/x-ms-trigger-metadata": {"kind": "query", "mode": "polling"}}),),
    ),
    "TRG-029": Examples(
        bad=(
            _webhook(
                {f"{_POST}/x-ms-notification-content": _CONTENT},
                f"{_POST}/x-ms-notification-content",
                removed=(f"{_HOOKS}/x-ms-notification-content",),
                also=("TRG-015",),
            ),
        ),
        good=(_webhook(),),
    ),
    "TRG-030": Examples(
        bad=(
            _webhook(
                at=f"{_HOOKS}/x-ms-notification-content",
                removed=(f"{_HOOKS}/x-ms-notification-content/schema",),
            ),
            _webhook({f"{_HOOKS}/x-ms-notification-content": True}, f"{_HOOKS}/x-ms-notification-content"),
        ),
        good=(_webhook({f"{_HOOKS}/x-ms-notification-content/schema": {"$ref": "#/definitions/TideList"}}),),
    ),
    "TRG-031": Examples(
        bad=(
            _polling(
                {f"{_GET}/x-ms-notification": {"operationId": "GetAccount"}},
                f"{_GET}/x-ms-notification/operationId",
            ),
        ),
        good=(_webhook({_NEWS: {"get": _POLL | {"x-ms-notification": {"operationId": "OnTideTurned"}}}}),),
    ),
    "TRG-032": Examples(
        bad=(
            _action(
                {f"{_GET}/responses/200/schema/properties/address": _ADDRESS},
                f"{_GET}/responses/200/schema/properties/address/x-ms-notification-url",
            ),
        ),
        good=(
            _webhook(
                {_BODY: _SHARED_BODY, f"{_POST}/responses/201/schema": _SHARED_BODY}
                | {"/definitions/Subscription": _SHARED}
            ),
        ),
        good_breaks=("SCH-035",),
    ),
}
