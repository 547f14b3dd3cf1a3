"""Run `check` and give back what it printed."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path

from certification.rules.commandline.main import main
from certification.rules.examples import Case
from tests.rules.packages import folder

# A title full of what some format could take for its own syntax.
HOSTILE_TITLE = "<script>alert(1)</script> & \"'%0A::error::,:\x9b31m\u202eAPI"


def hostile() -> Case:
    return Case(set={"/info/title": HOSTILE_TITLE})


def checked(path: Path, *arguments: str) -> str:
    """The standard output of `check` for a package or a folder of packages."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        main(["check", str(path), *arguments])
    return out.getvalue()


def three_packages(path: Path, bad: Case, good: Case) -> Path:
    """A folder that fails, one that passes, and an archive that fails."""
    folder(path / "a b", bad.members())
    folder(path / "good", good.members())
    (path / "packed.zip").write_bytes(bad.archive())
    return path
