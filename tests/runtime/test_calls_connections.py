"""Credentials go where the definition wants them, and are read nowhere."""

from __future__ import annotations

import base64
import json
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest

from connectors.runtime import Caller, CallImpossible, Connection, Target
from connectors.runtime.tokens import TokenCache
from tests.runtime.servers import HOST, Received, as_json, backend, connection, definition

KEY = "key-9f2c-never-to-be-seen"
API_KEY = {"type": "apiKey", "in": "header", "name": "X-Api-Key"}
TOKEN_URL = f"https://{HOST}/token"
OAUTH = {"type": "oauth2", "flow": "accessCode", "authorizationUrl": TOKEN_URL, "tokenUrl": TOKEN_URL}


def secured(scheme: dict, **more) -> dict:
    return definition(root={"securityDefinitions": {"main": scheme}, "security": [{"main": []}]}, **more)


def policy(template: str, operations=None, section: str = "Request", **parameters: str) -> dict:
    values = {f"x-ms-apimTemplateParameter.{name}": value for name, value in parameters.items()}
    values["x-ms-apimTemplate-policySection"] = section
    if operations is not None:
        values["x-ms-apimTemplate-operationName"] = operations
    return {"templateId": template, "title": template, "parameters": values}


def properties(*policies: dict, **parameters: dict) -> dict:
    return {"properties": {"connectionParameters": parameters, "policyTemplateInstances": list(policies)}}


def call(server, made, given=None, props=None, inputs=None, caller=None, names=()):
    caller = caller or Caller(server.egress(HOST, *names))
    return caller.call(Target(made, props or {}), "GetTides", inputs or {}, given or Connection())


def stored(result) -> str:
    return repr(result)


@pytest.mark.parametrize("place", ["header", "query"])
def test_an_api_key_is_sent_in_its_place_and_shown_nowhere(place):
    scheme = {**API_KEY, "in": place}

    def reflecting(received):
        return 200, {"X-Echo": KEY}, json.dumps({"path": received.path, "key": KEY}).encode()

    with backend(reflecting) as server:
        result = call(server, secured(scheme), connection("api_key", key=KEY))
        if place == "header":
            assert server.last.headers["X-Api-Key"] == KEY
        else:
            assert parse_qsl(urlsplit(server.last.path).query) == [("X-Api-Key", KEY)]
    assert result.is_success
    assert KEY not in stored(result)
    assert "••••••" in stored(result)


@pytest.mark.parametrize("form", ["base64", "hex", "percent", "json"])
def test_a_reflected_secret_is_masked_in_every_form(form):
    secret = 'pa/ss "word" 4711'
    forms = {
        "base64": base64.b64encode(secret.encode()).decode(),
        "hex": secret.encode().hex(),
        "percent": "pa%2Fss%20%22word%22%204711",
        "json": json.dumps(secret)[1:-1],
    }
    with backend(lambda received: (200, {"Content-Type": "text/plain"}, forms[form].encode())) as server:
        result = call(
            server, secured({"type": "basic"}), connection("basic", username="ada", password=secret)
        )
    assert forms[form] not in stored(result)


def test_basic_sends_the_pair_and_shows_the_scheme():
    with backend() as server:
        result = call(
            server, secured({"type": "basic"}), connection("basic", username="ada", password="w0rd w0rd")
        )
        pair = base64.b64decode(server.last.headers["Authorization"].removeprefix("Basic ")).decode()
    assert pair == "ada:w0rd w0rd"
    assert ("Authorization", "Basic ••••••") in result.request.headers


class TokenService:
    """Gives tokens to the client it knows, and takes each for as many calls as it likes."""

    def __init__(self, *, knows: str = "header", seconds: object = 3600) -> None:
        self.knows, self.seconds, self.given, self.good = knows, seconds, 0, ""

    def __call__(self, received: Received):
        if urlsplit(received.path).path == "/token":
            return self._token(received)
        if received.headers.get("Authorization") != f"Bearer {self.good}":
            return as_json({"error": "no good token"}, 401)
        return as_json({"height": 2})

    def _token(self, received: Received):
        form = {name: values[0] for name, values in parse_qs(received.body.decode()).items()}
        pair = "harbour-client:client-secret-1"
        in_header = (
            received.headers.get("Authorization") == f"Basic {base64.b64encode(pair.encode()).decode()}"
        )
        in_form = f"{form.get('client_id')}:{form.get('client_secret')}" == pair
        if not {"header": in_header, "form": in_form}[self.knows]:
            return as_json({"error": "invalid_client", "error_description": "Unknown client-secret-1"}, 401)
        assert form["grant_type"] == "client_credentials"
        self.given += 1
        self.good = f"token-number-{self.given}"
        return as_json({"access_token": self.good, "token_type": "Bearer", "expires_in": self.seconds})


