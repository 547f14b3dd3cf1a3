"""Submissions: where they stand, what was said, what happened."""

from __future__ import annotations

import sys
import time
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any
from uuid import UUID

import typer

from portal.certport.api import shapes
from portal.certport.arguments import AsJson, Interval, Reference, Url
from portal.certport.finding import every, find_connector, find_submission
from portal.certport.output import moment, output, state
from portal.certport.problems import CommandFailed, Exit, Problem
from portal.certport.settings import connect
from portal.certport.watching import INTERVAL_SECONDS, follow, patiently, show, whose

_TONES = {"error": 0, "warning": 1, "info": 2}


def register(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What people call it.")],
    team: Annotated[str, typer.Option("--team", metavar="SLUG", help="Your team's name in addresses.")],
    summary: Annotated[str, typer.Option(metavar="TEXT", help="In a sentence, what it is for.")] = "",
    host: Annotated[str, typer.Option("--host", metavar="HOST", help="The host that it calls.")] = "",
    url: Url = "",
    as_json: AsJson = False,
) -> None:
    """Register a connector: its name is reserved from now on."""
    body: shapes.RegistrationRequest = {
        "publisher": team,
        "name": name,
        "summary": summary,
        "backend_host": host,
    }
    made = connect(url).connectors_create(body)
    output.say(f"{made['name']} is registered as {made['slug']}.", "green")
    output.document(made)


def connectors(url: Url = "", as_json: AsJson = False) -> None:
    """The connectors of your teams."""
    rows = list(every(connect(url).connectors_list))
    output.document(rows)
    output.table(
        ["Connector", "Team", "State", "Live"],
        [
            [r["slug"], r["publisher"], state(r["state"]), (r["live_version"] or {}).get("label")]
            for r in rows
        ],
        empty="Your teams have no connector yet: certport register NAME --team TEAM",
    )


def listing(
    state_is: Annotated[
        str, typer.Option("--state", metavar="STATE", help="Only these, such as in_review.")
    ] = "",
    url: Url = "",
    as_json: AsJson = False,
) -> None:
    """Your submissions, newest first."""
    rows = list(every(connect(url).submissions_list, state=state_is or None))
    none = f"None is in the state {state_is}." if state_is else "Nothing was submitted yet: certport submit"
    output.document(rows)
    output.table(
        ["Reference", "Connector", "Version", "State", "Next step with"],
        [
            [r["reference"], r["connector"], r["version_label"], state(r["state"]), whose(r["turn"])]
            for r in rows
        ],
        empty=none,
    )


def status(
    reference: Reference = "",
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Stay until it is your turn.")] = False,
    interval: Interval = INTERVAL_SECONDS,
    url: Url = "",
    as_json: AsJson = False,
) -> None:
    """Where a submission stands and what comes next."""
    api = connect(url)
    submission = find_submission(api, reference)
    if watch:
        raise typer.Exit(follow(api, submission["reference"], interval_seconds=interval))
    show(api, submission)


def show_findings(rows: list[shapes.Finding]) -> None:
    ordered = sorted(rows, key=lambda row: _TONES.get(row["severity"], 3))
    output.table(
        ["Severity", "Rule", "Place", "Finding"],
        [[state(row["severity"]), row["rule"], _place(row), row["message"]] for row in ordered],
        empty="Nothing was found.",
    )


def _place(row: Any) -> str:
    """file:line:column where there is one, as editors understand it."""
    return ":".join(str(part) for part in (row["file"], row["line"], row.get("column")) if part)


