"""A worker is killed with -9 at the worst moments; another one takes over without deploying twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from certification.models import RegionDeployment
from certification.services import rollouts
from certification.services.clock import database_now
from tests.factories.rollouts import hurry, run_until, scheduled_rollout, state_of, states
from tests.regions.places import AgentProcess
from tests.services import address_of_test_database

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.fault]

# The worker's own code runs unchanged up to the moment, then the process dies as if the power went.
WORKER = """
import os, signal, sys
import django
django.setup()
from django.db import connections
from certification.regions.http import HttpDriver
from certification.services import outcomes, polling, rollouts

def die(*args, **kwargs):
    os.kill(os.getpid(), signal.SIGKILL)

async def die_async(*args, **kwargs):
    die()

moment = sys.argv[1]
if moment == "before the call":
    HttpDriver.deploy = die_async
elif moment == "during the call":
    HttpDriver._put = die_async
elif moment == "after the call":
    polling.record = die
elif moment == "after the report":
    original = outcomes._record_probe
    outcomes._record_probe = die
rollouts.advance_due()
for _ in range(200):
    rollouts.poll_due()
    from certification.models import RegionDeployment
    from certification.services.clock import database_now
    RegionDeployment.objects.filter(next_poll_at__isnull=False).update(next_poll_at=database_now())
"""


@pytest.fixture
def agent(tmp_path):
    process = AgentProcess(tmp_path / "data", "--deploy-seconds", "0.05", regions="preview-us,north,south")
    yield process
    process.kill()


def run_worker(moment):
    """Run a worker that dies at `moment`; returns its exit status."""
    from django.conf import settings

    environment = {
        **os.environ,
        "DATABASE_URL": address_of_test_database(),
        "MEDIA_ROOT": str(settings.PACKAGE_ROOT.parent),
    }
    done = subprocess.run(
        [sys.executable, "-c", WORKER, moment], env=environment, timeout=90, capture_output=True, check=False
    )
    return done.returncode


@pytest.mark.parametrize(
    "moment", ["before the call", "during the call", "after the call", "after the report"]
)
def test_a_killed_worker_costs_a_lease_and_nothing_else(cast, agent, moment):
    rollout = scheduled_rollout(cast, "north south", agent=agent)

    assert run_worker(moment) == -signal.SIGKILL
    held = RegionDeployment.objects.filter(lease_until__gt=database_now())
    assert held.exists()
    assert rollouts.poll_due() == 0 or held.exists()

    # The lease runs out.
    RegionDeployment.objects.filter(lease_until__isnull=False).update(lease_until=database_now())
    run_until(lambda: state_of(rollout) == "completed")

    for code in ("north", "south"):
        assert len(agent.ledger(code)) == 1


@pytest.mark.parametrize("moment", ["before the call", "during the call"])
def test_a_worker_killed_before_the_region_acted_leaves_nothing_for_a_stopped_rollout(cast, agent, moment):
    rollout = scheduled_rollout(cast, "north", agent=agent)
    assert run_worker(moment) == -signal.SIGKILL

    rollout.refresh_from_db()
    rollouts.stop_rollout(rollout, reason="It is broken.", actor=cast.owner)
    RegionDeployment.objects.filter(lease_until__isnull=False).update(lease_until=database_now())
    for _ in range(4):
        hurry()
        rollouts.advance_due()
        rollouts.poll_due()

    assert states(rollout) == {"north": "pending"}
    assert agent.ledger("north") == []


def test_a_region_killed_in_the_middle_ends_with_one_deployment(cast, agent):
    rollout = scheduled_rollout(cast, "north", agent=agent)
    hurry()
    rollouts.advance_due()
    rollouts.poll_due()
    agent.kill()
    hurry()
    rollouts.poll_due()
    assert states(rollout)["north"] == "unknown"

    agent.start()
    from connectors.models import Region

    for region in Region.objects.all():
        Region.objects.filter(pk=region.pk).update(
            base_url=f"{agent.base_url}/{region.pk}", breaker_opened_at=None
        )
    run_until(lambda: state_of(rollout) == "completed")
    assert len(agent.ledger("north")) == 1
