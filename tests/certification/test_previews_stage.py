"""The Preview stage: deployed wave by wave, tested before a deadline, signed off or refused."""

from __future__ import annotations

import datetime as dt
import smtplib

import pytest
from django.core.mail import EmailMultiAlternatives

from certification.models import Notification, Preview
from certification.services import notifications, pauses, previews, rollouts
from certification.services.clock import database_now
from portal.shared.errors import IllegalTransition, InvalidInput, NotPermitted, Unavailable
from portal.shared.models import OutboxJob
from tests.factories.rollouts import (
    add_plan,
    add_regions,
    add_submission,
    behave,
    deployed_preview,
    hurry,
    misbehave,
    run_until,
    state_of,
)

pytestmark = pytest.mark.django_db
REGIONS = "testing,preview-us,north"


@pytest.fixture
def submission(cast, agent):
    add_regions("preview-us", "north", agent=agent, preview="preview-us")
    add_plan(cast.operator, "north")
    yield add_submission(cast)
    behave(agent, "preview-us")


def open_preview(cast, submission, *, hours_ago=0.0, hours_left=48.0):
    """A Preview in testing, opened and ending as told."""
    preview = deployed_preview(cast, submission)
    now = database_now()
    preview.opened_at, preview.deadline_at = (
        now - dt.timedelta(hours=hours_ago),
        now + dt.timedelta(hours=hours_left),
    )
    preview.save()
    return preview


def topics(prefix="preview."):
    jobs = OutboxJob.objects.filter(topic__startswith=prefix).order_by("pk")
    return [topic.removeprefix(prefix) for topic in jobs.values_list("topic", flat=True)]


def test_an_approved_submission_is_deployed_and_its_team_asked_to_test(cast, submission, agent):
    preview = deployed_preview(cast, submission)

    assert state_of(preview) == "testing"
    assert state_of(submission) == "preview_testing"
    preview.refresh_from_db()
    submission.connector.refresh_from_db()
    assert submission.connector.preview_version == preview.version
    left = preview.deadline_at - database_now()
    assert dt.timedelta(days=1, hours=23) < left <= dt.timedelta(days=2)
    assert topics() == ["open"]
    assert [
        row["digest"] for row in agent.ledger("preview-us") if row["connector"] == submission.connector.slug
    ] == [preview.version.digest]


def test_starting_it_twice_starts_one_preview(cast, submission):
    assert previews.start_preview(str(submission.pk)) is not None
    assert previews.start_preview(str(submission.pk)) is None
    assert Preview.objects.count() == 1


def test_without_a_preview_region_the_job_waits_and_says_why(cast):
    submission = add_submission(cast)
    with pytest.raises(Unavailable, match="No Preview region"):
        previews.start_preview(str(submission.pk))
    assert state_of(submission) == "approved"


def test_the_testing_region_comes_before_the_preview_region(cast, agent):
    from certification.planning.coverage import WaveDraft
    from certification.services import plans

    add_regions("testing", "preview-us", "north", agent=agent, preview="preview-us")
    waves = (WaveDraft("Testing", ("testing",), True), WaveDraft("Preview", ("preview-us",), True))
    draft = plans.PlanDraft("Plan", (*waves, WaveDraft("All", ("north",))), is_default=True)
    plans.create_plan(draft, actor=cast.operator)
    submission = add_submission(cast)
    preview = previews.start_preview(str(submission.pk))
    hurry()
    rollouts.advance_due()
    assert dict(preview.deployments.values_list("region_id", "state")) == {
        "testing": "intended", "preview-us": "pending",
    }  # fmt: skip
    run_until(lambda: state_of(preview) == "testing")
    first, second = preview.deployments.order_by("intended_at")
    assert (first.region_id, second.region_id) == ("testing", "preview-us")
    assert first.verified_at <= second.intended_at