def threads(
    reference: Reference = "",
    everything: Annotated[bool, typer.Option("--all", help="Resolved ones, too.")] = False,
    url: Url = "",
    as_json: AsJson = False,
) -> None:
    """What reviewers asked, and what was answered."""
    api = connect(url)
    submission = find_submission(api, reference)
    rows = [
        row
        for row in every(api.submissions_threads_list, submission["id"])
        if everything or row["state"] != "resolved"
    ]
    output.document(rows)
    for row in rows:
        place = ":".join(str(part) for part in (row["file"], row["line"]) if part) or "the submission"
        output.say(f"{row['id']}  {place}  {row['state']}", "bold")
        for comment in row["comments"]:
            output.say(f"  {comment['author']}, {moment(comment['created_at'])}", "dim")
            output.say("\n".join(f"    {line}" for line in comment["body"].splitlines()))
    if not rows:
        output.say("Nothing is open.")


def reply(
    thread: Annotated[str, typer.Argument(metavar="THREAD", help="Its id, from certport threads.")],
    text: Annotated[str, typer.Argument(metavar="TEXT", help="The answer; - reads it from standard input.")],
    url: Url = "",
    as_json: AsJson = False,
) -> None:
    """Answer in a thread."""
    body = sys.stdin.read() if text == "-" else text
    api, key = connect(url), _id(thread)
    with _seen(key):
        made = api.threads_comments_create(key, {"body": body})
    output.say("Answered.", "green")
    if made["secrets_removed"]:
        output.note(f"Secrets taken out of your text before it was stored: {made['secrets_removed']}.")
    output.document(made)


def resolve(
    thread: Annotated[str, typer.Argument(metavar="THREAD", help="Its id, from certport threads.")],
    url: Url = "",
    as_json: AsJson = False,
) -> None:
    """Settle a thread."""
    api, key = connect(url), _id(thread)
    with _seen(key):
        made = api.threads_resolve_create(key)
    output.say("Resolved.", "green")
    output.document(made)


def _id(text: str) -> str:
    """An id and nothing else: it becomes part of an address."""
    try:
        return str(UUID(text))
    except ValueError as error:
        raise CommandFailed(
            f"“{text}” is no id of a thread.", Exit.USAGE, details=["certport threads lists them."]
        ) from error


@contextmanager
def _seen(key: str) -> Iterator[None]:
    """Says of what is not found what it was."""
    try:
        yield
    except Problem as error:
        if error.status != 404:
            raise
        raise CommandFailed(
            f"You see no thread {key}.", Exit.NOT_FOUND, details=["certport threads lists them."]
        ) from error


def logs(
    reference: Reference = "",
    follow_on: Annotated[bool, typer.Option("--follow", "-f", help="Stay and print what comes.")] = False,
    interval: Interval = INTERVAL_SECONDS,
    url: Url = "",
    as_json: AsJson = False,
) -> None:
    """What happened to a submission, oldest first."""
    if follow_on and as_json:
        raise CommandFailed("--follow has no end, so it is no JSON document.", Exit.USAGE)
    api = connect(url)
    submission = find_submission(api, reference)
    rows = api.submissions_history_list(submission["id"])[::-1]
    output.document(rows)
    seen: set[tuple[str, str]] = set()
    while True:
        for row in rows:
            key = (row["at"], row["text"])
            if key not in seen:
                seen.add(key)
                detail = f": {row['detail']}" if row["detail"] else ""
                output.say(f"{moment(row['at'])}  {row['actor']}  {row['text']}{detail}")
        if not follow_on:
            return
        time.sleep(interval)
        rows = patiently(lambda: api.submissions_history_list(submission["id"])[::-1], interval)


def open_page(
    reference: Reference = "",
    connector: Annotated[bool, typer.Option("--connector", help="The connector's page.")] = False,
    url: Url = "",
    as_json: AsJson = False,
) -> None:
    """Open a submission in the browser; without a terminal print its address."""
    api = connect(url)
    if connector:
        address = f"{api.transport.url}/connectors/{find_connector(api, reference)['id']}/"
    else:
        address = f"{api.transport.url}/submissions/{find_submission(api, reference)['id']}/"
    output.say(address)
    output.document({"url": address})
    if output.is_terminal:
        webbrowser.open(address)
