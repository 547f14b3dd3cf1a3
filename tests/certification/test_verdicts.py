"""Approvals with conditions, and appeals with their own clock and somebody else to decide."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from certification.models import Appeal, Decision, DecisionCondition, Submission
from certification.services import decisions, verdicts
from certification.services.verdicts import Wanted
from connectors.models import Membership
from portal.shared import audit
from portal.shared.errors import Blocked, Conflict, IllegalTransition, InvalidInput, NotPermitted
from portal.shared.models import OutboxJob
from tests.conftest import Cast
from tests.factories.reviews import in_review, reviewed

pytestmark = pytest.mark.django_db


def decided(cast: Cast, verdict: str, *conditions: Wanted, submission: Submission | None = None) -> Decision:
    submission = submission or in_review(cast.owner)
    digest = submission.revision.version.digest
    decision = decisions.decide(
        submission, verdict=verdict, reasons="No.", digest=digest, conditions=conditions, actor=cast.reviewer
    )
    return Decision.objects.select_related("submission__connector__publisher", "reviewer").get(pk=decision.pk)


def test_an_approval_with_conditions_holds_the_rollout_until_they_are_met(cast: Cast) -> None:
    decision = decided(
        cast, "approve", Wanted("Tell the pilots."), Wanted("A trigger.", "next_version"), Wanted(" ")
    )
    first, second = decision.conditions.all()
    assert (first.due, second.due) == ("rollout", "next_version")
    with pytest.raises(Blocked, match=r"One condition .* Tell the pilots\."):
        verdicts.refuse_unmet(decision.submission)
    verdicts.settle_condition(first, is_met=True, actor=cast.second_reviewer)
    verdicts.refuse_unmet(decision.submission)
    assert {"condition.set", "condition.meet"} <= {each.action for each in audit.history(decision.submission)}
    with pytest.raises(IllegalTransition):
        verdicts.settle_condition(first, is_met=True, actor=cast.reviewer)


def test_a_condition_is_dropped_with_a_note_and_by_reviewers_only(cast: Cast) -> None:
    condition = decided(cast, "approve", Wanted("Tell the pilots.")).conditions.get()
    condition.decision.submission.connector.publisher  # noqa: B018 - loaded once for the policies
    with pytest.raises(InvalidInput):
        verdicts.settle_condition(condition, is_met=False, note=" ", actor=cast.reviewer)
    for person in (cast.owner, cast.operator, cast.stranger):
        with pytest.raises(NotPermitted):
            verdicts.settle_condition(condition, is_met=True, actor=person)
    verdicts.settle_condition(condition, is_met=False, note="They know.", actor=cast.reviewer)
    condition.refresh_from_db()
    assert (condition.state, condition.settled_by) == ("dropped", cast.reviewer)


@pytest.mark.parametrize(
    ("verdict", "conditions"),
    [
        ("request_changes", [Wanted("x")]),
        ("approve", [Wanted("x" * 501)]),
        ("approve", [Wanted("x")] * 6),
        ("approve", [Wanted("x", "tomorrow")]),
    ],
)
def test_conditions_that_make_no_sense_are_refused(cast: Cast, verdict: str, conditions) -> None:
    with pytest.raises(InvalidInput) as refused:
        decided(cast, verdict, *conditions)
    assert set(refused.value.fields) == {"conditions"}
    assert not Decision.objects.exists()


def test_an_appeal_has_a_clock_and_goes_to_administrators(cast: Cast) -> None:
    decision = decided(cast, "reject")
    found = verdicts.appeal(decision, text="The tide was right.", actor=cast.developer)
    assert timezone.now() + timedelta(days=4) < found.due_at
    assert OutboxJob.objects.filter(topic="appeal.raise", payload__id=str(found.pk)).exists()
    with pytest.raises(Conflict):
        verdicts.appeal(decision, text="Again.", actor=cast.owner)


def test_only_a_rejection_and_only_by_the_team(cast: Cast) -> None:
    with pytest.raises(Conflict):
        verdicts.appeal(decided(cast, "request_changes"), text="x", actor=cast.owner)
    decision = decided(cast, "reject")
    for person in (cast.tester, cast.viewer, cast.stranger, cast.reviewer, cast.administrator):
        with pytest.raises(NotPermitted):
            verdicts.appeal(decision, text="x", actor=person)
    with pytest.raises(InvalidInput):
        verdicts.appeal(decision, text="  ", actor=cast.owner)


def test_who_rejected_it_or_belongs_to_the_team_does_not_decide(cast: Cast) -> None:
    submission = in_review(cast.owner)
    decision = decisions.decide(
        submission,
        verdict="reject",
        reasons="No.",
        digest=submission.revision.version.digest,
        actor=cast.administrator,
    )
    decision.submission.refresh_from_db()
    found = verdicts.appeal(decision, text="x", actor=cast.owner)
    for person in (cast.administrator, cast.reviewer, cast.operator, cast.owner):
        with pytest.raises(NotPermitted):
            verdicts.decide_appeal(found, is_overturned=True, answer="Yes.", actor=person)
    other = decided(cast, "reject")
    appeal = verdicts.appeal(other, text="x", actor=cast.owner)
    Membership.objects.create(publisher=cast.publisher, user=cast.administrator, role="viewer")
    with pytest.raises(NotPermitted):
        verdicts.decide_appeal(appeal, is_overturned=True, answer="Yes.", actor=cast.administrator)


def test_overturned_the_team_goes_on_with_its_place_in_the_queue(cast: Cast) -> None:
    decision = decided(cast, "reject")
    found = verdicts.appeal(decision, text="x", actor=cast.owner)
    with pytest.raises(InvalidInput):
        verdicts.decide_appeal(found, is_overturned=True, answer="", actor=cast.administrator)
    done = verdicts.decide_appeal(
        found, is_overturned=True, answer="You are right.", actor=cast.administrator
    )
    again = done.successor
    assert again is not None
    assert (again.state, again.version, again.queued_at) == (
        "draft",
        decision.submission.version,
        decision.submission.queued_at,
    )
    with pytest.raises(IllegalTransition):
        verdicts.decide_appeal(found, is_overturned=False, answer="No.", actor=cast.administrator)


def test_upheld_nothing_changes_and_another_under_way_is_in_the_way(cast: Cast) -> None:
    submission = in_review(cast.owner)
    found = verdicts.appeal(decided(cast, "reject", submission=submission), text="x", actor=cast.owner)
    from certification.services.submissions import start_again

    start_again(reviewed(submission), actor=cast.owner)
    with pytest.raises(Conflict):
        verdicts.decide_appeal(found, is_overturned=True, answer="Yes.", actor=cast.administrator)
    done = verdicts.decide_appeal(found, is_overturned=False, answer="It stands.", actor=cast.administrator)
    assert (done.state, done.successor) == ("upheld", None)


def test_conditions_and_appeal_by_the_pages(cast: Cast, sign_in) -> None:
    submission = in_review(cast.owner)
    data = {"digest": submission.revision.version.digest, "verdict": "approve", "conditions": "One\n\nTwo"}
    answer = sign_in(cast.reviewer).post(
        reverse("review_decide", args=[submission.pk]), data | {"due": "rollout"}
    )
    assert answer.status_code == 302
    assert list(DecisionCondition.objects.values_list("text", flat=True)) == ["One", "Two"]
    page = sign_in(cast.owner).get(reverse("review_detail", args=[submission.pk])).content.decode()
    assert "Conditions of the approval" in page
    assert "condition_settle" not in page
    rejected = decided(cast, "reject").submission
    owner = sign_in(cast.owner)
    assert "Appeal against it" in owner.get(reverse("review_detail", args=[rejected.pk])).content.decode()
    assert owner.post(reverse("appeal_new", args=[rejected.pk]), {"text": ""}).status_code == 400
    owner.post(reverse("appeal_new", args=[rejected.pk]), {"text": "The tide was right."})
    found = Appeal.objects.get()
    assert sign_in(cast.stranger).get(reverse("appeal_detail", args=[found.pk])).status_code == 404
    admin = sign_in(cast.administrator)
    assert "Appeals to decide" in admin.get(reverse("review_queue")).content.decode()
    address = reverse("appeal_detail", args=[found.pk])
    assert admin.post(address, {"verdict": "perhaps", "answer": "x"}).status_code == 400
    admin.post(address, {"verdict": "overturn", "answer": "You are right."})
    assert "goes on from it" in sign_in(cast.owner).get(address).content.decode()
    assert "The tide was right." in sign_in(cast.reviewer).get(reverse("appeal_list")).content.decode()
