"""Treatments of rules: what a portal makes of a finding, seen everywhere, and never by the engine."""

from __future__ import annotations

import datetime as dt
import json
from html import unescape

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from certification.models import RuleTreatment, Validation
from certification.queries import treatments as queries
from certification.queries import validation as verdicts
from certification.rules.receipts import sign, verify_digest
from certification.services import drafts, submissions, treatments, validation
from certification.services.presented_receipts import present_receipt
from certification.services.receipts import receipt_of, signing_key
from portal.shared import audit
from portal.shared.errors import Conflict, InvalidInput, NotPermitted
from portal.shared.models import OutboxJob
from tests.factories import UserFactory
from tests.factories.submissions import WITH_ERROR, WITH_WARNING, ready_draft, uploaded_version

pytestmark = pytest.mark.django_db
WHY = "The word is part of the company's registered name."


def treat(cast, treatment="warning", rule="INF-004", **more):
    wanted = treatments.TreatmentDraft(rule, treatment, WHY, **more)
    return treatments.propose(wanted, actor=cast.administrator)


def checked(cast, case=WITH_ERROR):
    submission = ready_draft(cast.owner, case=case)
    validation.check_draft(str(submission.pk))
    return submission


def handed_in(cast, case=WITH_ERROR):
    submission = ready_draft(cast.owner, case=case)
    submissions.submit(submission, actor=cast.owner)
    validation.validate_submission(str(submission.pk))
    submission.refresh_from_db()
    return submission


@pytest.fixture
def second_administrator(db):
    return UserFactory(
        email="second.admin@example.test", display_name="Second Admin", staff_role="administrator"
    )


def test_an_error_treated_as_a_warning_no_longer_blocks(cast):
    assert handed_in(cast).state == "validation_failed"
    treat(cast)
    submission = ready_draft(cast.owner, case=WITH_ERROR)
    submissions.submit(submission, actor=cast.owner)
    validation.validate_submission(str(submission.pk))
    submission.refresh_from_db()
    assert submission.state == "in_review"


def test_the_verdict_keeps_the_treatment_and_what_the_engine_said(cast):
    made = treat(cast)
    submission = checked(cast)
    found = Validation.objects.get()
    assert (found.verdict, found.errors, found.warnings) == ("pass", 0, 1)
    assert (found.catalogued_verdict, found.catalogued_counts["error"]) == ("fail", 1)
    assert found.treatment == queries.standing_revision(verdicts.profile_of(submission)) != ""
    finding = found.findings.get(rule="INF-004")
    assert (finding.severity, finding.catalogued, finding.treatment) == ("warning", "error", made)


def test_a_verdict_already_given_stays_when_the_treatment_changes(cast):
    treat(cast)
    submission = handed_in(cast)
    treat(cast, "catalogue")
    found = verdicts.known_validation(submission, submission.revision.version)
    assert (submission.state, found.verdict) == ("in_review", "pass")
    assert verdicts.blocking_rules(submission, found) == {}


def test_a_package_still_prepared_is_checked_again_under_the_new_treatment(cast):
    submission = checked(cast)
    assert verdicts.known_validation(submission, submission.version).verdict == "fail"
    OutboxJob.objects.all().delete()
    treat(cast)
    assert verdicts.known_validation(submission, submission.version) is None
    assert OutboxJob.objects.filter(topic="submission.check", payload__id=str(submission.pk)).exists()
    validation.check_draft(str(submission.pk))
    assert verdicts.known_validation(submission, submission.version).verdict == "pass"
    assert Validation.objects.count() == 2


def test_a_rule_that_is_off_is_counted_beside_the_verdict_only(cast):
    made = treat(cast, "off", "INF-015")
    submission = checked(cast, WITH_WARNING)
    found = Validation.objects.get()
    assert (found.warnings, found.findings.filter(rule="INF-015").count()) == (0, 0)
    page = verdicts.findings_page(submission, found, verdicts.FindingFilter())
    assert [(each.rule, each.places, each.treatment) for each in page.switched_off] == [("INF-015", 1, made)]


