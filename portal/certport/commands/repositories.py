"""The Git repository of a connector: binding it, its commits, and submitting one of them."""

from __future__ import annotations

import os
from typing import Annotated, Any, cast

import typer

from portal.certport.api import shapes
from portal.certport.api.operations import Api
from portal.certport.arguments import AsJson, Connector, Draft, Url, Watch
from portal.certport.commands.forms import Assignments, FromFile, fill_in
from portal.certport.commands.packages import hand_in, told
from portal.certport.filling import read_filling
from portal.certport.finding import find_connector
from portal.certport.output import moment, output
from portal.certport.problems import CommandFailed, Exit, Problem
from portal.certport.settings import connect
from portal.certport.watching import follow

_SECRETS = {"token": "GIT_TOKEN", "private_key": "GIT_PRIVATE_KEY"}

repository = typer.Typer(
    name="repository",
    help="Bind a connector to a folder of a Git repository, and submit its commits.",
    no_args_is_help=True,
)


def bind(
    address: Annotated[
        str, typer.Argument(metavar="ADDRESS", help="As for cloning: https://… or git@host:path.")
    ],
    branch: Annotated[str, typer.Option("--branch", "-b", metavar="NAME", help="Such as dev.")] = "main",
    folder: Annotated[
        str, typer.Option(metavar="PATH", help="Where its files lie; without it the root.")
    ] = "",
    user: Annotated[str, typer.Option(metavar="NAME", help="Where a token alone is not enough.")] = "",
    connector: Connector = "",
    url: Url = "",
    as_json: AsJson = False,
) -> None:
    """Bind the connector. GIT_TOKEN (https) or GIT_PRIVATE_KEY (ssh) of the environment go along."""
    api = connect(url, connector)
    found = find_connector(api, connector)
    body: shapes.RepositoryBindingRequestRequest = {
        "address": address,
        "branch": branch,
        "folder": folder,
        "user": user,
    }
    # Secrets are no arguments: other processes see those, and the history of the shell keeps them.
    for name, variable in _SECRETS.items():
        if os.environ.get(variable):
            body[name] = os.environ[variable]  # type: ignore[literal-required]
    try:
        made = api.connectors_repository_bind(found["id"], body)
    except Problem as error:
        if error.status == 403:
            error.details = ["Binding needs the scope team:write: certport login --also team:write"]
        raise
    output.say(f"{found['name']} is bound to {_place(made)}.", "green")
    output.document(made)


def show(connector: Connector = "", url: Url = "", as_json: AsJson = False) -> None:
    """What the connector is bound to, and when the portal last looked."""
    _api, _found, bound = _bound(connector, url)
    output.say(_place(bound), "bold")
    output.say(f"Looked at {moment(bound['fetched_at']) or 'not yet'}.")
    if bound["last_error"]:
        output.say(bound["last_error"], "red")
    output.document(bound)


def commits(connector: Connector = "", url: Url = "", as_json: AsJson = False) -> None:
    """The newest commits that touch the connector's folder."""
    _api, _found, bound = _bound(connector, url)
    output.document(bound["commits"])
    output.table(
        ["Commit", "At", "Author", "Summary"],
        [[row["sha"][:12], moment(row["at"]), row["author"], row["summary"]] for row in bound["commits"]],
    )
    if not bound["commits"]:
        output.say(bound["last_error"] or "No commit was read yet: certport repository fetch")


def fetch(connector: Connector = "", url: Url = "", as_json: AsJson = False) -> None:
    """Let the portal look for new commits now."""
    api, found, _bound_to = _bound(connector, url)
    made = api.connectors_repository_fetch(found["id"])
    output.say("The portal looks for new commits: certport repository commits", "green")
    output.document(made)


def hook(connector: Connector = "", url: Url = "", as_json: AsJson = False) -> None:
    """A new secret for the webhook, shown this once; the one before is worth nothing at once."""
    api, found, _bound_to = _bound(connector, url)
    made = api.connectors_repository_secret(found["id"])
    output.say(f"Address  {made['address']}\nSecret   {made['secret']}")
    output.document(made)


