"""The child side of `repair_sandbox`: give up every power, repair one package, print what was done."""

from __future__ import annotations

import base64
import gc
import json
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

from certification.rules.child import confine
from certification.rules.findings import count_by_severity
from certification.rules.sandbox import EXIT_MEMORY
from connectors.definitions import pointers

if TYPE_CHECKING:
    from certification.rules.fixes import Operation
    from certification.rules.repairs import FixResult
    from connectors.definitions import Package

_LONGEST_TEXT = 200


def main() -> int:
    """Exit code 0 with the answer on standard output, or EXIT_MEMORY when memory ran out."""
    try:
        return _repair()
    except MemoryError:
        return EXIT_MEMORY


def _repair() -> int:
    source = sys.stdin.buffer
    request = json.loads(source.readline(1024 * 1024))
    # As in the child that checks: everything is imported before the limits.
    from certification.rules.engine import Context
    from certification.rules.fixes import fixable
    from certification.rules.profiles import Profile
    from certification.rules.repairs import fix_package
    from connectors.definitions import read_archive

    fixable()
    confine(request["limits"])
    # One check leaves its garbage to the end of the process; a hundred of them may not.
    gc.enable()
    package = read_archive(source.read(request["size"]))
    before = source.read(request["previous_size"])
    context = Context(previous=read_archive(before) if before else None)
    selected = None if request["selected"] is None else frozenset(request["selected"])
    result = fix_package(package, Profile.from_dict(request["profile"]), context, selected=selected)
    sys.stdout.write(json.dumps(_answer(package, result), ensure_ascii=True, separators=(",", ":")))
    sys.stdout.flush()
    return 0


def _answer(package: Package, result: FixResult) -> dict[str, Any]:
    documents = {document.file.name: document.value for document in package.documents.values()}
    refused = Counter(rule for repair in result.refused for rule in {each.rule for each in repair.findings})
    return {
        "archive": base64.b64encode(result.package.canonical_bytes()).decode(),
        "changes": [
            {
                "rule": finding.rule,
                "message": finding.message,
                "file": finding.file,
                "line": finding.line,
                "pointer": finding.pointer,
                "edits": [
                    _edit(documents.get(repair.file), operation, finding.pointer)
                    for operation in repair.patch
                ],
            }
            for repair in result.applied
            for finding in repair.findings
        ],
        "refused": dict(refused),
        "left": count_by_severity(result.report.findings),
    }


def _edit(document: Any, operation: Operation, finding: str) -> dict[str, str]:
    kind, pointer = str(operation["op"]), str(operation["path"])
    if kind in ("move", "copy"):
        before, after = _short(operation["from"]), _short(pointer)
    else:
        before = "" if kind == "add" else _text(_at(document, pointer))
        after = _text([operation["value"]] if "value" in operation else [])
    is_below = pointer == finding or pointer.startswith(f"{finding}/")
    where = pointer[len(finding) :].removeprefix("/") if is_below else pointer
    return {"kind": kind, "where": where, "before": before, "after": after}


def _at(value: Any, pointer: str) -> list[Any]:
    """The value at a pointer in a list, which is empty when nothing stands there."""
    for token in pointers.split(pointer):
        try:
            value = value[int(token)] if isinstance(value, list) else value[token]
        except (LookupError, TypeError, ValueError):
            return []
    return [value]


def _text(found: list[Any]) -> str:
    return _short(json.dumps(found[0], ensure_ascii=False)) if found else ""


def _short(text: str) -> str:
    # Half of a pair of surrogates cannot be stored or sent: it is shown as a question mark.
    clean = text[: _LONGEST_TEXT + 1].encode("utf-8", "replace").decode()
    return clean if len(clean) <= _LONGEST_TEXT else f"{clean[: _LONGEST_TEXT - 1]}…"
