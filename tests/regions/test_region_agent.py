"""The reference agent keeps the protocol: idempotency, fence, possession, durable ledger."""

from __future__ import annotations

import asyncio
import hashlib
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from certification.regions.http import HttpDriver
from certification.regions.protocol import DeployCommand, OperationState, RegionEndpoint, RegionRefused, Token
from certification.regions.schemas import first_fault
from tests.regions.places import TOKEN, AgentProcess, command, make_package, wait_for


def run(agent: AgentProcess, work, code: str = "westeurope"):
    """Run `work(driver, endpoint)` in a fresh event loop."""

    async def main():
        async with HttpDriver() as driver:
            return await work(driver, agent.endpoint(code))

    return asyncio.run(main())


def deploy(agent: AgentProcess, one: DeployCommand, code: str = "westeurope"):
    return run(agent, lambda driver, endpoint: driver.deploy(endpoint, one), code)


def ask(agent: AgentProcess, key: str, code: str = "westeurope"):
    return run(agent, lambda driver, endpoint: driver.operation(endpoint, key), code)


def wait_until_final(agent: AgentProcess, key: str, code: str = "westeurope"):
    wait_for(lambda: ask(agent, key, code).state.is_final)
    return ask(agent, key, code)


def test_a_deployed_package_is_really_held_and_becomes_current(quick_agent):
    one = command(connector="held", package=make_package("held"))
    assert deploy(quick_agent, one).state is OperationState.ACCEPTED
    assert wait_until_final(quick_agent, one.idempotency_key).state is OperationState.SUCCEEDED
    current = run(quick_agent, lambda driver, endpoint: driver.current(endpoint, "held"))
    assert (current.version, current.digest, current.deployment_number) == (one.version, one.digest, 1)
    stored = (quick_agent.data_dir / "westeurope" / "packages" / f"{one.digest}.zip").read_bytes()
    assert hashlib.sha256(stored).hexdigest() == one.digest


def test_the_same_key_and_content_is_the_same_operation_and_one_effective_deployment(quick_agent):
    one = command(connector="same-key")
    for _ in range(5):
        deploy(quick_agent, one)
    wait_until_final(quick_agent, one.idempotency_key)
    assert deploy(quick_agent, one).state is OperationState.SUCCEEDED
    assert [row["key"] for row in quick_agent.ledger() if row["connector"] == "same-key"] == ["same-key:1"]


def test_twenty_simultaneous_sends_of_one_command_take_effect_once(quick_agent):
    one = command(connector="at-once")

    async def all_at_once(driver, endpoint):
        return await asyncio.gather(*(driver.deploy(endpoint, one) for _ in range(20)))

    answers = run(quick_agent, all_at_once)
    assert {answer.key for answer in answers} == {"at-once:1"}
    wait_until_final(quick_agent, "at-once:1")
    assert sum(row["connector"] == "at-once" for row in quick_agent.ledger()) == 1


def test_the_same_key_with_other_content_is_refused(quick_agent):
    deploy(quick_agent, command(1, connector="conflict", key="conflict"))
    with pytest.raises(RegionRefused) as caught:
        deploy(quick_agent, command(2, connector="conflict", key="conflict"))
    assert (caught.value.code, caught.value.status) == ("idempotency-conflict", 409)


@pytest.mark.parametrize("number", [1, 4, 5])
def test_a_number_not_above_the_newest_is_refused_under_another_key(quick_agent, number):
    connector = f"fence-{number}"
    deploy(quick_agent, command(5, connector=connector))
    with pytest.raises(RegionRefused) as caught:
        deploy(quick_agent, command(number, connector=connector, key=f"late-{number}"))
    assert caught.value.code == "stale-deployment"
    assert ask(quick_agent, f"late-{number}") is None


def test_a_late_duplicate_of_an_old_command_never_undoes_a_newer_one(quick_agent):
    old, new = command(1, connector="late"), command(2, connector="late")
    deploy(quick_agent, old)
    wait_until_final(quick_agent, old.idempotency_key)
    deploy(quick_agent, new)
    wait_until_final(quick_agent, new.idempotency_key)
    assert deploy(quick_agent, old).deployment_number == 1
    current = run(quick_agent, lambda driver, endpoint: driver.current(endpoint, "late"))
    assert current.digest == new.digest


