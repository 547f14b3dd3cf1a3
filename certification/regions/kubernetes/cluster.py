"""One cluster's API through the official client: bounded in time and size, and killable from outside.

The client blocks, so every call runs in a thread. The deadline is for the whole of a command; when it passes,
the sockets are shut down, which ends the thread however slowly the other side drips.
"""

from __future__ import annotations

import json
import socket
import ssl
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import orjson
import urllib3
from kubernetes.client import ApiClient, Configuration
from kubernetes.client.rest import RESTClientObject, RESTResponse
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from certification.regions.answers import retry_after_seconds
from certification.regions.errors import (
    OutcomeUnknown,
    RegionAnswerInvalid,
    RegionError,
    RegionRefused,
    RegionThrottled,
    RegionUnauthorized,
    RegionUnreachable,
)
from certification.regions.kubernetes.objects import FIELD_MANAGER
from certification.regions.protocol import RegionEndpoint
from certification.regions.redaction import redacted

MAX_ANSWER_BYTES = 4 * 1024 * 1024
APPLY = "application/apply-patch+yaml"


class Conflict(Exception):
    """409: the object is there already, or changed since it was read, or somebody else owns a field."""

    def __init__(self, reason: str, message: str, *, is_about_fields: bool) -> None:
        self.reason = reason
        self.message = message
        self.is_about_fields = is_about_fields
        super().__init__(message)


class Cluster:
    """Requests to the API server of one region. Use from one thread at a time."""

    def __init__(self, endpoint: RegionEndpoint) -> None:
        self._endpoint = endpoint
        self.namespace = str(endpoint.settings.get("namespace") or "default")
        configuration = Configuration(host=endpoint.base_url.rstrip("/"), proxy="", no_proxy="*")
        if endpoint.token and "client_certificate" not in endpoint.secrets:
            configuration.api_key = {"authorization": endpoint.token.reveal()}
            configuration.api_key_prefix = {"authorization": "Bearer"}
        self._rest = _BoundedRest(configuration, _tls_context(endpoint))
        self._client = ApiClient(configuration)
        self._client.rest_client = self._rest
        self._client.user_agent = "connector-certification-portal"

    def close(self) -> None:
        """Shut every socket down; a call under way ends at once with an error."""
        self._rest.abort()

    def begin(self, seconds: float) -> None:
        """Start the clock of one command."""
        self._rest.stop_at = time.monotonic() + seconds

    def get(self, path: str) -> dict[str, Any] | None:
        """The object at `path` below the namespace; None when the API server says that there is none."""
        return self._ask("GET", path, accepts_none=True)

    def create(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        found = self._ask("POST", path, body, query=[("fieldManager", FIELD_MANAGER)])
        assert found is not None
        return found

    def apply(self, path: str, body: Mapping[str, Any], *, takes_over: bool) -> dict[str, Any]:
        """Server-side apply: the fields in `body` become ours and the others stay whose they are."""
        query = [("fieldManager", FIELD_MANAGER), ("force", "true" if takes_over else "false")]
        found = self._ask("PATCH", path, body, query=query, content_type=APPLY)
        assert found is not None
        return found

    def delete(self, path: str) -> None:
        self._ask("DELETE", path, accepts_none=True)

    def pages(self, path: str, selector: str) -> list[dict[str, Any]]:
        """Every object with these labels, page by page."""
        found: list[dict[str, Any]] = []
        query = [("labelSelector", selector), ("limit", "100")]
        while True:
            page = self._ask("GET", path, query=query)
            assert page is not None
            found += [item for item in page.get("items") or [] if isinstance(item, dict)]
            more = (page.get("metadata") or {}).get("continue")
            if not more:
                return found
            query = [("labelSelector", selector), ("limit", "100"), ("continue", str(more))]

    def ask_root(self, path: str) -> dict[str, Any]:
        found = self._ask("GET", path, is_root=True)
        assert found is not None
        return found

    def _ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        query: list[tuple[str, str]] | None = None,
        content_type: str = "application/json",
        accepts_none: bool = False,
        is_root: bool = False,
    ) -> dict[str, Any] | None:
        endpoint = self._endpoint
        where = path if is_root else _below_namespace(path, self.namespace)
        headers = {"Accept": "application/json"} | (
            {"Content-Type": content_type} if body is not None else {}
        )
        asked = self._client.param_serialize(
            method=method, resource_path=where, query_params=query or [], header_params=headers,
            body=dict(body) if body is not None else None, auth_settings=["BearerToken"],
        )  # fmt: skip
        try:
            answer = self._client.call_api(*asked)
        except RegionError:
            raise
        except urllib3.exceptions.SSLError as error:
            raise RegionUnreachable(
                endpoint.code, f"its certificate is not accepted ({_words(endpoint, error)})."
            ) from None
        except (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ConnectTimeoutError) as error:
            raise RegionUnreachable(endpoint.code, f"no connection ({_words(endpoint, error)}).") from None
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            raise OutcomeUnknown(
                endpoint.code, f"the connection broke ({_words(endpoint, error)})."
            ) from None
        return _judged(endpoint, answer, accepts_none=accepts_none)


def _below_namespace(path: str, namespace: str) -> str:
    kind = path.split("/", 1)[0]
    group = "/apis/apps/v1" if kind == "deployments" else "/api/v1"
    return f"{group}/namespaces/{namespace}/{path}"


def _words(endpoint: RegionEndpoint, error: Exception) -> str:
    return f"{type(error).__name__}: {redacted(str(error), *endpoint.hidden)}"


