"""One look at a host: what it finds of name, certificate and answer, over real sockets and real TLS."""

from __future__ import annotations

import socket
import ssl
import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import dns.exception
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from connectors.runtime import Egress
from connectors.runtime.hosts import Stage, is_owned, is_watched, look_at, place_of

HOST = "tides.harbour.example"
PUBLIC = "93.184.216.34"
DAY = timedelta(days=1)


def certificate(name: str, ends_in: timedelta = 60 * DAY) -> tuple[bytes, bytes]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - 90 * DAY)
        .not_valid_after(now + ends_in)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return made.public_bytes(serialization.Encoding.PEM), private


@contextmanager
def tls_server(folder, monkeypatch, *, name=HOST, ends_in=60 * DAY, answer=b"HTTP/1.1 404 No\r\n\r\n"):
    """A server on loopback behind the public address; yields the egress that trusts it and what it heard."""
    public, private = certificate(name, ends_in)
    (folder / "both.pem").write_bytes(private + public)
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_side.load_cert_chain(folder / "both.pem")
    heard: list[bytes] = []
    connect = socket.create_connection

    def serve(listener: socket.socket) -> None:
        try:
            accepted, _ = listener.accept()
            with accepted, server_side.wrap_socket(accepted, server_side=True) as secured:
                heard.append(secured.recv(65536))
                secured.sendall(answer)
        except OSError:
            pass

    with socket.create_server(("127.0.0.1", 0)) as listener:
        place = listener.getsockname()

        def redirected(wanted, **more):
            assert wanted == (PUBLIC, 443), "only the judged address is connected to"
            return connect(place, **more)

        monkeypatch.setattr(socket, "create_connection", redirected)
        thread = threading.Thread(target=serve, args=(listener,), daemon=True)
        thread.start()
        trusting = ssl.create_default_context(cadata=public.decode())
        yield Egress(resolve=lambda host, port: [PUBLIC], tls=lambda: trusting), heard
        listener.close()
        thread.join(2)


def test_any_status_is_an_answer_and_the_certificate_is_read(tmp_path, monkeypatch):
    with tls_server(tmp_path, monkeypatch) as (egress, heard):
        look = look_at(HOST, 443, egress)
    assert (look.stage, look.status, look.problem) == (Stage.FINE, 404, "")
    assert 59 * DAY < look.expires_at - datetime.now(UTC) <= 60 * DAY
    assert look.milliseconds >= 0
    assert heard[0].startswith(f"HEAD / HTTP/1.1\r\nHost: {HOST}\r\n".encode())
    assert b"uthorization" not in heard[0]


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"name": "other.example"}, "valid"), ({"ends_in": -DAY}, "expired")],
)
def test_a_certificate_that_is_not_valid_is_told(changes, words, tmp_path, monkeypatch):
    with tls_server(tmp_path, monkeypatch, **changes) as (egress, heard):
        look = look_at(HOST, 443, egress)
    assert look.stage == Stage.CERTIFICATE
    assert words in look.problem
    assert heard == [], "nothing is said to somebody who is not who they should be"


@pytest.mark.parametrize("answer", [b"", b"SSH-2.0-OpenSSH\r\n"])
def test_what_does_not_answer_in_http_does_not_answer(answer, tmp_path, monkeypatch):
    with tls_server(tmp_path, monkeypatch, answer=answer) as (egress, _):
        look = look_at(HOST, 443, egress)
    assert look.stage == Stage.ANSWER
    assert look.expires_at is not None, "the certificate was seen all the same"


def unknown(host, port):
    raise OSError("no such name")


def test_a_name_that_is_gone_is_told():
    assert look_at(HOST, 443, Egress(resolve=unknown)).stage == Stage.NAME


@pytest.mark.parametrize("address", ["10.0.0.7", "127.0.0.1", "169.254.169.254", "::1"])
def test_a_name_that_leads_inside_is_never_connected_to(address, monkeypatch):
    monkeypatch.setattr(socket, "create_connection", lambda *given, **more: pytest.fail("connected"))
    look = look_at(HOST, 443, Egress(resolve=lambda host, port: [PUBLIC, address]))
    assert look.stage == Stage.REFUSED
    assert address in look.problem


def test_nobody_listening_is_told(monkeypatch):
    def refused(place, **more):
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", refused)
    assert look_at(HOST, 443, Egress(resolve=lambda host, port: [PUBLIC])).stage == Stage.CONNECTION


def test_a_host_of_a_trial_is_looked_at_over_plain_http():
    def serve(listener):
        accepted, _ = listener.accept()
        with accepted:
            accepted.recv(4096)
            accepted.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, args=(listener,), daemon=True).start()
        egress = Egress(local_hosts={HOST: ("127.0.0.1", listener.getsockname()[1])}, is_public=False)
        look = look_at(HOST, 443, egress)
    assert (look.stage, look.status, look.expires_at) == (Stage.FINE, 200, None)
    assert is_watched(egress, HOST)
    assert not is_watched(egress, "other.example")


@pytest.mark.parametrize(
    ("text", "place"),
    [("Tides.Example", ("tides.example", 443)), ("tides.example.:8443", ("tides.example", 8443))],
)
def test_a_host_is_read_with_its_port(text, place):
    assert place_of(text) == place


@pytest.mark.parametrize("text", ["", ":443", "tides.example:https"])
def test_what_is_no_host_is_refused(text):
    with pytest.raises(ValueError, match="no host"):
        place_of(text)


def test_the_record_has_to_hold_exactly_the_value():
    asked = []

    def resolve(name, seconds):
        asked.append(name)
        return ["v=spf1 -all", " connector-portal=abc "]

    assert is_owned(HOST, "abc", resolve) is True
    assert is_owned(HOST, "ab", resolve) is False
    assert asked[0] == f"_connector-portal.{HOST}"

    def silent(name, seconds):
        raise dns.exception.Timeout

    assert is_owned(HOST, "abc", silent) is None
