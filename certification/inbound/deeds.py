"""What an answer to a mail asks the portal to do. Whole lines alone count, so that no sentence does anything
by accident: "Sign off? Not yet." is a comment.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum


class Deed(StrEnum):
    """What can be done by answering."""

    SIGN_OFF = "sign_off"
    REFUSE = "refuse"
    HAND_IN = "hand_in"
    FILL_IN = "fill_in"


@dataclass(frozen=True, slots=True)
class Asked:
    """`text` is what was written besides: a note, or the reasons of a refusal. `fields` are texts of the
    form, and `categories` as one text."""

    deed: Deed
    text: str = ""
    knows_untested: bool = False
    fields: dict[str, str] = field(default_factory=dict)


_FIELDS = {
    "tester notes": "tester_notes",
    "change notes": "change_notes",
    "introduction": "intro",
    "categories": "categories",
}
_FIELD = re.compile(rf"(?i)\s*({'|'.join(_FIELDS)})\s*:[ \t]*(.*)")
_SIGN_OFF = frozenset({"sign off", "sign-off", "signoff"})
_UNTESTED = frozenset(f"{words} untested" for words in _SIGN_OFF)
_HAND_IN = "hand in"


def deed_on_preview(text: str) -> Asked | None:
    """The first line is the word; None for an answer that is just words."""
    first, _break, rest = text.strip().partition("\n")
    word = _plain(first)
    if word in _SIGN_OFF | _UNTESTED:
        return Asked(Deed.SIGN_OFF, rest.strip(), word in _UNTESTED)
    return Asked(Deed.REFUSE, rest.strip()) if word == "refuse" else None


def deed_on_draft(text: str) -> Asked | None:
    """Fields of the form, each from its name to the next one's, and "hand in" as the last line or alone."""
    lines = text.strip().split("\n")
    hands_in = _plain(lines[-1]) == _HAND_IN
    fields, before = _fields(lines[:-1] if hands_in else lines)
    if before or not (hands_in or fields):
        return None
    return Asked(Deed.HAND_IN if hands_in else Deed.FILL_IN, fields=fields)


def _fields(lines: list[str]) -> tuple[dict[str, str], str]:
    """The fields, and what stands before the first of them."""
    found: dict[str, list[str]] = {}
    before: list[str] = []
    into = before
    for line in lines:
        match = _FIELD.fullmatch(line)
        if match:
            into = found[_FIELDS[match[1].lower()]] = [match[2]]
        else:
            into.append(line)
    return {name: "\n".join(part).strip() for name, part in found.items()}, "\n".join(before).strip()


def _plain(line: str) -> str:
    return " ".join(line.split()).rstrip(".!").lower()
