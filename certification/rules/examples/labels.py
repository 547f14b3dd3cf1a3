"""Examples of the rules over labels, descriptions and visibility of parameters and properties."""

from __future__ import annotations

from certification.rules.examples.case import Examples, one
from certification.rules.examples.parameters import (
    ABSENT,
    beside,
    body,
    level,
    posted,
    query,
    shared,
    with_body,
)

_LABEL, _TEXT = "/x-ms-summary", "/description"
_TIDES = "/definitions/TideList/properties/tides"
_TIME = f"{_TIDES}/items/properties/time"
_LONG = "The number of days to look ahead, of which the first is today. " * 8
_HIDDEN = {"x_ms_visibility": "internal"}
_PROPERTY = "/0/schema/properties/level"

CASES: dict[str, Examples] = {
    "PRM-020": Examples(
        bad=(
            beside(query(x_ms_summary=ABSENT)),
            shared(query(x_ms_summary=ABSENT)),
            beside(query(x_ms_summary=""), also=("PRM-029",)),
        ),
        good=(
            beside(query(x_ms_summary=ABSENT, default=3, required=True, **_HIDDEN)),
            beside(query(x_ms_summary="Days")),
        ),
    ),
    "PRM-020c": Examples(
        bad=(posted(body(x_ms_summary=ABSENT)), posted(body(x_ms_summary=" "))),
        good=(posted(body()),),
    ),
    "PRM-021": Examples(
        bad=(
            beside(query(description=ABSENT)),
            beside(query(description=" "), also=("DEF-008",)),
        ),
        good=(beside(query(description=ABSENT, default=3, required=True, **_HIDDEN)),),
    ),
    "PRM-021c": Examples(
        bad=(posted(body(description=ABSENT)), posted(body(description=""))),
        good=(posted(body()),),
    ),
    "PRM-022": Examples(
        bad=(beside(query(description="The days ahead"), _TEXT), beside(query(description="Days: "), _TEXT)),
        good=(
            beside(query(description="How many days ahead? ")),
            posted(body(description="The alert to create")),
        ),
    ),
    "PRM-023": Examples(
        bad=(
            beside(query(x_ms_summary="Number of days " * 5 + "onward"), _LABEL),
            one(f"{_TIME}{_LABEL}", "Time of the water " * 4 + "in the harbour"),
        ),
        good=(beside(query(x_ms_summary="Number of days " * 5 + "ahead")),),
    ),
    "PRM-024": Examples(
        bad=(
            beside(query(x_ms_summary="Days ahead."), _LABEL),
            beside(query(x_ms_summary="Days ahead "), _LABEL),
            one(f"{_TIME}{_LABEL}", "Time:"),
        ),
        good=(beside(query(x_ms_summary="Days (Ahead)")),),
    ),
    "PRM-025": Examples(
        bad=(beside(query(x_ms_summary="days ahead"), _LABEL), one(f"{_TIME}{_LABEL}", "time")),
        good=(beside(query(x_ms_summary="3 days ahead")),),
    ),
    "PRM-026": Examples(
        bad=(
            beside(query(x_ms_summary="The daysAhead"), _LABEL),
            beside(query(x_ms_summary="Days_Ahead"), _LABEL),
            beside(query(x_ms_summary="daysAhead"), _LABEL, also=("PRM-025",)),
        ),
        good=(beside(query(x_ms_summary="DaysAhead")), beside(query(x_ms_summary="Day's ID"))),
    ),
    "PRM-027": Examples(
        bad=(
            beside(query(x_ms_summary="Days/Nights"), _LABEL),
            beside(query(x_ms_summary="Look ahead?"), _LABEL, also=("PRM-024",)),
        ),
        good=(beside(query(x_ms_summary="Days, Nights - All")),),
    ),
    "PRM-028": Examples(
        bad=(
            beside(query(x_ms_summary="Days ahead", description="Days Ahead."), _TEXT),
            one(f"{_TIME}{_TEXT}", "Time"),
            beside(
                query(x_ms_summary="Days & nights", description="days & Nights."), _TEXT, also=("PRM-027",)
            ),
        ),
        good=(beside(query(x_ms_summary="Days ahead", description="The days ahead.")),),
    ),
    "PRM-029": Examples(
        bad=(one(f"{_TIME}{_LABEL}", ""), one(f"{_TIME}{_LABEL}", 7)),
        good=(posted(body(x_ms_summary="A")),),
    ),
    "PRM-030": Examples(
        bad=(beside(query(required=True, **_HIDDEN)), beside(query(required=True, enum=[3], **_HIDDEN))),
        good=(beside(query(required=True, default=3, **_HIDDEN)), beside(query(**_HIDDEN))),
    ),
    "PRM-031": Examples(
        bad=(
            posted(with_body(level=level(**_HIDDEN), required=["level"]), at=_PROPERTY),
            posted(with_body(level=level(enum=[1.5], **_HIDDEN), required=["level"]), at=_PROPERTY),
        ),
        good=(
            posted(with_body(level=level(default=1.5, **_HIDDEN), required=["level"])),
            posted(with_body(level=level(), limit=level(**_HIDDEN))),
        ),
    ),
    "PRM-032": Examples(
        bad=(
            beside(query(default=3, **_HIDDEN)),
            beside(query(default=3, required=False, **_HIDDEN), "/required"),
        ),
        good=(beside(query(default=3, required=True, **_HIDDEN)),),
    ),
    "PRM-033": Examples(
        bad=(beside(query(required=True, x_ms_visibility="advanced"), "/x-ms-visibility"),),
        good=(
            beside(query(required=True, x_ms_visibility="advanced", default=3)),
            beside(query(x_ms_visibility="advanced")),
        ),
    ),
    "PRM-035": Examples(
        bad=(beside(query(description=_LONG + "."), _TEXT), one(f"{_TIDES}{_TEXT}", _LONG + ".")),
        good=(beside(query(description=_LONG[:499] + ".")),),
    ),
}
