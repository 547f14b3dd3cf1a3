"""Where the embedded services keep their data, and how two runs stay out of each other's way."""

from __future__ import annotations

import errno
import fcntl
import os
import re
import secrets
import shutil
import stat
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Self

from portal.embedded.errors import AlreadyRunning, EmbeddedServicesUnavailable
from portal.embedded.processes import RunAs, may

# sun_path holds 108 bytes with its final NUL.
SOCKET_PATH_BYTES = 107
SOCKET_NAME = ".s.PGSQL.5432"
# A path with other characters works too, but every reader of a connection URL would have to quote it alike.
_PLAIN_PATH = re.compile(r"[A-Za-z0-9/._-]+")
RUN_LOCK = "run.lock"
ELSEWHERE = Path("/var/lib")


@dataclass(frozen=True)
class Home:
    """Directories of one set of services.

    `data` belongs to the service user's world, `sockets` holds PostgreSQL's socket, `logs` is ours.
    """

    data: Path
    sockets: Path
    logs: Path
    user: RunAs
    notes: tuple[str, ...] = ()


def kept_home(var: Path, user: RunAs) -> Home:
    """Directories below `var` that stay from run to run.

    When the service user cannot reach `var` (a checkout below root's own 0700 home), the data goes to
    /var/lib under a name that only this `var` knows, so that a new checkout at the same path never meets
    foreign data.
    """
    var.mkdir(parents=True, exist_ok=True)
    logs = var / "log"
    logs.mkdir(exist_ok=True)
    pointer = var / "services-elsewhere"
    notes: tuple[str, ...] = ()
    if pointer.exists():
        data = Path(pointer.read_text().strip())
    elif _usable(var, user):
        data = var
    else:
        if (var / "postgres").exists():
            raise EmbeddedServicesUnavailable(
                f"User {user.name}, as whom PostgreSQL runs, can no longer reach {var / 'postgres'}. "
                "Move the project back to a place every user may enter, or run as another user than root."
            )
        data = ELSEWHERE / f"connector-portal-{secrets.token_hex(6)}"
        data.mkdir(mode=0o755)
        pointer.write_text(f"{data}\n")
    if data != var:
        data.mkdir(mode=0o755, parents=True, exist_ok=True)
        notes = (f"The data of PostgreSQL and Valkey is in {data}: user {user.name} cannot reach {var}.",)
    return Home(data, _socket_directory(data, user), logs, user, notes)


def temporary_home(user: RunAs) -> Home:
    """A fresh directory for services that are thrown away, somewhere the service user can reach."""
    for parent in dict.fromkeys((tempfile.gettempdir(), "/tmp", "/var/tmp")):  # noqa: S108 (mkdtemp makes the name)
        with suppress(OSError):
            data = Path(tempfile.mkdtemp(prefix="portal-services-", dir=parent))
            data.chmod(0o711 if user.differs else 0o700)
            if _usable(data, user):
                return Home(data, _socket_directory(data, user), data, user)
            shutil.rmtree(data)
    raise EmbeddedServicesUnavailable(f"Found no temporary directory that user {user.name} can reach.")


def own_directory(path: Path, user: RunAs) -> Path:
    """Make sure `path` is a real directory of the service user with mode 0700."""
    path.mkdir(mode=0o700, exist_ok=True)
    if user.differs and path.stat().st_uid != user.uid:
        os.chown(path, user.uid, user.gid)
    info = path.lstat()
    if not stat.S_ISDIR(info.st_mode) or info.st_uid != user.uid:
        raise EmbeddedServicesUnavailable(f"{path} is not a directory of user {user.name}; move it away.")
    path.chmod(0o700)
    return path


def _usable(directory: Path, user: RunAs) -> bool:
    """Whether the service user can work in a directory of its own below `directory`."""
    if not user.differs:
        return os.access(directory, os.W_OK | os.X_OK)
    probe = directory / f".probe-{secrets.token_hex(4)}"
    try:
        probe.mkdir(mode=0o700)
        os.chown(probe, user.uid, user.gid)
        return may(user, "-w", probe, "-a", "-x", probe)
    except OSError as error:
        if error.errno not in {errno.EPERM, errno.EACCES, errno.EINVAL, errno.EROFS}:
            raise
        return False
    finally:
        with suppress(OSError):
            probe.rmdir()


def _socket_directory(data: Path, user: RunAs) -> Path:
    """A directory of the service user, short enough for a Unix socket."""
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    fallbacks = [Path(runtime)] if runtime and not user.differs else []
    name = f"connector-portal-{secrets.token_hex(4)}"
    parents = (*fallbacks, Path(tempfile.gettempdir()), Path("/tmp"))  # noqa: S108 (0700, checked by own_directory)
    for directory in (data / "run", *(parent / name for parent in parents)):
        length = len(os.fsencode(directory / SOCKET_NAME))
        if length <= SOCKET_PATH_BYTES and _PLAIN_PATH.fullmatch(str(directory)):
            with suppress(OSError):
                own_directory(directory, user)
                if may(user, "-w", directory, "-a", "-x", directory):
                    return directory
    raise EmbeddedServicesUnavailable(
        "No directory is short enough for PostgreSQL's socket; set TMPDIR=/tmp."
    )


def readable_programs(home: Home, package: Path, program: str, siblings: Sequence[Path] = ()) -> Path:
    """`package`, or a copy of it (with `siblings`) beside the data when the service user cannot run
    `program` in it.

    A virtual environment below a 0700 home is closed to `nobody`. The copy is made under another name and
    then renamed, so an interrupted copy is never mistaken for a whole one.
    """
    if not home.user.differs or may(home.user, "-r", package / program, "-a", "-x", package / program):
        return package
    programs = home.data / "programs"
    programs.mkdir(mode=0o755, exist_ok=True)
    target = programs / f"{package.name}-{int((package / program).stat().st_mtime)}"
    if not target.exists():
        unfinished = Path(tempfile.mkdtemp(prefix="unfinished-", dir=programs))
        unfinished.chmod(0o755)
        for source in (package, *siblings):
            shutil.copytree(
                source, unfinished / source.name, ignore=shutil.ignore_patterns("include", "*.a", "*.py")
            )
        unfinished.rename(target)
    return target / package.name


def describe_run(var: Path, text: str) -> None:
    """Replace what a second run on `var` is told about the first."""
    (var / RUN_LOCK).write_text(text)


class RunLock:
    """An advisory lock on one `var`, released by the kernel however its holder ends.

    The file's text tells the second run who holds it.
    """

    def __init__(self, var: Path) -> None:
        self.path = var / RUN_LOCK
        self._file: IO[str] | None = None

    def __enter__(self) -> Self:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        file = self.path.open("a+")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            file.close()
            raise AlreadyRunning(
                f"The portal is already running on this data ({holder}). Stop it there first (Ctrl-C)."
            ) from error
        self._file = file
        self.path.write_text(f"process {os.getpid()}")
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
