"""The responses of an operation in two versions. What a flow reads is in the successful ones."""

from __future__ import annotations

import re
from typing import Any

from connectors.definitions import openapi
from connectors.definitions.diff.changes import Keys
from connectors.definitions.diff.collecting import Collector
from connectors.definitions.diff.equality import same
from connectors.definitions.diff.schemas import Schemas
from connectors.definitions.diff.sides import Operation, Side

_SUCCESS = re.compile(r"2(?:\d\d|[Xx][Xx])")
Response = tuple[dict[str, Any], Keys]


def compare_responses(found: Collector, schemas: Schemas, old: Operation, new: Operation) -> None:
    before, now = _responses(found.old, old), _responses(found.new, new)
    succeeded, succeeds = _successes(before), _successes(now)
    _statuses(found, old, new, succeeded, succeeds)
    for code, response in before.items():
        other = now.get(code)
        if other is not None and found.reach((id(response[0]), id(other[0]), "response"), new.label):
            _same_code(found, new, code, response, other, is_success=code in succeeded or code in succeeds)
    for code in {**before, **now}:
        if code not in succeeded and code not in succeeds and (code in before) != (code in now):
            place = now.get(code, ({}, new.keys))
            found.add("error-response-changed", before.get(code, ({}, old.keys))[1], place[1],
                      operation=new.label, subject=code)  # fmt: skip
    common = [code for code in succeeded if code in succeeds]
    if not common and succeeded and succeeds:
        # Under another status a flow still gets its outputs.
        _outputs(found, schemas, old, new, _main(succeeded), _main(succeeds))
    for code in common:
        _outputs(found, schemas, old, new, succeeded[code], succeeds[code])


def _responses(side: Side, operation: Operation) -> dict[str, Response]:
    responses = openapi.mapping(operation.value, "responses")
    found: dict[str, Response] = {}
    for code, listed in responses.items():
        if not code.startswith("x-"):
            value, keys = side.resolve(listed, (*operation.keys, "responses", code))
            if isinstance(value, dict):
                found[code] = (value, keys)
    return found


def _successes(responses: dict[str, Response]) -> dict[str, Response]:
    """The 2xx responses; where there is none, the default one speaks of success too."""
    found = {code: response for code, response in responses.items() if _SUCCESS.fullmatch(code)}
    if not found and "default" in responses:
        found["default"] = responses["default"]
    return found


def _main(successes: dict[str, Response]) -> Response:
    with_schema = [code for code in sorted(successes) if isinstance(successes[code][0].get("schema"), dict)]
    return successes[(with_schema or sorted(successes))[0]]


def _statuses(
    found: Collector,
    old: Operation,
    new: Operation,
    succeeded: dict[str, Response],
    succeeds: dict[str, Response],
) -> None:
    at = (*new.keys, "responses") if "responses" in new.value else new.keys
    for code, response in succeeded.items():
        if code not in succeeds and code != "default":
            found.add(
                "success-removed", response[1], at, operation=new.label, subject=code, values=(code, None)
            )
    for code in succeeds:
        # Beside the default alone a status is no other one: it only says what was meant.
        if code not in succeeded and code != "default" and list(succeeded) != ["default"]:
            place = (*new.keys, "responses", code)
            found.add(
                "success-added", (*old.keys, "responses"), place,
                operation=new.label, subject=code, values=(None, code),
            )  # fmt: skip


def _same_code(
    found: Collector, operation: Operation, code: str, old: Response, new: Response, *, is_success: bool
) -> None:
    place = (*new[1], "description") if "description" in new[0] else new[1]
    if old[0].get("description") != new[0].get("description"):
        found.add("response-description-changed", old[1], place, operation=operation.label, subject=code)
    if not is_success:
        parts = [
            {name: value for name, value in each[0].items() if name != "description"} for each in (old, new)
        ]
        if not same(*parts):
            found.add("error-response-changed", old[1], new[1], operation=operation.label, subject=code)
        return
    before, now = openapi.mapping(old[0], "headers"), openapi.mapping(new[0], "headers")
    for name in before:
        if name not in now:
            at = (*old[1], "headers", name)
            found.add("response-header-removed", at, new[1], operation=operation.label, subject=name)
    for name in now:
        if name not in before:
            at = (*new[1], "headers", name)
            found.add("response-header-added", old[1], at, operation=operation.label, subject=name)


def _outputs(
    found: Collector, schemas: Schemas, old: Operation, new: Operation, before: Response, now: Response
) -> None:
    was, is_now = before[0].get("schema"), now[0].get("schema")
    places = (was, (*before[1], "schema")), (is_now, (*now[1], "schema"))
    if isinstance(was, dict) and isinstance(is_now, dict):
        schemas.compare("output", new.label, "body", *places)
    elif isinstance(was, dict):
        found.add("output-removed", places[0][1], now[1], operation=new.label, subject="body")
    elif isinstance(is_now, dict):
        found.add("output-added", before[1], places[1][1], operation=new.label, subject="body")
