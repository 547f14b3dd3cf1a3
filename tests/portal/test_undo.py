"""Undo: offered with the message, for whoever did it, for ten minutes, and by the same rights."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from certification.models import CannedReply, Notification, Thread
from certification.services import replies, threads
from portal.shared.undo import MARK, offered
from tests.factories.submissions import submission_in

pytestmark = pytest.mark.django_db


def offer_in(page):
    return re.search(r'name="offer" value="([^"]+)"', page.content.decode())[1]


def test_a_resolved_thread_is_opened_again_from_the_message(cast, sign_in):
    submission = submission_in("in_review", cast.owner)
    thread = threads.open_thread(
        submission,
        body="Which harbour?",
        place=threads.Place("", "", None),
        is_private=False,
        actor=cast.reviewer,
    )
    browser = sign_in(cast.reviewer)
    page = browser.post(reverse("thread_resolve", args=[thread.pk]), follow=True)
    assert Thread.objects.get().state == "resolved"
    browser.post(reverse("undo"), {"offer": offer_in(page)})
    assert Thread.objects.get().state == "open"


def test_a_retired_reply_is_offered_again(cast, sign_in):
    reply = replies.create_reply(title="Hello", body="Hello {publisher}.", actor=cast.reviewer)
    browser = sign_in(cast.reviewer)
    page = browser.post(reverse("reply_switch", args=[reply.pk]), follow=True)
    assert not CannedReply.objects.get().is_active
    browser.post(reverse("undo"), {"offer": offer_in(page)})
    assert CannedReply.objects.get().is_active


def test_only_the_messages_of_that_moment_are_unread_again(cast, sign_in):
    earlier = timezone.now() - timedelta(days=1)
    for number, read_at in enumerate((None, None, earlier)):
        Notification.objects.create(
            recipient=cast.owner, address=cast.owner.email, event="submission.submit", group="submissions",
            subject="Received", body_text="It is here.", dedupe_key=f"test:{number}", message_id=f"<{number}@test>",
            read_at=read_at,
        )  # fmt: skip
    browser = sign_in(cast.owner)
    page = browser.post(reverse("notification_mark_all_read"), follow=True)
    assert not Notification.objects.filter(read_at=None).exists()
    browser.post(reverse("undo"), {"offer": offer_in(page)})
    assert Notification.objects.filter(read_at=None).count() == 2


def test_an_offer_is_worth_nothing_to_another_person(cast, sign_in):
    offer = offered("notification.read_all", timezone.now().isoformat(), actor=cast.owner)
    answer = sign_in(cast.developer).post(reverse("undo"), {"offer": offer.removeprefix(MARK)})
    assert answer.status_code == 400


def test_an_offer_ends_after_ten_minutes(cast, sign_in):
    offer = offered("notification.read_all", timezone.now().isoformat(), actor=cast.owner).removeprefix(MARK)
    browser = sign_in(cast.owner)
    with time_machine.travel(timezone.now() + timedelta(minutes=11)):
        assert browser.post(reverse("undo"), {"offer": offer}).status_code == 409


def test_what_is_no_offer_is_refused(cast, sign_in):
    assert sign_in(cast.owner).post(reverse("undo"), {"offer": "kelp"}).status_code == 400
