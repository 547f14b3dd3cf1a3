"""Until when a review has to be decided. No database, no clock."""

from __future__ import annotations

import datetime as dt

import pytest

from certification.planning.calendar import Calendar
from certification.reviewing.deadlines import review_deadline

UTC = Calendar()


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("kind", "since", "deadline"),
    [
        ("update", "2026-03-02T10:00", "2026-03-09T10:00"),  # Monday to Monday
        ("new", "2026-03-02T10:00", "2026-03-16T10:00"),
        ("update", "2026-03-06T10:00", "2026-03-13T10:00"),  # over one weekend
        ("update", "2026-03-07T10:00", "2026-03-16T00:00"),  # Saturday counts as early Monday
        ("hotfix", "2026-03-02T10:00", "2026-03-02T18:00"),  # the same day
        ("hotfix", "2026-03-02T17:00", "2026-03-03T18:00"),  # too late for it
        ("hotfix", "2026-03-07T10:00", "2026-03-09T18:00"),  # Saturday
        ("hotfix", "2026-03-06T17:00", "2026-03-09T18:00"),  # Friday evening
    ],
)
def test_working_days_count_from_when_the_reviewers_got_it(kind: str, since: str, deadline: str) -> None:
    assert review_deadline(kind, at(since), UTC) == at(deadline)


def test_public_holidays_are_no_working_days() -> None:
    american = Calendar("America/New_York", frozenset({5, 6}), ("US",))
    # Thanksgiving is on Thursday, 26 November 2026.
    due = review_deadline("update", at("2026-11-23T15:00"), american)
    assert due == at("2026-12-01T15:00")


def test_the_deadline_never_lies_before_the_start() -> None:
    for kind in ("new", "update", "hotfix"):
        for hour in range(0, 24 * 14, 5):
            since = at("2026-03-02T00:00") + dt.timedelta(hours=hour)
            assert review_deadline(kind, since, UTC) > since


def test_later_arrivals_are_never_due_earlier() -> None:
    for kind in ("new", "update", "hotfix"):
        dues = [
            review_deadline(kind, at("2026-03-02T00:00") + dt.timedelta(hours=hour), UTC)
            for hour in range(400)
        ]
        assert dues == sorted(dues)
