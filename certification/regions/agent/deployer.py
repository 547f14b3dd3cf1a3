"""Carries out accepted operations: takes its time, verifies the held bytes, then makes them effective once.

All progress is in the ledger, so a killed agent goes on after its restart where it was.
"""

from __future__ import annotations

import asyncio
import logging
import random
import sqlite3
import time
from collections.abc import Callable

from certification.regions.agent.ledger import Accepted, Ledger
from certification.regions.agent.packages import DigestDiffers, PackageStore
from certification.regions.protocol import Action

log = logging.getLogger(__name__)

#: Share of an operation's time it spends as `accepted` before it is `running`.
WAITING_SHARE = 0.2


class Deployer:
    """`seconds` is the shortest and longest time of a deployment; `failure` names an injected failure."""

    def __init__(
        self,
        ledger: Ledger,
        packages: PackageStore,
        *,
        seconds: tuple[float, float],
        chance: random.Random,
        failure: Callable[[], str | None],
    ) -> None:
        self._ledger = ledger
        self._packages = packages
        self._seconds = seconds
        self._chance = chance
        self._failure = failure
        self._tasks: dict[str, asyncio.Task[None]] = {}

    @property
    def running(self) -> int:
        return len(self._tasks)

    def draw_due_time(self) -> float:
        return time.time() + self._chance.uniform(*self._seconds)

    async def resume(self) -> None:
        for accepted in await asyncio.to_thread(self._ledger.unfinished):
            self.carry_out(accepted)

    def carry_out(self, accepted: Accepted) -> None:
        if accepted.key not in self._tasks:
            task = asyncio.create_task(self._run(accepted))
            self._tasks[accepted.key] = task
            task.add_done_callback(lambda _: self._tasks.pop(accepted.key, None))

    async def stop(self) -> None:
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, accepted: Accepted) -> None:
        # The due time was drawn before a crash or a clock change: never wait longer than a deployment takes.
        left = min(max(accepted.due_at - time.time(), 0.0), self._seconds[1])
        await asyncio.sleep(left * WAITING_SHARE)
        await asyncio.to_thread(self._ledger.start, accepted.key)
        await asyncio.sleep(left * (1 - WAITING_SHARE))
        reason = self._failure()
        while not await self._conclude(accepted, reason):
            await asyncio.sleep(1)

    async def _conclude(self, accepted: Accepted, reason: str | None) -> bool:
        """Record the end; False when the ledger could not be written (a full disk), which is tried again."""
        try:
            if reason is None and accepted.action != Action.REMOVE:
                await asyncio.to_thread(self._packages.read, accepted.digest)
        except (DigestDiffers, OSError):
            reason = "The held package is damaged or missing."
        try:
            if reason is None:
                await asyncio.to_thread(self._ledger.make_effective, accepted.key)
            else:
                await asyncio.to_thread(self._ledger.fail, accepted.key, reason)
        except sqlite3.OperationalError as error:
            log.error("operation %s could not be recorded yet: %s", accepted.key, error)
            return False
        log.debug(
            "operation %s of %s ended%s", accepted.key, accepted.connector, f": {reason}" if reason else ""
        )
        return True
