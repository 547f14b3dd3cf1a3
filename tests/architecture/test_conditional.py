"""Every address of the API that is read twice has the same tag both times, and knows it when it sees it again."""

from __future__ import annotations

import pytest
from django.core.cache import cache

from tests.architecture.access import TABLE, kwargs_for
from tests.architecture.routes import ROUTES
from tests.architecture.world import World

pytestmark = pytest.mark.django_db
# It counts seconds that pass while somebody looks.
MOVING = {"api:submission-time-ledger"}
READ = sorted(
    (
        route
        for route in ROUTES
        if route.name.startswith("api:") and "GET" in TABLE[route.name].methods and route.name not in MOVING
    ),
    key=lambda route: route.name,
)


@pytest.mark.parametrize("route", READ, ids=lambda route: route.name)
def test_an_unchanged_answer_is_not_sent_again(world: World, route):
    found = TABLE[route.name]
    allowed = found.methods["GET"].allowed
    role = next((each for each in ("owner", "developer", "administrator") if each in allowed), None)
    if role is None:
        pytest.skip("read with a token of its own")
    path = route.path(kwargs_for(world, found, route.kwargs))
    # An answer may round hours or days: on a slow machine one of them can be over between two looks.
    for _look in range(3):
        first = world.ask(role, "GET", path, dict(found.query))
        if first.status_code != 200 or not first["Content-Type"].startswith("application/json"):
            pytest.skip("answers no JSON here")
        cache.clear()
        again = world.client(role).get(path, dict(found.query), headers={"If-None-Match": first["ETag"]})
        if again.status_code == 304:
            break
    assert again.status_code == 304
