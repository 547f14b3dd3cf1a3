"""Nothing inside is ever called, however its address is written."""

from __future__ import annotations

import ipaddress
import socket
import threading

import pytest

from connectors.runtime.addresses import why_refused
from connectors.runtime.egress import Egress, Outgoing
from connectors.runtime.errors import CallFailed, EgressRefused

# (host in the URL, what a resolver says about it): every one must end without a connection.
INSIDE = [
    ("127.0.0.1", ()),
    ("127.1", ("127.0.0.1",)),
    ("127.0.1", ("127.0.0.1",)),
    ("2130706433", ("127.0.0.1",)),
    ("0x7f000001", ("127.0.0.1",)),
    ("0x7f.1", ("127.0.0.1",)),
    ("0177.0.0.1", ("127.0.0.1",)),
    ("017700000001", ("127.0.0.1",)),
    ("0", ("0.0.0.0",)),
    ("0.0.0.0", ()),
    ("127.255.255.254", ()),
    ("10.0.0.1", ()),
    ("10.255.255.255", ()),
    ("172.16.0.1", ()),
    ("172.31.255.255", ()),
    ("192.168.1.1", ()),
    ("169.254.169.254", ()),
    ("169.254.170.2", ()),
    ("100.64.0.1", ()),
    ("100.127.255.255", ()),
    ("100.100.100.200", ()),
    ("168.63.129.16", ()),
    ("192.0.0.1", ()),
    ("192.0.2.1", ()),
    ("192.88.99.1", ()),
    ("198.18.0.1", ()),
    ("198.51.100.7", ()),
    ("203.0.113.7", ()),
    ("224.0.0.1", ()),
    ("239.255.255.255", ()),
    ("240.0.0.1", ()),
    ("255.255.255.255", ()),
    ("[::]", ()),
    ("[::1]", ()),
    ("[0:0:0:0:0:0:0:1]", ()),
    ("[::ffff:127.0.0.1]", ()),
    ("[::ffff:7f00:1]", ()),
    ("[::ffff:8.8.8.8]", ()),
    ("[::127.0.0.1]", ()),
    ("[::ffff:0:127.0.0.1]", ()),
    ("[64:ff9b::7f00:1]", ()),
    ("[64:ff9b::a9fe:a9fe]", ()),
    ("[64:ff9b:1::1]", ()),
    ("[2002:7f00:1::]", ()),
    ("[2002:a9fe:a9fe::1]", ()),
    ("[2001:0:7f00:1::]", ()),
    ("[2001:db8::1]", ()),
    ("[3fff::1]", ()),
    ("[5f00::1]", ()),
    ("[100::1]", ()),
    ("[fc00::1]", ()),
    ("[fd12:3456:789a::1]", ()),
    ("[fe80::1]", ()),
    ("[fe80::1%25eth0]", ()),
    ("[fec0::1]", ()),
    ("[ff02::1]", ()),
    ("[2a00:1450::5efe:7f00:1]", ()),
    ("[2a00:1450::200:5efe:a00:1]", ()),
    ("localhost", ("127.0.0.1",)),
    ("localhost.", ("127.0.0.1",)),
    ("api.localhost", ("127.0.0.1",)),
    ("printer.local", ("192.168.1.9",)),
    ("metadata.google.internal", ("169.254.169.254",)),
    ("inside.example.com", ("10.1.2.3",)),
    ("mixed.example.com", ("93.184.216.34", "127.0.0.1")),
    ("mixed6.example.com", ("93.184.216.34", "::1")),
    ("mapped.example.com", ("::ffff:10.0.0.1",)),
    ("scoped.example.com", ("fe80::1%eth0",)),
    ("odd.example.com", ("0x7f.1",)),
]


@pytest.fixture
def no_connections(monkeypatch):
    """Every attempt to connect is counted and refused."""
    tried: list[object] = []

    def connect(place, *_args, **_more):
        tried.append(place)
        raise OSError("not in a test")

    monkeypatch.setattr(socket, "create_connection", connect)
    return tried


def guard(*answers: str, **more) -> Egress:
    return Egress(resolve=lambda host, port: list(answers), **more)


def test_the_table_has_sixty_rows():
    assert len({host for host, _ in INSIDE}) >= 60


@pytest.mark.parametrize(("host", "answers"), INSIDE)
def test_an_inside_address_is_refused_without_a_connection(host, answers, no_connections):
    with pytest.raises(EgressRefused):
        guard(*answers).send(Outgoing("GET", f"https://{host}/"))
    assert no_connections == []


@pytest.mark.parametrize(
    "url",
    [
        "http://api.example.com/",
        "ftp://api.example.com/",
        "file:///etc/passwd",
        "gopher://api.example.com/",
        "https://user@api.example.com/",
        "https://user:word@api.example.com/",
        "https://api.example.com:22/",
        "https://api.example.com:6379/",
        "https://api.example.com\\@127.0.0.1/",
        "https://api.example.com/a b",
        "https://api.example.com/\r\nHost: inside",
        "https:///nowhere",
        "https://[::1",
        "https://-bad-.example.com/",
        "https://ex\u2024ample.com/",
    ],
)
def test_an_address_that_could_be_read_in_two_ways_is_refused(url, no_connections):
    with pytest.raises(EgressRefused):
        guard("93.184.216.34").send(Outgoing("GET", url))
    assert no_connections == []


@pytest.mark.parametrize("address", ["93.184.216.34", "8.8.8.8", "2606:2800:220:1:248:1893:25c8:1946"])
def test_public_addresses_are_fine(address):
    assert why_refused(ipaddress.ip_address(address)) == ""


def test_a_name_server_that_changes_its_mind_gains_nothing(no_connections):
    """Asked once: the connection goes to the very address that was judged."""
    answers = iter([["93.184.216.34"], ["127.0.0.1"], ["127.0.0.1"]])
    asked = []

    def resolve(host, port):
        asked.append(host)
        return next(answers)

    with pytest.raises(CallFailed):
        Egress(resolve=resolve).send(Outgoing("GET", "https://rebinding.example.com/"))
    assert asked == ["rebinding.example.com"]
    assert no_connections == [("93.184.216.34", 443)]


def test_a_second_call_is_judged_anew(no_connections):
    answers = iter([["93.184.216.34"], ["127.0.0.1"]])
    egress = Egress(resolve=lambda host, port: next(answers))
    with pytest.raises(CallFailed):
        egress.send(Outgoing("GET", "https://rebinding.example.com/"))
    with pytest.raises(EgressRefused):
        egress.send(Outgoing("GET", "https://rebinding.example.com/"))
    assert no_connections == [("93.184.216.34", 443)]


def test_a_resolver_that_hangs_is_left_behind():
    release = threading.Event()
    egress = Egress(resolve=lambda host, port: [str(release.wait(5))], deadline_seconds=0.2)
    with pytest.raises(CallFailed, match="not resolved in time"):
        egress.send(Outgoing("GET", "https://slow.example.com/"))
    release.set()


def test_proxy_variables_are_not_known(monkeypatch, no_connections):
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:3128")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:3128")
    with pytest.raises(CallFailed):
        guard("93.184.216.34").send(Outgoing("GET", "https://api.example.com/"))
    assert no_connections == [("93.184.216.34", 443)]
