"""The time ledger of real submissions: freezes that kept a wave, pauses, the page, the rows for sums."""

from __future__ import annotations

import datetime as dt
from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import timezone

from certification.lifecycle import SUBMISSION
from certification.models import ClockPause, Freeze, Preview, RolloutWave, Submission, TimeLedger, TimeStretch
from certification.queries.ledger import ledger_of
from certification.queries.ledger_sums import time_sum
from certification.services import incidents, ledger, pauses, rollouts
from certification.services.incidents import IncidentDraft
from portal.shared import audit
from portal.shared.actors import SYSTEM
from portal.shared.errors import Conflict, InvalidInput, NotPermitted
from portal.shared.models import AuditRecord
from portal.shared.transitions import transition
from tests.factories.rollouts import add_regions, add_submission, hurry, scheduled_rollout
from tests.factories.submissions import submission_in

pytestmark = pytest.mark.django_db
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)


def split(submission, now=None):
    return {str(share.holder): share.seconds for share in ledger_of(submission, now=now).shares}


def moved(submission, *steps):
    """Records of moves at told times, as if the portal had made them then: (time, state)."""
    rows = [
        AuditRecord(
            at=at,
            action=f"submission.to_{state}",
            object_key=audit.key_of(submission),
            about=[audit.key_of(submission)],
            data={"to": state},
        )
        for at, state in steps
    ]
    AuditRecord.objects.bulk_create(rows)
    submission.state, submission.state_changed_at = steps[-1][1], steps[-1][0]
    submission.save()


@pytest.fixture
def rollout(cast):
    return scheduled_rollout(cast, "north", "south", due=False)


def begin(submission, at):
    Submission.objects.filter(pk=submission.pk).update(created_at=at)
    submission.refresh_from_db()


def test_the_parts_of_a_submission_are_its_whole_life(cast):
    submission = submission_in("preview_testing", cast.developer)
    now = timezone.now() + 3 * DAY
    found = ledger_of(submission, now=now)
    whole = (now - submission.created_at).total_seconds()
    assert found.total_seconds == pytest.approx(whole, abs=1e-6)
    assert sum(entry.seconds for entry in found.entries) == pytest.approx(whole, abs=1e-6)
    assert [entry.label for entry in found.entries][:4] == ["Draft", "Submitted", "Validating", "In review"]
    assert found.current.is_running
    assert found.current.event == "The portal opened the Preview for testing"


def test_a_freeze_takes_the_time_in_which_it_kept_the_first_wave(cast, rollout):
    start = timezone.now().replace(hour=12, minute=0, second=0, microsecond=0) - 20 * DAY
    submission = rollout.submission
    begin(submission, start - DAY)
    rollout.created_at = start
    rollout.save()
    freeze = Freeze.objects.create(
        name="Year-end", reason="Nobody is at work.", starts_at=start - DAY, ends_at=start + 5 * DAY,
        created_by=cast.operator,
    )  # fmt: skip
    Freeze.objects.filter(pk=freeze.pk).update(created_at=start - 9 * DAY)
    RolloutWave.objects.filter(rollout=rollout).update(started_at=start + 6 * DAY)
    found = ledger_of_told(
        submission, [(start, "scheduled"), (start + 6 * DAY, "rolling_out")], start + 7 * DAY
    )
    assert found["freeze"] == 5 * 86_400
    assert found["machine"] == 2 * 86_400


def ledger_of_told(submission, steps, now):
    """The ledger from told moves alone: what the services recorded while the test was set up is newer."""
    moved(submission, *steps)
    records = list(AuditRecord.objects.filter(action__startswith="submission.to_").order_by("pk"))
    found = ledger_of(submission, now=now, records=records)
    assert sum(share.seconds for share in found.shares) == pytest.approx(
        (now - submission.created_at).total_seconds(), abs=1e-6
    )
    return {str(share.holder): share.seconds for share in found.shares}


@pytest.mark.parametrize(
    "change", ["cancelled", "other region", "other sign-in", "opens", "later", "unknown then"]
)
def test_a_freeze_that_kept_nothing_takes_nothing(cast, rollout, change):
    start = timezone.now().replace(hour=12, minute=0, second=0, microsecond=0) - 20 * DAY
    begin(rollout.submission, start - DAY)
    rollout.created_at = start
    rollout.save()
    rollout.version.facts["authentication"] = ["api_key"]
    rollout.version.save()
    freeze = Freeze.objects.create(
        name="Year-end", reason="Nobody is at work.", created_by=cast.operator,
        starts_at=start + (2 * DAY if change == "later" else -DAY), ends_at=start + 5 * DAY,
        regions=["elsewhere"] if change == "other region" else [],
        auth_kinds=["oauth2"] if change == "other sign-in" else [], opens=change == "opens",
        cancelled_at=start - HOUR if change == "cancelled" else None,
    )  # fmt: skip
    known_at = start + 3 * DAY if change == "unknown then" else start - 9 * DAY
    Freeze.objects.filter(pk=freeze.pk).update(created_at=known_at)
    RolloutWave.objects.filter(rollout=rollout).update(started_at=start + 6 * DAY)
    steps = [(start, "scheduled"), (start + 6 * DAY, "rolling_out")]
    assert "freeze" not in ledger_of_told(rollout.submission, steps, start + 7 * DAY)


