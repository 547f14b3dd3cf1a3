"""Looking at a page writes nothing: every address is read by everybody who may, and no table changes."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection

from tests.architecture.access import TABLE, kwargs_for
from tests.architecture.routes import ROUTES
from tests.architecture.world import undone
from tests.effort import IS_FULL

pytestmark = pytest.mark.django_db
READABLE = sorted(
    route.name for route in ROUTES if route.name in TABLE and "GET" in TABLE[route.name].methods
)
BY_NAME = {route.name: route for route in ROUTES}
# Table -> addresses whose reading may write there, and why.
EXPECTED = {
    "django_session": (
        "*",
        "the session itself: its expiry, the invitation that was opened, the chosen team",
    ),
    "usersessions_usersession": ("*", "when a session was last seen, for the page of one's sessions"),
    "accounts_apitoken": ("*", "when a token was last used"),
    "certification_notification": ("notification_detail", "an opened message is read, as in every inbox"),
    "account_emailaddress": ("account_email", "allauth notes the address of a person who has none yet"),
}
# Those who get to see the most, and those who get in another way.
# An administrator reaches nearly every address, a team's token those of the API; the others meet the same views.
READERS = ("administrator", "owner_token", *(("owner", "reviewer", "anonymous") if IS_FULL else ()))


def _tables() -> list[str]:
    return sorted(connection.introspection.django_table_names(only_existing=True))


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
    return (
        place == "*"
        or place == name
        or (place.endswith("*") and bool(place[:-1]) and name.startswith(place[:-1]))
    )


def test_the_fingerprints_see_a_change(world):
    before = _fingerprints()
    with undone():
        world.owner.display_name = "Somebody Else"
        world.owner.save(update_fields=["display_name"])
        after = _fingerprints()
    assert {table for table in before if before[table] != after[table]} == {"accounts_user"}


class _Writes:
    """Sees every statement that writes, and to which table."""

    def __init__(self) -> None:
        self.tables: set[str] = set()

    def __call__(self, execute: Any, statement: str, parameters: Any, many: bool, context: Any) -> Any:
        if found := re.match(
            r'\s*(?:INSERT INTO|UPDATE|DELETE FROM|COPY|TRUNCATE)\s+"?(\w+)', str(statement)
        ):
            self.tables.add(found[1])
        return execute(statement, parameters, many, context)


@pytest.mark.parametrize("role", READERS)
def test_reading_every_page_writes_no_row(world, role):
    faults = []
    with undone():
        before = _fingerprints()
        for method in ("GET", "HEAD") if role == "administrator" else ("GET",):
            for name in READABLE:
                route, found, writes = BY_NAME[name], TABLE[name], _Writes()
                address = route.path(kwargs_for(world, found, route.kwargs))
                cache.clear()
                with connection.execute_wrapper(writes):
                    getattr(world.client(role), method.lower())(address, dict(found.query))
                faults += [
                    f"{method} {name} writes {table}"
                    for table in sorted(writes.tables)
                    if not _may_write(table, name)
                ]
        after = _fingerprints()
    assert faults == []
    # Whatever way a row was written in, its table would differ now.
    assert {table for table in before if before[table] != after[table]} <= set(EXPECTED)
