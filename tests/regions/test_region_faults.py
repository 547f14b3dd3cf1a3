"""Every misbehaviour the agent can be told, one by one, against the HTTP driver."""

from __future__ import annotations

import asyncio
import time

import pytest

from certification.regions.http import HttpDriver
from certification.regions.protocol import (
    DigestMismatch,
    OperationState,
    OutcomeUnknown,
    RegionAnswerInvalid,
    RegionError,
    RegionThrottled,
    RegionUnauthorized,
)
from tests.regions.places import TOKEN, AgentProcess, command, make_package, wait_for

DEADLINE = 1.0

#: fault, the error a deploy ends with, whether the region acted all the same.
DEPLOY_FAULTS = [
    ({"kind": "hang", "seconds": 30}, OutcomeUnknown, False),
    ({"kind": "drop"}, OutcomeUnknown, False),
    ({"kind": "error", "status": 500}, OutcomeUnknown, False),
    ({"kind": "error", "status": 503}, OutcomeUnknown, False),
    ({"kind": "error", "status": 503, "retry_after": 7}, RegionThrottled, False),
    ({"kind": "error", "status": 429, "retry_after": 7}, RegionThrottled, False),
    ({"kind": "unauthorized"}, RegionUnauthorized, False),
    ({"kind": "reflect-token"}, OutcomeUnknown, False),
    ({"kind": "lose-answer"}, OutcomeUnknown, True),
    ({"kind": "garbage"}, RegionAnswerInvalid, True),
    ({"kind": "wrong-digest"}, DigestMismatch, True),
    ({"kind": "huge-body"}, RegionAnswerInvalid, True),
    ({"kind": "slow-drip"}, OutcomeUnknown, True),
]


def run(agent: AgentProcess, work, code: str = "westeurope"):
    async def main():
        async with HttpDriver(deadline_seconds=DEADLINE) as driver:
            return await work(driver, agent.endpoint(code))

    return asyncio.run(main())


def prepared(agent: AgentProcess, connector: str, number: int = 2):
    """A command whose package the region holds already, so that the fault hits the command itself."""
    content = make_package(connector)
    one = command(1, connector=connector, package=content)
    run(agent, lambda driver, endpoint: driver.deploy(endpoint, one))
    wait_for(lambda: any(row["key"] == one.idempotency_key for row in agent.ledger()))
    return command(number, connector=connector, package=content)


@pytest.mark.parametrize(("fault", "expected", "acted"), DEPLOY_FAULTS, ids=lambda value: str(value)[:50])
def test_a_spoilt_deploy_ends_in_time_with_the_right_error_and_the_key_tells_the_truth(
    quick_agent, fault, expected, acted
):
    one = prepared(quick_agent, f"f{DEPLOY_FAULTS.index((fault, expected, acted))}")
    quick_agent.set_faults({**fault, "on": ["deploy"], "next_calls": 1})
    started = time.monotonic()
    with pytest.raises(RegionError) as caught:
        run(quick_agent, lambda driver, endpoint: driver.deploy(endpoint, one))
    assert time.monotonic() - started < DEADLINE + 1
    assert type(caught.value) is expected
    assert TOKEN not in f"{caught.value!s} {caught.value!r} {caught.value.__dict__}"
    assert isinstance(caught.value, OutcomeUnknown) or not acted or expected is DigestMismatch

    found = run(quick_agent, lambda driver, endpoint: driver.operation(endpoint, one.idempotency_key))
    assert (found is not None) is acted
    again = run(quick_agent, lambda driver, endpoint: driver.deploy(endpoint, one))
    assert again.key == one.idempotency_key
    wait_for(lambda: any(row["key"] == one.idempotency_key for row in quick_agent.ledger()))
    assert [row["number"] for row in quick_agent.ledger() if row["connector"] == one.connector] == [1, 2]


def test_a_throttled_call_says_how_long_to_wait(quick_agent):
    quick_agent.set_faults(
        {"kind": "error", "status": 429, "retry_after": 42, "on": ["health"], "next_calls": 1}
    )
    with pytest.raises(RegionThrottled) as caught:
        run(quick_agent, lambda driver, endpoint: driver.health(endpoint))
    assert caught.value.retry_after_seconds == 42


def test_a_duplicate_of_an_earlier_answer_is_not_taken_for_the_answer(quick_agent):
    first, second = prepared(quick_agent, "dup-a"), prepared(quick_agent, "dup-b")
    run(quick_agent, lambda driver, endpoint: driver.operation(endpoint, "dup-a:1"))
    quick_agent.set_faults({"kind": "duplicate-answer", "on": ["operation", "deploy"], "next_calls": 2})
    with pytest.raises(RegionAnswerInvalid, match="another operation"):
        run(quick_agent, lambda driver, endpoint: driver.operation(endpoint, "dup-b:1"))
    with pytest.raises(RegionAnswerInvalid):
        run(quick_agent, lambda driver, endpoint: driver.deploy(endpoint, second))
    assert first.connector != second.connector


