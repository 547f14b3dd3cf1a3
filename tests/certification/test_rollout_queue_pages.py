"""The line of versions on every page that shows it, and the deeds around it."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from certification.planning.coverage import WaveDraft
from certification.services import plans, schedule
from certification.services import submissions as submission_services
from tests.factories.rollouts import add_submission, scheduled_rollout, state_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def line(cast):
    """A scheduled rollout and the next version waiting behind it."""
    first = scheduled_rollout(cast, "north", "east", due=False)
    newer = add_submission(cast, state="signed_off", connector=first.connector, marker="two")
    second = scheduled_rollout(cast, submission=newer, due=False)
    assert second.state == "queued"
    return first, second


def text_of(browser, name, *args, **query):
    page = browser.get(reverse(name, args=args), query)
    assert page.status_code == 200
    return page.content.decode()


def test_the_line_is_on_both_rollouts_both_submissions_and_the_connector(cast, line, sign_in):
    first, second = line
    browser = sign_in(cast.owner)
    pages = [
        text_of(browser, "rollout_detail", first.pk),
        text_of(browser, "rollout_detail", second.pk),
        text_of(browser, "rollout_panel", first.submission_id),
        text_of(browser, "rollout_panel", second.submission_id),
        text_of(browser, "connector_submissions", first.connector_id),
    ]
    for text in pages:
        assert "Versions in line" in text
        assert first.submission.reference in text
        assert second.submission.reference in text
    assert "Waits for its turn" in pages[1]
    assert "It waits in line" in text_of(browser, "submission_detail", second.submission_id)


def test_the_board_has_the_waiting_ones_with_their_place(cast, line, sign_in):
    browser = sign_in(cast.operator)
    assert "1st in line" in text_of(browser, "rollout_list", group="waiting")
    assert line[1].version.label not in text_of(browser, "rollout_list", group="scheduled")


def test_the_board_asks_as_much_for_many_as_for_one(cast, line, sign_in):
    browser = sign_in(cast.operator)
    address = reverse("rollout_list") + "?group=waiting"
    browser.get(address)
    with CaptureQueriesContext(
        connection,
    ) as few:
        browser.get(address)
    for number in range(4):
        newer = add_submission(cast, state="signed_off", connector=line[0].connector, marker=f"more {number}")
        scheduled_rollout(cast, submission=newer, due=False)
    with CaptureQueriesContext(connection) as many:
        browser.get(address)
    assert len(many) == len(few)


def test_scheduling_says_that_it_will_wait(cast, line, sign_in):
    first, _ = line
    third = add_submission(cast, state="signed_off", connector=first.connector, marker="three")
    browser = sign_in(cast.operator)
    text = text_of(browser, "rollout_schedule", third.pk)
    assert "this one waits behind it" in text
    assert "What it touches" in text
    dates = {"starts_on": schedule.propose_start(plans.default_plan(), third), "save": "1"}
    done = browser.post(
        reverse("rollout_schedule", args=[third.pk]),
        {"plan": str(plans.default_plan().pk), **dates},
        follow=True,
    )
    assert "It waits for its turn" in done.content.decode()


def test_taking_its_place_shows_what_ends_and_what_it_touches_and_asks_why(cast, line, sign_in):
    first, second = line
    address = reverse("rollout_deed", args=[second.pk, "supersede"])
    assert sign_in(cast.owner).get(address).status_code == 403
    browser = sign_in(cast.operator)
    assert address in text_of(browser, "rollout_detail", second.pk)
    assert reverse("rollout_deed", args=[first.pk, "supersede"]) not in text_of(
        browser, "rollout_detail", first.pk
    )
    text = browser.get(address).content.decode()
    assert "These end and stay where they are" in text
    assert first.submission.reference in text
    assert "2 regions" in text

    assert browser.post(address, {"reason": ""}).status_code == 200
    assert state_of(second) == "queued"
    browser.post(address, {"reason": "It mends the first."})
    assert (state_of(first), state_of(second)) == ("superseded", "scheduled")
    text = text_of(browser, "rollout_detail", first.pk)
    assert "took its place" in text
    assert browser.post(address, {"reason": "Again."}).status_code == 409


def test_a_new_draft_can_be_started_while_a_version_travels(cast, line, sign_in):
    first, _ = line
    browser = sign_in(cast.owner)
    assert "is on its way" in text_of(browser, "submission_create")
    draft = submission_services.create_submission(first.connector, actor=cast.owner)
    assert f"{draft.reference}</a> is in preparation" in text_of(browser, "submission_create")


def test_opt_in_waves_are_added_on_a_page(cast, sign_in):
    scheduled_rollout(cast, "north", due=False)
    waves = (
        WaveDraft("Preview", ("preview-us",), before_sign_off=True),
        WaveDraft("North", ("north",)),
        WaveDraft("Island", (), is_opt_in=True),
    )
    from tests.factories.rollouts import add_regions

    add_regions("island", "moon")
    waves = (
        *waves[:2],
        WaveDraft("Island", ("island",), is_opt_in=True),
        WaveDraft("Moon", ("moon",), is_opt_in=True),
    )
    draft = plans.PlanDraft(
        name="Islands", waves=waves, time_zone="UTC", weekend=(), holiday_countries=(), is_default=True
    )
    plans.create_plan(draft, actor=cast.operator)
    rollout = scheduled_rollout(cast, due=False, marker="other")
    browser = sign_in(cast.operator)
    address = reverse("rollout_deed", args=[rollout.pk, "opt-in"])
    text = browser.get(address).content.decode()
    assert "Island" in text
    assert "2 regions" in text
    browser.post(address, {"waves": ["3"], "reason": ""})
    assert rollout.waves.get(number=3).is_opt_in
    browser.post(address, {"waves": ["4"], "reason": "The moon, too."})
    assert list(rollout.waves.values_list("number", flat=True)) == [2, 3, 4]
    assert browser.get(address).status_code == 409


def test_the_team_sees_its_hotfix_request_on_the_panel(cast, line, sign_in):
    first, _ = line
    fix = add_submission(cast, state="signed_off", connector=first.connector, marker="fix")
    type(fix).objects.filter(pk=fix.pk).update(kind="hotfix")
    browser = sign_in(cast.owner)
    assert reverse("hotfix_ask", args=[fix.pk]) in text_of(browser, "rollout_panel", fix.pk)
    browser.post(reverse("hotfix_ask", args=[fix.pk]), {"reason": "Sign-in is broken."})
    request = fix.override_requests.get()
    assert reverse("override_detail", args=[request.pk]) in text_of(browser, "rollout_panel", fix.pk)
