"""The HTTP driver: the wire protocol of `docs/region-api.yaml`, spoken to regions that may be hostile.

Every call has one total deadline (a region that drips a byte per second gains nothing), reads at most 256 KB,
neither decompresses nor follows redirects, ignores proxy variables and cookies, and believes an answer only
when it has the documented shape and speaks of what was asked.
"""

from __future__ import annotations

import asyncio
import ssl
import uuid
from collections.abc import AsyncIterator, Generator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import httpx
import orjson

from certification.regions.answers import (
    Answer,
    accepted_operation,
    check_operation,
    check_package,
    error_for,
    instant_of,
    operation_from,
    payload_of,
    problem_code,
)
from certification.regions.errors import (
    OutcomeUnknown,
    RegionAnswerInvalid,
    RegionUnreachable,
)
from certification.regions.protocol import (
    DIGEST_PATTERN,
    CurrentVersion,
    DeployCommand,
    Invocation,
    Invoked,
    Operation,
    OperationCall,
    RegionEndpoint,
    RegionHealth,
    Token,
)
from certification.regions.redaction import redacted
from certification.regions.schemas import matches

DEADLINE_SECONDS = 10.0
INVOKE_DEADLINE_SECONDS = 30.0
"""A region waits up to 20 seconds for the service that it calls."""
MAX_INVOCATION_BYTES = 1024 * 1024
MAX_ANSWER_BYTES = 256 * 1024
USER_AGENT = "connector-certification-portal (region protocol 1)"


class _Bearer(httpx.Auth):
    """Keeps the token out of every local variable that an error report might print."""

    def __init__(self, token: Token) -> None:
        self._token = token

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["Authorization"] = f"Bearer {self._token.reveal()}"
        yield request


@cache
def _tls_context(ca_file: str | None) -> ssl.SSLContext:
    # Reading the system's certificates costs more than a poll, so drivers share one context per CA file.
    return ssl.create_default_context(cafile=ca_file)


