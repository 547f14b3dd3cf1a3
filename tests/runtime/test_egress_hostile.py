"""A service that means harm costs one call its deadline at most, and a bounded amount of memory."""

from __future__ import annotations

import gzip
import socket
import ssl
import threading
import time
import zlib
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from connectors.runtime.egress import Egress, Outgoing
from connectors.runtime.errors import CallFailed
from tests.runtime.servers import HOST, as_json, backend, raw_server

DEADLINE = 0.4
LIMIT = 64 * 1024
OK = b"HTTP/1.1 200 OK\r\n"


def send(port: int, path: str = "/v1/tides"):
    egress = Egress(
        local_hosts={HOST: ("127.0.0.1", port)}, deadline_seconds=DEADLINE, max_answer_bytes=LIMIT
    )
    return egress.send(Outgoing("GET", f"https://{HOST}{path}"))


def drip(content: bytes):
    def behave(accepted: socket.socket, ended: threading.Event) -> None:
        for at in range(len(content)):
            if ended.wait(0.05):
                return
            accepted.sendall(content[at : at + 1])
        ended.wait(3)

    return behave


def say(content: bytes, *, then_wait: bool = False):
    def behave(accepted: socket.socket, ended: threading.Event) -> None:
        accepted.sendall(content)
        if then_wait:
            ended.wait(3)

    return behave


def endlessly(head: bytes, piece: bytes):
    def behave(accepted: socket.socket, ended: threading.Event) -> None:
        accepted.sendall(head)
        while not ended.is_set():
            accepted.sendall(piece)

    return behave


FAILING = {
    "says nothing": say(b"", then_wait=True),
    "closes at once": say(b""),
    "drips the status line": drip(OK * 20),
    "drips the headers": drip(OK + b"X-One: two\r\n" * 20),
    "drips the body": drip(OK + b"Content-Length: 500\r\n\r\n" + b"x" * 500),
    "promises more than it sends": say(OK + b"Content-Length: 500\r\n\r\nshort"),
    "promises more and waits": say(OK + b"Content-Length: 500\r\n\r\nshort", then_wait=True),
    "speaks another protocol": say(b"SSH-2.0-OpenSSH_9.2\r\n"),
    "sends headers without end": endlessly(OK, b"X-Filler: " + b"a" * 1000 + b"\r\n"),
    "says continue for ever": endlessly(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 50),
    "breaks the chunks": say(OK + b"Transfer-Encoding: chunked\r\n\r\nZZZ\r\noops\r\n"),
    "gives two lengths": say(OK + b"Content-Length: 4\r\nContent-Length: 9\r\n\r\nbody"),
}


@pytest.mark.parametrize("behaviour", FAILING)
def test_a_call_ends_by_its_deadline_whatever_the_service_does(behaviour):
    with raw_server(FAILING[behaviour]) as port:
        started = time.monotonic()
        with pytest.raises(CallFailed):
            send(port)
        assert time.monotonic() - started < DEADLINE + 1


def test_an_endless_body_is_cut_at_the_limit():
    with raw_server(endlessly(OK + b"Connection: close\r\n\r\n", b"z" * 8192)) as port:
        answer = send(port)
    assert answer.is_cut
    assert len(answer.body) == LIMIT


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_a_bomb_is_unpacked_no_further_than_the_limit(encoding):
    pack = gzip.compress if encoding == "gzip" else zlib.compress
    bomb = pack(b"\0" * 20_000_000)
    with backend(lambda received: (200, {"Content-Encoding": encoding}, bomb)) as server:
        answer = send(server.port)
    assert answer.is_cut
    assert len(answer.body) == LIMIT


def test_a_packed_answer_of_modest_size_is_read():
    packed = gzip.compress(b'{"tides": []}')
    with backend(lambda received: (200, {"Content-Encoding": "gzip"}, packed)) as server:
        answer = send(server.port)
    assert (answer.body, answer.is_cut, answer.problem) == (b'{"tides": []}', False, "")


@pytest.mark.parametrize(
    ("encoding", "content"), [("br", b"whatever"), ("gzip", b"no gzip at all"), ("gzip, gzip", b"twice")]
)
def test_what_cannot_be_unpacked_is_told_and_not_shown(encoding, content):
    with backend(lambda received: (200, {"Content-Encoding": encoding}, content)) as server:
        answer = send(server.port)
    assert answer.problem
    assert answer.body == b""


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_an_answer_and_never_followed(status):
    inside = "http://127.0.0.1:9/secrets"
    with backend(lambda received: (status, {"Location": inside, "Set-Cookie": "a=b"}, b"")) as server:
        answer = send(server.port)
        send(server.port)
        assert answer.status == status
        assert len(server.received) == 2
        assert "Cookie" not in server.last.headers


def test_a_service_that_is_not_there_is_told_in_words():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(CallFailed, match=f"The call to “{HOST}” failed: no connection"):
        send(port)


def test_an_answer_says_how_long_each_step_took():
    with backend(lambda received: as_json({"height": 3})) as server:
        timings = send(server.port).timings
    assert timings.resolved is not None
    assert timings.resolved <= timings.connected <= timings.first_byte <= timings.total
    assert timings.secured is None


def _certificate(name: str) -> tuple[bytes, bytes]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return made.public_bytes(serialization.Encoding.PEM), private


@pytest.mark.parametrize(("name", "is_valid"), [(HOST, True), ("other.example", False)])
def test_the_pinned_connection_still_proves_the_name(name, is_valid, tmp_path, monkeypatch):
    """The judged address is connected to, yet SNI, certificate and Host are those of the name."""
    certificate, key = _certificate(name)
    (tmp_path / "both.pem").write_bytes(key + certificate)
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_side.load_cert_chain(tmp_path / "both.pem")
    asked: list[str | None] = []
    server_side.sni_callback = lambda _socket, server_name, _context: asked.append(server_name)
    heard: list[bytes] = []

    def serve(listener: socket.socket) -> None:
        accepted, _ = listener.accept()
        try:
            with server_side.wrap_socket(accepted, server_side=True) as secured:
                heard.append(secured.recv(65536))
                secured.sendall(OK + b"Content-Length: 2\r\n\r\nOK")
        except OSError:
            accepted.close()

    client_side = ssl.create_default_context(cadata=certificate.decode())
    connect = socket.create_connection
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,), daemon=True)
        thread.start()
        tried = []

        def redirected(place, **more):
            tried.append(place)
            return connect(listener.getsockname(), **more)

        monkeypatch.setattr(socket, "create_connection", redirected)
        egress = Egress(resolve=lambda host, port: ["93.184.216.34"], tls=lambda: client_side)
        if is_valid:
            assert egress.send(Outgoing("GET", f"https://{HOST}/v1/tides")).body == b"OK"
            assert f"Host: {HOST}\r\n".encode() in heard[0]
        else:
            with pytest.raises(CallFailed, match="certificate is not valid"):
                egress.send(Outgoing("GET", f"https://{HOST}/v1/tides"))
        thread.join(2)
    assert asked == [HOST]
    assert tried == [("93.184.216.34", 443)]
