"""Examples of the rules over the parameters of an operation together."""

from __future__ import annotations

from typing import Any

from certification.rules.examples.case import Case, Examples
from certification.rules.examples.parameters import (
    HARBOUR,
    LIST,
    PARAMETERS,
    SECOND,
    beside,
    body,
    form,
    harbour,
    header,
    level,
    only,
    posted,
    query,
    shared,
    with_body,
)
from certification.rules.examples.triggers import CASES as TRIGGERS

_ITEM = "/paths/~1harbours~1{harbourId}~1tides"
_SHARED = {"$ref": "#/parameters/days"}


def _trigger(**changes: Any) -> Case:
    """A trigger that fetches, with a webhook that tells when to fetch: both ask for the days."""
    pair = TRIGGERS["TRG-031"].good[0]
    fetch, subscribe = "/paths/~1news/get/parameters", "/paths/~1subscriptions/parameters"
    return Case(
        set={**pair.set, fetch: [query(**changes)], subscribe: [query()]},
        files=pair.files,
        at=f"{fetch}/0",
    )


CASES: dict[str, Examples] = {
    "PRM-001": Examples(
        bad=(
            Case(set={f"{_ITEM}/parameters": {}}, at=f"{_ITEM}/parameters"),
            beside("days"),
            beside(None),
        ),
        good=(Case(set={f"{_ITEM}/parameters": [HARBOUR], PARAMETERS: [query()]}),),
    ),
    "PRM-002": Examples(
        bad=(
            beside(_SHARED, "/$ref"),
            Case(
                set={"/parameters": {"days": query()}, PARAMETERS: [HARBOUR, {"$ref": "#/parameters/Days"}]},
                at=f"{SECOND}/$ref",
                also=("PRM-060",),
            ),
        ),
        good=(shared(query()),),
    ),
    "PRM-003": Examples(
        bad=(
            Case(
                set={
                    "/parameters": {"days": query()},
                    PARAMETERS: [HARBOUR, {"$ref": "#/components/parameters/days"}],
                },
                at=f"{SECOND}/$ref",
                also=("PRM-060",),
            ),
            beside({"$ref": "#/definitions/TideList"}, "/$ref"),
            beside({"$ref": 7}, "/$ref"),
        ),
        good=(shared(query()),),
    ),
    "PRM-004": Examples(
        bad=(
            Case(
                set={"/parameters": {"days": query()}, PARAMETERS: [HARBOUR, {**_SHARED, "required": True}]},
                at=f"{SECOND}/required",
            ),
        ),
        good=(shared(query(required=True)),),
    ),
    "PRM-005": Examples(
        bad=(
            Case(
                set={
                    "/parameters": {"days": {"$ref": "#/parameters/ahead"}, "ahead": query()},
                    PARAMETERS: [HARBOUR, _SHARED],
                    f"{_ITEM}/parameters": [{"$ref": "#/parameters/ahead"}],
                },
                at="/parameters/days/$ref",
            ),
        ),
        good=(shared(query()),),
    ),
    "PRM-006": Examples(
        bad=(
            Case(set={PARAMETERS: [HARBOUR, query(), query()]}, at=f"{PARAMETERS}/2"),
            Case(set={PARAMETERS: [HARBOUR, query(), query(minimum=1)]}, at=f"{PARAMETERS}/2"),
        ),
        # An operation may replace a parameter of its path.
        good=(Case(set={f"{_ITEM}/parameters": [HARBOUR]}),),
    ),
    "PRM-007": Examples(
        bad=(Case(set={PARAMETERS: [HARBOUR, query(), header(name="days")]}, at=f"{PARAMETERS}/2"),),
        good=(Case(set={PARAMETERS: [HARBOUR, query(), header(name="Days")]}),),
    ),
    "PRM-008": Examples(
        bad=(posted(body(), body(name="order"), at="/1"),),
        good=(posted(body(), query()),),
    ),
    "PRM-009": Examples(
        bad=(posted(body(), form(), also=("OPR-064",)),),
        good=(posted(form(), form(name="hours"), consumes="multipart/form-data"),),
    ),
    "PRM-010": Examples(
        bad=(
            Case(set={PARAMETERS: [query()]}, at=LIST),
            Case(set={PARAMETERS: [harbour(name="harbourid")]}, at=LIST, also=("PRM-011",)),
        ),
        good=(Case(set={f"{_ITEM}/parameters": [HARBOUR], PARAMETERS: [query()]}),),
    ),
    "PRM-011": Examples(
        bad=(beside(harbour(name="dock")),),
        good=(only(HARBOUR),),
    ),
    "PRM-034": Examples(
        bad=(
            posted(with_body(days=level()), query(), at="/1"),
            posted(with_body(alert=level()), at="/0"),
        ),
        good=(posted(with_body(Days=level()), query()),),
    ),
    "PRM-060": Examples(
        bad=(Case(set={"/parameters": {"days": query()}}, at="/parameters/days"),),
        good=(shared(query()),),
    ),
    "PRM-062": Examples(
        bad=(_trigger(type="string", format="date"), _trigger(x_ms_visibility="advanced")),
        good=(_trigger(),),
    ),
}