@pytest.mark.parametrize("person", ["owner", "developer", "tester"])
def test_the_team_signs_off_and_what_was_not_tested_stays_visible(cast, submission, person):
    preview = open_preview(cast, submission)
    previews.sign_off_preview(
        preview, checked=["connect"], note="Well done.", knows_untested=True, actor=getattr(cast, person)
    )
    assert state_of(submission) == "signed_off"
    preview.refresh_from_db()
    assert (preview.checked, preview.decided_by) == (["connect"], getattr(cast, person))
    with pytest.raises(IllegalTransition):
        previews.refuse_preview(preview, reasons="After all not.", actor=cast.owner)


@pytest.mark.parametrize("person", ["viewer", "stranger", "operator", "reviewer"])
def test_nobody_else_speaks_for_the_team(cast, submission, person):
    preview = open_preview(cast, submission)
    with pytest.raises(NotPermitted):
        previews.sign_off_preview(preview, actor=getattr(cast, person))
    with pytest.raises(NotPermitted):
        previews.refuse_preview(preview, reasons="No.", actor=getattr(cast, person))


def test_a_refusal_needs_reasons_and_sends_the_submission_back(cast, submission):
    preview = open_preview(cast, submission)
    with pytest.raises(InvalidInput):
        previews.refuse_preview(preview, reasons="  ", actor=cast.tester)
    previews.refuse_preview(preview, reasons="GetTides answers 500.", actor=cast.tester)
    assert state_of(submission) == "preview_refused"


def test_reminders_go_out_at_half_and_four_fifths_once_each(cast, submission):
    preview = open_preview(cast, submission, hours_ago=20, hours_left=28)
    previews.check_deadlines()
    assert "remind" not in topics()
    for hours_ago, expected in ((25, 1), (25, 1), (40, 2), (40, 2)):
        now = database_now()
        Preview.objects.update(
            opened_at=now - dt.timedelta(hours=hours_ago),
            deadline_at=now + dt.timedelta(hours=48 - hours_ago),
        )
        previews.check_deadlines()
        assert topics().count("remind") == expected
    assert state_of(preview) == "testing"


def test_after_the_deadline_it_expires_and_the_team_reopens_it_with_everything_kept(
    cast, submission, drain_outbox
):
    preview = open_preview(cast, submission, hours_ago=47, hours_left=1)
    previews.check_deadlines()
    drain_outbox()
    Preview.objects.update(deadline_at=database_now())
    previews.check_deadlines()
    assert (state_of(preview), state_of(submission)) == ("expired", "expired")

    previews.reopen_preview(preview, actor=cast.tester)
    assert (state_of(preview), state_of(submission)) == ("testing", "preview_testing")
    preview.refresh_from_db()
    assert preview.deadline_at > database_now() + dt.timedelta(days=1)
    assert preview.deployments.filter(state="verified").count() == 1


def test_nobody_expires_who_was_not_reminded(cast, submission):
    preview = open_preview(cast, submission, hours_ago=72, hours_left=-1)
    previews.check_deadlines()
    preview.refresh_from_db()
    assert preview.state == "testing"
    assert preview.deadline_at > database_now()
    assert topics().count("remind") == 1


def refusing(monkeypatch, *, code=550):
    """The mail server refuses every recipient from now on."""

    def send(message, fail_silently=False):
        raise smtplib.SMTPRecipientsRefused(dict.fromkeys(message.to, (code, b"no such user")))

    monkeypatch.setattr(EmailMultiAlternatives, "send", send)


def test_the_clock_stops_when_no_invitation_arrived_and_goes_on_when_one_does(
    cast, submission, drain_outbox, monkeypatch
):
    preview = open_preview(cast, submission, hours_ago=1)
    with monkeypatch.context() as patch:
        refusing(patch)
        drain_outbox()
    pause = preview.pauses.get()
    assert (pause.kind, pause.started_by, pause.ends_at) == ("bounced", None, None)

    Preview.objects.update(deadline_at=database_now() - dt.timedelta(hours=1))
    preview.pauses.update(starts_at=database_now() - dt.timedelta(hours=30))
    previews.check_deadlines()
    assert state_of(preview) == "testing"
    assert "remind" not in topics()

    notifications.send_again(Notification.objects.filter(event="preview.open")[0], actor=cast.operator)
    drain_outbox()
    previews.check_deadlines()
    preview.refresh_from_db()
    assert preview.pauses.get().ends_at is not None
    assert preview.deadline_at > database_now() + dt.timedelta(hours=28)
    assert state_of(preview) == "testing"


