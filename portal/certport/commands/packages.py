"""Packages: a project file, the offline check, handing in."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from certification.rules.commandline import main as engine
from certification.rules.commandline.config import FailOn, Format
from certification.rules.commandline.exits import InputUnusable
from certification.rules.profiles import Publisher
from connectors.definitions.reading import read_path
from portal.certport.api import shapes
from portal.certport.api.operations import Api
from portal.certport.arguments import AsJson, Connector, Draft, Reference, Url, Watch
from portal.certport.commands.forms import Assignments, FromFile, fill_in
from portal.certport.commands.submissions import show_findings
from portal.certport.filling import read_filling
from portal.certport.finding import (
    OVER,
    address_of,
    find_connector,
    find_submission,
    find_validation,
    submissions_of,
)
from portal.certport.output import output
from portal.certport.problems import CommandFailed, Exit
from portal.certport.resuming import FROM_BYTES, send_in_pieces
from portal.certport.settings import FILE_NAME, chosen_url, connect, project
from portal.certport.watching import follow

Kind = Literal["new", "update", "hotfix"]
Severity = Literal["error", "warning", "info"]


def init(
    connector: Annotated[
        str, typer.Option("--connector", "-c", metavar="SLUG", help="The connector's name in addresses.")
    ],
    folder: Annotated[Path, typer.Argument(metavar="[FOLDER]", help="Where the project lies.")] = Path(),
    package: Annotated[
        str, typer.Option(metavar="PATH", help="Folder or .zip of the package, from there.")
    ] = ".",
    url: Url = "",
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write certport.toml, so that other commands know portal, connector and package."""
    file = folder / FILE_NAME
    if file.exists() and not force:
        raise CommandFailed(f"{file} is there already: --force replaces it.", Exit.CONFLICT)
    address = chosen_url(url)
    found = find_connector(connect(address), connector)
    folder.mkdir(parents=True, exist_ok=True)
    # A JSON string is a TOML string.
    lines = [f"{name} = {json.dumps(value)}" for name, value in
             (("url", address), ("connector", found["slug"]), ("package", package))]  # fmt: skip
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    output.say(f"Wrote {file} for {found['name']}.", "green")
    output.document({"file": str(file), "url": address, "connector": found["slug"], "package": package})


def validate(
    paths: Annotated[
        list[str] | None,
        typer.Argument(metavar="[PATH]...", help="Folders, .zip files, patterns; without one the project's."),
    ] = None,
    publisher: Annotated[Publisher | None, typer.Option(help="Whose connector it is.")] = None,
    baseline: Annotated[str, typer.Option(metavar="PATH", help="The version published now; compares.")] = "",
    fail_on: Annotated[FailOn | None, typer.Option(help="What makes the exit code 1.")] = None,
    output_format: Annotated[Format | None, typer.Option("--format", help="How it is said.")] = None,
    as_json: AsJson = False,
) -> None:
    """Check packages offline, by the portal's own rules. Needs no sign-in and no network."""
    if as_json and output_format not in (None, "json"):
        raise CommandFailed(f"--json and --format {output_format} exclude each other.", Exit.USAGE)
    chosen = paths or [str(_package_path(None))]
    arguments = ["check"]
    for option, value in (
        ("--publisher", publisher),
        ("--baseline", baseline),
        ("--fail-on", fail_on),
        ("--format", "json" if as_json else output_format),
    ):
        arguments += [option, value] if value else []
    try:
        code = engine.run([*arguments, "--", *chosen])
    except InputUnusable as error:
        raise CommandFailed(f"{error}.", Exit.USAGE) from error
    raise typer.Exit(code)


def submit(
    package: Annotated[
        Path | None, typer.Argument(metavar="[PACKAGE]", help="Folder or .zip; without it the project's.")
    ] = None,
    connector: Connector = "",
    kind: Annotated[Kind | None, typer.Option(help="For a new submission.")] = None,
    draft: Draft = False,
    watch: Watch = False,
    assignments: Assignments = None,
    file: FromFile = None,
    url: Url = "",
    as_json: AsJson = False,
) -> None:
    """Send a package and hand it in: again after a correction, anew when nothing is open."""
    filling = read_filling(assignments or (), file)
    name, content = _package_bytes(_package_path(package))
    api = connect(url, connector)
    found = find_connector(api, connector)
    upload = _send(api, found, name, content)
    version = upload["version"]
    if version is None:
        _refused(upload)
        return
    submission = _open_submission(api, found, kind)
    api.submissions_package_create(submission["id"], {"version": version["id"]})
    submission = api.submissions_retrieve(submission["id"])
    if filling:
        submission = fill_in(api, submission, filling)
    if not draft:
        submission = hand_in(api, submission)
    if watch:
        raise typer.Exit(follow(api, submission["reference"]))
    told(submission, draft)


