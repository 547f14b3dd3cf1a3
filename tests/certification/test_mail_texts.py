"""Words of mails: written by administrators, filled from a table, kept, compared, and never in a mail's way."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.urls import reverse

from certification.models import MailText, Notification
from certification.queries import mail_texts as queries
from certification.services import mail_texts as services
from certification.services.letters import compose
from certification.services.notifications import notify
from certification.services.specimens import EVENTS, specimen
from certification.wording import FIXED_BODY, fill, variables_for
from portal.shared import audit
from portal.shared.errors import Conflict, InvalidInput, NotPermitted
from tests.factories.submissions import submission_in

pytestmark = pytest.mark.django_db
EVENT = "submission.submit"


def write(cast, event=EVENT, based_on=0, **parts):
    return services.write(event, services.TextDraft(**parts), based_on=based_on, actor=cast.administrator)


def told(cast):
    submission = submission_in("submitted", cast.owner)
    notify(EVENT, id=str(submission.pk))
    return submission, Notification.objects.filter(recipient=cast.owner).latest("created_at")


def test_a_mail_has_the_words_that_an_administrator_gave_it(cast):
    write(cast, subject="Received: {submission}", opening="Dear {publisher},", closing="Your\n{site}")
    submission, message = told(cast)
    assert message.subject == f"Received: {submission.reference}"
    for form in (message.body_text, message.body_html):
        assert "Dear Northwind Harbour," in form
        assert submission.reference in form
    assert message.body_text.index("Dear Northwind") < message.body_text.index(submission.reference, 60)
    assert "Your<br>" in message.body_html


def test_words_in_place_of_the_sentences_leave_facts_and_address(cast):
    write(cast, body="We have it.\n\nYou hear from us.")
    _, message = told(cast)
    assert "We have it.\n\nYou hear from us." in message.body_text
    assert '<p style="margin:0 0 12px;">We have it.</p>' in message.body_html
    assert "Submission: " in message.body_text
    assert "/submissions/" in message.body_text


def test_what_people_write_is_never_markup(cast):
    write(cast, opening="<b>{connector}</b> & co")
    _, message = told(cast)
    assert "&lt;b&gt;" in message.body_html
    assert "<b>Harbour" not in message.body_html


@pytest.mark.parametrize(
    "text",
    ["{{ site }}", "{settings}", "{connector.publisher}", "{action_url}", "{% now %}", "{", "}", "{actor!r}"],
)
def test_only_the_variables_of_the_list_can_be_used(cast, text):
    with pytest.raises(InvalidInput) as refused:
        write(cast, opening=text)
    assert "opening" in refused.value.fields


@pytest.mark.parametrize("event", EVENTS)
def test_every_variable_that_is_offered_has_a_value_in_its_mail(cast, event):
    words = MailText(event=event, opening=" ".join(f"{{{name}}}" for name in variables_for(event)))
    _, text, html = specimen(event, reader=cast.owner, words=words)
    assert settings.SITE_NAME in text.partition("\n\n")[2].partition("\n")[0]
    assert "{site}" not in html


def test_a_wording_that_cannot_be_filled_is_left_out_and_that_is_recorded(cast):
    made = write(cast, opening="Dear {publisher},")
    MailText.objects.filter(pk=made.pk).update(opening="Dear {nobody},")
    submission, message = told(cast)
    assert submission.reference in message.subject
    assert "nobody" not in message.body_text
    made.refresh_from_db()
    assert made.failed_at is not None
    assert "nobody" in made.failure


def test_a_value_that_looks_like_a_variable_is_not_filled_again():
    assert (
        fill("publisher.verify", "{publisher}", {"publisher": type("P", (), {"name": "{site}"})}) == "{site}"
    )


def test_every_wording_is_kept_and_can_be_taken_again(cast):
    first = write(cast, opening="One.")
    write(cast, based_on=1, opening="Two.")
    services.restore(first, actor=cast.administrator)
    assert queries.current_text(EVENT).opening == "One."
    services.reset(EVENT, actor=cast.administrator)
    assert queries.current_text(EVENT) is None
    history = queries.wording_history(EVENT)
    assert [each.text.number for each in history] == [4, 3, 2, 1]
    assert ("removed", "Two.") in [(row.kind, row.text) for row in history[1].rows]
    assert audit.history(history[0].text).get().action == "mailtext.reset"


def test_the_faster_writer_wins(cast):
    write(cast, opening="One.")
    with pytest.raises(Conflict):
        write(cast, opening="Two.")


@pytest.mark.parametrize("event", sorted(FIXED_BODY))
def test_sentences_that_carry_what_people_wrote_cannot_be_replaced(cast, event):
    with pytest.raises(InvalidInput):
        write(cast, event, body="Something else.")
    assert write(cast, event, closing="Goodbye.").number == 1


def test_a_letter_takes_its_words_when_it_is_composed(cast):
    made = write(cast, closing="Goodbye.")
    submission = submission_in("submitted", cast.owner)
    assert compose(EVENT, {"id": str(submission.pk)}).text == made


def test_only_administrators_change_words(cast):
    with pytest.raises(NotPermitted):
        services.write(EVENT, services.TextDraft(opening="Hello."), based_on=0, actor=cast.operator)


def test_the_page_shows_saves_and_restores(cast, sign_in):
    browser = sign_in(cast.administrator)
    address = reverse("mail_text_edit", args=[EVENT])
    assert b"{connector}" in browser.get(address).content
    sent = {"subject": "Hello {publisher}", "opening": "A word before.", "based_on": "0"}
    shown = browser.post(reverse("mail_text_preview", args=[EVENT]), sent)
    assert b"A word before." in shown.content
    assert "sandbox" in shown["Content-Security-Policy"]
    text = browser.post(reverse("mail_text_preview", args=[EVENT]), sent | {"form": "text"})
    assert text.content.startswith(b"Hello Harbour Works")
    assert not MailText.objects.exists()
    assert b"Sent now" in browser.post(address, sent, follow=True).content
    assert b"Own words" in browser.get(reverse("mail_text_list")).content
    browser.post(reverse("mail_text_restore", args=[EVENT, 0]))
    assert queries.current_text(EVENT) is None


def test_the_page_says_which_variable_there_is_not(cast, sign_in):
    browser = sign_in(cast.administrator)
    sent = {"opening": "Dear {captain},", "based_on": "0"}
    answer = browser.post(reverse("mail_text_edit", args=[EVENT]), sent)
    assert answer.status_code == 400
    assert b"{captain} is no variable" in answer.content
    assert (
        b"{captain} is no variable" in browser.post(reverse("mail_text_preview", args=[EVENT]), sent).content
    )
