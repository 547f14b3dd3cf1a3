"""A person lives a whole life in the portal and is erased: their name and address are found nowhere any more."""

from __future__ import annotations

import datetime as dt
import json
import secrets

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.apps import apps
from django.conf import settings as configured
from django.core import mail
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from certification.models import (
    Comment,
    Decision,
    Erasure,
    Notification,
    ReceivedMail,
    Revision,
    WebhookDelivery,
    WebhookEndpoint,
)
from certification.queries.erasures import KEPT
from certification.services import decisions, drafts, erasing, erasures, threads
from certification.services.rollouts import advance_due, hold_rollout, resume_rollout, stop_rollout
from certification.services.submissions import submit
from connectors.models import Invitation, Membership
from connectors.services import publishers
from portal.accounts import feeds
from portal.accounts.models import ApiToken, DeviceSignIn, User
from portal.accounts.services import set_preference
from portal.accounts.tokens import create_token
from portal.shared import audit, outbox
from portal.shared.audit_chain import verify_lines
from portal.shared.erasing import text_columns
from portal.shared.models import AuditRecord, OutboxJob
from portal.shared.outbox import Retry
from tests.factories import ConnectorFactory, UserFactory
from tests.factories.reviews import in_review
from tests.factories.rollouts import scheduled_rollout
from tests.factories.submissions import FORM, ready_draft

pytestmark = pytest.mark.django_db

NAME, ADDRESS, SECOND = "Quilla O'Canaryfish", "quilla.canaryfish@canary.example", "q+old@canary-two.example"
TRACES = ("canaryfish", "canary.example", "canary-two")


def everything() -> dict[str, str]:
    """Every row of every table as text."""
    found = {}
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT row_to_json(t)::text FROM "{table}" t')
            found[table] = "\n".join(row for (row,) in cursor.fetchall())
    assert len(found) > 60
    return found


def traces() -> dict[str, list[str]]:
    """Table -> rows that still tell of the person."""
    return {
        table: hits
        for table, text in everything().items()
        if (hits := [line[:600] for line in text.splitlines() if any(t in line.lower() for t in TRACES)])
    }


@pytest.fixture
def person(cast) -> User:
    made = UserFactory(email=ADDRESS, display_name=NAME, language="de", time_zone="Europe/Oslo")
    EmailAddress.objects.create(user=made, email=ADDRESS, verified=True, primary=True)
    EmailAddress.objects.create(user=made, email=SECOND, verified=True, primary=False)
    return made


def _ways_in(person: User) -> Client:
    browser = Client()
    browser.force_login(person)
    browser.get(reverse("accounts:profile"))
    UserSession.objects.get_or_create(
        session_key=browser.session.session_key, defaults={"user": person, "ip": "192.0.2.9"}
    )
    Authenticator.objects.create(user=person, type="totp", data={"secret": "x"})
    SocialAccount.objects.create(
        user=person, provider="sso", uid=ADDRESS, extra_data={"email": ADDRESS, "name": NAME}
    )
    create_token(
        owner=person, name=f"laptop of {NAME}", scopes=["read"], lifetime=dt.timedelta(days=9),
        publisher_id=None, actor=person,
    )  # fmt: skip
    feeds.make_feed(actor=person)
    set_preference(group="team", delivery="immediate", actor=person)
    return browser


def _in_a_team(cast, person: User) -> None:
    made, _token = publishers.invite(cast.publisher, email=ADDRESS, role="developer", actor=cast.owner)
    publishers.accept_invitation(made, actor=person)
    publishers.invite(cast.publisher, email=SECOND, role="viewer", actor=cast.owner)
    membership = Membership.objects.get(user=person)
    publishers.change_role(membership, role="owner", actor=cast.owner)
    publishers.update_publisher(cast.publisher, values={"support_email": ADDRESS}, actor=person)


def _a_submission(cast, person: User):
    row = ready_draft(person, ConnectorFactory(publisher=cast.publisher))
    contacts = [{**each, "name": NAME, "email": ADDRESS} for each in FORM["contacts"]]
    fields = {
        "contacts": contacts,
        "change_notes": f"{NAME} moved the host of the harbour.",
        "tester_notes": f"Ask {ADDRESS}.",
    }
    drafts.save_draft(row, fields=fields, edit_count=row.edit_count, actor=person)
    row.refresh_from_db()
    submit(row, actor=person)
    outbox.drain()
    row.refresh_from_db()
    assert row.state == "in_review"
    thread = threads.open_thread(row, body=f"Dear {NAME}, write to <{SECOND.upper()}>.", actor=cast.reviewer)
    outbox.drain()
    told = Notification.objects.get(event="comment.add", recipient=person)
    threads.reply(thread, body=f"Yours, {NAME}", actor=person)
    decisions.decide(
        row, verdict="request_changes", reasons=f"As said to {NAME.upper()}.", actor=cast.reviewer,
        digest=row.version.digest,
    )  # fmt: skip
    outbox.drain()
    return row, told


