"""The reader stands alone, and every problem it can report is documented."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from connectors.definitions import KINDS, Limits
from connectors.definitions.problems import problem

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "packages.md").read_text()


def test_importing_the_reader_imports_no_framework():
    code = (
        "import sys, connectors.definitions, connectors.definitions.icon\n"
        "banned = {'django', 'rest_framework', 'celery', 'kombu', 'httpx', 'requests', 'socket', 'PIL'}\n"
        "print(sorted(banned & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_every_kind_of_problem_has_a_row_in_the_documentation_and_nothing_else_has():
    rows = dict(re.findall(r"^\| `([a-z0-9-]+)` \| (.+?) \|.*\| (?:yes|no) \|$", PAGE, re.MULTILINE))

    assert rows == {code: kind.title for code, kind in KINDS.items()}


def test_the_documentation_marks_exactly_the_kinds_that_refuse_a_package():
    marked = set(re.findall(r"^\| `([a-z0-9-]+)` \|.*\| yes \|$", PAGE, re.MULTILINE))

    assert marked == {code for code, kind in KINDS.items() if kind.refuses}


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("archive_bytes", "10 MB"),
        ("expanded_bytes", "30 MB"),
        ("json_bytes", "5 MB"),
        ("text_bytes", "2 MB"),
        ("icon_bytes", "2 MB"),
        ("image_bytes", "2 MB"),
    ],
)
def test_the_documented_limits_are_the_real_ones(field, text):
    assert getattr(Limits(), field) == int(text.split()[0]) * 1024 * 1024
    assert f"| `{field}` | {text} |" in PAGE


def test_every_kind_tells_a_way_out_in_a_sentence():
    for code, kind in KINDS.items():
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", code)
        assert kind.fix.endswith(".")
        assert kind.title[0].isupper()
        assert problem(code, "Message.", "a.md").fix == kind.fix
