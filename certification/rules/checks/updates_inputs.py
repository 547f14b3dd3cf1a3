"""Updates: what flows send. Requests break when they must say more, or may say less, than before."""

from __future__ import annotations

from collections.abc import Iterator

from certification.rules.checks.updates_changes import hits
from certification.rules.findings import Hit
from certification.rules.registry import rule
from certification.rules.walk import Node


@rule("UPD-005", on="update")
def input_deleted(update: Node) -> Iterator[Hit]:
    return hits(update, "input-removed")


@rule("UPD-006", on="update")
def required_input_added(update: Node) -> Iterator[Hit]:
    return hits(update, "input-added-required")


@rule("UPD-006b", on="update")
def required_input_added_below_optional(update: Node) -> Iterator[Hit]:
    return hits(update, "input-added-required-below")


@rule("UPD-007", on="update")
def input_became_required(update: Node) -> Iterator[Hit]:
    return hits(update, "input-became-required")


@rule("UPD-008", on="update")
def input_location_changed(update: Node) -> Iterator[Hit]:
    return hits(update, "input-location-changed")


@rule("UPD-009", on="update")
def input_type_changed(update: Node) -> Iterator[Hit]:
    return hits(update, "input-type-changed")


@rule("UPD-010", on="update")
def input_format_changed(update: Node) -> Iterator[Hit]:
    return hits(update, "input-format-changed")


@rule("UPD-011", on="update")
def input_value_removed(update: Node) -> Iterator[Hit]:
    return hits(update, "input-enum-value-removed")


@rule("UPD-012", on="update")
def input_became_enumeration(update: Node) -> Iterator[Hit]:
    return hits(update, "input-enum-added")


@rule("UPD-013", on="update")
def input_default_changed(update: Node) -> Iterator[Hit]:
    return hits(update, "input-default-changed")


@rule("UPD-014", on="update")
def input_became_internal(update: Node) -> Iterator[Hit]:
    return hits(update, "input-became-internal")


@rule("UPD-015", on="update")
def optional_input_added(update: Node) -> Iterator[Hit]:
    return hits(update, "input-added")


@rule("UPD-016", on="update")
def input_became_optional(update: Node) -> Iterator[Hit]:
    return hits(update, "input-became-optional")


@rule("UPD-017", on="update")
def input_limit_tightened(update: Node) -> Iterator[Hit]:
    return hits(update, "input-limit-tightened")


@rule("UPD-018", on="update")
def input_pattern_changed(update: Node) -> Iterator[Hit]:
    return hits(update, "input-pattern-changed")


@rule("UPD-019", on="update")
def collection_format_changed(update: Node) -> Iterator[Hit]:
    return hits(update, "input-collection-format-changed")
