"""Deeds after the approval: the word on a Preview, and the brakes of a rollout."""

from __future__ import annotations

from typing import Annotated

import typer

from portal.certport.api import shapes
from portal.certport.arguments import AsJson, Reason, Reference, Url, Yes
from portal.certport.finding import address_of, find_preview, find_rollout, find_submission
from portal.certport.output import output
from portal.certport.problems import CommandFailed, Exit, Problem
from portal.certport.settings import connect


def sign_off(
    reference: Reference = "",
    checked: Annotated[
        list[str] | None,
        typer.Option(
            metavar="WHAT",
            help="What you tested: connect, operations, errors, triggers, texts, update; repeat it.",
        ),
    ] = None,
    note: Annotated[str, typer.Option(metavar="TEXT", help="For those who plan the rollout.")] = "",
    untested: Annotated[
        bool, typer.Option("--knows-untested", help="Sign off operations without enough runs, too.")
    ] = False,
    url: Url = "",
    as_json: AsJson = False,
) -> None:
    """It works in Preview: let the rollout be planned."""
    api = connect(url)
    submission = find_submission(api, reference)
    body: shapes.SignOffRequest = {"note": note, "knows_untested": untested}
    if checked:
        body["checked"] = checked
    preview = find_preview(api, submission)
    with api.transport.as_read(address_of("previews", preview)):
        try:
            made = api.previews_sign_off_create(preview["id"], body)
        except Problem as error:
            if "knows_untested" in error.data.get("errors", {}):
                error.details.append("To sign off all the same: certport signoff --knows-untested")
            raise
    _told(submission, made, "is signed off")


def refuse(reason: Reason, reference: Reference = "", url: Url = "", as_json: AsJson = False) -> None:
    """It does not work in Preview, and why."""
    api = connect(url)
    submission = find_submission(api, reference)
    preview = find_preview(api, submission)
    with api.transport.as_read(address_of("previews", preview)):
        made = api.previews_refuse_create(preview["id"], {"reasons": reason})
    _told(submission, made, "is refused in Preview")


def stop(reason: Reason, reference: Reference = "", url: Url = "", as_json: AsJson = False) -> None:
    """Halt the rollout at once. Needs nobody's approval; only an operator releases it."""
    api = connect(url)
    submission = find_submission(api, reference)
    made = api.rollouts_stop_create(find_rollout(api, submission)["id"], {"reason": reason})
    _told(submission, made, "is stopped")


def hold(reason: Reason, reference: Reference = "", url: Url = "", as_json: AsJson = False) -> None:
    """Start no further region until it is resumed. For operators; a team stops its rollout."""
    api = connect(url)
    submission = find_submission(api, reference)
    made = api.rollouts_hold_create(find_rollout(api, submission)["id"], {"reason": reason})
    _told(submission, made, "is held")


def resume(
    reference: Reference = "",
    reason: Annotated[str, typer.Option("--reason", "-r", metavar="TEXT", help="Why.")] = "",
    url: Url = "",
    as_json: AsJson = False,
) -> None:
    """Go on after a hold. For operators."""
    api = connect(url)
    submission = find_submission(api, reference)
    made = api.rollouts_resume_create(find_rollout(api, submission)["id"], {"reason": reason})
    _told(submission, made, "goes on")


def rollback(
    reason: Reason,
    reference: Reference = "",
    region: Annotated[
        list[str] | None, typer.Option(metavar="CODE", help="Only these; repeat it for several.")
    ] = None,
    yes: Yes = False,
    url: Url = "",
    as_json: AsJson = False,
) -> None:
    """Return regions to the last good version."""
    api = connect(url)
    submission = find_submission(api, reference)
    rollout = find_rollout(api, submission)
    where = ", ".join(region) if region else "every region that holds it"
    back_to = rollout["previous_version_label"] or "nothing"
    question = f"Return {where} from {rollout['version_label']} to {back_to}?"
    if not yes and (not output.is_terminal or not typer.confirm(question)):
        raise CommandFailed("Nothing was rolled back: --yes says that you mean it.", Exit.USAGE)
    body: shapes.RollbackRequest = {"reason": reason}
    if region:
        body["regions"] = region
    _told(submission, api.rollouts_rollback_create(rollout["id"], body), "returns to the last good version")


def _told(submission: shapes.Submission, made: shapes.Preview | shapes.RolloutDetail, what: str) -> None:
    output.say(f"{submission['reference']} {what}.", "green")
    output.document(made)
