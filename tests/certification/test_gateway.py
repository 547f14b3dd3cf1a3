"""Calls by way of a region: a real agent calls a real service, and nothing it says is believed or shown unmasked."""

from __future__ import annotations

import asyncio

import pytest
from django.urls import reverse
from django.utils import timezone

from certification import models
from certification.queries.smoke import smoke_verdicts
from certification.regions.http import HttpDriver
from certification.regions.protocol import INVOKE, Action, DeployCommand
from certification.services import gateway, regions, runs, smoke
from certification.services.runs import Try
from connectors.models import Region
from connectors.runtime import CallImpossible, Connection, InputsInvalid, Reported, find_operation, result_of
from portal.shared import storage
from portal.shared.errors import InvalidInput
from portal.shared.secrets import Secret
from tests.factories.rollouts import add_regions, scheduled_rollout
from tests.regions.places import AgentProcess
from tests.runtime.servers import HOST, backend
from tests.runtime.services import KEY, add_key, harbour_definition, harbour_service, submission_with

pytestmark = pytest.mark.django_db
LENT = Connection("api_key", {"key": Secret(KEY)})


@pytest.fixture(scope="module")
def service():
    with backend(harbour_service) as server:
        yield server


@pytest.fixture(scope="module")
def agent(tmp_path_factory, service):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EGRESS_PUBLIC", "off")
        patch.setenv("EGRESS_LOCAL_HOSTS", f"{HOST}=127.0.0.1:{service.port}")
        process = AgentProcess(
            tmp_path_factory.mktemp("gateway") / "data", "--gateway", "--deploy-seconds", "0.01",
            regions="preview-us,east",
        )  # fmt: skip
    yield process
    process.kill()


@pytest.fixture
def preview(cast, agent):
    """A Preview whose region really has the package and offers its gateway."""
    submission = submission_with(cast, state="preview_testing")
    add_regions("preview-us", agent=agent, preview="preview-us")
    Region.objects.filter(pk="preview-us").update(capabilities=[INVOKE])
    preview = models.Preview.objects.create(
        submission=submission, revision=submission.revision, version=submission.version,
        region_id="preview-us", state="testing", opened_at=timezone.now(),
    )  # fmt: skip
    deploy(agent, "preview-us", submission.version)
    return preview


def deploy(agent, code: str, version) -> None:
    command = DeployCommand(
        f"{version.connector.slug}:{code}:{version.pk}", version.connector.slug, version.number, Action.DEPLOY,
        version.label, version.digest, storage.load(version.digest),
    )  # fmt: skip
    endpoint = agent.endpoint(code)

    async def send() -> None:
        async with HttpDriver() as driver:
            await driver.deploy(endpoint, command)
            for _ in range(200):
                if await driver.current(endpoint, command.connector):
                    return
                await asyncio.sleep(0.05)

    asyncio.run(send())


def call(preview, operation: str = "GetTides", connection: Connection = LENT, **inputs):
    version = preview.version
    lenient = inputs.pop("lenient", False)
    return gateway.call_through(preview.region, version, operation, inputs, connection, lenient=lenient)


def test_a_call_through_the_region_is_like_a_direct_one(preview, service):
    service.received.clear()
    result = call(preview, id="quay")
    assert (result.is_success, result.status) == (True, 200)
    assert result.request.url.endswith("/v1/harbours/quay/tides")
    assert service.received[-1].headers["X-Api-Key"] == KEY
    assert "••••••" in result.answer.body
    assert KEY not in str(result)
    assert result.findings == ()


def test_what_the_service_refuses_and_what_does_not_fit(preview):
    assert call(preview, id="nowhere").status == 404
    wrong = Connection("api_key", {"key": Secret("another-key-entirely")})
    assert call(preview, connection=wrong, id="quay").status == 401
    with pytest.raises(CallImpossible, match="asks for a credential"):
        call(preview, connection=Connection(), id="quay")
    with pytest.raises(InputsInvalid) as unfit:
        call(preview)
    assert "id" in unfit.value.problems
    assert call(preview, "ListHarbours", limit="x", lenient=True).status == 400


def test_only_the_package_that_is_meant_is_called(preview, cast):
    other = submission_with(cast, state="preview_testing").version
    with pytest.raises(CallImpossible, match="did not call it"):
        gateway.call_through(preview.region, other, "GetTides", {"id": "quay"}, LENT)


def test_a_host_that_the_region_may_not_reach_is_not_called(preview, cast, agent):
    made = harbour_definition() | {"host": "api.elsewhere.example"}
    version = submission_with(cast, state="preview_testing", made=made).version
    deploy(agent, "preview-us", version)
    with pytest.raises(CallImpossible, match="switched off"):
        gateway.call_through(preview.region, version, "GetTides", {"id": "quay"}, LENT)


def test_too_large_inputs_stay_here(preview):
    with pytest.raises(CallImpossible, match="too large"):
        call(preview, id="x" * 200_001)


