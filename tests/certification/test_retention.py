"""Retention: what is over goes after its days, in batches; what is needed stays, however old."""

from __future__ import annotations

import datetime as dt
import os
import secrets
import subprocess
import sys
import uuid
from io import StringIO

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.utils import timezone

from certification.models import (
    Notification,
    PullRequest,
    ReceivedMail,
    RetentionRun,
    ReviewMirror,
    WebhookDelivery,
    WebhookEndpoint,
)
from certification.services import retention
from connectors.models import Invitation, Repository, RepositoryDelivery, ResumableUpload
from portal.accounts.models import ApiToken, DeviceSignIn
from portal.shared.models import AuditRecord, IdempotencyRecord, OutboxJob
from tests.factories import ConnectorFactory
from tests.factories.rollouts import add_submission

pytestmark = pytest.mark.django_db


def ago(days: float) -> dt.datetime:
    return timezone.now() - dt.timedelta(days=days)


def message(cast, days: float, **more) -> Notification:
    given = {
        "recipient": cast.owner, "address": cast.owner.email, "event": "x", "group": "x", "subject": "x",
        "body_text": "words", "state": "sent", "message_id": secrets.token_hex(8),
        "dedupe_key": secrets.token_hex(8), "queued_at": ago(days),
    }  # fmt: skip
    return Notification.objects.create(**given | more)


def invitation(cast, **more) -> Invitation:
    given = {
        "publisher": cast.publisher, "email": f"{secrets.token_hex(4)}@guests.example", "role": "viewer",
        "token_digest": secrets.token_hex(32), "invited_by": cast.owner, "expires_at": ago(-7),
    }  # fmt: skip
    return Invitation.objects.create(**given | more)


def token(cast, **more) -> ApiToken:
    given = {"user": cast.owner, "name": "ci", "prefix": "p", "digest": secrets.token_hex(32)}
    return ApiToken.objects.create(**{**given, "expires_at": ago(-30), **more})


def sign_in_of_program(days: float) -> DeviceSignIn:
    digests = {name: secrets.token_hex(32) for name in ("device_digest", "user_digest")}
    return DeviceSignIn.objects.create(name="cli", expires_at=ago(days), **digests)


def session(days: float) -> Session:
    return Session.objects.create(session_key=secrets.token_hex(16), session_data="", expire_date=ago(days))


def session_note(cast, days: float, key: str = "") -> UserSession:
    made = UserSession.objects.create(
        user=cast.owner, ip="192.0.2.7", user_agent="x", session_key=key or secrets.token_hex(16)
    )
    UserSession.objects.filter(pk=made.pk).update(last_seen_at=ago(days))
    return made


def webhook_message(cast, days: float, **more) -> WebhookDelivery:
    endpoint, _is_new = WebhookEndpoint.objects.get_or_create(
        publisher=cast.publisher, url="https://hooks.example/in", defaults={"secrets": {"current": "x"}}
    )
    made = WebhookDelivery.objects.create(endpoint=endpoint, event_type="x", body="{}", **more)
    WebhookDelivery.objects.filter(pk=made.pk).update(created_at=ago(days))
    return made


def received(days: float) -> ReceivedMail:
    return ReceivedMail.objects.create(
        size_bytes=1, outcome="automatic", dedupe_key=secrets.token_hex(32), received_at=ago(days)
    )


def repository_message(cast, days: float) -> RepositoryDelivery:
    address = "https://git.harbour.example/all.git"
    repository, _new = Repository.objects.get_or_create(publisher=cast.publisher, address=address)
    return RepositoryDelivery.objects.create(
        repository=repository, delivery_id=secrets.token_hex(8), digest=secrets.token_hex(32), event="push",
        outcome="x", received_at=ago(days),
    )  # fmt: skip


def job(days: float, state: str = "done") -> OutboxJob:
    return OutboxJob.objects.create(
        topic="x", handler="x", queue="x", state=state, due_at=ago(days), finished_at=ago(days)
    )


def pieces(cast, days: float) -> ResumableUpload:
    """An upload in pieces that expired so many days ago."""
    connector = ConnectorFactory(publisher=cast.publisher)
    return ResumableUpload.objects.create(
        connector=connector, user=cast.developer, filename="tides.zip", size_bytes=9, expires_at=ago(days)
    )


def repetition(cast, days: float) -> IdempotencyRecord:
    given = {"caller": cast.owner, "key": secrets.token_hex(8), "fingerprint": "x", "created_at": ago(days)}
    return IdempotencyRecord.objects.create(**given)


