"""The public events: which deeds of the audit trail programs are told of, and what of each.

An event is one record of the audit trail, numbered by its place in the hash chain. That number is given
after the commit and has no gaps, so whoever reads on from the last number they saw misses nothing.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from certification import lifecycle
from connectors import lifecycle as connectors_lifecycle
from portal.shared.history import SENTENCES
from portal.shared.transitions import Lifecycle
from portal.shared.words import lazy as _

LABELS = {
    "appeal": _("Appeals"),
    "availabilityrequest": _("General availability"),
    "certificate": _("Certificates"),
    "comment": _("Comments"),
    "condition": _("Conditions of an approval"),
    "connector": _("Connectors"),
    "deployment": _("Deployments, region by region"),
    "documentation": _("Documentation pages"),
    "gatecheck": _("Gates between waves"),
    "healthalert": _("Health alerts"),
    "knownissue": _("Known issues"),
    "notice": _("Notices to users"),
    "placement": _("Disagreements with regions"),
    "preview": _("Preview"),
    "publisher": _("The team's profile"),
    "rehearsal": _("Rehearsals of a rollback"),
    "rollout": _("Rollouts"),
    "submission": _("Submissions"),
    "submissionfamily": _("Families"),
    "suggestion": _("Suggestions"),
    "thread": _("Threads"),
    "transfer": _("Transfers between teams"),
    "upload": _("Refused uploads"),
    "version": _("Packages"),
    "waiver": _("Waivers"),
    "wave": _("Waves"),
}
NOUNS = frozenset(LABELS)
"""Objects whose deeds are public to those who may see the object. Who looked at a credential, who was
invited and what staff administer is told on pages and by mail alone."""
FIELDS = frozenset(
    {
        "from",
        "to",
        "as",
        "deployment_number",
        "from_team",
        "kind",
        "label",
        "new_at",
        "number",
        "on",
        "old_at",
        "operation",
        "plan",
        "pointer",
        "product",
        "region",
        "rule",
        "starts_on",
        "successor",
        "title",
        "to_team",
        "version",
        "wave",
    }
)
"""Members of a record's data that an event carries, where the record has them."""
_PLAIN = (str, int, float, bool, type(None))


@cache
def types() -> tuple[str, ...]:
    """Every type of event, in alphabetical order: `submission.approve`, `rollout.halt` and so on."""
    return tuple(sorted(action for action in SENTENCES if action.partition(".")[0] in NOUNS))


@cache
def states() -> dict[str, str]:
    """The state an object is in after a type of event, for those that move it to another state."""
    known = [*vars(lifecycle).values(), *vars(connectors_lifecycle).values()]
    return {
        f"{each.noun}.{verb}": move.target
        for each in known
        if isinstance(each, Lifecycle)
        for verb, move in each.moves.items()
    }


def groups() -> dict[str, tuple[str, ...]]:
    """The types by the noun before their dot."""
    found: dict[str, list[str]] = {}
    for name in types():
        found.setdefault(name.partition(".")[0], []).append(name)
    return {noun: tuple(names) for noun, names in found.items()}


def public_data(data: dict[str, Any]) -> dict[str, Any]:
    """Of a record's data, what an event carries: the named members, with plain values."""
    return {
        name: value for name, value in sorted(data.items()) if name in FIELDS and isinstance(value, _PLAIN)
    }


def matches(name: str, wanted: list[str]) -> bool:
    """Whether a type is among the chosen ones: none chosen is everything, `rollout.*` all of a noun."""
    return not wanted or name in wanted or f"{name.partition('.')[0]}.*" in wanted
