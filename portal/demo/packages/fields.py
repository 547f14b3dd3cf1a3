"""The short notation of the demo connectors for fields, and the JSON schemas made of it.

A field is written as `name:kind! Label | Description.`; the kind defaults to text and `!` means required:

    "code! Code | The short code of the harbour."
    "level:double Level | The water level in metres."
    "state:open,closed State | Whether boats may enter."
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

_NOTATION = re.compile(
    r"(?P<name>\w+)(?::(?P<kind>[\w,-]+))?(?P<required>!?) (?P<label>[^|]+) \| (?P<text>.+)"
)
_KINDS: dict[str, dict[str, str]] = {
    "text": {"type": "string"},
    "date": {"type": "string", "format": "date"},
    "time": {"type": "string", "format": "date-time"},
    "mail": {"type": "string", "format": "email"},
    "link": {"type": "string", "format": "uri"},
    "int": {"type": "integer", "format": "int32"},
    "long": {"type": "integer", "format": "int64"},
    "double": {"type": "number", "format": "double"},
    "flag": {"type": "boolean"},
}


@dataclass(frozen=True, slots=True)
class Field:
    """One value of a request or an answer. `schema` holds its type and format, or its enumeration."""

    name: str
    label: str
    text: str
    schema: dict[str, Any]
    is_required: bool = False
    is_list: bool = False

    def as_property(self) -> dict[str, Any]:
        """The field inside an object."""
        about = {"description": self.text, "x-ms-summary": self.label}
        if self.is_list:
            return {"type": "array", "items": dict(self.schema), **about}
        return {**self.schema, **about}

    def as_parameter(self, place: str) -> dict[str, Any]:
        """The field as a parameter in `query`, `header` or `path`."""
        parameter: dict[str, Any] = {
            "name": self.name,
            "in": place,
            "required": self.is_required or place == "path",
            **self.schema,
            "x-ms-summary": self.label,
            "description": self.text,
        }
        if place == "path":
            parameter["x-ms-url-encoding"] = "single"
        return parameter


def field(notation: str) -> Field:
    """Read one field. Raises ValueError for anything that is not in the notation."""
    found = _NOTATION.fullmatch(notation)
    if found is None:
        raise ValueError(f"not a field: {notation!r}")
    kind = found["kind"] or "text"
    return Field(
        name=found["name"],
        label=found["label"].strip(),
        text=found["text"].strip(),
        schema=_schema_of(kind.removesuffix("-list")),
        is_required=bool(found["required"]),
        is_list=kind.endswith("-list"),
    )


def fields(notations: Iterable[str]) -> tuple[Field, ...]:
    return tuple(field(notation) for notation in notations)


def _schema_of(kind: str) -> dict[str, Any]:
    if kind in _KINDS:
        return dict(_KINDS[kind])
    values = kind.split(",")
    if len(values) < 2:
        raise ValueError(f"{kind!r} is neither a kind of field nor a list of values")
    return {"type": "string", "enum": values}


def object_of(members: Iterable[Field], *, with_required: bool = False) -> dict[str, Any]:
    """The JSON schema of an object with these fields."""
    listed = list(members)
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {member.name: member.as_property() for member in listed},
    }
    required = [member.name for member in listed if member.is_required]
    if with_required and required:
        schema["required"] = required
    return schema