def pull_request(cast, days: float, *, state: str = "merged", mirrored_by: str = "") -> PullRequest:
    """One that was closed so many days ago; threads of a submission in that state stand at it."""
    address = "https://git.harbour.example/all.git"
    repository, _new = Repository.objects.get_or_create(publisher=cast.publisher, address=address)
    made = PullRequest.objects.create(
        repository=repository, ref=f"refs/pull/{secrets.randbelow(2**31)}/head", base="dev", head_sha="a" * 40,
        state=state, closed_at=None if state == "open" else ago(days), seen_at=ago(days),
    )  # fmt: skip
    if mirrored_by:
        submission = add_submission(cast, state=mirrored_by)
        ReviewMirror.objects.create(pull_request=made, submission=submission)
    return made


CASES = {
    "sessions": (lambda cast: session(2), lambda cast: session(0.5)),
    "session_notes": (
        lambda cast: session_note(cast, 91),
        lambda cast: [session_note(cast, 89), session_note(cast, 400, session(-1).session_key)],
    ),
    "invitations": (
        lambda cast: [
            invitation(cast, state="declined", state_changed_at=ago(181)),
            invitation(cast, expires_at=ago(181)),
        ],
        lambda cast: [
            invitation(cast),
            invitation(cast, state="accepted", state_changed_at=ago(179), expires_at=ago(200)),
        ],
    ),
    "tokens": (
        lambda cast: [token(cast, expires_at=ago(366)), token(cast, revoked_at=ago(366))],
        lambda cast: [token(cast), token(cast, revoked_at=ago(364))],
    ),
    "sign_ins": (lambda cast: sign_in_of_program(2), lambda cast: sign_in_of_program(-0.01)),
    "pieces": (lambda cast: pieces(cast, 0.01), lambda cast: pieces(cast, -1)),
    "repetitions": (lambda cast: repetition(cast, 3), lambda cast: repetition(cast, 1)),
    "messages": (
        lambda cast: [
            message(cast, 731),
            message(cast, 731, submission=add_submission(cast, state="withdrawn")),
        ],
        lambda cast: [
            message(cast, 729),
            message(cast, 2000, state="queued"),
            message(cast, 2000, state="digest"),
            message(cast, 2000, submission=add_submission(cast, state="in_review")),
        ],
    ),
    "received_mail": (lambda cast: received(91), lambda cast: received(89)),
    "webhook_messages": (
        lambda cast: webhook_message(cast, 31, state="delivered"),
        lambda cast: [
            webhook_message(cast, 29, state="failed"),
            webhook_message(cast, 31, state="waiting", next_attempt_at=ago(-1)),
        ],
    ),
    "repository_messages": (
        lambda cast: repository_message(cast, 31),
        lambda cast: repository_message(cast, 29),
    ),
    "pull_requests": (
        lambda cast: [pull_request(cast, 366), pull_request(cast, 366, mirrored_by="withdrawn")],
        lambda cast: [
            pull_request(cast, 364, state="closed"),
            pull_request(cast, 2000, state="open"),
            pull_request(cast, 366, mirrored_by="in_review"),
        ],
    ),
    "jobs": (lambda cast: job(8), lambda cast: [job(6), job(60, state="parked")]),
}


def rows(made) -> list:
    return made if isinstance(made, list) else [made]


def test_every_rule_is_tried_here():
    assert set(CASES) | {"mirrors", "unfinished_files"} == {rule.key for rule in retention.RULES}


@pytest.mark.parametrize("key", CASES)
def test_what_is_over_goes_and_what_is_needed_stays(cast, key):
    make_old, make_needed = CASES[key]
    old, needed = rows(make_old(cast)), rows(make_needed(cast))
    assert retention.count_overdue()[key] == len(old)
    assert retention.keep_to_rules()[key] == len(old)
    for row in old:
        assert not type(row).objects.filter(pk=row.pk).exists()
    for row in needed:
        assert type(row).objects.filter(pk=row.pk).exists()
    run = RetentionRun.objects.get(pk=key)
    assert (run.deleted, run.deleted_in_all) == (len(old), len(old))
    assert retention.keep_to_rules()[key] == 0
    run.refresh_from_db()
    assert (run.deleted, run.deleted_in_all) == (0, len(old))


def test_it_deletes_in_batches_and_leaves_the_rest_to_the_next_run(cast):
    for _round in range(5):
        job(8)
    assert retention.keep_to_rules(batch=2, batches=2)["jobs"] == 4
    assert retention.keep_to_rules(batch=2, batches=2)["jobs"] == 1


def test_days_are_settings_and_the_audit_trail_stays(cast, settings):
    settings.KEEP_MESSAGES_DAYS = 10
    message(cast, 11)
    before = AuditRecord.objects.count()
    assert retention.keep_to_rules()["messages"] == 1
    assert AuditRecord.objects.count() == before


