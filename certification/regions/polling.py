"""Talk to many regions at once without letting the slow ones hold up the others.

Nothing here keeps state between calls: due times, back-off and breaker state are rows of the caller.
"""

from __future__ import annotations

import asyncio
import logging
import random as _random
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Generic, TypeVar

from certification.regions.errors import OutcomeUnknown, RegionError, RegionNotAsked, RegionUnauthorized

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


async def poll_regions(
    items: Sequence[Item],
    call: Callable[[Item], Awaitable[Value]],
    *,
    region_of: Callable[[Item], str],
    suspects: Iterable[str] = (),
    limit: int = GLOBAL_LIMIT,
) -> list[Polled[Item, Value]]:
    """Run `call(item)` for every item, at most `limit` at once and one at a time per region.

    Results come in the order of `items` and nothing is raised: an error is part of its item's result. When a
    region gives no usable answer or rejects the token, the rest of its items are not asked in this round
    (`RegionNotAsked`), so that one hanging region costs one deadline, not one per item.
    """
    slots, suspect_slots = asyncio.Semaphore(limit), asyncio.Semaphore(min(SUSPECT_LIMIT, limit))
    suspected = frozenset(suspects)
    results: list[Polled[Item, Value] | None] = [None] * len(items)
    queues: dict[str, list[int]] = defaultdict(list)
    for index, item in enumerate(items):
        queues[region_of(item)].append(index)

    async def drain(region: str, queue: list[int]) -> None:
        failure: RegionError | None = None
        for index in queue:
            if failure is not None:
                skipped = RegionNotAsked(region, "left out of this round after a failed answer.")
                results[index] = Polled(items[index], None, skipped, 0.0)
                continue
            async with slots:
                results[index] = polled = await _one(region, items[index], call)
            if isinstance(polled.error, (OutcomeUnknown, RegionUnauthorized)):
                failure = polled.error

    async def drain_suspect(region: str, queue: list[int]) -> None:
        async with suspect_slots:
            await drain(region, queue)

    async with asyncio.TaskGroup() as group:
        for region, queue in queues.items():
            group.create_task(drain_suspect(region, queue) if region in suspected else drain(region, queue))
    return [result for result in results if result is not None]


async def _one(region: str, item: Item, call: Callable[[Item], Awaitable[Value]]) -> Polled[Item, Value]:
    started = time.monotonic()
    value: Value | None = None
    error: RegionError | None = None
    try:
        value = await call(item)
    except RegionError as caught:
        error = caught
    except Exception as caught:  # noqa: BLE001 - one broken item must not take the others down
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
