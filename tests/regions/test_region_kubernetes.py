"""The Kubernetes driver against an API server that checks schemas, versions and field owners."""

from __future__ import annotations

import asyncio
import hashlib
import time

import pytest

from certification.regions.errors import (
    OutcomeUnknown,
    RegionAnswerInvalid,
    RegionRefused,
    RegionThrottled,
    RegionUnauthorized,
    RegionUnreachable,
)
from certification.regions.kubernetes import objects
from certification.regions.kubernetes.driver import KubernetesDriver
from certification.regions.protocol import HiddenText, OperationState, RegionDriver, RegionEndpoint, Token
from tests.regions.cluster import NAMESPACE, TOKEN, Cluster
from tests.regions.places import command

POINTER = ("configmaps", "connector-harbour-weather")
ONE, TWO = command(1), command(2)
WORKLOAD = {"workload": "deployment", "image": "registry.example/runtime:1", "replicas": 2}


@pytest.fixture
def cluster():
    made = Cluster()
    yield made
    made.stop()


def place(cluster: Cluster, *, token: str = TOKEN, **settings: object) -> RegionEndpoint:
    return RegionEndpoint(
        "west", cluster.base_url, Token(token), settings={"namespace": NAMESPACE, **settings}
    )


def ask(endpoint: RegionEndpoint, method: str, *arguments: object, seconds: float = 5, **more: object):
    async def run():
        async with KubernetesDriver(deadline_seconds=seconds) as driver:
            return await getattr(driver, method)(endpoint, *arguments, **more)

    return asyncio.run(run())


def test_it_is_a_driver():
    assert isinstance(KubernetesDriver(), RegionDriver)


def test_a_deployment_is_config_maps_that_say_what_they_are(cluster):
    operation = ask(place(cluster), "deploy", ONE)
    assert operation.state is OperationState.SUCCEEDED
    pointer = cluster.objects[POINTER]
    notes = pointer["metadata"]["annotations"]
    assert notes["connector-portal/digest"] == ONE.digest
    assert notes["connector-portal/deployment-number"] == "1"
    assert notes["connector-portal/idempotency-key"] == ONE.idempotency_key
    assert pointer["metadata"]["labels"]["app.kubernetes.io/managed-by"] == "connector-portal"
    current = ask(place(cluster), "current", "harbour-weather")
    assert (current.digest, current.version, current.deployment_number) == (ONE.digest, "1.1.0", 1)
    assert ask(place(cluster), "health").deployed_connectors == 1


def test_repeating_a_command_changes_nothing(cluster):
    ask(place(cluster), "deploy", ONE)
    before = cluster.objects[POINTER]["metadata"]["resourceVersion"]
    assert ask(place(cluster), "deploy", ONE).state is OperationState.SUCCEEDED
    assert cluster.objects[POINTER]["metadata"]["resourceVersion"] == before


def test_bytes_travel_only_when_they_are_not_there(cluster):
    with pytest.raises(RegionRefused) as caught:
        ask(place(cluster), "deploy", command(1, sends_package=False, package=ONE.package))
    assert caught.value.code == "package-required"
    ask(place(cluster), "deploy", ONE)
    again = command(2, package=ONE.package, sends_package=False)
    assert ask(place(cluster), "deploy", again).state is OperationState.SUCCEEDED


def test_a_package_larger_than_a_config_map_lies_in_parts(cluster):
    package = hashlib.sha256(b"x").digest() * 70_000
    ask(place(cluster), "deploy", command(1, package=package))
    parts = [name for kind, name in cluster.objects if name.startswith("package-")]
    assert len(parts) == 1 + 3
    assert ask(place(cluster), "current", "harbour-weather").digest == hashlib.sha256(package).hexdigest()


def test_what_runs_is_computed_from_the_bytes_and_not_from_a_label(cluster):
    ask(place(cluster), "deploy", ONE)
    [part] = [key for key in cluster.objects if key[1].endswith("-000")]
    cluster.objects[part]["binaryData"]["part"] = "AAAA"
    assert ask(place(cluster), "current", "harbour-weather").digest != ONE.digest
    del cluster.objects[part]
    assert ask(place(cluster), "current", "harbour-weather").digest != ONE.digest


