"""Regions are looked at again and again; what a look finds raises and ends the alarm, and nothing else."""

from __future__ import annotations

import datetime as dt

import pytest

from certification.models import Placement, RegionDeployment, SimulatedOperation
from certification.regions.errors import OutcomeUnknown
from certification.services import probes, rollouts
from certification.services.clock import database_now
from certification.services.simulated_regions import SimulatorDriver
from connectors.models import Region
from portal.shared import audit
from portal.shared.models import OutboxJob
from tests.factories.rollouts import (
    add_submission,
    make_due,
    placement,
    run_until,
    scheduled_rollout,
    state_of,
)

SIMULATED = {"driver": "simulator", "base_url": "", "credentials": None, "driver_settings": {"seconds": 0}}


@pytest.fixture
def live(cast):
    """A rollout that is live in two simulated regions."""
    rollout = scheduled_rollout(cast, "north south")
    Region.objects.all().update(**SIMULATED)
    run_until(lambda: state_of(rollout) == "completed")
    return rollout


def due_now() -> None:
    Placement.objects.update(next_probe_at=database_now() - dt.timedelta(seconds=1))


def tamper(rollout, code: str, *, digest: str = "f" * 64, action: str = "deploy") -> SimulatedOperation:
    """Somebody deploys past the portal."""
    now = database_now()
    return SimulatedOperation.objects.create(
        region_id=code, connector_slug=rollout.connector.slug, key=f"not-ours-{code}", number=900, action=action,
        version_label="9.9.9", digest=digest, accepted_at=now, settles_at=now,
    )  # fmt: skip


def alarms(event: str) -> int:
    return OutboxJob.objects.filter(topic=f"placement.{event}").count()


def test_a_place_that_holds_what_it_should_grows_no_older(live):
    before = placement(live.connector, "north").probed_at
    due_now()
    assert rollouts.probe_due() == 2
    place = placement(live.connector, "north")
    assert place.probed_at > before
    assert place.probed_digest == live.digest
    assert place.disagrees_since is None
    assert place.next_probe_at > database_now() + dt.timedelta(minutes=25)
    assert rollouts.probe_due() == 0


def test_drift_raises_the_alarm_once_and_its_end_ends_it(live):
    other = tamper(live, "north")
    for _ in range(3):
        due_now()
        rollouts.probe_due()
    place = placement(live.connector, "north")
    assert place.disagrees_since is not None
    assert place.probed_digest == "f" * 64
    assert (alarms("disagree"), alarms("agree")) == (1, 0)
    assert placement(live.connector, "south").disagrees_since is None
    [record] = audit.history(place).filter(action="placement.disagree")
    assert live.digest[:12] in record.reason
    assert "f" * 12 in record.reason

    other.delete()
    due_now()
    rollouts.probe_due()
    assert placement(live.connector, "north").disagrees_since is None
    assert (alarms("disagree"), alarms("agree")) == (1, 1)


def test_a_connector_that_vanished_is_drift(live):
    tamper(live, "south", action="remove")
    due_now()
    rollouts.probe_due()
    place = placement(live.connector, "south")
    assert place.disagrees_since is not None
    assert place.probed_digest == ""


def test_a_region_that_does_not_answer_is_not_drift_and_the_last_look_keeps_its_age(live, monkeypatch):
    async def silent(self, endpoint, connector):
        raise OutcomeUnknown(endpoint.code, "no complete answer within 10 s.")

    before = placement(live.connector, "north").probed_at
    monkeypatch.setattr(SimulatorDriver, "current", silent)
    due_now()
    rollouts.probe_due()
    place = placement(live.connector, "north")
    assert place.probed_at == before
    assert "no complete answer" in place.probe_problem
    assert place.disagrees_since is None
    assert Region.objects.get(pk="north").breaker_failures == 1
    monkeypatch.undo()
    due_now()
    rollouts.probe_due()
    assert placement(live.connector, "north").probe_problem == ""


def test_a_region_with_an_open_breaker_is_left_alone(live):
    Region.objects.filter(pk="north").update(breaker_failures=5, breaker_opened_at=database_now())
    due_now()
    assert rollouts.probe_due() == 1


def test_a_place_with_a_deployment_under_way_is_the_pollers_business(cast, live):
    rollout = scheduled_rollout(
        cast, submission=add_submission(cast, state="signed_off", connector=live.connector, marker="two")
    )
    make_due(rollout)
    rollouts.advance_due()
    assert RegionDeployment.objects.filter(rollout=rollout, state="intended").count() == 2
    due_now()
    assert rollouts.probe_due() == 0


def test_a_look_that_a_deployment_overtook_is_dropped(live):
    due_now()
    [place, _] = probes._claim(10)
    before = Placement.objects.get(pk=place.pk)
    Placement.objects.filter(pk=place.pk).update(last_number=place.last_number + 1)
    assert not probes.record(place, probes.Seen(None))
    after = Placement.objects.get(pk=place.pk)
    assert (after.probed_digest, after.disagrees_since) == (before.probed_digest, None)


def test_two_probers_never_look_at_the_same_place(live):
    due_now()
    assert len(probes._claim(10)) == 2
    assert probes._claim(10) == []


def test_one_region_gets_no_more_than_its_share_of_a_round(live, monkeypatch):
    from tests.factories import ConnectorFactory

    monkeypatch.setattr(probes, "PER_REGION", 3)
    for _ in range(8):
        Placement.objects.create(
            connector=ConnectorFactory(), region_id="north", reported_version=live.version
        )
    due_now()
    claimed = [place.region_id for place in probes._claim(50)]
    assert (claimed.count("north"), claimed.count("south")) == (3, 1)


def test_an_operation_that_only_reads_is_chosen_and_a_trigger_never(live):
    place = placement(live.connector, "north")
    place.reported_version.facts = {
        "operations": [
            {"id": "Post", "method": "post"},
            {"id": "OnTide", "method": "get", "is_trigger": True},
            {"id": "GetTides", "method": "get", "is_trigger": False},
        ]
    }
    assert probes.callable_operation(place) == "GetTides"
    place.reported_version.facts = {}
    assert probes.callable_operation(place) == ""


@pytest.mark.parametrize(
    ("call", "problem"),
    [
        (("GetTides", 200, "right"), ""),
        (("GetTides", 404, "right"), ""),
        (("GetTides", 503, "right"), "HTTP 503"),
        (("GetTides", 200, "a" * 64), "not the one the region names"),
    ],
)
def test_what_a_call_through_the_gateway_says_is_kept_beside_the_look(live, call, problem):
    from certification.regions.protocol import CurrentVersion, OperationCall

    due_now()
    [place, _] = probes._claim(10)
    digest = live.digest if call[2] == "right" else call[2]
    current = CurrentVersion(live.connector.slug, "1.1.0", live.digest, 1, database_now())
    assert probes.record(place, probes.Seen(current, OperationCall(call[0], call[1], digest)))
    kept = Placement.objects.get(pk=place.pk)
    assert kept.called_at is not None
    assert problem in kept.call_problem
    assert bool(kept.call_problem) == bool(problem)
