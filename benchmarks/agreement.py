"""Compare the rules with an independent judgement of real packages, rule by rule.

    python -m benchmarks.agreement [--rules IDS] [--packages FOLDER] [--expected FILE] [--differences]

FOLDER holds `certified-connectors/` (verified publishers) and `independent-publisher-connectors/`; FILE maps
rule ids to the packages that break them. Exceptions with reasons are kept in tests/rules/expectations.py.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from certification.rules import Profile, check_package
from certification.rules.profiles import Publisher
from certification.rules.registry import matching, rules
from connectors.definitions import read_path
from tests.rules.expectations import NOT_COMPARABLE, REASONED, RECOVERED

_SHARED = Path(__file__).resolve().parents[2] / "shared"
PACKAGES = Path(os.environ.get("CONNECTOR_CORPUS", _SHARED / "corpus"))
EXPECTED = Path(os.environ.get("CONNECTOR_EXPECTED", _SHARED / "product" / "expected_findings.json"))
PUBLISHERS: dict[str, Publisher] = {
    "certified-connectors": "verified",
    "independent-publisher-connectors": "independent",
}


@dataclass(frozen=True, slots=True)
class Agreement:
    """Of one rule: the packages both name, those that only we name, those that only the expectation names."""

    both: frozenset[str]
    ours: frozenset[str]
    theirs: frozenset[str]

    @property
    def f1(self) -> float:
        total = 2 * len(self.both) + len(self.ours) + len(self.theirs)
        return 2 * len(self.both) / total if total else 1.0


def violators(packages: Path, selected: frozenset[str] | None = None) -> dict[str, set[str]]:
    """Rule id to the packages that break it, as "folder/package"."""
    found: dict[str, set[str]] = defaultdict(set)
    for folder, publisher in PUBLISHERS.items():
        profile = Profile("new", publisher)
        for path in sorted((packages / folder).iterdir()):
            for finding in check_package(read_path(path), profile, selected=selected).findings:
                found[finding.rule].add(f"{folder}/{path.name}")
    return found


def compare(
    packages: Path = PACKAGES, expected: Path = EXPECTED, selected: frozenset[str] | None = None
) -> dict[str, Agreement]:
    """The agreement of every rule that exists on both sides, without the reasoned exceptions."""
    theirs = {rule: set(names) for rule, names in json.loads(expected.read_text("utf-8")).items()}
    ours = violators(packages, selected)
    result = {}
    for rule in rules():
        if rule not in theirs or rule in NOT_COMPARABLE or (selected is not None and rule not in selected):
            continue
        excepted = REASONED.get(rule, {})
        mine, other = ours[rule] - excepted.keys(), theirs[rule] - excepted.keys()
        mine = mine.difference(RECOVERED.keys() - other)
        result[rule] = Agreement(*map(frozenset, (mine & other, mine - other, other - mine)))
    return result


def total(agreements: dict[str, Agreement]) -> float:
    """F1 over all pairs of rule and package."""
    both = sum(len(agreement.both) for agreement in agreements.values())
    apart = sum(len(agreement.ours) + len(agreement.theirs) for agreement in agreements.values())
    return 2 * both / (2 * both + apart) if both + apart else 1.0


def main() -> int:
    parser = argparse.ArgumentParser(description="Compare the rules with an independent judgement.")
    parser.add_argument("--packages", type=Path, default=PACKAGES)
    parser.add_argument("--expected", type=Path, default=EXPECTED)
    parser.add_argument("--rules", action="append", metavar="IDS", help="only these rules or families")
    parser.add_argument("--differences", action="store_true", help="name the packages that differ")
    options = parser.parse_args()
    if not options.packages.is_dir() or not options.expected.is_file():
        print("packages or expectation not found", file=sys.stderr)
        return 2
    selected = matching(options.rules) if options.rules else None
    agreements = compare(options.packages, options.expected, selected)
    print(f"{'rule':<9} {'both':>5} {'ours':>5} {'theirs':>6} {'F1':>6}")
    for rule, agreement in agreements.items():
        counts = f"{len(agreement.both):>5} {len(agreement.ours):>5} {len(agreement.theirs):>6}"
        print(f"{rule:<9} {counts} {agreement.f1:>6.3f}")
        if options.differences:
            for name in sorted(agreement.ours):
                print(f"          only ours    {name}")
            for name in sorted(agreement.theirs):
                print(f"          only theirs  {name}")
    print(f"{'all':<9} F1 {total(agreements):.4f} over {len(agreements)} rules")
    return 0


if __name__ == "__main__":
    sys.exit(main())
