"""Connectors travel their whole life at the same time, over HTTP, through processes as production runs them."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.journeys.by_git import a_full_life_by_git_push_and_certport_alone
from tests.journeys.by_mail import by_paconn_and_answers_to_mails_alone
from tests.journeys.geography import PREVIEW_REGIONS, ROLLOUT_REGIONS, ROLLOUT_WAVES
from tests.journeys.people import Journey, package
from tests.journeys.stack import JOURNEYS, Stack, wait_until

pytestmark = [pytest.mark.journey, pytest.mark.timeout(900)]


@pytest.fixture
def stack(tmp_path, django_db_setup):
    # Asked once more, the test starts from a clean world.
    made = Stack(tmp_path)
    try:
        made.start()
        yield made
    finally:
        made.stop()


def first_certification_from_sign_up_to_live_in_every_region(journey: Journey) -> None:
    journey.found_team_and_register()
    content = package(journey.name)
    rollout = journey.certify(content)

    digest = journey.owner.api(f"submissions/{journey.submission}/")
    assert digest["state"] == "live"
    # The way back was rehearsed in Preview: nothing came before, so it was taken away and brought again.
    ((rehearsed,),) = journey.stack.query(
        "SELECT region_id FROM certification_preview WHERE submission_id = %s", journey.submission
    )
    assert rehearsed in PREVIEW_REGIONS
    for code in (*PREVIEW_REGIONS, *ROLLOUT_REGIONS):
        expected = ["deploy", "remove", "deploy"] if code == rehearsed else ["deploy"]
        assert [row["action"] for row in journey.effective(code)] == expected, code
    digests = {journey.effective(code)[0]["digest"] for code in ROLLOUT_REGIONS}
    assert len(digests) == 1, "regions hold different packages"
    _waves_came_one_after_another(journey, rollout)
    wait_until(
        lambda: any("live" in subject.lower() for subject in journey.subjects()),
        "a mail says that it is live",
    )
    journey.owner.get(journey.page("history/"))
    journey.owner.get(f"/rollouts/{rollout}/")
    assert "Verified" in journey.owner.page


def _waves_came_one_after_another(journey: Journey, rollout: str) -> None:
    rows = journey.stack.query(
        "SELECT started_at, finished_at FROM certification_rolloutwave WHERE rollout_id = %s ORDER BY number",
        rollout,
    )
    assert len(rows) == len(ROLLOUT_WAVES)
    for (_, finished), (started, _) in itertools.pairwise(rows):
        assert finished <= started, "a wave started before the one before it was verified"


def rejected_twice_then_fixed(journey: Journey) -> None:
    """The worker finds an error, then a reviewer asks for changes; the place in the queue is kept all along."""
    journey.found_team_and_register()
    journey.start_draft()
    journey.put_package(package(f"{journey.name} API"))
    journey.fill_in()
    journey.add_credential()
    # The check of the draft may be faster: then the page says what blocks, and handing in is refused.
    journey.owner.get(journey.page("ready/"))
    _wait_for_verdict(journey)
    journey.owner.get(journey.page("findings/"))
    assert "INF-004" in journey.owner.page
    journey.owner.get(journey.page("edit/"))
    journey.owner.post(journey.page("submit/"), expect=409)
    assert journey.state() == "draft"

    journey.put_package(package(journey.name))
    journey.hand_in()
    journey.reach("in_review")
    queued = journey.stack.query(
        "SELECT queued_at FROM certification_submission WHERE id = %s", journey.submission
    )
    journey.decide("request_changes", "Say in the description which coasts are covered.")
    journey.reach("changes_requested")

    journey.put_package(package(journey.name, "1.0.1"))
    journey.fill_in("Names the coasts.")
    journey.hand_in()
    journey.reach("in_review")
    assert queued == journey.stack.query(
        "SELECT queued_at FROM certification_submission WHERE id = %s", journey.submission
    )
    journey.decide("approve")
    journey.sign_off()
    verdicts = journey.stack.query(
        "SELECT verdict FROM certification_decision WHERE submission_id = %s ORDER BY created_at",
        journey.submission,
    )
    assert verdicts == [("request_changes",), ("approve",)]


def _wait_for_verdict(journey: Journey) -> None:
    statement = """SELECT 1 FROM certification_validation v JOIN certification_submission s ON s.version_id = v.version_id
                   WHERE s.id = %s"""
    wait_until(lambda: journey.stack.query(statement, journey.submission), "the worker checks the draft")


def refused_in_preview_then_resubmitted(journey: Journey) -> None:
    journey.found_team_and_register()
    journey.prepare(package(journey.name))
    journey.hand_in()
    journey.reach("in_review")
    journey.decide("approve")
    journey.reach("preview_testing")
    first = journey.preview()
    journey.owner.get(f"/previews/{first}/")
    journey.owner.send(f"/previews/{first}/refuse/", {"reasons": "ListTides answers with an empty list."})
    journey.reach("preview_refused")

    journey.put_package(package(journey.name, "1.0.1"))
    journey.fill_in("Lists the tides again.")
    journey.hand_in()
    journey.reach("in_review")
    journey.decide("approve")
    journey.sign_off()
    assert journey.preview() != first
    deployed = [row["digest"] for row in journey.effective("preview-us") if row["action"] == "deploy"]
    assert len(deployed) == len(set(deployed)) == 2, "each package reaches the Preview region once"


def stopped_by_its_publisher_in_wave_three_and_rolled_back(journey: Journey) -> None:
    journey.found_team_and_register()
    journey.prepare(package(journey.name))
    journey.hand_in()
    journey.reach("in_review")
    journey.decide("approve")
    journey.sign_off()
    rollout = journey.schedule()
    # Waves 1 and 2 were the Preview; the rollout begins with wave 3.
    wait_until(
        lambda: any(journey.effective(code) for code in ROLLOUT_WAVES[0]),
        "wave 3 reaches a region",
        step_seconds=0.1,
    )
    journey.owner.get(f"/rollouts/{rollout}/do/stop/")
    journey.owner.send("", {"reason": "A harbour shows the tides of another one."})
    journey.reach("halted")
    stopped = journey.stack.query(
        "SELECT count(*) FROM certification_regiondeployment WHERE rollout_id = %s AND state = 'pending'",
        rollout,
    )
    assert stopped[0][0] >= len(ROLLOUT_REGIONS) - len(ROLLOUT_WAVES[0])

    journey.owner.get(f"/rollouts/{rollout}/do/rollback/")
    journey.owner.send("", {"reason": "Back to where we were."})
    journey.reach("rolled_back")
    for code in ROLLOUT_REGIONS:
        rows = journey.effective(code)
        assert not rows or rows[-1]["action"] == "remove", f"{code} still has it"
    later = [code for wave in ROLLOUT_WAVES[1:] for code in wave]
    assert not [code for code in later if journey.effective(code)], "a region got it after the stop"


def update_of_a_live_connector_supersedes_the_one_before(journey: Journey) -> None:
    journey.found_team_and_register()
    journey.certify(package(journey.name))
    first = journey.submission

    journey.start_draft("update")
    journey.put_package(package(journey.name, "1.1.0"))
    journey.fill_in("Adds the water level.")
    journey.add_credential()
    journey.hand_in()
    journey.reach("in_review")
    journey.decide("approve")
    journey.sign_off()
    journey.schedule()
    journey.reach("live")

    wait_until(
        lambda: journey.owner.api(f"submissions/{first}/")["state"] == "superseded",
        "the first one is superseded",
    )
    for code in ROLLOUT_REGIONS:
        versions = [row["version"] for row in journey.effective(code)]
        assert len(versions) == 2, f"{code} has had {versions}"
    journey.owner.get(f"/connectors/{journey.connector}/")
    assert "1.1.0" in journey.owner.page


STORIES: tuple[tuple[Callable[[Journey], None], str], ...] = (
    (first_certification_from_sign_up_to_live_in_every_region, "Amber Tides"),
    (rejected_twice_then_fixed, "Basalt Berths"),
    (refused_in_preview_then_resubmitted, "Copper Cranes"),
    (stopped_by_its_publisher_in_wave_three_and_rolled_back, "Dune Depths"),
    (update_of_a_live_connector_supersedes_the_one_before, "Ebony Ebbs"),
    (a_full_life_by_git_push_and_certport_alone, "Fallow Fords"),
    (by_paconn_and_answers_to_mails_alone, "Gannet Gauges"),
)


def _travel(stack: Stack, number: int, name: str, story: Callable[[Journey], None]) -> None:
    journey = Journey(stack, number, name)
    try:
        journey.enter_staff()
        story(journey)
    finally:
        journey.leave()


def test_connectors_travel_their_whole_life(stack, subtests):
    with ThreadPoolExecutor(JOURNEYS) as pool:
        under_way = {
            story.__name__: pool.submit(_travel, stack, number, name, story)
            for number, (story, name) in enumerate(STORIES, start=1)
        }
    for title, travelled in under_way.items():
        with subtests.test(title.replace("_", " ")):
            travelled.result()
    with subtests.test("no program wrote an error that nobody expected"):
        assert '"level": "error"' not in stack.logs(), [
            line for line in stack.logs().splitlines() if '"error"' in line
        ][:5]
    with subtests.test("nothing is left lying about"):
        stuck = stack.query("SELECT topic, last_error FROM shared_outboxjob WHERE state = 'parked'")
        assert stuck == []
