"""From the arguments to the exit code."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Annotated

import typer
from typer.exceptions import TyperException

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
from portal.certport.menu import Menu
from portal.certport.output import output
from portal.certport.problems import CommandFailed, Exit

app = typer.Typer(
    name="certport",
    cls=Menu,
    help="Certify connectors from a terminal or a build.",
    epilog="Exit codes: 0 done, 1 findings or blocked, 2 usage, 3 not signed in, 4 not found or not allowed, "
    "5 conflict, 6 server or network.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

# What a command does in a line that fits a terminal of 80; its own help says more.
_MENU: dict[str, dict[str, tuple[Callable[..., None], str]]] = {
    "Account": {
        "login": (account.login, "Sign in: type a code in the portal."),
        "logout": (account.logout, "End this machine's sign-in."),
        "whoami": (account.whoami, "Who you are, and what this sign-in may do."),
        "renew": (account.renew, "Replace the token by one that lives as long again."),
    },
    "Packages": {
        "init": (packages.init, "Write certport.toml for this folder."),
        "validate": (packages.validate, "Check packages offline, by the portal's own rules."),
        "submit": (packages.submit, "Send a package and hand it in."),
        "findings": (packages.findings, "What the portal found in the package."),
        "verify": (certificates.verify, "Verify a certificate on this machine."),
    },
    "Connectors": {
        "register": (submissions.register, "Register a connector and reserve its name."),
        "connectors": (submissions.connectors, "The connectors of your teams."),
        "health": (health.health, "Calls, success and latency."),
        "heartbeat": (health.heartbeat, "Report that its backend is alive."),
        "retire": (retirements.retire, "Announce the end of a connector."),
    },
    "Submissions": {
        "list": (submissions.listing, "Your submissions, newest first."),
        "status": (submissions.status, "Where it stands and what comes next."),
        "form": (forms.form, "Show the form; fill it in."),
        "logs": (submissions.logs, "What happened, oldest first."),
        "threads": (submissions.threads, "What reviewers asked, and what was answered."),
        "reply": (submissions.reply, "Answer in a thread."),
        "resolve": (submissions.resolve, "Settle a thread."),
        "open": (submissions.open_page, "Open its page in the browser."),
    },
    "Preview and rollout": {
        "signoff": (rollouts.sign_off, "It works in Preview: let the rollout be planned."),
        "refuse": (rollouts.refuse, "It does not work in Preview, and why."),
        "hold": (rollouts.hold, "Start no further region until it is resumed."),
        "resume": (rollouts.resume, "Go on after a hold."),
        "stop": (rollouts.stop, "Halt the rollout at once."),
        "rollback": (rollouts.rollback, "Return regions to the last good version."),
    },
}
for _panel, _commands in _MENU.items():
    for _name, (_command, _line) in _commands.items():
        app.command(_name, rich_help_panel=_panel, short_help=_line)(_command)
app.add_typer(
    repositories.repository, rich_help_panel="Connectors", short_help="Follow a folder of a Git repository."
)


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
    given = sys.argv[1:] if arguments is None else list(arguments)
    output.is_json = False
    try:
        return _ended(given)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else Exit.USAGE
    except CommandFailed as error:
        output.fail(error)
        return int(error.exit_code)
    except KeyboardInterrupt:
        sys.stderr.write("\n")
        return Exit.INTERRUPTED


def _ended(arguments: list[str]) -> int:
    """What is wrong with arguments is told to people by the parser, to programs as a document."""
    is_json = "--json" in arguments
    try:
        # One name, however it was started.
        ended = app(args=arguments, prog_name="certport", standalone_mode=not is_json)
    except typer.Abort:
        return Exit.INTERRUPTED
    except TyperException as error:
        output.is_json = is_json
        raise CommandFailed(error.format_message(), Exit.USAGE) from error
    return ended if isinstance(ended, int) else Exit.OK
