"""The operationIds: present, unique and made of the characters that the platform keeps."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from certification.rules.api import Operation
from certification.rules.findings import Hit
from certification.rules.registry import rule
from certification.rules.walk import Node

_LONGEST, _HARD_STOP = 64, 128
# Nearly every id is such a word; only the others are looked at closely.
_PLAIN = re.compile(r"[A-Za-z0-9]{1,64}").fullmatch
_ALPHANUMERIC = re.compile(r"[A-Za-z0-9]+(?:_[vV][0-9]+)?").fullmatch
_PASCAL = re.compile(r"[A-Z][A-Za-z0-9]*(?:_[vV][0-9]+)?").fullmatch
_SYMBOL = re.compile(r"[^A-Za-z0-9_-]")
_SYMBOL_OR_HYPHEN = re.compile(r"[^A-Za-z0-9_]")


@rule("OPR-010", on="operation", without="operationId")
def id_absent(operation: Node) -> Iterable[Hit]:
    return (operation.hit(value="no operationId"),)


@rule("OPR-010", on="operation", key="operationId", unless=_PLAIN)
def id_blank(operation: Node, key: str) -> Iterable[Hit]:
    if operation.text(key).strip():
        return ()
    found = (
        "a blank operationId" if isinstance(operation.value[key], str) else "an operationId that is no text"
    )
    return (operation.hit(key, value=found),)


@rule("OPR-011", on="paths")
def id_not_unique(paths: Node) -> Iterator[Hit]:
    by_id = paths.run.api.by_id
    if len(by_id) == len(paths.run.api.operations):
        return
    for operation in paths.run.api.operations:
        if operation.operation_id.strip():
            first = by_id[operation.operation_id]
            if first is not operation:
                yield _hit(paths, operation, first)


@rule("OPR-012", on="paths")
def id_unique_only_by_case(paths: Node) -> Iterator[Hit]:
    by_id = paths.run.api.by_id
    if len({name.lower() for name in by_id}) == len(by_id):
        return
    firsts: dict[str, Operation] = {}
    for name, operation in by_id.items():
        first = firsts.setdefault(name.lower(), operation)
        if first is not operation and name.strip():
            yield _hit(paths, operation, first)


@rule("OPR-013", on="operation", key="operationId", unless=_PLAIN)
def id_with_symbol(operation: Node, key: str) -> Iterable[Hit]:
    name = operation.text(key)
    found = _SYMBOL.search(name) if name.strip() else None
    return (operation.hit(key, symbol=_named(found[0])),) if found else ()


@rule("OPR-013b", on="operation", key="operationId", unless=_PLAIN)
def id_with_hyphen(operation: Node, key: str) -> Iterable[Hit]:
    name = operation.text(key)
    found = _SYMBOL_OR_HYPHEN.search(name) if name.strip() else None
    return (operation.hit(key, symbol=_named(found[0])),) if found else ()


@rule("OPR-014", on="operation", key="operationId", unless=_PLAIN)
def id_not_alphanumeric(operation: Node, key: str) -> Iterable[Hit]:
    name = operation.text(key)
    return (operation.hit(key),) if name.strip() and not _ALPHANUMERIC(name) else ()


@rule("OPR-015", on="operation", key="operationId", unless=_PASCAL)
def id_not_pascal_case(operation: Node, key: str) -> Iterable[Hit]:
    return (operation.hit(key),) if operation.text(key).strip() else ()


@rule("OPR-016", on="operation", key="operationId", unless=_PLAIN)
def id_too_long(operation: Node, key: str) -> Iterator[Hit]:
    """Where the platform's limit lies is not published: 64 is worth a warning, 128 is refused."""
    length = len(operation.text(key))
    if length > _LONGEST:
        hit = operation.hit(key, length=length)
        if length > _HARD_STOP:
            hit.severity = "error"
        yield hit


def _hit(paths: Node, operation: Operation, first: Operation) -> Hit:
    return paths.hit(
        *operation.keys[1:],
        "operationId",
        value=operation.operation_id,
        first=f"{first.method.upper()} {first.path}",
        cause=operation.operation_id.lower(),
    )


def _named(symbol: str) -> str:
    return "a blank" if symbol.isspace() else f'"{symbol}"'
