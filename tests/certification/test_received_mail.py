"""Answers by mail become comments; what is no answer leaves a record and nothing else."""

from __future__ import annotations

import hashlib
import hmac
import smtplib
import socket
import time
from datetime import timedelta
from email.message import EmailMessage

import pytest
import time_machine
from django.core import mail
from django.urls import reverse
from django.utils import timezone

from certification.inbound.quotes import without_quotes
from certification.lifecycle import SUBMISSION
from certification.models import Comment, Notification, ReceivedMail, Submission, Thread
from certification.services import decisions, received_mail, retention, threads
from certification.services.mail_server import MailServer
from certification.services.reply_addresses import NotOurs, bounce_address, reply_address
from portal.shared.actors import SYSTEM
from portal.shared.transitions import transition
from tests.conftest import Cast
from tests.factories.reviews import in_review

DOMAIN = "reply.portal.test"
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def domain(settings) -> None:
    settings.REPLY_DOMAIN = DOMAIN


def asked(cast: Cast, drain_outbox) -> tuple[Thread, Notification]:
    """A reviewer's question, and the mail about it to the team's developer."""
    thread = threads.open_thread(in_review(cast.owner), body="Which harbour?", actor=cast.reviewer)
    drain_outbox()
    return thread, Notification.objects.get(event="comment.add", recipient=cast.developer)


def answer(
    message: Notification,
    text: str = "The old one.",
    *,
    sender: str = "",
    kind: str = "plain",
    **headers: str,
) -> bytes:
    made = EmailMessage()
    made["From"] = sender or f"Dev <{message.address}>"
    made["To"] = reply_address(message)
    made["Subject"] = headers.pop("Subject", f"Re: {message.subject}")
    made["Message-ID"] = headers.pop(
        "Message_ID", f"<{hashlib.sha256(text.encode()).hexdigest()}@client.test>"
    )
    for name, value in headers.items():
        made[name.replace("_", "-")] = value
    made.set_content(text, subtype=kind)
    return made.as_bytes()


def take(message: Notification, raw: bytes, **more: object) -> ReceivedMail | None:
    return received_mail.receive(raw, recipient=reply_address(message), **more)  # type: ignore[arg-type]


def test_mails_about_a_comment_say_where_to_answer(cast: Cast, drain_outbox) -> None:
    _thread, message = asked(cast, drain_outbox)
    sent = next(each for each in mail.outbox if each.to == [cast.developer.email])
    assert sent.extra_headers["Reply-To"] == reply_address(message)
    assert sent.from_email == bounce_address(message)
    assert sent.message()["From"] != sent.from_email
    assert len(reply_address(message).partition("@")[0]) <= 64


def test_without_a_domain_nothing_changes(cast: Cast, drain_outbox, settings) -> None:
    settings.REPLY_DOMAIN = ""
    asked(cast, drain_outbox)
    sent = next(each for each in mail.outbox if each.to == [cast.developer.email])
    assert "Reply-To" not in sent.extra_headers
    assert sent.from_email == settings.DEFAULT_FROM_EMAIL


def test_an_answer_becomes_a_comment_without_quote_signature_and_secrets(cast: Cast, drain_outbox) -> None:
    thread, message = asked(cast, drain_outbox)
    text = (
        "The old one, by the quay.\n\nThe key is ghp_a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8\n\n"
        "On Fri, 27 Nov 2026 at 10:00, Portal <portal@portal.test> wrote:\n> Which harbour?\n\n-- \nDev\n"
    )
    made = take(message, answer(message, text))
    assert made is not None
    assert made.outcome == "comment"
    comment = thread.comments.get(author=cast.developer)
    assert made.comment == comment
    assert comment.body.startswith("The old one, by the quay.")
    assert "ghp_" not in comment.body
    assert comment.masked == 1
    assert "Which harbour" not in comment.body
    assert "Dev" not in comment.body
    drain_outbox()
    assert any(cast.reviewer.email in each.to for each in mail.outbox)


def test_html_is_read_where_there_is_no_plain_text(cast: Cast, drain_outbox) -> None:
    thread, message = asked(cast, drain_outbox)
    html = "<p>The <b>new</b> one.</p><style>p{}</style><div class='gmail_quote'><blockquote>Which?</blockquote></div>"
    take(message, answer(message, html, kind="html"))
    assert thread.comments.get(author=cast.developer).body == "The new one."


def test_requested_changes_are_answered_with_a_thread(cast: Cast, drain_outbox) -> None:
    submission = in_review(cast.owner)
    digest = submission.revision.version.digest
    decisions.decide(
        submission, verdict="request_changes", reasons="Why?", digest=digest, actor=cast.reviewer
    )
    drain_outbox()
    message = Notification.objects.get(event="submission.request_changes", recipient=cast.developer)
    take(message, answer(message, "Because of the tide."))
    thread = Thread.objects.get(submission=submission)
    assert (thread.author, thread.comments.get().body) == (cast.developer, "Because of the tide.")


