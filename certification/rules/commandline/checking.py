"""Check packages one after the other or in several processes; results come in the order of the packages."""

from __future__ import annotations

import contextlib
import gc
import itertools
import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from pathlib import Path

from certification.rules.commandline import paths
from certification.rules.commandline.exits import InputUnusable
from certification.rules.commandline.origin import Origin
from certification.rules.commandline.output import Checked, Output, rule_counts
from certification.rules.engine import Context, check_package
from certification.rules.findings import count_by_severity
from certification.rules.profiles import Profile
from certification.rules.receipts import receipt_for
from certification.rules.registry import rules
from connectors.definitions import Package, read_path

# Packages that go to a process together: enough to make the way worth while, few enough to share the work
# evenly.
_MOST_IN_CHUNK = 16
_CHUNKS_FOR_EACH = 8


@dataclass(frozen=True, slots=True)
class Task:
    """One package and the version of it that is published now."""

    path: Path
    previous: Path | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be done with every package."""

    profile: Profile
    selected: frozenset[str] | None
    output: Output
    has_baseline: bool = False
    wants_receipt: bool = False

    def check(self, task: Task) -> Checked:
        """Never raises for a package, also not for one that cannot be read."""
        label = paths.label(task.path)
        try:
            package = read_path(task.path)
            previous = read_path(task.previous) if task.previous else None
        except OSError as error:
            return Checked(label, problem=f"{error.filename or label}: {error.strerror or 'cannot be read'}")
        return self._checked(label, task, package, previous)

    def _checked(self, label: str, task: Task, package: Package, previous: Package | None) -> Checked:
        profile = self.profile
        if self.has_baseline and previous is None:
            profile = replace(profile, change="new")
        context = Context(previous=previous)
        report = check_package(package, profile, context, selected=self.selected, label=label)
        receipt = None
        if self.wants_receipt and report.digest:
            receipt = receipt_for(report, baseline=previous.digest if previous else "")
        return Checked(
            label,
            self.output.part(report, Origin(task.path, package)),
            report.verdict,
            count_by_severity(report.findings),
            rule_counts(report),
            receipt,
        )


def check_all(job: Job, tasks: Sequence[Task], jobs: int) -> Iterator[Checked]:
    """The results in the order of the tasks. `jobs` processes work on them, 0 for one on each core."""
    jobs = min(jobs or os.cpu_count() or 1, len(tasks))
    with _without_collector():
        if jobs > 1:
            yield from _in_processes(job, tasks, jobs)
        else:
            for start in range(0, len(tasks), _MOST_IN_CHUNK):
                yield from map(job.check, tasks[start : start + _MOST_IN_CHUNK])
                gc.collect()


@contextlib.contextmanager
def _without_collector() -> Iterator[None]:
    """A parsed package is millions of objects and hardly a circle: the collector of circles would go through
    them again and again. It runs between packages instead, when few objects are left.
    """
    rules()
    was_enabled = gc.isenabled()
    gc.disable()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
        if was_enabled:
            gc.enable()


def _in_processes(job: Job, tasks: Sequence[Task], jobs: int) -> Iterator[Checked]:
    size = max(1, min(_MOST_IN_CHUNK, len(tasks) // (jobs * _CHUNKS_FOR_EACH)))
    # A forked process has everything imported already; elsewhere each imports for itself.
    method = "fork" if "fork" in multiprocessing.get_all_start_methods() else "spawn"
    strangers = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(jobs, multiprocessing.get_context(method), _start, (job.check,))
    try:
        yield from _in_order(pool, tasks, size, jobs)
    except BrokenProcessPool:
        raise InputUnusable("a process that checked packages was killed; try fewer --jobs") from None
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        for child in set(multiprocessing.active_children()) - strangers:
            child.terminate()
            child.join()


def _in_order(pool: ProcessPoolExecutor, tasks: Sequence[Task], size: int, jobs: int) -> Iterator[Checked]:
    """Some chunks are always under way, but not all: results that must wait take memory."""
    chunks = (tasks[start : start + size] for start in range(0, len(tasks), size))
    waiting: deque[Future[list[Checked]]] = deque()
    for chunk in itertools.islice(chunks, jobs * _CHUNKS_FOR_EACH):
        waiting.append(pool.submit(_work, chunk))
    while waiting:
        done = waiting.popleft().result()
        for chunk in itertools.islice(chunks, 1):
            waiting.append(pool.submit(_work, chunk))
        yield from done


_check: Callable[[Task], Checked]


def _start(check: Callable[[Task], Checked]) -> None:
    """In a new process: Ctrl-C ends it at once and in silence, the first process says what is to be said."""
    global _check  # noqa: PLW0603 - the one thing that a process keeps between its chunks
    _check = check
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    rules()
    gc.disable()


def _work(tasks: Sequence[Task]) -> list[Checked]:
    done = [_check(task) for task in tasks]
    gc.collect()
    return done
