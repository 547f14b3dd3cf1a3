"""Every list of the API costs the same few queries however long it is, and shows nobody what is another's."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from drf_spectacular.generators import SchemaGenerator

from tests.architecture.access import TABLE, kwargs_for
from tests.architecture.list_rows import LISTS, Fixed
from tests.architecture.routes import ROUTES, Route
from tests.architecture.world import World, undone

pytestmark = pytest.mark.django_db
MOST = 8


def _lists() -> list[str]:
    """The addresses of the schema that answer with a list, as a page or bare."""
    schema = SchemaGenerator().get_schema(request=None, public=True)
    shapes = schema["components"]["schemas"]
    found = []
    for path, operations in schema["paths"].items():
        for code, answer in operations.get("get", {}).get("responses", {}).items():
            for body in answer.get("content", {}).values() if code == "200" else ():
                shape = body["schema"]
                shape = shapes[shape["$ref"].rpartition("/")[2]] if "$ref" in shape else shape
                if shape.get("type") == "array" or {"results", "events"} & set(shape.get("properties", ())):
                    found.append(path)
    return sorted(set(found))


FOUND = _lists()
GROWING = [path for path in FOUND if not isinstance(LISTS.get(path), Fixed)]


def _route(path: str) -> Route:
    wanted = re.sub(r"\{\w+\}", "{}", path)
    return next(route for route in ROUTES if re.sub(r"\{\w+\}", "{}", route.template) == wanted)


def _address(world: World, path: str) -> str:
    route = _route(path)
    return route.path(kwargs_for(world, TABLE[route.name], route.kwargs))


def _answered(world: World, role: str, address: str) -> tuple[int, list[Any], list[str]]:
    """Status, rows, and the statements they cost a caller who is no news to the portal."""
    browser = world.client(role)
    cache.clear()
    browser.get(address, {"page_size": 100})
    with CaptureQueriesContext(connection) as captured:
        response = browser.get(address, {"page_size": 100})
    asked = [each["sql"] for each in captured.captured_queries]
    if response.status_code != 200:
        return response.status_code, [], asked
    body = response.json()
    rows = body if isinstance(body, list) else body.get("results", body.get("events"))
    return 200, rows, asked


def test_every_list_is_in_the_table_and_nothing_else():
    assert set(FOUND) == set(LISTS), set(FOUND) ^ set(LISTS)


@pytest.mark.parametrize("path", GROWING)
def test_a_list_costs_the_same_for_five_rows_and_for_twenty_five(world, path):
    rows, address = LISTS[path], _address(world, path)
    with undone():
        rows.add(world, 5)
        _status, few, cost_of_few = _answered(world, rows.reader, address)
        rows.add(world, 20)
        status, many, cost = _answered(world, rows.reader, address)
    assert status == 200
    assert len(few) >= 5
    assert len(many) == min(len(few) + 20, rows.page), f"{len(few)} and {len(many)} rows"
    assert len(cost) == len(cost_of_few), "\n".join(cost)
    assert len(cost) <= MOST, "\n".join(cost)


@pytest.mark.parametrize("path", GROWING)
@pytest.mark.parametrize("role", ["stranger", "foreign_token", "anonymous"])
def test_a_list_does_not_grow_for_who_must_not_see_the_rows(world, path, role):
    rows, address = LISTS[path], _address(world, path)
    with undone():
        status, before, _asked = _answered(world, role, address)
        rows.add(world, 2)
        assert _answered(world, role, address)[0] == status
        after = _answered(world, role, address)[1]
    if rows.is_shared and role != "anonymous":
        assert len(after) == len(before) + 2
    else:
        assert after == before
    assert status < 500
