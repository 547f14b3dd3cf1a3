"""How many schemas a body comes to and how deep they nest, with references followed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from certification.rules.checks.schema_graph import MOST_SCHEMAS, Body, Size, bodies_of, body_schemas, graph
from certification.rules.findings import Hit
from certification.rules.registry import rule
from certification.rules.walk import Node

if TYPE_CHECKING:
    from certification.rules.engine import Run

_MOST_IN_BODY = 512
_DEEPEST = 20


@rule("SCH-054", on="paths")
def too_many_schemas_in_body(paths: Node) -> Iterator[Hit]:
    for body, size in _excessive(paths.run):
        if size.count > _MOST_IN_BODY:
            found = f"{size.count:,}" if size.count <= MOST_SCHEMAS else f"more than {MOST_SCHEMAS:,}"
            yield paths.run.hit(*body.keys, value=found, operation=_name(body), cause=_cause(body))


@rule("SCH-055", on="paths")
def schema_too_deep(paths: Node) -> Iterator[Hit]:
    for body, size in _excessive(paths.run):
        if size.depth > _DEEPEST:
            yield paths.run.hit(*body.keys, value=size.depth, operation=_name(body), cause=_cause(body))


@rule("SCH-059", on="paths")
def too_many_schemas_in_file(paths: Node) -> Iterable[Hit]:
    """A schema that several operations share counts for each of them."""
    sizes = graph(paths.run).body_sizes
    count = sum(sizes[id(schema)].count for schemas in body_schemas(paths.run) for schema in schemas)
    return (paths.hit(value=f"{MOST_SCHEMAS:,}"),) if count > MOST_SCHEMAS else ()


def _excessive(run: Run) -> Iterable[tuple[Body, Size]]:
    """Every body beyond one of the limits, once, where it is written."""
    found = {
        key: size
        for key, size in graph(run).body_sizes.items()
        if size.count > _MOST_IN_BODY or size.depth > _DEEPEST
    }
    if not found:
        return ()
    return [
        (body, found.pop(id(body.schema)))
        for operation, schemas in zip(run.api.operations, body_schemas(run), strict=True)
        if not found.keys().isdisjoint(map(id, schemas))
        for body in bodies_of(run.api, operation)
        if id(body.schema) in found
    ]


def _name(body: Body) -> str:
    return body.operation.operation_id or f"{body.operation.method.upper()} {body.operation.path}"


def _cause(body: Body) -> str:
    """What several bodies have in common: the shared schema that they are."""
    target = body.schema.get("$ref")
    return target if isinstance(target, str) else "/".join(map(str, body.keys))
