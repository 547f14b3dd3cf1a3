"""Rows for tests, with fixed, readable values. Domain deeds still go through the services."""

from __future__ import annotations

import hashlib
from typing import Any

import factory
from django.contrib.auth.hashers import make_password
from factory.django import DjangoModelFactory

from connectors.models import Connector, Membership, Publisher, Region, Version
from portal.accounts.models import User

PASSWORD = "correct horse battery staple"


class UserFactory(DjangoModelFactory[User]):
    class Meta:
        model = User

    email = factory.Sequence(lambda n: f"person{n}@example.test")
    display_name = factory.Sequence(lambda n: f"Person {n}")
    password = PASSWORD

    @classmethod
    def _adjust_kwargs(cls, **kwargs: Any) -> dict[str, Any]:
        # Before the row is written, not in a second statement after it.
        return {**kwargs, "password": make_password(kwargs["password"])}


class PublisherFactory(DjangoModelFactory[Publisher]):
    class Meta:
        model = Publisher

    name = factory.Sequence(lambda n: f"Publisher {n}")
    slug = factory.Sequence(lambda n: f"publisher-{n}")
    kind = "verified"
    support_email = "support@example.test"
    website = "https://example.test"


class MembershipFactory(DjangoModelFactory[Membership]):
    class Meta:
        model = Membership

    publisher = factory.SubFactory(PublisherFactory)
    user = factory.SubFactory(UserFactory)
    role = "developer"


class ConnectorFactory(DjangoModelFactory[Connector]):
    class Meta:
        model = Connector

    publisher = factory.SubFactory(PublisherFactory)
    name = factory.Sequence(lambda n: f"Harbour Tides {n}")
    name_key = factory.LazyAttribute(lambda o: "".join(c for c in o.name.lower() if c.isalnum()))
    slug = factory.LazyAttribute(lambda o: o.name.lower().replace(" ", "-"))


class VersionFactory(DjangoModelFactory[Version]):
    """A version row whose bytes are not in the store; use the upload service where bytes matter."""

    class Meta:
        model = Version

    connector = factory.SubFactory(ConnectorFactory)
    number = factory.Sequence(lambda n: n + 1)
    label = factory.LazyAttribute(lambda o: f"1.0.{o.number}")
    digest = factory.LazyAttribute(lambda o: hashlib.sha256(f"{o.number}".encode()).hexdigest())
    size_bytes = 1000
    created_by = factory.SubFactory(UserFactory)


class RegionFactory(DjangoModelFactory[Region]):
    class Meta:
        model = Region

    code = factory.Sequence(lambda n: f"region-{n}")
    name = factory.Sequence(lambda n: f"Region {n}")
    base_url = factory.LazyAttribute(lambda o: f"http://127.0.0.1:9/{o.code}")
    credentials = factory.LazyFunction(lambda: {"token": "region-token-for-tests"})
