from __future__ import annotations

import pytest

from tests.regions.places import AgentProcess


@pytest.fixture(scope="module")
def quick_agent(tmp_path_factory):
    """An agent whose deployments take a tenth of a second; shared by the tests of a module."""
    agent = AgentProcess(tmp_path_factory.mktemp("agent") / "data", "--deploy-seconds", "0.05-0.1")
    yield agent
    if agent.is_running:
        agent.stop()


@pytest.fixture
def start_agent(tmp_path):
    """Start agents that belong to one test, on one data directory."""
    started: list[AgentProcess] = []

    def start(*arguments: str, regions: str = "westeurope,brazil") -> AgentProcess:
        agent = AgentProcess(tmp_path / "data", *arguments, regions=regions)
        started.append(agent)
        return agent

    yield start
    for agent in started:
        if agent.is_running:
            agent.kill()
