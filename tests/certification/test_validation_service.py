"""Verdicts: real packages through the real sandbox, stored once, and moving the submission."""

from __future__ import annotations

import pytest

from certification.models import Finding, Submission, Validation
from certification.queries import validation as queries
from certification.rules import sandbox
from certification.services import drafts, submissions, validation, waivers
from portal.shared import audit
from portal.shared.models import OutboxJob
from tests.factories.submissions import WITH_ERROR, WITH_WARNING, numbered, ready_draft, uploaded_version

pytestmark = pytest.mark.django_db


def handed_in(cast, case=None) -> Submission:
    submission = ready_draft(cast.owner, case=case)
    submissions.submit(submission, actor=cast.owner)
    return submission


def test_a_package_without_errors_goes_on_to_review(cast):
    submission = handed_in(cast)
    validation.validate_submission(str(submission.pk))
    submission.refresh_from_db()
    assert submission.state == "in_review"
    verdict = Validation.objects.get()
    assert (verdict.verdict, verdict.errors, verdict.version) == ("pass", 0, submission.version)
    assert (verdict.change_kind, verdict.publisher_kind) == ("new", "verified")
    record = audit.history(submission.connector).get(action="submission.pass_validation")
    assert record.data["validation"] == str(verdict.pk)


def test_a_package_with_errors_comes_back_with_findings_at_their_places(cast):
    submission = handed_in(cast, WITH_ERROR)
    validation.validate_submission(str(submission.pk))
    submission.refresh_from_db()
    assert submission.state == "validation_failed"
    finding = Finding.objects.get(rule="INF-004")
    assert (finding.severity, finding.file, finding.pointer) == (
        "error",
        "apiDefinition.swagger.json",
        "/info/title",
    )
    lines = finding.excerpt.split("\n")
    assert "Harbour Tides API" in lines[finding.line - finding.excerpt_line]


def test_validating_twice_has_the_effect_of_once(cast):
    submission = handed_in(cast)
    for _ in range(3):
        validation.validate_submission(str(submission.pk))
    assert Validation.objects.count() == 1
    assert audit.history(submission).filter(action="submission.pass_validation").count() == 1


def test_the_same_package_is_not_checked_twice(cast, monkeypatch):
    submission = ready_draft(cast.owner)
    validation.check_draft(str(submission.pk))
    submissions.submit(submission, actor=cast.owner)

    def refuse(*_args, **_kwargs):
        raise AssertionError("the stored verdict should have been used")

    monkeypatch.setattr(validation, "check_bytes", refuse)
    validation.validate_submission(str(submission.pk))
    submission.refresh_from_db()
    assert submission.state == "in_review"


@pytest.mark.parametrize("state", ["submitted", "validating"])
def test_a_submission_withdrawn_meanwhile_is_left_alone(cast, monkeypatch, state):
    submission = handed_in(cast)
    check = validation.check_bytes

    def withdraw_meanwhile(*args, **kwargs):
        fresh = Submission.objects.get(pk=submission.pk)
        submissions.withdraw(fresh, reason="Too late for that.", actor=cast.owner)
        return check(*args, **kwargs)

    if state == "validating":
        monkeypatch.setattr(validation, "check_bytes", withdraw_meanwhile)
    else:
        submissions.withdraw(submission, reason="Not now.", actor=cast.owner)
    validation.validate_submission(str(submission.pk))
    submission.refresh_from_db()
    assert submission.state == "withdrawn"


def test_what_crashed_between_check_and_verdict_ends_the_same_when_run_again(cast, monkeypatch):
    submission = handed_in(cast)
    settle = validation._settle

    def crash(*_args):
        raise RuntimeError("power cut")

    monkeypatch.setattr(validation, "_settle", crash)
    with pytest.raises(RuntimeError):
        validation.validate_submission(str(submission.pk))
    submission.refresh_from_db()
    assert (submission.state, Validation.objects.count()) == ("validating", 0)
    monkeypatch.setattr(validation, "_settle", settle)
    validation.validate_submission(str(submission.pk))
    submission.refresh_from_db()
    assert (submission.state, Validation.objects.count()) == ("in_review", 1)


def test_a_check_that_dies_is_a_finding_and_the_next_one_runs_anew(cast, monkeypatch):
    submission = handed_in(cast)
    check = validation.check_bytes
    starved = sandbox.Limits(wall_seconds=0.01)
    monkeypatch.setattr(
        validation, "check_bytes", lambda *args, **kwargs: check(*args, **kwargs, limits=starved)
    )
    validation.validate_submission(str(submission.pk))
    submission.refresh_from_db()
    assert submission.state == "validation_failed"
    finding = Finding.objects.get()
    assert finding.rule == "ENG-002"
    assert finding.message
    monkeypatch.setattr(validation, "check_bytes", check)
    submissions.submit(submission, actor=cast.owner)
    validation.validate_submission(str(submission.pk))
    submission.refresh_from_db()
    assert submission.state == "in_review"
    assert Validation.objects.get().verdict == "pass"


def test_the_publishers_kind_and_the_kind_of_change_are_part_of_the_verdict(cast):
    submission = ready_draft(cast.owner)
    validation.check_draft(str(submission.pk))
    cast.publisher.kind = "independent"
    cast.publisher.save()
    validation.check_draft(str(submission.pk))
    kinds = set(Validation.objects.values_list("publisher_kind", flat=True))
    assert kinds == {"verified", "independent"}