def test_a_rollback_overtakes_a_deployment_under_way_which_then_never_takes_effect(start_agent):
    agent = start_agent("--deploy-seconds", "0.5")
    good, bad = make_package("good"), make_package("bad")
    deploy(agent, command(1, package=good))
    wait_until_final(agent, "harbour-weather:1")
    deploy(agent, command(2, package=bad))
    deploy(agent, command(3, package=good, action="rollback", sends_package=False))
    assert wait_until_final(agent, "harbour-weather:3").state is OperationState.SUCCEEDED
    overtaken = wait_until_final(agent, "harbour-weather:2")
    assert overtaken.state is OperationState.FAILED
    assert "Overtaken by deployment 3" in overtaken.message
    assert [(row["number"], row["action"]) for row in agent.ledger()] == [(1, "deploy"), (3, "rollback")]


def test_a_command_for_a_package_that_is_not_held_is_refused_and_leaves_no_trace(quick_agent):
    with pytest.raises(RegionRefused) as caught:
        deploy(quick_agent, command(connector="absent", sends_package=False))
    assert (caught.value.code, caught.value.status) == ("package-required", 412)
    assert ask(quick_agent, "absent:1") is None
    assert deploy(quick_agent, command(connector="absent")).state is OperationState.ACCEPTED


def test_bytes_that_are_not_the_package_named_are_refused(quick_agent):
    digest = hashlib.sha256(b"what was approved").hexdigest()
    answer = quick_agent.request("PUT", f"packages/{digest}", content=b"something else")
    assert (answer.status_code, answer.json()["code"]) == (422, "digest-mismatch")
    assert not (quick_agent.data_dir / "westeurope" / "packages" / f"{digest}.zip").exists()


def test_a_held_package_that_rots_on_disk_is_never_deployed(start_agent):
    agent = start_agent("--deploy-seconds", "0.5")
    one = command()
    deploy(agent, one)
    path = agent.data_dir / "westeurope" / "packages" / f"{one.digest}.zip"
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    ended = wait_until_final(agent, one.idempotency_key)
    assert (ended.state, agent.ledger()) == (OperationState.FAILED, [])
    assert "damaged" in ended.message


def test_regions_of_one_agent_do_not_share_anything(quick_agent):
    one = command(connector="apart")
    deploy(quick_agent, one)
    assert ask(quick_agent, one.idempotency_key, "brazil") is None
    assert run(quick_agent, lambda driver, endpoint: driver.current(endpoint, "apart"), "brazil") is None
    assert not (quick_agent.data_dir / "brazil" / "packages" / f"{one.digest}.zip").exists()


def test_the_ledger_of_effective_deployments_cannot_be_rewritten(start_agent):
    agent = start_agent("--deploy-seconds", "0")
    deploy(agent, command())
    wait_until_final(agent, "harbour-weather:1")
    agent.stop()
    database = sqlite3.connect(agent.data_dir / "westeurope" / "ledger.sqlite3")
    try:
        for statement in ("UPDATE effective SET number = 9", "DELETE FROM effective"):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                database.execute(statement)
    finally:
        database.close()


@pytest.mark.fault
def test_killed_while_deploying_it_finishes_after_the_restart_exactly_once(start_agent):
    agent = start_agent("--deploy-seconds", "1.5")
    one = command()
    deploy(agent, one)
    agent.kill()
    agent.start()
    assert not ask(agent, one.idempotency_key).state.is_final
    deploy(agent, one)
    assert wait_until_final(agent, one.idempotency_key).state is OperationState.SUCCEEDED
    assert [row["key"] for row in agent.ledger()] == [one.idempotency_key]


@pytest.mark.fault
def test_what_was_answered_survives_kills_at_any_moment_and_takes_effect_once(start_agent):
    agent = start_agent("--deploy-seconds", "0-0.3")
    commands = [command(number, connector=f"c{number % 4}") for number in range(1, 25)]
    for position, one in enumerate(commands):
        deploy(agent, one)
        if position % 6 == 5:
            agent.kill()
            agent.start()
    for one in commands:
        wait_until_final(agent, one.idempotency_key)
    keys = [row["key"] for row in agent.ledger()]
    assert len(keys) == len(set(keys))
    assert {f"c{number % 4}:{number}" for number in (21, 22, 23, 24)} <= set(keys)
    for connector in ("c0", "c1", "c2", "c3"):
        numbers = [row["number"] for row in agent.ledger() if row["connector"] == connector]
        assert numbers == sorted(numbers)


