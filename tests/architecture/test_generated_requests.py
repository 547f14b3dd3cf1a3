"""Requests that schemathesis makes up from the schema: no server error, and no answer that the schema does not name.

Half of them ask for objects that exist, so that more than the 404 is met. Each is undone.
"""

from __future__ import annotations

import itertools
from typing import Any

import hypothesis
import pytest
import schemathesis
from django.core.cache import cache
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.urls import Resolver404, resolve
from hypothesis import HealthCheck, Phase, given
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from portal.wsgi import application
from tests.architecture.access import TABLE, kwargs_for
from tests.architecture.routes import ROUTES
from tests.architecture.world import World, undone
from tests.effort import IS_FULL, SEED, effort, part

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(1800)]
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
CALLERS = ("owner_token", "reviewer_token", "") if IS_FULL else ("owner_token",)
# Requests for each operation and caller: about 600 in the usual run, more than 10 000 in the full one.
EACH = effort(1, 20)
# Bytes, as those of any other file (tus).
schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")
BY_NAME = {route.name: route for route in ROUTES}


@pytest.fixture(scope="module")
def schema(world: World):
    # The end of a request would close the connection that holds the world.
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield schemathesis.openapi.from_wsgi("/api/schema/?format=json", application)
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def headers(world: World) -> dict[str, dict[str, str]]:
    from datetime import timedelta

    from portal.accounts.models import ApiToken
    from portal.accounts.tokens import create_token

    reviewer = world.reviewer
    text = create_token(
        owner=reviewer,
        name="review",
        scopes=list(ApiToken.Scope.values),
        lifetime=timedelta(days=1),
        publisher_id=None,
        actor=reviewer,
    )[1].reveal()
    shown = {"owner_token": world.tokens["owner_token"], "reviewer_token": text}
    return {name: {"Authorization": f"Bearer {token}"} for name, token in shown.items()} | {"": {}}


def _existing(world: World, path: str) -> dict[str, Any] | None:
    """The kwargs of an object that exists behind this address of the schema."""
    for route in ROUTES:
        if route.name in TABLE and len(route.kwargs) == path.count("{"):
            values = kwargs_for(world, TABLE[route.name], route.kwargs)
            names = [part.partition("}")[0] for part in path.split("{")[1:]]
            filled = path.format(**dict(zip(names, (values[each] for each in route.kwargs), strict=True)))
            if filled == route.path(values) and _leads_to(filled, route.name):
                return {name: str(values[kwarg]) for name, kwarg in zip(names, route.kwargs, strict=True)}
    return None


def _leads_to(path: str, name: str) -> bool:
    try:
        return resolve(path).view_name == name
    except Resolver404:
        return False


def _send(operation: Any, path_parameters: Any, headers: dict[str, str], count: int) -> list[str]:
    modes = [GenerationMode.POSITIVE, GenerationMode.NEGATIVE]
    found: list[str] = []
    for mode in modes[: max(1, count)]:
        options = {"path_parameters": path_parameters} if path_parameters else {}
        strategy = operation.as_strategy(generation_mode=mode, **options)

        @hypothesis.seed(SEED)
        @hypothesis.settings(
            max_examples=max(1, count // len(modes)),
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=strategy)
        def ask(case: Any) -> None:
            cache.clear()
            with undone():
                response = case.call(headers=headers)
            try:
                case.validate_response(response, checks=CHECKS)
            except (FailureGroup, Failure) as failure:
                reasons = getattr(failure, "exceptions", [failure])
                told = "; ".join(f"{type(each).__name__}: {str(each)[:400]}" for each in reasons)
                found.append(f"{case.method} {case.formatted_path} → {response.status_code}: {told}")

        ask()
    return found


@pytest.mark.parametrize("caller", CALLERS, ids=lambda name: name or "anonymous")
def test_made_up_requests_meet_only_what_the_schema_says(world: World, schema, headers, caller):
    faults: list[str] = []
    turns = itertools.cycle([True, False])
    for result in part(schema.get_all_operations()):
        operation = result.ok()
        known = _existing(world, operation.path) if "{" in operation.path else None
        if EACH > 1 and known:
            faults += _send(operation, known, headers[caller], EACH // 2)
            faults += _send(operation, None, headers[caller], EACH // 2)
        else:
            faults += _send(operation, known if next(turns) else None, headers[caller], EACH)
    assert not faults, f"{len(faults)}:\n" + "\n".join(dict.fromkeys(faults))
