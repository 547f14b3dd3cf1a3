"""Examples of the rules over summaries and descriptions of operations."""

from __future__ import annotations

from certification.rules.examples.case import Case, Examples, one

_GET = "/paths/~1harbours~1{harbourId}~1tides/get"
_ACCOUNT = "/paths/~1account/get"
_SUMMARY, _TEXT = f"{_GET}/summary", f"{_GET}/description"
_HIDDEN = {f"{_GET}/x-ms-visibility": "internal"}

CASES: dict[str, Examples] = {
    "OPR-020": Examples(
        bad=(
            Case(set=_HIDDEN, remove=(_SUMMARY,), at=_GET),
            Case(set=_HIDDEN | {_SUMMARY: " "}, at=_SUMMARY),
        ),
        good=(Case(set=_HIDDEN | {_SUMMARY: "Get tides for a list"}),),
    ),
    "OPR-020b": Examples(
        bad=(
            Case(remove=(_SUMMARY,), at=_GET),
            one(_SUMMARY, ""),
            one(_SUMMARY, 7),
        ),
        good=(one(_SUMMARY, "Tides"),),
    ),
    "OPR-021": Examples(
        bad=(
            one(
                _SUMMARY,
                "List the tides of a harbour for the days " + "and the nights " * 2 + "of the week",
                also=("DOC-025",),
            ),
        ),
        good=(one(_SUMMARY, "List the tides of a harbour for the days " + "and the nights " * 2 + "here"),),
        good_breaks=("DOC-025",),
    ),
    "OPR-022": Examples(
        bad=(
            one(
                _SUMMARY,
                "List the tides of a harbour" + " by day and by night" * 5,
                also=("DOC-025", "OPR-021"),
            ),
        ),
        good=(one(_SUMMARY, "List the tides of a harbour by day and by night"),),
        good_breaks=("DOC-025",),
    ),
    "OPR-023": Examples(
        bad=(
            one(_SUMMARY, "List high & low tides", also=("DOC-025", "OPR-025")),
            one(_SUMMARY, "List tides/levels", also=("DOC-025", "OPR-025")),
        ),
        good=(one(_SUMMARY, "List high and low tides"),),
        good_breaks=("DOC-025",),
    ),
    "OPR-024": Examples(
        bad=(
            one(_SUMMARY, "List tides.", also=("DOC-025", "OPR-025")),
            one(_SUMMARY, "List tides [old]", also=("DOC-025", "OPR-025")),
        ),
        good=(one(_SUMMARY, "List tides (old)"),),
        good_breaks=("DOC-025",),
    ),
    "OPR-025": Examples(
        bad=(one(_SUMMARY, "List high-water times", also=("DOC-025",)),),
        good=(one(_SUMMARY, "List tides of Étretat (2 days)"),),
        good_breaks=("DOC-025",),
    ),
    "OPR-026": Examples(
        bad=(one(_SUMMARY, "list tides"),),
        good=(one(_SUMMARY, "2 tides of a harbour"),),
        good_breaks=("DOC-025",),
    ),
    "OPR-027": Examples(
        bad=(one(_SUMMARY, "List Harbour Tides", also=("DOC-025",)),),
        good=(one(_SUMMARY, "List Harbour (All) 2"), one(_SUMMARY, "List Étretat tides")),
        good_breaks=("DOC-025",),
    ),
    "OPR-028": Examples(
        bad=(
            one(_SUMMARY, "Gezeiten für den Hafen", also=("DOC-025",)),
            one(_TEXT, "潮汐時刻を一覧表示します."),
            one(_TEXT, "Renvoie les heures des marées pour le port."),
        ),
        good=(one(_TEXT, "Lists the tides of Le Havre, Étretat and Saint-Malo."),),
    ),
    "OPR-029": Examples(
        bad=(one(_SUMMARY, " List tides"), one(_SUMMARY, "List tides ")),
        good=(one(_SUMMARY, "List  tides"),),
        good_breaks=("DOC-025",),
    ),
    "OPR-050": Examples(
        bad=(
            Case(set=_HIDDEN, remove=(_TEXT,), at=_GET),
            Case(set=_HIDDEN | {_TEXT: ""}, at=_TEXT),
        ),
        good=(Case(set=_HIDDEN | {_TEXT: "Fills the list of tides."}),),
    ),
    "OPR-050b": Examples(
        bad=(Case(remove=(_TEXT,), at=_GET), one(_TEXT, " "), one(_TEXT, ["Lists tides."])),
        good=(one(_TEXT, "Lists the tides of one harbour."),),
    ),
    "OPR-051": Examples(
        bad=(one(_TEXT, "Lists the next tides of a harbour"), one(_TEXT, "Lists the next tides:")),
        good=(one(_TEXT, "Which tides come next (by harbour)"), one(_TEXT, "Which tides come next?")),
    ),
    "OPR-052": Examples(
        bad=(one(_TEXT, "List tides."),),
        good=(one(_TEXT, "Lists tides."),),
    ),
    "OPR-053": Examples(
        bad=(one(_TEXT, "lists the next tides of a harbour."),),
        good=(one(_TEXT, "24 hours of tides."),),
    ),
    "OPR-054": Examples(
        bad=(one(_TEXT, "Lists the next tides. " * 50),),
        good=(one(_TEXT, "Lists the next tides. " * 45),),
    ),
    "OPR-055": Examples(
        bad=(
            one(_TEXT, "Lists the <b>next</b> tides of a harbour."),
            one(_TEXT, "Lists the tides of <harbour>."),
        ),
        good=(one(_TEXT, "Lists the tides with a level < 3 or > 5."),),
    ),
    "OPR-059": Examples(
        bad=(one(f"{_ACCOUNT}/summary", "LIST tides"),),
        good=(one(f"{_ACCOUNT}/summary", "List tides of the account"),),
        good_breaks=("DOC-025",),
    ),
}