def _package_path(given: Path | None) -> Path:
    if given is not None:
        return given
    found = project()
    return found.folder / found.package


def _package_bytes(path: Path) -> tuple[str, bytes]:
    """A .zip as it is; a folder as the portal would pack it, so that the same files are the same bytes."""
    try:
        if path.is_file():
            return path.name, path.read_bytes()
        read = read_path(path)
    except OSError as error:
        raise CommandFailed(f"{path} cannot be read: {error.strerror or error}", Exit.USAGE) from error
    if read.is_refused:
        texts = [each.message for each in read.problems]
        raise CommandFailed(f"{path} is no package.", Exit.FINDINGS, details=texts)
    return f"{path.resolve().name}.zip", read.canonical_bytes()


def _send(api: Api, found: shapes.Connector, name: str, content: bytes) -> shapes.Upload:
    if len(content) >= FROM_BYTES:
        with _progress(name, content) as stream:
            return send_in_pieces(api, found["id"], name, content, stream.seek)
    with _progress(name, content) as stream:
        return api.connectors_uploads_create(found["id"], [(name, stream)])


class _Counted(io.BytesIO):
    """Bytes that tell how far they were read."""

    def __init__(self, content: bytes, moved: Any) -> None:
        super().__init__(content)
        self._moved = moved

    def seek(self, offset: int, whence: int = 0, /) -> int:
        at = super().seek(offset, whence)
        self._moved(at)
        return at

    def read(self, size: int | None = -1, /) -> bytes:
        chunk = super().read(size)
        self._moved(self.tell())
        return chunk


@contextmanager
def _progress(name: str, content: bytes) -> Iterator[io.BytesIO]:
    if not output.is_terminal:
        yield io.BytesIO(content)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=output.people, transient=True) as progress:
        task = progress.add_task(name, total=len(content))
        yield _Counted(content, lambda at: progress.update(task, completed=at))


def _refused(upload: shapes.Upload) -> None:
    texts = [str(each.get("message", each)) for each in upload["problems"]]
    raise CommandFailed(
        f"The portal refuses {upload['filename']}.",
        Exit.FINDINGS,
        details=texts,
        data={"code": "package-refused", "problems": upload["problems"]},
    )


def _open_submission(api: Api, found: shapes.Connector, kind: str | None) -> shapes.Submission:
    """The one that is open, else a new one."""
    for row in submissions_of(api, found["slug"]):
        if row["state"] not in OVER:
            return row
    wanted = kind or ("update" if found["live_version"] else "new")
    return api.submissions_create({"connector": found["slug"], "kind": wanted})


def hand_in(api: Api, submission: shapes.Submission) -> shapes.Submission:
    """Refused with everything that still has to be done, and where; also when the form holds something else
    by now than this command put into it."""
    blockers = api.submissions_readiness_list(submission["id"])
    if not blockers:
        with api.transport.as_read(address_of("submissions", submission)):
            return api.submissions_submit_create(submission["id"])
    address = f"{api.transport.url}/submissions/{submission['id']}/"
    raise CommandFailed(
        f"{submission['reference']} holds the package and cannot be handed in yet.",
        Exit.FINDINGS,
        details=[*(each["text"] for each in blockers), f"Fill it in with certport form, or at {address}"],
        data={"code": "blocked", "reference": submission["reference"], "blockers": blockers, "url": address},
    )


def told(submission: shapes.Submission, is_draft: bool) -> None:
    """Say where it stands now."""
    verb = "holds the package" if is_draft else "is handed in"
    output.say(f"{submission['reference']} {verb}. {submission['next_step']}", "green")
    output.document(submission)


def findings(
    reference: Reference = "",
    severity: Annotated[Severity | None, typer.Option(help="Only these.")] = None,
    url: Url = "",
    as_json: AsJson = False,
) -> None:
    """What the portal found in a submission's package; exit code 1 if there are errors."""
    api = connect(url)
    submission = find_submission(api, reference)
    validation = find_validation(api, submission)
    if validation is None:
        raise CommandFailed(f"{submission['reference']} has no verdict yet.", Exit.CONFLICT)
    rows = api.validations_findings_list(validation["id"], severity=severity)
    output.document({"reference": submission["reference"], "validation": validation, "findings": rows})
    show_findings(rows)
    counts = f"{_many(validation['errors'], 'error')}, {_many(validation['warnings'], 'warning')}"
    output.say(f"{submission['reference']}: {validation['verdict']}, {counts}.", "bold")
    raise typer.Exit(Exit.FINDINGS if validation["errors"] else Exit.OK)


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
