"""`connector-rules fix`."""

from __future__ import annotations

import argparse
import difflib
import io
import os
import sys
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from certification.rules.commandline import paths
from certification.rules.commandline.config import settings
from certification.rules.commandline.exits import EXIT_CLEAN, EXIT_FINDINGS, InputUnusable
from certification.rules.commandline.origin import Origin, relative
from certification.rules.commandline.style import Style, counted, printable
from certification.rules.commandline.writing import write_atomically
from certification.rules.engine import Context
from certification.rules.repairs import FixResult, fix_package
from connectors.definitions import Package, read_path


def run(options: argparse.Namespace) -> int:
    found = paths.packages(options.paths)
    chosen = settings(options, found[0])
    if options.output and (len(found) != 1 or not options.apply):
        raise InputUnusable("--output needs --apply and one package")
    if options.baseline and len(found) != 1:
        raise InputUnusable("--baseline goes with one package")
    context = Context(previous=_read(paths.one_package(options.baseline)) if options.baseline else None)
    is_pending = False
    for path in found:
        package = _read(path)
        label = paths.label(path)
        result = fix_package(package, chosen.profile, context, selected=chosen.selected, label=label)
        origin = Origin(path, package)
        if options.apply:
            _write(result, origin, options.output)
        else:
            sys.stdout.writelines(_differences(result, origin, Style.of(sys.stdout)))
            is_pending |= bool(result.files)
        _tell(result, label, applied=options.apply)
    return EXIT_FINDINGS if is_pending else EXIT_CLEAN


def _read(path: Path) -> Package:
    try:
        return read_path(path)
    except OSError as error:
        raise InputUnusable(f"{path}: {error.strerror or 'cannot be read'}") from None


def _tell(result: FixResult, label: str, *, applied: bool) -> None:
    """A line on standard error: standard output is the difference and nothing else."""
    repaired = sum(len(repair.findings) for repair in result.applied)
    what = "repaired" if applied else "can be repaired"
    refused = f", {counted(len(result.refused), 'repair')} refused" if result.refused else ""
    left = counted(len(result.report.findings), "finding")
    print(f"{printable(label)}: {counted(repaired, 'finding')} {what}{refused}; {left} left", file=sys.stderr)  # noqa: T201


def _differences(result: FixResult, origin: Origin, style: Style) -> Iterator[str]:
    """A unified diff as `patch` and `git apply` take it; on a terminal coloured and without controls."""
    for name, content in result.files.items():
        inside = _inside(origin, name)
        old, new = (_lines(data) for data in (origin.package.files[name].content, content))
        for line in difflib.unified_diff(old, new, f"a/{inside}", f"b/{inside}"):
            shown = line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
            yield _coloured(shown, style) if sys.stdout.isatty() else shown


def _lines(content: bytes) -> list[str]:
    """Only a line feed ends a line, as `patch` sees it."""
    *lines, last = content.decode("utf-8", "replace").split("\n")
    return [line + "\n" for line in lines] + ([last] if last else [])


def _coloured(line: str, style: Style) -> str:
    kind = {"+": "added", "-": "removed"}.get(line[0], "")
    text = "\n".join(printable(part.removesuffix("\r")) for part in line.split("\n"))
    return style(kind, text) if kind and not line.startswith(("+++", "---")) else text


def _inside(origin: Origin, name: str) -> str:
    """The name of a file in a patch: from the working directory, or else from the package."""
    file = origin.package.files[name]
    inside = file.original_name if origin.is_archive else origin.package.wrapper + file.original_name
    on_disk = origin.path / inside if origin.is_folder else origin.path
    from_here = relative(str(on_disk), str(Path.cwd()))
    chosen = inside if origin.is_archive or os.path.isabs(from_here) else from_here
    # A tab ends a name with blanks.
    return f"{chosen}\t" if " " in chosen else chosen


def _write(result: FixResult, origin: Origin, output: str | None) -> None:
    if not result.files and not output:
        return
    changed = {
        origin.package.wrapper + origin.package.files[name].original_name: content
        for name, content in result.files.items()
    }
    if origin.is_archive:
        path = origin.path
        target = Path(output) if output else path.with_name(f"{path.stem}.fixed{path.suffix or '.zip'}")
        write_atomically(target, _archive(path, changed))
        print(f"{printable(str(target))} written", file=sys.stderr)  # noqa: T201
    elif output:
        raise InputUnusable("--output is for archives; files of a folder are changed in place")
    else:
        for name, content in changed.items():
            write_atomically(origin.path / name if origin.is_folder else origin.path, content)


def _archive(path: Path, changed: Mapping[str, bytes]) -> bytes:
    """The archive with other contents under these names; everything else as it was, in the same order."""
    out = io.BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(out, "w") as new:
        new.comment = old.comment
        for entry in old.infolist():
            new.writestr(
                entry, changed.get(entry.filename, old.read(entry)), compress_type=entry.compress_type
            )
    return out.getvalue()
