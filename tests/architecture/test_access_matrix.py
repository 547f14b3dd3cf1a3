"""Every address, every method, every role: who gets in, who is told no, and who is told that there is nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.http import HttpResponse
from django.urls import reverse

from tests.architecture.access import (
    EVERYBODY,
    REVIEWERS,
    SIGNED_IN,
    TABLE,
    TEAM,
    Access,
    Entry,
    kwargs_for,
    token_only,
)
from tests.architecture.links import dead_ends
from tests.architecture.routes import ROUTES, WEB_METHODS, Route
from tests.architecture.world import MARKER, PRIVATE_NOTE, ROLES, SECRET, World
from tests.effort import IS_FULL

pytestmark = pytest.mark.django_db
BY_NAME = {route.name: route for route in ROUTES}
KNOWN = sorted(name for name in BY_NAME if name in TABLE)
# A token that reads may say that its owner's messages were read.
READING_MAY = {
    "api:notification-read",
    "api:notification-read-all",
    # Signing in needs no token, and every token may end or renew itself.
    "api:oauth_device",
    "api:oauth_token",
    "api:oauth_exchange",
    "api:own_token",
}
# A session opens nothing there, so no form's token is missed.
TOKEN_ONLY = {
    "api:telemetry_batches",
    "api:own_token",
    "paconn_validate",
    "paconn_validate_as",
    "paconn_storage",
    "paconn_storage_as",
    "paconn_apis",
    "paconn_api",
    "received_mail_hook",
    "repository_hook",
}
# Personal: no token changes it, whatever its scopes.
SIGNED_IN_ONLY = {("api:notification-preferences", "PATCH")}
# What staff reach before they have set up a second factor.
OPEN_TO_STAFF_WITHOUT_FACTOR = {
    "account_logout",
    "account_reauthenticate",
    "account_login",
    "livez",
    "readyz",
}


def test_every_address_is_in_the_table():
    missing = sorted(set(BY_NAME) - set(TABLE))
    assert missing == [], (
        "these addresses say nowhere who may use them: add an entry for each to tests/architecture/access.py"
    )


def test_the_table_names_no_address_that_is_gone():
    assert sorted(set(TABLE) - set(BY_NAME)) == []


def _path(world: World, route: Route, found: Entry) -> str:
    return route.path(kwargs_for(world, found, route.kwargs))


def _data(world: World, found: Entry) -> Any:
    return found.data(world) if callable(found.data) else dict(found.data)


def _ask(world: World, route: Route, role: str, method: str, **options: Any) -> HttpResponse:
    found = TABLE[route.name]
    data: Any = dict(found.query) if method in {"GET", "HEAD"} else _data(world, found)
    return world.ask(
        role,
        method,
        _path(world, route, found),
        data,
        json=route.is_api and not found.is_multipart,
        **options,
    )


def _leads_to(response: HttpResponse, name: str) -> bool:
    return response.status_code == 302 and response["Location"].startswith(reverse(name))


def _fault(route: Route, role: str, access: Access, response: HttpResponse) -> str:
    """What is wrong with the answer, or nothing."""
    status = response.status_code
    if status >= 500:
        return f"{status}"
    if role == "staff_without_factor":
        if route.name in OPEN_TO_STAFF_WITHOUT_FACTOR or route.name.startswith("mfa_"):
            return ""
        fine = status in {401, 403} if route.is_api else _leads_to(response, "mfa_index")
        return "" if fine else f"{status} instead of the second factor"
    if role in access.allowed:
        good = status < 400 or status in {400, 409, 410, 422, *access.also}
        lost = (
            role != "anonymous"
            and not route.name.startswith(("account_", "mfa_", "socialaccount_"))
            and _leads_to(response, "account_login")
        )
        return "" if good and not lost else f"{status} for somebody who may"
    if role == "anonymous":
        fine = (
            status in {401, *(access.unseen & {401})}
            if route.is_api or 401 in access.unseen
            else _leads_to(response, "account_login")
        )
        return "" if fine else f"{status} without sign-in"
    expected = {403} if role in access.seen_by else access.unseen
    return "" if status in expected else f"{status} instead of {sorted(expected)}"


def _leaks(role: str, name: str, response: HttpResponse) -> Iterator[str]:
    """What an answer must not contain, whatever its status."""
    body = response.content
    is_outside = role in {"anonymous", "stranger", "staff_without_factor"}
    # Guests see the name of what they test on their first page and their own, and nothing of the team elsewhere.
    is_outside |= role == "guest_tester" and not name.startswith(("tester_", "home"))
    if is_outside and MARKER.encode() in body:
        yield "shows the team"
    if role in TEAM and PRIVATE_NOTE.encode() in body:
        yield "shows a note of reviewers"
    if SECRET.encode() in body and role not in REVIEWERS:
        yield "shows a credential"


def _askers(method: str, access: Access) -> list[str]:
    """Every role. Who may all read a page is shown the same one: in the usual run one of them looks at it for the others."""
    if method != "GET" or IS_FULL:
        return list(ROLES)
    spared: set[str] = set()
    for alike in (
        ("owner", "developer", "tester", "viewer", "reviewing_member"),
        ("operator", "administrator"),
    ):
        if access.allowed.issuperset(alike):
            spared.update(alike[1:])
    return [role for role in ROLES if role not in spared]


@pytest.mark.parametrize("name", KNOWN)
def test_only_those_who_may_get_in(world, name):
    route, found = BY_NAME[name], TABLE[name]
    faults = []
    for method, access in found.methods.items():
        for role in _askers(method, access):
            response = _ask(world, route, role, method)
            problems = [_fault(route, role, access, response), *_leaks(role, name, response)]
            if method == "GET" and response.status_code == 200 and not response.streaming:
                problems += dead_ends(response.content, role)
            faults += [f"{method} as {role}: {problem}" for problem in problems if problem]
    assert not faults, "; ".join(faults)


@pytest.mark.parametrize("name", KNOWN)
def test_methods_that_an_address_does_not_have_are_refused(world, name):
    route, found = BY_NAME[name], TABLE[name]
    allowed = {*found.methods, *({"HEAD"} if "GET" in found.methods else ())}
    faults = []
    for method in WEB_METHODS:
        if method == "HEAD" and "GET" in allowed and not IS_FULL:
            # The answer to GET without its body: asked for above.
            continue
        for role in ("administrator", "anonymous") if IS_FULL else ("administrator",):
            if method in allowed and (method != "HEAD" or role == "anonymous"):
                continue
            status = _ask(world, route, role, method).status_code
            if (
                (method == "HEAD" and "GET" in found.methods)
                or found.is_foreign
                or name == "api_not_found"
                or name.startswith("paconn_")
            ):
                good = status < 500
            elif role == "anonymous":
                good = status in {302, 401, 403, 404, 405}
            else:
                good = status == 405 or (route.is_api and status in {401, 403, 404})
            if not good:
                faults.append(f"{method} as {role}: {status}")
    assert not faults, "; ".join(faults)


@pytest.mark.parametrize("name", [name for name in KNOWN if set(TABLE[name].methods) - {"GET"}])
def test_nothing_is_changed_without_the_token_of_the_form(world, name):
    route, found = BY_NAME[name], TABLE[name]
    if name == "watch_leave":
        pytest.skip("mail programs unsubscribe in one click: the signed address is the right")
    if name in TOKEN_ONLY:
        pytest.skip("regions show a token of their own, never a session")
    for method, access in found.methods.items():
        if method == "GET":
            continue
        role = next(
            role
            for role in ROLES
            if role in access.allowed and (role != "anonymous" or access.allowed == EVERYBODY)
        )
        if route.is_api and role == "anonymous":
            continue
        response = _ask(world, route, role, method, enforce_csrf_checks=True)
        assert response.status_code == 403, f"{method} as {role}: {response.status_code}"


@pytest.mark.parametrize("name", [name for name in KNOWN if BY_NAME[name].is_api])
def test_a_token_opens_no_more_than_its_scopes_and_its_team(world, name):
    route, found = BY_NAME[name], TABLE[name]
    faults = []
    for method, access in found.methods.items():
        if "owner" in access.allowed and access.seen_by and (name, method) not in SIGNED_IN_ONLY:
            status = _ask(world, route, "owner_token", method).status_code
            if status in {401, 403, 404, 405, *range(500, 600)} - set(access.also):
                faults.append(f"{method} with every scope: {status}")
        if (
            method != "GET"
            and name not in READING_MAY
            and (status := _ask(world, route, "read_token", method).status_code)
            not in {
                401,
                403,
            }
        ):
            faults.append(f"{method} with a token that only reads: {status}")
        response = _ask(world, route, "foreign_token", method)
        if _belongs_to_team(access) and response.status_code not in {401, 403, 404, *access.unseen}:
            faults.append(f"{method} with a token of another team: {response.status_code}")
        if MARKER.encode() in response.content:
            faults.append(f"{method} with a token of another team shows the team")
    assert not faults, "; ".join(faults)


def _belongs_to_team(access: Access) -> bool:
    return access.seen_by != SIGNED_IN and access is not token_only
