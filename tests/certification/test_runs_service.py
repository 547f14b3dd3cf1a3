"""The console lends credentials without showing them, and every use leaves a trace."""

from __future__ import annotations

import pytest

from certification import models
from certification.services import runs
from certification.services.runs import Report, Try
from portal.shared.errors import Conflict, InvalidInput, NotPermitted, TooMany
from portal.shared.models import AuditRecord
from tests.certification.test_credentials_service import _everything_stored
from tests.runtime.servers import HOST, backend
from tests.runtime.services import KEY, add_key, harbour_service, served_by, submission_with

pytestmark = pytest.mark.django_db
REASON = "Looking at the tides of the quay."


@pytest.fixture
def service(settings):
    with backend(harbour_service) as server:
        served_by(settings, server)
        yield server


@pytest.fixture
def submission(cast):
    return submission_with(cast)


@pytest.fixture
def credential(cast, submission):
    return add_key(submission, cast.owner)


def tides(credential=None, **more) -> Try:
    return Try("GetTides", {"id": "quay"}, credential.pk if credential else None, **more)


def test_a_reviewer_calls_with_the_teams_credential_and_says_why(cast, service, submission, credential):
    run = runs.run_operation(submission, tides(credential, reason=REASON), actor=cast.reviewer)
    assert (run.is_success, run.status, run.credential_name) == (True, 200, "Sandbox")
    assert service.last.headers["X-Api-Key"] == KEY
    assert KEY not in _everything_stored()
    record = AuditRecord.objects.get(action="credential.use")
    assert (record.actor, record.reason, record.data["operation"]) == (cast.reviewer, REASON, "GetTides")


def test_a_use_is_on_record_whatever_came_of_the_call(cast, submission, credential, settings):
    with pytest.raises(Conflict, match="switched off"):
        runs.run_operation(submission, tides(credential), actor=cast.tester)
    settings.EGRESS_LOCAL_HOSTS = [f"{HOST}=127.0.0.1:9"]
    run = runs.run_operation(submission, tides(credential), actor=cast.tester)
    assert (run.is_success, run.status) == (False, None)
    assert "no connection" in run.message
    assert AuditRecord.objects.filter(action="credential.use").count() == 2


@pytest.mark.parametrize("reason", ["", "  short  "])
def test_a_reviewer_without_a_reason_gets_no_credential(cast, service, submission, credential, reason):
    with pytest.raises(InvalidInput) as caught:
        runs.run_operation(submission, tides(credential, reason=reason), actor=cast.reviewer)
    assert "reason" in caught.value.fields
    assert service.received == []


@pytest.mark.parametrize("person", ["owner", "developer", "tester"])
def test_the_teams_testers_need_no_reason(cast, service, submission, credential, person):
    assert runs.run_operation(submission, tides(credential), actor=getattr(cast, person)).is_success


@pytest.mark.parametrize("person", ["viewer", "operator", "stranger"])
def test_nobody_else_calls(cast, service, submission, credential, person):
    with pytest.raises(NotPermitted):
        runs.run_operation(submission, tides(credential, reason=REASON), actor=getattr(cast, person))
    assert service.received == []


def test_a_call_without_a_credential_is_refused_by_the_definition(cast, service, submission):
    with pytest.raises(Conflict, match="asks for a credential"):
        runs.run_operation(submission, tides(), actor=cast.tester)


def test_a_credential_of_another_submission_is_not_lent(cast, service, submission):
    foreign = add_key(submission_with(cast), cast.owner)
    with pytest.raises(InvalidInput) as caught:
        runs.run_operation(submission, tides(foreign), actor=cast.tester)
    assert "credential" in caught.value.fields


def test_inputs_that_do_not_fit_are_told_by_field_and_nothing_is_kept(cast, service, submission, credential):
    with pytest.raises(InvalidInput) as caught:
        runs.run_operation(
            submission, Try("ListHarbours", {"limit": "many"}, credential.pk), actor=cast.tester
        )
    assert "not a whole number" in caught.value.fields["in.limit"][0]
    assert not models.TestRun.objects.exists()


def test_wrong_input_on_purpose_passes_when_the_service_refuses_it_as_declared(
    cast, service, submission, credential
):
    wrong = Try("ListHarbours", {"limit": "x"}, credential.pk, is_wrong_on_purpose=True)
    run = runs.run_operation(submission, wrong, actor=cast.tester)
    assert (run.path, run.status, run.is_success) == ("error", 400, True)
    accepted = Try("ListHarbours", {"limit": "y"}, credential.pk, is_wrong_on_purpose=True)
    assert not runs.run_operation(submission, accepted, actor=cast.tester).is_success


def test_nobody_calls_without_end(cast, service, submission, credential, monkeypatch):
    monkeypatch.setattr(runs, "RUNS_PER_MINUTE", 2)
    for _ in range(2):
        runs.run_operation(submission, tides(credential), actor=cast.tester)
    with pytest.raises(TooMany):
        runs.run_operation(submission, tides(credential), actor=cast.tester)
    assert runs.run_operation(submission, tides(credential), actor=cast.developer).is_success


def test_an_ended_submission_is_not_called(cast, service, submission, credential):
    submission.state = "rejected"
    submission.save()
    with pytest.raises(Conflict):
        runs.run_operation(submission, tides(credential), actor=cast.tester)


def test_a_program_reports_what_it_ran(cast, submission):
    run = runs.report_run(
        submission, Report("GetTides", True, status=200, duration_ms=12), actor=cast.developer
    )
    assert (run.source, run.is_success, run.preview) == ("api", True, None)
    with pytest.raises(InvalidInput):
        runs.report_run(submission, Report("Nothing", True), actor=cast.developer)
    with pytest.raises(NotPermitted):
        runs.report_run(submission, Report("GetTides", True), actor=cast.reviewer)
