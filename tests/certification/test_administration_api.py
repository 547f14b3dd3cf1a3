"""Endpoints of what follows decisions and of what reviewers, teams and administrators keep."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from certification.models import (
    Appeal,
    CannedReply,
    DecisionCondition,
    GuestTester,
    Notice,
    Preview,
    RuleTreatment,
)
from certification.services import decisions, verdicts
from connectors.models import Connector
from tests.certification.test_reviews_api import client
from tests.factories import ConnectorFactory
from tests.factories.reviews import in_review
from tests.factories.rollouts import add_regions, add_submission

pytestmark = pytest.mark.django_db
WHY = "The word is part of the company's registered name."


def at(name, *args):
    return reverse(f"api:{name}", args=args)


def decided(cast, verdict, **more):
    submission = in_review(cast.owner)
    digest = submission.revision.version.digest
    decision = decisions.decide(
        submission, verdict=verdict, reasons="No.", digest=digest, actor=cast.reviewer, **more
    )
    return submission, decision


def test_a_condition_is_settled_by_a_reviewer_and_read_by_the_team(cast):
    _, decision = decided(cast, "approve", conditions=[verdicts.Wanted("Tell the pilots.")])
    condition = DecisionCondition.objects.get()
    listed = client(cast.owner).get(at("condition-list")).json()["results"]
    assert [(each["text"], each["state"]) for each in listed] == [("Tell the pilots.", "open")]
    assert client(cast.stranger).get(at("condition-detail", condition.pk)).status_code == 404
    dropped = client(cast.reviewer).post(at("condition-settle", condition.pk), {"is_met": False})
    assert dropped.status_code == 400
    met = client(cast.reviewer).post(at("condition-settle", condition.pk), {"is_met": True, "note": "Seen."})
    assert (met.status_code, met.json()["state"]) == (200, "met")
    assert decision.conditions.get().note == "Seen."


def test_an_appeal_goes_from_the_team_to_an_administrator(cast):
    submission, _ = decided(cast, "reject")
    team = client(cast.owner, "read", "submissions:write")
    asked = {"submission": submission.reference, "text": "The tide was right."}
    made = team.post(at("appeal-list"), asked)
    assert made.status_code == 201, made.json()
    assert team.post(at("appeal-list"), asked).status_code == 409
    appeal = Appeal.objects.get()
    answer = {"is_overturned": True, "answer": "It was."}
    assert client(cast.reviewer).post(at("appeal-decide", appeal.pk), answer).status_code == 403
    done = client(cast.administrator).post(at("appeal-decide", appeal.pk), answer).json()
    assert (done["state"], bool(done["successor"])) == ("overturned", True)


def test_canned_replies_are_kept_by_reviewers(cast):
    reviewer = client(cast.reviewer)
    made = reviewer.post(at("canned-reply-list"), {"title": "Hello", "body": "Hello {publisher}."})
    assert made.status_code == 201, made.json()
    pk = made.json()["id"]
    changed = {"title": "Hello", "body": "Dear {publisher}.", "edit_count": 0}
    assert reviewer.post(at("canned-reply-change", pk), changed).json()["edit_count"] == 1
    assert reviewer.post(at("canned-reply-change", pk), changed).status_code == 409
    assert reviewer.post(at("canned-reply-list"), {"title": "Bad", "body": "{captain}"}).status_code == 400
    assert reviewer.post(at("canned-reply-retire", pk)).json()["is_active"] is False
    assert reviewer.post(at("canned-reply-restore", pk)).json()["is_active"] is True
    assert client(cast.owner).get(at("canned-reply-list")).status_code == 403
    assert CannedReply.objects.get().body == "Dear {publisher}."


@pytest.fixture
def preview(cast):
    submission = add_submission(cast, state="preview_testing")
    add_regions("preview-us", preview="preview-us")
    return Preview.objects.create(
        submission=submission, revision=submission.revision, version=submission.version,
        region_id="preview-us", state="testing", opened_at=timezone.now(),
        deadline_at=timezone.now() + timedelta(days=2),
    )  # fmt: skip


def test_a_guest_is_invited_and_sent_away(cast, preview):
    team = client(cast.owner, "read", "submissions:write")
    asked = {"preview": str(preview.pk), "email": "guest@partner.example", "products": ["flow"]}
    made = team.post(at("guest-tester-list"), asked)
    assert made.status_code == 201, made.json()
    assert "token" not in made.content.decode()
    tester = GuestTester.objects.get()
    assert team.post(at("guest-tester-prolong", tester.pk), {"days": 20}).status_code == 200
    assert team.post(at("guest-tester-send-again", tester.pk)).status_code == 200
    assert team.post(at("guest-tester-revoke", tester.pk)).json()["state"] == "revoked"
    assert client(cast.stranger).get(at("guest-tester-detail", tester.pk)).status_code == 404


def test_a_notice_is_announced_and_called_off(cast):
    connector = ConnectorFactory(publisher=cast.publisher, state="active")
    team = client(cast.owner, "read", "connectors:write")
    day = (timezone.localdate() + timedelta(days=300)).isoformat()
    asked = {"connector": connector.slug, "kind": "retirement", "text": "It ends. Take the other one.",
             "effective_on": day}  # fmt: skip
    made = team.post(at("notice-list"), asked)
    assert made.status_code == 201, made.json()
    assert Connector.objects.get(pk=connector.pk).state == "deprecated"
    developer = client(cast.developer, "read", "connectors:write")
    assert developer.post(at("notice-list"), asked).status_code == 403
    notice = Notice.objects.get()
    done = team.post(at("notice-cancel", notice.pk), {"reason": "We go on."})
    assert done.json()["state"] == "cancelled"
    assert client(cast.stranger).get(at("notice-detail", notice.pk)).status_code == 404


def test_a_token_of_another_team_reaches_nothing(cast):
    decided(cast, "approve", conditions=[verdicts.Wanted("Tell the pilots.")])
    bound = client(cast.administrator, "read", publisher=cast.other_publisher.pk)
    for name in ("condition-list", "appeal-list", "guest-tester-list", "notice-list"):
        assert bound.get(at(name)).json()["results"] == []


def test_a_treatment_is_weighed_decided_and_seen_with_the_rule(cast):
    admin = client(cast.administrator, "read", "admin:write")
    asked = {"rule": "INF-004", "treatment": "warning", "reason": WHY}
    effect = admin.post(at("rule-treatment-effect"), asked).json()
    assert (effect["found_in"], effect["needs_second"]) == (0, False)
    made = admin.post(at("rule-treatment-list"), asked)
    assert (made.status_code, made.json()["state"]) == (201, "in_force")
    rule = client(cast.owner).get(at("rule-detail", "INF-004")).json()
    assert [(each["treatment"], each["reason"]) for each in rule["treatments"]] == [("warning", WHY)]
    assert client(cast.owner).get(at("rule-treatment-list")).status_code == 403
    waits = admin.post(at("rule-treatment-list"), asked | {"rule": "SEC-002"}).json()
    decide = at("rule-treatment-decide", waits["id"])
    assert admin.post(decide, {"is_approved": True}).status_code == 403
    assert admin.post(at("rule-treatment-withdraw", waits["id"])).json()["state"] == "withdrawn"
    assert RuleTreatment.objects.filter(state="in_force").count() == 1
