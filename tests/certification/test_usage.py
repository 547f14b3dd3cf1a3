"""Use weighs breaking changes: what nobody calls is a warning, with the reason kept; silence proves nothing."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from certification.models import Placement, UsageJudgement
from certification.queries.usage import impact_of
from certification.queries.validation import blocking_rules, known_validation, unanswered_warnings
from certification.rules.examples.case import Case
from certification.services import usage, validation, versioned_operations
from connectors.models import HealthHour, TelemetryBatch
from connectors.services.connectors import mark_version
from portal.shared import audit
from portal.shared.actors import SYSTEM
from portal.shared.errors import Conflict, IllegalTransition, InvalidInput, NotPermitted
from tests.factories import ConnectorFactory, RegionFactory
from tests.factories.submissions import numbered, ready_draft, submission_in, uploaded_version

pytestmark = pytest.mark.django_db
TIDES = "/paths/~1harbours~1{harbourId}~1tides"
# The parameter's type changes: UPD-009 of ListTides.
BREAKING = Case(set={"/info/version": "2.0.0", f"{TIDES}/get/parameters/0/type": "integer"})


@pytest.fixture
def region():
    return RegionFactory(code="east", name="East")


@pytest.fixture
def connector(cast, region):
    made = ConnectorFactory(publisher=cast.publisher)
    mark_version(made, pointer="live", version=uploaded_version(made, cast.owner, Case()), actor=SYSTEM)
    Placement.objects.create(
        connector=made, region=region, verified_version=made.live_version, verified_at=timezone.now()
    )
    return made


def reporting(region, *, days: float = 20, silent_days: float = 0):
    """The region has told what was called since, and still does."""
    now = timezone.now()
    for ago in (days, silent_days):
        TelemetryBatch.objects.create(
            id=uuid.uuid4(), region=region, received_at=now - timedelta(days=ago), events=1
        )


def called(connector, region, operation="ListTides", *, connections=12, calls=300, days_ago=1.0):
    at = timezone.now().replace(minute=0, second=0, microsecond=0) - timedelta(days=days_ago)
    HealthHour.objects.create(
        connector=connector, region=region, version_label="1.0.0", operation=operation, hour=at,
        requests=calls, successes=calls, throttled=0, connections=connections,
    )  # fmt: skip


def checked(cast, connector, case=BREAKING):
    submission = ready_draft(cast.owner, connector, case=case, kind="update")
    validation.check_draft(str(submission.pk))
    return submission, known_validation(submission, submission.version)


def test_an_error_about_what_nobody_uses_counts_as_a_warning_with_the_reason(cast, connector, region):
    reporting(region)
    called(connector, region, "GetAccount")
    submission, verdict = checked(cast, connector)
    assert verdict.findings.filter(rule="UPD-009", severity="error").exists()
    row = UsageJudgement.objects.get()
    assert (row.rule, row.operations, row.connections) == ("UPD-009", ["ListTides"], 0)
    assert "No active connection used ListTides in 30 days" in row.reason
    assert "UPD-009" not in blocking_rules(submission, verdict, accepted=True)
    assert "UPD-009" in unanswered_warnings(submission, verdict)


def test_an_error_about_what_is_used_stays_an_error(cast, connector, region):
    reporting(region)
    called(connector, region, connections=1)
    submission, verdict = checked(cast, connector)
    assert not UsageJudgement.objects.exists()
    assert blocking_rules(submission, verdict)["UPD-009"] == 1


def test_calls_count_where_no_connection_is_counted(cast, connector, region):
    reporting(region)
    called(connector, region, connections=0, calls=1)
    checked(cast, connector)
    assert not UsageJudgement.objects.exists()


def test_calls_of_another_month_do_not_count(cast, connector, region):
    reporting(region)
    called(connector, region, days_ago=40)
    checked(cast, connector)
    assert UsageJudgement.objects.count() == 1


@pytest.mark.parametrize(
    "told", [{"days": 3}, {"days": 20, "silent_days": 4}, None], ids=["young", "silent", "never"]
)
def test_a_region_that_does_not_tell_proves_nothing(cast, connector, region, told):
    if told:
        reporting(region, **told)
    submission, verdict = checked(cast, connector)
    assert not UsageJudgement.objects.exists()
    impact = impact_of(submission, submission.version, verdict)
    assert impact.usage.silent_regions == [region.name]
    assert [row.is_used for row in impact.rows if row.operation == "ListTides"] == [None]


def test_a_connector_that_no_region_has_reaches_nobody(cast, connector):
    Placement.objects.all().delete()
    checked(cast, connector)
    assert UsageJudgement.objects.count() == 1


def test_the_threshold_is_a_setting(cast, connector, region, settings):
    settings.BREAKING_CHANGE_CONNECTIONS = 20
    reporting(region)
    called(connector, region, connections=12)
    checked(cast, connector)
    row = UsageJudgement.objects.get()
    assert (row.connections, row.threshold) == (12, 20)
    assert "At most 12 active connections" in row.reason


def test_what_meets_the_whole_connector_is_weighed_by_all_its_users(cast, connector, region):
    reporting(region)
    called(connector, region, "GetAccount")
    case = Case(set={"/info/version": "2.0.0", "/host": "tides.example"})
    submission, verdict = checked(cast, connector, case)
    assert verdict.findings.filter(rule="UPD-034").exists()
    assert not UsageJudgement.objects.filter(rule="UPD-034").exists()
    assert impact_of(submission, submission.version, verdict).rows[0].operation == ""


def test_figures_are_read_anew_when_the_package_is_handed_in(cast, connector, region):
    reporting(region)
    submission, verdict = checked(cast, connector)
    assert UsageJudgement.objects.count() == 1
    called(connector, region)
    assert usage.weigh(submission, verdict) == 0
    assert not UsageJudgement.objects.exists()
    assert usage.weigh(submission, verdict) == 0


def test_the_findings_page_shows_who_is_affected_and_the_ways_out(cast, sign_in, connector, region):
    reporting(region)
    called(connector, region, connections=41)
    submission, _ = checked(cast, connector)
    text = sign_in(cast.owner).get(reverse("finding_list", args=[submission.pk])).content.decode()
    assert "Who is affected" in text
    assert "41" in text
    assert f"{reverse('operation_keep', args=[submission.pk])}?operation=ListTides" in text
    assert f"{reverse('notice_new', args=[connector.pk])}?kind=change" in text
    viewer = sign_in(cast.viewer).get(reverse("finding_list", args=[submission.pk])).content.decode()
    assert "Who is affected" in viewer
    assert "Keep the old one" not in viewer


def test_the_page_says_why_an_error_counts_as_a_warning(cast, sign_in, connector, region):
    reporting(region)
    submission, _ = checked(cast, connector)
    text = sign_in(cast.owner).get(reverse("finding_list", args=[submission.pk])).content.decode()
    assert "Counts as a warning: No active connection used ListTides" in text


def test_a_new_connector_has_no_impact(cast, sign_in):
    submission = ready_draft(cast.owner)
    validation.check_draft(str(submission.pk))
    verdict = known_validation(submission, submission.version)
    assert impact_of(submission, submission.version, verdict) is None
    assert usage.weigh(submission, verdict) == 0


def test_an_operation_is_kept_beside_its_successor_as_a_new_version(cast, sign_in, connector, region):
    reporting(region)
    called(connector, region)
    submission, _ = checked(cast, connector)
    browser, address = sign_in(cast.owner), reverse("operation_keep", args=[submission.pk])
    text = browser.get(address, {"operation": "ListTides"}).content.decode()
    assert "ListTides_V2" in text
    before = submission.version
    sent = {"operation": "ListTides", "path": "/v2/harbours/{harbourId}/tides", "seen": before.digest}
    assert browser.post(address, sent).status_code == 302
    submission.refresh_from_db()
    assert submission.version_id != before.pk
    validation.check_draft(str(submission.pk))
    verdict = known_validation(submission, submission.version)
    assert not verdict.findings.filter(rule__startswith="UPD-", severity="error").exists()
    assert (
        audit.history(submission).get(action="submission.keep_operation").data["successor"] == "ListTides_V2"
    )


def test_keeping_is_refused_with_the_reason(cast, sign_in, connector, region):
    submission, _ = checked(cast, connector)
    address = reverse("operation_keep", args=[submission.pk])
    answer = sign_in(cast.owner).get(address, {"operation": "ListTides", "path": "/v2/harbours"})
    assert answer.status_code == 400
    assert "same {variables}" in answer.content.decode()
    assert sign_in(cast.owner).get(address, {"operation": "Nothing"}).status_code == 400
    assert sign_in(cast.viewer).get(address, {"operation": "ListTides"}).status_code == 403
    assert sign_in(cast.stranger).get(address, {"operation": "ListTides"}).status_code == 404


def test_keeping_needs_an_open_form_a_verdict_and_the_package_that_was_seen(cast, connector):
    submission, _ = checked(cast, connector)
    with pytest.raises(NotPermitted):
        versioned_operations.preview(submission, operation="ListTides", actor=cast.viewer)
    with pytest.raises(Conflict, match="another package"):
        versioned_operations.keep_operation(
            submission, operation="ListTides", seen="0" * 64, actor=cast.owner
        )
    new = ready_draft(cast.owner)
    with pytest.raises(Conflict, match="updates"):
        versioned_operations.preview(new, operation="ListTides", actor=cast.owner)
    submission.version = uploaded_version(connector, cast.owner, numbered(8))
    submission.save()
    with pytest.raises(Conflict, match="checked"):
        versioned_operations.preview(submission, operation="ListTides", actor=cast.owner)
    closed = submission_in("in_review", cast.owner)
    with pytest.raises(IllegalTransition):
        versioned_operations.preview(closed, operation="ListTides", actor=cast.owner)


def test_an_unknown_operation_is_named(cast, connector):
    submission, _ = checked(cast, connector)
    with pytest.raises(InvalidInput, match="no operation Nothing"):
        versioned_operations.preview(submission, operation="Nothing", actor=cast.owner)
