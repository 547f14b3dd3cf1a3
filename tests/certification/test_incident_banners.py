"""Open incidents on every page they concern, and on no other."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from certification.queries.incidents import banners
from certification.services import incidents, rollouts
from certification.services.incidents import IncidentDraft
from connectors.models import Connector
from tests.factories import ConnectorFactory
from tests.factories.rollouts import hurry, scheduled_rollout

pytestmark = pytest.mark.django_db
TITLE = "Sign-in is ill"


def open_one(cast, **scope):
    draft = IncidentDraft(TITLE, "Nobody gets a token since nine.", **scope)
    return incidents.open_incident(draft, actor=cast.operator)


@pytest.fixture
def rollout(cast):
    found = scheduled_rollout(cast, "north", "east")
    hurry()
    rollouts.advance_due()
    return found


def pages_of(rollout):
    return [
        reverse("rollout_detail", args=[rollout.pk]),
        reverse("submission_detail", args=[rollout.submission_id]),
        reverse("connector_detail", args=[rollout.connector_id]),
        reverse("connector_health", args=[rollout.connector_id]),
        reverse("connector_regions", args=[rollout.connector_id]),
        reverse("home"),
    ]


def test_the_team_reads_it_wherever_it_looks(cast, rollout, sign_in):
    open_one(cast)
    browser = sign_in(cast.owner)
    for address in pages_of(rollout):
        text = browser.get(address).content.decode()
        assert TITLE in text, address
        assert "Nobody gets a token" in text, address
        assert "it goes on by itself" in text, address


@pytest.mark.parametrize(
    ("scope", "is_shown"),
    [
        ({}, True),
        ({"regions": ("east",)}, True),
        ({"regions": ("preview-us",)}, False),
    ],
)
def test_only_what_concerns_a_page_is_on_it(cast, rollout, sign_in, scope, is_shown):
    open_one(cast, **scope)
    browser = sign_in(cast.owner)
    for address in pages_of(rollout):
        assert (TITLE in browser.get(address).content.decode()) is is_shown, address


def test_another_connector_and_another_team_are_spared(cast, rollout, sign_in):
    other = ConnectorFactory(publisher=cast.publisher)
    open_one(cast, connectors=(rollout.connector.slug,))
    browser = sign_in(cast.owner)
    assert TITLE not in browser.get(reverse("connector_detail", args=[other.pk])).content.decode()
    assert TITLE not in sign_in(cast.stranger).get(reverse("home")).content.decode()
    assert TITLE in sign_in(cast.operator).get(reverse("home")).content.decode()


def test_what_is_for_operators_only_shows_its_title_where_it_pauses_something(cast, rollout, sign_in):
    open_one(cast, is_public=False)
    text = sign_in(cast.owner).get(reverse("rollout_detail", args=[rollout.pk])).content.decode()
    assert TITLE in text
    assert "Nobody gets a token" not in text


def test_a_closed_one_is_gone(cast, rollout, sign_in):
    incident = open_one(cast)
    incidents.close_incident(incident, note="The tokens are back.", actor=cast.operator)
    browser = sign_in(cast.owner)
    for address in pages_of(rollout):
        assert 'aria-label="Incident"' not in browser.get(address).content.decode(), address


def test_it_costs_one_query_while_nothing_is_wrong_and_few_for_many_connectors(cast, rollout):
    with CaptureQueriesContext(connection) as calm:
        assert banners(cast.owner, [rollout.connector]) == []
    assert len(calm) == 1
    open_one(cast)
    with CaptureQueriesContext(connection) as one:
        banners(cast.owner, [rollout.connector])
    for _ in range(5):
        ConnectorFactory(publisher=cast.publisher)
    with CaptureQueriesContext(connection) as many:
        banners(cast.owner, list(Connector.objects.all()))
    assert len(many) == len(one) + 1  # the list itself
