"""From an event to what its message is about: the objects, the facts, the address of the page."""

from __future__ import annotations

from collections.abc import Callable

from django.utils import functional

from certification.models import (
    Appeal,
    Comment,
    Erasure,
    GuestTester,
    Preview,
    ReceivedMail,
    ReviewClaim,
    RuleTreatment,
    Submission,
    TestCredential,
    Waiver,
)
from certification.queries.mail_texts import current_text
from certification.queries.readiness import readiness
from certification.queries.reasons import reason_for_readers
from certification.queries.testers import preview_to_test, products_of
from certification.services import testers
from certification.services.letter_parts import (
    SECRET_MARK,
    Letter,
    NothingToTell,
    about_submission,
    address_of,
    fetch,
)
from certification.services.letters_of_commits import COMMIT_LETTERS
from certification.services.letters_of_ownership import OWNERSHIP_LETTERS
from certification.services.letters_of_rollouts import ROLLOUT_LETTERS
from certification.services.letters_of_webhooks import WEBHOOK_LETTERS
from connectors.models import (
    Connector,
    Invitation,
    Membership,
    Publisher,
)
from connectors.services.publishers import opened_token
from portal.accounts.models import User
from portal.shared.audit import key_of
from portal.shared.models import AuditRecord
from portal.shared.words import lazy as _


def compose(event: str, payload: dict[str, str]) -> Letter:
    """The letter of an event. Raises `NothingToTell`, and `KeyError` for an event nobody described."""
    noun = event.partition(".")[0]
    letter = _BY_NOUN[noun](event, payload)
    letter.text = current_text(event)
    _add_deed(letter)
    if letter.reason:
        letter.facts.append((_("Reason"), letter.reason))
    letter.names.update(
        {
            "publisher": letter.publisher,
            "connector": letter.connector,
            "submission": letter.submission,
            "person": letter.person,
        }
    )
    return letter


def _add_deed(letter: Letter) -> None:
    """Who did it and why, from the audit record of the deed."""
    record = (
        AuditRecord.objects.filter(action=letter.event, object_key=key_of(letter.subject_object))
        .select_related("actor")
        .order_by("-id")
        .first()
    )
    if record is not None:
        letter.actor = record.actor
        letter.reason = reason_for_readers(record.reason, record.actor is None) if record.reason else ""
        letter.names.setdefault("deed", record.data)


_SUBMISSION = ("connector__publisher", "version")


def _submission(event: str, payload: dict[str, str]) -> Letter:
    submission = fetch(Submission, payload, *_SUBMISSION)
    letter = about_submission(Letter(event, submission), submission)
    if event == "submission.push":
        letter.person = User.objects.filter(pk=payload["user_id"]).first()
        letter.url = address_of("submission_edit", submission.pk)
        letter.names["missing"] = [blocker.text for blocker in readiness(submission)]
    if event == "submission.fail_validation":
        letter.url = address_of("finding_list", submission.pk)
    if submission.version:
        letter.facts.append((_("Package"), submission.version.digest[:12]))
    if event in {"submission.request_changes", "submission.reject"}:
        decision = submission.decisions.order_by("-created_at").first()
        if decision:
            letter.facts.append((_("What the reviewer wrote"), decision.reasons))
    return letter


def _connector(event: str, payload: dict[str, str]) -> Letter:
    connector = fetch(Connector, payload, "publisher", "contact")
    if event == "connector.assign_contact" and connector.contact is None:
        raise NothingToTell
    return Letter(
        event,
        connector,
        publisher=connector.publisher,
        connector=connector,
        person=connector.contact,
        url=address_of("connector_detail", connector.pk),
        facts=[(_("Connector"), connector.name), (_("Publisher"), connector.publisher.name)],
    )


def _invitation(event: str, payload: dict[str, str]) -> Letter:
    invitation = fetch(Invitation, payload, "publisher", "invited_by")
    letter = Letter(event, invitation, publisher=invitation.publisher, names={"invitation": invitation})
    letter.facts = [(_("Team"), invitation.publisher.name), (_("Role"), invitation.get_role_display())]
    if event == "invitation.invite":
        if invitation.state != "open":
            raise NothingToTell
        letter.address = invitation.email
        letter.person = User.objects.filter(email__iexact=invitation.email).first()
        letter.url = address_of("invitation_open", SECRET_MARK)
        letter.secret = opened_token(payload["sealed"])
        letter.is_private = True
        letter.facts.append((_("Valid until"), invitation.expires_at))
    else:
        letter.url = address_of("publisher_detail", invitation.publisher.slug)
    return letter


