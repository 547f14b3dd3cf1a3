"""Until when to submit, by lane: before a freeze begins, before a train closes."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from certification.models import Freeze
from certification.planning.calendar import Calendar
from certification.planning.deadlines import complete_at, last_moment, slip_days
from certification.planning.history import Durations, History, Slips
from certification.planning.planner import PlanSpec, WaveSpec
from certification.planning.trains import Timetable
from certification.planning.windows import Window
from certification.queries.submit_by import submit_by
from tests.factories.rollouts import add_plan, add_regions
from tests.factories.submissions import submission_in

CALENDAR = Calendar("UTC")
DAY = dt.timedelta(days=1)
MONDAY = dt.datetime(2027, 3, 1, 9, tzinfo=dt.UTC)
SPEC = PlanSpec((WaveSpec(3, "One", ("north",)), WaveSpec(4, "Two", ("south",))), CALENDAR)
EXACT = History(anywhere=Durations((3600.0,) * 20, 9), slips=Slips((1.0,), 9))


def test_the_last_moment_is_noon_of_the_last_business_day_in_time():
    target = MONDAY + 14 * DAY
    found = last_moment(CALENDAR, MONDAY, target, lambda at: at + 5 * DAY)
    assert found == dt.datetime(2027, 3, 9, 12, tzinfo=dt.UTC)
    assert last_moment(CALENDAR, MONDAY, target, lambda at: at + 60 * DAY) is None
    # The weekend before the target is no day to submit on.
    assert last_moment(CALENDAR, MONDAY, target, lambda at: at) == dt.datetime(2027, 3, 12, 12, tzinfo=dt.UTC)


def test_complete_is_the_last_region_of_nine_of_ten():
    assert complete_at(SPEC, MONDAY - DAY / 24, EXACT) == MONDAY + DAY + dt.timedelta(hours=1)
    slipping = History(anywhere=EXACT.anywhere, slips=Slips((0.5, 0.5), 9))
    assert complete_at(SPEC, MONDAY - DAY / 24, slipping) == MONDAY + 3 * DAY + dt.timedelta(hours=1)
    freeze = Window("Freeze", MONDAY + 2 * DAY, MONDAY + 7 * DAY)
    assert complete_at(SPEC, MONDAY - DAY / 24, slipping, [freeze]).date() == (MONDAY + 8 * DAY).date()


@pytest.mark.parametrize(("waves", "share", "days"), [(1, 0.5, 0), (1, 0.9, 1), (4, 0.5, 2), (4, 0.99, 4)])
def test_slips_of_waves_add_up(waves, share, days):
    assert slip_days(Slips((0.5, 0.5), 9), waves, share) == days


@pytest.fixture
def plan(cast):
    add_regions("preview-us", preview="preview-us")
    add_regions("north", "south")
    return add_plan(cast.operator, "north", "south")


def freeze(cast, starts_in: int, name: str = "Year end", **more):
    starts_at = dt.datetime.now(dt.UTC).replace(microsecond=0) + starts_in * DAY
    return Freeze.objects.create(
        name=name, reason="Nobody is there.", starts_at=starts_at, ends_at=starts_at + 10 * DAY,
        created_by=cast.operator, **more,
    )  # fmt: skip


@pytest.mark.django_db
def test_each_coming_freeze_has_a_last_moment_by_lane(cast, plan):
    coming = freeze(cast, 40)
    freeze(cast, 2, name="Too soon")
    freeze(cast, -3, name="Under way")
    freeze(cast, 50, name="Extra days", opens=True)
    freeze(cast, 300, name="Far away")
    too_soon, found = submit_by()
    assert (too_soon.name, found.name) == ("Too soon", "Year end")
    assert too_soon.of_lane("new").submit_by is None
    dates = {each.lane: each.submit_by for each in found.lanes}
    assert set(dates) == {"metadata", "additive", "breaking", "new", "hotfix"}
    assert all(date < coming.starts_at - 5 * DAY for lane, date in dates.items() if lane != "hotfix")
    assert dates["hotfix"] > dates["new"]
    assert found.of_lane("new").label == "New connector"


@pytest.mark.django_db
def test_a_train_is_reached_when_preview_is_left_before_boarding_closes(cast, plan):
    train = Timetable("Friday train", time_zone="UTC", lanes=frozenset({"new"}))
    found = submit_by(trains=[train])
    assert [each.kind for each in found] == ["train"]
    assert all([each.lane for each in one.lanes if each.carried] == ["new"] for one in found)
    last = found[-1].of_lane("new").submit_by
    assert last is None or last < found[-1].starts_at - train.cutoff


@pytest.mark.django_db
def test_publishers_read_it_on_their_first_page_and_before_they_submit(cast, plan, client, sign_in):
    freeze(cast, 60)
    draft = submission_in("draft", cast.owner)
    home = sign_in(cast.owner).get(reverse("home")).content.decode()
    assert "live before Year end" in home
    ready = client.get(reverse("submission_ready", args=[draft.pk])).content.decode()
    assert "live before Year end begins" in " ".join(ready.split())
    assert "Submit by" in client.get(reverse("submission_edit", args=[draft.pk])).content.decode()
    assert "live before Year end" not in sign_in(cast.operator).get(reverse("home")).content.decode()


@pytest.mark.django_db
def test_a_submission_in_review_says_when_regions_can_expect_it(cast, plan, client, sign_in):
    review = submission_in("in_review", cast.owner)
    panel = sign_in(cast.owner).get(reverse("rollout_panel", args=[review.pk])).content.decode()
    assert "Wave of north" in panel
    assert "usually" in panel
    assert "rollout/panel" in client.get(reverse("submission_detail", args=[review.pk])).content.decode()


@pytest.mark.django_db
def test_without_a_plan_there_is_no_date_and_more_freezes_cost_no_more_queries(cast):
    assert submit_by() == []
    add_regions("preview-us", preview="preview-us")
    add_regions("north", "south")
    add_plan(cast.operator, "north", "south")
    freeze(cast, 40)
    with CaptureQueriesContext(
        connection,
    ) as few:
        submit_by()
    for number in range(5):
        freeze(cast, 45 + number, name=f"Freeze {number}")
    with CaptureQueriesContext(connection) as many:
        assert len(submit_by()) == 3
    assert len(many) == len(few)