def test_the_same_mail_twice_is_one_comment(cast: Cast, drain_outbox) -> None:
    thread, message = asked(cast, drain_outbox)
    raw = answer(message)
    assert take(message, raw) is not None
    assert take(message, raw) is None
    assert thread.comments.count() == 2
    assert ReceivedMail.objects.count() == 1


def test_addresses_that_nobody_signed_are_not_ours(cast: Cast, drain_outbox) -> None:
    _thread, message = asked(cast, drain_outbox)
    good = reply_address(message)
    local = good.partition("@")[0]
    forged = local[:-1] + ("a" if local[-1] != "a" else "b")
    for address in (
        f"{forged}@{DOMAIN}",
        f"{local}@elsewhere.test",
        f"reply+@{DOMAIN}",
        f"bounce{local[5:]}@{DOMAIN}",
    ):
        with pytest.raises(NotOurs):
            received_mail.receive(answer(message), recipient=address)
    # Servers may change the case of what stands before the @.
    assert received_mail.receive(answer(message), recipient=good.upper()) is not None


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Precedence": "bulk"},
        {"List_Id": "<team.list.test>"},
        {"Subject": "Out of office: Re: your mail"},
        {"Subject": "Automatische Antwort: Re: your mail"},
    ],
)
def test_machines_are_left_alone_and_never_answered(
    cast: Cast, drain_outbox, headers: dict[str, str]
) -> None:
    thread, message = asked(cast, drain_outbox)
    mail.outbox.clear()
    made = take(message, answer(message, **headers))
    assert made is not None
    assert made.outcome == "automatic"
    drain_outbox()
    assert mail.outbox == []
    assert thread.comments.count() == 1


def test_an_empty_envelope_sender_is_a_machine(cast: Cast, drain_outbox) -> None:
    _thread, message = asked(cast, drain_outbox)
    made = take(message, answer(message), envelope_sender="")
    assert made is not None
    assert made.outcome == "automatic"


def refused(cast: Cast, message: Notification, raw: bytes, drain_outbox, outcome: str) -> str:
    """The mail that goes back; there is exactly one, to the address in the profile."""
    comments = Comment.objects.count()
    mail.outbox.clear()
    made = take(message, raw)
    assert made is not None
    assert made.outcome == outcome
    drain_outbox()
    assert [each.to for each in mail.outbox] == [[cast.developer.email]]
    assert Comment.objects.count() == comments
    assert "Reply-To" not in mail.outbox[0].extra_headers
    return str(mail.outbox[0].body)


def test_another_sender_is_refused_and_the_owner_of_the_address_told(cast: Cast, drain_outbox) -> None:
    _thread, message = asked(cast, drain_outbox)
    raw = answer(message, sender="Mallory <mallory@evil.test>")
    assert "not in your profile" in refused(cast, message, raw, drain_outbox, "stranger")


def test_attachments_are_refused_with_a_friendly_answer(cast: Cast, drain_outbox) -> None:
    _thread, message = asked(cast, drain_outbox)
    made = EmailMessage()
    made["From"], made["To"], made["Message-ID"] = (
        message.address,
        reply_address(message),
        "<att@client.test>",
    )
    made.set_content("See the file.")
    made.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="why.pdf")
    words = refused(cast, message, made.as_bytes(), drain_outbox, "attached")
    assert "send it again without them" in words


def test_an_ended_submission_and_a_lost_right_are_told(cast: Cast, drain_outbox) -> None:
    thread, message = asked(cast, drain_outbox)
    cast.developer.memberships.update(role="viewer")
    assert "may not comment" in refused(cast, message, answer(message), drain_outbox, "forbidden")
    cast.developer.memberships.update(role="developer")
    transition(SUBMISSION, Submission.objects.get(pk=thread.submission_id), "withdraw", actor=SYSTEM)
    drain_outbox()
    assert "has ended" in refused(cast, message, answer(message, "Again."), drain_outbox, "closed")


def test_an_address_runs_out(cast: Cast, drain_outbox) -> None:
    _thread, message = asked(cast, drain_outbox)
    with time_machine.travel(timezone.now() + timedelta(days=40)):
        assert "too old" in refused(cast, message, answer(message), drain_outbox, "expired")


def test_a_mail_without_new_words_is_told(cast: Cast, drain_outbox) -> None:
    _thread, message = asked(cast, drain_outbox)
    refused(cast, message, answer(message, "\n\n-- \nDev\n"), drain_outbox, "unusable")


@pytest.mark.parametrize(
    "text", ["On " * 13_000, " \n" * 20_000, ("On " * 66 + "\n") * 600, ">" * 40_000, "> > " * 9_000]
)
def test_words_made_to_be_expensive_cost_little(text: str) -> None:
    began = time.monotonic()
    without_quotes(text)
    assert time.monotonic() - began < 10


def test_long_lines_survive_the_cutting_of_quotes() -> None:
    long = "A paragraph that a mail program did not wrap, with a word more each time. " * 20
    text = f"Yes.\n\n{long}\n\nOn Fri, 27 Nov 2026 at 10:00, Portal <portal@portal.test> wrote:\n> Which?\n"
    assert without_quotes(text) == f"Yes.\n\n{long.strip()}"


