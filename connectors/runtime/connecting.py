"""Connections to judged addresses under one clock: no step of a call outlives its deadline."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import httpcore

Addresses = Callable[[str, int], list[tuple[str, int]]]


@dataclass(frozen=True, slots=True)
class Timings:
    """Milliseconds since the start until the name was resolved, connected, secured, answered and read."""

    resolved: int | None = None
    connected: int | None = None
    secured: int | None = None
    first_byte: int | None = None
    total: int | None = None


@dataclass(slots=True)
class Clock:
    """One deadline for a whole call, and the marks on the way."""

    seconds: float
    started: float = field(default_factory=time.monotonic)
    marks: dict[str, int] = field(default_factory=dict)

    def left(self) -> float:
        """Seconds until the deadline; raises when there are none."""
        left = self.started + self.seconds - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("the deadline of the call has passed")
        return left

    def mark(self, name: str) -> None:
        self.marks.setdefault(name, round((time.monotonic() - self.started) * 1000))

    def timings(self) -> Timings:
        return Timings(**self.marks)

    def timeouts(self) -> dict[str, float]:
        return dict.fromkeys(("connect", "read", "write", "pool"), self.seconds)


class PinnedBackend(httpcore.NetworkBackend):
    """Resolves by `addresses`, which judges, and connects to nothing else."""

    def __init__(self, addresses: Addresses, clock: Clock) -> None:
        self._addresses = addresses
        self._clock = clock

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        places = self._addresses(host, port)
        self._clock.mark("resolved")
        problem: OSError | None = None
        for place in places:
            try:
                # The address is numeric, so nothing is resolved again here.
                connected = socket.create_connection(place, timeout=self._clock.left())
            except TimeoutError as error:
                problem = error
            except OSError as error:
                problem = error
            else:
                connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._clock.mark("connected")
                return _Stream(connected, self._clock)
        if isinstance(problem, TimeoutError):
            raise httpcore.ConnectTimeout("no connection in time") from None
        raise httpcore.ConnectError(type(problem).__name__) from None

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.NetworkStream:
        raise httpcore.ConnectError("only network addresses are called")


class _Stream(httpcore.NetworkStream):
    """A socket whose every step ends by the call's deadline."""

    def __init__(self, connected: socket.socket, clock: Clock) -> None:
        self._socket = connected
        self._clock = clock

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        self._socket.settimeout(self._clock.left())
        try:
            return self._socket.recv(max_bytes)
        except TimeoutError as error:
            raise httpcore.ReadTimeout("no answer in time") from error
        except OSError as error:
            raise httpcore.ReadError(type(error).__name__) from error

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        remaining = memoryview(buffer)
        while remaining:
            self._socket.settimeout(self._clock.left())
            try:
                sent = self._socket.send(remaining)
            except TimeoutError as error:
                raise httpcore.WriteTimeout("not sent in time") from error
            except OSError as error:
                raise httpcore.WriteError(type(error).__name__) from error
            remaining = remaining[sent:]

    def close(self) -> None:
        self._socket.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        self._socket.settimeout(self._clock.left())
        try:
            secured = ssl_context.wrap_socket(self._socket, server_hostname=server_hostname)
        except TimeoutError as error:
            self.close()
            raise httpcore.ConnectTimeout("no secure connection in time") from error
        except ssl.SSLCertVerificationError as error:
            self.close()
            raise httpcore.ConnectError("CERTIFICATE") from error
        except OSError as error:
            self.close()
            raise httpcore.ConnectError(type(error).__name__) from error
        self._clock.mark("secured")
        return _Stream(secured, self._clock)

    def get_extra_info(self, info: str) -> Any:
        if info == "is_readable":
            return False
        return None
