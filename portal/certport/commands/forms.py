"""The form of a submission: what is in it, what is missing, and filling it in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from portal.certport.api import shapes
from portal.certport.api.operations import Api
from portal.certport.arguments import AsJson, Reference, Url
from portal.certport.filling import FIELDS, Filling, read_filling, reveal
from portal.certport.finding import address_of, find_submission
from portal.certport.output import output
from portal.certport.problems import Exit
from portal.certport.settings import connect

Assignments = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="kind, tester_notes, change_notes, intro, categories or contacts.ROLE; KEY=@FILE reads a file. "
        "Repeat it for several.",
    ),
]
FromFile = Annotated[
    Path | None, typer.Option("--from", metavar="FILE", help="A TOML file with the same, and credentials.")
]
_LONGEST_SHOWN = 70


def form(
    reference: Reference = "",
    assignments: Assignments = None,
    file: FromFile = None,
    url: Url = "",
    as_json: AsJson = False,
) -> None:
    """Show a submission's form and what is missing in it; fill it in with --set and --from."""
    filling = read_filling(assignments or (), file)
    api = connect(url)
    submission = find_submission(api, reference)
    if filling:
        submission = fill_in(api, submission, filling)
    _show(api, submission)


def fill_in(api: Api, submission: shapes.Submission, filling: Filling) -> shapes.Submission:
    """Write it into the form. Somebody else's words of meanwhile are not overwritten: a conflict."""
    # All secrets are there before anything is written.
    credentials: list[Any] = [reveal(each) for each in filling.credentials]
    # What is written over is what is read here, contacts above all: they are sent whole.
    submission = api.submissions_retrieve(submission["id"])
    wanted: dict[str, Any] = dict(filling.fields)
    if filling.contacts:
        kept = {each["role"]: dict(each) for each in submission.get("contacts") or []}
        wanted["contacts"] = list((kept | filling.contacts).values())
    if wanted:
        body: Any = {**wanted, "edit_count": submission.get("edit_count", 0)}
        with api.transport.as_read(address_of("submissions", submission)):
            submission = api.submissions_partial_update(submission["id"], body)
    _store(api, submission, credentials)
    return submission


def _store(api: Api, submission: shapes.Submission, credentials: list[Any]) -> None:
    """One with the same purpose is replaced whole, as the portal has it."""
    if not credentials:
        return
    there = {each["purpose"]: each["id"] for each in api.submissions_credentials_list(submission["id"])}
    for each in credentials:
        known = there.get(each["purpose"])
        if known:
            api.submissions_credentials_update(known, submission["id"], each)
        else:
            api.submissions_credentials_create(submission["id"], each)


def _show(api: Api, submission: shapes.Submission) -> None:
    credentials = api.submissions_credentials_list(submission["id"])
    missing = api.submissions_readiness_list(submission["id"])
    address = f"{api.transport.url}/submissions/{submission['id']}/"
    fields = {name: submission.get(name) for name in FIELDS}
    output.document(
        {
            "reference": submission["reference"],
            "url": address,
            "fields": fields,
            "credentials": credentials,
            "missing": missing,
        }
    )
    output.table([submission["reference"], submission["connector"]], list(_rows(submission, credentials)))
    for blocker in missing:
        output.say(f"Missing: {blocker['text']}", "yellow")
    output.say("" if missing else "Nothing is missing: certport submit hands it in.", "green")
    raise typer.Exit(Exit.FINDINGS if missing else Exit.OK)


def _rows(submission: shapes.Submission, credentials: list[Any]) -> Iterator[list[str]]:
    yield ["Package", submission["version_label"] or ""]
    yield ["Kind", submission.get("kind", "")]
    for each in submission.get("contacts") or []:
        yield [f"Contact, {each['role']}", f"{each['name']} <{each['email']}>"]
    yield ["Categories", ", ".join(submission.get("categories") or [])]
    for name, label in (
        ("tester_notes", "Tester notes"), ("change_notes", "Change notes"), ("intro", "Introduction"),
    ):  # fmt: skip
        yield [label, _short(str(submission.get(name) or ""))]
    for each in credentials:
        yield ["Credential", f"{each['purpose']} ({each['kind']}: {', '.join(each['field_names'])})"]


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_SHOWN else f"{line[: _LONGEST_SHOWN - 1]}…"
