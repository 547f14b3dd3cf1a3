"""Packages on the disk for the tests of the command line."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from certification.rules.examples import Case, examples

DEFINITION = "apiDefinition.swagger.json"
GOOD = Case()
BAD = examples()["INF-004"].bad[0]
WARNED = examples()["INF-015"].bad[0]


def folder(path: Path, members: Mapping[str, bytes]) -> Path:
    """Write the files of a package below a folder."""
    for name, content in members.items():
        target = path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    return path