CLIENT = {"client_id": "harbour-client", "client_secret": "client-secret-1", "scopes": "tides.read"}


@pytest.mark.parametrize("knows", ["header", "form"])
def test_a_client_gets_a_token_and_keeps_it(knows):
    service = TokenService(knows=knows)
    with backend(service) as server:
        caller = Caller(server.egress())
        for _ in range(3):
            result = call(server, secured(OAUTH), connection("oauth2", **CLIENT), caller=caller)
            assert result.is_success
    assert service.given == 1
    assert "token-number" not in stored(result)
    assert "client-secret-1" not in stored(result)


def test_a_token_that_ran_out_is_fetched_anew():
    clock = [0.0]
    service = TokenService(seconds=100)
    with backend(service) as server:
        caller = Caller(server.egress(), TokenCache(now=lambda: clock[0]))
        for moment, given in ((0, 1), (60, 1), (80, 2)):
            clock[0] = moment
            assert call(server, secured(OAUTH), connection("oauth2", **CLIENT), caller=caller).is_success
            assert service.given == given


def test_a_revoked_token_is_fetched_anew_at_once():
    service = TokenService()
    with backend(service) as server:
        caller = Caller(server.egress())
        call(server, secured(OAUTH), connection("oauth2", **CLIENT), caller=caller)
        service.good = "another"
        assert call(server, secured(OAUTH), connection("oauth2", **CLIENT), caller=caller).is_success
    assert service.given == 2


def test_a_refused_client_is_told_the_reason_without_its_secret():
    wrong = {**CLIENT, "client_id": "somebody"}
    with backend(TokenService()) as server, pytest.raises(CallImpossible) as caught:
        call(server, secured(OAUTH), connection("oauth2", **wrong))
    assert "status 401: Unknown ••••••" in caught.value.message
    assert "client-secret-1" not in caught.value.message


def test_a_token_that_was_handed_in_is_used_as_it_is():
    service = TokenService()
    service.good = "handed-in-token"
    with backend(service) as server:
        given = connection("oauth2", access_token="handed-in-token")
        result = call(server, secured(OAUTH), given)
    assert result.is_success
    assert service.given == 0
    assert "handed-in-token" not in stored(result)


@pytest.mark.parametrize("seconds", ["3600", "soon", None, -5, float("inf")])
def test_odd_lifetimes_do_no_harm(seconds):
    service = TokenService(seconds=seconds if seconds != float("inf") else 1e308)
    with backend(service) as server:
        assert call(server, secured(OAUTH), connection("oauth2", **CLIENT)).is_success


@pytest.mark.parametrize(
    ("scheme", "given", "words"),
    [
        (API_KEY, Connection(), "asks for a credential (an API key)"),
        (API_KEY, connection("basic", username="ada", password="word-word"), "does not fit"),
        ({"type": "basic"}, connection("api_key", key=KEY), "user name and password"),
        (API_KEY, connection("api_key", key="abc"), "fewer than 4 characters"),
        (API_KEY, connection("api_key", key="key\r\nX-Evil: 1"), "printable ASCII"),
        ({**OAUTH, "tokenUrl": ""}, connection("oauth2", **CLIENT), "names no token address"),
    ],
)
def test_a_credential_of_another_kind_is_refused_before_anything_is_sent(scheme, given, words):
    with backend() as server:
        with pytest.raises(CallImpossible) as caught:
            call(server, secured(scheme), given)
        assert server.received == []
    assert words in caught.value.message


def test_an_open_operation_is_called_without_the_credential():
    with backend() as server:
        call(server, secured(API_KEY, security=[]), connection("api_key", key=KEY))
        assert "X-Api-Key" not in server.last.headers


SECRET_PARAMETER = {"api_key": {"type": "securestring"}}


def test_headers_are_set_from_connection_values():
    policies = [
        policy("setheader", name="X-Access", value="Bearer @connectionParameters('api_key')", existsAction="override"),
        policy("setheader", name="X-Tenant", value="@connectionParameters('tenant','main')"),
        policy("setheader", name="X-Response", value="no", section="Response"),
    ]  # fmt: skip
    with backend() as server:
        props = properties(*policies, **SECRET_PARAMETER)
        result = call(server, definition(), connection("api_key", key=KEY), props)
        headers = server.last.headers
    assert (headers["X-Access"], headers["X-Tenant"]) == (f"Bearer {KEY}", "main")
    assert "X-Response" not in headers
    assert KEY not in stored(result)


