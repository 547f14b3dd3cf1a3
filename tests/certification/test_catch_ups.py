"""A region that opens later gets what is live elsewhere: through the rollouts that made it live."""

from __future__ import annotations

import datetime as dt
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certification.lifecycle import UNDER_WAY
from certification.models import CatchUp, RegionDeployment, Rollout, RolloutWave
from certification.planning.calendar import Calendar
from certification.planning.coverage import WaveDraft
from certification.planning.inputs import PlanningInputs, PlanSpec, WaveSpec
from certification.planning.pacing import pace
from certification.planning.windows import Window
from certification.queries.catch_ups import gap_of, progress_of
from certification.services import catch_ups, plan_changes, plans, rollbacks, rollouts
from certification.services.clock import database_now
from connectors.models import Region
from portal.shared.errors import Blocked, InvalidInput, NotPermitted
from portal.shared.models import AuditRecord
from tests.factories.rollouts import (
    add_regions,
    behave,
    effective,
    make_due,
    misbehave,
    placement,
    run_until,
    scheduled_rollout,
    state_of,
    states,
)

pytestmark = pytest.mark.django_db
REGIONS = "preview-us,north,late,forgotten"
MONDAY = dt.date(2026, 3, 2)


def live(cast, agent, *, marker="one", **more) -> Rollout:
    """A connector that is live in the region "north"."""
    rollout = scheduled_rollout(cast, "north", agent=agent, marker=marker, **more)
    run_until(lambda: state_of(rollout) == "completed")
    return rollout


def opened(cast, agent, code="late", **wave) -> Region:
    """A region that opened after that, and the plan's next revision, which reaches it."""
    (region,) = add_regions(code, agent=agent)
    plan = plans.default_plan()
    waves = (
        WaveDraft("Preview", ("preview-us",), before_sign_off=True),
        WaveDraft("North", ("north",)),
        WaveDraft("Late", (code,), **wave),
    )
    draft = plans.PlanDraft(
        name=plan.name, waves=waves, time_zone="UTC", weekend=(), holiday_countries=(), is_default=True
    )
    plan_changes.revise_plan(plan, draft, reason="It opened.", actor=cast.operator)
    return region


def catch_up(cast, region, per_day=50) -> CatchUp:
    draft = catch_ups.CatchUpDraft(database_now().date(), per_day, "It opened today.")
    return catch_ups.open_catch_up(region, draft, actor=cast.operator)


def look_again(found: CatchUp) -> None:
    CatchUp.objects.filter(pk=found.pk, next_step_at__isnull=False).update(next_step_at=database_now())
    rollouts.advance_due()


def test_the_region_gets_the_live_version_through_its_rollout(cast, agent):
    rollout = live(cast, agent)
    region = opened(cast, agent)
    assert [one.rollout for one in gap_of(region).to_bring] == [rollout]

    found = catch_up(cast, region)
    rollouts.advance_due()
    wave = rollout.waves.get(catch_up=found)
    assert (wave.state, states(rollout)["late"]) == ("planned", "pending")
    assert gap_of(region).coming == 1

    make_due(rollout)
    run_until(lambda: states(rollout)["late"] == "verified")
    run_until(lambda: rollout.waves.get(pk=wave.pk).state == "verified")
    assert placement(rollout.connector, "late").verified_version == rollout.version
    assert [row["digest"] for row in effective(agent, rollout, "late")] == [rollout.digest]
    assert state_of(rollout) == "completed"

    look_again(found)
    assert state_of(found) == "completed"
    assert gap_of(region).number == 0
    assert progress_of(found).done == 1


def test_it_is_dated_once_however_often_the_scheduler_looks(cast, agent):
    rollout = live(cast, agent)
    found = catch_up(cast, opened(cast, agent))
    for _ in range(3):
        look_again(found)
    assert rollout.deployments.filter(region="late").count() == 1
    assert AuditRecord.objects.filter(action="rollout.catch_up").count() == 1


