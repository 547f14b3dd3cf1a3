"""The command driver against real programs that behave, misbehave, and never end."""

from __future__ import annotations

import asyncio
import json
import os
import stat
import sys
import time
from pathlib import Path

import pytest

from certification.regions.command import CommandDriver
from certification.regions.errors import (
    DigestMismatch,
    OutcomeUnknown,
    RegionAnswerInvalid,
    RegionRefused,
    RegionThrottled,
    RegionUnauthorized,
    RegionUnreachable,
)
from certification.regions.protocol import OperationState, RegionDriver, RegionEndpoint, Token
from tests.regions.places import TOKEN, command, wait_for

COMMAND = command()
ANSWER = {
    "key": "harbour-weather:1",
    "state": "running",
    "digest": COMMAND.digest,
    "deployment_number": 1,
    "message": "",
    "updated_at": "2026-03-02T09:30:05+00:00",
}


@pytest.fixture
def program(tmp_path):
    """Write a program; returns the endpoint of a region that is reached by it."""

    def write(body: str, *arguments: str, seconds: int = 30, token: str | None = TOKEN) -> RegionEndpoint:
        path = tmp_path / "reach"
        path.write_text(f"#!{sys.executable}\nimport json, os, sys, time\n{body}\n")
        path.chmod(stat.S_IRWXU)
        settings = {"program": str(path), "arguments": list(arguments), "seconds": seconds}
        return RegionEndpoint("by-hand", token=Token(token) if token else None, settings=settings)

    return write


def ask(endpoint, method="operation", *arguments, **more):
    async def run():
        async with CommandDriver() as driver:
            return await getattr(driver, method)(endpoint, *(arguments or (ANSWER["key"],)), **more)

    return asyncio.run(run())


def says(answer: object, status: int = 0) -> str:
    return f"print(json.dumps({answer!r})); sys.exit({status})"


def test_it_is_a_driver():
    assert isinstance(CommandDriver(), RegionDriver)


def test_the_request_comes_by_standard_input_and_the_package_as_a_file_that_is_gone_later(program, tmp_path):
    endpoint = program(
        "asked = json.load(sys.stdin)\n"
        "asked['bytes'] = open(asked['package_path'], 'rb').read().hex()\n"
        f"json.dump([sys.argv[1:], asked, dict(os.environ)], open({str(tmp_path / 'seen')!r}, 'w'))\n"
        + says(ANSWER),
        "--cluster", "west; rm -rf /",
    )  # fmt: skip
    operation = ask(endpoint, "deploy", COMMAND)
    arguments, asked, environment = json.loads((tmp_path / "seen").read_text())
    assert operation.state is OperationState.RUNNING
    assert arguments == ["--cluster", "west; rm -rf /", "deploy"]
    assert asked["idempotency_key"] == COMMAND.idempotency_key
    assert asked["deployment_number"] == 1
    assert bytes.fromhex(asked["bytes"]) == COMMAND.package
    assert not os.path.exists(asked["package_path"])
    assert TOKEN not in json.dumps([arguments, asked])
    assert environment.pop("REGION_TOKEN") == TOKEN
    assert {"HOME", "LANG", "PATH", "REGION_CODE", "TMPDIR"} <= set(environment)
    assert not {"DATABASE_URL", "SECRET_KEY"} & set(environment)


def test_what_runs_and_how_the_region_is_come_the_same_way(program):
    current = {
        "connector": "harbour-weather", "version": "1.1.0", "digest": "a" * 64, "deployment_number": 4,
        "deployed_at": "2026-03-02T09:30:05+00:00",
    }  # fmt: skip
    assert ask(program(says(current)), "current", "harbour-weather").deployment_number == 4
    health = {
        "ok": True,
        "version": "script 3",
        "load": 0.5,
        "running_operations": 1,
        "deployed_connectors": 9,
    }

    async def healthy(endpoint):
        async with CommandDriver() as driver:
            return await driver.health(endpoint)

    assert asyncio.run(healthy(program(says(health)))).deployed_connectors == 9


