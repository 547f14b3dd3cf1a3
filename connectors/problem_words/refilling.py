"""A sentence whose values are filled in, told by another template with the same values."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from string import Formatter


def values_of(template: str, text: str, *, fields: tuple[tuple[str, str], ...] = ()) -> dict[str, str] | None:
    """The values that made `text` of `template`; None when it was not made of it, or could be in two ways.

    `fields` gives patterns to fields that do not hold just anything.
    """
    short, long = _patterns(template, fields)
    found = short.fullmatch(text)
    # Two ways to read it: rather the old sentence than values in each other's place.
    again = long.fullmatch(text)
    if found is None or again is None or found.groupdict() != again.groupdict():
        return None
    return found.groupdict()


@functools.lru_cache(maxsize=4096)
def _patterns(template: str, fields: tuple[tuple[str, str], ...]) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """The template as patterns that give each field as little, and as much, as can be."""
    return _pattern(template, dict(fields), ".*?"), _pattern(template, dict(fields), ".*")


def _pattern(template: str, fields: Mapping[str, str], anything: str) -> re.Pattern[str]:
    parts, seen = [], set[str]()
    for literal, field, _spec, _conversion in Formatter().parse(template):
        parts.append(re.escape(literal))
        if field is not None:
            known = f"(?P={field})" if field in seen else f"(?P<{field}>{fields.get(field, anything)})"
            parts.append(known)
            seen.add(field)
    return re.compile("".join(parts), re.DOTALL)
