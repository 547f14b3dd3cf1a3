"""The agent's HTTP side: the paths, statuses and shapes of `docs/region-api.yaml`."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from certification.regions.agent import AGENT_VERSION
from certification.regions.agent.calls import NotCallable, Profile
from certification.regions.agent.faults import Exchange
from certification.regions.agent.ledger import LedgerConflict
from certification.regions.agent.packages import MAX_PACKAGE_BYTES, DigestDiffers
from certification.regions.agent.region import AgentOptions, Region
from certification.regions.protocol import (
    CERTIFICATES,
    DIGEST_PATTERN,
    INVOKE,
    KEY_PATTERN,
    SLUG_PATTERN,
    CurrentVersion,
    Operation,
)
from certification.regions.schemas import first_fault, matches

MAX_JSON_BYTES = 64 * 1024
MAX_INVOCATION_BYTES = 256 * 1024
MAX_CERTIFICATE_BYTES = 256 * 1024
_CONFLICT_STATUS = {
    "idempotency-conflict": 409,
    "stale-deployment": 409,
    "package-required": 412,
    "certificate-required": 412,
}
_TRANSPORT = "region.transport"

Handler = Callable[[Region, Request], Awaitable[Response]]


class ProblemRaised(Exception):
    """Ends a handler with a problem document (RFC 9457)."""

    def __init__(self, status: int, code: str, title: str, detail: str = "") -> None:
        self.response = problem(status, code, title, detail)
        super().__init__(code)


def problem(status: int, code: str, title: str, detail: str = "") -> Response:
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail, "code": code}
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
    return Response(json.dumps(body), status, headers, media_type="application/problem+json")


async def deploy(region: Region, request: Request) -> Response:
    key = request.headers.get("Idempotency-Key", "")
    if not matches(KEY_PATTERN, key):
        raise ProblemRaised(
            400, "malformed-request", "Send an Idempotency-Key header", f"It must match {KEY_PATTERN}."
        )
    command = await _json(request, "DeployRequest")
    is_held = await asyncio.to_thread(region.packages.holds, command["digest"])
    try:
        accepted, is_new = await asyncio.to_thread(
            region.ledger.accept, key, command, is_held=is_held, due_at=region.deployer.draw_due_time(),
            untrusted=await _untrusted(region, command),
        )  # fmt: skip
    except LedgerConflict as conflict:
        title = conflict.code.replace("-", " ").capitalize()
        raise ProblemRaised(_CONFLICT_STATUS[conflict.code], conflict.code, title, str(conflict)) from None
    if is_new:
        region.deployer.carry_out(accepted)
    return JSONResponse(_operation_json(accepted.operation), 202 if is_new else 200)


async def _untrusted(region: Region, command: dict[str, Any]) -> str:
    if region.trust is None:
        return ""
    return await asyncio.to_thread(region.trust.fault_of, command["digest"], command["connector"])


async def put_certificate(region: Region, request: Request) -> Response:
    digest = _digest(request)
    if region.trust is None:
        raise ProblemRaised(404, "capability-missing", "This region knows no key to verify certificates with")
    content = await _body(request, MAX_CERTIFICATE_BYTES)
    if fault := await asyncio.to_thread(region.trust.keep, digest, content):
        raise ProblemRaised(
            422, "certificate-rejected", "The certificate of this package does not hold", fault
        )
    return Response(status_code=204)


async def operation(region: Region, request: Request) -> Response:
    found = await asyncio.to_thread(region.ledger.find, request.path_params["key"])
    if found is None:
        raise ProblemRaised(404, "unknown-operation", "This region never accepted that key")
    return JSONResponse(_operation_json(found.operation))


async def put_package(region: Region, request: Request) -> Response:
    digest = _digest(request)
    content = await _body(request, MAX_PACKAGE_BYTES)
    try:
        is_new = await asyncio.to_thread(region.packages.keep, digest, content)
    except DigestDiffers:
        raise ProblemRaised(422, "digest-mismatch", "The bytes received are not the package named") from None
    return Response(status_code=201 if is_new else 204)


def _digest(request: Request) -> str:
    digest = str(request.path_params["digest"])
    if not matches(DIGEST_PATTERN, digest):
        raise ProblemRaised(
            400, "malformed-request", "Name the package by its SHA-256 in lower-case hexadecimal"
        )
    return digest


async def current(region: Region, request: Request) -> Response:
    found = await asyncio.to_thread(region.ledger.current, request.path_params["connector"])
    if found is None:
        raise ProblemRaised(404, "not-deployed", "No version of this connector is deployed here")
    return JSONResponse(_current_json(found))


async def health(region: Region, request: Request) -> Response:
    deployed = await asyncio.to_thread(region.ledger.deployed)
    running = region.deployer.running
    body = {
        "ok": True,
        "version": AGENT_VERSION,
        "load": float(running + region.calls.in_progress),
        "running_operations": running,
        "deployed_connectors": len(deployed),
        "capabilities": [
            *([CERTIFICATES] if region.trust else []),
            *([INVOKE] if region.gateway else []),
        ],
    }
    return JSONResponse(body)


async def call(region: Region, request: Request) -> Response:
    connection = request.headers.get("Connection-Id", "anonymous")[:100]
    await _body(request, MAX_JSON_BYTES)
    try:
        called = await region.calls.call(
            request.path_params["connector"], request.path_params["operation"], connection
        )
    except NotCallable as reason:
        raise ProblemRaised(404, reason.code, "There is nothing to call", str(reason)) from None
    headers = {"Connector-Version": called.served_by.version, "Connector-Digest": called.served_by.digest}
    return JSONResponse(called.as_json(), called.status, headers)


async def invoke(region: Region, request: Request) -> Response:
    if region.gateway is None:
        title = "This region calls no operations for the portal"
        raise ProblemRaised(404, "capability-missing", title)
    wanted = await _json(request, "InvokeRequest", MAX_INVOCATION_BYTES)
    try:
        return JSONResponse(await region.gateway.invoke(request.path_params["connector"], wanted))
    except NotCallable as reason:
        status = 409 if reason.code == "other-package" else 404
        raise ProblemRaised(status, reason.code, "There is nothing to call", str(reason)) from None


async def ledger(region: Region, request: Request) -> Response:
    return JSONResponse({"effective": await asyncio.to_thread(region.ledger.history)})


async def get_faults(region: Region, request: Request) -> Response:
    return JSONResponse(region.faults.as_json())


async def put_faults(region: Region, request: Request) -> Response:
    try:
        region.faults.replace(await _json(request))
    except ValueError as error:
        raise ProblemRaised(400, "malformed-request", "These faults cannot be set", str(error)) from None
    return JSONResponse(region.faults.as_json())


async def put_profile(region: Region, request: Request) -> Response:
    try:
        region.profiles.put(request.path_params["name"], Profile.from_json(await _json(request)))
    except ValueError as error:
        raise ProblemRaised(400, "malformed-request", "This profile cannot be set", str(error)) from None
    return Response(status_code=204)


def _operation_json(value: Operation) -> dict[str, Any]:
    return {
        "key": value.key,
        "state": value.state.value,
        "digest": value.digest,
        "deployment_number": value.deployment_number,
        "message": value.message,
        "updated_at": value.updated_at.isoformat(),
    }


def _current_json(value: CurrentVersion) -> dict[str, Any]:
    return {
        "connector": value.connector,
        "version": value.version,
        "digest": value.digest,
        "deployment_number": value.deployment_number,
        "deployed_at": value.deployed_at.isoformat(),
    }


async def _body(request: Request, limit: int) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise ProblemRaised(413, "too-large", f"At most {limit} bytes are accepted")
    return bytes(body)


async def _json(request: Request, schema: str | None = None, limit: int = MAX_JSON_BYTES) -> Any:
    body = await _body(request, limit)
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        raise ProblemRaised(400, "malformed-request", "Send a JSON document") from None
    fault = None if schema is None else first_fault(schema, value)
    if fault is not None:
        raise ProblemRaised(400, "malformed-request", "The document has an unexpected shape", fault)
    return value


class Endpoint:
    """One path: finds the region, checks the token, applies the region's faults, runs the handler."""

    def __init__(self, regions: dict[str, Region], handler: Handler, call_name: str | None) -> None:
        self._regions = regions
        self._handler = handler
        self._call_name = call_name

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            response = await self._respond(request)
        except ClientDisconnect:
            return
        if response is not None:
            await response(scope, receive, send)

    async def _respond(self, request: Request) -> Response | None:
        region = self._regions.get(request.path_params["code"])
        if region is None:
            return problem(404, "unknown-region", "This agent does not serve that region")
        authorization = request.headers.get("Authorization", "")
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not region.token.matches(token):
            return problem(401, "unauthorized", "Send this region's bearer token")
        if not matches(SLUG_PATTERN, request.path_params.get("connector", "x")):
            return problem(400, "malformed-request", "This is not the name of a connector")

        async def act() -> Response:
            try:
                return await self._handler(region, request)
            except ProblemRaised as raised:
                return raised.response

        if self._call_name is None:
            return await act()
        exchange = Exchange(act, lambda: _abort(request.scope), authorization, previous=None)
        return await region.faults.answer(self._call_name, exchange)


