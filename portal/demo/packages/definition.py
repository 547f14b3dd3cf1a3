"""A blueprint's `apiDefinition.swagger.json`."""

from __future__ import annotations

from typing import Any

from portal.demo.packages import security
from portal.demo.packages.fields import Field, object_of
from portal.demo.packages.language import Blueprint, Call, Thing

_FAILED = {"description": "The call failed; the message says why."}
_Paths = dict[str, dict[str, Any]]


def definition_of(blueprint: Blueprint) -> dict[str, Any]:
    """The whole Swagger 2.0 document."""
    title = f"{blueprint.title} Support"
    document: dict[str, Any] = {
        "swagger": "2.0",
        "info": {
            "title": blueprint.title,
            "description": blueprint.description,
            "version": blueprint.version,
            "contact": {
                "name": title,
                "url": f"{blueprint.site}/help",
                "email": f"help@{blueprint.host.removeprefix('api.')}",
            },
        },
        "host": blueprint.host,
        "basePath": "/v1",
        "schemes": ["https"],
        "consumes": ["application/json"],
        "produces": ["application/json"],
        "paths": _paths(blueprint),
        "definitions": _definitions(blueprint),
        **security.of_definition(blueprint),
        "x-ms-capabilities": {"testConnection": {"operationId": _tested_by(blueprint)}},
        "tags": [
            {"name": thing.name, "description": f"Work with {thing.many}."} for thing in blueprint.things
        ],
        "x-ms-connector-metadata": [
            {"propertyName": "Website", "propertyValue": blueprint.site},
            {"propertyName": "Privacy policy", "propertyValue": f"{blueprint.site}/privacy"},
            {"propertyName": "Categories", "propertyValue": ";".join(blueprint.categories)},
        ],
    }
    return document


def _tested_by(blueprint: Blueprint) -> str:
    """The list that shows whether a connection works: one for which nothing has to be picked first."""
    return next(
        f"List{thing.plural}"
        for thing in blueprint.things
        if "list" in thing.calls.split() and not thing.chain
    )


def _definitions(blueprint: Blueprint) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for thing in blueprint.things:
        found[thing.name] = object_of(thing.members)
        if "list" in thing.calls:
            found[f"{thing.name}List"] = {
                "type": "object",
                "properties": {
                    "value": {
                        "type": "array",
                        "items": {"$ref": f"#/definitions/{thing.name}"},
                        "description": f"The {thing.many} of this page.",
                        "x-ms-summary": _capital(thing.many),
                    },
                    "nextLink": {
                        "type": "string",
                        "description": "The address of the next page, empty on the last one.",
                        "x-ms-summary": "Next page",
                    },
                },
            }
        if {"create", "update"} & set(thing.calls.split()):
            found[f"{thing.name}Input"] = object_of(_writable(thing), with_required=True)
    return found


def _writable(thing: Thing) -> list[Field]:
    return [member for member in thing.members if member.name != "id"]


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


def _paths(blueprint: Blueprint) -> _Paths:
    paths: _Paths = {}
    for thing in blueprint.things:
        _usual(paths, thing)
        for call in thing.more:
            _special(paths, call, thing)
        if thing.hook:
            _hook(paths, thing)
    for call in blueprint.calls:
        _special(paths, call, None)
    return paths


def _usual(paths: _Paths, thing: Thing) -> None:
    wanted, one, all_of = thing.calls.split(), f"{thing.path}/{{{thing.id}}}", thing.path
    body = _body(thing, {"$ref": f"#/definitions/{thing.name}Input"})
    itself = {"$ref": f"#/definitions/{thing.name}"}
    name, a, many = thing.name, thing.a, thing.many
    if "list" in wanted:
        listed = _operation(
            thing,
            f"List{thing.plural}",
            f"List {many}",
            f"Lists the {many} you may see, newest first.",
            path=all_of,
            parameters=[*(each.as_parameter("query") for each in thing.filters), _page_size()],
            answer={"$ref": f"#/definitions/{name}List"},
        )
        listed["x-ms-pageable"] = {"nextLinkName": "nextLink"}
        _add(paths, all_of, "get", listed)
    if "create" in wanted:
        made = _operation(
            thing,
            f"Create{name}",
            f"Create {a}",
            f"Creates {a} and returns it with its id.",
            path=all_of,
            parameters=[body],
            answer=itself,
            status="201",
        )
        _add(paths, all_of, "post", made)
    if "get" in wanted:
        text = f"Gets {a} with all of its details."
        _add(paths, one, "get", _operation(thing, f"Get{name}", f"Get {a}", text, path=one, answer=itself))
    if "update" in wanted:
        changed = _operation(
            thing,
            f"Update{name}",
            f"Update {a}",
            f"Changes the given details of {a}.",
            path=one,
            parameters=[body],
            answer=itself,
            visibility="advanced",
        )
        _add(paths, one, "patch", changed)
    if "delete" in wanted:
        text = f"Deletes {a} for good."
        gone = _operation(
            thing, f"Delete{name}", f"Delete {a}", text, path=one, status="204", visibility="advanced"
        )
        _add(paths, one, "delete", gone)


