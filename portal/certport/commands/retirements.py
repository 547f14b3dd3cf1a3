"""The end of a connector: announced in time, so that nobody is taken by surprise."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import typer

from portal.certport.arguments import AsJson, Connector, Url, Yes
from portal.certport.finding import find_connector
from portal.certport.output import output
from portal.certport.problems import CommandFailed, Exit
from portal.certport.settings import connect


def retire(
    on: Annotated[str, typer.Option("--on", metavar="DATE", help="Its last day, such as 2027-03-31.")],
    reason: Annotated[
        str, typer.Option("--reason", "-r", metavar="TEXT", help="What users should do; everybody reads it.")
    ],
    connector: Connector = "",
    successor: Annotated[str, typer.Option(metavar="SLUG", help="What takes its place.")] = "",
    yes: Yes = False,
    url: Url = "",
    as_json: AsJson = False,
) -> None:
    """Announce the end of a connector: everybody is told now, and on that day it retires."""
    last_day = _day(on)
    api = connect(url, connector)
    found = find_connector(api, connector)
    question = f"Tell everybody that {found['name']} ends on {last_day}?"
    if not yes and (not output.is_terminal or not typer.confirm(question)):
        raise CommandFailed("Nothing was announced: --yes says that you mean it.", Exit.USAGE)
    made = api.notices_create(
        {
            "connector": found["slug"],
            "kind": "retirement",
            "text": reason,
            "effective_on": last_day,
            "successor": successor,
        }
    )
    output.say(f"{found['name']} ends on {made['effective_on']}; everybody is told.", "green")
    output.document(made)


def _day(text: str) -> str:
    """As ISO 8601 writes a day."""
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError as error:
        raise CommandFailed(f"“{text}” is no day: write it as 2027-03-31.", Exit.USAGE) from error
