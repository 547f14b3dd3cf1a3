"""Lists cost the same few queries for five rows and for five hundred."""

from __future__ import annotations

import pytest
from django.core.cache import caches
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from redis.exceptions import ConnectionError as RedisConnectionError

from certification.models import Notification, Submission
from connectors.models import Connector, Publisher

MOST = 8
_NAMES = ("submission_list", "connector_list", "notification_list", "publisher_list")


def _fill(cast, rows: int) -> None:
    """`rows` publishers, connectors of `cast.publisher` with an open submission each, and messages."""
    start = Connector.objects.count()
    numbers = range(start, start + rows)
    Publisher.objects.bulk_create(Publisher(name=f"House {n}", slug=f"house-{n}") for n in numbers)
    connectors = Connector.objects.bulk_create(
        Connector(publisher=cast.publisher, name=f"Kelp {n}", name_key=f"kelp{n}", slug=f"kelp-{n}")
        for n in numbers
    )
    kinds = [kind for kind, _ in Submission.Kind.choices]
    Submission.objects.bulk_create(
        Submission(
            reference=f"S-9{connector.slug[5:]}",
            connector=connector,
            created_by=cast.owner,
            kind=kinds[n % len(kinds)],
        )
        for n, connector in enumerate(connectors)
    )
    for person in (cast.owner, cast.operator):
        Notification.objects.bulk_create(
            Notification(
                event="submission.submit",
                group="submissions",
                recipient=person,
                address=person.email,
                subject=f"Kelp {n}",
                body_text="Kelp",
                body_html="<p>Kelp</p>",
                message_id=f"{person.pk}-{n}",
                dedupe_key=f"{person.pk}-{n}",
            )
            for n in numbers
        )


def _queries(browser, name: str) -> list[str]:
    browser.get(reverse(name))
    with CaptureQueriesContext(connection) as captured:
        assert browser.get(reverse(name)).status_code == 200
    return [query["sql"] for query in captured.captured_queries]


@pytest.mark.parametrize("role", ["owner", "operator"])
def test_lists_ask_at_most_eight_questions_however_long_they_are(cast, sign_in, role):
    browser = sign_in(getattr(cast, role))
    _fill(cast, 5)
    few = {name: _queries(browser, name) for name in _NAMES}
    _fill(cast, 495)
    many = {name: _queries(browser, name) for name in _NAMES}
    assert {name: len(asked) for name, asked in few.items()} == {
        name: len(asked) for name, asked in many.items()
    }
    assert {name: asked for name, asked in many.items() if len(asked) > MOST} == {}


def test_activity_of_a_session_is_written_once_a_minute_and_from_each_place(cast, sign_in):
    browser = sign_in(cast.owner)

    def writes(**headers: str) -> bool:
        with CaptureQueriesContext(connection) as captured:
            browser.get(reverse("rule_list"), headers=headers)
        return any("usersessions" in query["sql"] for query in captured.captured_queries)

    assert writes()
    assert not writes()
    assert writes(user_agent="another browser")
    assert cast.owner.usersession_set.count() == 1


def test_activity_is_written_while_the_cache_cannot_be_reached(cast, sign_in, monkeypatch):
    def refuse(*_: object, **__: object) -> bool:
        raise RedisConnectionError

    browser = sign_in(cast.owner)
    browser.get(reverse("rule_list"))
    monkeypatch.setattr(type(caches["default"]), "add", refuse)
    assert browser.get(reverse("rule_list")).status_code == 200
