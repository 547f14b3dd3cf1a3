"""Where on this machine a finding stands: files by the paths that editors and services know."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

from certification.rules.findings import Finding
from connectors.definitions import Package, Role, SourceFile


@dataclass(frozen=True)
class Region:
    """Where something begins and ends, in characters from 1; the end column is behind the last one."""

    line: int
    column: int
    end_line: int
    end_column: int


@dataclass(frozen=True)
class Origin:
    """A package and the path that it was read from."""

    path: Path
    package: Package

    @cached_property
    def is_folder(self) -> bool:
        return self.path.is_dir()

    @cached_property
    def is_archive(self) -> bool:
        tree = self.package.tree
        is_single = len(tree) == 1 and tree[0].path == self.path.name
        return not self.is_folder and not is_single

    def source(self, finding: Finding) -> SourceFile | None:
        return self.package.files.get(finding.file)

    def shown(self, finding: Finding) -> str:
        """The file of a finding for people; the package itself when it is about the whole."""
        return (
            os.path.join(self.path, self._inside(finding.file))
            if self._has_parts(finding)
            else str(self.path)
        )

    def on_disk(self, finding: Finding) -> str:
        """The file of a finding as it lies on the disk: that is the archive for all that is inside one. A
        finding about the whole package stands at its definition, where services show only files.
        """
        if not self.is_folder:
            return str(self.path)
        definition = self.package.file(Role.DEFINITION)
        name = finding.file or (definition.name if definition else "")
        return os.path.join(self.path, self._inside(name))

    def region(self, finding: Finding) -> Region | None:
        """Beginning and end of a finding; None when the whole file is meant."""
        file = self.source(finding)
        if not finding.line or file is None:
            return None
        start = file.offset(finding.line, finding.column)
        return Region(finding.line, finding.column, *file.position(start + finding.length))

    def _has_parts(self, finding: Finding) -> bool:
        return bool(finding.file) and (self.is_folder or self.is_archive)

    def _inside(self, name: str) -> str:
        """The path inside the package, as the upload had it."""
        file = self.package.files.get(name)
        return self.package.wrapper + (file.original_name if file else name) if name else ""


@lru_cache(maxsize=64)
def relative(path: str, folder: str) -> str:
    """A path relative to a folder, with "/"; absolute when it lies elsewhere."""
    absolute = os.path.abspath(path)
    inside = os.path.relpath(absolute, folder)
    chosen = absolute if inside.split(os.sep)[0] == os.pardir else inside
    return chosen.replace(os.sep, "/")
