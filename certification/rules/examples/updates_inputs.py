"""Examples of updates: what flows send."""

from __future__ import annotations

from typing import Any

from certification.rules.examples import base
from certification.rules.examples.case import Case, Examples
from certification.rules.examples.updates_operations import GET, update

_PARAMETERS = f"{GET}/parameters"
_AT = f"{_PARAMETERS}/1"
_HARBOUR: dict[str, Any] = base.DEFINITION["paths"]["/harbours/{harbourId}/tides"]["get"]["parameters"][0]
_DAYS: dict[str, Any] = {
    "name": "days",
    "in": "query",
    "type": "integer",
    "format": "int32",
    "x-ms-summary": "Days",
    "description": "For how many days tides are listed.",
}
_KIND: dict[str, Any] = {
    "name": "kind",
    "in": "query",
    "type": "string",
    "x-ms-summary": "Kind",
    "description": "Which tides are listed.",
}
_KINDS = _KIND | {"type": "array", "items": {"type": "string"}}
_HIGH_LOW = ["high", "low"]

_NOTE = "/paths/~1notes"
_SCHEMA = f"{_NOTE}/post/parameters/0/schema"
_TEXT = {"type": "string", "description": "What the note says.", "x-ms-summary": "Text"}
_AUTHOR: dict[str, Any] = {
    "type": "object",
    "description": "Who wrote it.",
    "x-ms-summary": "Author",
    "properties": {"name": {"type": "string", "description": "The name.", "x-ms-summary": "Name"}},
}
_README = base.README.replace("## Obtaining", "### Add note\n\nAdds a note to a tide.\n\n## Obtaining")


def _with(parameter: dict[str, Any], **changed: Any) -> Case:
    """List tides with a second parameter, these members of it changed (None: absent)."""
    value = {name: member for name, member in (parameter | changed).items() if member is not None}
    return Case(set={_PARAMETERS: [_HARBOUR, value]})


def _change(
    parameter: dict[str, Any], old: dict[str, Any], new: dict[str, Any], at: str = "", **more: Any
) -> Case:
    return update(_with(parameter, **old), _with(parameter, **new), at=_AT + at, **more)


def _note(required: tuple[str, ...] = ("text",), **fields: Any) -> Case:
    """An operation with a body of these fields."""
    schema = {"type": "object", "required": list(required), "properties": {"text": _TEXT} | fields}
    operation = {
        "operationId": "AddNote",
        "summary": "Add note",
        "description": "Adds a note to a tide.",
        "x-ms-visibility": "important",
        "tags": ["Tides"],
        "parameters": [
            {
                "name": "body",
                "in": "body",
                "required": True,
                "x-ms-summary": "Note",
                "description": "The note.",
                "schema": schema,
            }
        ],
        "responses": {
            "200": {
                "description": "The note was added.",
                "schema": {"type": "object", "properties": {"text": _TEXT}},
            },
            "default": {"description": "The request failed."},
        },
    }
    return Case(set={_NOTE: {"post": operation}}, files={"readme.md": _README})