def test_so_many_a_day_and_what_a_slice_leaves_comes_with_the_next(cast, agent, monkeypatch):
    for number in range(5):
        live(cast, agent, marker=str(number))
    monkeypatch.setattr(catch_ups, "SLICE", 2)
    found = catch_up(cast, opened(cast, agent), per_day=2)
    preview = catch_ups.preview_catch_up(found.region, per_day=2, actor=cast.operator)
    for _ in range(3):
        look_again(found)
    days = Counter(at.date() for at in found.waves.values_list("planned_at", flat=True))
    assert sorted(days.values()) == [1, 2, 2]
    assert sorted(days) == sorted({one.planned_at.date() for one in preview.coming})


def test_operators_open_it_and_only_where_something_can_be_brought(cast, agent):
    live(cast, agent)
    region = opened(cast, agent)
    draft = catch_ups.CatchUpDraft(database_now().date(), 10, "It opened.")
    with pytest.raises(NotPermitted):
        catch_ups.open_catch_up(region, draft, actor=cast.owner)
    for wrong in ({"per_day": 0}, {"per_day": 100_000}, {"reason": " "}, {"starts_on": dt.date(2020, 1, 1)}):
        with pytest.raises(InvalidInput) as refused:
            bad = catch_ups.CatchUpDraft(**{**vars(draft), **wrong})
            catch_ups.open_catch_up(region, bad, actor=cast.operator)
        assert set(refused.value.fields) == set(wrong)

    (forgotten,) = add_regions("forgotten", agent=agent)
    with pytest.raises(Blocked, match="do not reach"):
        catch_up(cast, forgotten)
    Region.objects.filter(pk=forgotten.pk).update(is_active=False)
    with pytest.raises(Blocked, match="not active"):
        catch_up(cast, Region.objects.get(pk=forgotten.pk))
    with pytest.raises(Blocked, match="Preview"):
        catch_up(cast, Region.objects.get(pk="preview-us"))
    with pytest.raises(Blocked, match="Nothing is missing"):
        catch_up(cast, Region.objects.get(pk="north"))
    catch_up(cast, region)
    with pytest.raises(Blocked, match="open already"):
        catch_up(cast, region)


def test_what_travels_by_an_older_plan_is_left_out_with_the_version_that_does(cast, agent):
    rollout, other = live(cast, agent), live(cast, agent, marker="other")
    newer = scheduled_rollout(cast, agent=agent, connector=rollout.connector, marker="two", due=False)
    make_due(newer)
    rollouts.advance_due()
    rollouts.stop_rollout(newer, reason="It is bad.", actor=cast.owner)
    region = opened(cast, agent)
    (left_out,) = gap_of(region).left_out
    assert left_out.connector == rollout.connector
    assert newer.version.label in left_out.why_not

    found = catch_up(cast, region)
    rollouts.advance_due()
    assert list(found.waves.values_list("rollout", flat=True)) == [other.pk]


def test_what_comes_by_a_newer_version_counts_as_coming(cast, agent):
    rollout = live(cast, agent)
    region = opened(cast, agent)
    scheduled_rollout(cast, agent=agent, connector=rollout.connector, marker="two", due=False)
    gap = gap_of(region)
    assert (gap.to_bring, gap.coming, gap.left_out) == ([], 1, [])


def test_the_page_shows_the_days_and_starts_it(cast, agent, sign_in):
    rollout = live(cast, agent)
    region = opened(cast, agent)
    browser = sign_in(cast.operator)
    assert "Live elsewhere and not here" in browser.get(f"/regions/{region.pk}/").content.decode()
    asked = {"per_day": "3", "starts_on": str(database_now().date())}
    shown = browser.post(f"/regions/{region.pk}/catch-up/", asked).content.decode()
    assert str(rollout.version) in shown
    assert not CatchUp.objects.exists()

    unreasoned = browser.post(f"/regions/{region.pk}/catch-up/", {**asked, "start": "1"})
    assert unreasoned.status_code == 200
    assert not CatchUp.objects.exists()
    started = {**asked, "start": "1", "reason": "It opened."}
    page = browser.post(f"/regions/{region.pk}/catch-up/", started, follow=True).content.decode()
    found = CatchUp.objects.get()
    assert found.per_day == 3
    assert "It opened." in page
    rollouts.advance_due()
    assert str(rollout.version) in browser.get(f"/catch-ups/{found.pk}/").content.decode()
    browser.post(f"/catch-ups/{found.pk}/deed/", {"deed": "cancel", "reason": "Not now."})
    assert state_of(found) == "cancelled"
    look_again(found)
    # The team finds the day where it looks for regions.
    catch_up(cast, region)
    rollouts.advance_due()
    regions = sign_in(cast.owner).get(f"/connectors/{rollout.connector_id}/regions/").content.decode()
    assert "Late" in regions


