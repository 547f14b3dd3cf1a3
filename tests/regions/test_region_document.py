"""docs/region-api.yaml is a sound OpenAPI 3.1 document that says what the code does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml

from certification.regions.agent.app import _routes
from certification.regions.agent.faults import BEHAVIOURS, FAIL_DEPLOYS
from certification.regions.schemas import SCHEMAS
from certification.regions.telemetry import LATENCY_BOUNDS_MS, bucket_of

DOCUMENT = yaml.safe_load((Path(__file__).parents[2] / "docs" / "region-api.yaml").read_text("utf-8"))
METHODS = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}
#: Paths of the reference agent that are not part of the protocol.
AGENT_ONLY = {"/ledger"}


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in DOCUMENT["paths"].items():
        for method, operation in item.items():
            if method in METHODS:
                yield path, method, operation


def nodes(value: Any, place: str = "#") -> Iterator[tuple[str, Any]]:
    yield place, value
    if isinstance(value, dict):
        for key, child in value.items():
            yield from nodes(child, f"{place}/{key}")
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from nodes(child, f"{place}/{index}")


def resolve(reference: str) -> Any:
    assert reference.startswith("#/")
    value = DOCUMENT
    for part in reference[2:].split("/"):
        value = value[part]
    return value


def media_types() -> list[tuple[str, dict[str, Any]]]:
    return [
        (place, value)
        for place, value in nodes(DOCUMENT)
        if isinstance(value, dict) and "schema" in value and "examples" in value
    ]


def test_the_published_schemas_are_exactly_those_the_code_checks_with():
    assert DOCUMENT["components"]["schemas"] == SCHEMAS


def test_the_document_has_the_structure_of_openapi_3_1():
    assert re.fullmatch(r"3\.1\.\d+", DOCUMENT["openapi"])
    assert {"title", "version"} <= set(DOCUMENT["info"])
    names = [operation["operationId"] for _, _, operation in operations()]
    assert len(names) == len(set(names)) >= 7
    for path, item in DOCUMENT["paths"].items():
        assert path.startswith("/")
        assert set(item) <= METHODS | {"servers", "parameters", "summary", "description"}


@pytest.mark.parametrize(
    ("path", "method", "operation"), list(operations()), ids=lambda value: str(value)[:40]
)
def test_every_operation_declares_its_parameters_answers_and_errors(path, method, operation):
    declared = [resolve(one["$ref"]) if "$ref" in one else one for one in operation.get("parameters", [])]
    in_path = {one["name"] for one in declared if one["in"] == "path"}
    assert in_path == set(re.findall(r"{(\w+)}", path))
    assert all(one["required"] is True and "schema" in one for one in declared if one["in"] == "path")
    assert {"401", "429", "503"} <= set(operation["responses"])
    for status, response in operation["responses"].items():
        assert re.fullmatch(r"[1-5][0-9]{2}|default", status)
        assert (resolve(response["$ref"]) if "$ref" in response else response)["description"]


def test_every_reference_resolves_inside_the_document():
    references = [
        value["$ref"] for _, value in nodes(DOCUMENT) if isinstance(value, dict) and "$ref" in value
    ]
    assert len(references) > 20
    assert all(resolve(reference) for reference in references)


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_every_schema_is_valid_json_schema_2020_12(name):
    jsonschema_rs.meta.validate({"$schema": "https://json-schema.org/draft/2020-12/schema", **SCHEMAS[name]})


@pytest.mark.parametrize(("place", "media"), media_types(), ids=lambda value: str(value)[:80])
def test_every_example_fits_its_schema(place, media):
    schema = {**media["schema"], "components": DOCUMENT["components"]}
    validator = jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
    assert media["examples"]
    for example in media["examples"].values():
        validator.validate(example["value"])


def test_every_shape_has_an_example():
    shown = {media["schema"]["$ref"].rpartition("/")[2] for _, media in media_types()}
    assert shown == set(SCHEMAS) - {"TelemetryEvent"}


def test_document_and_agent_serve_the_same_paths():
    served = {
        (route.path.removeprefix("/{code}"), method.lower())
        for route in _routes({}, has_faults=False)
        for method in route.methods or ()
        if method != "HEAD"
    }
    written = {(path, method) for path, method, _ in operations() if not path.startswith("/api/")}
    assert {one for one in served if one[0] not in AGENT_ONLY} == written


def test_latency_bounds_rise_and_every_length_has_one_bucket():
    assert list(LATENCY_BOUNDS_MS) == sorted(set(LATENCY_BOUNDS_MS))
    assert [bucket_of(bound) for bound in LATENCY_BOUNDS_MS] == list(range(len(LATENCY_BOUNDS_MS)))
    assert bucket_of(0) == 0
    assert bucket_of(LATENCY_BOUNDS_MS[-1] + 0.001) == len(LATENCY_BOUNDS_MS)


def test_the_guide_explains_every_fault_and_gives_the_bounds():
    guide = (Path(__file__).parents[2] / "docs" / "regions.md").read_text("utf-8")
    assert [kind for kind in (*BEHAVIOURS, FAIL_DEPLOYS) if f"| `{kind}` |" not in guide] == []
    assert str(list(LATENCY_BOUNDS_MS)) in guide