def test_one_invitation_that_arrived_is_enough(cast, submission, drain_outbox, monkeypatch):
    preview = open_preview(cast, submission, hours_ago=1)

    def send(message, fail_silently=False):
        if message.to != [cast.tester.email]:
            raise smtplib.SMTPRecipientsRefused({message.to[0]: (550, b"no such user")})

    monkeypatch.setattr(EmailMultiAlternatives, "send", send)
    drain_outbox()
    assert Notification.objects.filter(event="preview.open", state="failed").count() == 3
    assert not preview.pauses.exists()


def test_a_mail_server_that_is_away_until_the_deadline_lets_nobody_expire(cast, submission):
    preview = open_preview(cast, submission, hours_ago=47, hours_left=1)
    previews.check_deadlines()
    Preview.objects.update(deadline_at=database_now())
    previews.check_deadlines()
    assert state_of(preview) == "testing"
    assert preview.pauses.get().kind == "bounced"


def test_a_decision_ends_a_pause(cast, submission):
    preview = open_preview(cast, submission)
    pauses.pause_clock(preview, kind="away", reason="Their holidays.", actor=cast.operator)
    previews.sign_off_preview(preview, knows_untested=True, actor=cast.tester)
    assert preview.pauses.get().ended_by == cast.tester


def test_an_operator_gives_more_time_with_a_reason(cast, submission):
    preview = open_preview(cast, submission)
    before = preview.deadline_at
    with pytest.raises(NotPermitted):
        previews.extend_preview(preview, business_days=1, reason="Please.", actor=cast.owner)
    with pytest.raises(InvalidInput):
        previews.extend_preview(preview, business_days=0, reason="Holidays.", actor=cast.operator)
    previews.extend_preview(preview, business_days=3, reason="Holidays.", actor=cast.operator)
    assert preview.deadline_at == before + dt.timedelta(days=3)


def test_a_failed_deployment_waits_for_an_operator_who_tries_again(cast, submission, agent):
    misbehave(agent, "preview-us", kind="fail-deploys", next_calls=1)
    preview = deployed_preview(cast, submission)
    assert (state_of(preview), state_of(submission)) == ("failed", "preview_failed")
    with pytest.raises(NotPermitted):
        previews.retry_preview(preview, reason="Again.", actor=cast.owner)

    previews.retry_preview(preview, reason="Their disk was full.", actor=cast.operator)
    run_until(lambda: state_of(preview) == "testing")
    assert preview.deployments.get().attempt == 2


def test_a_withdrawn_submission_takes_its_preview_with_it(cast, submission):
    preview = previews.start_preview(str(submission.pk))
    submission.state = "withdrawn"
    submission.save()
    previews.cancel_with_submission(str(submission.pk))
    previews.cancel_with_submission(str(submission.pk))
    assert state_of(preview) == "cancelled"
    assert preview.deployments.get().state == "cancelled"


def test_an_intent_of_a_cancelled_preview_is_not_sent(cast, submission, agent):
    preview = previews.start_preview(str(submission.pk))
    hurry()
    rollouts.advance_due()
    submission.state = "withdrawn"
    submission.save()
    previews.cancel_with_submission(str(submission.pk))
    for _ in range(3):
        hurry()
        rollouts.poll_due()
    assert preview.deployments.get().state == "cancelled"
    assert [row for row in agent.ledger("preview-us") if row["connector"] == submission.connector.slug] == []
