"""Make the virtual environment complete. Runs on the machine's bare Python, so: standard library only.

`python3 portal/embedded/bootstrap.py requirements.lock` creates .venv if needed and installs exactly what
the lock file names; it does nothing when that has been done before. `--tests` also sees to what only tests
need: a Chromium, a Prometheus, and the publishers' command-line client in an environment of its own.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

MINIMUM_PYTHON = "3.11"
PROJECT = Path(__file__).resolve().parents[2]
VENV = PROJECT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / ".synced"
RUN_LOCK, DEV_LOCK = "requirements.lock", "requirements-dev.lock"
# The client pins libraries of its own time, so it cannot live beside ours.
CLIENT_LOCK = PROJECT / "tests" / "paconn" / "requirements.lock"
CLIENT_VENV = VENV / "paconn"
# The binary out of Debian's package: installing that would start a service.
PROMETHEUS = VENV / "prometheus"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def say(text: str) -> None:
    sys.stderr.write(f"setup | {text}\n")
    sys.stderr.flush()


def give_up(text: str) -> NoReturn:
    say(text)
    sys.exit(1)


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("lock", choices=[RUN_LOCK, DEV_LOCK])
    parser.add_argument("--tests", action="store_true", help="see to what only tests need as well")
    options = parser.parse_args(argv)
    if sys.version_info < tuple(map(int, MINIMUM_PYTHON.split("."))):
        give_up(f"Python {MINIMUM_PYTHON} or newer is needed; this is {sys.version.split()[0]}.")
    if not _is_synced(options.lock):
        if not _works(PYTHON):
            _create_venv()
        _install(options.lock)
        STAMP.write_text(json.dumps({"lock": options.lock, "digest": _digest(options.lock)}))
    if options.tests:
        _see_to_browser()
        _see_to_gettext()
        _see_to_client()
        _see_to_prometheus()


def _digest(lock: str) -> str:
    return hashlib.sha256((PROJECT / lock).read_bytes()).hexdigest()


def _is_synced(lock: str) -> bool:
    """Whether the environment holds `lock`. The development lock is a superset of the other one."""
    try:
        stamp = json.loads(STAMP.read_text())
        have = stamp["lock"]
        current = stamp["digest"] == _digest(have)
    except (OSError, ValueError, KeyError):
        return False
    return current and have in {lock, DEV_LOCK} and _works(PYTHON)


def _works(python: Path) -> bool:
    """Whether an interpreter is there and runs: a copied or half-made environment does not."""
    try:
        return _run([python, "-c", "pass"], quiet=True)
    except OSError:
        return False


def _run(command: Sequence[str | Path], *, quiet: bool = False) -> bool:
    """Run a command of ours; its output goes to standard error unless `quiet`."""
    output = subprocess.DEVNULL if quiet else sys.stderr
    finished = subprocess.run(  # noqa: S603 (our own commands, no shell)
        [str(part) for part in command], stdin=subprocess.DEVNULL, stdout=output, stderr=output, check=False
    )
    return finished.returncode == 0


def _create_venv() -> None:
    """A virtual environment with pip, or at least one that a pip from outside can install into."""
    say(f"creating {VENV}")
    if importlib.util.find_spec("ensurepip") is None and os.geteuid() == 0:
        _apt_install("python3-venv", "python3-pip")
    if _run([sys.executable, "-m", "venv", "--clear", VENV], quiet=True):
        return
    if _run([sys.executable, "-m", "venv", "--clear", "--without-pip", VENV]) and (
        _outer_pip_works() or shutil.which("uv")
    ):
        return
    shutil.rmtree(VENV, ignore_errors=True)
    give_up("No virtual environment can be made here. Install it first: sudo apt-get install python3-venv")


def _outer_pip_works() -> bool:
    return _run([sys.executable, "-m", "pip", "--version"], quiet=True)


def _pip() -> list[str | Path]:
    """pip of the environment, or the machine's pip working on it."""
    if _run([PYTHON, "-m", "pip", "--version"], quiet=True):
        return [PYTHON, "-m", "pip"]
    return [sys.executable, "-m", "pip", "--python", PYTHON]


