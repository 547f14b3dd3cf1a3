"""A sandbox token plays every write of the API through, for everybody who may, and no table knows of it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client

from portal.accounts.models import ApiToken
from portal.accounts.tokens import create_token
from tests.architecture.access import TABLE, kwargs_for
from tests.architecture.routes import ROUTES, Route
from tests.architecture.world import World

pytestmark = pytest.mark.django_db
ROLES = ("owner", "developer", "reviewing_member", "reviewer", "administrator", "operator")
# A token that another program is given has nothing to do with the one that asks.
OPEN = {"api:oauth_device", "api:oauth_token"}
WRITES = sorted(
    (
        (route, method)
        for route in ROUTES
        if route.name.startswith("api:") and route.name not in OPEN
        for method in set(TABLE[route.name].methods) - {"GET"}
    ),
    key=lambda each: (each[0].name, each[1]),
)


def _token(world: World, role: str, *, is_sandbox: bool) -> str:
    person = world.people[role]
    return create_token(
        owner=person,
        name="sandbox",
        scopes=list(ApiToken.Scope.values),
        lifetime=timedelta(days=1),
        publisher_id=None,
        actor=person,
        is_sandbox=is_sandbox,
    )[1].reveal()


@pytest.fixture(scope="module")
def tokens(world: World) -> dict[str, str]:
    return {role: _token(world, role, is_sandbox=True) for role in ROLES}


def _tables() -> list[str]:
    with connection.cursor() as cursor:
        return [name for name in connection.introspection.table_names(cursor) if name != "django_session"]


def _state(names: list[str]) -> dict[str, Any]:
    """A digest of all rows of every table."""
    parts = " UNION ALL ".join(
        f"SELECT '{name}', md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM \"{name}\" t"
        for name in names
    )
    with connection.cursor() as cursor:
        cursor.execute(parts)
        return dict(cursor.fetchall())


def _ask(world: World, route: Route, method: str, text: str) -> Any:
    found = TABLE[route.name]
    data = found.data(world) if callable(found.data) else dict(found.data)
    path = route.path(kwargs_for(world, found, route.kwargs))
    api = Client(raise_request_exception=False, headers={"Authorization": f"Bearer {text}"})
    cache.clear()
    if found.is_multipart:
        return api.post(path, data)
    from tests.architecture.world import _json

    return api.generic(method, path, _json(data), content_type="application/json")


def _askers(route: Route, method: str) -> list[str]:
    allowed = TABLE[route.name].methods[method].allowed
    return [role for role in ROLES if role in allowed][:1] or ["owner"]


def test_no_write_of_a_sandbox_token_changes_a_table(world: World, tokens, settings):
    names, faults, done = _tables(), [], 0
    before, files = _state(names), set(Path(settings.PACKAGE_ROOT).rglob("*"))
    for route, method in WRITES:
        for role in _askers(route, method):
            answer = _ask(world, route, method, tokens[role])
            label = f"{method} {route.name} as {role}: {answer.status_code}"
            if answer.status_code >= 500:
                faults.append(label)
            if answer.headers.get("Sandbox") != "true":
                faults.append(f"{label} does not say that it was a sandbox")
            done += answer.status_code < 300
            after = _state(names)
            changed = [name for name in names if after[name] != before[name]]
            if changed:
                faults.append(f"{label} changed {', '.join(changed)}")
                before = after
    assert not faults, "; ".join(faults)
    assert set(Path(settings.PACKAGE_ROOT).rglob("*")) == files
    # Most of the table is good enough to succeed: otherwise this proves little.
    assert done > len(WRITES) / 2, f"{done} of {len(WRITES)}"


def test_the_same_request_with_an_ordinary_token_does_change_tables(world: World):
    route = next(each for each in ROUTES if each.name == "api:connector-list")
    names = _tables()
    text = _token(world, "owner", is_sandbox=False)
    before = _state(names)
    answer = _ask(world, route, "POST", text)
    assert answer.status_code == 201
    assert "Sandbox" not in answer.headers
    after = _state(names)
    assert {"connectors_connector", "shared_auditrecord"} <= {n for n in names if after[n] != before[n]}


def test_a_sandbox_token_reads_what_its_owner_reads(world: World, tokens):
    api = Client(headers={"Authorization": f"Bearer {tokens['owner']}"})
    answer = api.get("/api/v1/token/")
    assert answer.json()["is_sandbox"] is True
    assert answer.headers["Sandbox"] == "true"


def test_addresses_that_cannot_undo_take_no_sandbox_token(world: World, tokens):
    route = next(each for each in ROUTES if each.name == "paconn_storage")
    assert _ask(world, route, "POST", tokens["owner"]).status_code == 401
