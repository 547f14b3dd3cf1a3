"""What a Preview's sign-off rests on: runs counted per operation, and the gaps owned up to."""

from __future__ import annotations

import pytest
from django.utils import timezone

from certification import models
from certification.queries.coverage import coverage_of
from certification.services import previews, runs
from certification.services.runs import Report, Try
from connectors.models import HealthHour
from connectors.runtime.testplan import plan_of
from portal.shared.errors import InvalidInput
from tests.factories.rollouts import add_regions
from tests.runtime.servers import backend
from tests.runtime.services import add_key, harbour_definition, harbour_service, served_by, submission_with

pytestmark = pytest.mark.django_db


@pytest.fixture
def preview(cast):
    submission = submission_with(cast, state="preview_testing")
    add_regions("preview-us", preview="preview-us")
    return models.Preview.objects.create(
        submission=submission, revision=submission.revision, version=submission.version,
        region_id="preview-us", state="testing", opened_at=timezone.now(),
    )  # fmt: skip


def line(preview, operation: str):
    return next(each for each in coverage_of(preview).lines if each.planned.operation_id == operation)


def report(preview, operation: str, count: int, actor, **more) -> None:
    for _ in range(count):
        runs.report_run(preview.submission, Report(operation, more.get("good", True), **{k: v for k, v in more.items() if k != "good"}), actor=actor)  # fmt: skip


def measured(preview, operation: str, requests: int, successes: int, **changes) -> None:
    HealthHour.objects.create(
        **{
            "connector": preview.version.connector, "region": preview.region, "operation": operation,
            "version_label": preview.version.label, "hour": timezone.now().replace(minute=0, second=0, microsecond=0),
            "requests": requests, "successes": successes, "throttled": 0, **changes,
        }
    )  # fmt: skip


def test_console_program_and_region_count_together(cast, preview, settings):
    credential = add_key(preview.submission, cast.owner)
    with backend(harbour_service) as server:
        served_by(settings, server)
        wanted = Try("GetTides", {"id": "quay"}, credential.pk)
        assert runs.run_operation(preview.submission, wanted, actor=cast.tester).preview == preview
    report(preview, "GetTides", 2, cast.developer)
    measured(preview, "GetTides", 9, 8)
    tally = line(preview, "GetTides").tally
    assert (tally.console, tally.reported, tally.region, tally.successes, tally.failures) == (1, 2, 8, 11, 1)
    assert line(preview, "GetTides").is_covered
    assert line(preview, "ListHarbours").is_untouched


def test_other_versions_regions_and_previews_do_not_count(cast, preview):
    measured(preview, "GetTides", 9, 9, version_label="0.9")
    measured(preview, "GetTides", 9, 9, region=add_regions("elsewhere")[0])
    models.TestRun.objects.create(
        submission=preview.submission, version=preview.version, source="api", operation_id="GetTides",
        is_success=True, user=cast.tester,
    )  # fmt: skip
    assert line(preview, "GetTides").tally.successes == 0


def test_failures_and_refusals_are_no_successes(cast, preview):
    report(preview, "GetTides", 3, cast.tester, good=False)
    report(preview, "GetTides", 1, cast.tester, path="error")
    found = line(preview, "GetTides")
    assert (found.tally.successes, found.tally.failures, found.tally.refusals) == (0, 3, 1)
    assert not found.misses_error_path


def test_the_sign_off_owns_up_to_what_was_not_tested(cast, preview):
    report(preview, "ListHarbours", 10, cast.tester)
    assert coverage_of(preview).untested == ["GetTides"]
    with pytest.raises(InvalidInput) as caught:
        previews.sign_off_preview(preview, actor=cast.tester)
    assert "1 of 2 operations had fewer than 10" in caught.value.fields["knows_untested"][0]
    previews.sign_off_preview(preview, knows_untested=True, actor=cast.tester)
    preview.refresh_from_db()
    assert (preview.state, preview.untested) == ("signed_off", ["GetTides"])


def test_a_complete_plan_needs_no_confession(cast, preview):
    for operation in ("ListHarbours", "GetTides"):
        report(preview, operation, 10, cast.tester)
    coverage = coverage_of(preview)
    assert coverage.is_complete
    assert (coverage.made, coverage.wanted) == (20, 20)
    previews.sign_off_preview(preview, actor=cast.tester)
    preview.refresh_from_db()
    assert preview.untested == []


def test_runs_after_the_sign_off_change_nothing(cast, preview):
    previews.sign_off_preview(preview, knows_untested=True, actor=cast.tester)
    report(preview, "GetTides", 1, cast.tester)
    assert line(preview, "GetTides").tally.successes == 0


def test_the_matrix_takes_three_queries_at_most(cast, preview, django_assert_max_num_queries):
    with django_assert_max_num_queries(3):
        coverage_of(preview)


def test_the_plan_knows_triggers_webhooks_lookups_and_error_paths():
    made = harbour_definition()
    made["paths"]["/hook"] = {"post": {"operationId": "OnTide", "x-ms-trigger": "single", "responses": {}}}
    made["paths"]["/new"] = {"get": {"operationId": "OnNew", "x-ms-trigger": "batch", "responses": {}}}
    made["paths"]["/names"] = {
        "get": {"operationId": "Names", "x-ms-visibility": "internal", "responses": {}}
    }
    made["paths"]["/harbours/{id}/tides"]["get"]["parameters"][0]["x-ms-dynamic-values"] = {
        "operationId": "Names"
    }
    plan = {each.operation_id: each for each in plan_of(made)}
    assert {name: each.kind for name, each in plan.items()} == {
        "ListHarbours": "action", "GetTides": "action", "OnTide": "webhook", "OnNew": "trigger", "Names": "lookup",
    }  # fmt: skip
    assert plan["Names"].feeds == ("GetTides",)
    assert not plan["OnTide"].is_callable
    assert plan["GetTides"].has_error_path
    assert not plan["OnNew"].has_error_path
