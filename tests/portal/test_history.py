from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.db import transaction
from django.utils import translation

from portal.shared import audit
from portal.shared.actors import SYSTEM
from portal.shared.history import SENTENCES, entries
from tests.factories import ConnectorFactory

SPRITE = Path(__file__).parents[2] / "static" / "icons" / "sprite.svg"


@pytest.mark.parametrize("action", SENTENCES)
def test_every_sentence_has_an_icon_of_the_sprite(action):
    assert SENTENCES[action][1] in set(re.findall(r'id="([a-z0-9-]+)"', SPRITE.read_text()))


def test_records_become_sentences_with_their_data(db, cast):
    connector = ConnectorFactory()
    with transaction.atomic():
        audit.record("waiver.request", connector, actor=cast.owner, reason="old", data={"rule": "INF-012"})
        audit.record("connector.activate", connector, actor=SYSTEM)
    latest, first = entries(audit.history(connector))
    assert (latest.actor, latest.text) == ("Portal", "made the connector active")
    assert (first.actor, first.text, first.detail) == ("Owner", "asked for a waiver of INF-012", "old")


def test_an_action_without_words_is_still_told(db, cast):
    connector = ConnectorFactory()
    with transaction.atomic():
        audit.record("thing.some_verb", connector, actor=SYSTEM)
    assert entries(audit.history(connector))[0].text == "thing: some verb"


def test_missing_data_does_not_break_a_history(db):
    connector = ConnectorFactory()
    with transaction.atomic():
        audit.record("invitation.invite", connector, actor=SYSTEM)
    assert entries(audit.history(connector))[0].text == "invited ? as ?"


def _changes_told(connector, **data):
    with transaction.atomic():
        audit.record("connector.update", connector, actor=SYSTEM, data=data)
    return entries(audit.history(connector))[0].changes


def test_what_changed_is_told_wherever_the_record_keeps_how_it_is_now(db):
    connector = ConnectorFactory()
    before = {"name": "Tides", "backend_host": "", "is_listed": True}
    apart = _changes_told(connector, before=before, after={**before, "backend_host": "tides.example"})
    assert apart == ("host: nothing → tides.example",)
    beside = _changes_told(connector, before=before, name="Ebb", backend_host="", is_listed=False)
    assert beside == ("name: Tides → Ebb", "listed: yes → no")
    # A text that the record does not keep was not emptied.
    assert _changes_told(connector, before={"title": "Old", "text": "Long"}, title="New") == (
        "title: Old → New",
    )


def test_what_changed_is_told_in_the_readers_language(db):
    with translation.override("de"):
        told = _changes_told(ConnectorFactory(), before={"is_listed": True}, after={"is_listed": False})
    assert told == ("gelistet: ja → nein",)
