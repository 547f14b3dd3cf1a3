"""What there is to test about a definition: every operation with the paths that a tester has to go."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from connectors.definitions.openapi import text
from connectors.runtime.operations import CallableOperation, list_operations

SUCCESSES_WANTED = 10
"""Successful calls of every operation that the certification programme asks for."""
_DYNAMIC = (
    "x-ms-dynamic-values", "x-ms-dynamic-list", "x-ms-dynamic-schema", "x-ms-dynamic-properties",
    "x-ms-dynamic-tree",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class PlannedOperation:
    """One line of the plan. `feeds` are the operations whose choices or fields it delivers; with
    `has_error_path`, wrong input is to be tried too."""

    operation_id: str
    method: str
    path: str
    summary: str
    kind: str
    is_deprecated: bool
    has_error_path: bool
    feeds: tuple[str, ...]
    is_callable: bool

    @property
    def wanted(self) -> int:
        return SUCCESSES_WANTED


def plan_of(definition: Mapping[str, Any]) -> list[PlannedOperation]:
    """The plan in document order. `kind`: "action", "trigger", "webhook" or "lookup" (feeds others only)."""
    every = list(list_operations(definition))
    feeds = _feeds(definition, every)
    return [_planned(operation, tuple(sorted(feeds.get(operation.operation_id, ())))) for operation in every]


def _planned(operation: CallableOperation, feeds: tuple[str, ...]) -> PlannedOperation:
    is_webhook = operation.is_trigger and operation.method != "get"
    kind = "webhook" if is_webhook else "trigger" if operation.is_trigger else "action"
    if feeds and operation.is_internal:
        kind = "lookup"
    return PlannedOperation(
        operation_id=operation.operation_id,
        method=operation.method,
        path=operation.path,
        summary=operation.summary,
        kind=kind,
        is_deprecated=operation.is_deprecated,
        has_error_path=bool(operation.asked),
        feeds=feeds,
        is_callable=not is_webhook,
    )


def _feeds(definition: Mapping[str, Any], every: list[CallableOperation]) -> dict[str, set[str]]:
    """Operation id -> the operations that look things up through it."""
    found: dict[str, set[str]] = {}
    shared = definition.get("definitions")
    for operation in every:
        places: list[Any] = [each.schema for each in operation.inputs]
        places += list(operation.responses.values())
        for source in _sources(places):
            found.setdefault(source, set()).add(operation.operation_id)
    for source in _sources([shared]):
        found.setdefault(source, set())
    return found


def _sources(places: list[Any]) -> Iterator[str]:
    pending, seen = list(places), 0
    while pending and seen < 50_000:
        value = pending.pop()
        seen += 1
        if isinstance(value, dict):
            for name in _DYNAMIC:
                source = text(value.get(name), "operationId")
                if source:
                    yield source
            pending += value.values()
        elif isinstance(value, list):
            pending += value
