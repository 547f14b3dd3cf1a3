"""Updates: what flows read. Responses break when they say less than before, or something else."""

from __future__ import annotations

from collections.abc import Iterator

from certification.rules.checks.updates_changes import hits
from certification.rules.findings import Hit
from certification.rules.registry import rule
from certification.rules.walk import Node


@rule("UPD-020", on="update")
def output_deleted(update: Node) -> Iterator[Hit]:
    return hits(update, "output-removed")


@rule("UPD-021", on="update")
def output_type_changed(update: Node) -> Iterator[Hit]:
    return hits(update, "output-type-changed")


@rule("UPD-022", on="update")
def output_format_changed(update: Node) -> Iterator[Hit]:
    return hits(update, "output-format-changed")


@rule("UPD-031", on="update")
def output_value_added(update: Node) -> Iterator[Hit]:
    return hits(update, "output-enum-value-added")


@rule("UPD-032", on="update")
def output_added(update: Node) -> Iterator[Hit]:
    return hits(update, "output-added")