def _special(paths: _Paths, call: Call, thing: Thing | None) -> None:
    is_own = call.path.startswith("./")
    path = f"{thing.path}/{{{thing.id}}}{call.path[1:]}" if is_own and thing else call.path
    in_query = call.method in ("get", "delete")
    parameters = [each.as_parameter("query") for each in call.takes] if in_query else []
    if call.takes and not in_query:
        parameters = [_body(thing, object_of(call.takes, with_required=True))]
    answer: dict[str, Any] | None = object_of(call.gives) if call.gives else None
    if answer is None and thing is not None and call.method != "delete":
        answer = {"$ref": f"#/definitions/{thing.name}"}
    if call.polls_for and thing is not None:
        answer = {"type": "array", "items": {"$ref": f"#/definitions/{thing.name}"}}
    operation = _operation(
        thing,
        call.name,
        call.summary,
        call.text,
        path=path,
        parameters=parameters,
        answer=answer,
        status="204" if answer is None else "200",
        visibility="advanced" if call.is_deprecated else "important",
    )
    if call.polls_for:
        operation["x-ms-trigger"] = call.polls_for
        operation["x-ms-trigger-hint"] = _hint(call.summary.removeprefix("When "))
    if call.is_deprecated:
        operation["deprecated"] = True
    _add(paths, path, call.method, operation)


def _hook(paths: _Paths, thing: Thing) -> None:
    """A trigger the service calls back, and the operation that ends it."""
    event = f"{thing.name}{''.join(word.capitalize() for word in thing.hook.split()[1:])}"
    registration = {
        "type": "object",
        "required": ["callbackUrl"],
        "properties": {
            "callbackUrl": {
                "type": "string",
                "description": "The address that is called.",
                "x-ms-summary": "Callback address",
                "x-ms-notification-url": True,
                "x-ms-visibility": "internal",
            }
        },
    }
    answer = {
        "type": "object",
        "properties": {
            "subscriptionId": {
                "type": "string",
                "description": "The number of the subscription.",
                "x-ms-summary": "Subscription",
            }
        },
    }
    path, happens = f"/subscriptions/{event.lower()}", f"{thing.a} {thing.hook}"
    begin = _operation(
        thing,
        f"When{event}",
        f"When {happens}",
        f"Triggers when {happens}.",
        path=path,
        parameters=[_body(thing, registration)],
        answer=answer,
        status="201",
    )
    begin["x-ms-trigger"] = "single"
    begin["x-ms-trigger-hint"] = _hint(happens)
    begin["responses"]["201"]["headers"] = {
        "Location": {"type": "string", "description": "The address that ends the subscription."}
    }
    _add(paths, path, "post", begin)
    paths[path]["x-ms-notification-content"] = {
        "description": f"The {thing.words} that {thing.hook}.",
        "schema": {"$ref": f"#/definitions/{thing.name}"},
    }
    end = _operation(
        thing,
        f"StopWhen{event}",
        f"Stop telling when {happens}",
        "Ends the subscription.",
        path=f"{path}/{{subscriptionId}}",
        parameters=[
            Field(
                "subscriptionId", "Subscription", "The number of the subscription.", {"type": "string"}
            ).as_parameter("path")
        ],
        status="204",
        visibility="internal",
    )
    _add(paths, f"{path}/{{subscriptionId}}", "delete", end)


def _operation(
    thing: Thing | None,
    name: str,
    summary: str,
    text: str,
    *,
    path: str,
    parameters: list[dict[str, Any]] | None = None,
    answer: dict[str, Any] | None = None,
    status: str = "200",
    visibility: str = "important",
) -> dict[str, Any]:
    above = _above(thing, path) if thing else []
    success: dict[str, Any] = {"description": "Done." if answer is None else "What was asked for."}
    if answer is not None:
        success["schema"] = answer
    operation: dict[str, Any] = {
        "operationId": name,
        "summary": summary,
        "description": text,
        "x-ms-visibility": visibility,
        "parameters": [*above, *(parameters or [])],
        "responses": {status: success, "default": _FAILED},
    }
    return {**operation, "tags": [thing.name]} if thing else operation


def _hint(happens: str) -> str:
    return f"To see it work, wait until {happens}, or bring it about yourself."


def _above(thing: Thing, path: str) -> list[dict[str, Any]]:
    """The variables of the path, each with a list to pick from where the service has one."""
    return [_picked(each) for each in (*thing.chain, thing) if f"{{{each.id}}}" in path]


def _picked(thing: Thing) -> dict[str, Any]:
    text = f"The {thing.words} to work with."
    parameter = Field(thing.id, _capital(thing.words), text, {"type": "string"}).as_parameter("path")
    if "list" in thing.calls.split() and not thing.chain:
        operation = f"List{thing.plural}"
        parameter["x-ms-dynamic-values"] = {
            "operationId": operation,
            "parameters": {},
            "value-collection": "value",
            "value-path": "id",
            "value-title": thing.title,
        }
        parameter["x-ms-dynamic-list"] = {
            "operationId": operation,
            "parameters": {},
            "itemsPath": "value",
            "itemValuePath": "id",
            "itemTitlePath": thing.title,
        }
    return parameter


def _page_size() -> dict[str, Any]:
    return {
        "name": "top",
        "in": "query",
        "type": "integer",
        "format": "int32",
        "default": 50,
        "maximum": 200,
        "x-ms-summary": "Page size",
        "description": "How many entries a page has at most.",
        "x-ms-visibility": "advanced",
    }


def _body(thing: Thing | None, schema: dict[str, Any]) -> dict[str, Any]:
    name = thing.words if thing else "request"
    return {
        "name": "body",
        "in": "body",
        "required": True,
        "schema": schema,
        "x-ms-summary": _capital(name),
        "description": f"The details of the {name}.",
    }


def _add(paths: _Paths, path: str, method: str, operation: dict[str, Any]) -> None:
    item = paths.setdefault(path, {})
    if method in item:
        raise ValueError(f"{method} {path} is there already")
    item[method] = operation
