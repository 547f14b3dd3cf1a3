"""Objectives: burn rates, silence and unusual hours as arithmetic, checked by their properties."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.latency import BUCKETS, LATENCY_BOUNDS_MS
from connectors.objectives import (
    LEAST_WEEKS,
    RULES,
    Counts,
    Objective,
    Verdict,
    budget_left,
    burn_rate,
    burn_verdict,
    calls_verdict,
    failures_verdict,
    fleet_factor,
    latency_verdict,
    silence_verdict,
    usual,
    within,
)

calm = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
FAST, SLOW, STEADY = RULES
shares = st.floats(0.5, 0.9999)


@st.composite
def counts(draw, most=100_000):
    calls = draw(st.integers(0, most))
    return Counts(calls, draw(st.integers(0, calls)))


def test_the_rules_are_those_of_the_documentation_and_say_what_they_cost():
    assert [(r.factor, r.long, r.short) for r in RULES] == [
        (14.4, timedelta(hours=1), timedelta(minutes=5)),
        (6.0, timedelta(hours=6), timedelta(minutes=30)),
        (1.0, timedelta(days=3), timedelta(hours=6)),
    ]
    assert [round(rule.budget_used, 3) for rule in RULES] == [0.02, 0.05, 0.1]


@calm
@given(counts(), shares)
def test_a_burn_rate_is_never_negative_and_one_means_exactly_what_is_allowed(found, success):
    rate = burn_rate(found, Objective(success))
    assert (rate is None) == (found.calls == 0)
    if rate is not None:
        assert 0 <= rate <= 1 / (1 - success) + 1e-9
        assert rate * (1 - success) * found.calls == pytest.approx(found.failed)
        assert budget_left(found, Objective(success)) == pytest.approx(1 - rate)


@calm
@given(counts(), counts(), shares, st.sampled_from(RULES))
def test_more_failures_never_end_a_breach(long, short, success, rule):
    objective = Objective(success)
    worse = [
        Counts(each.calls, min(each.calls, each.failed + each.calls // 10 + 1)) for each in (long, short)
    ]
    if burn_verdict(rule, objective, long=long, short=short) == Verdict.BREACH:
        assert burn_verdict(rule, objective, long=worse[0], short=worse[1]) == Verdict.BREACH


@calm
@given(counts(), counts(), shares, st.sampled_from(RULES))
def test_a_stricter_objective_never_ends_a_breach(long, short, success, rule):
    if burn_verdict(rule, Objective(success), long=long, short=short) == Verdict.BREACH:
        stricter = Objective(success + (1 - success) / 2)
        assert burn_verdict(rule, stricter, long=long, short=short) == Verdict.BREACH


@calm
@given(counts(), st.sampled_from(RULES), shares)
def test_no_data_is_neither_fine_nor_a_breach(found, rule, success):
    objective = Objective(success)
    assert burn_verdict(rule, objective, long=found, short=Counts()) == Verdict.UNKNOWN
    assert burn_verdict(rule, objective, long=Counts(), short=found) == Verdict.UNKNOWN
    few = Counts(rule.least_calls - 1, rule.least_calls - 1)
    assert burn_verdict(rule, objective, long=few, short=few) == Verdict.UNKNOWN


def test_both_windows_must_burn():
    objective = Objective(0.99)
    bad, good = Counts(1000, 200), Counts(1000, 0)
    assert burn_verdict(FAST, objective, long=bad, short=bad) == Verdict.BREACH
    assert burn_verdict(FAST, objective, long=bad, short=good) == Verdict.FINE, "it is over"
    assert burn_verdict(FAST, objective, long=good, short=bad) == Verdict.FINE, "a hiccup"


@pytest.mark.parametrize(("rule", "failing"), [(FAST, 0.15), (SLOW, 0.07), (STEADY, 0.012)])
def test_a_rule_speaks_when_its_share_fails_and_not_at_half_of_it(rule, failing):
    objective = Objective(0.99)
    for share, verdict in ((failing, Verdict.BREACH), (failing / 2, Verdict.FINE)):
        found = Counts(10_000, round(10_000 * share))
        assert burn_verdict(rule, objective, long=found, short=found) == verdict


@pytest.mark.parametrize("success", [0, 1, -1, 2])
def test_an_objective_that_allows_nothing_or_everything_is_refused(success):
    with pytest.raises(ValueError, match="between 0 and 1"):
        Objective(success)


def test_a_latency_that_the_histogram_cannot_count_is_refused():
    with pytest.raises(ValueError, match="bounds"):
        Objective(latency_ms=2000)


@calm
@given(st.lists(st.integers(0, 1000), min_size=BUCKETS, max_size=BUCKETS), st.sampled_from(LATENCY_BOUNDS_MS))
def test_calls_within_a_bound_and_beyond_it_are_all_calls(histogram, bound):
    place = LATENCY_BOUNDS_MS.index(bound)
    assert within(histogram, bound) + sum(histogram[place + 1 :]) == sum(histogram)


@calm
@given(st.lists(st.floats(0, 1e6), max_size=LEAST_WEEKS - 1), st.floats(0, 1e6))
def test_a_young_connector_is_never_unusual(past, now):
    assert usual(past) is None
    assert calls_verdict(now, past) == Verdict.UNKNOWN
    assert failures_verdict(Counts(1000, 1000), past) == Verdict.UNKNOWN
    assert latency_verdict(now, past, calls=1000) == Verdict.UNKNOWN


@calm
@given(st.floats(200, 1e6), st.lists(st.floats(0.9, 1.1), min_size=6, max_size=6))
def test_a_usual_hour_is_fine(level, wobble):
    past = [level * each for each in wobble]
    assert calls_verdict(level, past) == Verdict.FINE


@calm
@given(st.floats(200, 1e6), st.integers(0, 5))
def test_one_holiday_among_the_past_weeks_neither_hides_a_fall_nor_makes_one(level, week):
    past = [level] * 6
    past[week] = level * 0.05
    assert calls_verdict(level, past) == Verdict.FINE
    assert calls_verdict(level * 0.1, past) == Verdict.BREACH


def test_on_a_holiday_everybody_is_quiet_and_nobody_is_reported():
    usually = [1000.0] * 9
    factor = fleet_factor([300.0] * 9, usually)
    assert factor == pytest.approx(0.3)
    assert calls_verdict(300, [1000.0] * 6, factor=factor) == Verdict.FINE
    assert calls_verdict(40, [1000.0] * 6, factor=factor) == Verdict.BREACH, "and one that is silent still is"


@calm
@given(st.lists(st.floats(0, 1e6), min_size=5, max_size=30))
def test_a_busy_day_of_everybody_hides_no_fall(now):
    assert 0 <= fleet_factor(now, [1.0] * len(now)) <= 1


def test_too_few_connectors_say_nothing_about_everybody():
    assert fleet_factor([0.0] * 4, [100.0] * 4) == 1.0


def test_failures_and_latency_far_above_the_usual_are_told():
    past = [0.01, 0.012, 0.009, 0.011, 0.01, 0.01]
    assert failures_verdict(Counts(1000, 25), past) == Verdict.FINE, "less than two points more"
    assert failures_verdict(Counts(1000, 60), past) == Verdict.BREACH
    assert failures_verdict(Counts(99, 99), past) == Verdict.UNKNOWN
    assert latency_verdict(700, [500.0] * 6, calls=1000) == Verdict.FINE
    assert latency_verdict(800, [500.0] * 6, calls=1000) == Verdict.BREACH


def test_alarms_in_noise_are_rare():
    """Six weeks of a connector whose hours vary by a fifth: in ten thousand hours hardly any is called unusual."""
    dice = random.Random(7)
    alarms = 0
    for _ in range(10_000):
        hours = [max(0.0, dice.gauss(1000, 200)) for _ in range(7)]
        alarms += calls_verdict(hours[0], hours[1:]) == Verdict.BREACH
    assert alarms / 10_000 < 0.01


def test_silence_is_told_only_where_calls_were_to_be_expected():
    objective = Objective(silence=timedelta(hours=2))
    long, short = timedelta(hours=3), timedelta(hours=1)
    assert silence_verdict(long, 500, objective) == Verdict.BREACH
    assert silence_verdict(short, 500, objective) == Verdict.FINE
    assert silence_verdict(long, 3, objective) == Verdict.UNKNOWN
    assert silence_verdict(long, None, objective) == Verdict.UNKNOWN
    assert silence_verdict(None, 500, objective) == Verdict.UNKNOWN