def test_every_answer_of_the_agent_has_its_documented_shape(quick_agent):
    one = command(connector="shapes")
    digest, body = one.digest, one.package
    request = {
        "connector": "shapes",
        "deployment_number": 1,
        "action": "deploy",
        "version": "1",
        "digest": digest,
    }
    key = {"Idempotency-Key": "shapes"}
    steps: list[tuple[str, str, dict, int, str | None]] = [
        ("POST", "deployments", {"headers": key, "json": request}, 412, "Problem"),
        ("PUT", f"packages/{digest}", {"content": body}, 201, None),
        ("PUT", f"packages/{digest}", {"content": body}, 204, None),
        ("POST", "deployments", {"headers": key, "json": request}, 202, "Operation"),
        ("POST", "deployments", {"headers": key, "json": request}, 200, "Operation"),
        ("POST", "deployments", {"headers": key, "json": {**request, "extra": 1}}, 400, "Problem"),
        ("POST", "deployments", {"headers": key, "content": b"{" * 100_000}, 413, "Problem"),
        ("POST", "deployments", {"headers": key, "content": b"[" * 60_000}, 400, "Problem"),
        ("POST", "deployments", {"json": request}, 400, "Problem"),
        ("GET", "operations/shapes", {}, 200, "Operation"),
        ("GET", "operations/nobody", {}, 404, "Problem"),
        ("GET", "connectors/nobody", {}, 404, "Problem"),
        ("GET", "connectors/no body", {}, 400, "Problem"),
        ("GET", "health", {}, 200, "Health"),
        ("PUT", "packages/not-a-digest", {"content": b""}, 400, "Problem"),
        ("DELETE", "health", {}, 405, "Problem"),
        ("GET", "nowhere/at/all", {}, 404, "Problem"),
        ("GET", "health", {"code": "atlantis"}, 404, "Problem"),
        ("GET", "health", {"headers": {"Authorization": "Bearer wrong"}}, 401, "Problem"),
        ("GET", "health", {"headers": {"Authorization": "Basic eA=="}}, 401, "Problem"),
    ]
    for method, path, more, status, shape in steps:
        answer = quick_agent.request(method, path, **more)
        assert answer.status_code == status, (method, path)
        if shape is not None:
            assert first_fault(shape, answer.json()) is None


def test_an_agent_without_a_token_does_not_start(tmp_path, monkeypatch):
    monkeypatch.delenv("REGION_TOKEN", raising=False)
    arguments = [
        sys.executable,
        "-m",
        "certification.regions.agent",
        "--regions",
        "one",
        "--data-dir",
        str(tmp_path),
    ]
    ended = subprocess.run(arguments, capture_output=True, text=True, timeout=30, check=False)
    assert ended.returncode == 2
    assert "set REGION_TOKEN" in ended.stderr


def test_the_management_command_serves_the_same_agent_and_stops_on_sigterm(tmp_path, monkeypatch):
    monkeypatch.setenv("REGION_TOKEN", TOKEN)
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "portal.settings.test")
    arguments = [sys.executable, "manage.py", "region", "--regions", "one", "--port", "0"]
    with subprocess.Popen(
        [*arguments, "--data-dir", str(tmp_path)],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        base_url = process.stdout.readline().split()[2]

        async def ask():
            async with HttpDriver() as driver:
                return await driver.health(RegionEndpoint("one", f"{base_url}one", Token(TOKEN)))

        assert asyncio.run(ask()).ok
        process.terminate()
        assert process.wait(15) in (0, -signal.SIGTERM)


def test_calls_are_served_by_the_deployed_version_and_only_for_its_operations(quick_agent):
    one = command(connector="called", package=make_package("called", ("GetTides",)))
    assert (
        quick_agent.request("POST", "connectors/called/operations/GetTides").json()["code"] == "not-deployed"
    )
    deploy(quick_agent, one)
    wait_until_final(quick_agent, one.idempotency_key)
    quick_agent.request(
        "PUT", "profiles/called", json={"success_rate": 0, "errors": {"502": 1}, "median_ms": 5}
    ).raise_for_status()
    answer = quick_agent.request("POST", "connectors/called/operations/GetTides")
    assert (answer.status_code, answer.headers["Connector-Digest"]) == (502, one.digest)
    unknown = quick_agent.request("POST", "connectors/called/operations/DropTables")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "operation-not-defined")


def test_many_regions_in_one_process_deploy_side_by_side(start_agent):
    codes = [f"region-{number}" for number in range(30)]
    agent = start_agent("--deploy-seconds", "0.3-0.6", regions=",".join(codes))

    async def everywhere(driver, endpoint):
        return await asyncio.gather(*(driver.deploy(agent.endpoint(code), command()) for code in codes))

    assert len(run(agent, everywhere, codes[0])) == 30
    for code in codes:
        wait_until_final(agent, "harbour-weather:1", code)
        assert len(agent.ledger(code)) == 1
