"""Answers that act: whole words, by the person the mail went to, about what it spoke of."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.core import mail

from certification.inbound.deeds import Deed, deed_on_draft, deed_on_preview
from certification.lifecycle import PREVIEW, SUBMISSION
from certification.models import Notification, Preview, ReceivedMail, Submission
from certification.rules.examples.base import DEFINITION, PROPERTIES, README
from certification.services import pushes, received_mail
from certification.services.clock import database_now
from certification.services.reply_addresses import reply_address
from connectors.definitions.names import Role
from connectors.services.versions import load_package
from portal.shared import outbox
from portal.shared.actors import SYSTEM
from portal.shared.transitions import transition
from tests.certification.test_received_mail import DOMAIN, answer, take
from tests.factories import RegionFactory
from tests.factories.submissions import submission_in

FREE = {name: value for name, value in DEFINITION.items() if name not in ("security", "securityDefinitions")}
INDEPENDENT = {"iconBrandColor": "#da3b01", "publisher": "Quay Volunteers", "connectionParameters": {}}
OPEN = {"properties": {**PROPERTIES["properties"], **INDEPENDENT}}


@pytest.fixture
def acting(settings):
    settings.REPLY_DOMAIN, settings.REPLY_DEEDS = DOMAIN, True


@pytest.fixture
def preview(db, cast, acting, drain_outbox) -> Preview:
    submission = submission_in("preview_testing", cast.owner)
    made = Preview.objects.create(
        submission=submission,
        revision=submission.revision,
        version=submission.revision.version,
        region=RegionFactory(code="preview-us", is_preview=True),
    )
    transition(PREVIEW, made, "open", actor=SYSTEM, changes={"opened_at": database_now()})
    drain_outbox()
    mail.outbox.clear()
    return made


def told(person, event: str) -> Notification:
    return Notification.objects.filter(event=event, recipient=person).order_by("queued_at").last()


@pytest.mark.parametrize(
    ("text", "deed", "rest"),
    [
        ("Sign off", Deed.SIGN_OFF, ""),
        ("  SIGN-OFF.\n\nWorks well.\n", Deed.SIGN_OFF, "Works well."),
        ("signoff untested!", Deed.SIGN_OFF, ""),
        ("Refuse\nListTides is empty.", Deed.REFUSE, "ListTides is empty."),
        ("Sign off? Not yet.", None, ""),
        ("We will sign off", None, ""),
        ("Please\nsign off", None, ""),
        ("", None, ""),
    ],
)
def test_only_a_whole_first_line_is_a_word_on_a_preview(text, deed, rest):
    asked = deed_on_preview(text)
    assert (asked.deed if asked else None) == deed
    if asked:
        assert asked.text == rest
        assert asked.knows_untested == ("untested" in text)


def test_the_form_is_filled_by_names_and_handed_in_by_the_last_line():
    asked = deed_on_draft(
        "Tester notes: Harbour 17.\nAlways has data.\n\nIntroduction:\n# Tides\n\nAll.\n\nHand in."
    )
    assert asked.deed == Deed.HAND_IN
    assert asked.fields == {"tester_notes": "Harbour 17.\nAlways has data.", "intro": "# Tides\n\nAll."}
    assert deed_on_draft("categories: Data").fields == {"categories": "Data"}
    assert deed_on_draft("Hand in").deed == Deed.HAND_IN
    for words in ("Hand in?", "Should I hand in\nnow?", "Hello,\nTester notes: x", "Hello\nhand in", ""):
        assert deed_on_draft(words) is None, words


def test_a_preview_is_signed_off_by_an_answer_and_the_writer_gets_a_receipt(cast, preview, drain_outbox):
    message = told(cast.tester, "preview.open")
    assert "sign off" in message.body_text
    assert "sign off" in message.body_html
    short = take(message, answer(message, "Sign off\n"))
    assert short.outcome == "unusable", "operations lack runs"
    drain_outbox()
    assert "fewer than" in mail.outbox[-1].body
    made = take(
        message,
        answer(message, "Sign off untested\n\nWorks; the key is ghp_a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8\n"),
    )
    assert made.outcome == "done"
    preview.refresh_from_db()
    assert (preview.state, preview.decided_by) == ("signed_off", cast.tester)
    assert preview.reasons.startswith("Works; the key is")
    assert "ghp_" not in preview.reasons
    assert preview.untested
    mail.outbox.clear()
    drain_outbox()
    assert [cast.tester.email] in [each.to for each in mail.outbox]
    again = take(message, answer(message, "Sign off untested", Message_ID="<again@client.test>"))
    assert again.outcome == "closed"


def test_a_refusal_needs_its_reasons_and_words_become_a_comment(cast, preview):
    message = told(cast.owner, "preview.open")
    assert take(message, answer(message, "Refuse")).outcome == "unusable"
    commented = take(message, answer(message, "Refuse it? I would rather wait."))
    assert (commented.outcome, commented.comment.body) == ("comment", "Refuse it? I would rather wait.")
    assert take(message, answer(message, "Refuse\n\nListTides is empty.")).outcome == "done"
    preview.refresh_from_db()
    assert (preview.state, preview.reasons) == ("refused", "ListTides is empty.")


def test_who_got_it_forwarded_who_has_no_right_and_machines_sign_nothing_off(cast, preview):
    message = told(cast.tester, "preview.open")
    word = "Sign off untested"
    assert take(message, answer(message, word, sender=cast.owner.email)).outcome == "stranger"
    assert (
        take(message, answer(message, word, Message_ID="<a@x>", Auto_Submitted="auto-replied")).outcome
        == "automatic"
    )
    quoted = "Look at this.\n\nOn Fri, 27 Nov 2026 at 10:00, Portal <portal@portal.test> wrote:\n> sign off untested\n"
    assert take(message, answer(message, quoted)).outcome == "comment"
    viewer = told(cast.viewer, "preview.open")
    assert take(viewer, answer(viewer, word, Message_ID="<v@x>")).outcome == "forbidden"
    cast.tester.memberships.all().delete()
    assert take(message, answer(message, word, Message_ID="<left@x>")).outcome == "forbidden"
    preview.refresh_from_db()
    assert preview.state == "testing"


def test_a_mail_about_an_earlier_preview_is_no_word_on_this_one(cast, preview):
    message = told(cast.owner, "preview.open")
    Preview.objects.filter(pk=preview.pk).update(opened_at=message.queued_at + timedelta(seconds=1))
    assert take(message, answer(message, "Sign off untested")).outcome == "closed"
    preview.refresh_from_db()
    assert preview.state == "testing"


def test_where_answers_may_not_act_they_have_no_address_and_do_nothing(cast, preview, settings):
    message = told(cast.owner, "preview.open")
    address = reply_address(message)
    settings.REPLY_DEEDS = False
    assert reply_address(message) == ""
    settings.REPLY_DEEDS = True
    raw = answer(message, "Sign off untested")
    settings.REPLY_DEEDS = False
    assert received_mail.receive(raw, recipient=address).outcome == "comment"
    preview.refresh_from_db()
    assert preview.state == "testing"


@pytest.fixture
def pushed(db, cast, acting, drain_outbox) -> Submission:
    """A first draft as the publishers' client makes it: two documents, and no page seen."""
    cast.publisher.kind = "independent"
    cast.publisher.save()
    documents = {Role.DEFINITION: FREE, Role.PROPERTIES: OPEN}
    made = pushes.push_new(cast.publisher, name="Harbour Tides", documents=documents, actor=cast.developer)
    drain_outbox()
    return made.submission


