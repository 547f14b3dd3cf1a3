"""Replies that are used again and again: a text with variables in braces, and what these stand for."""

from __future__ import annotations

import re
from collections.abc import Mapping

from portal.shared.words import lazy as _lazy

VARIABLES: Mapping[str, str] = {
    "connector": _lazy("name of the connector"),
    "publisher": _lazy("name of the team"),
    "reference": _lazy("number of the submission, such as S-1042"),
    "reviewer": _lazy("your name"),
    "place": _lazy("where the comment stands, in words"),
    "operation": _lazy("operationId of the operation that the place belongs to"),
    "rule": _lazy("id of the rule that was broken there"),
    "rule_title": _lazy("what that rule asks for"),
    "rule_url": _lazy("address of the rule's page with examples"),
}
_VARIABLE = re.compile(r"\{([a-z_]{1,40})\}")


def unknown_variables(text: str) -> list[str]:
    """Names in braces that stand for nothing, in their order."""
    return list(dict.fromkeys(name for name in _VARIABLE.findall(text) if name not in VARIABLES))


def filled(text: str, values: Mapping[str, str]) -> str:
    """The text with its variables; one without a value stays in braces, so that the writer sees the gap."""
    return _VARIABLE.sub(lambda match: values.get(match[1], "") or match[0], text)
