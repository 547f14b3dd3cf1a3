"""The arithmetic of the time ledger: the parts are the whole, whatever happened in whatever order."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from certification.planning.calendar import Calendar
from certification.planning.stretches import (
    Mark,
    Span,
    Stay,
    Wait,
    kept_by,
    lengths_by_holder,
    stays_of,
    stretches_of,
)
from certification.planning.windows import Window
from certification.queries.ledger import shares_of

MONDAY = dt.datetime(2026, 3, 2, 9, 0, tzinfo=dt.UTC)
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
HOLDERS = {
    "draft": "publisher",
    "in_review": "reviewer",
    "scheduled": "machine",
    "rolling_out": "machine",
    "held": "operator",
}
MOMENTS = st.integers(-50, 900).map(lambda hours: MONDAY + hours * HOUR)
STATES = st.sampled_from(sorted(HOLDERS))
SPANS = st.builds(
    lambda holder, start, length, states: Span(holder, start, start + length * HOUR, states, holder, holder),
    st.sampled_from(["freeze", "incident", "machine"]),
    MOMENTS,
    st.integers(0, 300),
    st.frozensets(STATES, min_size=1),
)
SPAN_LISTS = st.lists(SPANS, max_size=6).map(
    lambda spans: [replace(span, key=str(index)) for index, span in enumerate(spans)]
)
MARKS = st.lists(st.tuples(MOMENTS, STATES), max_size=8).map(
    lambda rows: [Mark(order, at, state) for order, (at, state) in enumerate(rows, start=1)]
)
FLAT = Calendar("UTC", frozenset(), start_time=dt.time(0, 0))
WORKDAYS = Calendar("UTC", frozenset({5, 6}), start_time=dt.time(9, 0))
TRAVELLING = frozenset({"scheduled", "rolling_out"})


def stays(marks, ends_at=MONDAY + 900 * HOUR):
    return stays_of(marks, begins_at=MONDAY, ends_at=ends_at, first="draft")


@given(MARKS, SPAN_LISTS)
def test_the_parts_add_up_exactly_to_the_whole(marks, spans):
    whole = 900 * HOUR
    found = stretches_of(stays(marks), spans, holder_of=HOLDERS)
    assert sum((stretch.length for stretch in found), dt.timedelta()) == whole
    assert sum(lengths_by_holder(found).values(), dt.timedelta()) == whole


@given(MARKS, SPAN_LISTS)
def test_stretches_follow_each_other_without_gap_or_overlap(marks, spans):
    found = stretches_of(stays(marks), spans, holder_of=HOLDERS)
    assert found[0].starts_at == MONDAY
    assert found[-1].ends_at == MONDAY + 900 * HOUR
    assert all(one.ends_at == other.starts_at for one, other in pairwise(found))
    assert all(stretch.starts_at <= stretch.ends_at for stretch in found)


@given(MARKS, SPAN_LISTS, st.randoms())
def test_the_order_in_which_events_are_handed_over_changes_nothing(marks, spans, chance):
    shuffled = list(marks)
    chance.shuffle(shuffled)
    assert stays(shuffled) == stays(marks)
    assert stretches_of(stays(shuffled), spans, holder_of=HOLDERS) == stretches_of(
        stays(marks), spans, holder_of=HOLDERS
    )


@given(MARKS, SPAN_LISTS)
def test_a_span_takes_time_only_in_its_states_and_only_inside_of_itself(marks, spans):
    for stretch in stretches_of(stays(marks), spans, holder_of=HOLDERS):
        if not stretch.key:
            assert stretch.holder == HOLDERS[stretch.state]
            continue
        assert any(
            span.key == stretch.key
            and stretch.state in span.states
            and span.starts_at <= stretch.starts_at
            and stretch.ends_at <= span.ends_at
            for span in spans
        )


@given(MARKS, SPAN_LISTS)
def test_every_instant_that_a_span_covers_in_its_states_is_taken(marks, spans):
    for stretch in stretches_of(stays(marks), spans, holder_of=HOLDERS):
        middle = stretch.starts_at + stretch.length / 2
        covered = any(
            span.starts_at <= middle < span.ends_at and stretch.state in span.states for span in spans
        )
        assert bool(stretch.key) == (covered and stretch.length > dt.timedelta())


@given(
    st.lists(
        st.tuples(st.sampled_from(["publisher", "reviewer", "machine", "freeze"]), st.integers(0, 10**6))
    )
)
def test_percentages_add_up_to_a_hundred(rows):
    lengths = {}
    for holder, seconds in rows:
        lengths[holder] = lengths.get(holder, dt.timedelta()) + dt.timedelta(seconds=seconds)
    shares = shares_of(lengths)
    assert sum(share.percent for share in shares) == (100 if any(lengths.values()) else 0)
    assert [share.seconds for share in shares] == sorted((share.seconds for share in shares), reverse=True)


def test_of_spans_that_overlap_the_first_has_the_time():
    spans = [
        Span("incident", MONDAY, MONDAY + 5 * HOUR, TRAVELLING, "Outage"),
        Span("freeze", MONDAY, MONDAY + 9 * HOUR, TRAVELLING, "Year-end"),
    ]
    found = stretches_of([Stay("scheduled", MONDAY, MONDAY + DAY)], spans, holder_of=HOLDERS)
    assert [(stretch.holder, stretch.length) for stretch in found] == [
        ("incident", 5 * HOUR),
        ("freeze", 4 * HOUR),
        ("machine", 15 * HOUR),
    ]


def test_a_clock_that_jumps_back_makes_no_negative_time():
    found = stays([Mark(1, MONDAY + 5 * HOUR, "in_review"), Mark(2, MONDAY + 3 * HOUR, "scheduled")])
    assert [(stay.state, stay.ends_at - stay.starts_at) for stay in found] == [
        ("draft", 5 * HOUR),
        ("in_review", dt.timedelta()),
        ("scheduled", 895 * HOUR),
    ]


def wait(since, until, *regions, not_before=None):
    return Wait(since, until, frozenset(regions or {"north"}), not_before)


def frost(starts_at, ends_at, *regions, name="Year-end"):
    return Window(name, starts_at, ends_at, frozenset(regions))


def spans_of(frosts, waiting, calendar=WORKDAYS):
    return [
        (span.key, span.starts_at, span.ends_at) for span in kept_by(frosts, waiting, calendar, TRAVELLING)
    ]


def test_a_freeze_counts_from_when_the_wave_would_have_started_to_its_end():
    # Ready on Monday at nine; frozen from Sunday to Thursday midnight; started on Friday.
    frozen = frost(MONDAY - DAY, MONDAY + 2.5 * DAY)
    waiting = wait(MONDAY - 2 * HOUR, MONDAY + 4 * DAY)
    assert spans_of([frozen], waiting) == [("Year-end", MONDAY, MONDAY + 2.5 * DAY)]


def test_a_freeze_that_kept_nothing_from_starting_takes_no_time():
    assert spans_of([frost(MONDAY - 3 * DAY, MONDAY - DAY)], wait(MONDAY, MONDAY + DAY)) == []
    # It began when the wave could have started already: something else kept it.
    assert spans_of([frost(MONDAY + HOUR, MONDAY + DAY)], wait(MONDAY, MONDAY + 2 * DAY)) == []
    # The spacing of the plan asked for a later day anyway.
    later = wait(MONDAY, MONDAY + 3 * DAY, not_before=MONDAY + 2 * DAY)
    assert spans_of([frost(MONDAY, MONDAY + DAY)], later) == []


def test_a_freeze_of_other_regions_takes_no_time():
    assert spans_of([frost(MONDAY, MONDAY + DAY, "south")], wait(MONDAY, MONDAY + 2 * DAY)) == []
    assert spans_of([frost(MONDAY, MONDAY + DAY, "north")], wait(MONDAY, MONDAY + 2 * DAY)) != []


def test_a_second_freeze_takes_over_where_the_first_would_have_let_it_start():
    first, second = frost(MONDAY, MONDAY + DAY), frost(MONDAY + HOUR, MONDAY + 3 * DAY, name="Audit")
    found = spans_of([second, first], wait(MONDAY, MONDAY + 4 * DAY))
    assert found == [("Year-end", MONDAY, MONDAY + DAY), ("Audit", MONDAY + DAY, MONDAY + 3 * DAY)]


def test_the_weekend_after_a_freeze_is_not_the_freezes():
    friday = MONDAY + 4 * DAY
    found = spans_of([frost(friday, friday + 15 * HOUR)], wait(friday - HOUR, friday + 3 * DAY))
    assert found == [("Year-end", friday, friday + 15 * HOUR)]


@given(
    st.lists(
        st.builds(lambda start, hours: frost(start, start + hours * HOUR), MOMENTS, st.integers(1, 300)),
        max_size=5,
    ),
    MOMENTS,
    st.integers(0, 400),
    st.sampled_from([FLAT, WORKDAYS]),
)
def test_what_freezes_take_lies_inside_the_wait_and_inside_a_freeze(frosts, since, hours, calendar):
    waiting = wait(since, since + hours * HOUR)
    spans = kept_by(frosts, waiting, calendar, TRAVELLING)
    for span in spans:
        assert waiting.since <= span.starts_at < span.ends_at <= waiting.until
        assert any(each.starts_at <= span.starts_at and span.ends_at <= each.ends_at for each in frosts)
    assert all(one.ends_at <= other.starts_at for one, other in pairwise(spans))


@given(MARKS, SPAN_LISTS)
def test_an_incident_before_other_spans_takes_whole_holds_and_the_parts_stay_the_whole(marks, spans):
    found = stays(marks)
    holds = [stay for stay in found if stay.state == "held"]
    incidents = [
        Span("outage", stay.starts_at, stay.ends_at, frozenset({"held"}), "Incident", str(index))
        for index, stay in enumerate(holds)
    ]
    lengths = lengths_by_holder(stretches_of(found, [*incidents, *spans], holder_of=HOLDERS))
    held = sum((stay.ends_at - stay.starts_at for stay in holds), dt.timedelta())
    assert lengths.get("outage", dt.timedelta()) == held
    assert sum(lengths.values(), dt.timedelta()) == 900 * HOUR
