"""The checklist: by lane, with evidence of the portal's own and ticks that go with the decision."""

from __future__ import annotations

import copy

import pytest
from django.urls import reverse

from certification.models import Lane, ReviewMark
from certification.queries.credentials import credential_rows
from certification.queries.review_checks import checklist
from certification.queries.threads import conversation
from certification.queries.workbench import verdict_on
from certification.rules.examples import base
from certification.services import decisions, review_marks, threads
from portal.shared import audit
from tests.conftest import Cast
from tests.factories.reviews import archive, in_review, resubmit

pytestmark = pytest.mark.django_db


def listed(submission, user):
    return checklist(
        submission, user, conversation(user, submission), credential_rows(submission), verdict_on(submission)
    )


def test_a_new_connector_is_asked_for_other_things_than_a_hotfix(cast: Cast) -> None:
    new = listed(in_review(cast.owner), cast.reviewer)
    assert new.lane == Lane.NEW
    assert {"Host", "Contacts", "Icon", "Threads"} <= {check.text for check in new.checks}
    fix = listed(in_review(cast.owner, kind="hotfix"), cast.reviewer)
    assert fix.lane == Lane.HOTFIX
    assert [tick.seen.key for tick in fix.ticks] == ["check:only-fix"]


def test_evidence_follows_what_happens(cast: Cast) -> None:
    submission = in_review(cast.owner)
    tones = {check.text: check.tone for check in listed(submission, cast.reviewer).checks}
    assert tones["Threads"] == "success"
    threads.open_thread(submission, body="x", actor=cast.reviewer)
    tones = {check.text: check.tone for check in listed(submission, cast.reviewer).checks}
    assert tones["Threads"] == "warning"


def test_ticks_are_ones_own_of_this_package_and_kept_with_the_decision(cast: Cast, sign_in) -> None:
    submission = in_review(cast.owner)
    digest = submission.revision.version.digest
    sent = {"key": "check:words", "digest": digest}
    page = sign_in(cast.reviewer).post(reverse("review_mark", args=[submission.pk]), sent)
    assert page["Location"] == reverse("review_detail", args=[submission.pk])
    assert listed(submission, cast.reviewer).open_ticks == 1
    assert listed(submission, cast.second_reviewer).open_ticks == 2
    decisions.decide(submission, verdict="reject", reasons="No.", digest=digest, actor=cast.reviewer)
    record = audit.history(submission).filter(action="submission.reject").get()
    assert record.data["ticked"] == ["words"]


def test_a_tick_does_not_count_for_the_next_package(cast: Cast) -> None:
    submission = in_review(cast.owner)
    key, digest = "check:words", submission.revision.version.digest
    review_marks.mark_viewed(submission, key=key, digest=digest, actor=cast.reviewer)
    definition = copy.deepcopy(base.DEFINITION)
    definition["info"]["version"] = "1.1.0"
    submission = resubmit(submission, archive(definition), cast.owner)
    assert ReviewMark.objects.filter(key=key).exists()
    assert listed(submission, cast.reviewer).open_ticks == 2
