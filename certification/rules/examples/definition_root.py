"""Examples of the rules over the root of the definition and its texts."""

from __future__ import annotations

import json

from certification.rules.examples import base
from certification.rules.examples.case import DEFINITION, Case, Examples, one

_GET = "/paths/~1harbours~1{harbourId}~1tides/get"
_TEXT = json.dumps(base.DEFINITION, indent=2)
_LEVEL = "/definitions/TideList/properties/tides/description"


def _long(characters: int, letter: str = "x") -> str:
    """The definition, blown up to more than `characters` by a text that no rule looks at."""
    documentation = {"url": "https://tides.example/docs", "description": letter * characters}
    return json.dumps({**base.DEFINITION, "externalDocs": documentation}, ensure_ascii=False)


CASES: dict[str, Examples] = {
    "DEF-001": Examples(bad=(Case(files={DEFINITION: "[]\n"}),), good=(Case(show='{"swagger": "2.0"}\n'),)),
    "DEF-002": Examples(
        bad=(one("/swagger", "3.0"), one("/swagger", 2.0), Case(remove=("/swagger",), at="")),
        good=(one("/swagger", "2.0"),),
    ),
    "DEF-003": Examples(
        bad=(
            Case(set={"/openapi": "3.0.1"}, remove=("/swagger",), at="/openapi", also=("DEF-002", "DEF-004")),
            one("/servers", [{"url": "https://api.tides.example"}], also=("DEF-004",)),
        ),
        good=(one("/swagger", "2.0"),),
    ),
    "DEF-004": Examples(
        bad=(one("/basepath", "/v1"),),
        good=(one("/x-ms-capabilities/file-picker", {"open": {"operationId": "GetAccount"}}),),
    ),
    "DEF-005": Examples(
        bad=(
            Case(remove=("/paths",), at="", also=("EXT-064", "OPR-002", "SCH-060")),
            one("/info", "Harbour Tides"),
        ),
        good=(Case(show='{"info": {"title": "Harbour Tides"}, "paths": {"/tides": {}}}\n'),),
    ),
    "DEF-006": Examples(
        bad=(one("/tags", [{"name": "Tides"}, {"name": "Tides"}], at="/tags/1/name"),),
        good=(one("/tags", [{"name": "Tides"}, {"name": "tides"}]),),
    ),
    "DEF-007": Examples(
        bad=(one("/consumes", []), one("/responses", {})),
        good=(one("/consumes", ["application/json"]),),
    ),
    "DEF-008": Examples(
        bad=(
            one(_LEVEL, ""),
            one(f"{_GET}/parameters/0/description", " ", also=("PRM-021",)),
            one(_LEVEL, 5),
        ),
        good=(one("/definitions/TideList/properties/description", {"type": "string"}),),
    ),
    "DEF-009": Examples(
        bad=(
            one(_LEVEL, "The tides for Power Automate."),
            one(f"{_GET}/summary", "List tides in Power Apps", also=("DOC-025",)),
            one(f"{_GET}/parameters/0/x-ms-summary", "Logic Apps harbour"),
        ),
        good=(one(_LEVEL, "The tides that power the logic of apps."),),
    ),
    "DEF-010": Examples(
        bad=(
            Case(
                files={DEFINITION: _long(1_048_576)},
                also=("DEF-011",),
                show=f"{DEFINITION}: 1,051,412 bytes\n",
            ),
        ),
        good=(Case(files={DEFINITION: _long(400_000)}, show=f"{DEFINITION}: 402,836 bytes\n"),),
    ),
    "DEF-011": Examples(
        bad=(Case(files={DEFINITION: _long(500_000)}, show=f"{DEFINITION}: 502,836 characters\n"),),
        good=(
            Case(
                files={DEFINITION: _long(300_000, "é")},
                show=f"{DEFINITION}: 302,836 characters in 602,836 bytes\n",
            ),
        ),
    ),
    "DEF-012": Examples(
        bad=(one("/paths", {}, also=("EXT-064", "OPR-002", "SCH-060")),),
        good=(Case(show='{"paths": {"/tides": {"get": {}}}}\n'),),
    ),
    "DEF-013": Examples(
        bad=(
            Case(
                files={DEFINITION: _TEXT.replace("\n  ", "\n\t")}, line=2, show='{\n\t"swagger": "2.0"\n}\n'
            ),
            Case(
                files={DEFINITION: _TEXT.replace('"2.0",\n', '"2.0",  \r\n')},
                line=2,
                show='"swagger": "2.0",  \n',
            ),
        ),
        good=(Case(show='{\n  "swagger": "2.0"\n}\n'),),
    ),
    "DEF-014": Examples(
        bad=(
            one(f"{_GET}/description", "TODO: describe the operation."),
            one(_LEVEL, "Lorem ipsum dolor sit amet."),
            one("/info/contact/name", "Contoso Harbours"),
        ),
        good=(
            one("/info/contact/name", "Harbour Office"),
            one(_LEVEL, "The tides, e.g. for skipper@contoso.com."),
        ),
    ),
}
