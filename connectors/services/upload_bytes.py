"""Loose files as one block of bytes, so that an upload is kept byte for byte under a single digest.

The first line is JSON, {"files": [[name, size], ...]}; the contents follow in that order. Names are only ever
data: nothing is written under them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence


def join_files(files: Sequence[tuple[str, bytes]]) -> bytes:
    head = json.dumps({"files": [[name, len(content)] for name, content in files]}).encode()
    return b"\n".join([head, b"".join(content for _, content in files)])


def split_files(joined: bytes) -> list[tuple[str, bytes]]:
    """The files as they came in. Raises `ValueError` for bytes that `join_files` did not make."""
    head, _, contents = joined.partition(b"\n")
    entries = json.loads(head)["files"]
    if sum(size for _, size in entries) != len(contents):
        raise ValueError("the sizes in the head do not add up to the contents")
    files, at = [], 0
    for name, size in entries:
        files.append((name, contents[at : at + size]))
        at += size
    return files
