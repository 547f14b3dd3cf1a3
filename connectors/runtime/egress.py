"""The guard every call goes out through: it decides where to, connects to the address it judged, and bounds
time and size.

A name is resolved once per connection. All of its addresses must be public; the connection goes to one of
those very addresses, so a name server that answers differently a moment later gains nothing. Redirects are
never followed, proxy variables and cookies are not known, and nothing is unpacked beyond the size limit.
"""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as Unfinished
from dataclasses import dataclass, field
from functools import cache
from urllib.parse import urlsplit

import httpcore

from connectors.runtime.addresses import literal, why_refused
from connectors.runtime.connecting import Clock, PinnedBackend, Timings
from connectors.runtime.errors import CallFailed, EgressRefused
from connectors.runtime.unpacking import Unpacker

Resolver = Callable[[str, int], Sequence[str]]

DEADLINE_SECONDS = 20.0
MAX_ANSWER_BYTES = 1024 * 1024
USER_AGENT = "connector-certification-portal"
_PORTS = frozenset({443, 8443})
_HOST = re.compile(
    r"(?=.{1,253}\Z)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.?\Z"
)
_resolvers = ThreadPoolExecutor(max_workers=8, thread_name_prefix="egress-resolver")


def system_resolver(host: str, port: int) -> list[str]:
    """Every address the machine's resolver knows for a name."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


@cache
def _tls_context() -> ssl.SSLContext:
    return ssl.create_default_context()


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A request ready to be sent. `headers` are pairs in order."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Incoming:
    """An answer as it came. `body` is unpacked and cut at the size limit (`is_cut`)."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    is_cut: bool
    timings: Timings
    problem: str = ""

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")


