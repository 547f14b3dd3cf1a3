"""The API takes only what it says it takes: explicit fields, and no way to slip in an owner, a state or a role."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import models
from rest_framework import serializers

from certification.models import Submission
from connectors.models import Connector, Publisher
from tests.architecture.access import TABLE, kwargs_for
from tests.architecture.routes import ROUTES
from tests.architecture.source import modules
from tests.architecture.world import undone

pytestmark = pytest.mark.django_db
# What somebody would like to set and must not.
WISHES: dict[str, Any] = {
    "id": "00000000-0000-4000-8000-000000000001",
    "pk": "00000000-0000-4000-8000-000000000001",
    "state": "live",
    "publisher_id": "00000000-0000-4000-8000-000000000002",
    "owner": "stranger@example.test",
    "user": "stranger@example.test",
    "created_by": "stranger@example.test",
    "is_staff": True,
    "is_superuser": True,
    "staff_role": "administrator",
    "is_default": True,
    "is_retired": True,
    "contact": "stranger@example.test",
    "live_version": "00000000-0000-4000-8000-000000000003",
    "approved_version": "00000000-0000-4000-8000-000000000003",
    "queued_at": "2001-01-01T00:00:00Z",
    "submitted_at": "2001-01-01T00:00:00Z",
    "created_at": "2001-01-01T00:00:00Z",
    "reference": "S-1",
    "token_digest": "0" * 64,
    "decided_by": "stranger@example.test",
    "requested_by": "stranger@example.test",
    "requested_by_id": "00000000-0000-4000-8000-000000000004",
    "reviewer": "stranger@example.test",
    "author": "stranger@example.test",
    "halted_by": "stranger@example.test",
    "deadline_at": "2099-01-01T00:00:00Z",
    "slug": "zq7-other-slug",
}
WRITING = sorted(
    (route.name, method)
    for route in ROUTES
    if route.is_api
    and route.name in TABLE
    and route.name
    not in (
        "api:telemetry_batches",
        "api:own_token",
        "paconn_missing",
        "paconn_validate",
        "paconn_validate_as",
        "paconn_storage",
        "paconn_storage_as",
        "paconn_apis",
        "paconn_api",
    )
    for method in set(TABLE[route.name].methods) - {"GET", "DELETE"}
)
# Addresses whose very purpose is a guarded column of this table.
CHANGED_ON_PURPOSE = {
    "api:transfer-accept": "connectors_connector",
    "api:plan-revise": "certification_rolloutplan",
    "api:plan-list": "certification_rolloutplan",
    "api:plan-make-default": "certification_rolloutplan",
    "api:publisher-verify": "connectors_publisher",
}
BY_NAME = {route.name: route for route in ROUTES}
GUARDED = {
    "accounts_user": ("staff_role", "is_active", "email"),
    "connectors_publisher": ("slug", "kind"),
    "connectors_membership": ("publisher_id", "user_id"),
    "connectors_connector": ("publisher_id", "slug", "live_version_id", "approved_version_id", "contact_id"),
    "certification_submission": ("connector_id", "reference", "created_by_id", "created_at"),
    "certification_rolloutplan": ("is_default", "is_retired"),
}


def _serializer_classes():
    found = {}
    waiting = [serializers.BaseSerializer]
    while waiting:
        for each in waiting.pop().__subclasses__():
            if each not in found:
                found[each] = True
                waiting.append(each)
    return [
        each for each in found if each.__module__.split(".")[0] in {"portal", "connectors", "certification"}
    ]


def test_every_serializer_names_its_fields():
    assert len(_serializer_classes()) > 20
    for each in _serializer_classes():
        meta = getattr(each, "Meta", None)
        if meta is not None and issubclass(each, serializers.ModelSerializer):
            assert isinstance(meta.fields, list | tuple), f"{each.__name__} has {meta.fields}"
            assert not hasattr(meta, "exclude"), each.__name__


def test_no_form_and_no_serializer_takes_whatever_a_model_has():
    assert [module.name for module in modules() if 'fields = "__all__"' in module.path.read_text()] == []


def _values() -> dict[str, list[tuple[Any, ...]]]:
    from django.db import connection

    found = {}
    with connection.cursor() as cursor:
        for table, columns in GUARDED.items():
            cursor.execute(f"SELECT id, {', '.join(columns)} FROM {table} ORDER BY id")
            found[table] = cursor.fetchall()
    return found


@pytest.mark.parametrize(("name", "method"), WRITING)
def test_fields_that_are_not_asked_for_change_nothing(world, name, method):
    route, found = BY_NAME[name], TABLE[name]
    data = found.data(world) if callable(found.data) else dict(found.data)
    allowed = found.methods[method].allowed
    role = next(
        each
        for each in ("owner", "reviewer", "operator", "administrator", "developer", "reviewing_member")
        if each in allowed
    )
    before = _values()
    wishes = {key: value for key, value in WISHES.items() if key not in data}
    with undone():
        answer = world.client(role).generic(
            method,
            route.path(kwargs_for(world, found, route.kwargs)),
            _json({**wishes, **data}),
            content_type="application/json",
        )
        after = _values()
    assert answer.status_code < 500
    for table, rows in before.items():
        now = {row[0]: row for row in after[table]}
        gone = [row for row in rows if row[0] not in now]
        assert all(table == "connectors_membership" for _ in gone)
        changed = [(row, now[row[0]]) for row in rows if row[0] in now and now[row[0]] != row]
        if table == CHANGED_ON_PURPOSE.get(name):
            continue
        assert changed == [], f"{table} changed"
        for row in after[table]:
            if row[0] not in {each[0] for each in rows}:
                _new_row_is_what_it_should_be(table, row)


def _new_row_is_what_it_should_be(table: str, row: tuple[Any, ...]) -> None:
    """A new object has its own id and starts at the beginning, whatever was wished for."""
    assert str(row[0]) != WISHES["id"]
    model: dict[str, type[models.Model]] = {
        "certification_submission": Submission,
        "connectors_connector": Connector,
        "connectors_publisher": Publisher,
    }
    if table == "certification_submission":
        assert row[2] != WISHES["reference"]
        assert row[4].year > 2001
    elif table in model:
        assert WISHES["slug"] not in row


def _json(data: Any) -> str:
    from django.core.serializers.json import DjangoJSONEncoder

    return DjangoJSONEncoder().encode(data)
