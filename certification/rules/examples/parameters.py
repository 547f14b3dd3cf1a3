"""Examples of the rules over a single parameter, and what the examples of all parameter rules are made of."""

from __future__ import annotations

from typing import Any

from certification.rules.examples import base
from certification.rules.examples.case import Case, Examples

LIST = "/paths/~1harbours~1{harbourId}~1tides/get"
PARAMETERS = f"{LIST}/parameters"
FIRST, SECOND = f"{PARAMETERS}/0", f"{PARAMETERS}/1"
CREATE = "/paths/~1alerts/post"
HARBOUR: dict[str, Any] = base.DEFINITION["paths"]["/harbours/{harbourId}/tides"]["get"]["parameters"][0]
ABSENT = object()
_README = base.README.replace(
    "## Obtaining credentials",
    "### Create alert\n\nSends a message before the water is high.\n\n## Obtaining credentials",
)


def harbour(**changes: Any) -> dict[str, Any]:
    """The path parameter of the connector, changed; members are named with _ for -."""
    return _changed(HARBOUR, changes)


def query(**changes: Any) -> dict[str, Any]:
    """A faultless query parameter, changed."""
    days = {
        "name": "days",
        "in": "query",
        "type": "integer",
        "format": "int32",
        "x-ms-summary": "Days",
        "description": "The number of days to look ahead.",
    }
    return _changed(days, changes)


def header(**changes: Any) -> dict[str, Any]:
    return query(**{"in": "header", "name": "X-Days", **changes})


def form(**changes: Any) -> dict[str, Any]:
    return query(**{"in": "formData", **changes})


def body(**changes: Any) -> dict[str, Any]:
    """A faultless body parameter, changed."""
    alert = {
        "name": "alert",
        "in": "body",
        "required": True,
        "x-ms-summary": "Alert",
        "description": "The alert to create.",
        "schema": {"type": "object", "properties": {"level": level()}},
    }
    return _changed(alert, changes)


def level(**changes: Any) -> dict[str, Any]:
    """A faultless property, changed."""
    number = {
        "type": "number",
        "format": "double",
        "x-ms-summary": "Level",
        "description": "The water level in metres.",
    }
    return _changed(number, changes)


def with_body(**properties: Any) -> dict[str, Any]:
    """A body parameter with these properties; those named in `required` must be given."""
    required = properties.pop("required", None)
    schema: dict[str, Any] = {"type": "object", "properties": properties}
    return body(schema={**schema, "required": required} if required else schema)


def only(parameter: Any, at: str = "", **more: Any) -> Case:
    """The connector with another parameter in place of its only one."""
    return Case(set={PARAMETERS: [parameter]}, at=FIRST + at, **more)


def beside(parameter: Any, at: str = "", **more: Any) -> Case:
    """The connector with one parameter more."""
    return Case(set={PARAMETERS: [HARBOUR, parameter]}, at=SECOND + at, **more)


def posted(*parameters: Any, at: str = "/0", consumes: str = "application/json", **more: Any) -> Case:
    """The connector with one operation more, which has these parameters."""
    operation = {
        "operationId": "CreateAlert",
        "summary": "Create alert",
        "description": "Sends a message before the water is high.",
        "x-ms-visibility": "important",
        "tags": ["Tides"],
        "consumes": [consumes],
        "parameters": list(parameters),
        "responses": {
            "200": {"description": "The tides.", "schema": {"$ref": "#/definitions/TideList"}},
            "default": {"description": "The request failed."},
        },
    }
    return Case(
        set={"/paths/~1alerts": {"post": operation}},
        files={"readme.md": _README},
        at=f"{CREATE}/parameters{at}",
        **more,
    )


def shared(parameter: Any, at: str = "", **more: Any) -> Case:
    """The connector with one parameter more, which is written under `parameters` of the definition."""
    return Case(
        set={"/parameters": {"days": parameter}, PARAMETERS: [HARBOUR, {"$ref": "#/parameters/days"}]},
        at=f"/parameters/days{at}",
        **more,
    )


def _changed(value: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    named = {name.replace("_", "-").rstrip("-"): change for name, change in changes.items()}
    return {name: member for name, member in {**value, **named}.items() if member is not ABSENT}


CASES: dict[str, Examples] = {
    "PRM-012": Examples(
        bad=(beside(query(name=ABSENT)), beside(query(name=" "), "/name"), beside(query(name=7), "/name")),
        good=(beside(query(name="d")),),
    ),
    "PRM-013": Examples(
        bad=(
            beside(query(in_="Query"), "/in"),
            beside(query(in_="cookie"), "/in"),
            beside(query(in_=ABSENT)),
            beside(query(in_=["query"]), "/in"),
        ),
        good=(beside(header()),),
    ),
    "PRM-014": Examples(
        bad=(beside(query(name="ConnectionId"), "/name"),),
        good=(beside(query(name="connectionIds")),),
    ),
    "PRM-015": Examples(
        bad=(
            beside(header(name="Content-Length"), "/name"),
            beside(header(name="authorization", type="string", format=ABSENT), "/name"),
        ),
        good=(beside(header(name="X-Host")), beside(query(name="host"))),
    ),
    "PRM-016": Examples(
        bad=(beside(header(name="Accept", type="string", format=ABSENT), "/name"),),
        good=(beside(header(name="Accept-Language", type="string", format=ABSENT)),),
    ),
    "PRM-018": Examples(
        bad=(only(harbour(required=ABSENT)), only(harbour(required=False), "/required")),
        good=(beside(query(required=False)),),
    ),
    "PRM-019": Examples(
        bad=(beside(query(required="true"), "/required"), beside(query(required=0), "/required")),
        good=(beside(query(required=True)),),
    ),
    "PRM-040": Examples(
        bad=(only(harbour(x_ms_url_encoding=ABSENT)),),
        good=(only(harbour(x_ms_url_encoding="double")),),
    ),
    "PRM-041": Examples(
        bad=(
            only(harbour(x_ms_url_encoding="Single"), "/x-ms-url-encoding"),
            only(harbour(x_ms_url_encoding="triple"), "/x-ms-url-encoding"),
            only(harbour(x_ms_url_encoding=True), "/x-ms-url-encoding"),
        ),
        good=(only(harbour(x_ms_url_encoding="double")),),
    ),
    "PRM-042": Examples(
        bad=(beside(query(x_ms_url_encoding="single"), "/x-ms-url-encoding"),),
        good=(beside(query()),),
    ),
    "PRM-059": Examples(
        bad=(
            beside(query(nullable=True), "/nullable"),
            beside(
                query(description=ABSENT, Description="The days ahead."), "/Description", also=("PRM-021",)
            ),
        ),
        good=(beside(query(minimum=1)),),
    ),
}
