"""Start, find and stop plain child processes, on behalf of another user where that is safer."""

from __future__ import annotations

import ctypes
import os
import pwd
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from portal.embedded.errors import EmbeddedServicesUnavailable

PR_SET_PDEATHSIG = 1
PROC = Path("/proc")
SERVER_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}
# Loaded before any fork: a child between fork and exec must not import or open anything.
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


@dataclass(frozen=True)
class RunAs:
    """The operating system user a service runs as. PostgreSQL refuses to run as root."""

    name: str
    uid: int
    gid: int

    @property
    def differs(self) -> bool:
        """True when a child has to give up our own user."""
        return self.uid != os.geteuid()


def service_user() -> RunAs:
    """`nobody` when we are root, ourselves otherwise."""
    try:
        entry = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
    except KeyError as error:
        raise EmbeddedServicesUnavailable(
            f"The embedded services need an entry in the user database for their user ({error.args[0]}). "
            "Add one, or set DATABASE_URL and REDIS_URL to services of your own."
        ) from error
    return RunAs(entry.pw_name, entry.pw_uid, entry.pw_gid)


def own_name() -> str:
    """Name of the operating system user this process runs as."""
    return pwd.getpwuid(os.geteuid()).pw_name


def die_with_parent(signal_number: int) -> Callable[[], None]:
    """A preexec function: the kernel sends `signal_number` to the child when the thread that started it is
    gone.

    This is what keeps a `kill -9` of the supervisor from leaving servers behind. Linux only; elsewhere the
    next start finds the orphan and stops it.
    """

    def arrange() -> None:
        if _LIBC is not None:
            _LIBC.prctl(PR_SET_PDEATHSIG, signal_number, 0, 0, 0)

    return arrange


def follow_parent(signal_number: int = signal.SIGTERM) -> None:
    """Ask the kernel to send this very process `signal_number` when its parent is gone."""
    die_with_parent(signal_number)()


def launch(
    argv: Sequence[str | Path], *, user: RunAs, log: Path, death_signal: int
) -> subprocess.Popen[bytes]:
    """Start a server as a plain child in its own session, its output appended to `log`.

    The environment is small on purpose: a server has no use for the portal's secrets.
    """
    with log.open("ab") as output:
        return subprocess.Popen(  # noqa: S603 (our own programs, no shell)
            [str(part) for part in argv],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd="/",
            env=SERVER_ENVIRONMENT,
            start_new_session=True,
            preexec_fn=die_with_parent(death_signal),  # noqa: PLW1509 (one prctl, loaded before the fork)
            user=user.uid if user.differs else None,
            group=user.gid if user.differs else None,
            extra_groups=[] if user.differs else None,
        )


def run_as(user: RunAs, argv: Sequence[str | Path]) -> subprocess.CompletedProcess[str]:
    """Run a short command as `user` to its end; the caller judges the return code."""
    return subprocess.run(  # noqa: S603 (our own programs, no shell)
        [str(part) for part in argv],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
        env=SERVER_ENVIRONMENT,
        user=user.uid if user.differs else None,
        group=user.gid if user.differs else None,
        extra_groups=[] if user.differs else None,
    )


def may(user: RunAs, *conditions: str | Path) -> bool:
    """Whether `test` with these arguments holds for `user`: the kernel's answer, not mode bits."""
    return run_as(user, ["test", *conditions]).returncode == 0


def is_running(pid: int) -> bool:
    """Whether the process exists and is more than a zombie that waits to be reaped."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return _state(pid) not in {"Z", "X"}


def _state(pid: int) -> str:
    try:
        stat = (PROC / str(pid) / "stat").read_text()
    except OSError:
        return "" if not PROC.is_dir() else "X"
    # The command name in brackets may itself contain brackets and spaces; the state follows the last one.
    return stat.rpartition(")")[2].split()[0]


def working_in(directory: Path, program: str) -> Iterator[int]:
    """Processes called `program` whose working directory is `directory`, except ourselves.

    PostgreSQL and Valkey change into their data directory, so this finds the servers of exactly this data,
    and the back ends that outlived a killed postmaster, without trusting a number in a stale file.
    """
    wanted = directory.resolve()
    for entry in PROC.iterdir() if PROC.is_dir() else ():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            if (entry / "cwd").readlink() != wanted or program not in (entry / "comm").read_text():
                continue
        except OSError:
            continue
        yield int(entry.name)


def stop_process(pid: int, signals: Sequence[int], *, patience_seconds: float) -> bool:
    """Send each signal in turn until the process is gone, waiting up to `patience_seconds` after each."""
    for number in signals:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return True
        if wait_until(lambda: not is_running(pid), patience_seconds):
            return True
    return False


def stop_child(child: subprocess.Popen[bytes], signals: Sequence[int], *, patience_seconds: float) -> None:
    """As `stop_process`, for a child of ours, which is reaped as well."""
    for number in signals:
        if child.poll() is not None:
            return
        child.send_signal(number)
        try:
            child.wait(patience_seconds)
        except subprocess.TimeoutExpired:
            continue
        return


def wait_until(condition: Callable[[], bool], seconds: float, *, step_seconds: float = 0.02) -> bool:
    """Poll `condition` until it holds or `seconds` are over; returns whether it held."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(step_seconds)
    return True


def tail(log: Path, lines: int = 15) -> str:
    """The last lines of a server's log, for an error message."""
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
    except OSError:
        return "(no log)"
