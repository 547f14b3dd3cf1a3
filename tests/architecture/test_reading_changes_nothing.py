"""Looking at a page writes nothing: every address is read by everybody who may, and no table changes."""

from __future__ import annotations

from collections import Counter

import pytest
from django.apps import apps
from django.core.cache import cache
from django.db import connection

from tests.architecture.access import TABLE, kwargs_for
from tests.architecture.routes import ROUTES
from tests.architecture.world import undone

pytestmark = pytest.mark.django_db
READABLE = sorted(route.name for route in ROUTES if route.name in TABLE and "GET" in TABLE[route.name].methods)
BY_NAME = {route.name: route for route in ROUTES}
# Table -> addresses whose reading may write there, and why.
EXPECTED = {
    "django_session": ("*", "the session itself: its expiry, the invitation that was opened, the chosen team"),
    "usersessions_usersession": ("*", "when a session was last seen, for the page of one's sessions"),
    "accounts_apitoken": ("api:*", "when a token was last used"),
    "certification_notification": ("notification_detail", "an opened message is read, as in every inbox"),
    "account_emailaddress": ("account_email", "allauth notes the address of a person who has none yet"),
}
READERS = ("owner", "viewer", "reviewer", "operator", "administrator", "stranger", "anonymous", "owner_token")


def _tables() -> list[str]:
    return sorted(connection.introspection.table_names() if not apps.ready else connection.introspection.django_table_names(only_existing=True))


def _fingerprints() -> dict[str, tuple[int, str]]:
    """Table -> (rows, a digest over the place and age of every row): any insert, update or delete changes it."""
    found = {}
    with connection.cursor() as cursor:
        for table in [*_tables(), "connectors_sample"]:
            cursor.execute(
                f"SELECT count(*), coalesce(md5(string_agg(ctid::text || xmin::text, ',' ORDER BY ctid)), '') FROM {connection.ops.quote_name(table)}"
            )
            found[table] = cursor.fetchone()
    return found


def _may_write(table: str, name: str) -> bool:
    place = EXPECTED.get(table, ("", ""))[0]
    return place == "*" or place == name or (place.endswith("*") and bool(place[:-1]) and name.startswith(place[:-1]))


def test_the_fingerprints_see_a_change(world):
    before = _fingerprints()
    with undone():
        world.owner.display_name = "Somebody Else"
        world.owner.save(update_fields=["display_name"])
        after = _fingerprints()
    assert {table for table in before if before[table] != after[table]} == {"accounts_user"}


@pytest.mark.parametrize("role", READERS)
def test_reading_every_page_writes_no_row(world, role):
    faults: Counter[str] = Counter()
    for method in ("GET", "HEAD") if role in {"owner", "administrator"} else ("GET",):
        for name in READABLE:
            route, found = BY_NAME[name], TABLE[name]
            address = route.path(kwargs_for(world, found, route.kwargs))
            with undone():
                before = _fingerprints()
                cache.clear()
                getattr(world.client(role), method.lower())(address, dict(found.query))
                after = _fingerprints()
            faults.update(
                f"{method} {name} writes {table}"
                for table in before
                if before[table] != after[table] and not _may_write(table, name)
            )
    assert sorted(faults) == []
