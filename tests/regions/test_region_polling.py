"""Polling many regions: limits, isolation, back-off and breaker."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certification.regions.http import HttpDriver
from certification.regions.polling import (
    HALF_OPEN_AFTER_SECONDS,
    OPEN_AFTER_FAILURES,
    SUSPECT_LIMIT,
    Breaker,
    BreakerState,
    next_delay,
    poll_from_thread,
    poll_regions,
)
from certification.regions.protocol import (
    DigestMismatch,
    OutcomeUnknown,
    RegionNotAsked,
    RegionRefused,
    RegionThrottled,
    RegionUnauthorized,
)

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


class Meter:
    """Counts how many calls run at once, in all and per region."""

    def __init__(self, seconds: float = 0.01) -> None:
        self.seconds = seconds
        self.now: Counter[str] = Counter()
        self.peak = 0
        self.region_peak = 0

    async def __call__(self, item: tuple[str, int]) -> int:
        self.now[item[0]] += 1
        self.peak = max(self.peak, self.now.total())
        self.region_peak = max(self.region_peak, *self.now.values())
        await asyncio.sleep(self.seconds)
        self.now[item[0]] -= 1
        return item[1]


def poll(items, call, **more):
    return asyncio.run(poll_regions(items, call, region_of=lambda item: item[0], **more))


def test_at_most_twenty_calls_run_at_once_and_one_per_region():
    meter = Meter()
    items = [(f"region-{number % 60}", number) for number in range(180)]
    results = poll(items, meter)
    assert (meter.peak, meter.region_peak) == (20, 1)
    assert [result.value for result in results] == list(range(180))
    assert all(result.is_ok and result.item == item for result, item in zip(results, items, strict=True))


def test_no_items_give_no_results():
    assert poll([], Meter()) == []


def test_an_error_belongs_to_its_item_and_stops_nobody_else():
    async def call(item):
        if item[1] == 3:
            raise RegionRefused(item[0], "no.", code="stale-deployment", status=409)
        if item[1] == 5:
            raise ZeroDivisionError("the token is hunter2")
        return item[1]

    results = poll([(f"region-{number}", number) for number in range(8)], call)
    assert [type(result.error).__name__ for result in results if result.error] == [
        "RegionRefused",
        "OutcomeUnknown",
    ]
    assert "hunter2" not in str(results[5].error)
    assert [result.value for result in results] == [0, 1, 2, None, 4, None, 6, 7]


def test_a_hanging_region_costs_one_deadline_and_the_rest_of_its_items_are_not_asked():
    asked: list[tuple[str, int]] = []

    async def call(item):
        asked.append(item)
        if item[0] == "dead":
            await asyncio.sleep(0.3)
            raise OutcomeUnknown("dead", "no answer.")
        return item[1]

    items = [("dead", number) for number in range(50)] + [("well", number) for number in range(50)]
    started = time.monotonic()
    results = poll(items, call)
    assert time.monotonic() - started < 1
    assert Counter(region for region, _ in asked) == {"dead": 1, "well": 50}
    assert all(isinstance(result.error, RegionNotAsked) for result in results[1:50])
    assert all(result.is_ok for result in results[50:])


def test_a_refusal_does_not_silence_the_region():
    async def call(item):
        raise RegionRefused(item[0], "no.", code="stale-deployment", status=409)

    results = poll([("one", 1), ("one", 2)], call)
    assert [type(result.error) for result in results] == [RegionRefused, RegionRefused]


def test_twenty_suspect_regions_that_hang_leave_room_for_the_healthy_ones():
    done_at: dict[str, float] = {}
    started = time.monotonic()

    async def call(item):
        if item[0].startswith("dead"):
            await asyncio.sleep(0.4)
            raise OutcomeUnknown(item[0], "no answer.")
        await asyncio.sleep(0.01)
        done_at[item[0]] = time.monotonic() - started
        return item[1]

    items = [(f"dead-{number}", number) for number in range(20)] + [(f"well-{n}", n) for n in range(40)]
    poll(items, call, suspects={f"dead-{number}" for number in range(20)})
    assert len(done_at) == 40
    assert max(done_at.values()) < 0.3


def test_results_are_handed_over_as_they_come_and_outside_the_event_loop():
    arrived: list[tuple[str, float]] = []
    started = time.monotonic()

    async def call(driver, item):
        assert isinstance(driver, HttpDriver)
        await asyncio.sleep(0.5 if item[0] == "slow" else 0.01)
        return item[1]

    items = [("slow", 1), ("quick", 2), ("quick", 3)]
    for polled in poll_from_thread(HttpDriver, items, call, region_of=lambda item: item[0]):
        with pytest.raises(RuntimeError):
            asyncio.get_running_loop()
        arrived.append((polled.item[0], time.monotonic() - started))
    assert [region for region, _ in arrived] == ["quick", "quick", "slow"]
    assert arrived[1][1] < 0.4 < arrived[2][1]


def test_a_caller_that_stops_early_leaves_nothing_running():
    ended: list[str] = []

    async def call(driver, item):
        try:
            await asyncio.sleep(0.01 if item[0] == "quick" else 60)
        finally:
            ended.append(item[0])

    polls = poll_from_thread(HttpDriver, [("slow", 1), ("quick", 2)], call, region_of=lambda item: item[0])
    assert next(polls).item == ("quick", 2)
    polls.close()
    assert ended == ["quick", "slow"]


def test_a_driver_that_cancels_itself_is_an_error_of_its_item():
    async def call(item):
        raise asyncio.CancelledError

    [result] = poll([("odd", 1)], call)
    assert isinstance(result.error, OutcomeUnknown)


def test_suspects_share_few_slots():
    meter = Meter()
    items = [(f"dead-{number}", number) for number in range(30)]
    poll(items, meter, suspects=[region for region, _ in items])
    assert meter.peak == SUSPECT_LIMIT


@given(st.floats(0, 1e6), st.integers(0, 2**32), st.floats(0.1, 60), st.floats(60, 600))
def test_a_delay_stays_between_base_and_cap_and_within_three_times_the_one_before(previous, seed, base, cap):
    delay = next_delay(previous, base=base, cap=cap, random=random.Random(seed))
    assert base <= delay <= cap
    assert delay <= max(base, 3 * previous) or delay == pytest.approx(max(base, 3 * previous))


def test_delays_of_many_items_spread_out_and_grow_to_the_cap():
    source = random.Random(1)
    delays = [0.0] * 500
    for _ in range(12):
        delays = [next_delay(delay, random=source) for delay in delays]
    assert len({round(delay, 3) for delay in delays}) > 200
    assert max(delays) == 60
    assert min(delays) >= 5


failures = st.sampled_from(
    [
        OutcomeUnknown("r", "x"),
        RegionThrottled("r", "x", retry_after_seconds=5),
        RegionUnauthorized("r", "x"),
    ]
)
answers = st.sampled_from(
    [
        None,
        RegionRefused("r", "x", code="stale-deployment", status=409),
        DigestMismatch("r", "x", expected="a", reported="b"),
    ]
)


@given(st.lists(st.one_of(failures, answers, st.just(RegionNotAsked("r", "x"))), max_size=40))
def test_the_breaker_is_open_exactly_after_five_failures_in_a_row(outcomes):
    breaker, in_a_row = Breaker(), 0
    for error in outcomes:
        breaker = breaker.after(error, NOW)
        if not isinstance(error, RegionNotAsked):
            in_a_row = in_a_row + 1 if error is not None and error.counts_against_region else 0
        is_open = in_a_row >= OPEN_AFTER_FAILURES
        assert breaker.state(NOW) is (BreakerState.OPEN if is_open else BreakerState.ALLOW)
        assert breaker.allows(NOW) is not is_open
        assert breaker.failures == in_a_row


@given(st.floats(0, 1000), failures)
def test_an_open_breaker_lets_a_probe_through_after_thirty_seconds_and_its_failure_shuts_it_again(
    waited, error
):
    breaker = Breaker(5, NOW)
    later = NOW + timedelta(seconds=waited)
    is_over = later - NOW >= timedelta(seconds=HALF_OPEN_AFTER_SECONDS)
    assert breaker.state(later) is (BreakerState.HALF_OPEN if is_over else BreakerState.OPEN)
    shut_again = breaker.after(error, later)
    assert shut_again.state(later) is BreakerState.OPEN
    assert breaker.after(None, later) == Breaker()


def test_a_clock_that_jumped_back_does_not_shut_a_region_out_for_long():
    assert Breaker(5, NOW).state(NOW - timedelta(hours=1)) is BreakerState.HALF_OPEN
