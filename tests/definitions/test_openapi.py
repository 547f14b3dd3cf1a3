"""Walking a definition and reading its facts, in good shape and in any other."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.definitions import facts, openapi, operations, read_files, resolve_reference
from connectors.definitions.facts import Authentication
from tests.effort import effort
from tests.packages import DEFINITION, definition, harbour_tides, properties


def facts_of(**files):
    return facts(read_files(harbour_tides(**files)))


def test_operations_come_in_document_order_with_pointers_to_their_value():
    found = list(operations(DEFINITION))

    assert [(o.method, o.path, o.operation_id) for o in found] == [
        ("get", "/harbours", "ListHarbours"),
        ("get", "/harbours/{harbourId}/tides", "GetTides"),
        ("post", "/warnings", "OnWarning"),
    ]
    assert found[1].pointer == "/paths/~1harbours~1{harbourId}~1tides/get"
    assert [o.is_trigger for o in found] == [False, False, True]


def test_parameters_of_the_path_are_inherited_unless_overridden():
    tides = list(operations(DEFINITION))[1]
    assert [(p["name"], at) for p, at in openapi.parameters(DEFINITION, tides)] == [
        ("days", "/paths/~1harbours~1{harbourId}~1tides/get/parameters/0"),
        ("harbourId", "/paths/~1harbours~1{harbourId}~1tides/parameters/0"),
    ]


def test_parameters_behind_a_reference_are_followed():
    listing = next(operations(DEFINITION))

    assert [p["name"] for p, _ in openapi.parameters(DEFINITION, listing)] == ["country"]


@pytest.mark.parametrize(
    ("reference", "failure", "pointer"),
    [
        ("#/definitions/Harbour", "", "/definitions/Harbour"),
        ("#/definitions/Alias", "", "/definitions/Harbour"),
        ("#/definitions/a~1b%20c", "", "/definitions/a~1b c"),
        ("#/definitions/Nothing", "missing", "/definitions/Nothing"),
        ("#/definitions/Loop", "cycle", "/definitions/Pool"),
        ("https://tides.example.org/a.json#/b", "outward", ""),
        ("file:///etc/passwd", "outward", ""),
        ("//host/share", "outward", ""),
        ("other.json", "outward", ""),
        ("#", "outward", ""),
    ],
)
def test_references_are_followed_only_inside_the_document(reference, failure, pointer):
    more = {
        "Alias": {"$ref": "#/definitions/Harbour"},
        "Loop": {"$ref": "#/definitions/Pool"},
        "Pool": {"$ref": "#/definitions/Loop"},
        "a/b c": {"type": "string"},
    }
    document = definition(definitions={**DEFINITION["definitions"], **more})

    found = resolve_reference(document, reference)

    assert (found.failure, found.pointer) == (failure, pointer)
    assert (found.value is None) == bool(failure)


def test_schemas_that_contain_themselves_are_walked_once():
    walked = list(openapi.expanded_schemas(DEFINITION, {"$ref": "#/definitions/Tides"}))

    assert [(at, depth) for _, at, depth in walked] == [
        ("/definitions/Tides", 1),
        ("/definitions/Harbour", 2),
        ("/definitions/Harbour/properties/id", 3),
        ("/definitions/Harbour/properties/name", 3),
        ("/definitions/Tides/properties/high", 2),
    ]


def test_schemas_that_double_at_every_level_end():
    levels = {
        f"L{at}": {
            "properties": {
                "a": {"$ref": f"#/definitions/L{at + 1}"},
                "b": {"$ref": f"#/definitions/L{at + 1}"},
            }
        }
        for at in range(60)
    }
    walked = openapi.expanded_schemas({"definitions": levels}, {"$ref": "#/definitions/L0"}, most=5000)

    assert sum(1 for _ in walked) == 5000


PLACES = {
    "path item": {"paths": {"/a": {"$ref": "X"}}},
    "parameter": {"paths": {"/a": {"get": {"parameters": [{"$ref": "X"}]}}}},
    "response": {"paths": {"/a": {"get": {"responses": {"200": {"$ref": "X"}}}}}},
    "schema": {"paths": {"/a": {"get": {"responses": {"200": {"schema": {"$ref": "X"}}}}}}},
    "definition": {"definitions": {"A": {"$ref": "X"}}},
    "property": {"definitions": {"A": {"properties": {"p": {"$ref": "X"}}}}},
    "items": {"definitions": {"A": {"items": {"$ref": "X"}}}},
    "allOf": {"definitions": {"A": {"allOf": [{"$ref": "X"}]}}},
    "additional properties": {"definitions": {"A": {"additionalProperties": {"$ref": "X"}}}},
    "example": {"definitions": {"A": {"example": {"$ref": "X"}}}},
    "extension": {"x-ms-dynamic-schema": {"$ref": "X"}},
    "root": {"$ref": "X"},
}
TARGETS = [
    "http://127.0.0.1/a.json",
    "https://tides.example.org/a#/b",
    "file:///etc/passwd",
    "ftp://host/a",
    "//host/a",
    "other.json",
    "../other.json#/a",
    "#",
]


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("place", PLACES)
def test_a_reference_out_of_the_file_is_reported_wherever_it_stands(place, target):
    def filled(value):
        if isinstance(value, dict):
            return {name: filled(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [filled(inner) for inner in value]
        return target if value == "X" else value

    package: Any = read_files(harbour_tides(definition=filled(PLACES[place])))

    (found,) = package.problems
    assert found.code == "remote-reference"
    assert package.definition.resolve(found.pointer) == target
    assert package.definition.locate(found.pointer).line == found.line
    assert "never read" not in found.message
    assert "Nothing outside is ever read" in found.fix


@pytest.mark.parametrize(
    "text",
    [
        b'{"\\u0024ref": "http://127.0.0.1/a"}',
        b'{"$r\\u0065f": "http://127.0.0.1/a"}',
        b'{"$ref"\n:\n"http://127.0.0.1/a"}',
        b'{"$ref": "http://127.0.0.1/a",}',
        b'{"$ref" /* x */: "http://127.0.0.1/a"}',
        b"{'$ref': 'http://127.0.0.1/a'}",
        b'{$ref: "http://127.0.0.1/a"}',
        b'{"$ref": "#/a", "$ref": "http://127.0.0.1/a"}',
        '{"$ref": "http://127.0.0.1/a"}'.encode("utf-16"),
    ],
)
def test_no_disguise_hides_a_reference(text):
    assert "remote-reference" in [p.code for p in read_files(harbour_tides(definition=text)).problems]


@pytest.mark.parametrize(
    "value",
    [
        {"$ref": "\u0023/definitions/A"},
        {"properties": {"$ref": {"type": "string"}}},
        {"description": 'see "$ref": "http://tides.example.org"'},
    ],
)
def test_what_only_looks_like_such_a_reference_is_left_alone(value):
    assert read_files(harbour_tides(definition=value)).problems == ()


def test_the_facts_of_a_package():
    found = facts_of()

    assert found.title == "Harbour Tides"
    assert found.version == "1.2.0"
    assert (found.host, found.base_path, found.schemes) == ("api.tides.example.org", "/v1", ("https",))
    assert (found.operation_count, found.action_count, found.trigger_count) == (3, 2, 1)
    assert found.authentication == (Authentication.API_KEY,)
    assert found.categories == ("Data", "Lifestyle and Entertainment")
    assert found.website == "https://tides.example.org"
    assert (found.publisher, found.stack_owner) == ("Harbour Tides", "Harbour Tides")
    assert found.brand_color == "#1b6ca8"
    assert found.contact_email == "help@tides.example.org"
    assert not found.has_script


PASSWORD = {"username": {"type": "string"}, "password": {"type": "securestring"}}
OAUTH = {"token": {"type": "oAuthSetting", "oAuthSettings": {"identityProvider": "oauth2"}}}
WINDOWS = {
    "authType": {
        "type": "string",
        "uiDefinition": {"constraints": {"allowedValues": [{"value": "windows"}]}},
    },
    "gateway": {"type": "gatewaySetting"},
}


@pytest.mark.parametrize(
    ("schemes", "parameters", "kinds"),
    [
        (None, {}, ["none"]),
        ({"b": {"type": "basic"}}, PASSWORD, ["basic"]),
        (None, PASSWORD, ["basic"]),
        (None, {"key": {"type": "securestring"}}, ["api_key"]),
        ({"o": {"type": "oauth2"}}, OAUTH, ["oauth2"]),
        (None, OAUTH, ["oauth2"]),
        (None, WINDOWS, ["windows", "gateway"]),
        ({"k": {"type": "apiKey"}, "b": {"type": "basic"}}, {}, ["api_key", "basic"]),
        ({"k": {"type": ["apiKey"]}, "b": 7}, 3, ["none"]),
    ],
)
def test_the_kinds_of_authentication_are_found_in_both_files(schemes, parameters, kinds):
    found = facts_of(
        definition=definition(securityDefinitions=schemes),
        properties=properties(connectionParameters=parameters),
    )

    assert list(found.authentication) == kinds


def test_several_ways_to_sign_in_are_all_found():
    sets = {"values": [{"name": "basic", "parameters": PASSWORD}, {"name": "oauth", "parameters": OAUTH}]}
    found = facts_of(
        definition=definition(securityDefinitions=None),
        properties=properties(connectionParameters=None, connectionParameterSets=sets),
    )

    assert list(found.authentication) == ["basic", "oauth2"]
    assert found.has_multiple_authentication
    assert found.identity_providers == ("oauth2",)


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "info",
                    "title",
                    "paths",
                    "/a",
                    "get",
                    "parameters",
                    "$ref",
                    "properties",
                    "values",
                    "type",
                    "name",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=10,
)
ROOTS = [
    "info",
    "paths",
    "host",
    "schemes",
    "securityDefinitions",
    "x-ms-connector-metadata",
    "x-ms-capabilities",
]


@settings(max_examples=effort(40, 100), deadline=None)
@given(JUNK, st.dictionaries(st.sampled_from(ROOTS), JUNK, max_size=6))
def test_no_mess_of_types_breaks_the_walk_or_the_facts(anything, roots):
    for value in (anything, roots, definition(**roots)):
        for operation in operations(value):
            list(openapi.parameters(value, operation))
            list(itertools.islice(openapi.expanded_schemas(value, operation.value), 100))
        files = harbour_tides(definition=value, properties={"properties": value}, icon_png=None)
        package: Any = read_files(files)
        assert isinstance(facts(package).title, str)


def test_facts_are_short_enough_to_store():
    found = facts_of(
        definition=definition(
            info={"title": "x" * 9000, "version": "a\nb"}, schemes=["https"] * 500 + [1, None]
        ),
        properties=properties(
            iconBrandColor="red; background: url(x)", capabilities=[str(at) for at in range(99)]
        ),
    )

    assert len(found.title) == 2000
    assert found.version == "a b"
    assert found.schemes == ("https",)
    assert found.brand_color == ""
    assert len(found.capabilities) == 50