def _install(lock: str) -> None:
    say(f"installing {lock}")
    uv = shutil.which("uv", path=str(PYTHON.parent)) or shutil.which("uv")
    if uv is None and _run([*_pip(), "install", "--quiet", "--disable-pip-version-check", "uv"]):
        uv = str(PYTHON.parent / "uv")
    if uv and _run([uv, "pip", "sync", "--quiet", "--python", PYTHON, "--require-hashes", PROJECT / lock]):
        return
    say("uv could not install it; trying pip")
    pip = [
        *_pip(),
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--require-hashes",
        "-r",
        PROJECT / lock,
    ]
    if not _run(pip):
        give_up("The packages could not be installed; the reason is above. Is your package mirror reachable?")


def _see_to_browser() -> None:
    """Chromium for the browser tests. They are skipped, visibly, where it cannot be had."""
    if any(shutil.which(name) for name in BROWSERS):
        return
    if os.geteuid() == 0 and shutil.which("apt-get"):
        _apt_install("chromium")
    if not any(shutil.which(name) for name in BROWSERS):
        say("No Chromium: browser tests will be skipped. To run them: sudo apt-get install chromium")


def _see_to_gettext() -> None:
    """GNU gettext for the test that gathers every text. It is skipped, visibly, where it cannot be had."""
    if not shutil.which("xgettext") and os.geteuid() == 0 and shutil.which("apt-get"):
        _apt_install("gettext")
    if not shutil.which("xgettext"):
        say("No gettext: one test of the translations is skipped. To run it: sudo apt-get install gettext")


def _see_to_client() -> None:
    """The client of the publishers, at its published version, for the tests that run it."""
    stamp, digest = CLIENT_VENV / ".synced", hashlib.sha256(CLIENT_LOCK.read_bytes()).hexdigest()
    if stamp.is_file() and stamp.read_text() == digest and _works(CLIENT_VENV / "bin" / "python"):
        return
    say("installing paconn for its tests")
    uv, python = shutil.which("uv", path=str(PYTHON.parent)), CLIENT_VENV / "bin" / "python"
    if uv:
        made = _run([uv, "venv", "--quiet", "--clear", "--python", PYTHON, CLIENT_VENV]) and _run(
            [uv, "pip", "sync", "--quiet", "--python", python, "--require-hashes", CLIENT_LOCK]
        )
    else:
        made = _run([PYTHON, "-m", "venv", "--clear", CLIENT_VENV]) and _run(
            [python, "-m", "pip", "install", "--quiet", "--require-hashes", "-r", CLIENT_LOCK]
        )
    if made:
        stamp.write_text(digest)
    else:
        say("paconn could not be installed: its tests will fail. Is your package mirror reachable?")


def _see_to_prometheus() -> None:
    """Debian's Prometheus for the tests of the source that asks it; they are skipped, visibly, without it.

    Its package is fetched and unpacked beside the environment, not installed: no service, no user, no root.
    """
    if (PROMETHEUS / "usr" / "bin" / "prometheus").is_file() or not shutil.which("apt-get"):
        return
    say("unpacking Debian's prometheus for its tests")
    PROMETHEUS.mkdir(exist_ok=True)
    if not _download(PROMETHEUS):
        if os.geteuid() == 0:
            _run(["apt-get", "update", "--quiet=2"])
        _download(PROMETHEUS)
    for package in PROMETHEUS.glob("prometheus_*.deb"):
        _run(["dpkg-deb", "--extract", package, PROMETHEUS])
        package.unlink()
    if not (PROMETHEUS / "usr" / "bin" / "prometheus").is_file():
        say("No Prometheus: its tests will be skipped. To run them: apt-get download prometheus must work")


def _download(folder: Path) -> bool:
    """Fetch Debian's package of Prometheus into `folder`."""
    command = ["apt-get", "download", "--quiet=2", "prometheus"]
    finished = subprocess.run(  # noqa: S603 (our own command, no shell)
        command,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    return finished.returncode == 0


def _apt_install(*packages: str) -> None:
    """Install Debian packages as root; the lists are only fetched when the first try fails."""
    if not shutil.which("apt-get"):
        return
    say(f"installing Debian packages: {' '.join(packages)}")
    os.environ["DEBIAN_FRONTEND"] = "noninteractive"
    install = ["apt-get", "install", "--yes", "--quiet=2", "--no-install-recommends", *packages]
    if not _run(install, quiet=True):
        _run(["apt-get", "update", "--quiet=2"])
        _run(install)


if __name__ == "__main__":
    main()
