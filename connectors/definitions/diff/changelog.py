"""A changelog drafted from what changed, for a person to finish."""

from __future__ import annotations

import re

from connectors.definitions.diff.changes import Change, Difference
from connectors.definitions.diff.kinds import Impact

_GROUPS: tuple[tuple[str, Impact], ...] = (
    ("Breaking", "breaking"),
    ("Changed", "behavioural"),
    ("Added", "additive"),
    ("Wording", "cosmetic"),
)
_MOST_LINES = 40
_SPECIAL = re.compile(r"([\\`*_\[\]<>#|~&])")


def draft_changelog(difference: Difference) -> str:
    """Markdown with a list for each of Breaking, Changed, Added and Wording that has any; "" when nothing
    changed. Texts out of the packages are escaped.
    """
    parts = []
    for title, impact in _GROUPS:
        lines = list(
            dict.fromkeys(_line(change) for change in difference.with_impact(impact) if _is_news(change))
        )
        if lines:
            parts.append("\n".join([f"### {title}", "", *lines[:_MOST_LINES], *_rest(lines)]))
    if not difference.is_complete:
        parts.append("The versions were too large to be compared to the end.")
    return "\n\n".join(parts) + "\n" if parts else ""


def _is_news(change: Change) -> bool:
    """The number of the version stands above the changelog."""
    return change.kind != "version-changed"


def _line(change: Change) -> str:
    return "- " + _SPECIAL.sub(r"\\\1", change.sentence)


def _rest(lines: list[str]) -> list[str]:
    return [f"- and {len(lines) - _MOST_LINES} more"] if len(lines) > _MOST_LINES else []