CASES: dict[str, Examples] = {
    "UPD-005": Examples(
        bad=(
            update(_with(_DAYS), at=GET),
            update(_note(author=_AUTHOR), _note(), at=_SCHEMA),
        ),
        good=(_change(_DAYS, {}, {"x-ms-visibility": "advanced"}),),
    ),
    "UPD-006": Examples(
        bad=(
            update({}, _with(_DAYS, required=True), at=_AT),
            update(_note(), _note(("text", "author"), author=_AUTHOR), at=f"{_SCHEMA}/properties/author"),
        ),
        good=(update({}, _with(_DAYS)),),
        good_breaks=("UPD-015",),
    ),
    "UPD-006b": Examples(
        bad=(
            update(
                _note(),
                _note(author=_AUTHOR | {"required": ["name"]}),
                at=f"{_SCHEMA}/properties/author/properties/name",
                also=("UPD-015",),
            ),
        ),
        good=(update(_note(), _note(author=_AUTHOR)),),
        good_breaks=("UPD-015",),
    ),
    "UPD-007": Examples(
        bad=(
            _change(_DAYS, {"required": False}, {"required": True}, "/required"),
            update(
                _note(author=_AUTHOR),
                _note(("text", "author"), author=_AUTHOR),
                at=f"{_SCHEMA}/properties/author",
            ),
        ),
        good=(_change(_DAYS, {"required": False}, {"required": None}),),
    ),
    "UPD-008": Examples(
        bad=(_change(_DAYS, {}, {"in": "header"}),),
        good=(update(Case(set={_PARAMETERS: [_DAYS, _HARBOUR]}), _with(_DAYS)),),
    ),
    "UPD-009": Examples(
        bad=(
            _change(_DAYS, {}, {"type": "string", "format": None}, "/type"),
            _change(_DAYS, {"format": None}, {"type": "number", "format": None}, "/type"),
        ),
        good=(_change(_DAYS, {"minimum": 1}, {"minimum": 0}),),
    ),
    "UPD-010": Examples(
        bad=(
            _change(_DAYS, {"format": "int64"}, {}, "/format"),
            _change(_DAYS, {}, {"format": "int64"}, "/format"),
        ),
        good=(_change(_DAYS, {"description": "How many days."}, {}),),
    ),
    "UPD-011": Examples(
        bad=(_change(_KIND, {"enum": [*_HIGH_LOW, "slack"]}, {"enum": _HIGH_LOW}, "/enum"),),
        good=(_change(_KIND, {"enum": _HIGH_LOW}, {"enum": ["slack", "low", "high"]}),),
    ),
    "UPD-012": Examples(
        bad=(_change(_KIND, {}, {"enum": _HIGH_LOW}, "/enum"),),
        good=(_change(_KIND, {"enum": _HIGH_LOW}, {}),),
    ),
    "UPD-013": Examples(
        bad=(
            _change(_DAYS, {"default": 7}, {"default": 3}, "/default"),
            _change(_DAYS, {"default": 7}, {}),
        ),
        good=(_change(_DAYS, {"default": 7, "maximum": 14}, {"default": 7}),),
    ),
    "UPD-014": Examples(
        bad=(
            _change(
                _DAYS,
                {"default": 7, "required": True},
                {"default": 7, "required": True, "x-ms-visibility": "internal"},
                "/x-ms-visibility",
            ),
        ),
        good=(_change(_DAYS, {"x-ms-visibility": "important"}, {"x-ms-visibility": "advanced"}),),
    ),
    "UPD-015": Examples(
        bad=(
            update({}, _with(_DAYS), at=_AT),
            update(_note(), _note(author=_AUTHOR), at=f"{_SCHEMA}/properties/author"),
        ),
        good=(update(_note(), _note(("text", "author"), author=_AUTHOR)),),
        good_breaks=("UPD-006",),
    ),
    "UPD-016": Examples(
        bad=(_change(_DAYS, {"required": True}, {"required": False}, "/required"),),
        good=(_change(_DAYS, {"required": None}, {"required": False}),),
    ),
    "UPD-017": Examples(
        bad=(
            _change(_DAYS, {"maximum": 14}, {"maximum": 7}, "/maximum"),
            _change(_DAYS, {}, {"minimum": 1}, "/minimum"),
        ),
        good=(_change(_DAYS, {"maximum": 7}, {"maximum": 14}),),
    ),
    "UPD-018": Examples(
        bad=(_change(_KIND, {"pattern": "^[a-z]+$"}, {"pattern": "^[a-z]$"}, "/pattern"),),
        good=(_change(_KIND, {"pattern": "^[a-z]+$"}, {}),),
    ),
    "UPD-019": Examples(
        bad=(_change(_KINDS, {}, {"collectionFormat": "multi"}, "/collectionFormat"),),
        good=(_change(_KINDS, {}, {"collectionFormat": "csv"}),),
    ),
}
