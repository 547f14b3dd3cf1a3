"""The event log: in order, without gaps for whoever reads on, and each team's own."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from django.db import connection, transaction
from django.test import Client

from certification import events
from certification.models import Rollout, Submission
from certification.queries import events as queries
from certification.services import submissions, threads
from connectors.models import Connector
from portal.shared import audit
from portal.shared.actors import SYSTEM
from portal.shared.history import SENTENCES
from tests.factories import ConnectorFactory
from tests.factories.reviews import in_review
from tests.factories.rollouts import run_until, scheduled_rollout, state_of
from tests.factories.submissions import ready_draft

REGIONS = "preview-us,north,south"


def ask(user, **query) -> dict:
    browser = Client()
    browser.force_login(user)
    session = browser.session
    session["trial_entry"] = True
    session.save()
    answer = browser.get("/api/v1/events/", query)
    assert answer.status_code == 200, answer.content
    return answer.json()


def everything(user, limit: int = 7) -> list[dict]:
    """As a client reads: page by page until there is no more."""
    found, cursor = [], 0
    while True:
        page = ask(user, after=cursor, limit=limit)
        assert [each["id"] for each in page["events"]] == sorted(each["id"] for each in page["events"])
        found += page["events"]
        cursor = page["cursor"]
        if not page["has_more"]:
            return found


@pytest.mark.django_db
@pytest.mark.usefixtures("no_faults")
def test_from_the_log_one_knows_the_state_of_everything(cast, agent):
    rollout = scheduled_rollout(cast, "north", "south", agent=agent)
    run_until(lambda: state_of(rollout) == "completed")
    handed_in = ready_draft(cast.owner, ConnectorFactory(publisher=cast.publisher))
    submissions.submit(handed_in, actor=cast.owner)
    audit.seal_everything()

    told: dict[str, dict[str, str]] = {}
    for event in everything(cast.viewer):
        if event["state"]:
            told.setdefault(event["object"]["type"], {})[event["object"]["id"]] = event["state"]

    # What never moved is where it began.
    began = {"submission": "draft", "connector": "planned"}
    for noun, model in (("submission", Submission), ("rollout", Rollout), ("connector", Connector)):
        rows = model.objects.values_list("pk", "state")
        known = {str(pk): told.get(noun, {}).get(str(pk), began.get(noun)) for pk, _state in rows}
        assert known == {str(pk): state for pk, state in rows}
    assert len(told["deployment"]) == 2
    assert set(told["deployment"].values()) == {"verified"}


@pytest.mark.django_db
def test_each_team_reads_its_own_and_staff_read_what_was_handed_in(cast):
    submission = in_review(cast.owner, ConnectorFactory(publisher=cast.publisher))
    ready_draft(cast.stranger, ConnectorFactory(publisher=cast.other_publisher))
    audit.seal_everything()

    own = {each["object"]["id"] for each in everything(cast.viewer) if each["object"]["type"] == "submission"}
    assert own == {str(submission.pk)}
    foreign = everything(cast.stranger)
    assert foreign
    assert str(submission.pk) not in str(foreign)
    seen = {each["object"]["id"] for each in everything(cast.reviewer) if each["type"] == "submission.create"}
    assert seen == {str(submission.pk)}, "a draft is its team's own"


@pytest.mark.django_db
def test_private_notes_and_secrets_are_no_events(cast):
    submission = in_review(cast.owner, ConnectorFactory(publisher=cast.publisher))
    threads.open_thread(submission, body="Between us.", is_private=True, actor=cast.reviewer)
    threads.open_thread(submission, body="Which coasts?", actor=cast.reviewer)
    audit.seal_everything()

    for reader in (cast.owner, cast.reviewer):
        found = everything(reader)
        assert [each["type"] for each in found].count("thread.open") == 1
        assert "Which coasts" not in str(found), "what was written is read in the thread"
        assert not [each for each in found if each["type"].startswith("credential.")]


@pytest.mark.django_db(transaction=True)
def test_a_deed_that_commits_late_is_not_skipped(cast):
    connector = ConnectorFactory(publisher=cast.publisher)
    holds, goes_on = threading.Event(), threading.Event()

    def slow() -> None:
        with transaction.atomic():
            audit.record("connector.tick", connector, actor=SYSTEM, data={"item": "slow"})
            holds.set()
            assert goes_on.wait(10)
        connection.close()

    other = threading.Thread(target=slow)
    other.start()
    assert holds.wait(10)
    with transaction.atomic():
        audit.record("connector.tick", connector, actor=SYSTEM, data={"item": "fast"})
    audit.seal()
    first = ask(cast.owner)
    assert [each["type"] for each in first["events"]] == ["connector.tick"]
    goes_on.set()
    other.join()
    audit.seal()

    # The late one has the smaller row id, and yet it comes after what was read.
    second = ask(cast.owner, after=first["cursor"])
    assert [each["type"] for each in second["events"]] == ["connector.tick"]
    assert second["events"][0]["id"] > first["events"][0]["id"]


@pytest.mark.django_db
def test_a_cursor_moves_on_past_what_others_did(cast):
    ConnectorFactory(publisher=cast.publisher)
    submissions.create_submission(ConnectorFactory(publisher=cast.other_publisher), actor=cast.stranger)
    audit.seal_everything()
    page = ask(cast.owner)
    assert page == {"events": [], "cursor": queries.head(), "has_more": False}
    assert page["cursor"] > 0


@pytest.mark.django_db
@pytest.mark.parametrize("query", [{"after": "-1"}, {"after": "soon"}, {"limit": "0"}, {"limit": "5000"}])
def test_a_question_that_makes_no_sense_is_answered_with_400(cast, query):
    browser = Client()
    browser.force_login(cast.owner)
    answer = browser.get("/api/v1/events/", query)
    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid-input"


def test_every_type_has_words_and_a_noun_that_is_public():
    assert len(events.types()) > 100
    assert set(events.types()) <= set(SENTENCES)
    assert {name.partition(".")[0] for name in events.types()} == events.NOUNS


def test_the_documentation_names_every_type_and_every_member():
    text = (Path(__file__).parents[2] / "docs" / "events.md").read_text(encoding="utf-8")
    for noun, names in events.groups().items():
        verbs = ", ".join(f"`{name.partition('.')[2]}`" for name in names)
        assert f"- **{noun}**: {verbs}\n" in text
    assert ", ".join(f"`{name}`" for name in sorted(events.FIELDS)) in text


def test_data_that_is_not_named_does_not_leave():
    data = {"to": "live", "email": "ada@example.com", "before": {"a": 1}, "region": "north", "planning": {}}
    assert events.public_data(data) == {"region": "north", "to": "live"}
