"""Updates: how one connects. Connections that exist must go on working without being made anew."""

from __future__ import annotations

from collections.abc import Iterator

from certification.rules.checks.updates_changes import difference, hit, hits
from certification.rules.findings import Hit
from certification.rules.registry import rule
from certification.rules.walk import Node


@rule("UPD-036", on="update")
def authentication_type_changed(update: Node) -> Iterator[Hit]:
    """A way to sign in that is gone from the parameter sets is an authentication type that is gone."""
    found = difference(update)
    for change in found.of("security-type-removed", "parameter-set-removed"):
        yield _verb(hit(change), "removed")
    for change in found.of("security-type-added"):
        yield _verb(hit(change, severity="warning"), "added")


@rule("UPD-037", on="update")
def api_key_moved(update: Node) -> Iterator[Hit]:
    return hits(update, "api-key-changed")


@rule("UPD-080", on="update")
def connection_parameter_removed(update: Node) -> Iterator[Hit]:
    return hits(update, "connection-parameter-removed")


@rule("UPD-081", on="update")
def required_connection_parameter_added(update: Node) -> Iterator[Hit]:
    """An optional parameter that became required is missing only from the connections that left it empty."""
    for change in difference(update).of("connection-parameter-added-required"):
        yield _verb(hit(change), "was added")
    for change in difference(update).of("connection-parameter-became-required"):
        yield _verb(hit(change, severity="warning"), "was optional")


def _verb(found: Hit, verb: str) -> Hit:
    found.facts = {**found.facts, "verb": verb}
    return found


@rule("UPD-082", on="update")
def connection_parameter_type_changed(update: Node) -> Iterator[Hit]:
    return hits(update, "connection-parameter-type-changed")


@rule("UPD-083", on="update")
def identity_provider_changed(update: Node) -> Iterator[Hit]:
    return hits(update, "identity-provider-changed")


@rule("UPD-084", on="update")
def scopes_changed(update: Node) -> Iterator[Hit]:
    return hits(update, "scopes-changed")


@rule("UPD-085", on="update")
def parameter_types_changed(update: Node) -> Iterator[Hit]:
    return hits(update, "parameter-types-changed")


@rule("UPD-086", on="update")
def parameter_sets_came_or_went(update: Node) -> Iterator[Hit]:
    return hits(update, "parameter-sets-changed")


@rule("UPD-087", on="update")
def policies_changed(update: Node) -> Iterator[Hit]:
    words = {
        "policy-removed": "was removed",
        "policy-added": "was added",
        "policy-changed": "was changed",
        "policy-order-changed": "now runs in another order",
    }
    for kind, verb in words.items():
        for change in difference(update).of(kind):
            yield _verb(hit(change), verb)


@rule("UPD-088", on="update")
def publisher_changed(update: Node) -> Iterator[Hit]:
    """To name a publisher where none was named changes nothing of whose connector it is."""
    for change in difference(update).of("publisher-changed"):
        yield hit(change, severity=None if change.old_value else "info")


@rule("UPD-089", on="update")
def brand_colour_changed(update: Node) -> Iterator[Hit]:
    return hits(update, "brand-colour-changed")


@rule("UPD-090", on="update")
def tier_raised(update: Node) -> Iterator[Hit]:
    return hits(update, "tier-raised")
