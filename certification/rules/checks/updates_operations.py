"""Updates: operations that were deleted, renamed, moved, hidden or turned into something else."""

from __future__ import annotations

from collections.abc import Iterator

from certification.rules.checks.updates_changes import difference, hit, hits
from certification.rules.findings import Hit
from certification.rules.registry import rule
from certification.rules.walk import Node


@rule("UPD-001", on="update")
def operation_deleted(update: Node) -> Iterator[Hit]:
    """For how long it was deprecated is not in the package: that the published version says so is enough to
    leave the judgement to the reviewer.
    """
    for change in difference(update).of("operation-removed"):
        yield hit(change, severity="warning" if change.note == "deprecated" else None)


@rule("UPD-002", on="update")
def operation_id_changed(update: Node) -> Iterator[Hit]:
    return hits(update, "operation-id-changed")


@rule("UPD-003", on="update")
def path_changed(update: Node) -> Iterator[Hit]:
    return hits(update, "operation-path-changed")


@rule("UPD-004", on="update")
def method_changed(update: Node) -> Iterator[Hit]:
    return hits(update, "operation-method-changed")


@rule("UPD-023", on="update")
def success_status_changed(update: Node) -> Iterator[Hit]:
    for change in difference(update).of("success-removed"):
        yield _status(hit(change), "no longer answers")
    for change in difference(update).of("success-added"):
        yield _status(hit(change, severity="warning"), "now also answers")


def _status(found: Hit, verb: str) -> Hit:
    found.facts = {**found.facts, "verb": verb}
    return found


@rule("UPD-024", on="update")
def action_became_trigger_or_back(update: Node) -> Iterator[Hit]:
    return hits(update, "trigger-changed")


@rule("UPD-025", on="update")
def trigger_kind_changed(update: Node) -> Iterator[Hit]:
    return hits(update, "trigger-kind-changed")


@rule("UPD-026", on="update")
def operation_became_internal(update: Node) -> Iterator[Hit]:
    return hits(update, "operation-hidden")


@rule("UPD-027", on="update")
def operation_deprecated(update: Node) -> Iterator[Hit]:
    return hits(update, "operation-deprecated")


@rule("UPD-028", on="update")
def operation_not_deprecated_any_more(update: Node) -> Iterator[Hit]:
    return hits(update, "operation-undeprecated")


@rule("UPD-029", on="update")
def request_type_removed(update: Node) -> Iterator[Hit]:
    return hits(update, "request-type-removed")


@rule("UPD-030", on="update")
def response_type_removed(update: Node) -> Iterator[Hit]:
    return hits(update, "response-type-removed")


@rule("UPD-033", on="update")
def operation_added(update: Node) -> Iterator[Hit]:
    return hits(update, "operation-added")


@rule("UPD-040", on="update")
def summary_changed(update: Node) -> Iterator[Hit]:
    return hits(update, "operation-summary-changed")


@rule("UPD-044", on="update")
def old_revision_deleted(update: Node) -> Iterator[Hit]:
    return hits(update, "revision-removed")
