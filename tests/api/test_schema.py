"""The schema in the repository is the API's, and nothing in it breaks programs without notice."""

from __future__ import annotations

import copy
from datetime import UTC, date, datetime

import pytest
import yaml
from django.http import HttpRequest
from rest_framework.response import Response
from rest_framework.views import APIView

from portal.management.commands import schema as command
from portal.shared.deprecation import Deprecation, announced, deprecated
from portal.shared.schema_changes import Breach, breaches


@pytest.fixture(scope="module")
def text():
    return command.schema_text()


@pytest.fixture(scope="module")
def schema(text):
    return yaml.safe_load(text)


def test_the_schema_in_the_repository_is_the_present_one(text):
    assert command.CURRENT.read_text(encoding="utf-8") == text, "run `make schema`"


def test_nothing_breaks_what_was_released(text):
    assert command.faults(text) == []


def test_every_operation_documents_its_refusals_and_its_tags(schema):
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            assert {"400", "401", "403", "404", "412", "429"} <= set(operation["responses"]), (method, path)
            headers = [each.get("$ref", "").rpartition("/")[2] for each in operation["parameters"]]
            assert ("IfNoneMatch" if method == "get" else "IfMatch") in headers, (method, path)


def _field(schema, name):
    return schema["components"]["schemas"][name]


def _drop_operation(schema):
    del schema["paths"]["/api/v1/connectors/{id}/cancel/"]


def _drop_answered_field(schema):
    del _field(schema, "Connector")["properties"]["summary"]


def _require_sent_field(schema):
    _field(schema, "RegistrationRequest")["required"].append("summary")


def _shorten_sent_text(schema):
    _field(schema, "RegistrationRequest")["properties"]["name"]["maxLength"] = 10


def _change_kind(schema):
    _field(schema, "Connector")["properties"]["summary"]["type"] = "integer"


def _take_fewer_words(schema):
    _field(schema, "RoleEnum")["enum"].remove("viewer")


def _drop_parameter(schema):
    listed = schema["paths"]["/api/v1/connectors/"]["get"]
    listed["parameters"] = [each for each in listed["parameters"] if each.get("name") != "q"]


def _require_parameter(schema):
    new = {"in": "query", "name": "team", "required": True, "schema": {"type": "string"}}
    schema["paths"]["/api/v1/connectors/"]["get"]["parameters"].append(new)


def _answer_null(schema):
    _field(schema, "Connector")["properties"]["summary"]["nullable"] = True


def _answer_otherwise(schema):
    answers = schema["paths"]["/api/v1/connectors/"]["post"]["responses"]
    answers["202"] = answers.pop("201")


@pytest.mark.parametrize(
    ("change", "operation", "word"),
    [
        (_drop_operation, "POST /api/v1/connectors/{id}/cancel/", "is gone"),
        (_drop_answered_field, "GET /api/v1/connectors/{id}/", "no field summary"),
        (_require_sent_field, "POST /api/v1/connectors/", "needs the field summary"),
        (_shorten_sent_text, "POST /api/v1/connectors/", "maxLength 10"),
        (_change_kind, "GET /api/v1/connectors/", "integer instead of string"),
        (_take_fewer_words, "POST /api/v1/publishers/{slug}/invitations/", "does not take viewer"),
        (_drop_parameter, "GET /api/v1/connectors/", "parameter q is gone"),
        (_require_parameter, "GET /api/v1/connectors/", "team is new and required"),
        (_answer_null, "GET /api/v1/connectors/{id}/", "can be null"),
        (_answer_otherwise, "POST /api/v1/connectors/", "does not answer 201"),
    ],
)
def test_what_breaks_programs_is_found(schema, change, operation, word):
    new = copy.deepcopy(schema)
    change(new)
    found = breaches(schema, new)
    assert [each for each in found if each.operation == operation and word in each.text], found


def test_what_programs_bear_is_no_breach(schema):
    new = copy.deepcopy(schema)
    shape = _field(new, "Connector")
    shape["properties"]["colour"] = {"type": "string"}
    shape["required"].append("colour")
    _field(new, "RegistrationRequest")["properties"]["colour"] = {"type": "string"}
    _field(new, "RoleEnum")["enum"].append("auditor")
    new["paths"]["/api/v1/colours/"] = copy.deepcopy(new["paths"]["/api/v1/connectors/"])
    listed = new["paths"]["/api/v1/connectors/"]["get"]["parameters"]
    listed.append({"in": "query", "name": "colour", "schema": {"type": "string"}})
    assert breaches(schema, new) == []


def test_a_breach_passes_after_its_announced_end_and_not_a_day_before():
    breach = Breach("GET /api/v1/things/", "is gone")
    told = [{"operation": breach.operation, "sunset": date(2027, 7, 1)}]
    assert command.unannounced([breach], told, date(2027, 6, 30)) == [breach]
    assert command.unannounced([breach], told, date(2027, 7, 1)) == []
    assert command.unannounced([breach], [], date(2027, 7, 1)) == [breach]


class _Going(APIView):
    authentication_classes = ()
    permission_classes = ()
    throttle_classes = ()

    @deprecated(since=date(2027, 1, 1), sunset=date(2027, 7, 1), link="https://portal.test/docs/")
    def get(self, request):
        return Response({})

    def post(self, request):
        return Response({})


def _asked(method: str) -> HttpRequest:
    request = HttpRequest()
    request.method = method
    return request


def test_answers_of_what_goes_say_when():
    view = announced(_Going.as_view())
    answer = view(_asked("GET"))
    assert answer["Deprecation"] == f"@{int(datetime(2027, 1, 1, tzinfo=UTC).timestamp())}"
    assert answer["Sunset"] == "Thu, 01 Jul 2027 00:00:00 GMT"
    assert answer["Link"] == '<https://portal.test/docs/>; rel="deprecation"; type="text/html"'
    assert "Deprecation" not in view(_asked("POST"))


def test_nothing_ends_within_half_a_year():
    with pytest.raises(ValueError, match="180 days"):
        Deprecation(date(2027, 1, 1), date(2027, 6, 1), "https://portal.test/docs/")
