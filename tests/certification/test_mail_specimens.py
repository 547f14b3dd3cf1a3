"""The pages that show every mail: complete, equal in both forms, framed, and nothing is written by looking."""

from __future__ import annotations

import re

import pytest
from django.conf import settings
from django.template import engines
from django.urls import reverse
from django.utils.html import strip_tags

from certification.models import Notification
from certification.services.specimens import EVENTS, specimen


@pytest.fixture
def gaps_show(monkeypatch):
    """A name that a template asks for and the specimen lacks is seen in the text."""
    monkeypatch.setattr(engines["django"].engine, "string_if_invalid", "GAP[%s]")


@pytest.mark.parametrize("event", EVENTS)
def test_every_mail_is_complete_and_says_the_same_in_both_forms(cast, event, gaps_show):
    subject, text, html = specimen(event, reader=cast.owner)
    gaps = re.findall(r"GAP\[([^\]]*)\]", subject + text + html)
    assert set(gaps) <= {
        "heading",
        "body",
        "preheader",
        "tone",
        "why",
        "facts",
        "preferences_url",
        "site_url",
    }, event
    assert subject
    assert len(subject) <= 90
    assert text.startswith(subject)
    written = " ".join(strip_tags(html).split())
    for line in filter(None, (line.strip() for line in text.partition("\n--\n")[0].splitlines())):
        words = re.findall(r"\w{4,}", line.partition("http")[0])
        missing = [word for word in words if word not in written]
        assert len(missing) <= len(words) // 3, (event, line, missing)


@pytest.mark.parametrize("event", EVENTS)
def test_every_mail_has_one_action_at_most_and_its_address_is_ours(cast, event):
    _, text, html = specimen(event, reader=cast.owner)
    assert html.count('class="button"') <= 1
    for address in re.findall(r"https?://\S+", text):
        assert address.startswith(settings.SITE_URL)


@pytest.mark.parametrize("query", ["", "?form=text", "?width=narrow&mail=rollout.halt", "?mail=digest"])
def test_the_page_shows_a_mail_in_each_form_and_writes_none(cast, sign_in, query):
    answer = sign_in(cast.viewer).get(reverse("mail_specimens") + query)
    assert answer.status_code == 200
    assert "frame-src 'self'" in answer["Content-Security-Policy"]
    assert not Notification.objects.exists()


def test_the_frame_runs_nothing_and_stays_here(cast, sign_in):
    browser = sign_in(cast.owner)
    answer = browser.get(reverse("mail_specimen_body", args=["preview.open"]))
    policy = answer["Content-Security-Policy"]
    assert "sandbox" in policy
    assert "script-src" not in policy
    assert answer["X-Frame-Options"] == "SAMEORIGIN"
    assert browser.get(reverse("mail_specimen_body", args=["kelp.grow"])).status_code == 404
    assert browser.get(reverse("mail_specimens"), {"mail": "kelp.grow"}).status_code == 404
