"""Words in an address of the API that name nothing, whatever they are, are answered with 404 in the API's own shape."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from tests.architecture.access import TABLE
from tests.architecture.routes import ROUTES

pytestmark = pytest.mark.django_db
ADDRESSED = [
    route for route in ROUTES if route.name.startswith("api:") and route.kwargs and route.name in TABLE
]
WORDS = ("no-such-thing", "%00", quote("\U00014be4\u00a9"), "a%0Ab", "9" * 40)


@pytest.mark.parametrize("role", ["operator", "owner_token"])
def test_an_object_that_cannot_be_is_not_found(world, role):
    faults = []
    for route in ADDRESSED:
        for method in TABLE[route.name].methods:
            for word in WORDS:
                response = world.ask(role, method, route.path(dict.fromkeys(route.kwargs, word)), json=True)
                kind = response.get("Content-Type", "")
                # Some scopes and roles are asked for first.
                if response.status_code not in {400, 401, 403, 404, 415} or "problem+json" not in kind:
                    faults.append(f"{method} {route.name} {word}: {response.status_code} {kind}")
    assert not faults, "\n".join(faults)