def automate(
    submits_commits: Annotated[
        bool | None,
        typer.Option(
            help="Hand new commits in, in the name of whoever bound the connector.", show_default=False
        ),
    ] = None,
    tags_certified: Annotated[
        bool | None,
        typer.Option(
            help="Tag certified commits; the credentials have to be allowed to write.", show_default=False
        ),
    ] = None,
    mirrors_threads: Annotated[
        bool | None,
        typer.Option(
            help="Tell threads that are begun from now on at the pull request, for all who may read there.",
            show_default=False,
        ),
    ] = None,
    connector: Connector = "",
    url: Url = "",
    as_json: AsJson = False,
) -> None:
    """Choose what happens by itself; what is not named stays. Without a choice: how it stands."""
    asked = {
        "submits_commits": submits_commits,
        "tags_certified": tags_certified,
        "mirrors_threads": mirrors_threads,
    }
    body = {name: value for name, value in asked.items() if value is not None}
    api, found, bound = _bound(connector, url)
    if body:
        chosen = cast("shapes.PatchedRepositoryAutomationRequest", body)
        bound = api.connectors_repository_automate(found["id"], chosen)
    output.table(["By itself", ""], _choices(bound))
    output.document(bound)


def _choices(bound: shapes.RepositoryBinding) -> list[list[str]]:
    return [
        ["New commits are handed in", _on(bound["submits_commits"], "submits-commits")],
        ["Certified commits are tagged", _on(bound["tags_certified"], "tags-certified")],
        ["Threads are told at the pull request", _on(bound["mirrors_threads"], "mirrors-threads")],
    ]


def _on(is_on: bool, option: str) -> str:
    return "on" if is_on else f"off (--{option})"


def unbind(connector: Connector = "", url: Url = "", as_json: AsJson = False) -> None:
    """Bind the connector to nothing."""
    api, found, _bound_to = _bound(connector, url)
    api.connectors_repository_unbind(found["id"])
    output.say(f"{found['name']} is bound to no repository any more.", "green")
    output.document({"connector": found["slug"]})


def take(
    commit: Annotated[
        str,
        typer.Argument(metavar="[COMMIT]", help="Its 40 digits; without it the newest.", show_default=False),
    ] = "",
    connector: Connector = "",
    draft: Draft = False,
    watch: Watch = False,
    assignments: Assignments = None,
    file: FromFile = None,
    url: Url = "",
    as_json: AsJson = False,
) -> None:
    """Submit a commit: its package into the open draft or a new one, then handed in."""
    filling = read_filling(assignments or (), file)
    api, found, _bound_to = _bound(connector, url)
    submission = api.connectors_repository_take(found["id"], {"commit": commit} if commit else {})
    submission = api.submissions_retrieve(submission["id"])
    if filling:
        submission = fill_in(api, submission, filling)
    if not draft:
        submission = hand_in(api, submission)
    if watch:
        raise typer.Exit(follow(api, submission["reference"]))
    told(submission, draft)


def _bound(connector: str, url: str) -> tuple[Api, shapes.Connector, shapes.RepositoryBinding]:
    """Raises CommandFailed when it is bound to nothing."""
    api = connect(url, connector)
    found = find_connector(api, connector)
    try:
        return api, found, api.connectors_repository(found["id"])
    except Problem as error:
        if error.status != 404:
            raise
        raise CommandFailed(
            f"{found['name']} is bound to no repository.",
            Exit.NOT_FOUND,
            details=["certport repository bind ADDRESS --branch BRANCH --folder FOLDER"],
        ) from error


def _place(bound: Any) -> str:
    return f"{bound['address']}, branch {bound['branch']}, folder {bound['folder'] or '/'}"


for _name, _command, _line in (
    ("bind", bind, "Bind the connector to a folder of a branch."),
    ("show", show, "What it is bound to, and when the portal last looked."),
    ("commits", commits, "The newest commits that touch the folder."),
    ("fetch", fetch, "Let the portal look for new commits now."),
    ("take", take, "Submit a commit."),
    ("automate", automate, "What happens by itself: submit, tag, mirror threads."),
    ("hook", hook, "A new secret for the webhook; the old one ends."),
    ("unbind", unbind, "Bind the connector to nothing."),
):
    repository.command(_name, short_help=_line)(_command)