@pytest.mark.parametrize(("kind", "claimed"), [("old-status", "accepted"), ("backwards", "running")])
def test_a_status_that_goes_backwards_is_recognised_as_stale(quick_agent, kind, claimed):
    prepared(quick_agent, kind)
    quick_agent.set_faults({"kind": kind, "on": ["operation"], "next_calls": 1})
    reported = run(quick_agent, lambda driver, endpoint: driver.operation(endpoint, f"{kind}:1"))
    assert reported.state == claimed
    assert not reported.follows(OperationState.SUCCEEDED)


def test_a_status_about_another_package_is_a_digest_mismatch(quick_agent):
    one = prepared(quick_agent, "swapped")
    quick_agent.set_faults({"kind": "wrong-digest", "on": ["operation"], "next_calls": 1})
    with pytest.raises(DigestMismatch) as caught:
        run(
            quick_agent,
            lambda driver, endpoint: driver.operation(endpoint, "swapped:1", expected_digest=one.digest),
        )
    assert caught.value.expected == one.digest != caught.value.reported


def test_a_deployment_told_to_fail_fails_and_leaves_the_version_before_in_place(quick_agent):
    one = prepared(quick_agent, "failing")
    quick_agent.set_faults({"kind": "fail-deploys", "next_calls": 1})
    run(quick_agent, lambda driver, endpoint: driver.deploy(endpoint, one))

    def ask():
        return run(quick_agent, lambda driver, endpoint: driver.operation(endpoint, one.idempotency_key))

    wait_for(lambda: ask().state.is_final)
    assert (ask().state, ask().message) == (OperationState.FAILED, "The connector did not start.")
    current = run(quick_agent, lambda driver, endpoint: driver.current(endpoint, "failing"))
    assert current.deployment_number == 1


def test_a_lost_upload_of_the_package_leaves_no_operation_and_may_be_repeated(quick_agent):
    one = command(connector="upload")
    quick_agent.set_faults({"kind": "lose-answer", "on": ["package"], "next_calls": 1})
    with pytest.raises(OutcomeUnknown):
        run(quick_agent, lambda driver, endpoint: driver.deploy(endpoint, one))
    key = one.idempotency_key
    assert run(quick_agent, lambda driver, endpoint: driver.operation(endpoint, key)) is None
    assert run(quick_agent, lambda driver, endpoint: driver.deploy(endpoint, one)).key == key


def test_faults_with_a_seed_strike_the_same_calls_every_time(quick_agent):
    def pattern() -> list[int]:
        fault = {"kind": "error", "status": 500, "probability": 0.5, "seed": 7, "on": ["health"]}
        quick_agent.set_faults(fault)
        return [quick_agent.request("GET", "health").status_code for _ in range(20)]

    first = pattern()
    assert first == pattern()
    assert set(first) == {200, 500}
    quick_agent.set_faults()


def test_an_unknown_fault_is_refused_with_the_reason(quick_agent):
    answer = quick_agent.request("PUT", "faults", json={"faults": [{"kind": "explode"}]})
    assert answer.status_code == 400
    assert "explode" in answer.json()["detail"]


@pytest.mark.fault
def test_with_every_fault_at_once_each_intent_takes_effect_exactly_once(start_agent):
    agent = start_agent("--deploy-seconds", "0-0.1")
    kinds = ["drop", "error", "lose-answer", "garbage", "duplicate-answer", "unauthorized", "huge-body"]
    agent.set_faults(*({"kind": kind, "probability": 0.06, "seed": seed} for seed, kind in enumerate(kinds)))
    commands = [command(number, connector="one") for number in range(1, 31)]

    async def carry_through(driver: HttpDriver, endpoint) -> None:
        for one in commands:
            for _ in range(60):
                try:
                    found = await driver.operation(endpoint, one.idempotency_key, expected_digest=one.digest)
                    if found is not None and found.state.is_final:
                        break
                    if found is None:
                        await driver.deploy(endpoint, one)
                except RegionError:
                    pass
                await asyncio.sleep(0.02)
            else:
                pytest.fail(f"{one.idempotency_key} is stuck")

    run(agent, carry_through)
    agent.set_faults()
    assert [row["number"] for row in agent.ledger()] == list(range(1, 31))
    assert TOKEN not in agent.log_text()