class HttpDriver:
    """A `RegionDriver` for the documented HTTP protocol.

    `ca_file` pins the certificate authorities of the regions (PEM file) instead of the system's.
    """

    def __init__(self, *, deadline_seconds: float = DEADLINE_SECONDS, ca_file: str | None = None) -> None:
        self._deadline_seconds = deadline_seconds
        self._client = httpx.AsyncClient(
            verify=_tls_context(ca_file),
            timeout=httpx.Timeout(deadline_seconds),
            limits=httpx.Limits(max_connections=100, max_keepalive_connections=40, keepalive_expiry=15),
            follow_redirects=False,
            trust_env=False,
            cookies=CookieJar(policy=DefaultCookiePolicy(allowed_domains=[])),
            headers={"User-Agent": USER_AGENT, "Accept-Encoding": "identity", "Region-Protocol": "1"},
        )

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.__aexit__(kind, error, trace)

    async def deploy(self, endpoint: RegionEndpoint, command: DeployCommand) -> Operation:
        """See `RegionDriver.deploy`. What the region asks for (certificate, package) is sent once, then
        the command again; all these requests share one deadline."""
        check_package(endpoint, command)
        at_hand = _asked_for(command)
        async with self._deadline(endpoint):
            answer = await self._post_command(endpoint, command)
            while (wanted := at_hand.pop(problem_code(answer) or "", None)) is not None:
                await self._put(endpoint, command.digest, *wanted)
                answer = await self._post_command(endpoint, command)
        payload = payload_of(endpoint, answer, "Operation", accepts=(200, 202))
        return accepted_operation(endpoint, payload, command)

    async def operation(
        self, endpoint: RegionEndpoint, idempotency_key: str, *, expected_digest: str | None = None
    ) -> Operation | None:
        async with self._deadline(endpoint):
            answer = await self._request(endpoint, "GET", f"operations/{quote(idempotency_key, safe='')}")
        # Only the region's own word is a definite "never heard of it"; a proxy's 404 page is not.
        if answer.status == 404 and problem_code(answer) == "unknown-operation":
            return None
        operation = operation_from(endpoint, payload_of(endpoint, answer, "Operation"))
        check_operation(endpoint, operation, idempotency_key, expected_digest)
        return operation

    async def current(self, endpoint: RegionEndpoint, connector: str) -> CurrentVersion | None:
        async with self._deadline(endpoint):
            answer = await self._request(endpoint, "GET", f"connectors/{quote(connector, safe='')}")
        if answer.status == 404 and problem_code(answer) == "not-deployed":
            return None
        payload = payload_of(endpoint, answer, "CurrentVersion")
        if payload["connector"] != connector:
            raise RegionAnswerInvalid(endpoint.code, "answered about another connector.")
        return CurrentVersion(
            connector=connector,
            version=payload["version"],
            digest=payload["digest"],
            deployment_number=int(payload["deployment_number"]),
            deployed_at=instant_of(endpoint, payload["deployed_at"]),
        )

    async def health(self, endpoint: RegionEndpoint) -> RegionHealth:
        async with self._deadline(endpoint):
            answer = await self._request(endpoint, "GET", "health")
        payload = payload_of(endpoint, answer, "Health")
        return RegionHealth(
            ok=payload["ok"],
            version=redacted(payload["version"], *endpoint.hidden),
            load=float(payload["load"]),
            running_operations=int(payload["running_operations"]),
            deployed_connectors=int(payload["deployed_connectors"]),
            message=redacted(payload.get("message", ""), *endpoint.hidden),
            capabilities=frozenset(payload.get("capabilities", ())),
        )

    async def call(self, endpoint: RegionEndpoint, connector: str, operation_id: str) -> OperationCall:
        """See `CallsOperations.call`. The body of the answer is read within limits and not believed."""
        path = f"connectors/{quote(connector, safe='')}/operations/{quote(operation_id, safe='')}"
        headers = {"Content-Type": "application/json", "Connection-Id": "portal-probe"}
        async with self._deadline(endpoint):
            answer = await self._request(endpoint, "POST", path, headers, b"{}")
        code = problem_code(answer)
        if code is not None:
            raise error_for(endpoint, answer)
        digest = answer.headers.get("Connector-Digest", "")
        return OperationCall(operation_id, answer.status, digest if matches(DIGEST_PATTERN, digest) else "")

    async def invoke(self, endpoint: RegionEndpoint, invocation: Invocation) -> Invoked:
        """See `InvokesOperations.invoke`."""
        path = f"connectors/{quote(invocation.connector, safe='')}/invocations"
        # No message about this call may repeat what was lent for it.
        lent = {f"lent {name}": secret for name, secret in invocation.secrets.items()}
        endpoint = replace(endpoint, secrets={**endpoint.secrets, **lent})
        async with self._deadline(endpoint, INVOKE_DEADLINE_SECONDS):
            answer = await self._request(
                endpoint, "POST", path, {"Content-Type": "application/json"}, _invocation_body(invocation),
                limit=MAX_INVOCATION_BYTES, timeout=INVOKE_DEADLINE_SECONDS,
            )  # fmt: skip
        payload = payload_of(endpoint, answer, "Invocation")
        if payload["digest"] != invocation.digest:
            raise RegionAnswerInvalid(endpoint.code, "called another package than the one asked for.")
        return _invoked(payload)

    async def _post_command(self, endpoint: RegionEndpoint, command: DeployCommand) -> Answer:
        body = {
            "connector": command.connector,
            "deployment_number": command.deployment_number,
            "action": command.action.value,
            "version": command.version,
            "digest": command.digest,
        }
        headers = {"Idempotency-Key": command.idempotency_key, "Content-Type": "application/json"}
        return await self._request(endpoint, "POST", "deployments", headers, orjson.dumps(body))

    async def _put(
        self, endpoint: RegionEndpoint, digest: str, place: str, media_type: str, content: bytes
    ) -> None:
        headers = {"Content-Type": media_type}
        answer = await self._request(endpoint, "PUT", f"{place}/{digest}", headers, content)
        if answer.status not in (201, 204):
            raise error_for(endpoint, answer)

    async def _request(
        self,
        endpoint: RegionEndpoint,
        method: str,
        path: str,
        headers: dict[str, str] | None = None,
        content: bytes | None = None,
        *,
        limit: int = MAX_ANSWER_BYTES,
        timeout: float | None = None,
    ) -> Answer:
        request_id = uuid.uuid4().hex[:16]
        async with self._client.stream(
            method,
            f"{endpoint.base_url.rstrip('/')}/{path}",
            headers={**(headers or {}), "Accept": "application/json", "X-Request-ID": request_id},
            content=content,
            auth=_Bearer(endpoint.bearer),
            timeout=timeout or self._deadline_seconds,
        ) as response:
            body = await _read_limited(endpoint, response, limit)
            return Answer(response.status_code, response.headers, body, request_id)

    @asynccontextmanager
    async def _deadline(self, endpoint: RegionEndpoint, seconds: float | None = None) -> AsyncIterator[None]:
        """Bound the whole block in time and turn everything httpx raises into our errors.

        Messages of httpx may quote header values, so they are redacted; causes are cut off for the same
        reason.
        """
        code, seconds = endpoint.code, seconds or self._deadline_seconds
        try:
            async with asyncio.timeout(seconds):
                yield
        except TimeoutError:
            raise OutcomeUnknown(code, f"no complete answer within {seconds:g} s.") from None
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            reason = redacted(str(error), *endpoint.hidden)
            raise RegionUnreachable(code, f"no connection ({type(error).__name__}: {reason}).") from None
        except (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.LocalProtocolError) as error:
            raise RegionUnreachable(code, f"its address cannot be called ({type(error).__name__}).") from None
        except (httpx.HTTPError, httpx.StreamError, OSError) as error:
            reason = redacted(str(error), *endpoint.hidden)
            raise OutcomeUnknown(code, f"the connection broke ({type(error).__name__}: {reason}).") from None


