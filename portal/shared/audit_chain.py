"""The chain of audit records as plain data, and the verifier of an exported trail.

    python -m portal.shared.audit_chain audit.jsonl --head HASH

It asks no database and knows no Django, so that an auditor needs this one file. Exit code 0: the file is
whole; 1: it has faults; 2: it cannot be read.

An export is JSON Lines: a first line with `format`, `after` (the sequence before the first record) and
`previous_hash`, one line a record in the order of the chain, and a last line with `records` and `head`.

Records of format 2 are chained through commitments: of the reason and of each value of the data only
SHA-256(salt, value) is under the seal, so that one that names a person can be taken away, with its salt,
while the chain still verifies. Records of format 1 are under the seal with their words; one that lost some
keeps its hash, which nobody can recompute any more. In either case a later record of the chain has to say
which words were taken from which record (`audit.erase`): without it they count as altered.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import secrets
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

GENESIS = "0" * 64
FORMAT = "audit-trail/2"
FORMATS = ("audit-trail/1", FORMAT)
ERASING = "audit.erase"
"""The action of records that say what was taken away: their data's `records` maps ids to names of parts."""
_SEALS = ("previous_hash", "hash")
_BESIDE = {1: (*_SEALS, "erased"), 2: (*_SEALS, "erased", "reason", "data", "salts")}
"""Record format -> members of a line that are not under its hash."""


def chain_hash(body: Mapping[str, Any], previous_hash: str) -> str:
    """SHA-256 hex over the previous hash and the canonical JSON of a record."""
    return hashlib.sha256(previous_hash.encode() + _canonical(body)).hexdigest()


def parts_of(reason: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """What a record says, as parts that are committed to one by one: `reason`, and `data.<name>`."""
    parts: dict[str, Any] = {"reason": reason} if reason else {}
    return parts | {f"data.{name}": value for name, value in data.items()}


def commitment(value: Any, salt: str) -> str:
    """SHA-256 hex over the salt (hex) and the canonical JSON of one part."""
    return hashlib.sha256(bytes.fromhex(salt) + _canonical(_whole(value))).hexdigest()


def commit(parts: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, str]]:
    """The commitments of all parts, and the salt of each."""
    salts = {name: secrets.token_hex(16) for name in parts}
    return {name: commitment(value, salts[name]) for name, value in parts.items()}, salts


def is_as_sealed(item: Mapping[str, Any]) -> bool:
    """Whether a record still is what its seal says, as far as that can be known: see `erased`."""
    version = item.get("format", 1)
    if version not in _BESIDE or not (version == 2 or "format" not in item):
        return False
    if version == 1 and item.get("erased"):
        return True
    body = {name: value for name, value in item.items() if name not in _BESIDE[version]}
    if chain_hash(body, str(item.get("previous_hash"))) != item.get("hash"):
        return False
    return version == 1 or _keeps_commitments(item)


def _keeps_commitments(item: Mapping[str, Any]) -> bool:
    commitments, salts = item.get("commitments") or {}, item.get("salts") or {}
    erased, parts = set(item.get("erased") or ()), parts_of(item.get("reason", ""), item.get("data") or {})
    if set(parts) - set(commitments) - erased:
        return False
    left = set(commitments) - erased
    return all(
        name in parts and name in salts and commitment(parts[name], salts[name]) == commitments[name]
        for name in left
    )


def _canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _whole(value: Any) -> Any:
    """Numbers as every JSON store gives them back: 1.0 and 1e16 may come back without a fraction."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {str(name): _whole(each) for name, each in value.items()}
    return [_whole(each) for each in value] if isinstance(value, (list, tuple)) else value


@dataclass
class Erasures:
    """What records miss, and what the chain says was taken from them: record id -> names of parts."""

    missed: dict[int, set[str]] = field(default_factory=dict)
    told: dict[int, set[str]] = field(default_factory=dict)

    def note(self, item: Mapping[str, Any]) -> None:
        """Take in one record, in any order."""
        if item.get("erased"):
            self.missed.setdefault(item["id"], set()).update(item["erased"])
        records = (item.get("data") or {}).get("records") if item.get("action") == ERASING else None
        for record, parts in (records or {}).items():
            self.told.setdefault(int(record), set()).update(parts)

    def faults(self) -> Iterator[str]:
        for record, parts in sorted(self.missed.items()):
            if untold := parts - self.told.get(record, set()):
                names = ", ".join(sorted(untold))
                yield f"Record {record} lacks {names}, and no erasure in the chain says so."


@dataclass
class Trail:
    """What an exported file holds: `checked` records, the hash of the last one, a sentence for each fault."""

    checked: int = 0
    head: str = GENESIS
    faults: list[str] = field(default_factory=list)
    closed: bool = False
    erasures: Erasures = field(default_factory=Erasures)


def verify_lines(lines: Iterable[str], *, head: str = "") -> Trail:
    """Recompute an export line by line; `head` is a hash that was kept elsewhere and must be in the chain.

    Raises ValueError when it is no export at all.
    """
    parsed = _objects(lines)
    first = next(parsed, None)
    if first is None or first.get("format") not in FORMATS:
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
    trail.faults.extend(trail.erasures.faults())
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
    if not is_as_sealed(item):
        trail.faults.append(f"Record {item['sequence']} was altered after it was sealed.")
    trail.erasures.note(item)
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
    if trail.erasures.missed:
        sys.stdout.write(f"{len(trail.erasures.missed)} records lack words that were erased.\n")
    for fault in trail.faults:
        sys.stderr.write(f"{fault}\n")
    if not trail.faults:
        sys.stdout.write("The chain is whole.\n")
    return 1 if trail.faults else 0


if __name__ == "__main__":
    sys.exit(main())
