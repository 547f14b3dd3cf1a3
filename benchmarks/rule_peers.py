"""Other public tools on the same definitions. They know none of the platform's rules: time is compared.

Each is installed from its registry into a temporary folder and gets every tenth definition as a plain file:
the slowest would take half an hour for all of them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

_VALIDATOR = """
import json, sys
from openapi_spec_validator import OpenAPIV2SpecValidator
crashes = findings = 0
for path in sys.argv[1:]:
    try:
        with open(path, encoding="utf-8-sig") as file:
            document = json.load(file)
        findings += sum(1 for _ in OpenAPIV2SpecValidator(document).iter_errors())
    except Exception:
        crashes += 1
print(findings, crashes)
"""
_LIMIT_SECONDS = 900
_EVERY = 10


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one process, or several in turn, took: seconds, the most megabytes, and what they printed."""

    seconds: float
    megabytes: float
    output: str
    code: int


def show(packages: Path, files_per_second: float) -> None:
    """Print files a second, seconds, memory and crashes of every peer that can be installed."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = _definitions(packages, folder / "definitions")
        megabytes = sum(file.stat().st_size for file in files) / 1e6
        print(f"\npeers on every tenth definition, {len(files)} of them ({megabytes:.1f} MB)")
        print(f"  {'this engine':<24} {files_per_second:>8.1f} files/s")
        for title, peer in PEERS.items():
            try:
                done, remark = peer(folder, files)
            except (OSError, subprocess.SubprocessError) as error:
                print(f"  {title:<24} not measured: {error}")
                continue
            speed = len(files) / done.seconds
            taken = f"{done.seconds:>8.1f} s {done.megabytes:>6.0f} MB"
            print(f"  {title:<24} {speed:>8.1f} files/s {taken}  {remark}")


def _definitions(packages: Path, folder: Path) -> list[Path]:
    folder.mkdir()
    found = []
    for number, path in enumerate(sorted(packages.glob("*/*/*wagger.json"))[::_EVERY]):
        target = folder / f"{number:04}.json"
        shutil.copyfile(path, target)
        found.append(target)
    return found


def _run(command: list[str | Path], cwd: Path | None = None) -> Outcome:
    with tempfile.TemporaryFile() as printed:
        begun = time.perf_counter()
        process = subprocess.Popen(
            [str(part) for part in command], cwd=cwd, stdout=printed, stderr=subprocess.DEVNULL
        )
        watch = threading.Timer(_LIMIT_SECONDS, process.kill)
        watch.start()
        _, status, used = os.wait4(process.pid, 0)
        watch.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.perf_counter() - begun
        printed.seek(0)
        output = printed.read().decode("utf-8", "replace")
    return Outcome(seconds, used.ru_maxrss / 1024, output, process.returncode)


def _must(command: list[str | Path], cwd: Path | None = None) -> None:
    if _run(command, cwd).code:
        raise OSError(f"{command[0]} could not install it")


def openapi_spec_validator(folder: Path, files: list[Path]) -> tuple[Outcome, str]:
    python = folder / "validator" / "bin" / "python"
    _must([sys.executable, "-m", "venv", folder / "validator"])
    _must([python, "-m", "pip", "install", "--quiet", "openapi-spec-validator"])
    done = _run([python, "-c", _VALIDATOR, *files])
    findings, crashes = [*done.output.split(), "?", "?"][:2]
    return done, f"{findings} findings, {crashes} crashes"


def spectral(folder: Path, files: list[Path]) -> tuple[Outcome, str]:
    room = _node(folder, "@stoplight/spectral-cli")
    (room / ".spectral.yaml").write_text('extends: ["spectral:oas"]\n')
    done = _run([room / "node_modules/.bin/spectral", "lint", "--quiet", "--format", "json", *files], room)
    return done, f"exit code {done.code}, {done.output.count(chr(34) + 'code' + chr(34)):,} findings"


def redocly(folder: Path, files: list[Path]) -> tuple[Outcome, str]:
    room = _node(folder, "@redocly/cli")
    all_done = [
        _run([room / "node_modules/.bin/redocly", "lint", "--format", "json", file], room) for file in files
    ]
    crashes = sum(done.code not in (0, 1) for done in all_done)
    seconds, most = sum(done.seconds for done in all_done), max(done.megabytes for done in all_done)
    return Outcome(seconds, most, "", 0), f"one process a file, {crashes} crashes"


def _node(folder: Path, package: str) -> Path:
    room = folder / package.rpartition("/")[2]
    room.mkdir()
    _must(["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", room, package], room)
    return room


PEERS: dict[str, Callable[[Path, list[Path]], tuple[Outcome, str]]] = {
    "openapi-spec-validator": openapi_spec_validator,
    "Spectral": spectral,
    "Redocly": redocly,
}
