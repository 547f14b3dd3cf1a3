"""Regions that take certified packages only: what they verify, offline, and what they let through without."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from certification.attestation import seal, statement
from certification.regions.agent.serve import read_certificate_keys
from certification.regions.http import HttpDriver
from certification.regions.protocol import CERTIFICATES, Action, DeployCommand, OperationState, RegionRefused
from tests.regions.places import AgentProcess, command, wait_for

KEY, NEXT_KEY, STRANGERS = (Ed25519PrivateKey.generate() for _ in range(3))
CONNECTOR = "harbour-weather"


def pem(*keys: Ed25519PrivateKey) -> str:
    made = (key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo) for key in keys)
    return b"".join(made).decode()


def certificate(digest: str, key: Ed25519PrivateKey = KEY, connector: str = CONNECTOR) -> dict:
    return seal(statement("tides.zip", digest, {"kind": "approval", "connector": {"slug": connector}}), key)


def certified(number: int, key: Ed25519PrivateKey = KEY, **more) -> DeployCommand:
    made = command(number, **more)
    return replace(made, certificate=certificate(made.digest, key))


def send(agent: AgentProcess, one: DeployCommand):
    async def main():
        async with HttpDriver() as driver:
            return await driver.deploy(agent.endpoint(), one)

    return asyncio.run(main())


def in_effect(agent: AgentProcess, one: DeployCommand) -> None:
    send(agent, one)
    wait_for(lambda: send(agent, one).state.is_final)
    assert send(agent, one).state is OperationState.SUCCEEDED


def refusal(agent: AgentProcess, one: DeployCommand) -> RegionRefused:
    before = agent.ledger()
    with pytest.raises(RegionRefused) as caught:
        send(agent, one)
    assert agent.ledger() == before
    assert agent.request("GET", f"operations/{one.idempotency_key}").status_code == 404
    return caught.value


@pytest.fixture
def keys(tmp_path):
    path = tmp_path / "keys.pem"
    path.write_text(pem(KEY))
    return path


@pytest.fixture
def strict(start_agent, keys):
    return start_agent("--deploy-seconds", "0.02", "--certificate-keys", str(keys), regions="westeurope")


def test_it_says_that_it_asks_and_takes_a_package_with_its_certificate(strict):
    assert CERTIFICATES in strict.request("GET", "health").json()["capabilities"]
    in_effect(strict, certified(1))


def test_without_a_certificate_nothing_is_accepted_and_no_bytes_travel(strict):
    one = command(1)
    refused = refusal(strict, one)
    assert (refused.code, refused.status) == ("certificate-required", 412)
    assert not list((strict.data_dir / "westeurope" / "packages").iterdir())


def forged(made: DeployCommand) -> dict:
    signed = certificate(made.digest)
    other = certificate("b" * 64)
    return {**signed, "signatures": other["signatures"]}


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (forged, "no key known here"),
        (lambda made: certificate("b" * 64), "it certifies the package bbbbbbbbbbbb"),
        (lambda made: certificate(made.digest, STRANGERS), "no key known here"),
        (lambda made: {"payload": "?"}, "no envelope"),
    ],
    ids=["forged signature", "another package", "unknown key", "no certificate at all"],
)
def test_a_certificate_that_does_not_hold_is_rejected_with_its_reason(strict, given, why):
    made = command(1)
    refused = refusal(strict, replace(made, certificate=given(made)))
    assert (refused.code, refused.status) == ("certificate-rejected", 422)
    assert why in refused.message
    assert not list((strict.data_dir / "westeurope" / "certificates").iterdir())


def test_a_package_certified_as_another_connector_is_refused(strict):
    made = command(1)
    refused = refusal(strict, replace(made, certificate=certificate(made.digest, connector="another-one")))
    assert refused.code == "certificate-required"
    assert "certified as another-one" in refused.message


def test_a_rotated_key_is_learned_beside_the_old_one_and_dropped_when_nothing_needs_it(strict, keys):
    assert refusal(strict, certified(1, NEXT_KEY)).code == "certificate-rejected"
    in_effect(strict, certified(1))
    strict.stop()
    keys.write_text(pem(KEY, NEXT_KEY))
    strict.start()
    in_effect(strict, certified(2, NEXT_KEY))
    third = certified(3)
    in_effect(strict, third)
    strict.stop()
    keys.write_text(pem(NEXT_KEY))
    strict.start()
    # What the old key signed is held here and counts no more, sent again or not.
    again = replace(third, idempotency_key="again:4", deployment_number=4)
    assert refusal(strict, again).code == "certificate-rejected"
    assert "does not hold any more" in refusal(strict, replace(again, certificate=None)).message


def test_trouble_can_be_ended_without_a_certificate(start_agent, keys, tmp_path):
    loose = start_agent("--deploy-seconds", "0.02", regions="westeurope")
    first = command(1)
    in_effect(loose, first)
    loose.stop()
    loose.start("--certificate-keys", str(keys))
    in_effect(loose, certified(2))
    back = replace(first, action=Action.ROLLBACK, idempotency_key="back:3", deployment_number=3)
    in_effect(loose, back)
    never_here = command(4, action="rollback")
    assert refusal(loose, never_here).code == "certificate-required"
    in_effect(loose, replace(command(5), action="remove"))


def test_a_region_that_knows_no_key_asks_for_nothing(quick_agent):
    assert CERTIFICATES not in quick_agent.request("GET", "health").json()["capabilities"]
    in_effect(quick_agent, certified(1))
    made = command(2)
    answer = quick_agent.request("PUT", f"certificates/{made.digest}", json=certificate(made.digest))
    assert (answer.status_code, answer.json()["code"]) == (404, "capability-missing")


def test_keys_come_from_a_file_or_a_variable_and_have_to_be_usable(tmp_path, monkeypatch):
    monkeypatch.delenv("REGION_CERTIFICATE_KEYS", raising=False)
    assert read_certificate_keys(None) == ""
    monkeypatch.setenv("REGION_CERTIFICATE_KEYS", pem(KEY, NEXT_KEY).strip().replace("\n", "\\n"))
    assert read_certificate_keys(None) == pem(KEY, NEXT_KEY).strip()
    empty = tmp_path / "empty.pem"
    empty.write_text(json.dumps("no key"))
    with pytest.raises(ValueError, match="public keys as PEM"):
        read_certificate_keys(empty)