def test_a_number_that_is_not_above_all_others_is_refused(cluster):
    ask(place(cluster), "deploy", TWO)
    with pytest.raises(RegionRefused) as caught:
        ask(place(cluster), "deploy", ONE)
    assert caught.value.code == "stale-deployment"
    with pytest.raises(RegionRefused) as caught:
        ask(place(cluster), "deploy", command(3, key=TWO.idempotency_key))
    assert caught.value.code == "idempotency-conflict"


def test_only_a_key_that_no_pointer_remembers_is_definitely_unknown(cluster):
    assert ask(place(cluster), "operation", ONE.idempotency_key) is None
    ask(place(cluster), "deploy", ONE)
    assert ask(place(cluster), "operation", ONE.idempotency_key).state is OperationState.SUCCEEDED
    ask(place(cluster), "deploy", TWO)
    assert ask(place(cluster), "operation", ONE.idempotency_key).state is OperationState.FAILED
    assert ask(place(cluster), "operation", "never:1") is None


def test_a_lost_answer_is_found_by_its_key(cluster):
    cluster.faults = [("reset-after", "PATCH")]
    with pytest.raises(OutcomeUnknown):
        ask(place(cluster), "deploy", ONE)
    found = ask(place(cluster), "operation", ONE.idempotency_key, expected_digest=ONE.digest)
    assert found.state is OperationState.SUCCEEDED


@pytest.mark.parametrize("on", ["GET", "POST", "PATCH"])
def test_whatever_breaks_in_the_middle_the_same_command_finishes(cluster, on):
    cluster.faults = [("reset-after", on)]
    with pytest.raises(OutcomeUnknown):
        ask(place(cluster), "deploy", ONE)
    assert ask(place(cluster), "deploy", ONE).state is OperationState.SUCCEEDED
    assert len(objects.pointer_from(cluster.objects[POINTER], "harbour-weather").operations) == 1


def test_removing_takes_it_out(cluster):
    ask(place(cluster), "deploy", ONE)
    gone = command(2, package=ONE.package, action="remove", sends_package=False)
    assert ask(place(cluster), "deploy", gone).state is OperationState.SUCCEEDED
    assert ask(place(cluster), "current", "harbour-weather") is None


def test_somebody_elses_change_to_our_fields_is_a_conflict_unless_the_region_takes_over(cluster):
    ask(place(cluster), "deploy", ONE)
    cluster.edit(*POINTER, "kubectl-edit", version="hacked")
    with pytest.raises(RegionRefused) as caught:
        ask(place(cluster), "deploy", TWO)
    assert caught.value.code == "field-conflict"
    assert ask(place(cluster, takes_over=True), "deploy", TWO).state is OperationState.SUCCEEDED


def test_two_writers_at_once_do_not_lose_each_others_command(cluster):
    ask(place(cluster), "deploy", ONE)
    cluster.faults = [("409", "PATCH")]
    with pytest.raises(RegionThrottled):
        ask(place(cluster), "deploy", TWO)
    stale = objects.pointer_after(objects.pointer_from(cluster.objects[POINTER], "harbour-weather"), TWO)
    ask(place(cluster), "deploy", TWO)
    from tests.regions.cluster import Refused

    with pytest.raises(Refused, match="modified"):
        cluster._apply(*POINTER, stale, objects.FIELD_MANAGER, is_forced=False)


def test_an_object_of_somebody_else_under_our_name_is_left_alone(cluster):
    foreign = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": POINTER[1]}, "data": {"a": "b"}}
    cluster._create("configmaps", foreign, "helm")
    with pytest.raises(RegionRefused) as caught:
        ask(place(cluster), "deploy", ONE)
    assert caught.value.code == "foreign-object"


def test_a_workload_is_deployed_when_all_its_replicas_are(cluster):
    cluster.has_controller = False
    region = place(cluster, **WORKLOAD)
    name = POINTER[1]
    assert ask(region, "deploy", ONE).state is OperationState.ACCEPTED
    cluster.settle(name, ready=1)
    assert ask(region, "operation", ONE.idempotency_key).message == "1 of 2 replicas are available."
    cluster.settle(name)
    assert ask(region, "operation", ONE.idempotency_key).state is OperationState.SUCCEEDED
    assert ask(region, "current", "harbour-weather").digest == ONE.digest
    stuck = {
        "type": "Progressing",
        "status": "False",
        "reason": "ProgressDeadlineExceeded",
        "message": "no image",
    }
    assert ask(region, "deploy", TWO).state is OperationState.ACCEPTED
    cluster.settle(name, ready=0, condition=stuck)
    failed = ask(region, "operation", TWO.idempotency_key)
    assert (failed.state, failed.message) == (OperationState.FAILED, "no image")


