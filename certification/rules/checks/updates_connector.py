"""Updates: the connector as a whole: address, title, version, and whether the update is a minor one."""

from __future__ import annotations

from collections.abc import Iterator

from certification.rules.checks.updates_changes import difference, hit, hits
from certification.rules.findings import Hit
from certification.rules.registry import rule
from certification.rules.walk import Node
from connectors.definitions import openapi
from connectors.definitions.diff import Change

# What the guideline for updates lists, and the version, which every update raises.
_MINOR = frozenset(
    (
        "version-changed", "info-description-changed", "contact-changed", "operation-summary-changed",
        "operation-description-changed", "response-description-changed", "input-text-changed",
        "connection-text-changed", "brand-colour-changed", "publisher-changed", "stack-owner-changed",
        "icon-changed", "document-changed",
    )
)  # fmt: skip
_ABOUT_OPERATIONS = (
    "operation-",
    "input-",
    "output-",
    "trigger-",
    "request-",
    "response-",
    "success-",
    "error-",
    "revision-",
)


@rule("UPD-034", on="update")
def host_changed(update: Node) -> Iterator[Hit]:
    return hits(update, "host-changed")


@rule("UPD-035", on="update")
def base_path_changed(update: Node) -> Iterator[Hit]:
    return hits(update, "base-path-changed")


@rule("UPD-038", on="update")
def title_changed(update: Node) -> Iterator[Hit]:
    return hits(update, "title-changed")


@rule("UPD-039", on="update")
def version_not_raised(update: Node) -> Iterator[Hit]:
    found = difference(update)
    version = openapi.text(update.run.definition, "info", "version")
    if version and "version-changed" not in found.by_kind and any(map(_is_about_operations, found.changes)):
        yield update.run.hit("info", "version", value=version)


def _is_about_operations(change: Change) -> bool:
    return change.kind.startswith(_ABOUT_OPERATIONS)


@rule("UPD-041", on="update")
def description_changed(update: Node) -> Iterator[Hit]:
    for change in difference(update).of("info-description-changed"):
        found = hit(change)
        found.value, found.facts = "the connector", {"operation": "the connector"}
        yield found
    yield from hits(update, "operation-description-changed")


@rule("UPD-042", on="update")
def update_is_minor(update: Node) -> Iterator[Hit]:
    found = difference(update)
    if found.changes and found.is_complete and _MINOR.issuperset(found.by_kind):
        yield Hit("", None, f"{len(found.changes)} changes" if len(found.changes) > 1 else "1 change")


@rule("UPD-043", on="update")
def nothing_changed(update: Node) -> Iterator[Hit]:
    if difference(update).is_empty:
        yield Hit("", None, "no change")


@rule("ENG-021", on="update")
def comparison_broken_off(update: Node) -> Iterator[Hit]:
    found = difference(update)
    if not found.is_complete:
        yield Hit("", None, f"{len(found.changes)} changes" if len(found.changes) != 1 else "1 change")
