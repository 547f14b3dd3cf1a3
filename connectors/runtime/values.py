"""From what was typed to what goes into a request: one value by its declared type, lists by their format."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from connectors.runtime.operations import Input

SEPARATORS = {"csv": ",", "ssv": " ", "tsv": "\t", "pipes": "|"}
_LONGEST_SHOWN = 40


class Unfit(ValueError):
    """The value does not fit its declaration; the text says how."""


def plain(schema: Mapping[str, Any], value: Any) -> str:
    """The text of a single value as it travels. Raises `Unfit`."""
    kind = schema.get("type", "string")
    text = _boolean(value) if kind == "boolean" else _text(value)
    if kind == "integer":
        text = _integer(text)
    elif kind == "number":
        text = _number(text)
    choices = schema.get("enum")
    if isinstance(choices, list) and choices and text not in [_text(each) for each in choices]:
        shown = ", ".join(_text(each) for each in choices[:8])
        raise Unfit(f"“{_short(text)}” is not one of the choices: {shown}.")
    _check_length(schema, text)
    return text


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    if isinstance(value, (int, float)):
        return json.dumps(value)
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 1] + "…"


def _boolean(value: Any) -> str:
    text = _text(value).strip().lower()
    if text not in ("true", "false"):
        raise Unfit(f"“{_short(text)}” is neither true nor false.")
    return text


def _integer(text: str) -> str:
    stripped = text.strip()
    digits = stripped[1:] if stripped[:1] in "+-" else stripped
    if not (digits.isascii() and digits.isdigit()):
        raise Unfit(f"“{_short(text)}” is not a whole number.")
    return stripped


def _number(text: str) -> str:
    try:
        value = float(text.strip())
    except ValueError:
        raise Unfit(f"“{_short(text)}” is not a number.") from None
    if value != value or value in (float("inf"), float("-inf")):
        raise Unfit("A number must be finite.")
    return text.strip()


def _check_length(schema: Mapping[str, Any], text: str) -> None:
    most, least = schema.get("maxLength"), schema.get("minLength")
    if isinstance(most, int) and len(text) > most:
        raise Unfit(f"At most {most} characters; these are {len(text)}.")
    if isinstance(least, int) and len(text) < least:
        raise Unfit(f"At least {least} characters; these are {len(text)}.")


def listed(value: Any) -> list[Any]:
    """The items of a list as typed: a list, a JSON array, or one item per line."""
    if isinstance(value, (list, tuple)):
        return list(value)
    text = _text(value)
    if text.lstrip().startswith("["):
        try:
            found = json.loads(text)
        except ValueError:
            found = None
        if isinstance(found, list):
            return found
    return [line for line in text.splitlines() if line.strip()]


def items(declared: Input, value: Any) -> list[str]:
    """The texts of a list's items. Raises `Unfit`, naming the item."""
    schema = declared.schema.get("items")
    schema = schema if isinstance(schema, dict) else {}
    texts = []
    for number, item in enumerate(listed(value), start=1):
        try:
            texts.append(plain(schema, item))
        except Unfit as error:
            raise Unfit(f"Item {number}: {error}") from None
    _check_count(declared.schema, texts)
    return texts


def _check_count(schema: Mapping[str, Any], texts: Sequence[str]) -> None:
    most, least = schema.get("maxItems"), schema.get("minItems")
    if isinstance(most, int) and len(texts) > most:
        raise Unfit(f"At most {most} items; these are {len(texts)}.")
    if isinstance(least, int) and len(texts) < least:
        raise Unfit(f"At least {least} items; these are {len(texts)}.")


def joined(declared: Input, value: Any) -> str:
    """A list as one text, by its collection format. Raises `Unfit` where an item contains the separator."""
    separator = SEPARATORS.get(declared.collection, ",")
    texts = items(declared, value)
    for text in texts:
        if separator in text:
            raise Unfit(f"“{_short(text)}” contains “{separator}”, which separates the items of this list.")
    return separator.join(texts)


def repeated(declared: Input, value: Any) -> list[str]:
    """A value as it goes into a query or a form: once, or once for every item with the format “multi”."""
    if declared.type != "array":
        return [plain(declared.schema, value)]
    if declared.collection == "multi":
        return items(declared, value)
    return [joined(declared, value)]


def once(declared: Input, value: Any) -> str:
    """A value as it goes into a path or a header."""
    return joined(declared, value) if declared.type == "array" else plain(declared.schema, value)
