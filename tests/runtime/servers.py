"""Servers on this machine that behave as told, and definitions that point at them."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from connectors.runtime import Connection, Egress

HOST = "api.tides.example"


class Sealed:
    """A secret as the portal hands it over."""

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __repr__(self) -> str:
        return "Sealed(***)"


def connection(kind: str, values: dict[str, str] | None = None, **secrets: str) -> Connection:
    return Connection(kind, {name: Sealed(value) for name, value in secrets.items()}, values or {})


@dataclass
class Received:
    """A request as a server saw it."""

    method: str
    path: str
    headers: Message
    body: bytes


Reply = Callable[[Received], tuple[int, dict[str, str], bytes]]


@dataclass
class Backend:
    """An HTTP server that answers by `reply` and remembers what it received."""

    port: int
    reply: Reply
    received: list[Received] = field(default_factory=list)

    def egress(self, *names: str, **more: Any) -> Egress:
        return Egress(local_hosts=dict.fromkeys(names or (HOST,), ("127.0.0.1", self.port)), **more)

    @property
    def last(self) -> Received:
        return self.received[-1]


def as_json(value: Any, status: int = 200) -> tuple[int, dict[str, str], bytes]:
    return status, {"Content-Type": "application/json"}, json.dumps(value).encode()


@contextmanager
def backend(reply: Reply = lambda received: as_json({})) -> Iterator[Backend]:
    made = Backend(0, reply)

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            received = Received(self.command, self.path, self.headers, body)
            made.received.append(received)
            status, headers, content = made.reply(received)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def __getattr__(self, name: str) -> Callable[[], None]:
            if name.startswith("do_"):
                return self._answer
            raise AttributeError(name)

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def raw_server(behave: Callable[[socket.socket, threading.Event], None]) -> Iterator[int]:
    """A TCP server: `behave` gets every connection after its request was read, and an event for the end."""
    ended = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.1)
    threads: list[threading.Thread] = []

    def serve(accepted: socket.socket) -> None:
        with accepted:
            accepted.settimeout(2)
            try:
                accepted.recv(65536)
                behave(accepted, ended)
            except OSError:
                return

    def accept() -> None:
        while not ended.is_set():
            try:
                accepted, _ = listener.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            threads.append(threading.Thread(target=serve, args=(accepted,), daemon=True))
            threads[-1].start()

    acceptor = threading.Thread(target=accept, daemon=True)
    acceptor.start()
    try:
        yield listener.getsockname()[1]
    finally:
        ended.set()
        listener.close()
        acceptor.join()
        for thread in threads:
            thread.join(2)


def definition(
    path: str = "/tides", method: str = "get", root: dict[str, Any] | None = None, **operation: Any
):
    """A definition with one operation, GetTides."""
    return {
        "swagger": "2.0",
        "info": {"title": "Tides", "version": "1.0"},
        "host": HOST,
        "basePath": "/v1",
        "schemes": ["https"],
        "consumes": ["application/json"],
        "produces": ["application/json"],
        "paths": {
            path: {
                method: {
                    "operationId": "GetTides",
                    "summary": "Get tides",
                    "responses": {"200": {"description": "OK"}},
                    **operation,
                }
            }
        },
        **(root or {}),
    }
