"""Which operation proves a credential: one that changes nothing and asks for nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from connectors.definitions.openapi import mapping, text
from connectors.runtime.operations import CallableOperation, list_operations

_PROVING = re.compile(
    r"(test.?connection|ping|whoami|current.?user|\bme\b|get.?me|profile|user.?info|health)", re.I
)


def declared_test(definition: Any) -> tuple[str, dict[str, Any]]:
    """The operation that the connector itself names for testing a connection, with its parameters."""
    declared = mapping(definition, "x-ms-capabilities", "testConnection")
    return text(declared, "operationId"), dict(mapping(declared, "parameters"))


def pick_test_operation(definition: Any) -> tuple[CallableOperation, dict[str, Any]] | None:
    """The operation and its inputs; None when every operation changes something or asks for something.

    The connector's own word comes first. Then safe operations without required inputs: those whose name says
    that they test the sign-in, then those that people use, with the fewest inputs.
    """
    every = list(list_operations(definition))
    name, inputs = declared_test(definition)
    named = next((each for each in every if each.operation_id == name), None)
    if named is not None and named.method in ("get", "head", "post") and not named.needed(inputs):
        known = {each.key for each in named.inputs}
        return named, {key: value for key, value in inputs.items() if key in known}
    safe = [each for each in every if each.is_safe and not each.needed()]
    if not safe:
        return None
    return min(safe, key=_rank), {}


def _rank(operation: CallableOperation) -> tuple[bool, bool, bool, int]:
    return (
        _PROVING.search(operation.operation_id) is None,
        operation.is_deprecated,
        operation.is_internal,
        len(operation.inputs),
    )


def safe_operations(definition: Any, given: Mapping[str, Any] = {}) -> list[CallableOperation]:
    """Those that a publisher may choose for the self-test: nothing that could change data at night."""
    declared, _ = declared_test(definition)
    return [each for each in list_operations(definition) if each.is_safe or each.operation_id == declared]