@pytest.mark.parametrize(
    ("action", "expected"),
    [("override", ["new"]), ("skip", ["typed"]), ("append", ["typed", "new"])],
)
def test_what_exists_is_replaced_kept_or_extended(action, expected):
    parameters = [
        {"name": "X-Mode", "in": "header", "type": "string"},
        {"name": "mode", "in": "query", "type": "string"},
    ]
    props = properties(
        policy("setheader", name="X-Mode", value="new", existsAction=action),
        policy("setqueryparameter", name="mode", value="new", existsAction=action),
    )
    with backend() as server:
        inputs = {"X-Mode": "typed", "mode": "typed"}
        call(server, definition(parameters=parameters), props=props, inputs=inputs)
        assert server.last.headers["X-Mode"] == ",".join(expected)
        assert [value for _, value in parse_qsl(urlsplit(server.last.path).query)] == expected


@pytest.mark.parametrize(
    ("operations", "applies"),
    [(None, True), (["GetTides"], True), (["Other"], False), ("Other, GetTides", True), ([], True)],
)
def test_a_policy_covers_the_operations_it_names(operations, applies):
    with backend() as server:
        props = properties(policy("setqueryparameter", operations, name="by", value="policy"))
        call(server, definition(), props=props)
        assert ("by=policy" in server.last.path) is applies


def test_the_host_comes_from_a_connection_value():
    props = properties(
        policy("dynamichosturl", urlTemplate="https://@connectionParameters('tenant').tides.example/api")
    )
    with backend() as server:
        given = connection("none", {"tenant": "quay"})
        result = call(server, definition(), given, props, names=("quay.tides.example",))
        assert (server.last.headers["Host"], server.last.path) == ("quay.tides.example", "/api/tides")
    assert result.request.url == "https://quay.tides.example/api/tides"


def test_a_host_that_was_typed_gets_no_credential():
    props = properties(policy("dynamichosturl", urlTemplate="https://@queryParameters('host')"))
    made = secured(API_KEY, parameters=[{"name": "host", "in": "query", "type": "string"}])
    names = ("evil.example", f"eu.{HOST}")
    with backend() as server:
        given = connection("api_key", key=KEY)
        for host in ("evil.example", f"evil.example/{HOST}", f"evil-{HOST}"):
            with pytest.raises(CallImpossible, match="not sent there"):
                call(server, made, given, props, {"host": host}, names=names)
        assert server.received == []
        call(server, made, given, props, {"host": f"eu.{HOST}"}, names=names)
        assert server.last.headers["X-Api-Key"] == KEY


def test_a_request_is_routed_to_another_path_with_the_parameters_of_its_own():
    props = properties(
        policy(
            "routerequesttoendpoint", ["GetTides"], newPath="/v3/harbours/{id}/all?mode=@queryParameters('mode')",
            httpMethod="@Request.OriginalHTTPMethod",
        )
    )  # fmt: skip
    parameters = [
        {"name": "id", "in": "path", "type": "string", "required": True},
        {"name": "mode", "in": "query", "type": "string"},
    ]
    with backend() as server:
        made = definition("/tides/{id}", parameters=parameters)
        call(server, made, props=props, inputs={"id": "a/b", "mode": "low"})
        assert server.last.path == "/v1/v3/harbours/a%2Fb/all?mode=low&mode=low"
        assert server.last.method == "GET"


def test_a_route_can_change_the_method():
    props = properties(policy("routerequesttoendpoint", newPath="/search", httpMethod="post"))
    with backend() as server:
        call(server, definition(), props=props)
        assert (server.last.method, server.last.path) == ("POST", "/v1/search")


@pytest.mark.parametrize(
    ("instance", "words"),
    [
        (
            policy("setheader", name="X-A", value="@connectionParameters('missing')"),
            "add it to the credential",
        ),
        (policy("setheader", name="X-A", value="@concat('a','b')"), "cannot evaluate"),
        (policy("setheader", name="Host", value="inside"), "set by the connection itself"),
        (policy("setheader", value="x"), "no parameter “name”"),
        (policy("dynamichosturl", urlTemplate="https://"), "leads to no host"),
        (policy("routerequesttoendpoint", newPath="/x/{other}"), "does not have"),
        (policy("routerequesttoendpoint", newPath="/x", httpMethod="FETCH"), "unknown method"),
    ],
)
def test_a_policy_that_cannot_be_evaluated_stops_the_call(instance, words):
    with backend() as server:
        with pytest.raises(CallImpossible) as caught:
            call(server, definition(), props=properties(instance))
        assert server.received == []
    assert words in caught.value.message


def test_a_policy_of_another_kind_is_noted():
    with backend() as server:
        result = call(server, definition(), props=properties(policy("setproperty", x="y")))
    assert [finding.kind for finding in result.findings] == ["policy"]
    assert result.fits


def test_a_gateway_takes_the_place_of_the_host():
    with backend() as server:
        target = Target(secured(API_KEY), base=f"https://{HOST}/gateway/tides")
        result = Caller(server.egress()).call(target, "GetTides", {}, connection("api_key", key=KEY))
        assert server.last.path == "/gateway/tides/tides"
    assert result.is_success
