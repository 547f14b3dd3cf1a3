"""A publisher who certifies from the terminal, against the portal as production runs it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.certport.conftest import Certport
from tests.effort import IS_FULL
from tests.journeys.people import Journey, package
from tests.journeys.stack import Stack
from tests.journeys.terminal import sign_in

pytestmark = [
    pytest.mark.journey,
    pytest.mark.timeout(600),
    # A second portal in processes of its own; tests/certport has every command against a server in the usual run.
    pytest.mark.skipif(not IS_FULL, reason="a journey of its own: TEST_EFFORT=full"),
]


@pytest.fixture(scope="module")
def stack(tmp_path_factory, django_db_setup) -> Iterator[Stack]:
    made = Stack(tmp_path_factory.mktemp("certport"))
    try:
        made.start()
        yield made
    finally:
        made.stop()


def test_a_connector_is_certified_from_the_terminal(stack: Stack, tmp_path: Path) -> None:
    journey = Journey(stack, 1, "Harbour Pilots")
    certport = Certport(tmp_path, stack.url)
    try:
        journey.enter_staff()
        journey.found_team_and_register()
        sign_in(certport, journey)
        _certify(journey, certport, tmp_path)
    finally:
        journey.leave()


def _certify(journey: Journey, certport: Certport, folder: Path) -> None:
    (folder / "tides.zip").write_bytes(package("Harbour Pilots API"))
    assert certport("init", "-c", journey.slug, "--package", "tides.zip").code == 0
    drafted = certport("submit", "--json")
    assert drafted.code == 1, "the form is empty"
    journey.submission = drafted.document["error"]["url"].rstrip("/").rpartition("/")[2]
    journey.fill_in()
    journey.add_credential()

    # Whether the worker was faster than the hand-in or not: the error comes back with exit code 1.
    assert certport("submit", "--watch").code == 1
    assert certport("validate", "--publisher", "independent").code == 1
    (folder / "tides.zip").write_bytes(package("Harbour Pilots"))
    assert certport("validate", "--publisher", "independent").code == 0
    sent = certport("submit", "--json")
    assert sent.code == 0, sent.out + sent.said
    journey.reach("in_review")
    assert certport("findings").code == 0

    journey.decide("approve")
    tested = certport("status", "--watch", "--interval", "0.5")
    assert (tested.code, "preview testing" in tested.out) == (0, True), tested.out + tested.said
    assert certport("signoff", "--note", "Works.", "--knows-untested").code == 0
    journey.schedule()
    live = certport("status", "--watch", "--interval", "1", "--json", patience=400)
    assert (live.code, live.document["state"]) == (0, "live"), live.out + live.said
    regions = [region for wave in live.document["rollout"]["waves"] for region in wave["regions"]]
    assert sum(region["state"] == "verified" for region in regions) > 3
    assert "Works." in certport("logs").out
    assert json.loads(certport("list", "--json").out)[0]["state"] == "live"
