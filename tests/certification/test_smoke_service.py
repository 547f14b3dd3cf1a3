"""After a region verified a deployment, the connector is called once more before anybody goes on."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db.models import F
from django.db.models.functions import Now

from certification.models import RegionDeployment, Rollout
from certification.queries.smoke import smoke_verdicts
from certification.services import smoke
from portal.shared.models import AuditRecord
from portal.shared.outbox import Retry
from portal.subscriptions import SUBSCRIPTIONS
from tests.factories.rollouts import scheduled_rollout
from tests.runtime.servers import as_json, backend
from tests.runtime.services import add_key, harbour_definition, harbour_service, served_by, submission_with

pytestmark = pytest.mark.django_db


def deployment_of(cast, made=None, *, key: bool = True) -> RegionDeployment:
    submission = submission_with(cast, state="signed_off", made=made)
    if key:
        add_key(submission, cast.owner)
    deployment = scheduled_rollout(cast, "east", submission=submission).deployments.get()
    RegionDeployment.objects.filter(pk=deployment.pk).update(state="verified", version=submission.version)
    deployment.refresh_from_db()
    return deployment


def a_minute_passes(deployment) -> None:
    deployment.smoke_runs.update(at=F("at") - dt.timedelta(minutes=1))


def outcome(deployment) -> str:
    return smoke_verdicts([deployment.pk])[deployment.pk].outcome


def is_stepped_later(deployment) -> bool:
    return Rollout.objects.filter(pk=deployment.rollout_id, next_step_at__gt=Now()).exists()


def test_the_publishers_test_operation_passes(cast, settings):
    deployment = deployment_of(cast)
    with backend(harbour_service) as server:
        served_by(settings, server)
        smoke.run_smoke_tests(str(deployment.pk))
        smoke.run_smoke_tests(str(deployment.pk))
        assert len(server.received) == 1, "what passed is not called again"
    run = deployment.smoke_runs.get()
    assert (run.operation_id, run.outcome, run.status, run.target) == (
        "ListHarbours",
        "passed",
        200,
        "backend",
    )
    assert outcome(deployment) == "passed"


def test_a_failure_is_tried_a_second_time_and_then_counts(cast, settings):
    deployment = deployment_of(cast)
    in_an_hour = Now() + dt.timedelta(hours=1)
    Rollout.objects.filter(pk=deployment.rollout_id).update(next_step_at=in_an_hour)
    with backend(lambda received: as_json({}, 500)) as server:
        served_by(settings, server)
        with pytest.raises(Retry):
            smoke.run_smoke_tests(str(deployment.pk))
        assert outcome(deployment) == "inconclusive"
        with pytest.raises(Retry):
            smoke.run_smoke_tests(str(deployment.pk))
        assert len(server.received) == 1, "not before the pause is over"
        a_minute_passes(deployment)
        assert is_stepped_later(deployment), "one failure may be chance"
        smoke.run_smoke_tests(str(deployment.pk))
        smoke.run_smoke_tests(str(deployment.pk))
        assert len(server.received) == 2
    assert outcome(deployment) == "failed"
    assert not is_stepped_later(deployment), "the halt that follows waits for nothing"
    assert AuditRecord.objects.filter(action="deployment.fail_smoke_test").count() == 1


def test_a_service_that_recovers_passes(cast, settings):
    deployment = deployment_of(cast)
    answers = iter([as_json({}, 503), as_json([])])
    with backend(lambda received: next(answers)) as server:
        served_by(settings, server)
        with pytest.raises(Retry):
            smoke.run_smoke_tests(str(deployment.pk))
        a_minute_passes(deployment)
        smoke.run_smoke_tests(str(deployment.pk))
    assert outcome(deployment) == "passed"


def test_without_anything_to_call_it_is_not_run_and_proves_nothing(cast, settings):
    deployment = deployment_of(cast, key=False)
    smoke.run_smoke_tests(str(deployment.pk))
    smoke.run_smoke_tests(str(deployment.pk))
    assert [run.outcome for run in deployment.smoke_runs.all()] == ["not_run"]
    assert outcome(deployment) == "inconclusive"


def test_a_service_that_may_not_be_called_is_not_run_either(cast, settings):
    deployment = deployment_of(cast)
    smoke.run_smoke_tests(str(deployment.pk))
    run = deployment.smoke_runs.get()
    assert run.outcome == "not_run"
    assert "switched off" in run.message


def test_an_open_service_is_called_without_a_credential(cast, settings):
    made = {**harbour_definition(), "securityDefinitions": {}, "security": []}
    deployment = deployment_of(cast, made, key=False)
    with backend(lambda received: as_json([])) as server:
        served_by(settings, server)
        smoke.run_smoke_tests(str(deployment.pk))
    assert outcome(deployment) == "passed"


@pytest.mark.parametrize("state", ["pending", "deploying", "failed"])
def test_what_is_not_verified_is_not_tested(cast, state):
    deployment = deployment_of(cast)
    RegionDeployment.objects.filter(pk=deployment.pk).update(state=state, next_poll_at="2026-01-01T00:00Z")
    smoke.run_smoke_tests(str(deployment.pk))
    assert not deployment.smoke_runs.exists()


def test_a_verified_region_starts_the_tests_by_itself(cast):
    assert "certification.tasks.run_smoke_tests" in [
        each.handler for each in SUBSCRIPTIONS["deployment.verify"]
    ]
