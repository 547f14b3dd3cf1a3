"""Hostile definitions in growing sizes: the time for each must grow with the size, not with its square."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from certification.rules import Profile, check_package
from certification.rules.examples.base import DEFINITION
from connectors.definitions import Limits, read_files

_UNLIMITED = Limits(json_bytes=2**31, json_values=2**31, json_depth=20_000, expanded_bytes=2**31)
_OPERATION = DEFINITION["paths"]["/account"]["get"]


def _with(**members: Any) -> str:
    return json.dumps({**DEFINITION, **members}, indent=1)


def operations(size: int) -> str:
    """So many operations on overlapping paths."""
    paths = {
        f"/{number % 97}/{{id}}/{number}/{{key}}": {"get": {**_OPERATION, "operationId": f"Get{number}"}}
        for number in range(size)
    }
    return _with(paths=paths)


def nesting(size: int) -> str:
    """A schema nested so many levels deep."""
    text = '{"type":"object","properties":{"a":' * size + '{"type":"string"}' + "}}" * size
    return _with().replace('"TideList": {', f'"Deep": {text}, "TideList": {{', 1)


def long_strings(size: int) -> str:
    """Texts of so many characters wherever texts are judged."""
    parts = ("a ", "http://", "<b", "{{", "x-ms-", "Ä", "aA_", "1.")
    texts = [part * (size // len(part)) for part in parts]
    properties = {
        f"p{number}": {"type": "string", "description": text, "x-ms-summary": text, "pattern": text}
        for number, text in enumerate(texts)
    }
    return _with(
        definitions={**DEFINITION["definitions"], "Long": {"type": "object", "properties": properties}}
    )


def reference_cycle(size: int) -> str:
    """A circle of so many shared schemas."""
    schemas = {
        f"S{number}": {
            "type": "object",
            "required": ["next"],
            "properties": {"next": {"$ref": f"#/definitions/S{(number + 1) % size}"}},
        }
        for number in range(size)
    }
    return _with(definitions={**DEFINITION["definitions"], **schemas}, paths=_answering("S0"))


def doubling(size: int) -> str:
    """Each shared schema contains the next one twice: 2 to the power of the size when written out."""
    schemas: dict[str, Any] = {
        f"S{number}": {"allOf": [{"$ref": f"#/definitions/S{number + 1}"}] * 2} for number in range(size)
    }
    schemas[f"S{size}"] = {"type": "object", "properties": {"a": {"type": "string"}}}
    return _with(definitions={**DEFINITION["definitions"], **schemas}, paths=_answering("S0"))


def _answering(schema: str) -> dict[str, Any]:
    response = {"description": "It.", "schema": {"$ref": f"#/definitions/{schema}"}}
    operation = {**_OPERATION, "responses": {"200": response}}
    return {**DEFINITION["paths"], "/hostile": {"get": {**operation, "operationId": "Hostile"}}}


CURVES: dict[str, tuple[Callable[[int], str], tuple[int, ...]]] = {
    "operations": (operations, (12_500, 25_000, 50_000, 100_000)),
    "nesting": (nesting, (1_250, 2_500, 5_000, 10_000)),
    "long strings": (long_strings, (125_000, 250_000, 500_000, 1_000_000)),
    "reference cycle": (reference_cycle, (2_500, 5_000, 10_000, 20_000)),
    "doubling allOf": (doubling, (1_000, 2_000, 4_000, 8_000)),
}


def show() -> None:
    """Print seconds for every size, and per unit of the smallest one: what is linear stays near 1."""
    print("\nhostile definitions: seconds, and time per unit against the smallest size")
    for name, (make, sizes) in CURVES.items():
        base = 0.0
        for size in sizes:
            files = {"apiDefinition.swagger.json": make(size).encode()}
            begun = time.perf_counter()
            package = read_files(files, limits=_UNLIMITED)
            found = check_package(package, Profile())
            seconds = time.perf_counter() - begun
            base = base or seconds / size
            print(
                f"  {name:<16} {size:>9,} {len(files['apiDefinition.swagger.json']) / 1e6:>7.1f} MB "
                f"{seconds:>8.3f} s {seconds / size / base:>6.2f}  {len(found.findings):>6} findings"
            )
