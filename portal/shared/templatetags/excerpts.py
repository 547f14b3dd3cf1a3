"""Template tags that lay out source text: code excerpts and line diffs."""

import difflib
from typing import Any

from django import template

register = template.Library()

# A minified definition can be one line of a megabyte: show enough to recognise, not to stall a browser.
MAX_LINE = 400


def _clip(line: str) -> str:
    return line if len(line) <= MAX_LINE else f"{line[:MAX_LINE]}…"


@register.inclusion_tag("_code.html")
def code_excerpt(
    text: str, first_line: int = 1, highlight: int | None = None, file: str = "", note: str = ""
) -> dict[str, Any]:
    """Numbered source lines; the line numbered `highlight` is marked and carries `note` beneath it."""
    lines = [
        {"number": number, "text": _clip(line), "hit": number == highlight}
        for number, line in enumerate(text.splitlines(), start=first_line)
    ]
    return {"lines": lines, "file": file, "note": note}


def diff_rows(before: str, after: str, context: int = 3) -> list[dict[str, Any]]:
    """Rows of a unified diff: `kind` (hunk, context, added, removed), `old` and `new` line number or None."""
    old_lines, new_lines = before.splitlines(), after.splitlines()
    rows: list[dict[str, Any]] = []
    matcher = difflib.SequenceMatcher(None, old_lines, new_lines, autojunk=False)
    for group in matcher.get_grouped_opcodes(context):
        first, last = group[0], group[-1]
        span = f"@@ -{first[1] + 1},{last[2] - first[1]} +{first[3] + 1},{last[4] - first[3]} @@"
        rows.append({"kind": "hunk", "old": None, "new": None, "text": span})
        for tag, i1, i2, j1, j2 in group:
            if tag == "equal":
                pairs = zip(range(i1, i2), range(j1, j2), strict=True)
                rows += [_row("context", i + 1, j + 1, old_lines[i]) for i, j in pairs]
                continue
            rows += [_row("removed", i + 1, None, old_lines[i]) for i in range(i1, i2)]
            rows += [_row("added", None, j + 1, new_lines[j]) for j in range(j1, j2)]
    return rows


def _row(kind: str, old: int | None, new: int | None, text: str) -> dict[str, Any]:
    return {"kind": kind, "old": old, "new": new, "text": _clip(text)}


@register.inclusion_tag("_diff.html")
def line_diff(before: str, after: str, file: str = "", context: int = 3) -> dict[str, Any]:
    """A unified line diff of two texts; says so when they are equal."""
    return {"rows": diff_rows(before, after, context), "file": file}