def report(action: str, status: str) -> bytes:
    return (
        "From: MAILER-DAEMON@mx.test\n"
        f"Message-ID: <{action}@mx.test>\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\n\n'
        "--b\nContent-Type: text/plain\n\nIt did not work.\n"
        "--b\nContent-Type: message/delivery-status\n\n"
        f"Reporting-MTA: dns; mx.test\n\nFinal-Recipient: rfc822; x@y.test\nAction: {action}\nStatus: {status}\n"
        "--b--\n"
    ).encode()


def test_a_report_marks_the_message_and_a_delay_does_not(cast: Cast, drain_outbox) -> None:
    _thread, message = asked(cast, drain_outbox)
    address = bounce_address(message)
    late = received_mail.receive(report("delayed", "4.4.1"), recipient=address, envelope_sender="")
    message.refresh_from_db()
    assert (late.outcome, message.state) == ("delayed", "sent")
    made = received_mail.receive(report("failed", "5.1.1"), recipient=address, envelope_sender="")
    message.refresh_from_db()
    assert (made.outcome, made.detail, message.state) == ("bounced", "5.1.1", "failed")
    assert "5.1.1" in message.last_error


def test_broken_mail_never_raises(cast: Cast, drain_outbox) -> None:
    _thread, message = asked(cast, drain_outbox)
    for number, raw in enumerate(
        (b"", b"\xff\xfe\x00", b"Content-Type: text/plain; charset=nope\n\nx", b"From: a@b\n" + b"x" * 5_000)
    ):
        assert take(message, raw + str(number).encode()) is not None


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("client_of", "is_lmtp"), [(smtplib.SMTP, False), (smtplib.LMTP, True)])
def test_it_comes_in_by_smtp_and_lmtp_and_only_for_addresses_of_ours(
    cast: Cast, drain_outbox, client_of, is_lmtp: bool
) -> None:
    thread, message = asked(cast, drain_outbox)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = MailServer("127.0.0.1", port, is_lmtp=is_lmtp)
    server.start()
    try:
        with client_of("127.0.0.1", port) as client:
            with pytest.raises(smtplib.SMTPRecipientsRefused) as no:
                client.sendmail(message.address, [f"anybody@{DOMAIN}"], answer(message))
            assert next(iter(no.value.recipients.values()))[0] == 550
            client.sendmail(message.address, [reply_address(message)], answer(message, "By SMTP."))
            with pytest.raises(smtplib.SMTPException):
                client.sendmail(message.address, [reply_address(message)], b"x" * 11_000_000)
    finally:
        server.stop()
    assert thread.comments.get(author=cast.developer).body == "By SMTP."


def post(client, recipient: str, raw: bytes, secret: str, *, age: int = 0):
    stamp = str(int(time.time()) - age)
    signature = hmac.new(secret.encode(), f"{stamp}.{recipient}.".encode() + raw, hashlib.sha256).hexdigest()
    headers = {
        "X-Portal-Recipient": recipient,
        "X-Portal-Timestamp": stamp,
        "X-Portal-Signature": f"sha256={signature}",
    }
    return client.post(reverse("received_mail_hook"), raw, content_type="message/rfc822", headers=headers)


def test_providers_post_it_signed(cast: Cast, drain_outbox, client, settings) -> None:
    thread, message = asked(cast, drain_outbox)
    raw, address = answer(message, "By a provider."), reply_address(message)
    assert post(client, address, raw, "").status_code == 401
    settings.REPLY_HOOK_SECRET = "shared-with-the-provider"
    assert post(client, address, raw, "another").status_code == 401
    assert post(client, address, raw, settings.REPLY_HOOK_SECRET, age=900).status_code == 401
    assert post(client, f"x@{DOMAIN}", raw, settings.REPLY_HOOK_SECRET).status_code == 422
    assert post(client, address, raw, settings.REPLY_HOOK_SECRET).json() == {"outcome": "comment"}
    assert post(client, address, raw, settings.REPLY_HOOK_SECRET).json() == {"outcome": "duplicate"}
    assert thread.comments.get(author=cast.developer).body == "By a provider."


def test_operators_see_who_wrote_and_never_what(cast: Cast, drain_outbox, sign_in, settings) -> None:
    _thread, message = asked(cast, drain_outbox)
    take(message, answer(message, "Between you and me."))
    page = sign_in(cast.operator).get(reverse("received_mail_list")).content.decode()
    assert cast.developer.email in page
    assert "Became a comment" in page
    assert "Between you and me" not in page
    ReceivedMail.objects.update(received_at=timezone.now() - timedelta(days=91))
    assert retention.keep_to_rules()["received_mail"] == 1


@pytest.mark.parametrize("count", [5, 25])
def test_the_list_asks_as_often_for_many_as_for_few(
    cast: Cast, sign_in, django_assert_max_num_queries, count: int
) -> None:
    browser = sign_in(cast.operator)
    for number in range(count):
        ReceivedMail.objects.create(size_bytes=1, outcome="automatic", dedupe_key=f"{number:064}")
    browser.get(reverse("received_mail_list"))
    with django_assert_max_num_queries(8):
        assert browser.get(reverse("received_mail_list")).status_code == 200
