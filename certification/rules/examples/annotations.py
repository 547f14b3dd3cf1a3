"""Examples of the rules over revisions of operations."""

from __future__ import annotations

from typing import Any

from certification.rules.examples import base
from certification.rules.examples.case import Case, Examples, one

_GET = "/paths/~1account/get"
_NOTE = f"{_GET}/x-ms-api-annotation"
_INFO = "/info/x-ms-api-annotation"
_SECOND = "/paths/~1account~1v2/get"
_THIRD = "/paths/~1account~1v3/get"
_ACCOUNT: dict[str, Any] = base.DEFINITION["paths"]["/account"]["get"]
_OLD: dict[str, Any] = {"deprecated": True, "summary": "Get account (deprecated)"}
_REPLACEMENT = {"api": "harbourtides", "operationId": "GetAccount_V2"}


def _operation(revision: int, annotation: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """A revision of GetAccount as an operation on a path of its own."""
    return _ACCOUNT | {
        "operationId": f"GetAccount_V{revision}",
        "summary": f"Get account V{revision}",
        "description": f"Gives the name of the account that the key of generation {revision} belongs to.",
        "x-ms-api-annotation": {"family": "GetAccount", "revision": revision}
        if annotation is None
        else annotation,
        **more,
    }


def _family(
    first: dict[str, Any], *others: dict[str, Any], old: bool = False, at: str = "", **more: Any
) -> Case:
    """GetAccount with this annotation, and further revisions on other paths; `old` deprecates the first."""
    changes: dict[str, Any] = {_NOTE: first}
    if old:
        changes |= {f"{_GET}/{name}": value for name, value in _OLD.items()}
    for number, operation in enumerate(others, 2):
        changes[f"/paths/~1account~1v{number}"] = {"get": operation}
    summaries = [_OLD["summary"], *(operation["summary"] for operation in others)]
    readme = f"{base.README}\n## Further operations\n\n{', '.join(summaries)}.\n"
    return Case(set=changes, at=at, files={"readme.md": readme}, **more)


def _note(**members: Any) -> dict[str, Any]:
    return {"family": "GetAccount", **members}


CASES: dict[str, Examples] = {
    "UPD-050": Examples(
        bad=(Case(set={f"{_GET}/deprecated": True}, at=f"{_GET}/summary"),),
        good=(
            Case(set={f"{_GET}/deprecated": True, f"{_GET}/summary": "Get account (Deprecated)"}),
            one(f"{_GET}/deprecated", False),
        ),
    ),
    "UPD-060": Examples(
        bad=(
            _family(_note(revision=1, version=1), at=f"{_NOTE}/version"),
            one(_INFO, {"Status": "Preview"}, at=f"{_INFO}/Status"),
        ),
        good=(_family(_note(revision=1, status="Preview", expires="2030-01-01")),),
    ),
    "UPD-061": Examples(
        bad=(
            _family(_note(revision=1, status="production"), at=f"{_NOTE}/status"),
            one(_INFO, {"status": "Beta"}, at=f"{_INFO}/status"),
        ),
        good=(one(_INFO, {"status": "Production"}),),
    ),
    "UPD-062": Examples(
        bad=(
            _family(_note(revision="1"), at=f"{_NOTE}/revision"),
            _family(_note(revision=0), at=f"{_NOTE}/revision"),
            _family(_note(revision=True), at=f"{_NOTE}/revision"),
        ),
        good=(_family(_note(revision=1)),),
    ),
    "UPD-063": Examples(
        bad=(_family(_note(revision=2), at=f"{_GET}/operationId"),),
        good=(_family(_note(revision=1), _operation(2)),),
    ),
    "UPD-064": Examples(
        bad=(_family(_note(status="Production"), at=_NOTE),),
        good=(_family({"status": "Production"}), _family(_note(revision=1))),
    ),
    "UPD-065": Examples(
        bad=(_family(_note(revision=1, replacement=_REPLACEMENT), at=f"{_NOTE}/replacement"),),
        good=(_family(_note(revision=1, replacement=_REPLACEMENT), _operation(2), old=True),),
    ),
    "UPD-066": Examples(
        bad=(
            _family(
                _note(revision=1, replacement={"operationId": "GetAccount_V2"}),
                _operation(2),
                old=True,
                at=f"{_NOTE}/replacement",
            ),
        ),
        good=(_family(_note(revision=1, replacement=_REPLACEMENT), _operation(2), old=True),),
    ),
    "UPD-067": Examples(
        bad=(
            _family(
                _note(revision=1, replacement=_REPLACEMENT | {"operationId": ""}),
                _operation(2),
                old=True,
                at=f"{_NOTE}/replacement/operationId",
            ),
        ),
        good=(_family(_note(revision=1, replacement=_REPLACEMENT), _operation(2), old=True),),
    ),
    "UPD-070": Examples(
        bad=(
            _family(
                _note(revision=2),
                _operation(2),
                at=f"{_SECOND}/x-ms-api-annotation/revision",
                also=("UPD-063",),
            ),
        ),
        good=(_family(_note(revision=1), _operation(2)),),
    ),
    "UPD-071": Examples(
        bad=(_family(_note(revision=1), _operation(2), _operation(3), at=f"{_NOTE}/family"),),
        good=(_family(_note(revision=1), _operation(2), _operation(3), old=True),),
    ),
    "UPD-072": Examples(
        bad=(
            _family(
                _note(revision=1, status="Production"),
                _operation(2, _note(revision=2, status="Production")),
                at=f"{_NOTE}/status",
            ),
        ),
        good=(
            _family(
                _note(revision=1, status="Production"), _operation(2, _note(revision=2, status="Preview"))
            ),
        ),
    ),
    "UPD-073": Examples(
        bad=(
            _family(
                {"family": "GetAccount", "status": "Preview"},
                _operation(2, {"family": "GetAccount"}),
                at=f"{_SECOND}/x-ms-api-annotation",
                also=("UPD-064", "UPD-070"),
            ),
        ),
        good=(_family(_note(revision=1), _operation(2)),),
    ),
    "UPD-074": Examples(
        bad=(
            Case(
                set={_INFO: {"status": "Preview"}, _NOTE: _note(revision=1, status="Production")},
                at=f"{_NOTE}/status",
            ),
        ),
        good=(
            Case(set={_INFO: {"status": "Production"}, _NOTE: _note(revision=1, status="Production")}),
            Case(set={_INFO: {"status": "Preview"}, _NOTE: _note(revision=1, status="Preview")}),
        ),
    ),
    "UPD-075": Examples(
        bad=(
            Case(set={"/basePath": "/beta", _INFO: {"status": "Production"}}, at=f"{_INFO}/status"),
            Case(
                set={"/host": "preview.tides.example", _NOTE: _note(revision=1, status="Production")},
                at=f"{_NOTE}/status",
            ),
        ),
        good=(
            Case(set={"/basePath": "/beta", _INFO: {"status": "Preview"}}),
            Case(set={"/basePath": "/alphabet", _INFO: {"status": "Production"}}),
        ),
    ),
}
