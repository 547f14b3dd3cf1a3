"""Other public tools on the same definitions. They know none of the platform's rules: time is compared.

Each is installed from its registry into a temporary folder and gets the definitions as plain files.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
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
_LIMIT_SECONDS = 1_800


def show(packages: Path, ours: float) -> None:
    """Print seconds, files a second and crashes of every peer that can be installed."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = _definitions(packages, folder / "definitions")
        print(
            f"\npeers on {len(files)} definitions ({sum(file.stat().st_size for file in files) / 1e6:.0f} MB)"
        )
        print(f"  {'this engine':<24} {ours:>8.1f} s   {len(files) / ours:>8.0f} files/s")
        for title, peer in PEERS.items():
            try:
                seconds, remark = peer(folder, files)
            except (OSError, subprocess.SubprocessError) as error:
                print(f"  {title:<24} not measured: {error}")
                continue
            print(f"  {title:<24} {seconds:>8.1f} s   {len(files) / seconds:>8.1f} files/s  {remark}")


def _definitions(packages: Path, folder: Path) -> list[Path]:
    folder.mkdir()
    found = []
    for number, path in enumerate(sorted(packages.glob("*/*/*wagger.json"))):
        target = folder / f"{number:04}.json"
        shutil.copyfile(path, target)
        found.append(target)
    return found


def _run(
    command: list[str | Path], cwd: Path | None = None
) -> tuple[float, subprocess.CompletedProcess[str]]:
    begun = time.perf_counter()
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd, capture_output=True, text=True, timeout=_LIMIT_SECONDS, check=False,
    )  # fmt: skip
    return time.perf_counter() - begun, done


def _must(command: list[str | Path], cwd: Path | None = None) -> None:
    _, done = _run(command, cwd)
    if done.returncode:
        raise OSError(f"{command[0]} could not install it")


def openapi_spec_validator(folder: Path, files: list[Path]) -> tuple[float, str]:
    python = folder / "validator" / "bin" / "python"
    _must([sys.executable, "-m", "venv", folder / "validator"])
    _must([python, "-m", "pip", "install", "--quiet", "openapi-spec-validator"])
    seconds, done = _run([python, "-c", _VALIDATOR, *files])
    findings, crashes = [*done.stdout.split(), "?", "?"][:2]
    return seconds, f"{findings} findings, {crashes} crashes"


def spectral(folder: Path, files: list[Path]) -> tuple[float, str]:
    room = _node(folder, "@stoplight/spectral-cli")
    (room / ".spectral.yaml").write_text('extends: ["spectral:oas"]\n')
    command = [room / "node_modules/.bin/spectral", "lint", "--quiet", "--format", "json", *files]
    seconds, done = _run(command, room)
    return seconds, f"exit code {done.returncode}, {done.stdout.count(chr(34) + 'code' + chr(34)):,} findings"


def redocly(folder: Path, files: list[Path]) -> tuple[float, str]:
    room = _node(folder, "@redocly/cli")
    crashes, seconds = 0, 0.0
    for file in files:
        taken, done = _run([room / "node_modules/.bin/redocly", "lint", "--format", "json", file], room)
        seconds += taken
        crashes += done.returncode not in (0, 1)
    return seconds, f"one process a file, {crashes} crashes"


def _node(folder: Path, package: str) -> Path:
    room = folder / package.rpartition("/")[2]
    room.mkdir()
    _must(["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", room, package], room)
    return room


PEERS: dict[str, Callable[[Path, list[Path]], tuple[float, str]]] = {
    "openapi-spec-validator": openapi_spec_validator,
    "Spectral": spectral,
    "Redocly": redocly,
}
