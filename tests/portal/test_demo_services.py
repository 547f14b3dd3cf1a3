"""The services behind the demo connectors keep what their definitions promise."""

from __future__ import annotations

import asyncio
import base64
import json

import httpx
import pytest

from connectors.runtime.checking import findings_of
from connectors.runtime.choosing import pick_test_operation
from connectors.runtime.operations import list_operations
from portal.demo.backend import application
from portal.demo.packages.definition import definition_of
from portal.demo.services import DemoServices, Knobs, blueprints, example, hosts

KEYS = {"x-api-key": "demo-key-of-tests"}
PAIR = {"authorization": "Basic " + base64.b64encode(b"tester:demo-word-of-tests").decode()}


def signed_in(services: DemoServices, blueprint) -> tuple[dict[str, str], str]:
    match blueprint.auth:
        case "api_key":
            return KEYS, ""
        case "api_key_query":
            return {}, "key=demo-key-of-tests"
        case "basic":
            return PAIR, ""
        case "oauth2":
            form = b"grant_type=client_credentials&client_id=tests&client_secret=demo-secret-of-tests"
            reply, _ = services.answer("POST", blueprint.host.removeprefix("api."), "/oauth/token", {}, form)
            return {"authorization": f"Bearer {reply.body['access_token']}"}, ""
    return {}, ""


@pytest.mark.parametrize("host", blueprints())
def test_every_operation_answers_as_its_definition_promises(host):
    services, blueprint = DemoServices(), blueprints()[host]
    definition = definition_of(blueprint)
    headers, query = signed_in(services, blueprint)
    for operation in list_operations(definition):
        path = operation.path
        if "{subscriptionId}" in path:
            continue
        for declared in operation.inputs:
            path = path.replace("{" + declared.name + "}", "103")
        extra = [f"{each.name}=1" for each in operation.inputs if each.place == "query" and each.is_required]
        target = "/v1" + path + "?" + "&".join(filter(None, [query, *extra]))
        reply, _ = services.answer(operation.method.upper(), host, target, headers, _body(operation))
        assert reply.status < 300, (operation.operation_id, reply)
        found = findings_of(operation, reply.status, "application/json", reply.content, is_cut=False)
        assert found == [], operation.operation_id


def _body(operation) -> bytes:
    if operation.body is None:
        return b""
    return json.dumps(example(operation, operation.body.schema, "any", 1)).encode()


@pytest.mark.parametrize("host", blueprints())
def test_every_connector_has_an_operation_that_proves_a_credential(host):
    assert pick_test_operation(definition_of(blueprints()[host])) is not None


@pytest.mark.parametrize("host", [host for host, each in blueprints().items() if each.auth != "none"])
def test_nobody_gets_in_without_a_credential(host):
    services = DemoServices()
    operation, _ = pick_test_operation(definition_of(blueprints()[host]))
    for headers in (
        {},
        {"x-api-key": "wrong"},
        {"authorization": "Bearer wrong"},
        {"authorization": "Basic !"},
    ):
        reply, _ = services.answer("GET", host, "/v1" + operation.path, headers, b"")
        assert reply.status == 401


def test_what_is_created_is_found_changed_and_gone():
    services, host = DemoServices(), "api.lanternfold.example"
    headers, _ = signed_in(services, blueprints()[host])
    sent = json.dumps({"label": "P-1", "stationId": "101", "size": "small", "recipient": "Ada"}).encode()
    made, _ = services.answer("POST", host, "/v1/parcels", headers, sent)
    assert (made.status, made.body["label"]) == (201, "P-1")
    place = f"/v1/parcels/{made.body['id']}"
    changed, _ = services.answer("PATCH", host, place, headers, b'{"label": "P-2"}')
    assert changed.body["label"] == "P-2"
    assert services.answer("GET", host, place, headers, b"")[0].body["label"] == "P-2"
    assert services.answer("DELETE", host, place, headers, b"")[0].status == 204
    assert services.answer("GET", host, place, headers, b"")[0].status == 404


@pytest.mark.parametrize(
    ("method", "target", "body"),
    [
        ("GET", "/v1/parcels?state=lost", b""),
        ("GET", "/v1/parcels?top=many", b""),
        ("POST", "/v1/parcels", b"{}"),
        ("POST", "/v1/parcels", b"not json"),
        ("POST", "/v1/parcels", b"[]"),
    ],
)
def test_wrong_input_is_refused(method, target, body):
    services, host = DemoServices(), "api.lanternfold.example"
    headers, _ = signed_in(services, blueprints()[host])
    assert services.answer(method, host, target, headers, body)[0].status == 400


def test_knobs_make_a_service_slow_or_faulty():
    services, host = DemoServices(), "api.lanternfold.example"

    async def turn() -> None:
        transport = httpx.ASGITransport(application(services))
        async with httpx.AsyncClient(transport=transport, base_url=f"http://{host}") as client:
            assert (await client.get("/v1/parcels", headers=KEYS)).status_code == 200
            turned = await client.put(f"/_demo/{host}", json={"failures_percent": 100, "status": 500})
            assert turned.json()["status"] == 500
            assert (await client.get("/v1/parcels", headers=KEYS)).status_code == 500
            assert (await client.put("/_demo/nowhere.example", json={})).status_code == 400
            assert (await client.put(f"/_demo/{host}", json={"status": "soon"})).status_code == 400

    asyncio.run(turn())
    services.knobs[host] = Knobs(latency_ms=700)
    assert services.answer("GET", host, "/v1/parcels", KEYS, b"")[1] == 700


def test_every_host_of_the_demo_world_is_known():
    assert {each.host for each in blueprints().values()} <= set(hosts())
    assert all(name.endswith(".example") for name in hosts())
