"""A submission that moves: redrawn on a terminal, a line for each change elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from rich.console import Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from portal.certport.api import shapes
from portal.certport.api.operations import Api
from portal.certport.finding import find_submission
from portal.certport.output import cell, moment, output, state
from portal.certport.problems import CommandFailed, Exit

INTERVAL_SECONDS = 5.0
Seen = TypeVar("Seen")
# These end a wait with exit code 1: something has to be corrected, or will not go on.
BAD = frozenset(
    {
        "validation_failed",
        "changes_requested",
        "preview_failed",
        "preview_refused",
        "halted",
        "rolled_back",
        "rejected",
        "withdrawn",
        "expired",
    }
)


_TURNS = {
    "publisher": "your team",
    "reviewer": "a reviewer",
    "operator": "an operator",
    "machine": "the portal",
}


def whose(turn: str) -> str:
    """Who has to act, in words."""
    return _TURNS.get(turn, turn)


def show(api: Api, submission: shapes.Submission) -> None:
    """Once: the submission, and its regions when it is rolled out."""
    rollout = _rollout(api, submission)
    output.document({**submission, "rollout": rollout})
    if not output.is_json:
        output.people.print(_picture(submission, rollout))


def follow(api: Api, reference: str, *, interval_seconds: float = INTERVAL_SECONDS) -> Exit:
    """Until the publisher has to act, or it is over. A portal that is away for a moment is waited for."""
    submission = find_submission(api, reference)
    if output.is_terminal:
        with Live(console=output.people, auto_refresh=False) as live:
            while True:
                rollout = patiently(partial(_rollout, api, submission), interval_seconds)
                live.update(_picture(submission, rollout), refresh=True)
                if _is_settled(submission):
                    break
                submission = _next(api, submission, interval_seconds)
    else:
        submission, rollout = _lines(api, submission, interval_seconds)
    output.document({**submission, "rollout": rollout})
    return Exit.FINDINGS if submission["state"] in BAD else Exit.OK


def _lines(
    api: Api, submission: shapes.Submission, interval_seconds: float
) -> tuple[shapes.Submission, shapes.RolloutDetail | None]:
    told = ""
    while True:
        rollout = patiently(partial(_rollout, api, submission), interval_seconds)
        line = _line(submission, rollout)
        if line != told:
            output.say(f"{time.strftime('%H:%M:%S')}  {line}")
            told = line
        if _is_settled(submission):
            return submission, rollout
        submission = _next(api, submission, interval_seconds)


def _next(api: Api, submission: shapes.Submission, interval_seconds: float) -> shapes.Submission:
    time.sleep(interval_seconds)
    return patiently(partial(api.submissions_retrieve, submission["id"]), interval_seconds)


def patiently(ask: Callable[[], Seen], interval_seconds: float) -> Seen:
    """What `ask` brings, once the portal answers: an outage is said once, however long it lasts."""
    said = ""
    while True:
        try:
            return ask()
        except CommandFailed as error:
            if not error.is_passing:
                raise
            if error.message != said:
                said = error.message
                output.note(f"{said} Waiting for it.")
            time.sleep(interval_seconds)


def _is_settled(submission: shapes.Submission) -> bool:
    return submission["turn"] in ("publisher", "nobody") or submission["state"] in BAD


def _rollout(api: Api, submission: shapes.Submission) -> shapes.RolloutDetail | None:
    if submission["state"] not in {
        "scheduled",
        "rolling_out",
        "held",
        "halted",
        "rolling_back",
        "rolled_back",
        "live",
    }:
        return None
    found = api.rollouts_list(submission=submission["id"])["results"]
    return api.rollouts_retrieve(found[0]["id"]) if found else None


def _line(submission: shapes.Submission, rollout: shapes.RolloutDetail | None) -> str:
    parts = [submission["reference"], submission["state"].replace("_", " ")]
    if rollout:
        regions = [region for wave in rollout["waves"] for region in wave["regions"]]
        done = sum(region["state"] == "verified" for region in regions)
        parts.append(f"{done} of {len(regions)} regions verified")
    return "  ".join([*parts, submission["next_step"]])


def _picture(submission: shapes.Submission, rollout: shapes.RolloutDetail | None) -> Group:
    head = Text.assemble(
        (submission["reference"], "bold"),
        "  ",
        cell(submission["connector"]),
        "  ",
        cell(submission["version_label"]),
        "  ",
        state(submission["state"]),
    )
    since = (
        f"since {moment(submission['state_changed_at'])}, the next step is with {whose(submission['turn'])}"
    )
    parts: list[Any] = [head, Text(since, style="dim"), cell(submission["next_step"])]
    if rollout:
        parts.append(_waves(rollout))
    return Group(*parts)


def _regions(wave: Any) -> Text:
    """By their state, a line for each: wherever it is broken, no region is parted from how it stands."""
    codes: dict[str, list[str]] = {}
    for region in wave["regions"]:
        codes.setdefault(region["state"], []).append(region["code"])
    return Text("\n").join(
        Text.assemble(state(word), "  ", cell(", ".join(named))) for word, named in codes.items()
    )


def _waves(rollout: shapes.RolloutDetail) -> Table:
    table = Table("Wave", "State", "Planned", "Regions", box=None, pad_edge=False, header_style="bold")
    for wave in rollout["waves"]:
        table.add_row(cell(wave["name"]), state(wave["state"]), moment(wave["planned_at"]), _regions(wave))
    for reason in (rollout["hold_reason"], rollout["halt_reason"]):
        if reason:
            table.caption = reason
    return table