def test_a_freeze_while_the_rollout_is_held_is_not_the_freezes(cast, rollout):
    start = timezone.now().replace(hour=12, minute=0, second=0, microsecond=0) - 20 * DAY
    begin(rollout.submission, start - DAY)
    rollout.created_at = start
    rollout.save()
    freeze = Freeze.objects.create(
        name="Year-end", reason="Nobody is at work.", starts_at=start + DAY, ends_at=start + 9 * DAY,
        created_by=cast.operator,
    )  # fmt: skip
    Freeze.objects.filter(pk=freeze.pk).update(created_at=start - 9 * DAY)
    first = rollout.waves.order_by("number")[0]
    first.started_at = first.finished_at = start
    first.save()
    steps = [(start, "rolling_out"), (start, "held"), (start + 4 * DAY, "rolling_out")]
    found = ledger_of_told(rollout.submission, steps, start + 6 * DAY)
    assert found["operator"] == 4 * 86_400
    assert found["freeze"] == 2 * 86_400


@pytest.fixture
def preview(cast):
    submission = add_submission(cast, state="preview_testing")
    add_regions("preview-us", preview="preview-us")
    now = timezone.now()
    return Preview.objects.create(
        submission=submission, revision=submission.revision, version=submission.version,
        region_id="preview-us", state="testing", opened_at=now - DAY, deadline_at=now + DAY,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "holder"), [("bounced", "machine"), ("away", "publisher"), ("region", "operator")]
)
def test_a_paused_clock_belongs_to_whom_the_pause_names(cast, preview, kind, holder):
    now = timezone.now()
    submission = preview.submission
    begin(submission, now - 2 * DAY)
    ClockPause.objects.create(
        preview=preview, kind=kind, reason="So.", starts_at=now - 6 * HOUR, ends_at=now - 2 * HOUR
    )
    found = ledger_of_told(submission, [(now - DAY, "preview_testing")], now)
    expected = {"publisher": 48 * 3600}
    if holder != "publisher":
        expected = {"publisher": 44 * 3600, holder: 4 * 3600}
    assert found == {name: pytest.approx(seconds) for name, seconds in expected.items()}


def test_finished_times_are_written_once_and_again_when_it_moves(cast):
    submission = submission_in("in_review", cast.developer)
    assert ledger.write_due() == 1
    assert ledger.write_due() == 0
    rows = TimeStretch.objects.filter(ledger=submission.pk)
    assert set(rows.values_list("state", flat=True)) == {"draft", "submitted", "validating"}
    transition(SUBMISSION, submission, "request_changes", actor=SYSTEM)
    assert ledger.write_due() == 1
    assert set(rows.values_list("step", flat=True)) == {"preparation", "validation", "review"}
    whole = sum(rows.values_list("seconds", flat=True))
    submission.refresh_from_db()
    assert whole == pytest.approx(
        (submission.state_changed_at - submission.created_at).total_seconds(), abs=0.5
    )


def test_a_draft_that_was_never_handed_in_has_no_finished_time(cast):
    submission_in("draft", cast.developer)
    assert ledger.write_due() == 0


def test_the_page_shows_the_split_and_leads_to_the_events(cast, sign_in):
    submission = submission_in("in_review", cast.developer)
    page = sign_in(cast.viewer).get(reverse("submission_time", args=[submission.pk])).content.decode()
    assert "Who held it" in page
    assert "submitted it" in page
    record = AuditRecord.objects.get(action="submission.submit")
    address = reverse("submission_history", args=[submission.pk])
    assert f'{address}#event-{record.pk}"' in page
    assert f'id="event-{record.pk}"' in sign_in(cast.viewer).get(address).content.decode()


def test_the_api_gives_the_same_split(cast, sign_in):
    submission = submission_in("in_review", cast.developer)
    answer = sign_in(cast.viewer).get(f"/api/v1/submissions/{submission.pk}/time-ledger/").json()
    assert sum(share["percent"] for share in answer["shares"]) == 100
    assert sum(part["seconds"] for part in answer["stretches"]) == pytest.approx(answer["total_seconds"])
    assert [part["ends_at"] for part in answer["stretches"]][:-1] == [
        part["starts_at"] for part in answer["stretches"]
    ][1:]
    assert answer["stretches"][-1]["is_running"]


