"""The services behind the demo connectors: data, three ways to sign in, and faults on demand.

Pure Python: `DemoServices.answer` takes a request apart and says what comes back. `portal.demo.backend` puts
it behind a port; while the history of the demo world is told it answers in the same process.
"""

from __future__ import annotations

import base64
import json
import random
import re
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from types import ModuleType
from typing import Any
from urllib.parse import parse_qs, unquote

from connectors.definitions import openapi
from connectors.runtime.operations import CallableOperation, list_operations
from portal.demo.packages import at_home, by_the_water, in_town
from portal.demo.packages.definition import definition_of
from portal.demo.packages.language import Blueprint

TOKEN_SECONDS = 600
_BASE = "/v1"
_WORDS = "Amber Birch Cinder Dune Ember Fern Gannet Heron Islet Juniper Kelp Larch".split()  # noqa: SIM905
_ITEMS = 9


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def content(self) -> bytes:
        return b"" if self.body is None else json.dumps(self.body, ensure_ascii=False).encode()


@dataclass
class Knobs:
    """How one service misbehaves: every answer takes so long, and so many of a hundred fail with `status`."""

    latency_ms: int = 0
    failures_percent: int = 0
    status: int = 503


HOOKS = "/_hooks"
"""The path at which each service takes what webhooks send."""


@cache
def blueprints() -> dict[str, Blueprint]:
    """Every demo connector by the host of its service."""
    found: dict[str, Blueprint] = {}
    for module in (at_home, by_the_water, in_town):
        found |= _of_module(module)
    return found


def _of_module(module: ModuleType) -> dict[str, Blueprint]:
    values = vars(module).values()
    return {value.host: value for value in values if isinstance(value, Blueprint)}


def hosts() -> list[str]:
    """The names of all services, those that give tokens included."""
    found = list(blueprints())
    found += [each.host.removeprefix("api.") for each in blueprints().values() if each.auth == "oauth2"]
    return sorted(found)


@dataclass(frozen=True)
class Route:
    operation: CallableOperation
    pattern: re.Pattern[str]


