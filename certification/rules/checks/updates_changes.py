"""What the update rules share: the difference to the published version, and hits made of its changes."""

from __future__ import annotations

from collections.abc import Iterator

from certification.rules.findings import Hit
from certification.rules.profiles import Severity
from certification.rules.walk import Node
from connectors.definitions.diff import KINDS, Change, Difference, Impact, compare
from connectors.definitions.diff.changes import in_words, printable

_SEVERITY: dict[Impact, Severity] = {
    "breaking": "error",
    "behavioural": "warning",
    "additive": "info",
    "cosmetic": "info",
}
_MOST_NAMED = 2


def difference(update: Node) -> Difference:
    """What changed since the published version; worked out once for all rules."""
    known: Difference | None = update.run.cache.get("difference")
    if known is None:
        known = update.run.cache["difference"] = compare(update.value, update.run.package)
    return known


def hits(update: Node, *kinds: str, severity: Severity | None = None) -> Iterator[Hit]:
    """A hit for every change of these kinds."""
    for change in difference(update).of(*kinds):
        yield hit(change, severity=severity)


def hit(change: Change, *, severity: Severity | None = None) -> Hit:
    """The hit of a change, at its place in the new version. A change that is milder than others of its kind
    has a milder severity than its rule.
    """
    if severity is None and change.impact != KINDS[change.kind].impact:
        severity = _SEVERITY[change.impact]
    facts = {
        "operation": _operations(change),
        "old": in_words(change.old_value),
        "new": in_words(change.new_value),
        "name": printable(change.note),
    }
    value = change.subject or change.operation_id or in_words(change.new_value)
    return Hit(change.new_file, change.new_keys if change.new_file else None, value, facts, severity=severity)


def _operations(change: Change) -> str:
    names = [change.operation_id, *change.also_in]
    shown = ", ".join(names[:_MOST_NAMED])
    return f"{shown} and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else shown
