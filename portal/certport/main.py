"""From the arguments to the exit code."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from portal.certport import VERSION
from portal.certport.commands import (
    account,
    certificates,
    forms,
    health,
    packages,
    repositories,
    retirements,
    rollouts,
    submissions,
)
from portal.certport.output import output
from portal.certport.problems import CommandFailed, Exit

app = typer.Typer(
    name="certport",
    help="Certify connectors from a terminal or a build. Exit codes: 0 done, 1 findings or blocked, 2 usage, "
    "3 not signed in, 4 not found or not allowed, 5 conflict, 6 server or network.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

for _name, _command, _panel in (
    ("login", account.login, "Account"),
    ("logout", account.logout, "Account"),
    ("whoami", account.whoami, "Account"),
    ("renew", account.renew, "Account"),
    ("init", packages.init, "Packages"),
    ("validate", packages.validate, "Packages"),
    ("submit", packages.submit, "Packages"),
    ("form", forms.form, "Submissions"),
    ("findings", packages.findings, "Packages"),
    ("verify", certificates.verify, "Packages"),
    ("register", submissions.register, "Submissions"),
    ("connectors", submissions.connectors, "Submissions"),
    ("list", submissions.listing, "Submissions"),
    ("status", submissions.status, "Submissions"),
    ("logs", submissions.logs, "Submissions"),
    ("threads", submissions.threads, "Submissions"),
    ("reply", submissions.reply, "Submissions"),
    ("resolve", submissions.resolve, "Submissions"),
    ("open", submissions.open_page, "Submissions"),
    ("signoff", rollouts.sign_off, "Rollouts"),
    ("refuse", rollouts.refuse, "Rollouts"),
    ("hold", rollouts.hold, "Rollouts"),
    ("resume", rollouts.resume, "Rollouts"),
    ("stop", rollouts.stop, "Rollouts"),
    ("rollback", rollouts.rollback, "Rollouts"),
    ("health", health.health, "Rollouts"),
    ("retire", retirements.retire, "Rollouts"),
):
    app.command(_name, rich_help_panel=_panel)(_command)
app.add_typer(repositories.repository, rich_help_panel="Packages")


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"certport {VERSION}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", help="Say the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Options before the command."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; its exit code. Everything expected ends in a sentence, never in a traceback."""
    output.is_json = False
    try:
        app(args=list(arguments) if arguments is not None else None, standalone_mode=True)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else Exit.USAGE
    except CommandFailed as error:
        output.fail(error)
        return int(error.exit_code)
    except KeyboardInterrupt:
        sys.stderr.write("\n")
        return Exit.INTERRUPTED
    return Exit.OK