def _membership(event: str, payload: dict[str, str]) -> Letter:
    """The payload names the team: the membership itself may be gone."""
    publisher = fetch(Publisher, payload)
    person = User.objects.filter(pk=payload["user_id"]).first()
    if person is None:
        raise NothingToTell
    membership = Membership.objects.filter(publisher=publisher, user=person).first()
    letter = Letter(event, membership or publisher, publisher=publisher, person=person)
    letter.names["new_role"] = membership.get_role_display().lower() if membership else ""
    letter.url = address_of("publisher_detail", publisher.slug) if membership else address_of("home")
    letter.facts = [(_("Team"), publisher.name)]
    return letter


def _publisher(event: str, payload: dict[str, str]) -> Letter:
    publisher = fetch(Publisher, payload)
    return Letter(event, publisher, publisher=publisher, url=address_of("publisher_detail", publisher.slug))


def _comment(event: str, payload: dict[str, str]) -> Letter:
    comment = fetch(Comment, payload, "author", "thread__submission__connector__publisher")
    thread = comment.thread
    letter = about_submission(Letter(event, comment, is_private=thread.is_private), thread.submission)
    if comment.author is None:
        # Strangers' words at a pull request mail nobody.
        raise NothingToTell
    letter.actor = comment.author
    letter.names.update(comment=comment, thread=thread, place=thread.pointer or thread.file or "general")
    letter.url = address_of("thread_detail", thread.pk)
    return letter


def _receivedmail(event: str, payload: dict[str, str]) -> Letter:
    """To whoever answered a mail of ours, at the address that the portal knows."""
    received = fetch(
        ReceivedMail, payload, "notification__recipient", "notification__submission__connector__publisher"
    )
    message = received.notification
    if message is None or message.recipient is None or message.submission is None:
        raise NothingToTell
    letter = Letter(event, received, person=message.recipient, is_private=True)
    letter.names["received"] = received
    if message.thread_id:
        letter.url = address_of("thread_detail", message.thread_id)
    return about_submission(letter, message.submission)


def _waiver(event: str, payload: dict[str, str]) -> Letter:
    waiver = fetch(Waiver, payload, "requested_by", "submission__connector__publisher", "submission__version")
    letter = about_submission(Letter(event, waiver), waiver.submission)
    letter.url = address_of("waiver_detail", waiver.pk)
    letter.facts += [(_("Rule"), waiver.rule), (_("Why it is asked for"), waiver.reason)]
    letter.names["waiver"] = waiver
    return letter


def _appeal(event: str, payload: dict[str, str]) -> Letter:
    found = fetch(Appeal, payload, "successor", "decision__submission__connector__publisher")
    submission = found.decision.submission
    letter = about_submission(Letter(event, found), submission)
    letter.url = address_of("appeal_detail", found.pk)
    if found.successor_id:
        letter.url = address_of("submission_detail", found.successor_id)
    letter.facts.append((_("Answer due"), found.due_at))
    letter.names["appeal"] = found
    return letter


def _ruletreatment(event: str, payload: dict[str, str]) -> Letter:
    found = fetch(RuleTreatment, payload, "requested_by")
    letter = Letter(event, found, person=found.requested_by, url=address_of("treatment_detail", found.pk))
    letter.names["treatment"] = found
    letter.facts = [
        (_("Rule"), found.rule),
        (_("Treated as"), found.get_treatment_display()),
        (_("For"), found.scope or _("everybody")),
        (_("From"), found.starts_at),
        (_("What was answered"), found.decision_reason),
    ]
    return letter


def _claim(event: str, payload: dict[str, str]) -> Letter:
    claim = fetch(ReviewClaim, payload, "reviewer", "submission__connector__publisher", "submission__version")
    letter = about_submission(Letter(event, claim, person=claim.reviewer, is_private=True), claim.submission)
    letter.url = address_of("review_detail", claim.submission_id)
    if claim.handover_note:
        letter.facts.append((_("Note"), claim.handover_note))
    return letter


