"""Run the portal's programs side by side: one prefixed log, restart with growing pauses, one orderly end.

honcho prints; its own manager is not used, because it ends everything as soon as one program ends.
"""

from __future__ import annotations

import datetime as dt
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from types import FrameType

from honcho.colour import get_colours
from honcho.printer import Message, Printer

from portal.embedded.processes import die_with_parent

STOP_SECONDS = 20.0
LONGEST_PAUSE_SECONDS = 30.0
# A program that ran this long was well: its next failure starts with the shortest pause again.
WELL_AFTER_SECONDS = 60.0
# A signal may arrive twice at once (a terminal signals the whole group); only a later one means "now!".
IMPATIENT_AFTER_SECONDS = 2.0
OWN_NAME = "portal"


@dataclass(frozen=True)
class Program:
    """One program to run. `once` means that its end is its purpose and not a failure."""

    name: str
    argv: tuple[str, ...]
    once: bool = False


class Supervisor:
    """Keeps programs running until SIGINT, SIGTERM or SIGHUP."""

    def __init__(self, environment: Mapping[str, str], directory: Path, *, names: Sequence[str]) -> None:
        self._environment = {**environment, "PYTHONUNBUFFERED": "1"}
        self._directory = directory
        self._printer = Printer(sys.stdout, width=max(len(name) for name in (OWN_NAME, *names)))
        self._colours = dict(zip((OWN_NAME, *names), cycle(islice(get_colours(), 12)), strict=False))
        self._lines: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._stop_asked_at = 0.0
        self._kill_now = False
        self._threads: list[threading.Thread] = []
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._lock = threading.Lock()

    def wait(self, seconds: float) -> bool:
        """Sleep, at most until the end is asked for; returns whether it was."""
        return self._stopping.wait(seconds)

    def say(self, text: str, name: str = OWN_NAME) -> None:
        """Print lines under the supervisor's own name or a program's."""
        self._put(name, text)

    def start(self, program: Program) -> threading.Thread:
        """Start a program and keep it running; the thread ends when the program has ended for good.

        Nothing but this thread starts the program's processes: the kernel takes the end of the starting
        thread for the end of the parent.
        """
        thread = threading.Thread(target=self._keep, args=(program,), name=f"keep-{program.name}")
        self._threads.append(thread)
        thread.start()
        return thread

    def run(self) -> None:
        """Print what the programs say until a signal asks for the end, then stop them all."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            # nohup sets SIGHUP to be ignored, and means it.
            if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._ask_to_stop)
        while not self._stopping.is_set():
            self._print_next(0.2)
        self._stop_all()

    def stop(self) -> None:
        """Ask for the orderly end from another thread."""
        if not self._stopping.is_set():
            self._stop_asked_at = time.monotonic()
            self._stopping.set()

    def _ask_to_stop(self, _number: int, _frame: FrameType | None) -> None:
        if self._stopping.is_set() and time.monotonic() - self._stop_asked_at > IMPATIENT_AFTER_SECONDS:
            self._kill_now = True
        self.stop()

    def _keep(self, program: Program) -> None:
        pause = 1.0
        while not self._stopping.is_set():
            started = time.monotonic()
            code = self._run_to_its_end(program)
            if program.once or self._stopping.is_set():
                if code and not self._stopping.is_set():
                    self.say(f"{program.name} failed ({_outcome(code)})")
                return
            if time.monotonic() - started > WELL_AFTER_SECONDS:
                pause = 1.0
            self.say(f"{program.name} ended ({_outcome(code)}); starting it again in {pause:.0f} s")
            self._stopping.wait(pause)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    def _run_to_its_end(self, program: Program) -> int:
        with self._lock:
            if self._stopping.is_set():
                return 0
            child = subprocess.Popen(  # noqa: S603 (our own programs, no shell)
                program.argv,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=self._environment,
                cwd=self._directory,
                start_new_session=True,
                preexec_fn=die_with_parent(signal.SIGTERM),  # noqa: PLW1509 (one prctl, loaded before the fork)
            )
            self._children[program.name] = child
        reader = threading.Thread(target=self._read, args=(program.name, child), daemon=True)
        reader.start()
        code = child.wait()
        # What a killed parent leaves behind (pool processes of a worker) must not work beside its successor.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
        reader.join(timeout=2)
        return code

    def _read(self, name: str, child: subprocess.Popen[bytes]) -> None:
        if child.stdout is not None:
            for line in child.stdout:
                self._put(name, line)

    def _put(self, name: str, data: str | bytes) -> None:
        now = dt.datetime.now().astimezone()
        self._lines.put(Message("line", data, now, name, self._colours.get(name)))

    def _print_next(self, seconds: float) -> bool:
        try:
            self._printer.write(self._lines.get(timeout=seconds))
        except queue.Empty:
            return False
        except OSError:
            # Nobody reads us any more (`make run | head`): end as if told to, and say no more.
            self._printer.output = Path(os.devnull).open("w")  # noqa: SIM115 (open until the process ends)
            self.stop()
        return True

    def _stop_all(self) -> None:
        self.say("stopping")
        with self._lock:
            children = dict(self._children)
        for child in children.values():
            if child.poll() is None:
                child.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        while any(thread.is_alive() for thread in self._threads):
            self._print_next(0.1)
            if self._kill_now or time.monotonic() > deadline:
                self._kill(children)
        while self._print_next(0.01):
            pass

    def _kill(self, children: Mapping[str, subprocess.Popen[bytes]]) -> None:
        for name, child in children.items():
            if child.poll() is None:
                self.say(f"{name} does not stop; killing it")
                with suppress(ProcessLookupError):
                    os.killpg(child.pid, signal.SIGKILL)


def _outcome(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
