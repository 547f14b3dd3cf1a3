"""`connector-rules verify`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from certification.rules.commandline import paths
from certification.rules.commandline.exits import EXIT_CLEAN, EXIT_FINDINGS, InputUnusable
from certification.rules.commandline.style import printable
from certification.rules.engine import check_package
from certification.rules.findings import count_by_severity
from certification.rules.profiles import Profile
from certification.rules.receipts import Verification, check_form, public_key_from, verify
from certification.rules.version import RULES_VERSION
from connectors.definitions import Package, read_path

_MOST_BYTES = 64 * 1024


def run(options: argparse.Namespace) -> int:
    receipt = _receipt(options.receipt)
    key = (
        _usable(options.public_key, lambda path: public_key_from(path.read_bytes()))
        if options.public_key
        else None
    )
    package = _usable(str(paths.one_package(options.path)), read_path)
    found = verify(receipt, package, key)
    holds = found.holds and found.verdict == "pass" and (found.is_of_these_rules or options.any_rules)
    lines = [*_lines(found, receipt)]
    if options.recheck and found.is_of_package:
        says_same, line = _recheck(receipt, package)
        holds = holds and says_same
        lines.append(line)
    lines.append("the receipt holds" if holds else "the receipt does not hold")
    sys.stdout.write("".join(f"{printable(line)}\n" for line in lines))
    return EXIT_CLEAN if holds else EXIT_FINDINGS


def _lines(found: Verification, receipt: Mapping[str, Any]) -> Iterator[str]:
    yield f"package    {'the one of the receipt' if found.is_of_package else 'not the one of the receipt'}"
    yield f"signature  {_signature(found)}"
    version = receipt["rules"].get("version")
    if found.is_of_these_rules:
        yield f"rules      {version}, the installed ones"
    elif version == RULES_VERSION:
        yield f"rules      {version}, but not as installed: their digests differ"
    else:
        yield f"rules      {version}; installed are {RULES_VERSION}"
    profile = receipt["profile"]
    yield f"profile    {profile.get('change')} connector, {profile.get('publisher')} publisher"
    if receipt["baseline"]:
        yield f"compared   with version {receipt['baseline']}"
    yield f"verdict    {found.verdict}, {receipt['time']}, by {receipt['tool']}"
    if "treatment" in receipt:
        yield _treatment(receipt["treatment"])


def _treatment(treatment: Mapping[str, Any]) -> str:
    """What a portal made of the verdict; it counts there and nowhere else."""
    rules = ", ".join(f"{rule} as {kind}" for rule, kind in sorted(treatment["rules"].items()))
    return f"treatment  {treatment['verdict']} at that portal, which treats {rules or 'no rule of these'}"


def _signature(found: Verification) -> str:
    if not found.is_signed:
        return "unsigned: anybody could have written this" + (
            "" if found.is_trusted is None else "; a signature is demanded"
        )
    if not found.is_genuine:
        return "does not fit: the receipt was changed, or the signature is damaged"
    if found.is_trusted is None:
        return f"signed by key {found.key}; give --public-key to say whom you trust"
    return (
        f"signed by key {found.key}, {'as demanded' if found.is_trusted else 'which is not the key demanded'}"
    )


def _recheck(receipt: Mapping[str, Any], package: Package) -> tuple[bool, str]:
    """Whether the installed rules say the same as the receipt."""
    if receipt["baseline"]:
        return False, "recheck    not possible: the receipt compares with a previous version"
    try:
        profile = Profile.from_dict(receipt["profile"])
    except (KeyError, ValueError):
        raise InputUnusable("the receipt has an unknown profile") from None
    report = check_package(package, profile)
    counts = count_by_severity(report.findings)
    says_same = (report.verdict, counts) == (receipt["verdict"], receipt["counts"])
    return (
        says_same,
        f"recheck    {'the same verdict and counts' if says_same else f'{report.verdict}, {counts}'}",
    )


def _receipt(name: str) -> Mapping[str, Any]:
    def read(path: Path) -> Any:
        with path.open("rb") as opened:
            content = opened.read(_MOST_BYTES + 1)
        if len(content) > _MOST_BYTES:
            raise ValueError("too large for a receipt")
        receipt = json.loads(content)
        check_form(receipt)
        return receipt

    try:
        receipt: Mapping[str, Any] = _usable(name, read)
    except RecursionError:
        raise InputUnusable(f"{name}: no receipt") from None
    return receipt


def _usable(name: str, read: Any) -> Any:
    try:
        return read(Path(name))
    except OSError as error:
        raise InputUnusable(f"{name}: {error.strerror or 'cannot be read'}") from None
    except ValueError as error:
        raise InputUnusable(f"{name}: {error}") from None