def _credential(event: str, payload: dict[str, str]) -> Letter:
    credential = fetch(TestCredential, payload, "submission__connector__publisher", "submission__version")
    letter = about_submission(Letter(event, credential), credential.submission)
    letter.names["credential"] = credential
    if event == "credential.fail":
        letter.url = address_of("credential_list", credential.submission_id)
        test = credential.tests.order_by("-at").first()
        if test is not None:
            letter.facts += [(_("Credential"), credential.purpose), (_("What came back"), test.message)]
    return letter


def _preview(event: str, payload: dict[str, str]) -> Letter:
    preview = fetch(Preview, payload, "region", "version", "submission__connector__publisher")
    letter = about_submission(Letter(event, preview), preview.submission)
    letter.names.update(preview=preview, version=preview.version)
    letter.url = address_of("preview_detail", preview.pk)
    letter.facts.append((_("Region"), preview.region.name))
    if preview.deadline_at and preview.state in {"testing", "deploying"}:
        letter.facts.append((_("Deadline"), preview.deadline_at))
    if preview.reasons:
        letter.facts.append((_("What the tester wrote"), preview.reasons))
    return letter


def _joined(names: list[str]) -> str:
    return ", ".join(str(name) for name in names)


# Names are translated for each reader, so they are joined as late.
_listed = functional.lazy(_joined, str)


def _guesttester(event: str, payload: dict[str, str]) -> Letter:
    tester = fetch(GuestTester, payload, "user", "invited_by", "submission__connector__publisher")
    submission = tester.submission
    names = {"tester": tester, "guest_of": submission.connector.name}
    products = _listed([product.name for product in products_of(tester)])
    if event == "guesttester.accept":
        letter = about_submission(Letter(event, tester, names=names), submission)
        preview = preview_to_test(submission)
        if preview is not None:
            letter.url = address_of("preview_detail", preview.pk) + "#guests"
        letter.facts += [
            (_("Guest"), tester.email),
            (_("Products"), products),
            (_("May test until"), tester.expires_at),
        ]
        return letter
    # Written to somebody outside: nothing of the submission goes along.
    letter = Letter(event, tester, publisher=submission.publisher, names=names, is_private=True)
    letter.address = tester.email
    letter.person = tester.user or User.objects.filter(email__iexact=tester.email).first()
    letter.facts = [(_("Connector"), submission.connector.name), (_("From"), submission.publisher.name)]
    if event == "guesttester.revoke":
        letter.url = address_of("tester_home")
        return letter
    if tester.state != "invited":
        raise NothingToTell
    letter.url, letter.secret = (
        address_of("tester_open", SECRET_MARK),
        testers.opened_token(payload["sealed"]),
    )
    letter.facts += [
        (_("To be tested in"), products),
        (_("Until"), tester.expires_at),
        (_("A word of the team"), tester.note),
    ]
    return letter


def _erasure(event: str, payload: dict[str, str]) -> Letter:
    """The last one goes to an address that is kept for it alone: the account is nobody's by then."""
    erasure = fetch(Erasure, payload, "person")
    letter = Letter(event, erasure, is_private=True, url=address_of("home"), names={"erasure": erasure})
    if event == "erasure.start":
        letter.address = (erasure.words or {}).get("addresses", [erasure.person.email])[0]
        return letter
    letter.person = erasure.person
    if event == "erasure.ask":
        letter.url = address_of("erasure")
        letter.facts = [(_("Carried out"), erasure.due_at)]
    return letter


_BY_NOUN: dict[str, Callable[[str, dict[str, str]], Letter]] = {
    **ROLLOUT_LETTERS,
    **OWNERSHIP_LETTERS,
    **WEBHOOK_LETTERS,
    **COMMIT_LETTERS,
    "submission": _submission,
    "connector": _connector,
    "guesttester": _guesttester,
    "invitation": _invitation,
    "membership": _membership,
    "publisher": _publisher,
    "comment": _comment,
    "receivedmail": _receivedmail,
    "waiver": _waiver,
    "appeal": _appeal,
    "claim": _claim,
    "erasure": _erasure,
    "ruletreatment": _ruletreatment,
    "credential": _credential,
    "preview": _preview,
}