@pytest.mark.parametrize(
    ("status", "answer", "error"),
    [
        (65, {"title": "Too old", "code": "stale-deployment"}, RegionRefused),
        (65, {"words": "no code"}, RegionAnswerInvalid),
        (69, {}, RegionUnreachable),
        (75, {"retry_after_seconds": 7}, RegionThrottled),
        (77, {}, RegionUnauthorized),
        (1, {}, OutcomeUnknown),
    ],
)
def test_exit_statuses_mean_what_the_table_says(program, status, answer, error):
    with pytest.raises(error) as caught:
        ask(program(says(answer, status)))
    assert type(caught.value) is error
    if status == 75:
        assert caught.value.retry_after_seconds == 7


def test_only_the_agreed_codes_are_a_definite_nothing(program):
    assert ask(program(says({"title": "?", "code": "unknown-operation"}, 65))) is None
    assert ask(program(says({"title": "?", "code": "not-deployed"}, 65)), "current", "x") is None
    with pytest.raises(RegionRefused):
        ask(program(says({"title": "?", "code": "not-deployed"}, 65)))


def test_a_program_that_is_killed_leaves_the_outcome_unknown(program):
    with pytest.raises(OutcomeUnknown, match="signal 9"):
        ask(program("os.kill(os.getpid(), 9)"))


def test_a_program_that_hangs_is_killed_with_everything_it_started(program, tmp_path):
    endpoint = program(
        "import subprocess\n"
        f"child = subprocess.Popen(['sleep', '600'])\nopen({str(tmp_path / 'pid')!r}, 'w').write(str(child.pid))\n"
        "time.sleep(600)",
        seconds=1,
    )
    started = time.monotonic()
    with pytest.raises(OutcomeUnknown, match="within 1 s"):
        ask(endpoint)
    assert time.monotonic() - started < 4
    pid = int((tmp_path / "pid").read_text())
    wait_for(lambda: _is_dead(pid), 3)


def _is_dead(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def test_a_flood_on_either_stream_is_cut_off(program):
    with pytest.raises(RegionAnswerInvalid, match="more than 256 KB"):
        ask(program("sys.stdout.write('x' * 3_000_000)"))
    with pytest.raises(OutcomeUnknown):
        ask(program("sys.stderr.write('x' * 3_000_000); sys.exit(1)"))


def test_a_flood_that_nobody_reads_any_more_ends_at_once(program, monkeypatch):
    async def given_up(stream, limit, endpoint):
        await asyncio.sleep(0.5)
        raise RegionAnswerInvalid(endpoint.code, "wrote too much.")

    monkeypatch.setattr("certification.regions.command._read", given_up)
    began = time.monotonic()
    with pytest.raises(RegionAnswerInvalid):
        ask(program("sys.stdout.write('x' * 3_000_000)"))
    assert time.monotonic() - began < 20


@pytest.mark.parametrize("answer", ["not json", "[]", json.dumps({**ANSWER, "state": "tired"}), ""])
def test_nonsense_is_not_believed(program, answer):
    with pytest.raises(RegionAnswerInvalid):
        ask(program(f"print({answer!r})"))


def test_answers_about_something_else_are_not_believed(program):
    with pytest.raises(RegionAnswerInvalid):
        ask(program(says({**ANSWER, "key": "another:1"})))
    with pytest.raises(RegionAnswerInvalid):
        ask(program(says({**ANSWER, "deployment_number": 2})), "deploy", COMMAND)
    with pytest.raises(DigestMismatch):
        ask(program(says({**ANSWER, "digest": "b" * 64})), "deploy", COMMAND)


def test_a_token_that_the_program_repeats_is_hidden(program):
    with pytest.raises(OutcomeUnknown) as caught:
        ask(program("sys.stderr.write('rejected ' + os.environ['REGION_TOKEN']); sys.exit(2)"))
    assert TOKEN not in str(caught.value)
    assert "rejected" in str(caught.value)


def test_a_missing_or_forbidden_program_sends_nothing():
    gone = RegionEndpoint("gone", settings={"program": "/nowhere/reach"})
    with pytest.raises(RegionUnreachable, match="cannot be started"):
        ask(gone)
    with pytest.raises(RegionUnreachable, match="REGION_PROGRAMS"):
        ask(RegionEndpoint("relative", settings={"program": "reach"}))
