"""The formulas: success rate and percentiles."""

from __future__ import annotations

import bisect

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certification.regions import telemetry
from connectors.figures import Figures, count_statuses
from connectors.latency import BUCKETS, LATENCY_BOUNDS_MS, percentile
from connectors.status_codes import meaning_of

STATUSES = st.dictionaries(st.integers(100, 599).map(str), st.integers(0, 2**31 - 1), min_size=1, max_size=20)


@given(STATUSES)
def test_the_success_rate_lies_between_0_and_1_or_is_unknown(statuses):
    requests, successes, throttled = count_statuses(statuses)
    figures = Figures(requests, successes, throttled)
    rate = figures.success_rate
    assert requests == sum(statuses.values())
    assert rate is None if requests == throttled else 0 <= rate <= 1
    assert figures.failures >= 0


def test_throttled_calls_are_left_out_of_both_sides():
    figures = Figures(*count_statuses({"200": 90, "302": 5, "101": 1, "404": 2, "500": 2, "429": 100}))
    assert (figures.successes, figures.counted) == (96, 100)
    assert figures.success_rate == 0.96
    assert figures.success_percent == "96%"


def test_without_calls_there_is_no_rate_and_no_percentile():
    assert Figures().success_rate is None
    assert Figures().success_percent == ""
    assert Figures().p95 is None
    assert Figures(5, 0, 5).success_rate is None


def test_one_failure_in_a_million_is_not_shown_as_100_percent():
    assert Figures(1_000_000, 999_999, 0).success_percent == "> 99.99%"
    assert Figures(1_000_000, 1_000_000, 0).success_percent == "100%"


@given(st.lists(st.floats(0.1, 29_999), min_size=1, max_size=300), st.sampled_from([0.5, 0.95, 0.99, 1.0]))
def test_a_percentile_is_off_by_at_most_the_width_of_its_bucket(calls, share):
    histogram = [0] * BUCKETS
    for call in calls:
        histogram[bisect.bisect_left(LATENCY_BOUNDS_MS, call)] += 1
    exact = sorted(calls)[max(0, -(-int(share * len(calls) * 1000) // 1000) - 1)]
    bucket = bisect.bisect_left(LATENCY_BOUNDS_MS, exact)
    found = percentile(histogram, share)
    lower = LATENCY_BOUNDS_MS[bucket - 1] if bucket else 0
    assert lower <= found.milliseconds
    assert (
        found.milliseconds <= LATENCY_BOUNDS_MS[min(bucket + 1, len(LATENCY_BOUNDS_MS) - 1)]
        or len(calls) < 100
    )


@given(st.lists(st.integers(0, 10**6), min_size=BUCKETS, max_size=BUCKETS).filter(any))
def test_percentiles_grow_with_their_share(histogram):
    p50, p95, p99 = (percentile(histogram, share).milliseconds for share in (0.5, 0.95, 0.99))
    assert p50 <= p95 <= p99


def test_interpolation_spreads_calls_evenly_over_their_bucket():
    histogram = [0] * BUCKETS
    histogram[4] = 100  # more than 35 ms and at most 60 ms
    assert percentile(histogram, 0.5).milliseconds == pytest.approx(47.5)
    assert str(percentile(histogram, 0.5)) == "48 ms"


def test_beyond_the_last_bound_only_a_lower_limit_is_known():
    histogram = [0] * (BUCKETS - 1) + [10]
    assert str(percentile(histogram, 0.5)) == "> 30 s"
    assert percentile(histogram, 0.5).is_beyond


def test_regions_and_the_portal_use_the_same_bounds():
    assert telemetry.LATENCY_BOUNDS_MS == LATENCY_BOUNDS_MS


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 415, 426, 429, 500, 502, 504, 522, 523, 524])
def test_the_documented_codes_have_an_explanation_of_their_own(status):
    name, explanation = meaning_of(status)
    assert name != meaning_of(499 if status < 500 else 599)[0]
    assert explanation.endswith((".", "?"))