def test_a_workload_that_was_left_out_is_applied_by_the_next_question(cluster):
    region = place(cluster, **WORKLOAD)
    # The pointer's apply is answered; the Deployment's is refused.
    ask(place(cluster), "deploy", ONE)
    assert ("deployments", POINTER[1]) not in cluster.objects
    assert ask(region, "operation", ONE.idempotency_key).state is OperationState.SUCCEEDED
    assert ("deployments", POINTER[1]) in cluster.objects


def test_removing_deletes_the_workload(cluster):
    region = place(cluster, **WORKLOAD)
    ask(region, "deploy", ONE)
    gone = command(2, package=ONE.package, action="remove", sends_package=False)
    assert ask(region, "deploy", gone).state is OperationState.RUNNING
    assert ask(region, "operation", gone.idempotency_key).state is OperationState.SUCCEEDED


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("401", RegionUnauthorized),
        ("403", RegionUnauthorized),
        ("429", RegionThrottled),
        ("500", OutcomeUnknown),
        ("422", RegionRefused),
        ("302", RegionAnswerInvalid),
        ("garbage", RegionAnswerInvalid),
        ("reset", OutcomeUnknown),
    ],
)
def test_what_the_api_server_says_becomes_the_right_error(cluster, fault, error):
    cluster.faults = [(fault, "*")]
    with pytest.raises(error) as caught:
        ask(place(cluster), "deploy", ONE)
    if fault == "429":
        assert caught.value.retry_after_seconds == 7
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize("fault", ["hang", "drip"])
def test_one_deadline_holds_however_slowly_the_other_side_speaks(cluster, fault):
    cluster.faults = [(fault, "*")]
    started = time.monotonic()
    # The socket has what is left of the deadline: either of the two may be the first to notice its end.
    with pytest.raises(OutcomeUnknown, match=r"within 0\.5 s|Read timed out"):
        ask(place(cluster), "deploy", ONE, seconds=0.5)
    assert time.monotonic() - started < 3


def test_a_hanging_cluster_holds_up_no_other(cluster):
    other = Cluster()
    cluster.faults = [("hang", "*")]

    async def both():
        async with KubernetesDriver(deadline_seconds=3) as driver:
            slow = asyncio.create_task(driver.deploy(place(cluster), ONE))
            await asyncio.sleep(0.05)
            quick = await driver.deploy(place(other), ONE)
            slow.cancel()
            await asyncio.gather(slow, return_exceptions=True)
            return quick

    started = time.monotonic()
    assert asyncio.run(both()).state is OperationState.SUCCEEDED
    assert time.monotonic() - started < 2.5
    other.stop()


def test_nobody_there_is_unreachable():
    nowhere = RegionEndpoint("west", "http://127.0.0.1:9", Token(TOKEN), settings={"namespace": NAMESPACE})
    with pytest.raises(RegionUnreachable):
        ask(nowhere, "health")


def test_a_wrong_token_and_an_unreadable_key_are_named(cluster):
    with pytest.raises(RegionUnauthorized):
        ask(place(cluster, token="another-token"), "current", "harbour-weather")
    broken = HiddenText("-----BEGIN X-----\nnot a key\n-----END X-----\n")
    secrets = {"client_certificate": broken, "client_key": broken}
    with pytest.raises(RegionUnauthorized, match="PEM"):
        ask(RegionEndpoint("west", cluster.base_url, secrets=secrets), "health")


@pytest.mark.parametrize(
    ("slug", "name"), [("harbour-weather", "connector-harbour-weather"), ("a" * 60, None), ("Big_One", None)]
)
def test_every_slug_has_a_legal_name_of_its_own(slug, name):
    made = objects.pointer_name(slug)
    assert name in (None, made)
    assert len(made) <= 63
    assert made == made.lower()
    assert objects.pointer_name(slug.upper()) != made or slug == slug.upper()