def test_a_region_that_does_not_answer_is_a_failure_of_the_call(preview):
    preview.region.base_url = "http://127.0.0.1:9/preview-us"
    result = call(preview, id="quay")
    assert (result.status, result.is_success) == (None, False)
    assert "no connection" in result.failure
    assert KEY not in str(result)


def test_regions_without_the_capability_say_so(cast, tmp_path):
    plain = AgentProcess(tmp_path / "data", regions="north")
    try:
        add_regions("north", agent=plain)
        version = submission_with(cast).version
        region = Region.objects.get(pk="north")
        with pytest.raises(gateway.NotOffered):
            gateway.call_through(region, version, "GetTides", {"id": "quay"}, LENT)
    finally:
        plain.kill()


def test_contact_notes_what_a_region_can_do(preview, cast):
    Region.objects.update(capabilities=[])
    assert regions.contact_region(preview.region, actor=cast.administrator).health is not None
    assert Region.objects.get(pk="preview-us").capabilities == [INVOKE]


def test_the_console_offers_both_ways_and_says_which_one_was_taken(preview, cast, sign_in, settings, service):
    settings.EGRESS_LOCAL_HOSTS = [f"{HOST}=127.0.0.1:{service.port}"]
    credential = add_key(preview.submission, cast.owner)
    browser = sign_in(cast.tester)
    address = reverse("console", args=[preview.submission_id])
    page = browser.get(f"{address}?operation=GetTides").content.decode()
    assert "Directly to the service" in page
    assert f"Through {preview.region.name}" in page
    for target, said in (
        ("region", f"through {preview.region.name}"),
        ("backend", "directly to the service"),
    ):
        data = {"operation": "GetTides", "credential": str(credential.pk), "in.id": "quay", "target": target}
        answer = browser.post(reverse("console_run", args=[preview.submission_id]), data)
        assert said in browser.get(answer["Location"]).content.decode()
        assert models.TestRun.objects.latest("created_at").target == target
    Region.objects.update(capabilities=[])
    page = browser.get(f"{address}?operation=GetTides").content.decode()
    assert "Directly to the service" not in page, "without a choice nothing is asked"
    with pytest.raises(InvalidInput):
        runs.run_operation(
            preview.submission,
            Try("GetTides", {"id": "quay"}, credential.pk, through_region=True),
            actor=cast.tester,
        )


@pytest.mark.parametrize(("offered", "way"), [([INVOKE], "region"), ([], "backend")])
def test_smoke_tests_take_the_region_where_it_offers_that(cast, agent, service, settings, offered, way):
    settings.EGRESS_LOCAL_HOSTS = [f"{HOST}=127.0.0.1:{service.port}"]
    submission = submission_with(cast, state="signed_off")
    add_key(submission, cast.owner)
    deployment = scheduled_rollout(cast, "east", agent=agent, submission=submission).deployments.get()
    models.RegionDeployment.objects.filter(pk=deployment.pk).update(
        state="verified", version=submission.version
    )
    Region.objects.filter(pk="east").update(capabilities=offered)
    deploy(agent, "east", submission.version)
    smoke.run_smoke_tests(str(deployment.pk))
    run = deployment.smoke_runs.get()
    assert (run.target, run.outcome) == (way, "passed"), run.message
    assert smoke_verdicts([deployment.pk])[deployment.pk].way == way


def test_a_region_that_lost_its_gateway_leaves_the_direct_way(cast, tmp_path, service, settings):
    settings.EGRESS_LOCAL_HOSTS = [f"{HOST}=127.0.0.1:{service.port}"]
    plain = AgentProcess(tmp_path / "data", regions="east")
    try:
        submission = submission_with(cast, state="signed_off")
        add_key(submission, cast.owner)
        deployment = scheduled_rollout(cast, "east", agent=plain, submission=submission).deployments.get()
        models.RegionDeployment.objects.filter(pk=deployment.pk).update(
            state="verified", version=submission.version
        )
        Region.objects.filter(pk="east").update(capabilities=[INVOKE])
        smoke.run_smoke_tests(str(deployment.pk))
        assert deployment.smoke_runs.get().target == "backend"
    finally:
        plain.kill()


def test_what_a_region_reports_is_cut_masked_and_compared_here():
    operation = find_operation(harbour_definition(), "GetTides")
    told = Reported(
        "GET", f"https://x.example/?key={KEY}", [("X-Api-Key", KEY), ("Authorization", f"Bearer {KEY}")], "", 299,
        [("Content-Type", "application/json")] * 200, f"{KEY}\0\ud800" + "x" * 70_000, duration_ms=12,
    )  # fmt: skip
    result = result_of(operation, LENT, told)
    assert KEY not in str(result)
    assert len(result.answer.headers) == 60
    assert len(result.answer.body) <= 64 * 1024
    assert result.answer.is_cut
    assert "\0" not in result.answer.body
    assert any(finding.kind == "status" for finding in result.findings), "299 is not declared"