def test_an_operator_stops_the_clock_and_the_team_starts_it_again(cast, preview, sign_in):
    before = preview.deadline_at
    browser = sign_in(cast.operator)
    answer = browser.post(
        reverse("preview_pause", args=[preview.pk]), {"kind": "region", "reason": "It is being repaired."}
    )
    assert answer.status_code == 302
    ClockPause.objects.update(starts_at=timezone.now() - 3 * HOUR)
    page = browser.get(reverse("preview_detail", args=[preview.pk])).content.decode()
    assert "The clock stands still" in page
    assert "It is being repaired." in page
    sign_in(cast.tester).post(reverse("preview_resume", args=[preview.pk]))
    preview.refresh_from_db()
    assert preview.deadline_at >= before + 3 * HOUR
    pause = ClockPause.objects.get()
    assert (pause.started_by, pause.ended_by) == (cast.operator, cast.tester)
    actions = AuditRecord.objects.filter(action__startswith="preview.").values_list("action", flat=True)
    assert list(actions) == ["preview.pause", "preview.resume"]


def test_a_pause_needs_a_reason_and_there_is_one_at_a_time(cast, preview):
    with pytest.raises(InvalidInput, match="Say why"):
        pauses.pause_clock(preview, kind="away", reason=" ", actor=cast.operator)
    with pytest.raises(InvalidInput, match="Choose"):
        pauses.pause_clock(preview, kind="holiday", reason="Sun.", actor=cast.operator)
    with pytest.raises(NotPermitted):
        pauses.pause_clock(preview, kind="away", reason="Sun.", actor=cast.owner)
    with pytest.raises(Conflict, match="running"):
        pauses.resume_clock(preview, actor=cast.owner)
    pauses.pause_clock(preview, kind="away", reason="They asked.", actor=cast.operator)
    with pytest.raises(Conflict, match="still already"):
        pauses.pause_clock(preview, kind="away", reason="They asked.", actor=cast.operator)


def test_the_time_an_incident_held_a_rollout_is_the_incidents(cast):
    rollout = scheduled_rollout(cast, "north", "south")
    hurry()
    rollouts.advance_due()
    submission = rollout.submission
    incident = incidents.open_incident(IncidentDraft("Sign-in is ill", "No tokens."), actor=cast.operator)
    incidents.close_incident(incident, note="Back.", actor=cast.operator)
    submission.refresh_from_db()
    found = ledger_of(submission)
    held = [entry for entry in found.entries if entry.stretch.state == "held"]
    assert [(entry.holder, entry.event) for entry in held] == [("incident", "Incident: Sign-in is ill")]
    assert held[0].stretch.key == str(incident.pk)
    assert sum(entry.seconds for entry in found.entries) == pytest.approx(found.total_seconds)


def test_a_hold_by_a_person_is_the_operators(cast):
    rollout = scheduled_rollout(cast, "north", "south")
    hurry()
    rollouts.advance_due()
    rollouts.hold_rollout(rollout, reason="Let us wait.", actor=cast.operator)
    rollout.submission.refresh_from_db()
    assert ledger_of(rollout.submission).current.holder == "operator"


def test_sums_clip_to_the_window_and_count_what_lasts(cast):
    submission, now = submission_in("in_review", cast.developer), timezone.now()
    entry = TimeLedger.objects.create(
        submission=submission, lane="new", closed_until=submission.state_changed_at
    )
    rows = [(now - 92 * DAY, now - 88 * DAY, "publisher"), (now - 95 * DAY, now - 91 * DAY, "freeze")]
    for start, end, holder in rows:
        TimeStretch.objects.create(
            ledger=entry, step="review", state="in_review", holder=holder, starts_at=start, ends_at=end,
            seconds=(end - start).total_seconds(),
        )  # fmt: skip
    Submission.objects.filter(pk=submission.pk).update(state_changed_at=now - DAY)
    found = time_sum(submission.connector.publisher_id, now=now)
    assert {str(share.holder): share.seconds for share in found.shares} == {
        "publisher": 2 * DAY.total_seconds(),
        "reviewer": DAY.total_seconds(),
    }
    assert sum(share.percent for share in found.shares) == 100
    assert (found.submissions, found.total_seconds) == (1, 3 * DAY.total_seconds())
    assert [step.label for step in found.steps] == ["Review"]
    assert time_sum(now=now) == found
    assert time_sum(uuid4(), now=now).shares == []


def test_what_an_incident_holds_now_is_the_incidents_in_the_sums(cast):
    rollout = scheduled_rollout(cast, "north", "south")
    hurry()
    rollouts.advance_due()
    incidents.open_incident(IncidentDraft("Sign-in is ill", "No tokens."), actor=cast.operator)
    now = timezone.now() + DAY
    assert time_sum(rollout.connector.publisher_id, now=now).longest.holder == "incident"


def test_the_team_sees_where_its_time_went_and_so_does_the_operator(cast, sign_in):
    submission_in("in_review", cast.developer)
    address = reverse("publisher_time", args=[cast.publisher.slug])
    page = sign_in(cast.viewer).get(address).content.decode()
    assert "Where the time went" in page
    assert "1 submission" in page
    part = sign_in(cast.viewer).get(address, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part
    assert (
        address
        in sign_in(cast.viewer).get(reverse("publisher_detail", args=[cast.publisher.slug])).content.decode()
    )
    operators = sign_in(cast.operator).get(reverse("forecast_accuracy")).content.decode()
    assert "Where the time went" in operators
    assert sign_in(cast.stranger).get(address).status_code == 404
