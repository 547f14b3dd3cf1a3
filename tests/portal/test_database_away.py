"""A database that is started again: everybody is told to come back, nobody that something broke."""

from __future__ import annotations

import pytest
from django.db import InterfaceError, OperationalError
from django.test import Client

from connectors.api.connectors import ConnectorViewSet
from portal import home
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


def _raising(error):
    def away(*_: object, **__: object) -> None:
        raise error

    return away


@pytest.fixture
def reader():
    client = Client(raise_request_exception=False)
    client.force_login(UserFactory())
    return client


@pytest.mark.parametrize("kind", [OperationalError, InterfaceError])
def test_programs_are_told_when_to_come_again(reader, monkeypatch, kind):
    monkeypatch.setattr(ConnectorViewSet, "get_queryset", _raising(kind("server closed the connection")))
    answer = reader.get("/api/v1/connectors/")
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert answer["Retry-After"] == "5"
    assert "Idempotency-Key" in answer.json()["detail"]
    assert "server closed" not in answer.content.decode()


def test_people_see_that_it_passes(reader, monkeypatch):
    monkeypatch.setattr(home, "home_of", _raising(OperationalError("server closed the connection")))
    answer = reader.get("/")
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert "Back in a moment" in answer.content.decode()


def test_what_is_broken_is_still_said_to_be_broken(reader, monkeypatch):
    monkeypatch.setattr(home, "home_of", _raising(ValueError("a bug")))
    assert reader.get("/").status_code == 500