class Refused(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.reply = Reply(status, {"error": {"code": str(status), "message": message}})


class DemoServices:
    """All services in one: the host says which one is meant."""

    def __init__(self, chance: random.Random | None = None) -> None:
        self._chance = chance or random.Random()  # noqa: S311 - faults of a demo
        self.knobs: dict[str, Knobs] = {}
        self._tokens: dict[str, float] = {}
        self._routes: dict[str, list[Route]] = {}
        self._data: dict[tuple[str, str], dict[str, dict[str, Any]]] = {}

    def answer(
        self, method: str, host: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[Reply, int]:
        """The reply, and after how many milliseconds. `headers` have lower-case names."""
        host = host.partition(":")[0].lower()
        knobs = self.knobs.get(host, Knobs())
        if self._chance.random() * 100 < knobs.failures_percent:
            return Refused(knobs.status, "The service is out of order.").reply, knobs.latency_ms
        path, _, query = target.partition("?")
        try:
            return self._reply(method, host, path, query, headers, body), knobs.latency_ms
        except Refused as refused:
            return refused.reply, knobs.latency_ms

    def _reply(
        self, method: str, host: str, path: str, query: str, headers: Mapping[str, str], body: bytes
    ) -> Reply:
        if path == "/oauth/token":
            return self._token(method, headers, body)
        blueprint = blueprints().get(host)
        if blueprint is None:
            raise Refused(404, "No such service.")
        given = {name: values[-1] for name, values in parse_qs(query, keep_blank_values=True).items()}
        self._check_sign_in(blueprint, headers, given)
        for route in self._routes_of(blueprint):
            match = route.pattern.fullmatch(path)
            if match and route.operation.method == method.lower():
                values = {name: unquote(value) for name, value in match.groupdict().items()}
                return self._call(host, route.operation, path, values, given, body)
        raise Refused(404, "There is nothing at this address.")

    def _routes_of(self, blueprint: Blueprint) -> list[Route]:
        if blueprint.host not in self._routes:
            self._routes[blueprint.host] = [
                Route(
                    each, re.compile(_BASE + re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(each.path)))
                )
                for each in list_operations(definition_of(blueprint))
            ]
        return self._routes[blueprint.host]

    def _token(self, method: str, headers: Mapping[str, str], body: bytes) -> Reply:
        form = {name: values[-1] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}
        client, secret = _basic(headers) or (form.get("client_id", ""), form.get("client_secret", ""))
        if method != "POST" or form.get("grant_type") != "client_credentials":
            return Reply(400, {"error": "unsupported_grant_type"})
        if not client or not secret.startswith("demo-secret-of-"):
            return Reply(401, {"error": "invalid_client", "error_description": "The client is not known."})
        token = secrets.token_urlsafe(24)
        self._tokens[token] = time.monotonic() + TOKEN_SECONDS
        return Reply(200, {"access_token": token, "token_type": "Bearer", "expires_in": TOKEN_SECONDS})

    def _check_sign_in(self, blueprint: Blueprint, headers: Mapping[str, str], given: dict[str, str]) -> None:
        match blueprint.auth:
            case "api_key":
                good = headers.get("x-api-key", "").startswith("demo-key-of-")
            case "api_key_query":
                good = given.pop("key", "").startswith("demo-key-of-")
            case "basic":
                good = (_basic(headers) or ("", ""))[1].startswith("demo-word-of-")
            case "oauth2":
                token = headers.get("authorization", "").removeprefix("Bearer ")
                good = self._tokens.get(token, 0.0) > time.monotonic()
            case _:
                good = True
        if not good:
            raise Refused(401, "Sign in with a valid credential.")

    def _call(
        self,
        host: str,
        operation: CallableOperation,
        path: str,
        values: dict[str, str],
        given: dict[str, str],
        body: bytes,
    ) -> Reply:
        sent = _checked(operation, given, body)
        status = next((int(each) for each in operation.responses if each.isdecimal()), 200)
        schema = openapi.member(operation.responses.get(str(status)), "schema")
        resolved = openapi.follow(operation.definition, schema).value
        if _lists(operation):
            return Reply(status, {"value": _page(self._items(host, operation, path), given), "nextLink": ""})
        if operation.path.endswith("}") and values:
            return self._one(host, operation, path, status, resolved, sent)
        if resolved is None:
            return Reply(status)
        if operation.method != "post" or status != 201:
            return Reply(status, example(operation, resolved, host, 1))
        items = self._items(host, operation, path)
        made = {**example(operation, resolved, host, len(items) + 1), **sent}
        items[str(made.get("id") or made.get("subscriptionId") or len(items))] = made
        return Reply(status, made)

    def _one(
        self,
        host: str,
        operation: CallableOperation,
        path: str,
        status: int,
        schema: Any,
        sent: dict[str, Any],
    ) -> Reply:
        """Read, change or delete one entry of a collection."""
        collection, _, last = path.rpartition("/")
        items, key = self._items(host, operation, collection), unquote(last)
        if items and key not in items:
            raise Refused(404, f"There is no “{key}”.")
        if operation.method == "delete":
            items.pop(key, None)
            return Reply(status)
        entry = items.setdefault(key, example(operation, schema, host, 1))
        entry |= sent
        return Reply(status, entry if schema is not None else None)

    def _items(self, host: str, operation: CallableOperation, path: str) -> dict[str, dict[str, Any]]:
        """What a collection holds; made up when it is asked for the first time."""
        if (host, path) not in self._data:
            schema = _entry_schema(operation)
            made = (
                [example(operation, schema, host, number) for number in range(1, _ITEMS + 1)]
                if schema
                else []
            )
            self._data[host, path] = {str(each["id"]): each for each in made if "id" in each}
        return self._data[host, path]


def _answer_of(operation: CallableOperation) -> Any:
    """The schema of an operation's success, references followed."""
    status = next((each for each in operation.responses if each.isdecimal()), "")
    schema = openapi.member(operation.responses.get(status), "schema")
    return openapi.follow(operation.definition, schema).value


def _lists(operation: CallableOperation) -> bool:
    answer = _answer_of(operation)
    return operation.method == "get" and openapi.text(answer, "properties", "value", "type") == "array"


def _entry_schema(operation: CallableOperation) -> Any:
    """The schema of the entries of the collection that an operation works on; None where there is none."""
    collection = operation.path.rpartition("/")[0] if operation.path.endswith("}") else operation.path
    for each in list_operations(operation.definition):
        if each.path == collection and _lists(each):
            items = openapi.member(_answer_of(each), "properties", "value", "items")
            return openapi.follow(operation.definition, items).value
        if each.method == "get" and each.path.endswith("}") and each.path.rpartition("/")[0] == collection:
            return _answer_of(each)
    return None


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(_BASE + re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(path)))