def test_a_treatment_for_updates_leaves_new_connectors_alone(cast):
    treat(cast, change_kind="update")
    assert handed_in(cast).state == "validation_failed"


def test_the_newest_treatment_that_covers_a_package_counts(cast):
    wide = treat(cast, "info")
    narrow = treat(cast, "warning", publisher_kind="verified")
    profile = verdicts.profile_of(ready_draft(cast.owner))
    assert queries.in_force_for(profile)["INF-004"] == narrow
    treat(cast, "catalogue")
    assert queries.in_force_for(profile) == {}
    states = set(RuleTreatment.objects.filter(pk__in=[wide.pk, narrow.pk]).values_list("state", flat=True))
    assert states == {"ended"}


def test_a_planned_treatment_begins_at_its_time(cast):
    made = treat(cast, starts_at=dt.datetime.now(dt.UTC) + dt.timedelta(days=3))
    assert (made.state, treatments.start_due()) == ("planned", 0)
    RuleTreatment.objects.update(starts_at=dt.datetime.now(dt.UTC) - dt.timedelta(minutes=1))
    assert treatments.start_due() == 1
    made.refresh_from_db()
    assert made.state == "in_force"
    assert audit.history(made).filter(action="ruletreatment.start").count() == 1


def test_a_security_rule_gets_weaker_only_with_a_second_administrator(cast, second_administrator):
    made = treat(cast, "warning", "SEC-002")
    assert (made.state, queries.in_force().count()) == ("proposed", 0)
    with pytest.raises(NotPermitted):
        treatments.decide(made, is_approved=True, actor=cast.administrator)
    treatments.decide(made, is_approved=True, actor=second_administrator)
    assert made.state == "in_force"


def test_the_database_knows_that_two_people_are_two(cast):
    made = treat(cast, "warning", "SEC-002")
    with pytest.raises(IntegrityError), transaction.atomic():
        RuleTreatment.objects.filter(pk=made.pk).update(state="planned")
    with pytest.raises(IntegrityError), transaction.atomic():
        RuleTreatment.objects.filter(pk=made.pk).update(decided_by=cast.administrator)


def test_making_a_security_rule_stricter_needs_nobody_else(cast):
    assert treat(cast, "error", "SEC-007").state == "in_force"


@pytest.mark.parametrize(
    ("rule", "treatment"), [("SEC-002", "off"), ("ENG-002", "warning"), ("PKG-012", "off")]
)
def test_what_must_be_seen_cannot_be_hidden(cast, rule, treatment):
    with pytest.raises(InvalidInput) as refused:
        treat(cast, treatment, rule)
    assert "treatment" in refused.value.fields


def test_a_treatment_needs_a_reason_and_no_past(cast):
    yesterday = dt.datetime.now(dt.UTC) - dt.timedelta(days=3)
    with pytest.raises(InvalidInput) as refused:
        treatments.propose(
            treatments.TreatmentDraft("INF-004", "warning", "so", starts_at=yesterday),
            actor=cast.administrator,
        )
    assert set(refused.value.fields) == {"reason", "starts_at"}


def test_two_changes_of_one_rule_do_not_wait_side_by_side(cast):
    later = dt.datetime.now(dt.UTC) + dt.timedelta(days=3)
    treat(cast, starts_at=later)
    with pytest.raises(Conflict):
        treat(cast, "info", starts_at=later)


def test_an_operator_reads_and_does_not_decide(cast):
    with pytest.raises(NotPermitted):
        treatments.propose(treatments.TreatmentDraft("INF-004", "warning", WHY), actor=cast.operator)


