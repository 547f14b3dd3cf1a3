"""The chain of audit records as plain data, and the verifier of an exported trail.

    python -m portal.shared.audit_chain audit.jsonl --head HASH

It asks no database and knows no Django, so that an auditor needs this one file. Exit code 0: the file is
whole; 1: it has faults; 2: it cannot be read.

An export is JSON Lines: a first line with `format`, `after` (the sequence before the first record) and
`previous_hash`, one line a record in the order of the chain, and a last line with `records` and `head`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

GENESIS = "0" * 64
FORMAT = "audit-trail/1"
_SEALS = ("previous_hash", "hash")


def chain_hash(body: Mapping[str, Any], previous_hash: str) -> str:
    """SHA-256 hex over the previous hash and the canonical JSON of a record."""
    canonical = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(previous_hash.encode() + canonical.encode()).hexdigest()


@dataclass
class Trail:
    """What an exported file holds: `checked` records, the hash of the last one, a sentence for each fault."""

    checked: int = 0
    head: str = GENESIS
    faults: list[str] = field(default_factory=list)
    closed: bool = False


def verify_lines(lines: Iterable[str], *, head: str = "") -> Trail:
    """Recompute an export line by line; `head` is a hash that was kept elsewhere and must be in the chain.

    Raises ValueError when it is no export at all.
    """
    parsed = _objects(lines)
    first = next(parsed, None)
    if first is None or first.get("format") != FORMAT:
        raise ValueError(f"This is no exported audit trail: its first line does not say {FORMAT}.")
    trail = Trail(head=str(first.get("previous_hash", "")))
    after = first.get("after")
    if not isinstance(after, int) or isinstance(after, bool):
        raise ValueError("The first line does not say after which record the export begins.")
    if after == 0 and trail.head != GENESIS:
        trail.faults.append("An export of the whole trail does not begin with the first hash.")
    seen = {trail.head}
    for item in parsed:
        _check(trail, item, expected=after + trail.checked + 1)
        seen.add(trail.head)
    if not trail.closed:
        trail.faults.append("The end is missing: records may have been cut off.")
    if head and head not in seen:
        trail.faults.append(f"The hash {head} that was kept elsewhere is not in this chain.")
    return trail


def _objects(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(lines, start=1):
        if line.strip():
            item = json.loads(line)
            if not isinstance(item, dict):
                raise ValueError(f"Line {number} is no object.")
            yield item


def _check(trail: Trail, item: dict[str, Any], *, expected: int) -> None:
    if trail.closed:
        trail.faults.append("Something follows the end.")
        return
    if "sequence" not in item:
        trail.closed = True
        if (item.get("records"), item.get("head")) != (trail.checked, trail.head):
            trail.faults.append(
                f"The end names {item.get('records')} records and the hash {item.get('head')}, "
                f"the file holds {trail.checked} and ends with {trail.head}."
            )
        return
    trail.checked += 1
    if item["sequence"] != expected:
        trail.faults.append(f"Record {item['sequence']} stands where {expected} belongs.")
    if item.get("previous_hash") != trail.head:
        trail.faults.append(f"Record {item['sequence']} does not follow the record before it.")
    body = {name: value for name, value in item.items() if name not in _SEALS}
    if chain_hash(body, str(item.get("previous_hash"))) != item.get("hash"):
        trail.faults.append(f"Record {item['sequence']} was altered after it was sealed.")
    trail.head = str(item.get("hash"))


def main(arguments: list[str] | None = None) -> int:
    """The command; returns its exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m portal.shared.audit_chain", description="Verify a trail."
    )
    parser.add_argument("file", type=Path, help="what `manage.py export_audit` wrote")
    parser.add_argument("--head", default="", help="a hash kept elsewhere that has to be in the chain")
    options = parser.parse_args(arguments)
    try:
        with options.file.open(encoding="utf-8") as lines:
            trail = verify_lines(lines, head=options.head)
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(f"{trail.checked} records checked\nhead {trail.head}\n")
    for fault in trail.faults:
        sys.stderr.write(f"{fault}\n")
    if not trail.faults:
        sys.stdout.write("The chain is whole.\n")
    return 1 if trail.faults else 0


if __name__ == "__main__":
    sys.exit(main())
