"""The number that a new version should carry."""

from __future__ import annotations

import re

from connectors.definitions.diff.changes import Difference

_NUMBERED = re.compile(
    r"(?P<head>[vV]?)(?P<numbers>[0-9]{1,18}(?:\.[0-9]{1,18}){0,3})(?P<tail>[-+][0-9A-Za-z.+-]*)?"
)
_DATED = re.compile(r"(?P<date>\d{4}-\d{2}-\d{2})(?:\.(?P<count>\d{1,9}))?")
_FIRST = "1.0.0"
_PLACE = {"breaking": 0, "behavioural": 1, "additive": 1, "cosmetic": 2}


def propose_version(old_version: str, difference: Difference) -> str:
    """The next version number: a breaking change raises the first number, any other change of what the
    connector does the second, one of texts and pictures the third.

    The form is kept ("1.0", "v2", "1.2.3", "1.4-beta"): where the number to raise does not exist, the last
    one is raised. A date gets a counter. Never lower than before; the same when nothing changed.
    """
    version = old_version.strip()
    if difference.impact is None:
        return version
    dated = _DATED.fullmatch(version)
    if dated:
        return f"{dated['date']}.{int(dated['count'] or 0) + 1}"
    numbered = _NUMBERED.fullmatch(version)
    if not numbered:
        return _FIRST
    numbers = numbered["numbers"].split(".")
    place = min(_PLACE[difference.impact], len(numbers) - 1)
    # "01" stays two digits wide.
    raised = str(int(numbers[place]) + 1).zfill(len(numbers[place]))
    lower = ["0" * len(number) if number.startswith("0") else "0" for number in numbers[place + 1 :]]
    return numbered["head"] + ".".join([*numbers[:place], raised, *lower]) + (numbered["tail"] or "")