def _asked_for(command: DeployCommand) -> dict[str, tuple[str, str, bytes]]:
    """What can be given when the region answers with a problem: code -> path, media type, content."""
    given = {}
    if command.package is not None:
        given["package-required"] = ("packages", "application/zip", command.package)
    if command.certificate is not None:
        text = orjson.dumps(dict(command.certificate))
        given["certificate-required"] = ("certificates", "application/json", text)
    return given


def _invocation_body(invocation: Invocation) -> bytes:
    return orjson.dumps(
        {
            "operation": invocation.operation,
            "digest": invocation.digest,
            "inputs": dict(invocation.inputs),
            "connection": {
                "kind": invocation.kind,
                "secrets": {name: secret.reveal() for name, secret in invocation.secrets.items()},
                "values": dict(invocation.values),
            },
            "lenient": invocation.is_lenient,
        }
    )


def _invoked(payload: dict[str, Any]) -> Invoked:
    sent, answer = payload.get("request", {}), payload.get("answer", {})
    return Invoked(
        version=payload["version"],
        digest=payload["digest"],
        method=sent.get("method", ""),
        url=sent.get("url", ""),
        headers=tuple((name, value) for name, value in sent.get("headers", ())),
        body=sent.get("body", ""),
        status=answer.get("status"),
        answer_headers=tuple((name, value) for name, value in answer.get("headers", ())),
        answer_body=answer.get("body", ""),
        size=answer.get("size", 0),
        is_cut=answer.get("is_cut", False),
        duration_ms=payload.get("duration_ms", 0),
        failure=payload.get("failure", ""),
        notes=tuple(payload.get("notes", ())),
        refusal=payload.get("refusal", ""),
        problems={name: tuple(texts) for name, texts in payload.get("problems", {}).items()},
    )


async def _read_limited(endpoint: RegionEndpoint, response: httpx.Response, limit: int) -> bytes:
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in ("", "identity"):
        raise RegionAnswerInvalid(endpoint.code, "sent a compressed answer although none was asked for.")
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > limit:
            raise RegionAnswerInvalid(endpoint.code, f"sent more than {limit // 1024} KB.")
    return bytes(body)