def _what_machines_wrote(cast, person: User, told: Notification) -> None:
    ReceivedMail.objects.create(
        size_bytes=1, outcome="automatic", dedupe_key=secrets.token_hex(32), received_at=timezone.now(),
        sender=f"{NAME} <{ADDRESS}>", notification=told,
    )  # fmt: skip
    endpoint = WebhookEndpoint.objects.create(
        publisher=cast.publisher, url="https://hooks.example/in", description=f"of {NAME}",
        secrets={"current": "x"}, created_by=person,
    )  # fmt: skip
    WebhookDelivery.objects.create(
        endpoint=endpoint, event_type="comment.add", body=json.dumps({"by": NAME, "mail": ADDRESS})
    )
    OutboxJob.objects.create(
        topic="x", handler="x", queue="x", state="parked", payload={"to": ADDRESS, "of": [{"name": NAME}]}
    )


@pytest.fixture
def life(cast, person):
    """Everything a person does here, and everything others say of them."""
    browser = _ways_in(person)
    _in_a_team(cast, person)
    row, told = _a_submission(cast, person)
    rollout = scheduled_rollout(cast, "east")
    advance_due()
    rollout.refresh_from_db()
    hold_rollout(rollout, reason=f"{NAME} ({ADDRESS}) asked for a pause.", actor=cast.operator)
    resume_rollout(rollout, actor=cast.operator)
    stop_rollout(rollout, reason=f"It fails for {NAME}.", actor=person)
    _what_machines_wrote(cast, person, told)
    outbox.drain()
    audit.seal_everything()
    return row, browser


def carried_out(erasure: Erasure) -> Erasure:
    outbox.drain()
    Erasure.objects.filter(pk=erasure.pk).update(due_at=timezone.now())
    assert erasures.start_due() == 1
    for _round in range(5):
        outbox.drain()
        OutboxJob.objects.filter(state="due").update(due_at=timezone.now())
    erasure.refresh_from_db()
    return erasure


def test_a_life_is_full_of_traces_and_afterwards_there_is_none(cast, person, life):
    row, browser = life
    before = traces()
    assert len(before) >= 15, sorted(before)
    head = audit.verify_chain().head
    erasure = carried_out(erasures.ask(person, actor=person))
    assert erasure.state == "done", OutboxJob.objects.filter(state="parked").values("handler", "last_error")
    assert traces() == {}
    person.refresh_from_db()
    assert (person.is_active, person.staff_role, person.has_usable_password()) == (False, "", False)
    assert (person.name, person.language) == ("Former member", "")
    assert browser.get(reverse("accounts:profile")).status_code == 302
    for model in (ApiToken, Authenticator, SocialAccount, UserSession, EmailAddress):
        assert not model.objects.filter(user=person).exists()
    # What was written stays, without the name.
    assert Comment.objects.filter(author=person, body="Yours, former member").exists()
    assert Decision.objects.get(submission=row).reasons == "As said to former member."
    form = Revision.objects.get(submission=row).form
    assert form["contacts"][0]["name"] == "former member"
    cast.publisher.refresh_from_db()
    assert cast.publisher.support_email == ""
    # The trail still verifies, and the head from before is in it.
    report = audit.verify_chain()
    assert report.faults == []
    assert report.erased >= 4
    audit.seal_everything()
    lines = list(audit.export_lines())
    trail = verify_lines(lines, head=head)
    assert trail.faults == []
    assert not any(trace in line.lower() for line in lines for trace in TRACES)


def test_the_last_mail_says_that_it_begins_and_goes_before_the_address_does(cast, person, life):
    mail.outbox.clear()
    carried_out(erasures.ask(person, actor=person))
    to_them = [each for each in mail.outbox if each.to == [ADDRESS]]
    assert [each.subject for each in to_them] == [
        f"Ihr Konto bei {configured.SITE_NAME} soll gelöscht werden",
        # By then nothing is known of them, not even their language.
        f"Your account at {configured.SITE_NAME} is being erased",
    ]


def test_others_keep_their_words_and_whoever_has_a_longer_address_keeps_it(cast, person, life):
    row, _browser = life
    other = threads.open_thread(
        row, body=f"more-{ADDRESS} and {ADDRESS}.au are others, Canaryfishing too.", actor=cast.reviewer
    )
    outbox.drain()
    carried_out(erasures.ask(person, actor=person))
    kept = other.comments.get().body
    assert kept == f"more-{ADDRESS} and {ADDRESS}.au are others, Canaryfishing too."