@dataclass(frozen=True, slots=True)
class Egress:
    """Where calls may go and how long and large they may get.

    `local_hosts` maps names to (address, port) pairs that are reached over plain http whatever their address:
    for a trial whose backends run on the same machine, never for production. Without `is_public` nothing else
    is called.
    """

    local_hosts: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    is_public: bool = True
    ports: frozenset[int] = _PORTS
    deadline_seconds: float = DEADLINE_SECONDS
    max_answer_bytes: int = MAX_ANSWER_BYTES
    resolve: Resolver = system_resolver
    tls: Callable[[], ssl.SSLContext] = _tls_context

    def check(self, url: str) -> tuple[str, int]:
        """Host and port of an address that may be tried. Raises `EgressRefused` saying what is wrong."""
        try:
            parts = urlsplit(url)
            host, port = (parts.hostname or "").lower(), parts.port
        except ValueError:
            raise EgressRefused("The address of the service cannot be read: check host and path.") from None
        if any(ord(character) < 33 or ord(character) > 126 for character in url) or "\\" in url:
            raise EgressRefused("The address of the service contains blanks or other forbidden characters.")
        if host.rstrip(".") in self.local_hosts:
            return host.rstrip("."), port or 443
        if not self.is_public:
            raise EgressRefused("Calls of public services are switched off on this portal (EGRESS_PUBLIC).")
        if parts.scheme != "https":
            raise EgressRefused("Only https is called: declare the scheme “https” in the definition.")
        if parts.username is not None or parts.password is not None:
            raise EgressRefused("The address of the service must not contain a user name or password.")
        return self._checked_host(host), self._checked_port(port)

    def _checked_port(self, port: int | None) -> int:
        port = 443 if port is None else port
        if port not in self.ports:
            allowed = ", ".join(map(str, sorted(self.ports)))
            raise EgressRefused(f"Port {port} is not called; allowed are {allowed}.")
        return port

    def _checked_host(self, host: str) -> str:
        try:
            address = literal(host)
        except ValueError as error:
            raise EgressRefused(f"{error}: use the service's host name.") from None
        if address is not None:
            reason = why_refused(address)
            if reason:
                raise EgressRefused(f"{address} is {reason}: connectors call public services only.")
            return str(address)
        if not _HOST.match(host):
            raise EgressRefused("The service has no valid host name: check the host in the definition.")
        if host.rstrip(".") == "localhost" or host.rstrip(".").endswith(
            (".localhost", ".local", ".internal")
        ):
            raise EgressRefused(f"“{host}” is not a public name: connectors call public services only.")
        return host

    def addresses(self, host: str, port: int, clock: Clock) -> list[tuple[str, int]]:
        """Where to connect for a checked host: addresses that were all judged. Raises `EgressRefused`."""
        if host.rstrip(".") in self.local_hosts:
            return [self.local_hosts[host.rstrip(".")]]
        if literal(host) is not None:
            return [(host, port)]
        try:
            found = _resolvers.submit(self.resolve, host, port).result(timeout=clock.left())
        except Unfinished:
            raise CallFailed(f"The name “{host}” was not resolved in time.") from None
        except (OSError, UnicodeError):
            raise CallFailed(f"The name “{host}” is not known: check the host in the definition.") from None
        if not found:
            raise CallFailed(f"The name “{host}” has no address.")
        for text in found:
            self._judge(host, text)
        return [(text, port) for text in found]

    def _judge(self, host: str, text: str) -> None:
        try:
            address = literal(text)
        except ValueError:
            address = None
        reason = "no address" if address is None else why_refused(address)
        if reason:
            raise EgressRefused(
                f"“{host}” leads to {text[:60]}, which is {reason}: connectors call public services only."
            )

    def send(self, outgoing: Outgoing) -> Incoming:
        """Send once and read the answer. Raises `EgressRefused` or `CallFailed`."""
        host, _ = self.check(outgoing.url)
        clock = Clock(self.deadline_seconds)
        url = outgoing.url
        if host in self.local_hosts:
            url = "http" + url[url.index("://") :]
        backend = PinnedBackend(lambda name, port: self.addresses(name, port, clock), clock)
        try:
            with httpcore.ConnectionPool(
                ssl_context=self.tls(), network_backend=backend, max_connections=1, http2=False
            ) as pool:
                return self._exchange(pool, outgoing, url, clock)
        except httpcore.TimeoutException:
            raise CallFailed(
                f"No complete answer from “{host}” within {self.deadline_seconds:g} seconds."
            ) from None
        except (
            httpcore.NetworkError,
            httpcore.ProtocolError,
            httpcore.UnsupportedProtocol,
            OSError,
        ) as error:
            raise CallFailed(f"The call to “{host}” failed: {_reason(error)}.") from None

    def _exchange(
        self, pool: httpcore.ConnectionPool, outgoing: Outgoing, url: str, clock: Clock
    ) -> Incoming:
        headers = [
            ("Host", urlsplit(outgoing.url).netloc),
            ("User-Agent", USER_AGENT),
            ("Accept-Encoding", "identity"),
            ("Connection", "close"),
            *outgoing.headers,
        ]
        if outgoing.body or outgoing.method in ("POST", "PUT", "PATCH"):
            headers.append(("Content-Length", str(len(outgoing.body))))
        encoded = [(name.encode("ascii"), value.encode("latin-1")) for name, value in headers]
        with pool.stream(
            outgoing.method,
            url,
            headers=encoded,
            content=outgoing.body,
            extensions={"timeout": clock.timeouts()},
        ) as response:
            clock.mark("first_byte")
            received = tuple(
                (name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers
            )
            unpacker = Unpacker(_encoding_of(received), self.max_answer_bytes)
            for chunk in response.iter_stream():
                unpacker.feed(chunk)
                if unpacker.is_full:
                    break
        clock.mark("total")
        return Incoming(
            response.status, received, unpacker.body, unpacker.is_cut, clock.timings(), unpacker.problem
        )


def _encoding_of(headers: tuple[tuple[str, str], ...]) -> str:
    values = [value for name, value in headers if name.lower() == "content-encoding"]
    return ",".join(values).strip().lower()


def _reason(error: Exception) -> str:
    """What happened, without anything that was sent."""
    if isinstance(error, httpcore.ConnectError) and "CERTIFICATE" in str(error).upper():
        return "its certificate is not valid for this name"
    kinds = {
        httpcore.ConnectError: "no connection",
        httpcore.ReadError: "the connection broke while reading",
        httpcore.WriteError: "the connection broke while sending",
        httpcore.RemoteProtocolError: "it does not answer in HTTP",
        httpcore.LocalProtocolError: "the request is not valid HTTP",
    }
    return next((text for kind, text in kinds.items() if isinstance(error, kind)), "the connection broke")
