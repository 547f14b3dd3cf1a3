"""apiProperties.json in two versions: publisher, colour, tier, and how one connects."""

from __future__ import annotations

from connectors.definitions import openapi
from connectors.definitions.diff.collecting import Collector
from connectors.definitions.diff.connection import compare_connections
from connectors.definitions.diff.equality import same
from connectors.definitions.diff.policies import compare_policies
from connectors.definitions.diff.property_pair import ROOT, PropertyPair

_HANDLED = frozenset(
    (
        "connectionParameters", "connectionParameterSets", "policyTemplateInstances", "publisher",
        "stackOwner", "iconBrandColor", "tier",
    )
)  # fmt: skip


def compare_properties(found: Collector) -> None:
    """Nothing is said when either version has no apiProperties.json that could be read."""
    documents = [side.package.properties for side in (found.old, found.new)]
    if not all(document is not None and isinstance(document.value, dict) for document in documents):
        return
    before = len(found.changes)
    files = [document.file.name for document in documents if document]
    roots = [ROOT if "properties" in document.value else () for document in documents if document]
    properties = PropertyPair(
        found, found.old.properties, found.new.properties, (files[0], files[1]), (roots[0], roots[1])
    )
    compare_connections(properties)
    compare_policies(properties.add, properties.old, properties.new)
    _facts(properties)
    for name in sorted({*properties.old, *properties.new} - _HANDLED):
        if not same(properties.old.get(name), properties.new.get(name)):
            properties.add_member("properties-setting-changed", name, subject=name)
    if len(found.changes) == before and not same(*(document.value for document in documents if document)):
        properties.add("properties-otherwise-changed", (), ())


def _facts(properties: PropertyPair) -> None:
    for name, kind in (("publisher", "publisher-changed"), ("stackOwner", "stack-owner-changed")):
        if not same(properties.old.get(name), properties.new.get(name)):
            properties.add_member(kind, name)
    colours = [
        openapi.text(side, "iconBrandColor").strip().lower() for side in (properties.old, properties.new)
    ]
    if colours[0] != colours[1]:
        properties.add_member("brand-colour-changed", "iconBrandColor")
    tiers = [openapi.text(side, "tier").strip() for side in (properties.old, properties.new)]
    if tiers[0].lower() != tiers[1].lower():
        is_raised = tiers[1].lower() == "premium"
        values = (tiers[0] or None, tiers[1] or None)
        properties.add_member("tier-raised" if is_raised else "tier-lowered", "tier", values=values)