FORM = f"Tester notes: Harbour 17 always has data.\n\nIntroduction: {README}"


def test_a_pushed_draft_is_filled_in_and_handed_in_by_answers(cast, pushed, drain_outbox):
    message = told(cast.developer, "submission.push")
    assert "Tell testers what they need" in message.body_text
    assert "hand in" in message.body_text
    assert not told(cast.owner, "submission.push"), "whoever pushed is told"
    blocked = take(message, answer(message, "Hand in"))
    assert blocked.outcome == "closed"
    assert "Tell testers what they need" in blocked.detail

    assert take(message, answer(message, FORM)).outcome == "done"
    pushed.refresh_from_db()
    assert pushed.tester_notes == "Harbour 17 always has data."
    held = {name: file.content for name, file in load_package(pushed.version).files.items()}
    assert held["intro.md"].decode().strip() == pushed.intro.strip()
    assert json.loads(held["apiDefinition.swagger.json"]) == FREE
    drain_outbox()
    old = take(message, answer(message, "Hand in", Message_ID="<late@client.test>"))
    assert (old.outcome, "another package" in old.detail) == ("closed", True)

    newer = told(cast.developer, "submission.push")
    assert newer != message
    handed = take(newer, answer(newer, "hand in", Message_ID="<now@client.test>"))
    assert handed.outcome == "done", handed.detail
    pushed.refresh_from_db()
    assert pushed.state == "submitted"


def test_what_was_filled_in_stays_when_it_cannot_be_handed_in_yet(cast, pushed, drain_outbox):
    message = told(cast.developer, "submission.push")
    take(message, answer(message, "Tester notes: Harbour 17.\nHand in"))
    pushed.refresh_from_db()
    assert (pushed.state, pushed.tester_notes) == ("draft", "Harbour 17.")
    drain_outbox()
    assert "introduction" in told(cast.developer, "submission.push").body_text.lower()


def test_a_form_that_was_handed_in_meanwhile_is_not_changed(cast, pushed):
    message = told(cast.developer, "submission.push")
    take(message, answer(message, f"{FORM}\nHand in"))
    pushed.refresh_from_db()
    assert pushed.state == "submitted"
    late = take(message, answer(message, "Tester notes: Another.", Message_ID="<x@client.test>"))
    assert late.outcome == "closed"
    assert SUBMISSION.can("withdraw", pushed.state)
    assert ReceivedMail.objects.filter(outcome="done").count() == 1
    outbox.drain()
