"""Command line: `python -m portal.embedded exec [--keep DIRECTORY] -- COMMAND...`

Starts the services that are not already given by DATABASE_URL and REDIS_URL, runs COMMAND with their
addresses in its environment, stops them again, and ends with COMMAND's exit code. With --keep the data
stays in DIRECTORY and the secrets of a trial are made there once; without it the data is thrown away.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import FrameType

from portal.embedded.errors import EmbeddedServicesUnavailable
from portal.embedded.processes import die_with_parent, follow_parent
from portal.embedded.secret_files import trial_secrets
from portal.embedded.services import kept_services, throwaway_services


class Terminated(BaseException):
    """A signal asked us to end before there was a command to pass it on to."""


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m portal.embedded", description=__doc__)
    commands = parser.add_subparsers(dest="action", required=True)
    execute = commands.add_parser("exec", help="run a command with PostgreSQL and Valkey at hand")
    execute.add_argument("--keep", type=Path, metavar="DIRECTORY", help="keep data and secrets here")
    execute.add_argument("command", nargs=argparse.REMAINDER, metavar="-- COMMAND")
    options = parser.parse_args(argv)
    command = options.command[1:] if options.command[:1] == ["--"] else options.command
    if not command:
        parser.error("which command?")
    if "MAKELEVEL" in os.environ:
        # A killed make must not leave us, and with us everything else, behind.
        follow_parent()
    try:
        return _execute(command, options.keep)
    except EmbeddedServicesUnavailable as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except (Terminated, KeyboardInterrupt):
        return 0


def _execute(command: Sequence[str], keep: Path | None) -> int:
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _raise_terminated)
    signal.signal(signal.SIGINT, _raise_terminated)
    with ExitStack() as stack:
        environment = dict(os.environ)
        if keep is not None:
            var = keep.resolve()
            services = stack.enter_context(kept_services(var))
            environment.update(trial_secrets(var), PORTAL_VAR=str(var))
        else:
            services = stack.enter_context(throwaway_services())
        environment.update(services.environment)
        return _run(command, environment)


def _raise_terminated(number: int, _: FrameType | None) -> None:
    raise Terminated(number)


def _run(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run the command to its end, passing signals on; exit code as a shell would give it."""
    child = subprocess.Popen(  # noqa: S603 (the command is the caller's)
        command,
        env=environment,
        preexec_fn=die_with_parent(signal.SIGTERM),  # noqa: PLW1509 (one prctl, loaded before the fork)
    )

    def pass_on(number: int, _: FrameType | None) -> None:
        # Ctrl-C at a terminal reaches the command by itself: it is in the same foreground group.
        if not (number == signal.SIGINT and _in_foreground()):
            child.send_signal(number)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        if number == signal.SIGINT or signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, pass_on)
    code = _wait(child)
    # From here on nothing may interrupt the orderly stop of the services.
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    return 128 - code if code < 0 else code


def _wait(child: subprocess.Popen[bytes]) -> int:
    """Wait for the command, and notice when the make that runs us was told to stop.

    make passes SIGTERM on but not SIGINT: it waits for us, with the signal blocked, for as long as we run.
    """
    was_told = False
    while True:
        try:
            return child.wait(timeout=0.5)
        except subprocess.TimeoutExpired:
            if not was_told and not _in_foreground() and _make_was_interrupted():
                was_told = True
                child.send_signal(signal.SIGINT)


def _make_was_interrupted() -> bool:
    if "MAKELEVEL" not in os.environ:
        return False
    try:
        status = dict(
            line.split(":", 1) for line in Path(f"/proc/{os.getppid()}/status").read_text().splitlines()
        )
    except OSError:
        return False
    blocked = int(status["SigBlk"], 16) & (1 << (signal.SIGINT - 1))
    return status["Name"].strip() in {"make", "gmake"} and bool(blocked)


def _in_foreground() -> bool:
    try:
        return sys.stdin.isatty() and os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()
    except (OSError, ValueError):
        return False


if __name__ == "__main__":
    sys.exit(main())
