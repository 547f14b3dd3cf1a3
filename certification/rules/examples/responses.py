"""Examples of the rules over responses."""

from __future__ import annotations

from typing import Any

from certification.rules.examples.case import Case, Examples, one

_GET = "/paths/~1harbours~1{harbourId}~1tides/get"
_RESPONSES = f"{_GET}/responses"
_ACCOUNT = "/paths/~1account/get/responses"
_OK, _DEFAULT = f"{_RESPONSES}/200", f"{_RESPONSES}/default"
_TIDES = {"$ref": "#/definitions/TideList"}
_ANSWER = {"description": "The tides.", "schema": _TIDES}
_FAILED = {"description": "The request failed."}


def _shared(name: str, response: Any, **more: Any) -> Case:
    """A case in which the default response of an operation refers to a shared one."""
    return Case(
        set={"/responses": {name: response}, _DEFAULT: {"$ref": f"#/responses/{name}"}},
        **more,
    )


CASES: dict[str, Examples] = {
    "RSP-001": Examples(
        bad=(
            Case(remove=(_ACCOUNT,), at="/paths/~1account/get", also=("RSP-026", "RSP-026b")),
            one(_ACCOUNT, {}, also=("RSP-026", "RSP-026b")),
            one(_ACCOUNT, [], also=("RSP-026", "RSP-026b")),
        ),
        good=(one(_RESPONSES, {"200": _ANSWER}),),
    ),
    "RSP-002": Examples(
        bad=(one(f"{_RESPONSES}/2XX", _FAILED), one(f"{_RESPONSES}/ 404", _FAILED)),
        good=(
            one(f"{_RESPONSES}/404", _FAILED),
            one(f"{_RESPONSES}/404", _FAILED | {"x-ms-summary": "Failed"}),
        ),
    ),
    "RSP-003": Examples(
        bad=(
            one(_ACCOUNT, {"302": _FAILED}, also=("RSP-026", "RSP-026b")),
            one(_ACCOUNT, {"default": _ANSWER}, also=("RSP-004", "RSP-020", "RSP-026", "RSP-026b")),
        ),
        good=(one(_RESPONSES, {"201": _ANSWER}),),
    ),
    "RSP-004": Examples(
        bad=(
            one(
                _ACCOUNT,
                {"default": _FAILED},
                at=f"{_ACCOUNT}/default",
                also=("RSP-003", "RSP-026", "RSP-026b"),
            ),
            one(
                _ACCOUNT,
                {"default": _ANSWER},
                at=f"{_ACCOUNT}/default",
                also=("RSP-003", "RSP-020", "RSP-026", "RSP-026b"),
            ),
        ),
        good=(one(_RESPONSES, {"200": _ANSWER, "default": _FAILED}),),
    ),
    "RSP-005": Examples(
        bad=(one(f"{_RESPONSES}/404", "Not found"),),
        good=(one(f"{_RESPONSES}/404", {"description": "Not found"}),),
    ),
    "RSP-006": Examples(
        bad=(
            one(f"{_RESPONSES}/404", {}),
            one(f"{_RESPONSES}/404", {"description": None}, at=f"{_RESPONSES}/404/description"),
        ),
        good=(one(f"{_RESPONSES}/404", {"description": "Not found"}),),
    ),
    "RSP-007": Examples(
        bad=(one(f"{_OK}/description", ""), one(f"{_OK}/description", " ")),
        good=(one(f"{_OK}/description", "OK"),),
    ),
    "RSP-008": Examples(
        bad=(one(f"{_OK}/content", {}), one(f"{_OK}/Headers", {})),
        good=(one(f"{_OK}/x-ms-summary", "Tides"),),
    ),
    "RSP-010": Examples(
        bad=(
            one(_DEFAULT, {"$ref": "#/definitions/TideList"}, at=f"{_DEFAULT}/$ref"),
            one(_DEFAULT, {"$ref": 5}, at=f"{_DEFAULT}/$ref"),
            Case(
                set={"/responses": {"Failed": _FAILED}, _DEFAULT: {"$ref": "Failed"}},
                at=f"{_DEFAULT}/$ref",
                also=("ENG-010", "RSP-060"),
            ),
        ),
        good=(_shared("Failed", _FAILED),),
    ),
    "RSP-011": Examples(
        bad=(
            one(_DEFAULT, {"$ref": "#/responses/Failed"}, at=f"{_DEFAULT}/$ref"),
            Case(
                set={"/responses": {"Failed": _FAILED}, _DEFAULT: {"$ref": "#/responses/failed"}},
                at=f"{_DEFAULT}/$ref",
                also=("RSP-060",),
            ),
        ),
        good=(_shared("Failed", _FAILED),),
    ),
    "RSP-012": Examples(
        bad=(
            Case(
                set={
                    "/responses": {"Failed": {"$ref": "#/responses/Error"}, "Error": _FAILED},
                    _DEFAULT: {"$ref": "#/responses/Failed"},
                },
                at="/responses/Failed/$ref",
            ),
        ),
        good=(_shared("Failed", _FAILED),),
    ),
    "RSP-020": Examples(
        bad=(one(f"{_DEFAULT}/schema", _TIDES, also=("RSP-024",)),),
        good=(one(f"{_DEFAULT}/headers", {"Retry-After": {"type": "integer", "format": "int32"}}),),
    ),
    "RSP-021": Examples(
        bad=(
            one(
                f"{_RESPONSES}/404",
                {"description": "Not found", "schema": _TIDES},
                at=f"{_RESPONSES}/404/schema",
                also=("RSP-024",),
            ),
        ),
        good=(one(f"{_RESPONSES}/404", {"description": "Not found"}),),
    ),
    "RSP-022": Examples(
        bad=(
            one(f"{_ACCOUNT}/200/schema", {}, also=("SCH-011",)),
            one(f"{_DEFAULT}/schema", {}, also=("RSP-020", "RSP-024", "SCH-011")),
        ),
        good=(one(f"{_ACCOUNT}/200/schema", {"type": "string"}),),
    ),
    "RSP-023": Examples(
        bad=(one(f"{_ACCOUNT}/200/schema", {"type": "object", "title": "Account"}, also=("SCH-034",)),),
        good=(one(f"{_ACCOUNT}/200/schema", {"type": "object", "allOf": [_TIDES]}),),
        good_breaks=("SCH-035",),
    ),
    "RSP-024": Examples(
        bad=(one(f"{_RESPONSES}/302", _ANSWER, at=_RESPONSES),),
        good=(one(f"{_RESPONSES}/302", _FAILED),),
    ),
    "RSP-025": Examples(
        bad=(one(f"{_RESPONSES}/201", _ANSWER, at=_RESPONSES, also=("RSP-024",)),),
        good=(one(f"{_RESPONSES}/204", {"description": "There are no tides."}),),
    ),
    "RSP-026": Examples(
        bad=(
            Case(
                set={
                    "/paths/~1account/post": {
                        "operationId": "RenewAccount",
                        "summary": "Renew account",
                        "description": "Renews the account that the key belongs to.",
                        "x-ms-visibility": "advanced",
                        "tags": ["Tides"],
                        "responses": {"204": {"description": "The account was renewed."}},
                    }
                },
                at="/paths/~1account/post/responses",
                also=("DOC-025",),
            ),
        ),
        good=(one(_RESPONSES, {"201": _ANSWER}),),
    ),
    "RSP-026b": Examples(
        bad=(Case(remove=(f"{_ACCOUNT}/200/schema",), at=_ACCOUNT, also=("RSP-026",)),),
        good=(
            Case(
                set={"/paths/~1account/get/x-ms-visibility": "internal"},
                remove=(f"{_ACCOUNT}/200/schema",),
            ),
        ),
    ),
    "RSP-030": Examples(
        bad=(one(f"{_OK}/examples", {"text/xml": "<tides/>"}, at=f"{_OK}/examples/text~1xml"),),
        good=(one(f"{_OK}/examples", {"application/json; charset=utf-8": {"tides": []}}),),
    ),
    "RSP-031": Examples(
        bad=(
            one(f"{_OK}/examples", {"tides": []}, at=f"{_OK}/examples/tides"),
            one(f"{_OK}/examples", [{"tides": []}]),
        ),
        good=(one(f"{_OK}/examples", {"application/json": {"tides": []}}),),
    ),
    "RSP-032": Examples(
        bad=(
            one(f"{_OK}/headers", {"ETag": {"description": "The version."}}, at=f"{_OK}/headers/ETag"),
            one(f"{_OK}/headers", {"ETag": "string"}, at=f"{_OK}/headers/ETag"),
        ),
        good=(one(f"{_OK}/headers", {"ETag": {"type": "string"}}),),
    ),
    "RSP-033": Examples(
        bad=(
            one(
                f"{_OK}/headers",
                {"ETag": {"type": "string"}, "Etag": {"type": "string"}},
                at=f"{_OK}/headers/Etag",
            ),
        ),
        good=(one(f"{_OK}/headers", {"ETag": {"type": "string"}, "E-Tag": {"type": "string"}}),),
    ),
    "RSP-060": Examples(
        bad=(one("/responses", {"Failed": _FAILED}, at="/responses/Failed"),),
        good=(_shared("Failed", _FAILED),),
    ),
}