def test_a_rule_that_fails_does_not_keep_the_others_from_running(cast, settings):
    settings.KEEP_INVITATIONS_DAYS = "no number"
    job(8)
    done = retention.keep_to_rules()
    assert done["jobs"] == 1
    assert "invitations" not in done


@pytest.fixture
def mirrors(cast, settings, tmp_path):
    """Two mirrors whose repository is gone, one of them just read, and one that is still bound."""
    settings.REPOSITORY_ROOT = tmp_path / "mirrors"
    kept = Repository.objects.create(publisher=cast.publisher, address="https://git.harbour.example/kept.git")
    made = {"kept": str(kept.pk), "old": str(uuid.uuid4()), "fresh": str(uuid.uuid4())}
    for name, folder in made.items():
        (tmp_path / "mirrors" / folder / "objects").mkdir(parents=True)
        (tmp_path / "mirrors" / folder / "portal.lock").touch()
        for place in (tmp_path / "mirrors" / folder / "portal.lock", tmp_path / "mirrors" / folder):
            if name != "fresh":
                os.utime(place, (ago(3).timestamp(),) * 2)
    (tmp_path / "mirrors" / "lost+found").mkdir()
    return {name: tmp_path / "mirrors" / folder for name, folder in made.items()}


def test_what_a_killed_process_wrote_halfway_goes_after_a_day(settings, tmp_path):
    settings.PACKAGE_ROOT = tmp_path
    (tmp_path / "ab").mkdir()
    for name, days in (("old", 2), ("fresh", 0)):
        (tmp_path / "ab" / f".incoming-{name}").touch()
        os.utime(tmp_path / "ab" / f".incoming-{name}", (ago(days).timestamp(),) * 2)
    assert retention.count_overdue()["unfinished_files"] == 1
    assert retention.keep_to_rules()["unfinished_files"] == 1
    assert [path.name for path in (tmp_path / "ab").iterdir()] == [".incoming-fresh"]


def test_mirrors_without_a_repository_go_and_others_stay(mirrors):
    assert retention.count_overdue()["mirrors"] == 1
    assert retention.keep_to_rules()["mirrors"] == 1
    assert [name for name, folder in mirrors.items() if folder.exists()] == ["kept", "fresh"]
    assert (mirrors["kept"].parent / "lost+found").exists()
    assert retention.keep_to_rules()["mirrors"] == 0
    assert RetentionRun.objects.get(pk="mirrors").deleted_in_all == 1


def test_a_mirror_that_is_being_read_stays_until_the_reader_is_gone(mirrors):
    hold = (
        "import fcntl, sys; held = open(sys.argv[1]); fcntl.flock(held, fcntl.LOCK_EX); "
        "print('held', flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", hold, str(mirrors["old"] / "portal.lock")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with holder:
        assert holder.stdout.readline() == b"held\n"
        assert retention.keep_to_rules()["mirrors"] == 0
        assert mirrors["old"].exists()
    assert retention.keep_to_rules()["mirrors"] == 1


def test_a_lock_that_leads_elsewhere_is_not_followed(mirrors, tmp_path):
    (tmp_path / "elsewhere").write_text("of somebody else")
    (mirrors["old"] / "portal.lock").unlink()
    (mirrors["old"] / "portal.lock").symlink_to(tmp_path / "elsewhere")
    os.utime(tmp_path / "elsewhere", (ago(3).timestamp(),) * 2)
    os.utime(mirrors["old"], (ago(3).timestamp(),) * 2)
    assert retention.keep_to_rules()["mirrors"] == 0
    assert (tmp_path / "elsewhere").read_text() == "of somebody else"


def said(*arguments: str) -> str:
    out = StringIO()
    call_command("retention", *arguments, stdout=out)
    return out.getvalue()


def test_the_command_counts_before_it_deletes(cast):
    job(8)
    text = said("--dry-run")
    assert "Nothing was deleted." in text
    assert OutboxJob.objects.count() == 1
    (line,) = [line.split() for line in text.splitlines() if line.startswith("jobs")]
    assert line == ["jobs", "7", "1", "-"]
    assert "deleted" in said()
    assert not OutboxJob.objects.exists()


def test_administrators_see_rules_and_last_runs_and_nobody_else_does(
    cast, sign_in, django_assert_max_num_queries
):
    job(8)
    retention.keep_to_rules()
    browser = sign_in(cast.administrator)
    # The first request of a session writes down where it came from.
    browser.get("/operations/retention/")
    with django_assert_max_num_queries(8):
        page = browser.get("/operations/retention/").content.decode()
    assert "KEEP_MESSAGES_DAYS" in page
    assert "Jobs that are done" in page
    assert sign_in(cast.operator).get("/operations/retention/").status_code == 404