def test_the_effect_names_who_would_gain_and_lose_a_blocking_finding(cast):
    submission = checked(cast)
    effect = queries.effect_of(treatments.TreatmentDraft("INF-004", "warning", WHY))
    assert ([each.pk for each in effect.loses], effect.gains, effect.found_in) == ([submission.pk], [], 1)
    other = checked(cast, WITH_WARNING)
    effect = queries.effect_of(treatments.TreatmentDraft("INF-015", "error", WHY))
    assert [each.pk for each in effect.gains] == [other.pk]


def test_a_receipt_says_what_the_rules_say_and_names_the_treatment_beside_it(cast):
    treat(cast)
    submission = checked(cast)
    receipt = receipt_of(submission)
    assert (receipt["verdict"], receipt["counts"]["error"]) == ("fail", 1)
    assert receipt["treatment"]["rules"] == {"INF-004": "warning"}
    assert (receipt["treatment"]["verdict"], receipt["treatment"]["counts"]["warning"]) == ("pass", 1)
    assert verify_digest(receipt, submission.version.digest, signing_key().public_key()).holds


def test_a_receipt_counts_what_is_switched_off(cast):
    treat(cast, "off", "INF-015")
    receipt = receipt_of(checked(cast, WITH_WARNING))
    assert receipt["counts"]["warning"] == 1
    assert receipt["treatment"]["rules"] == {"INF-015": "off"}


def test_a_receipt_of_another_treatment_leads_to_a_check(cast):
    submission = checked(cast)
    receipt = receipt_of(submission)
    treat(cast)
    found = present_receipt(submission, data=json.dumps(receipt).encode(), actor=cast.owner)
    assert not found.is_taken
    assert "treats some rules otherwise" in found.reason
    validation.check_draft(str(submission.pk))
    again = json.dumps(receipt_of(submission)).encode()
    assert present_receipt(submission, data=again, actor=cast.owner).is_taken


def test_a_receipt_whose_treatment_was_edited_is_not_genuine(cast):
    treat(cast)
    submission = checked(cast)
    receipt = receipt_of(submission)
    receipt["treatment"]["verdict"] = "fail"
    assert not verify_digest(receipt, submission.version.digest, signing_key().public_key()).is_genuine
    assert sign(receipt, signing_key())["signature"]["value"] != receipt["signature"]["value"]


def test_the_pages_lead_from_the_effect_to_the_treatment(cast, sign_in):
    browser = sign_in(cast.administrator)
    checked(cast)
    address = reverse("treatment_create", args=["INF-004"])
    sent = {"treatment": "warning", "reason": WHY}
    shown = browser.post(address, sent)
    assert shown.context["effect"].loses
    assert b"What it would change" in shown.content
    saved = browser.post(address, sent | {"save": "1"}, follow=True)
    assert WHY in unescape(saved.content.decode())
    assert b"INF-004" in browser.get(reverse("treatment_list")).content
    assert b"INF-004" in browser.get(reverse("administration")).content


def test_the_second_administrator_decides_on_the_page(cast, sign_in, second_administrator):
    made = treat(cast, "info", "SEC-002")
    detail = reverse("treatment_detail", args=[made.pk])
    assert b"Waiting for another administrator" in sign_in(cast.administrator).get(detail).content
    browser = sign_in(second_administrator)
    browser.post(reverse("treatment_decide", args=[made.pk]), {"decision": "decline", "reason": "No."})
    made.refresh_from_db()
    assert (made.state, made.decision_reason) == ("declined", "No.")


def test_what_was_asked_can_be_taken_back(cast, sign_in):
    made = treat(cast, "info", "SEC-002")
    sign_in(cast.administrator).post(reverse("treatment_withdraw", args=[made.pk]))
    made.refresh_from_db()
    assert made.state == "withdrawn"


def test_a_new_package_in_the_form_is_judged_by_what_counts(cast):
    treat(cast)
    submission = ready_draft(cast.owner)
    version = uploaded_version(submission.connector, cast.owner, WITH_ERROR)
    drafts.choose_package(submission, version=version, actor=cast.owner)
    validation.check_draft(str(submission.pk))
    assert Validation.objects.get(version=version).verdict == "pass"
