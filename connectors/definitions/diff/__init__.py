"""What changed between two versions of a connector, and what it means for those who use it.

difference = compare(old, new)
difference.impact                  "breaking", "behavioural", "additive", "cosmetic" or None
difference.changes[0].sentence     The output body/tides[]/level of ListTides was removed.
propose_version("1.2", difference)
draft_changelog(difference)

Requests and responses are told apart: to take a value from an enumeration breaks a request, to add one
surprises whoever reads a response. Pure Python, linear in the size of the versions, and bounded whatever
they hold.
"""

from __future__ import annotations

from connectors.definitions.diff.changelog import draft_changelog
from connectors.definitions.diff.changes import Change, Difference
from connectors.definitions.diff.collecting import Collector
from connectors.definitions.diff.connector import compare_connector, compare_rest
from connectors.definitions.diff.equality import same
from connectors.definitions.diff.files import compare_files
from connectors.definitions.diff.kinds import IMPACTS, KINDS, Impact
from connectors.definitions.diff.matching import compare_route, compare_sets, match
from connectors.definitions.diff.operations import OperationPair, compare_media_types, compare_operation
from connectors.definitions.diff.properties import compare_properties
from connectors.definitions.diff.schemas import Schemas
from connectors.definitions.diff.sides import Operation, Side
from connectors.definitions.diff.versions import propose_version
from connectors.definitions.package import Package

__all__ = [
    "IMPACTS",
    "KINDS",
    "Change",
    "Difference",
    "Impact",
    "compare",
    "draft_changelog",
    "propose_version",
]


def compare(old: Package, new: Package) -> Difference:
    """Everything that differs between two packages.

    The definitions are compared when both could be read, so are the properties; formatting is no change.
    Never raises for anything in a package, except MemoryError.
    """
    found = Collector(Side(old), Side(new))
    if found.old.definition and found.new.definition:
        _compare_definitions(found)
    compare_properties(found)
    compare_files(found)
    return found.difference()


def _compare_definitions(found: Collector) -> None:
    before = len(found.changes)
    compare_connector(found)
    matching = match(found.old, found.new)
    compare_sets(found, matching)
    compare_media_types(found)
    schemas = Schemas(found)
    is_shared_same = all(
        same(found.old.definition.get(name), found.new.definition.get(name))
        for name in ("definitions", "parameters", "responses")
    )
    for old, new in matching.pairs:
        if is_shared_same and _is_same(old, new):
            compare_route(found, old, new)
        else:
            compare_operation(OperationPair(found, schemas, old, new))
    compare_rest(found, before)


def _is_same(old: Operation, new: Operation) -> bool:
    """Whether nothing can differ but the path, as long as what both refer to is the same. The texts tell 1
    from true.
    """
    if old.value != new.value or repr(old.value) != repr(new.value):
        return False
    return all(
        same(old.item.get(name), new.item.get(name)) for name in ("parameters", "x-ms-notification-content")
    )