def test_a_name_goes_only_where_the_person_is_known(cast, person, life):
    """Somebody who calls themselves like a thing takes nothing from the pages of others."""
    stranger = in_review(cast.stranger)
    theirs = threads.open_thread(stranger, body=f"Built by {NAME}.", actor=cast.stranger)
    mailed = threads.open_thread(stranger, body=f"Write to {ADDRESS}.", actor=cast.stranger)
    outbox.drain()
    done = carried_out(erasures.ask(person, actor=person))
    assert theirs.comments.get().body == f"Built by {NAME}."
    assert done.report["left"]["certification.comment"] == 1
    assert NAME not in json.dumps(done.report)
    assert mailed.comments.get().body == f"Write to {erasing.placeholder(person)}."


def test_an_administrator_names_earlier_names_that_go_as_well(cast, person, life):
    row, _browser = life
    thread = threads.open_thread(row, body="Before: Quilla Tern, tern@birds.example", actor=cast.reviewer)
    outbox.drain()
    made = erasures.ask(
        person,
        reason=f"{NAME} wrote to us.",
        also="Quilla Tern\ntern@birds.example\n",
        actor=cast.administrator,
    )
    done = carried_out(made)
    assert thread.comments.get().body == f"Before: former member, {erasing.placeholder(person)}"
    assert (done.words, done.reason) == (None, "former member wrote to us.")
    assert traces() == {}


def test_every_text_column_is_searched_but_those_that_are_kept_for_a_reason(cast, person, life):
    planted = 0
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for model in apps.get_models():
            table = model._meta.db_table
            if model._meta.label_lower in KEPT or model is Erasure:
                continue
            cursor.execute(f'ALTER TABLE "{table}" DISABLE TRIGGER USER')
            for name in text_columns(model):
                column = model._meta.get_field(name)
                longest = getattr(column, "max_length", None)
                if column.get_internal_type() in {"CharField", "TextField"} and not (
                    longest and longest < 65
                ):
                    plant = (
                        f'UPDATE "{table}" SET "{column.column}" = %s || ctid::text '
                        f'WHERE "{column.column}" IS NOT NULL'
                    )
                    try:
                        with transaction.atomic():
                            cursor.execute(plant, [f"{ADDRESS} "])
                    except IntegrityError:
                        # A text that stands in place of something else: only where it stands.
                        cursor.execute(f"{plant} AND \"{column.column}\" <> ''", [f"{ADDRESS} "])
                    planted += cursor.rowcount
            cursor.execute(f'ALTER TABLE "{table}" ENABLE TRIGGER USER')
    assert planted > 200
    OutboxJob.objects.update(handler="x", queue="x", state="done")
    erasure = Erasure.objects.create(
        person=person, requested_by=person, due_at=timezone.now(), words={}, state="running"
    )
    Erasure.objects.filter(pk=erasure.pk).update(state_changed_at=timezone.now() - dt.timedelta(hours=2))
    erasing.carry_out(str(erasure.pk))
    erasure.refresh_from_db()
    assert erasure.state == "done"
    assert {table for table in traces() if table != "shared_auditrecord"} == set()


def test_it_goes_on_where_it_was_ended(cast, person, life, monkeypatch):
    made = erasures.ask(person, actor=person)
    Erasure.objects.filter(pk=made.pk).update(due_at=timezone.now())
    erasures.start_due()
    Erasure.objects.filter(pk=made.pk).update(state_changed_at=timezone.now() - dt.timedelta(hours=2))
    real, seen = erasing._note, []

    def killed(erasure, step):
        if len(seen) == 3:
            raise SystemExit
        seen.append(step)
        real(erasure, step)

    monkeypatch.setattr(erasing, "_note", killed)
    with pytest.raises(SystemExit):
        erasing.carry_out(str(made.pk))
    person.refresh_from_db()
    assert not person.is_active
    monkeypatch.setattr(erasing, "_note", real)
    monkeypatch.setattr(erasing, "SECONDS_A_RUN", 0.0)
    rounds = 0
    while Erasure.objects.get(pk=made.pk).state == "running":
        rounds += 1
        assert rounds < 400
        try:
            erasing.carry_out(str(made.pk))
        except Retry:
            continue
    assert rounds > 3
    assert traces() == {}
    report = Erasure.objects.get(pk=made.pk).report
    assert report["removed"]["account.emailaddress"] == 2
    assert report["changed"]["certification.comment"] == 2
    assert report["left"] == {}, "where the person is known, nothing is"
    erasing.carry_out(str(made.pk))
    assert AuditRecord.objects.filter(action="erasure.finish").count() == 1
    assert audit.verify_chain().faults == []


def test_nothing_is_kept_of_devices_and_invitations(cast, person):
    started = DeviceSignIn.objects.create(
        device_digest="a" * 64, user_digest="b" * 64, name="cli", user=person, days=3,
        agreed_at=timezone.now(), expires_at=timezone.now(),
    )  # fmt: skip
    publishers.invite(cast.publisher, email=ADDRESS, role="viewer", actor=cast.owner)
    carried_out(erasures.ask(person, actor=person))
    assert not DeviceSignIn.objects.filter(pk=started.pk).exists()
    assert not Invitation.objects.filter(email__iexact=ADDRESS).exists()
    assert traces() == {}