def _judged(endpoint: RegionEndpoint, answer: RESTResponse, *, accepts_none: bool) -> dict[str, Any] | None:
    status, body = answer.status, bytes(answer.data or b"")
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        value = None
    if 200 <= status < 300:
        if not isinstance(value, dict) or not isinstance(value.get("metadata", {}), dict):
            raise RegionAnswerInvalid(endpoint.code, "its API server sent something that is no object.")
        return value
    # Only the API server's own Status is believed about what is there; a proxy's page is not.
    is_status = isinstance(value, dict) and value.get("kind") == "Status"
    if status == 404 and is_status and accepts_none and value.get("reason") == "NotFound":
        return None
    raise _error(endpoint, status, value if is_status else {}, answer.headers)


def _error(
    endpoint: RegionEndpoint, status: int, said: Mapping[str, Any], headers: Mapping[str, str]
) -> Exception:
    code = endpoint.code
    message = redacted(str(said.get("message") or f"HTTP {status}"), *endpoint.hidden)
    reason = str(said.get("reason") or "")
    if status in (401, 403):
        return RegionUnauthorized(code, f"does not let us in: {message}.")
    if status == 429 or (status == 503 and "Retry-After" in headers):
        seconds = retry_after_seconds(headers.get("Retry-After", ""))
        return RegionThrottled(code, f"is busy for {seconds:g} s: {message}.", retry_after_seconds=seconds)
    if status >= 500 or status < 400 or not said:
        kind = OutcomeUnknown if status >= 500 else RegionAnswerInvalid
        return kind(code, f"its API server failed with HTTP {status}: {message}.")
    if status == 409:
        causes = (said.get("details") or {}).get("causes") or []
        is_about_fields = any(one.get("reason") == "FieldManagerConflict" for one in causes)
        return Conflict(reason, message, is_about_fields=is_about_fields)
    return RegionRefused(code, f"{message} ({reason})", code=_code(reason), status=status)


def _code(reason: str) -> str:
    """CamelCase reasons as problem codes: Invalid -> invalid, RequestEntityTooLarge -> request-entity-…"""
    words = "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in reason)
    return words.strip("-") or "refused"


@cache
def _trust(authority: str | None) -> ssl.SSLContext:
    # Reading the system's certificates costs more than a request.
    return ssl.create_default_context(cadata=authority)


def _tls_context(endpoint: RegionEndpoint) -> ssl.SSLContext:
    """Trust for the server and, if there is one, our client certificate; keys touch the disk only here."""
    authority = str(endpoint.settings.get("certificate_authority") or "") or None
    certificate, key = endpoint.secrets.get("client_certificate"), endpoint.secrets.get("client_key")
    try:
        context = _trust(authority) if not (certificate and key) else _trust.__wrapped__(authority)
        if certificate and key:
            with tempfile.TemporaryDirectory(prefix="region-") as directory:
                path = Path(directory) / "client.pem"
                path.touch(mode=0o600)
                path.write_text(f"{certificate.reveal().strip()}\n{key.reveal().strip()}\n")
                context.load_cert_chain(path)
    except (ssl.SSLError, ValueError):
        raise RegionUnauthorized(
            endpoint.code, "has a certificate or key that cannot be read: paste the PEM blocks again."
        ) from None
    return context


class _BoundedRest(RESTClientObject):
    """The client's transport without redirects, retries and proxies, under one deadline and a size limit."""

    def __init__(self, configuration: Configuration, context: ssl.SSLContext) -> None:
        self.configuration = configuration
        self.stop_at = time.monotonic()
        self._opened: list[socket.socket] = []
        self._is_aborted = False
        self.pool_manager = urllib3.PoolManager(ssl_context=context, maxsize=1, retries=False)
        self.pool_manager.pool_classes_by_scheme = self._pools()

    def _pools(self) -> dict[str, type[HTTPConnectionPool]]:
        """Connection pools that tell us of every socket, so that `abort` can reach it."""
        opened = self._opened

        class Plain(HTTPConnection):
            def connect(self) -> None:
                super().connect()
                opened.append(self.sock)

        class Secure(HTTPSConnection):
            def connect(self) -> None:
                super().connect()
                opened.append(self.sock)

        plain = type("PlainPool", (HTTPConnectionPool,), {"ConnectionCls": Plain})
        return {"http": plain, "https": type("SecurePool", (HTTPSConnectionPool,), {"ConnectionCls": Secure})}

    def abort(self) -> None:
        self._is_aborted = True
        for opened in self._opened:
            with suppress(OSError):
                opened.shutdown(socket.SHUT_RDWR)
        self.pool_manager.clear()

    def request(
        self,
        method: str,
        url: str,
        headers: Any = None,
        body: Any = None,
        post_params: Any = None,
        _request_timeout: Any = None,
    ) -> RESTResponse:
        left = self.stop_at - time.monotonic()
        if left <= 0 or self._is_aborted:
            raise TimeoutError("no time is left for this request")
        answer = self.pool_manager.request(
            method,
            url,
            body=None if body is None else json.dumps(body),
            headers=headers,
            timeout=urllib3.Timeout(total=left),
            redirect=False,
            retries=False,
            preload_content=False,
            decode_content=False,
        )
        found = RESTResponse(answer)
        found.data = self._read(answer)  # type: ignore[assignment]
        answer.release_conn()
        return found

    def _read(self, answer: urllib3.BaseHTTPResponse) -> bytes:
        body = bytearray()
        while chunk := answer.read(65_536):
            body += chunk
            if len(body) > MAX_ANSWER_BYTES:
                answer.close()
                raise ValueError(f"the answer is longer than {MAX_ANSWER_BYTES // 1024 // 1024} MB")
            if time.monotonic() > self.stop_at:
                answer.close()
                raise TimeoutError("the answer did not end in time")
        return bytes(body)
