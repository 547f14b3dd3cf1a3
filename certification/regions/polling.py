"""Talk to many regions at once without letting the slow ones hold up the others.

Nothing here keeps state between calls: due times, back-off and breaker state are rows of the caller.
"""

from __future__ import annotations

import asyncio
import logging
import random as _random
import time
from collections import defaultdict
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Generic, TypeVar

from certification.regions.errors import OutcomeUnknown, RegionError, RegionNotAsked, RegionUnauthorized
from certification.regions.protocol import RegionDriver

Item = TypeVar("Item")
Value = TypeVar("Value")

GLOBAL_LIMIT = 20
#: Slots of the global limit that regions with a troubled breaker may hold together, so that twenty hanging
#: regions cannot take every slot for the length of a deadline.
SUSPECT_LIMIT = 5

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Polled(Generic[Item, Value]):
    """The result of one item: `value` when `error` is None. `seconds` is the time the call itself took."""

    item: Item
    value: Value | None
    error: RegionError | None
    seconds: float

    @property
    def is_ok(self) -> bool:
        return self.error is None


async def poll_as_completed(
    items: Sequence[Item],
    call: Callable[[Item], Awaitable[Value]],
    *,
    region_of: Callable[[Item], str],
    suspects: Iterable[str] = (),
    limit: int = GLOBAL_LIMIT,
) -> AsyncGenerator[Polled[Item, Value], None]:
    """Run `call(item)` for every item, at most `limit` at once and one at a time per region.

    Yields one result per item as soon as it is known, and raises nothing: an error is part of its result.
    When a region gives no usable answer or rejects the token, the rest of its items are not asked in this
    round (`RegionNotAsked`), so that one hanging region costs one deadline, not one per item. Name as
    `suspects` the regions whose last call failed: together they get only `SUSPECT_LIMIT` of the slots.
    """
    slots, suspect_slots = asyncio.Semaphore(limit), asyncio.Semaphore(min(SUSPECT_LIMIT, limit))
    suspected = frozenset(suspects)
    done: asyncio.Queue[Polled[Item, Value]] = asyncio.Queue()
    queues: dict[str, list[Item]] = defaultdict(list)
    for item in items:
        queues[region_of(item)].append(item)

    async def drain(region: str, queue: list[Item]) -> None:
        is_silent = False
        for item in queue:
            if is_silent:
                skipped = RegionNotAsked(region, "left out of this round after a failed answer.")
                done.put_nowait(Polled(item, None, skipped, 0.0))
                continue
            async with suspect_slots if region in suspected else nullcontext(), slots:
                polled = await _one(region, item, call)
            done.put_nowait(polled)
            is_silent = isinstance(polled.error, (OutcomeUnknown, RegionUnauthorized))

    tasks = [asyncio.create_task(drain(region, queue)) for region, queue in queues.items()]
    try:
        for _ in items:
            yield await done.get()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def poll_regions(
    items: Sequence[Item],
    call: Callable[[Item], Awaitable[Value]],
    *,
    region_of: Callable[[Item], str],
    suspects: Iterable[str] = (),
    limit: int = GLOBAL_LIMIT,
) -> list[Polled[Item, Value]]:
    """All results of `poll_as_completed` in the order of `items`, when the last is known."""
    polls = poll_as_completed(
        list(enumerate(items)),
        lambda numbered: call(numbered[1]),
        region_of=lambda numbered: region_of(numbered[1]),
        suspects=suspects,
        limit=limit,
    )
    found = {polled.item[0]: polled async for polled in polls}
    return [
        Polled(item, found[index].value, found[index].error, found[index].seconds)
        for index, item in enumerate(items)
    ]


def poll_from_thread(
    open_driver: Callable[[], RegionDriver],
    items: Sequence[Item],
    call: Callable[[RegionDriver, Item], Awaitable[Value]],
    *,
    region_of: Callable[[Item], str],
    suspects: Iterable[str] = (),
    limit: int = GLOBAL_LIMIT,
) -> Generator[Polled[Item, Value], None, None]:
    """`poll_as_completed` for synchronous code, with a driver of its own.

    Each result is handed over outside the event loop, so it can be written to the database at once, without
    waiting for the slowest region. Deadlines keep running meanwhile: keep what is done per result short.
    """
    with asyncio.Runner() as runner:
        driver = open_driver()
        runner.run(driver.__aenter__())
        polls = poll_as_completed(
            items, lambda item: call(driver, item), region_of=region_of, suspects=suspects, limit=limit
        )
        try:
            while (polled := runner.run(_next(polls))) is not None:
                yield polled
        finally:
            runner.run(polls.aclose())
            runner.run(driver.__aexit__(None, None, None))


async def _next(polls: AsyncGenerator[Polled[Item, Value], None]) -> Polled[Item, Value] | None:
    return await anext(polls, None)


async def _one(region: str, item: Item, call: Callable[[Item], Awaitable[Value]]) -> Polled[Item, Value]:
    started = time.monotonic()
    value: Value | None = None
    error: RegionError | None = None
    try:
        value = await call(item)
    except RegionError as caught:
        error = caught
    except (Exception, asyncio.CancelledError) as caught:
        task = asyncio.current_task()
        if isinstance(caught, asyncio.CancelledError) and task is not None and task.cancelling():
            raise
        # No traceback: its frames hold the endpoint and with it the token.
        log.error("unexpected %s while polling region %s", type(caught).__name__, region)
        error = OutcomeUnknown(region, f"the driver stopped with {type(caught).__name__}.")
    return Polled(item, value, error, time.monotonic() - started)


def next_delay(
    previous_seconds: float,
    *,
    base: float = 5.0,
    cap: float = 60.0,
    random: _random.Random | None = None,
) -> float:
    """Seconds until the next attempt: decorrelated jitter, `min(cap, uniform(base, 3 x previous))`.

    Spreads retries of many items better than doubling, and never returns less than `base` nor more than
    `cap`. Pass 0 for the first delay.
    """
    source = random or _random.SystemRandom()
    return min(cap, source.uniform(base, max(base, previous_seconds * 3)))


class BreakerState(StrEnum):
    ALLOW = "allow"
    HALF_OPEN = "half_open"
    OPEN = "open"


OPEN_AFTER_FAILURES = 5
HALF_OPEN_AFTER_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Breaker:
    """A circuit breaker as a value: the caller stores `failures` and `opened_at` and gives its own clock.

    Allows calls until five failures in a row, then none for 30 s, then one probe (half open): its success
    closes the breaker, its failure opens it for another 30 s.
    """

    failures: int = 0
    opened_at: datetime | None = None

    def state(self, now: datetime) -> BreakerState:
        if self.opened_at is None:
            return BreakerState.ALLOW
        # A clock that jumped back must not keep a region shut out for longer than the pause.
        waited = abs(now - self.opened_at)
        is_over = waited >= timedelta(seconds=HALF_OPEN_AFTER_SECONDS)
        return BreakerState.HALF_OPEN if is_over else BreakerState.OPEN

    def allows(self, now: datetime) -> bool:
        return self.state(now) is not BreakerState.OPEN

    def after(self, error: RegionError | None, now: datetime) -> Breaker:
        """The breaker after a call that ended with `error`, or None for a good answer.

        A refusal is an answer, so it counts as one; an item that was not asked changes nothing.
        """
        if error is None:
            return Breaker()
        if isinstance(error, RegionNotAsked):
            return self
        if not error.counts_against_region:
            return Breaker()
        failures = self.failures + 1
        return Breaker(failures, now if failures >= OPEN_AFTER_FAILURES else None)