def test_where_teams_have_to_ask_nothing_is_brought_unasked(cast, agent):
    live(cast, agent)
    gap = gap_of(opened(cast, agent, is_opt_in=True))
    assert not gap.to_bring
    assert "asks for it" in gap.left_out[0].why_not


def test_a_team_stops_its_own_and_stays_left_out(cast, agent):
    rollout, other = live(cast, agent), live(cast, agent, marker="other")
    region = opened(cast, agent)
    found = catch_up(cast, region)
    rollouts.advance_due()
    rollouts.end_opt_in_waves(rollout, reason="Not there.", actor=cast.owner)
    look_again(found)
    assert states(rollout)["late"] == "cancelled"
    assert states(other)["late"] == "pending"
    assert [one.connector for one in gap_of(region).left_out] == [rollout.connector]

    catch_ups.cancel_catch_up(found, reason="Another day.", actor=cast.operator)
    look_again(found)
    gap = gap_of(region)
    assert [one.connector for one in gap.left_out] == [rollout.connector]
    assert [one.connector for one in gap.to_bring] == [other.connector]


def test_cancelled_it_leaves_nothing_to_come_and_the_next_one_brings_it(cast, agent):
    rollout = live(cast, agent)
    region = opened(cast, agent)
    first = catch_up(cast, region)
    rollouts.advance_due()
    catch_ups.cancel_catch_up(first, reason="Not today.", actor=cast.operator)
    make_due(rollout)
    rollouts.advance_due()
    assert states(rollout)["late"] == "cancelled"
    assert Rollout.objects.get(pk=rollout.pk).next_step_at is None

    second = catch_up(cast, region)
    rollouts.advance_due()
    wave = rollout.waves.get(catch_up=second)
    assert wave.planned_at == rollout.waves.get(catch_up=first).planned_at
    make_due(rollout)
    run_until(lambda: rollout.waves.get(pk=wave.pk).state == "verified")
    assert len(effective(agent, rollout, "late")) == 1


def test_while_it_is_held_nothing_starts(cast, agent):
    rollout = live(cast, agent)
    found = catch_up(cast, opened(cast, agent))
    rollouts.advance_due()
    catch_ups.hold_catch_up(found, reason="The region is slow.", actor=cast.operator)
    make_due(rollout)
    rollouts.advance_due()
    assert states(rollout)["late"] == "pending"
    catch_ups.resume_catch_up(found, reason="It is well again.", actor=cast.operator)
    make_due(rollout)
    run_until(lambda: states(rollout)["late"] == "verified")


def test_a_region_that_fails_holds_the_whole_catch_up(cast, agent, monkeypatch):
    every = [live(cast, agent, marker=str(number)) for number in range(4)]
    region = opened(cast, agent)
    monkeypatch.setattr(catch_ups, "AT_ONCE", 1)
    monkeypatch.setattr(catch_ups, "FAILURES", 2)
    misbehave(agent, "late", kind="fail-deploys", next_calls=99)
    found = catch_up(cast, region)
    rollouts.advance_due()
    for rollout in every:
        make_due(rollout)
    run_until(lambda: state_of(found) == "held")
    acts = RegionDeployment.objects.filter(region=region)
    assert Counter(acts.values_list("state", flat=True)) == {"failed": 2, "pending": 2}
    assert "2 connectors failed" in CatchUp.objects.get(pk=found.pk).hold_reason

    behave(agent, "late")
    for act in acts.filter(state="failed"):
        rollouts.retry_deployment(act, reason="Mended.", actor=cast.operator)
    catch_ups.resume_catch_up(found, reason="Mended.", actor=cast.operator)
    run_until(lambda: set(acts.values_list("state", flat=True)) == {"verified"})