async def _abort(scope: Scope) -> None:
    """Reset the connection, so that the caller gets no answer at all."""
    transport = scope.get(_TRANSPORT)
    if transport is None:
        raise RuntimeError("This server does not let a region drop a connection: run the agent with uvicorn.")
    transport.abort()
    # The server learns of the loss in the next turns of the loop; until then it would report a missing
    # answer.
    await asyncio.sleep(0.05)


def _routes(regions: dict[str, Region], *, has_faults: bool) -> list[Route]:
    table: list[tuple[str, str, Handler, str | None]] = [
        ("POST", "deployments", deploy, "deploy"),
        ("GET", "operations/{key}", operation, "operation"),
        ("PUT", "packages/{digest}", put_package, "package"),
        ("PUT", "certificates/{digest}", put_certificate, "certificate"),
        ("GET", "connectors/{connector}", current, "current"),
        ("POST", "connectors/{connector}/operations/{operation}", call, "call"),
        ("POST", "connectors/{connector}/invocations", invoke, "invoke"),
        ("GET", "health", health, "health"),
        ("GET", "ledger", ledger, None),
    ]
    if has_faults:
        table += [
            ("GET", "faults", get_faults, None),
            ("PUT", "faults", put_faults, None),
            ("PUT", "profiles/{name}", put_profile, None),
        ]
    return [
        Route(f"/{{code}}/{path}", Endpoint(regions, handler, call_name), methods=[method])
        for method, path, handler, call_name in table
    ]


def create_app(options: AgentOptions) -> ASGIApp:
    """The ASGI application that serves every region of `options`."""
    regions = {code: Region(code, options) for code in options.tokens}

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            client = await stack.enter_async_context(
                httpx.AsyncClient(trust_env=False, follow_redirects=False)
            )
            for region in regions.values():
                await region.start(client)
                stack.push_async_callback(region.stop)
            yield

    async def unrouted(request: Request, error: Exception) -> Response:
        if isinstance(error, HTTPException) and error.status_code == 405:
            return problem(405, "unknown-method", "This path does not know that method")
        return problem(404, "unknown-path", "There is no such path in the region protocol")

    app = Starlette(
        routes=_routes(regions, has_faults=options.has_faults),
        lifespan=lifespan,
        exception_handlers={404: unrouted, 405: unrouted},
    )

    async def with_transport(scope: Scope, receive: Receive, send: Send) -> None:
        # Only uvicorn's own `send` knows the connection; faults need it to drop a call without an answer.
        scope[_TRANSPORT] = getattr(getattr(send, "__self__", None), "transport", None)
        await app(scope, receive, send)

    return with_transport
