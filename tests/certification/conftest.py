"""Regions that tests of rollouts deploy to."""

from __future__ import annotations

import pytest

from tests.factories.rollouts import behave
from tests.regions.places import AgentProcess


@pytest.fixture(scope="module")
def agent(tmp_path_factory, request):
    """A quick region agent that plays the module's REGIONS, for all of its tests."""
    process = AgentProcess(
        tmp_path_factory.mktemp("agent") / "data", "--deploy-seconds", "0.02", regions=request.module.REGIONS
    )
    yield process
    process.kill()


@pytest.fixture
def no_faults(agent, request):
    """Whatever a test does to the regions ends with it."""
    yield
    for code in request.module.REGIONS.split(","):
        behave(agent, code)
