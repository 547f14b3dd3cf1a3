# ruff: noqa: F811 - fixtures are imported by name
"""What operators and administrators do over the API: tasks by hand, words of mails, freezes, jobs, messages."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from django.utils import timezone

from certification.models import AgreementText, Freeze, MailText, Notification, RegionTask, Sighting
from certification.services import claims, freezes
from connectors.models import Region
from portal.shared.models import AuditRecord, OutboxJob
from portal.shared.secrets import fingerprint
from tests.certification.test_region_tasks import by_hand, task  # noqa: F401
from tests.factories import RegionFactory
from tests.factories.rollouts import add_plan, add_regions

pytestmark = pytest.mark.django_db


@pytest.fixture
def ask(sign_in, client):
    def asked(user, method, path, body=None):
        content = json.dumps(body) if body is not None else ""
        return sign_in(user, client).generic(
            method, f"/api/v1/{path}", content, content_type="application/json"
        )

    return asked


def test_a_task_is_taken_and_finished_with_what_was_seen(ask, cast, by_hand, task):
    at = f"region-tasks/{task.pk}/"
    assert [
        each["id"] for each in ask(cast.operator, "GET", "region-tasks/?state=open").json()["results"]
    ] == [str(task.pk)]
    assert ask(cast.operator, "POST", f"{at}take/").json()["taken_by"] == cast.operator.name
    assert ask(cast.operator, "POST", f"{at}give-back/").json()["state"] == "open"
    wrong = ask(cast.operator, "POST", f"{at}finish/", {"seen_digest": "0" * 12})
    assert (wrong.status_code, set(wrong.json()["errors"])) == (400, {"seen_digest"})
    done = ask(cast.operator, "POST", f"{at}finish/", {"seen_digest": task.digest[:12], "note": "Saw it."})
    assert (done.json()["state"], done.json()["settled_by"]) == ("done", cast.operator.name)
    assert ask(cast.operator, "POST", f"{at}fail/", {"reason": "No."}).status_code == 409
    assert Sighting.objects.get().digest == task.digest


def test_a_task_that_cannot_be_done_fails_with_a_reason(ask, cast, by_hand, task):
    at = f"region-tasks/{task.pk}/"
    for person in (cast.owner, cast.reviewer):
        assert ask(person, "GET", "region-tasks/").status_code == 403
        assert ask(person, "POST", f"{at}fail/", {"reason": "No."}).status_code == 403
    assert ask(cast.operator, "POST", f"{at}fail/", {}).status_code == 400
    assert ask(cast.operator, "POST", f"{at}fail/", {"reason": "Closed today."}).json()["state"] == "failed"
    assert RegionTask.objects.get().message == "Closed today."


def test_somebody_looks_again_into_a_region(ask, cast, by_hand, task):
    from certification.models import Placement

    place = Placement.objects.get(region="north", connector=by_hand.connector)
    (listed,) = ask(cast.operator, "GET", "sightings/").json()
    assert (listed["id"], listed["region"]) == (place.pk, "north")
    short = ask(cast.operator, "POST", "sightings/", {"place": place.pk, "seen_digest": "abc"})
    assert (short.status_code, set(short.json()["errors"])) == (400, {"seen_digest"})
    seen = {"place": place.pk, "seen_digest": "a" * 64, "note": "Still there."}
    assert ask(cast.owner, "POST", "sightings/", seen).status_code == 403
    made = ask(cast.operator, "POST", "sightings/", seen)
    assert (made.status_code, made.json()["digest"]) == (201, "a" * 64)
    assert ask(cast.operator, "POST", "sightings/", {**seen, "place": place.pk + 1}).status_code == 404


def test_words_of_a_mail_are_written_shown_and_taken_back(ask, cast):
    at = "mail-texts/rollout.halt/"
    words = {"opening": "Dear team of {connector},", "based_on": 0, "reason": "Friendlier."}
    shown = ask(cast.administrator, "POST", f"{at}preview/", {"opening": "Dear readers,"}).json()
    assert "Dear readers," in shown["text"]
    assert not MailText.objects.exists()
    strange = ask(cast.administrator, "PUT", at, {**words, "opening": "Dear {password},"})
    assert (strange.status_code, set(strange.json()["errors"])) == (400, {"opening"})
    kept = ask(cast.administrator, "PUT", at, words)
    assert kept.status_code == 200, kept.content
    assert (kept.json()["number"], kept.json()["wordings"][0]["opening"]) == (1, words["opening"])
    assert "connector" in {each["name"] for each in kept.json()["variables"]}
    assert ask(cast.administrator, "PUT", at, words).status_code == 409, "somebody was faster"
    assert ask(cast.administrator, "POST", f"{at}restore/", {"number": 0}).json()["number"] == 2
    again = ask(cast.administrator, "POST", f"{at}restore/", {"number": 1}).json()
    assert again["wordings"][0]["opening"] == words["opening"]
    assert ask(cast.administrator, "POST", f"{at}restore/", {"number": 9}).status_code == 404
    assert ask(cast.administrator, "GET", "mail-texts/rollout.sink/").status_code == 404
    row = next(
        each for each in ask(cast.operator, "GET", "mail-texts/").json() if each["event"] == "rollout.halt"
    )
    assert (row["number"], row["is_default"]) == (3, False)
    assert ask(cast.operator, "PUT", at, words).status_code == 403
    assert ask(cast.owner, "GET", "mail-texts/").status_code == 403


@pytest.fixture
def freeze(cast):
    add_regions("north")
    begin = timezone.now() + dt.timedelta(days=200)
    draft = freezes.FreezeDraft(
        name="Year-end", reason="Nobody is at work.", starts_at=begin, ends_at=begin + dt.timedelta(days=5)
    )
    return freezes.create_freeze(draft, actor=cast.operator)[0]


def test_a_freeze_is_changed_while_it_is_not_over(ask, cast, freeze):
    body = {
        "name": "Year-end, longer",
        "reason": "One more week.",
        "starts_at": freeze.starts_at.isoformat(),
        "ends_at": (freeze.ends_at + dt.timedelta(days=7)).isoformat(),
        "regions": ["north"],
    }
    at = f"freezes/{freeze.pk}/change/"
    assert ask(cast.owner, "POST", at, body).status_code == 403
    looked = ask(cast.operator, "POST", "freezes/what-moves/", {**body, "instead_of": str(freeze.pk)})
    assert (looked.status_code, looked.json()) == (200, [])
    assert Freeze.objects.get().name == "Year-end"
    backwards = {**body, "ends_at": (freeze.starts_at - dt.timedelta(days=1)).isoformat()}
    assert ask(cast.operator, "POST", at, backwards).status_code == 400
    changed = ask(cast.operator, "POST", at, body).json()
    assert (changed["name"], changed["regions"]) == ("Year-end, longer", ["north"])
    ask(cast.operator, "POST", f"freezes/{freeze.pk}/cancel/", {"reason": "No."})
    assert ask(cast.operator, "POST", at, body).status_code == 409


def test_a_plan_is_retired_unless_it_is_the_default(ask, cast):
    add_regions("north", "preview-us", preview="preview-us")
    plan = add_plan(cast.operator, "north")
    plan.__class__.objects.filter(pk=plan.pk).update(is_default=True)
    assert ask(cast.operator, "POST", f"plans/{plan.pk}/retire/", {"reason": "Old."}).status_code == 409
    plan.__class__.objects.filter(pk=plan.pk).update(is_default=False)
    assert ask(cast.owner, "POST", f"plans/{plan.pk}/retire/", {"reason": "Old."}).status_code == 404
    assert (
        ask(cast.operator, "POST", f"plans/{plan.pk}/retire/", {"reason": "Old."}).json()["is_retired"]
        is True
    )


def test_a_telemetry_token_is_told_once(ask, cast):
    region = RegionFactory(code="quay")
    assert ask(cast.operator, "POST", "regions/quay/telemetry-token/").status_code == 403
    told = ask(cast.administrator, "POST", "regions/quay/telemetry-token/")
    assert told["Cache-Control"] == "no-store"
    assert Region.objects.get(pk=region.pk).telemetry_digest == fingerprint(told.json()["token"])


def test_a_parked_job_runs_again(ask, cast):
    job = OutboxJob.objects.create(topic="a.b", handler="x", queue="default", state="parked", attempts=12)
    assert ask(cast.reviewer, "GET", "jobs/").status_code == 404
    assert ask(cast.owner, "POST", f"jobs/{job.pk}/run-again/").status_code == 404
    (parked,) = ask(cast.operator, "GET", "jobs/?state=parked").json()["results"]
    assert parked["id"] == job.pk
    assert ask(cast.operator, "POST", f"jobs/{job.pk}/run-again/").json()["state"] == "due"
    assert ask(cast.operator, "POST", f"jobs/{job.pk}/run-again/").status_code == 409
    assert AuditRecord.objects.filter(action="job.run_again").count() == 1


def test_the_next_version_of_the_agreement_is_an_administrators(ask, cast):
    text = {
        "text": "What is given is given, and may be used by everybody. " * 10,
        "must_be_signed_anew": True,
    }
    assert ask(cast.operator, "POST", "agreement-texts/", text).status_code == 403
    assert ask(cast.administrator, "POST", "agreement-texts/", {"text": "Short."}).status_code == 400
    made = ask(cast.administrator, "POST", "agreement-texts/", text)
    assert (made.status_code, made.json()["must_be_signed_anew"]) == (201, True)
    assert ask(cast.administrator, "POST", "agreement-texts/", text).status_code == 400, "word for word"
    assert AgreementText.objects.count() == 1


@pytest.fixture
def message(cast):
    def written(person, **more):
        number = Notification.objects.count()
        return Notification.objects.create(
            recipient=person, address=person.email, event="submission.submit", group="submissions",
            subject="Handed in", body_text="Now.", publisher=cast.publisher, message_id=f"<{number}@portal.test>",
            dedupe_key=str(number), **more,
        )  # fmt: skip

    return written


def test_messages_are_read_at_once_and_sent_again(ask, cast, message):
    failed, theirs = message(cast.owner, state="failed"), message(cast.viewer)
    message(cast.owner)
    assert ask(cast.owner, "POST", "notifications/read-all/").json() == {"count": 2}
    assert ask(cast.owner, "POST", "notifications/read-all/").json() == {"count": 0}
    theirs.refresh_from_db()
    assert theirs.read_at is None
    at = f"notifications/{failed.pk}/send-again/"
    assert ask(cast.stranger, "POST", at).status_code == 404
    assert ask(cast.viewer, "POST", at).status_code == 403, "the team reads it, its reader sends it"
    assert ask(cast.operator, "POST", at).json()["state"] == "queued"
    assert ask(cast.owner, "POST", at).status_code == 400, "it did not fail"


def test_a_claim_asks_the_contact_by_mail_once_an_hour(ask, cast, monkeypatch):
    from tests.architecture.world import _ownership

    class Small:
        objects: dict[str, object] = {}
        operator, owner, reviewing_member, publisher = (
            cast.operator,
            cast.owner,
            cast.developer,
            cast.publisher,
        )

    _ownership(Small)
    claim = Small.objects["claim"]
    at = f"ownership-claims/{claim.pk}/mail/"
    assert ask(cast.stranger, "POST", at).status_code == 404
    assert ask(cast.viewer, "POST", at).status_code == 403
    monkeypatch.setattr(claims, "contact_of", lambda connector: "harbour@old.example")
    assert ask(cast.owner, "POST", at).json()["mail_sent_at"]
    assert ask(cast.owner, "POST", at).status_code == 429
    assert OutboxJob.objects.filter(topic="ownershipclaim.ask").count() == 1
