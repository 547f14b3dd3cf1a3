"""One look at the host of a connector through the egress guard: its name, its certificate, its answer.

Nothing of the connector is called: one HEAD request for "/" without a credential. Any status is an answer.
"""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum

import dns.exception
import dns.resolver
import httpcore

from connectors.runtime.connecting import Clock
from connectors.runtime.egress import USER_AGENT, Egress
from connectors.runtime.errors import CallFailed, EgressRefused

LOOK_SECONDS = 8.0
TXT_LABEL = "_connector-portal"
_STATUS = re.compile(rb"HTTP/\d\.\d (\d{3})(?: |\r|\n)")
_MOST_BYTES = 4096

TxtResolver = Callable[[str, float], Sequence[str]]


class Stage(StrEnum):
    """How far a look came before something was wrong; `FINE` when nothing was."""

    REFUSED = "refused"
    NAME = "name"
    CONNECTION = "connection"
    CERTIFICATE = "certificate"
    ANSWER = "answer"
    FINE = "fine"


@dataclass(frozen=True, slots=True)
class HostLook:
    """What one look found. `problem` says in words what is wrong at `stage`, "" when nothing is.

    `expires_at` is the end of a valid certificate; None without one, and for hosts reached over plain http
    (trial). `is_owned` says whether the TXT record was there; None when none is asked for or nobody knows.
    """

    host: str
    stage: Stage
    problem: str = ""
    expires_at: datetime | None = None
    status: int | None = None
    milliseconds: int | None = None
    is_owned: bool | None = None


def place_of(host: str) -> tuple[str, int]:
    """Name and port of the `host` of a definition. Raises ValueError when it is none."""
    name, _, port = host.strip().lower().partition(":")
    if not name or (port and not port.isdecimal()):
        raise ValueError(f"“{host[:80]}” is no host")
    return name.rstrip("."), int(port or 443)


def is_watched(egress: Egress, host: str) -> bool:
    """Whether this portal looks at the host at all: at no public one while such calls are switched off."""
    return egress.is_public or host in egress.local_hosts


def look_at(host: str, port: int, egress: Egress) -> HostLook:
    """Look once, within `LOOK_SECONDS`. Never raises: what went wrong is what was found."""
    clock = Clock(LOOK_SECONDS)
    try:
        egress.check(f"https://{host}:{port}/")
        places = egress.addresses(host, port, clock)
    except EgressRefused as error:
        return HostLook(host, Stage.REFUSED, str(error))
    except CallFailed as error:
        return HostLook(host, Stage.NAME, str(error))
    found = HostLook(host, Stage.CONNECTION, "no connection")
    for place in places:
        try:
            return _talk(host, place, egress, clock)
        except _Stopped as stopped:
            found = stopped.look
            if found.stage != Stage.CONNECTION:
                break
    return found


class _Stopped(Exception):
    """A look that ended early, with what it found."""

    def __init__(self, look: HostLook) -> None:
        super().__init__(look.problem)
        self.look = look


def _talk(host: str, place: tuple[str, int], egress: Egress, clock: Clock) -> HostLook:
    try:
        # The address is numeric and judged, so nothing is resolved again here.
        connected = socket.create_connection(place, timeout=clock.left())
    except (OSError, httpcore.TimeoutException) as error:
        problem = "no connection in time" if isinstance(error, TimeoutError) else "no connection"
        raise _Stopped(HostLook(host, Stage.CONNECTION, problem)) from None
    with connected:
        if host in egress.local_hosts:
            return _ask(host, connected, None, clock)
        secured = _secured(host, connected, egress, clock)
        with secured:
            return _ask(host, secured, _end_of(secured), clock)


def _secured(host: str, connected: socket.socket, egress: Egress, clock: Clock) -> ssl.SSLSocket:
    try:
        connected.settimeout(clock.left())
        return egress.tls().wrap_socket(connected, server_hostname=host)
    except ssl.SSLCertVerificationError as error:
        problem = f"its certificate is not valid: {error.verify_message or 'it does not prove the name'}"
        raise _Stopped(HostLook(host, Stage.CERTIFICATE, problem)) from None
    except (OSError, httpcore.TimeoutException):
        raise _Stopped(HostLook(host, Stage.CERTIFICATE, "no secure connection")) from None


def _end_of(secured: ssl.SSLSocket) -> datetime | None:
    certificate = secured.getpeercert() or {}
    text = certificate.get("notAfter")
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(text), UTC) if isinstance(text, str) else None


def _ask(host: str, line: socket.socket, expires_at: datetime | None, clock: Clock) -> HostLook:
    look = HostLook(host, Stage.ANSWER, expires_at=expires_at)
    request = f"HEAD / HTTP/1.1\r\nHost: {host}\r\nUser-Agent: {USER_AGENT}\r\nConnection: close\r\n\r\n"
    received = b""
    try:
        line.settimeout(clock.left())
        line.sendall(request.encode("ascii"))
        while len(received) < _MOST_BYTES and b"\n" not in received:
            line.settimeout(clock.left())
            chunk = line.recv(_MOST_BYTES)
            if not chunk:
                break
            received += chunk
    except (TimeoutError, httpcore.TimeoutException):
        return replace(look, problem="no answer in time")
    except OSError:
        return replace(look, problem="the connection broke")
    status = _STATUS.match(received)
    if status is None:
        return replace(look, problem="it does not answer in HTTP")
    clock.mark("total")
    return replace(look, stage=Stage.FINE, status=int(status.group(1)), milliseconds=clock.marks["total"])


def system_txt(name: str, seconds: float) -> list[str]:
    """The texts of the TXT records of a name, by the machine's name servers; none when it has none."""
    try:
        answer = dns.resolver.resolve(name, "TXT", lifetime=seconds, search=False)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return []
    return [b"".join(record.strings).decode("utf-8", "replace") for record in answer]


def txt_name(host: str) -> str:
    """Where the record that proves ownership of a host is looked for."""
    return f"{TXT_LABEL}.{host}"


def txt_value(token: str) -> str:
    """What that record says."""
    return f"connector-portal={token}"


def is_owned(host: str, token: str, resolve: TxtResolver = system_txt) -> bool | None:
    """Whether the record is there; None when the name servers do not say."""
    try:
        return txt_value(token) in [text.strip() for text in resolve(txt_name(host), LOOK_SECONDS)]
    except (dns.exception.DNSException, OSError):
        return None