def _basic(headers: Mapping[str, str]) -> tuple[str, str] | None:
    scheme, _, encoded = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, _, word = base64.b64decode(encoded).decode().partition(":")
    except (ValueError, UnicodeDecodeError):
        return None
    return unquote(name), unquote(word)


def _page(items: Mapping[str, dict[str, Any]], given: Mapping[str, str]) -> list[dict[str, Any]]:
    wanted = int(given.get("top") or 50)
    filters = {name: value.lower() for name, value in given.items() if name != "top" and value}

    def fits(item: Mapping[str, Any]) -> bool:
        return all(str(item.get(name, value)).lower() == value for name, value in filters.items())

    return [each for each in items.values() if fits(each)][:wanted]


def _checked(operation: CallableOperation, given: Mapping[str, str], body: bytes) -> dict[str, Any]:
    """The body's members. Wrong types, unknown choices and what is missing are refused."""
    for declared in operation.inputs:
        value = given.get(declared.name)
        if declared.place != "query" or value is None:
            if declared.place == "query" and declared.is_required:
                raise Refused(400, f"“{declared.name}” is missing.")
            continue
        if declared.type == "integer" and not value.lstrip("-").isdecimal():
            raise Refused(400, f"“{declared.name}” is not a whole number.")
        if declared.choices and value not in declared.choices:
            raise Refused(400, f"“{declared.name}” is none of {', '.join(map(str, declared.choices))}.")
    if operation.body is None:
        return {}
    try:
        sent = json.loads(body or b"null")
    except ValueError:
        raise Refused(400, "The body is not valid JSON.") from None
    if not isinstance(sent, dict):
        raise Refused(400, "The body has to be an object.")
    if operation.method == "post":
        for name in openapi.sequence(operation.body.schema, "required"):
            if sent.get(name) in (None, ""):
                raise Refused(400, f"“{name}” is missing.")
    return sent


def example(operation: CallableOperation, schema: Any, host: str, number: int) -> Any:
    """A made-up value of a schema, the same every time."""
    chance = random.Random(f"{host} {operation.path} {number}")  # noqa: S311 - made-up data
    return _value(operation.definition, schema, "", number, chance, 0)


def _value(
    definition: Mapping[str, Any], schema: Any, name: str, number: int, chance: random.Random, depth: int
) -> Any:
    resolved = openapi.follow(definition, schema).value
    if not isinstance(resolved, dict) or depth > 5:
        return {}
    choices = openapi.sequence(resolved, "enum")
    if choices:
        return chance.choice(choices)
    match resolved.get("type"):
        case "object":
            return {
                key: _value(definition, child, key, number, chance, depth + 1)
                for key, child in openapi.mapping(resolved, "properties").items()
            }
        case "array":
            count = chance.randint(1, 3)
            return [
                _value(definition, resolved.get("items"), name, at, chance, depth + 1) for at in range(count)
            ]
        case "integer":
            return chance.randint(1, 120)
        case "number":
            return round(chance.uniform(0.2, 9.5), 2)
        case "boolean":
            return chance.random() < 0.6
        case _:
            return _text(resolved, name, number, chance)


def _text(schema: Mapping[str, Any], name: str, number: int, chance: random.Random) -> str:
    day = f"2026-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}"
    match schema.get("format"):
        case "date":
            return day
        case "date-time":
            return f"{day}T{chance.randint(6, 20):02}:30:00Z"
        case "email":
            return f"{chance.choice(_WORDS).lower()}@people.example"
        case "uri":
            return f"https://pictures.example/{chance.randint(100, 999)}"
    if name == "id" or name.endswith("Id"):
        return str(100 + number)
    return f"{chance.choice(_WORDS)} {number}"
