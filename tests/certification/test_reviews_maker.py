"""The makers' view: which fields a card shows, in which order, and what the step after it can use."""

from __future__ import annotations

from typing import Any

from certification.reviewing.maker import Card, card_of, connection_fields
from connectors.definitions import operations


def card(operation: dict[str, Any], **definition: Any) -> Card:
    path_item = {"post": {"operationId": "Book", **operation}, **definition.pop("path_item", {})}
    value = {"paths": {"/berths": path_item}, **definition}
    return card_of(value, next(operations(value)))


def parameter(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "in": "query", "type": "string", **more}


def test_fields_are_shown_hidden_and_ordered_by_visibility() -> None:
    found = card(
        {
            "parameters": [
                parameter("plain"),
                parameter("rare", **{"x-ms-visibility": "advanced"}),
                parameter("needed", required=True, **{"x-ms-visibility": "advanced"}),
                parameter("fixed", default="1", **{"x-ms-visibility": "internal"}),
                parameter("first", **{"x-ms-visibility": "important", "x-ms-summary": "First of all"}),
            ]
        }
    )
    assert [each.name for each in found.shown] == ["first", "plain", "needed"]
    assert [each.name for each in found.advanced] == ["rare"]
    assert [(each.name, each.default) for each in found.hidden] == [("fixed", "1")]
    assert found.shown[0].label == "First of all"
    assert found.shown[0].pointer == "/paths/~1berths/post/parameters/4"


def test_the_members_of_a_body_are_fields_and_stand_where_their_schema_does() -> None:
    body = {"name": "body", "in": "body", "schema": {"$ref": "#/definitions/Berth"}}
    schemas = {
        "Berth": {
            "type": "object",
            "required": ["quay"],
            "properties": {
                "quay": {"type": "string"},
                "size": {"properties": {"length": {"type": "number", "title": "Length"}}},
                "crew": {"type": "array", "items": {"properties": {"name": {"type": "string"}}}},
                "id": {"type": "string", "readOnly": True},
                "again": {"$ref": "#/definitions/Berth"},
            },
        }
    }
    found = card({"parameters": [body]}, definitions=schemas)
    assert [each.name for each in found.shown][:3] == ["quay", "size/length", "crew"]
    quay, length, crew = found.shown[:3]
    assert (quay.is_required, quay.pointer) == (True, "/definitions/Berth/properties/quay")
    assert (length.label, length.control) == ("Length", "number")
    assert [each.name for each in crew.inside] == ["name"]


def test_controls_follow_type_format_and_dynamic_values() -> None:
    found = card(
        {
            "parameters": [
                parameter("when", format="date-time"),
                parameter("yes", type="boolean"),
                parameter("one", enum=["a", "b"]),
                parameter("list", **{"x-ms-dynamic-values": {"operationId": "ListBerths"}}),
                parameter("doc", format="binary"),
                {"name": "free", "in": "body", "schema": {"x-ms-dynamic-schema": {"operationId": "Shape"}}},
            ]
        }
    )
    assert [each.control for each in found.shown] == ["date", "toggle", "choice", "choice", "file", "object"]
    assert [each.source for each in found.shown] == ["", "", "", "ListBerths", "", "Shape"]


def test_outputs_are_the_first_success_item_by_item() -> None:
    schema = {
        "properties": {
            "total": {"type": "integer", "x-ms-summary": "Total"},
            "secret": {"type": "string", "x-ms-visibility": "internal"},
            "value": {"type": "array", "items": {"properties": {"id": {"type": "string"}}}},
        }
    }
    responses = {"default": {"schema": {"type": "string"}}, "201": {"schema": schema}}
    found = card({"responses": responses})
    assert [(each.label, each.kind, each.group) for each in found.outputs] == [
        ("Total", "integer", ""),
        ("value", "list", ""),
        ("id", "string", "value"),
    ]


def test_a_webhook_gives_its_notification_and_says_how_it_works() -> None:
    notification = {"schema": {"properties": {"event": {"type": "string"}}}}
    found = card({"x-ms-trigger": "single"}, path_item={"x-ms-notification-content": notification})
    assert (found.badge, found.how) == ("Trigger", "called by the service, once")
    assert [each.label for each in found.outputs] == ["event"]
    assert card({"x-ms-trigger": "batch"}).how == "asks the service at intervals, once for each item"


def test_schemas_that_refer_to_themselves_end() -> None:
    node = {"properties": {"next": {"$ref": "#/definitions/Node"}, "name": {"type": "string"}}}
    body = {"name": "b", "in": "body", "schema": {"$ref": "#/definitions/Node"}}
    answer = {"200": {"schema": {"$ref": "#/definitions/Node"}}}
    found = card({"parameters": [body], "responses": answer}, definitions={"Node": node})
    assert len(found.shown) < 10
    assert [each.label for each in found.outputs] == ["name"]


def test_whatever_a_definition_holds_makes_a_card() -> None:
    broken: dict[str, Any] = {
        "summary": 3,
        "parameters": [None, {"in": "body", "schema": {"$ref": "#/nowhere"}}, {"name": 4, "in": "query"}],
        "responses": {"200": {"schema": {"items": {"items": None}}}},
    }
    assert card(broken).title == "Book"


def test_ways_to_sign_in_have_their_fields() -> None:
    key = {
        "type": "securestring",
        "uiDefinition": {"displayName": "Key", "constraints": {"required": "true"}},
    }
    hidden = {"type": "string", "uiDefinition": {"constraints": {"hidden": "true"}}}
    one = connection_fields({"properties": {"connectionParameters": {"key": key, "token": hidden}}})
    assert [(name, [each.control for each in fields]) for name, fields in one] == [("", ["secret"])]
    assert one[0][1][0].is_required
    sets = {"values": [{"name": "oauth", "uiDefinition": {"displayName": "Your account"},
                        "parameters": {"token": {"type": "oauthSetting"}}}, {"name": "key", "parameters": {"key": key}}]}  # fmt: skip
    many = connection_fields({"properties": {"connectionParameterSets": sets}})
    assert [name for name, _ in many] == ["Your account", "key"]
    assert many[1][1][0].pointer == "/properties/connectionParameterSets/values/1/parameters/key"
    assert connection_fields(None) == []