def test_a_title_that_another_connector_has_is_an_error(cast):
    from tests.factories import ConnectorFactory

    ConnectorFactory(publisher=cast.other_publisher, name="Harbour Tides", name_key="x", slug="x")
    submission = ready_draft(cast.owner)
    validation.check_draft(str(submission.pk))
    assert Finding.objects.filter(rule="INF-040", severity="error").exists()


def test_choosing_a_package_has_it_checked_by_a_worker(cast, drain_outbox):
    submission = ready_draft(cast.owner)
    assert queries.is_being_checked(submission)
    OutboxJob.objects.exclude(topic="submission.check").delete()
    drain_outbox()
    assert not queries.is_being_checked(submission)
    assert queries.known_validation(submission, submission.version) is not None


def test_a_second_wish_for_a_check_adds_no_second_job(cast):
    submission = ready_draft(cast.owner)
    drafts.check_package(submission, actor=cast.owner)
    assert OutboxJob.objects.filter(topic="submission.check").count() == 1


def test_an_approved_waiver_lets_the_error_pass(cast):
    submission = handed_in(cast, WITH_ERROR)
    validation.validate_submission(str(submission.pk))
    submission.refresh_from_db()
    waiver = waivers.request_waiver(
        submission, rule="INF-004", reason="The product is called that, by law.", actor=cast.owner
    )
    waivers.approve_waiver(waiver, reason="Shown to us.", actor=cast.reviewer)
    submissions.submit(submission, actor=cast.owner)
    validation.validate_submission(str(submission.pk))
    submission.refresh_from_db()
    assert submission.state == "in_review"


def test_findings_are_new_unchanged_and_fixed_against_the_package_before(cast):
    from certification.rules.examples import Case

    both = Case(set={**WITH_ERROR.set, **WITH_WARNING.set})
    submission = handed_in(cast, both)
    validation.validate_submission(str(submission.pk))
    submission.refresh_from_db()
    changed = Case(set={**WITH_WARNING.set, "/info/title": "Harbour Connector"})
    version = uploaded_version(submission.connector, cast.owner, changed)
    drafts.choose_package(submission, version=version, actor=cast.owner)
    validation.check_draft(str(submission.pk))
    verdict = queries.known_validation(submission, version)
    page = queries.findings_page(submission, verdict, queries.FindingFilter())
    by_rule = {group.rule: {row.change for row in group.rows} for group in page.groups}
    assert by_rule["INF-005"] == {"new"}
    assert by_rule["INF-015"] == {"unchanged"}
    assert "INF-004" in {row.rule_id for row in page.fixed}
    assert page.groups[0].severity == "error"


@pytest.mark.parametrize(
    ("asked", "rules"),
    [
        ({"severity": "error"}, {"INF-004"}),
        ({"severity": "warning"}, {"INF-015"}),
        ({"rule": "INF-015"}, {"INF-015"}),
        ({"file": "no-such-file"}, set()),
    ],
)
def test_findings_are_narrowed(cast, asked, rules):
    from certification.rules.examples import Case

    submission = ready_draft(cast.owner, case=Case(set={**WITH_ERROR.set, **WITH_WARNING.set}))
    validation.check_draft(str(submission.pk))
    verdict = queries.known_validation(submission, submission.version)
    page = queries.findings_page(submission, verdict, queries.FindingFilter(**asked))
    found = {group.rule for group in page.groups}
    assert found >= rules if rules else not found
    if "severity" in asked:
        assert {group.severity for group in page.groups} == {asked["severity"]}


def test_the_findings_page_needs_as_many_queries_for_many_findings_as_for_few(
    cast, django_assert_max_num_queries
):
    submission = ready_draft(cast.owner, case=WITH_ERROR)
    validation.check_draft(str(submission.pk))
    verdict = queries.known_validation(submission, submission.version)
    with django_assert_max_num_queries(12) as few:
        queries.findings_page(submission, verdict, queries.FindingFilter())
    model = verdict.findings.first()
    Finding.objects.bulk_create(
        Finding(
            validation=verdict, rule=f"INF-0{n % 30:02}", severity="info", message="m", fingerprint=f"f{n}"
        )
        for n in range(300)
    )
    with django_assert_max_num_queries(len(few)):
        page = queries.findings_page(submission, verdict, queries.FindingFilter())
    assert all(len(group.rows) <= queries.SHOWN_PER_RULE for group in page.groups)
    assert model.rule in {group.rule for group in page.groups}


def test_an_unknown_submission_is_no_error(db):
    validation.validate_submission("00000000-0000-0000-0000-000000000000")
    validation.check_draft("00000000-0000-0000-0000-000000000000")


def test_a_second_package_of_the_same_connector_gets_its_own_verdict(cast):
    submission = ready_draft(cast.owner)
    validation.check_draft(str(submission.pk))
    version = uploaded_version(submission.connector, cast.owner, numbered(7))
    drafts.choose_package(submission, version=version, actor=cast.owner)
    validation.check_draft(str(submission.pk))
    assert Validation.objects.count() == 2
