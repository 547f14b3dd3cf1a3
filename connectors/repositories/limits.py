"""What the child that reads repositories may use, and how much it may tell."""

from __future__ import annotations

from dataclasses import dataclass, replace

from connectors import confinement
from connectors.confinement import MIB

COMMITS_SHOWN = 20
"""Of each folder, the newest."""
# How many bytes the child at most needs to tell one: letters beyond ASCII take six or twelve.
_A_COMMIT, _A_FOLDER, _A_BRANCH = 4 * 1024 + 256, 2 * 1024, 2 * 1024


@dataclass(frozen=True, slots=True)
class Limits(confinement.Limits):
    """`file_bytes` bounds the pack, `wall_seconds` everything together."""

    memory_bytes: int = 2048 * MIB
    processor_seconds: int = 90
    wall_seconds: float = 95.0
    file_bytes: int = 512 * MIB
    open_files: int = 1024
    output_bytes: int = MIB

    def with_answer(self, *, branches: int = 0, folders: int = 0, content: int = 0) -> Limits:
        """With room for the commits of so many folders, and for so many bytes of files in base64."""
        commits = branches * _A_BRANCH + folders * (_A_FOLDER + COMMITS_SHOWN * _A_COMMIT)
        return replace(self, output_bytes=self.output_bytes + commits + content * 4 // 3)
