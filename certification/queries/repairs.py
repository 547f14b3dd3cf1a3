"""What the preview of repairs shows: by rule what would change, and by file the difference."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection
from dataclasses import dataclass

from certification.models import Validation
from certification.queries.rulebook import rule_info
from certification.reviewing.differences import LineDiff, line_diff
from certification.rules.fixes import fixable
from certification.rules.repair_sandbox import Change, Repaired
from certification.rules.rulebook import RuleInfo
from connectors.definitions import read_archive

SHOWN_PER_RULE = 20


@dataclass(frozen=True, slots=True)
class RuleRepair:
    """The repairs of one rule: `changes` are those shown, `total` how many there are; `refused` would not
    have helped, and the other `places` that the check found are left to a person.
    """

    rule: str
    info: RuleInfo | None
    places: int
    total: int
    refused: int
    changes: list[Change]
    is_chosen: bool

    @property
    def title(self) -> str:
        return self.info.title if self.info else self.rule

    @property
    def left(self) -> int:
        return max(self.places - self.total, 0)


@dataclass(frozen=True, slots=True)
class RepairPage:
    rules: list[RuleRepair]
    diffs: list[tuple[str, LineDiff]]
    repaired: int
    left: int


def repair_page(
    before: bytes, repaired: Repaired, validation: Validation | None, chosen: Collection[str] | None
) -> RepairPage:
    """`chosen` are the rules that were asked for; None means all."""
    changes: dict[str, list[Change]] = defaultdict(list)
    for change in repaired.changes:
        changes[change.rule].append(change)
    places = _places(validation)
    rules = [
        RuleRepair(
            rule=rule,
            info=rule_info(rule),
            places=places[rule],
            total=len(changes[rule]),
            refused=repaired.refused.get(rule, 0),
            changes=changes[rule][:SHOWN_PER_RULE],
            is_chosen=chosen is None or rule in chosen,
        )
        for rule in sorted({*places, *changes, *repaired.refused})
    ]
    rules.sort(key=lambda each: (each.total == 0 and each.is_chosen, each.rule))
    return RepairPage(
        rules, diffs_of(before, repaired.archive), len(repaired.changes), sum(repaired.left.values())
    )


def _places(validation: Validation | None) -> Counter[str]:
    """Rule with a repair -> places that the stored check found."""
    if validation is None:
        return Counter()
    return Counter(validation.findings.filter(rule__in=fixable()).values_list("rule", flat=True))


def diffs_of(before: bytes, after: bytes) -> list[tuple[str, LineDiff]]:
    """The line differences of two packages, file by file."""
    old, new = read_archive(before).files, read_archive(after).files
    return [
        (name, line_diff(old[name].text.splitlines(), file.text.splitlines()))
        for name, file in new.items()
        if name in old and old[name].content != file.content
    ]
