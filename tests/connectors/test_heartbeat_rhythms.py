"""On time, late, missing; and an outage of the portal that is no fault of the backend. No database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.heartbeats import BeatState, Rhythm, state_of

START = datetime(2026, 3, 2, 6, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOURLY = Rhythm(60 * MINUTE, 10 * MINUTE)
minutes = st.integers(1, 31 * 24 * 60)
rhythms = st.builds(lambda period, grace: Rhythm(period * MINUTE, grace * MINUTE), minutes, minutes)


def seen(after, *, heard=START, is_failing=False, rhythm=HOURLY):
    missing_at = rhythm.missing_after(heard or START)
    return state_of(
        rhythm, missing_at=missing_at, heard_at=heard, is_failing=is_failing, now=START + after * MINUTE
    )


@pytest.mark.parametrize(
    ("after", "state"),
    [(0, "on_time"), (60, "on_time"), (61, "late"), (70, "late"), (71, "missing"), (9999, "missing")],
)
def test_a_beat_is_late_after_the_period_and_missing_after_the_grace(after, state):
    assert seen(after) == state


def test_a_backend_that_was_never_heard_is_never_on_time():
    assert seen(0, heard=None) == BeatState.NEVER
    assert seen(69, heard=None) == BeatState.NEVER
    assert seen(71, heard=None) == BeatState.MISSING


def test_what_was_said_last_holds_until_silence_weighs_more():
    assert seen(65, is_failing=True) == BeatState.FAILING
    assert seen(71, is_failing=True) == BeatState.MISSING


def test_a_rhythm_without_length_is_refused():
    with pytest.raises(ValueError, match="longer than nothing"):
        Rhythm(timedelta(0), MINUTE)


def test_an_outage_around_the_due_moment_gives_another_period():
    missing_at = HOURLY.missing_after(START)
    ended = START + 65 * MINUTE
    assert HOURLY.after_outage(missing_at, START + 55 * MINUTE, ended) == ended + 70 * MINUTE


@pytest.mark.parametrize(("began", "ended"), [(5, 30), (71, 90)])
def test_an_outage_in_which_no_beat_was_to_come_hides_nothing(began, ended):
    missing_at = HOURLY.missing_after(START)
    assert HOURLY.after_outage(missing_at, START + began * MINUTE, START + ended * MINUTE) == missing_at


def test_a_long_grace_outlives_an_outage_by_itself_so_that_outages_do_not_add_up():
    rhythm = Rhythm(timedelta(days=1), timedelta(days=20))
    missing_at = rhythm.missing_after(START)
    for week in (1, 2):
        began = START + timedelta(weeks=week)
        missing_at = rhythm.after_outage(missing_at, began, began + 5 * MINUTE)
    assert missing_at == rhythm.missing_after(START)


@given(rhythm=rhythms, shakes=st.lists(st.floats(0, 1), min_size=3, max_size=12), data=st.data())
def test_a_backend_that_is_well_is_never_missing_whatever_one_outage_swallows(rhythm, shakes, data):
    """Each beat comes up to the shake after its moment. Those sent in the outage are lost."""
    beats = [START + n * rhythm.period + share * rhythm.shake for n, share in enumerate(shakes)]
    began = START + data.draw(st.floats(0, len(beats))) * rhythm.period
    ended = began + data.draw(st.floats(0, 3)) * rhythm.period
    missing_at = rhythm.missing_after(START)
    is_over = False
    for beat in beats:
        if not is_over and ended < beat:
            missing_at, is_over = rhythm.after_outage(missing_at, began, ended), True
        assert beat <= missing_at or began <= beat <= ended
        if not began <= beat <= ended:
            missing_at = rhythm.missing_after(beat)


@given(rhythm=rhythms, began=st.integers(0, 10**5), lasted=st.integers(0, 10**4))
def test_an_outage_never_brings_the_moment_nearer_nor_puts_it_off_by_more_than_a_period(
    rhythm, began, lasted
):
    missing_at = rhythm.missing_after(START)
    ended = START + (began + lasted) * MINUTE
    moved = rhythm.after_outage(missing_at, START + began * MINUTE, ended)
    assert missing_at <= moved <= max(missing_at, ended + rhythm.period + rhythm.shake)
