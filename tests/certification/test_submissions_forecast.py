"""The clock read from the audit trail, and the expected date made of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from types import SimpleNamespace

import pytest

from certification.lifecycle import SubmissionState
from certification.models import Submission
from certification.planning.stages import (
    DEFAULTS,
    HOTFIX_DEFAULTS,
    Spread,
    add_working_days,
    forecast,
    way_from,
)
from certification.queries import clock, submissions
from certification.queries.forecast import history_of, is_on_the_way
from tests.factories.submissions import submission_in

MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def trail(*moves: tuple[float, str]) -> list[SimpleNamespace]:
    return [SimpleNamespace(at=MONDAY + timedelta(hours=hours), data={"to": state}) for hours, state in moves]


def test_intervals_are_gap_free_and_end_now():
    records = trail((2, "submitted"), (2.5, "validating"), (3, "in_review"))
    records.insert(1, SimpleNamespace(at=MONDAY, data={"rule": "INF-004"}))
    stays = clock.intervals_of(records, created_at=MONDAY, now=MONDAY + timedelta(hours=10))
    assert [stay.state for stay in stays] == ["draft", "submitted", "validating", "in_review"]
    assert [stay.seconds for stay in stays] == [7200, 1800, 1800, 7 * 3600]
    assert all(a.ended_at == b.started_at for a, b in pairwise(stays))
    assert stays[-1].ended_at is None


def test_the_clock_stops_in_a_state_without_a_way_out():
    stays = clock.intervals_of(trail((1, "withdrawn")), created_at=MONDAY, now=MONDAY + 9 * DAY)
    assert stays[-1].seconds == 0


def test_states_that_follow_each_other_with_one_holder_count_as_one_turn():
    stays = clock.intervals_of(
        trail((1, "submitted"), (2, "validating")), created_at=MONDAY, now=MONDAY + DAY
    )
    assert clock.turn_since(stays) == MONDAY + timedelta(hours=1)


def test_all_stays_in_a_state_count_together():
    records = trail(
        (6, "submitted"), (8, "in_review"), (10, "changes_requested"), (12, "in_review"), (18, "live")
    )
    stays = clock.intervals_of(records, created_at=MONDAY, now=MONDAY + 9 * DAY)
    assert clock.seconds_by_state(stays)["in_review"] == 8 * 3600


@pytest.mark.parametrize(
    ("start", "days", "expected"),
    [
        (MONDAY, 1, MONDAY + DAY),
        (MONDAY, 5, MONDAY + 7 * DAY),
        (MONDAY + 4 * DAY, 1, MONDAY + 7 * DAY),
        (MONDAY + 5 * DAY, 1, MONDAY + 7 * DAY),
        (MONDAY, 0, MONDAY),
    ],
)
def test_working_days_pass_over_the_weekend(start, days, expected):
    assert add_working_days(start, days) == expected


def test_without_history_the_promised_times_count():
    found = forecast("rolling_out", since=MONDAY, now=MONDAY, history={})
    assert (found.early, found.late) == (MONDAY + 4 * DAY, MONDAY + 8 * DAY)
    assert not found.measured
    assert not found.overdue


def test_five_samples_replace_the_promise_and_four_do_not():
    few = {"rolling_out": Spread(4, 3600, 7200)}
    enough = {"rolling_out": Spread(5, 3600, 7200)}
    assert forecast("rolling_out", since=MONDAY, now=MONDAY, history=few).late == MONDAY + 8 * DAY
    found = forecast("rolling_out", since=MONDAY, now=MONDAY, history=enough)
    assert (found.early, found.late) == (MONDAY + timedelta(hours=1), MONDAY + timedelta(hours=2))
    assert found.measured


def test_what_takes_longer_than_nine_of_ten_is_overdue_and_never_expected_in_the_past():
    history = {state: Spread(9, 3600, 7200) for state in DEFAULTS}
    now = MONDAY + DAY
    found = forecast("in_review", since=MONDAY, now=now, history=history)
    assert found.overdue
    assert found.step_late == now
    assert found.early >= now


def test_every_state_has_a_band_in_order_or_none():
    for state in SubmissionState.values:
        found = forecast(state, since=MONDAY, now=MONDAY + DAY, history={})
        assert (found is not None) == is_on_the_way(state), state
        if found:
            assert MONDAY + DAY <= found.early <= found.late


def test_a_step_further_on_the_way_is_never_expected_later():
    dates = [forecast(state, since=MONDAY, now=MONDAY, history={}).late for state in DEFAULTS]
    assert dates == sorted(dates, reverse=True)


def test_a_submission_sent_back_goes_the_whole_way_again():
    assert way_from("changes_requested")[:3] == ("changes_requested", "submitted", "validating")
    assert way_from("held")[0] == "held"
    assert way_from("rejected") == ()


def test_a_hotfix_is_promised_sooner():
    normal = forecast("in_review", since=MONDAY, now=MONDAY, history={})
    hotfix = forecast("in_review", since=MONDAY, now=MONDAY, history={}, defaults=HOTFIX_DEFAULTS)
    assert hotfix.late < normal.late


@pytest.mark.django_db
def test_history_is_measured_over_what_went_live(cast):
    for _ in range(5):
        submission_in("live", cast.owner)
    submission_in("in_review", cast.owner)
    history = history_of("new")
    assert history["in_review"].samples == 5
    assert 0 <= history["in_review"].p50 <= history["in_review"].p90
    assert history_of("hotfix") == {}


@pytest.mark.django_db
@pytest.mark.parametrize("state", SubmissionState.values)
def test_the_strip_marks_one_step_as_present_and_all_before_as_passed(cast, state):
    submission = submission_in(state, cast.owner)
    steps = submissions.progress(Submission.objects.with_page_data().get(pk=submission.pk)).steps
    marks = [step.state for step in steps]
    assert len(marks) == 8
    present = [mark for mark in marks if mark in {"current", "failed"}]
    assert len(present) == (0 if state in {"live", "superseded", "withdrawn"} else 1)
    if present:
        at = marks.index(present[0])
        assert set(marks[:at]) <= {"done", "skipped"}
        assert set(marks[at + 1 :]) <= {"upcoming"}


def test_no_forecast_beats_the_calendar_of_a_planned_rollout():
    now = datetime(2026, 3, 2, 12, tzinfo=UTC)
    planned = now + timedelta(days=30)
    found = forecast("rolling_out", since=now, now=now, history={}, not_before=planned)
    assert found is not None
    assert (found.early, found.late) == (planned, planned)
