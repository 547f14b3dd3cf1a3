"""Random damage to valid packages: nothing crashes, nothing hides, nothing that cannot be stored comes out.

MUTATIONS raises the number of cases: `MUTATIONS=10000 pytest tests/definitions/test_mutations.py`.
"""

from __future__ import annotations

import json
import os
import random
import time
from typing import Any

import pytest

from connectors.definitions import KINDS, Package, facts, operations, read_archive, read_files
from tests.packages import harbour_tides, png, zip_of

CASES = int(os.environ.get("MUTATIONS", "1200"))
BATCHES = 10
SCRIPT = b"public class Script : ScriptBase { }"
FILES = harbour_tides(icon_png=png(16, 16), script_csx=SCRIPT) | {
    "images/a.png": png(4, 4),
    "settings.json": b"{}",
}
ARCHIVES = [zip_of(FILES), zip_of(FILES, folder="tides/"), read_files(FILES).canonical_bytes()]
TOKENS = [
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b'"',
    b"'",
    b"\\",
    b"\\u0000",
    b"\\ud800",
    b"//",
    b"/*",
    b"\0",
    b"\xff",
    b"\xf8",
    b"\xef\xbb\xbf",
    b"\r",
    b"\n",
    b"1e999",
    b"NaN",
    b"null",
    b'"$ref":"http://127.0.0.1/"',
    b"\xe2\x80\x8b",
    b"[" * 70,
    b"PK\3\4",
    b"PK\1\2",
    b"PK\5\6",
    b"PK\7\x08",
    b"\xff\xff\xff\xff",
    b"../",
    b"IHDR",
    b"IEND",
]


def damaged(data: bytes, choose: random.Random) -> bytes:
    """One to four random edits."""
    for _ in range(choose.randint(1, 4)):
        at = choose.randrange(len(data) + 1)
        span = choose.choice([1, 1, 2, 4, 30, 300])
        match choose.randrange(6):
            case 0:
                data = data[:at] + bytes([choose.randrange(256)]) + data[at + 1 :]
            case 1:
                data = data[:at] + choose.choice(TOKENS) + data[at:]
            case 2:
                data = data[:at] + data[at + span :]
            case 3:
                data = data[:at] + data[at : at + span] * 2 + data[at + span :]
            case 4:
                data = data[:at]
            case 5:
                token = choose.choice(TOKENS)
                data = data[:at] + token + data[at + len(token) :]
    return data


def assert_fit_to_store(package: Package) -> None:
    """Everything a portal would show or write to a database is text and JSON that it can take."""
    said = [text for p in package.problems for text in (p.message, p.fix, p.file, p.pointer)]
    said += [text for entry in package.tree for text in (entry.path, entry.reason, entry.name)]
    said += [file.text for file in package.files.values() if not file.name.endswith(".png")]
    for text in said:
        assert "\0" not in text
        text.encode()
    for document in package.documents.values():
        stored = json.dumps(document.value, ensure_ascii=False, allow_nan=False)
        assert "\\u0000" not in stored.replace("\\\\", "")
        stored.encode()
        for operation in operations(document.value):
            assert document.locate(operation.pointer).line >= 1
    assert facts(package).operation_count >= 0
    assert all(p.code in KINDS and (p.line is None or p.line >= 1) for p in package.problems)
    assert package.is_refused == (not package.files) or not package.is_refused
    if not package.is_refused:
        again: Any = read_archive(package.canonical_bytes())
        assert again.digest == package.digest
        assert not again.is_refused


@pytest.mark.parametrize("batch", range(BATCHES))
def test_damaged_archives_are_read_or_refused_but_never_crash(batch):
    choose = random.Random(batch)
    for _ in range(CASES // BATCHES // 2):
        data = damaged(choose.choice(ARCHIVES), choose)
        started = time.process_time()
        package: Any = read_archive(data)
        assert time.process_time() - started < 5
        assert_fit_to_store(package)
        if not package.is_refused:
            changed = {name for name, file in package.files.items() if FILES.get(name) != file.content}
            assert not changed, "a check sum was passed over"


@pytest.mark.parametrize("batch", range(BATCHES))
def test_damaged_files_are_read_with_problems_but_never_crash(batch):
    choose = random.Random(1000 + batch)
    for _ in range(CASES // BATCHES // 2):
        name = choose.choice(list(FILES))
        files = {**FILES, name: damaged(FILES[name], choose)}
        assert_fit_to_store(read_files(files))
