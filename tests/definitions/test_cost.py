"""No input within the limits takes long: every cost is linear. Bounds are CPU seconds with a wide margin."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from connectors.definitions import Document, Limits, SourceFile, read_files
from tests.packages import harbour_tides

MEGABYTE = 1024 * 1024

INPUTS: dict[str, str | bytes] = {
    "one long text": json.dumps({"a": "x" * (4 * MEGABYTE)}),
    "one long text of escapes": '{"a": "' + "\\n" * (2 * MEGABYTE) + '"}',
    "one long text of quotes": '{"a": "' + '\\"' * (2 * MEGABYTE) + '"}',
    "one long text without end": '{"a": "' + "x" * (4 * MEGABYTE),
    "backslashes without end": '{"a": "' + "\\" * (4 * MEGABYTE),
    "many keys": json.dumps({f"k{at}": at for at in range(60_000)}),
    "many keys and a comment": json.dumps({f"k{at}": at for at in range(60_000)}) + "// x",
    "one key very often": "{" + ",".join(['"a":1'] * 30_000) + "}",
    "many texts with tabs": "[" + ",".join(['"\t"'] * 80_000) + "]",
    "many comments": "[" + "/**/," * 80_000 + "1]",
    "many trailing commas": "[" + ",".join(["[1,]"] * 60_000) + "]",
    "many quotes": '"' * MEGABYTE,
    "many single quotes": "'" * MEGABYTE,
    "many slashes": "/" * MEGABYTE,
    "many block comments without end": "/*" * MEGABYTE,
    "many open brackets": "[" * (4 * MEGABYTE),
    "many closed pairs": "[" + "[]," * 120_000 + "[]]",
    "many unbalanced pairs": "[]" * 120_000 + "[",
    "many deep towers": "[" + ",".join(["[" * 62 + "]" * 62] * 5_000) + "]",
    "many minus signs": "[" + "-" * MEGABYTE + "]",
    "one very long number": "[" + "9" * MEGABYTE + "]",
    "many constants": "[" + "NaN," * 80_000 + "1]",
    "many large numbers": "[" + ",".join(["99999999999999999999"] * 30_000) + "]",
    "many lone surrogates": "[" + ",".join(['"\\ud800"'] * 60_000) + "]",
    "many outward references": json.dumps([{"$ref": "http://127.0.0.1"}] * 30_000),
    "many bytes that are not UTF-8": b'{"a": "' + b"\xff" * (4 * MEGABYTE) + b'"}',
    "many line ends": "{" + "\r\n" * (2 * MEGABYTE) + '"a": 1,}',
    "many blanks": "{" + " " * (4 * MEGABYTE) + '"a" 1}',
    "many NUL": "\0" * (4 * MEGABYTE),
    "bare words": "{" + "a" * (2 * MEGABYTE) + "}",
    "names without colon": "{" + "a " * MEGABYTE + "}",
}  # fmt: skip


@pytest.mark.parametrize("name", INPUTS)
def test_a_hostile_document_is_read_in_seconds(name):
    given = INPUTS[name]
    content = given if isinstance(given, bytes) else given.encode()
    assert len(content) <= Limits().json_bytes

    started = time.process_time()
    package: Any = read_files(harbour_tides(definition=content))
    document: Any = package.definition
    for pointer in ("", "/a", "/k59999", "/29999/0"):
        document.locate(pointer)
    spent = time.process_time() - started

    assert spent < 5.0


def test_a_thousand_places_in_a_large_document_are_found_quickly():
    paths = {
        f"/p{at}": {"get": {"summary": f"s{at}", "parameters": [{"name": "x" * 200}] * 3}}
        for at in range(1500)
    }
    content = json.dumps({"paths": paths}, indent=2).encode()
    assert len(content) > MEGABYTE
    document = Document.read(SourceFile("apiDefinition.swagger.json", content))

    started = time.process_time()
    lines = {document.locate(f"/paths/~1p{at}/get/summary").line for at in range(1000)}

    assert len(lines) == 1000
    assert time.process_time() - started < 2.0