def test_never_more_at_once_than_the_region_is_asked_to_bear(cast, agent, monkeypatch):
    every = [live(cast, agent, marker=str(number)) for number in range(4)]
    monkeypatch.setattr(catch_ups, "AT_ONCE", 2)
    found = catch_up(cast, opened(cast, agent))
    rollouts.advance_due()
    for rollout in every:
        make_due(rollout)
    rollouts.advance_due()
    acts = RegionDeployment.objects.filter(wave__catch_up=found)
    assert acts.filter(state__in=UNDER_WAY).count() == 2
    run_until(lambda: set(acts.values_list("state", flat=True)) == {"verified"})


def test_after_a_rollback_it_is_the_good_version_that_comes(cast, agent):
    good = live(cast, agent)
    bad = live(cast, agent, connector=good.connector, marker="two")
    rollbacks.roll_back(bad, reason="It is bad.", actor=cast.owner)
    run_until(lambda: state_of(bad) == "rolled_back")
    region = opened(cast, agent)
    catch_up(cast, region)
    rollouts.advance_due()
    make_due(good)
    run_until(lambda: states(good)["late"] == "verified")
    assert placement(good.connector, "late").verified_version == good.version


def test_a_rollback_reaches_the_region_that_caught_up(cast, agent):
    rollout = live(cast, agent)
    catch_up(cast, opened(cast, agent))
    rollouts.advance_due()
    make_due(rollout)
    run_until(lambda: states(rollout)["late"] == "verified")
    rollbacks.roll_back(rollout, reason="It is bad.", actor=cast.owner)
    run_until(lambda: state_of(rollout) == "rolled_back")
    assert states(rollout, "rollback") == {"north": "verified", "late": "verified"}


def test_the_gap_is_read_with_the_same_queries_however_large(cast, agent, django_assert_max_num_queries):
    live(cast, agent)
    live(cast, agent, marker="other")
    region = opened(cast, agent)
    with django_assert_max_num_queries(8):
        assert len(gap_of(region).to_bring) == 2
    assert RolloutWave.objects.filter(catch_up__isnull=False).count() == 0


CALENDARS = [Calendar("UTC", frozenset({5, 6}), ()), Calendar("Asia/Tokyo", frozenset({6}), ("JP",))]


@given(
    st.lists(st.sampled_from(CALENDARS), max_size=40),
    st.integers(1, 6),
    st.lists(st.tuples(st.integers(0, 20), st.integers(1, 5)), max_size=3),
)
def test_no_day_has_more_than_its_share_and_no_closed_day_has_any(calendars, per_day, closed):
    windows = [
        Window("Frozen", _instant(start), _instant(start + length), frozenset({"late"}))
        for start, length in closed
    ]
    rollouts = [_rollout(calendar, tuple(windows)) for calendar in calendars]
    waves = pace(rollouts, MONDAY, per_day)
    assert max(Counter(wave.day for wave in waves).values(), default=0) <= per_day
    for calendar, wave in zip(calendars, waves, strict=True):
        assert wave.day >= MONDAY
        assert not calendar.why_closed(wave.day)
        assert not any(window.starts_at <= wave.starts_at < window.ends_at for window in windows)
    assert waves == pace(rollouts, MONDAY, per_day)
    for one in CALENDARS:
        own = [wave.day for calendar, wave in zip(calendars, waves, strict=True) if calendar == one]
        assert own == sorted(own)


def _rollout(calendar: Calendar, windows: tuple[Window, ...]) -> PlanningInputs:
    """One that is live since the week before, and a wave for the region that opened since."""
    spec = PlanSpec((WaveSpec(1, "North", ("north",)), WaveSpec(2, "Late", ("late",))), calendar)
    live_at = _instant(-7)
    return PlanningInputs(spec, MONDAY, windows, started={1: live_at}, finished={1: live_at})


def _instant(day: int) -> dt.datetime:
    return dt.datetime.combine(MONDAY, dt.time(), dt.UTC) + dt.timedelta(days=day)
