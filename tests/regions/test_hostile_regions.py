"""A region that wants to harm: whatever it sends, the driver ends in time, stays small, and tells nothing."""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
import logging
import pickle
import resource
import time
import traceback
from typing import cast
from urllib.parse import quote

import pytest

from certification.regions.http import HttpDriver
from certification.regions.protocol import (
    DigestMismatch,
    OutcomeUnknown,
    RegionAnswerInvalid,
    RegionEndpoint,
    RegionError,
    RegionRefused,
    RegionThrottled,
    RegionUnauthorized,
    RegionUnreachable,
    Token,
)
from tests.regions.places import KEY, TOKEN, command, http_answer, make_package, read_request, socket_server

DEADLINE = 0.7
GOOD = {
    "key": KEY,
    "state": "running",
    "digest": "a" * 64,
    "deployment_number": 7,
    "message": "",
    "updated_at": "2026-03-02T09:30:05+00:00",
}


def says(**changes) -> bytes:
    return http_answer(200, json.dumps({**GOOD, **changes}).encode())


def problem(status: int, code: str, title: str, *headers: str) -> bytes:
    body = json.dumps({"title": title, "status": status, "code": code}).encode()
    return http_answer(status, body, *headers, kind="application/problem+json")


async def endless_body(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
    while True:
        writer.write(b" " * 65536)
        await writer.drain()


async def slow_drip(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    while True:
        writer.write(b" ")
        await asyncio.sleep(0.05)


async def dripping_headers(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"X-More: 1\r\n")
        await asyncio.sleep(0.05)


async def endless_continue(writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        await writer.drain()
        await asyncio.sleep(0.001)


async def silence(writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(60)


async def reset_in_the_middle(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{")
    await writer.drain()
    writer.transport.abort()


async def hang_up(writer: asyncio.StreamWriter) -> None:
    writer.close()


#: behaviour, the error of a status question. Bytes are sent as they are.
HOSTILE = {
    "endless body": (endless_body, RegionAnswerInvalid),
    "a byte now and then": (slow_drip, OutcomeUnknown),
    "headers now and then": (dripping_headers, OutcomeUnknown),
    "endless 100 Continue": (endless_continue, OutcomeUnknown),
    "silence": (silence, OutcomeUnknown),
    "reset in the middle": (reset_in_the_middle, OutcomeUnknown),
    "hang up at once": (hang_up, OutcomeUnknown),
    "gzip bomb": (
        http_answer(200, gzip.compress(b" " * 50_000_000), "Content-Encoding: gzip"),
        RegionAnswerInvalid,
    ),
    "body shorter than promised": (b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{}", OutcomeUnknown),
    "huge header": (b"HTTP/1.1 200 OK\r\nX-Big: " + b"a" * 2_000_000 + b"\r\n\r\n", OutcomeUnknown),
    "not HTTP": (b"SSH-2.0-OpenSSH_9.9\r\n\r\n", OutcomeUnknown),
    "broken chunks": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n", OutcomeUnknown),
    "redirect": (http_answer(302, b"", "Location: http://127.0.0.1:9/"), RegionAnswerInvalid),
    "permanent redirect": (http_answer(308, b"", "Location: http://127.0.0.1:9/"), RegionAnswerInvalid),
    "HTML page": (http_answer(200, b"<html>welcome", kind="text/html"), RegionAnswerInvalid),
    "empty": (http_answer(200, b""), RegionAnswerInvalid),
    "no content": (b"HTTP/1.1 204 No Content\r\n\r\n", RegionAnswerInvalid),
    "deep nesting": (http_answer(200, b"[" * 200_000), RegionAnswerInvalid),
    "not a number": (http_answer(200, b'{"key": NaN}'), RegionAnswerInvalid),
    "invalid UTF-8": (http_answer(200, b'{"key": "\xff\xfe"}'), RegionAnswerInvalid),
    "an array": (http_answer(200, b"[]"), RegionAnswerInvalid),
    "missing field": (http_answer(200, b'{"key": "x"}'), RegionAnswerInvalid),
    "invented state": (says(state="perfect"), RegionAnswerInvalid),
    "number as text": (says(deployment_number="7"), RegionAnswerInvalid),
    "giant number": (says(deployment_number=10**30), RegionAnswerInvalid),
    "time without zone": (says(updated_at="2026-03-02T09:30:05"), RegionAnswerInvalid),
    "nonsense time": (says(updated_at="yesterday"), RegionAnswerInvalid),
    "time at the edge": (says(updated_at="0001-01-01T00:00:00+14:00"), RegionAnswerInvalid),
    "another key": (says(key="somebody-else"), RegionAnswerInvalid),
    "another package": (says(digest="b" * 64), DigestMismatch),
    "404 page of a proxy": (http_answer(404, b"<html>not found", kind="text/html"), RegionAnswerInvalid),
    "404 for another reason": (problem(404, "unknown-region", "No such region"), RegionRefused),
    "throttled for a year": (http_answer(429, b"", "Retry-After: 31536000"), RegionThrottled),
    "throttled without sense": (http_answer(429, b"", "Retry-After: soon"), RegionThrottled),
    "forbidden": (http_answer(403, b"{}"), RegionUnauthorized),
    "reflected token": (http_answer(500, f"Bearer {TOKEN} is wrong".encode()), OutcomeUnknown),
    "reflected token, upper case": (http_answer(500, TOKEN.upper().encode()), OutcomeUnknown),
    "reflected token in a problem": (problem(400, "malformed-request", f"no {TOKEN}"), RegionRefused),
    "reflected token in base64": (
        http_answer(500, base64.b64encode(f"Bearer {TOKEN}".encode())),
        OutcomeUnknown,
    ),
    "reflected token in hex": (http_answer(500, TOKEN.encode().hex().encode()), OutcomeUnknown),
    "reflected token in a redirect": (http_answer(302, b"", f"Location: /?t={TOKEN}"), RegionAnswerInvalid),
    "reflected token as a field": (http_answer(200, json.dumps({TOKEN: 1}).encode()), RegionAnswerInvalid),
}


def forms_of_the_token() -> set[str]:
    raw = TOKEN.encode()
    encoded = {base64.b64encode(b"x" * shift + raw).decode()[4:-4] for shift in range(3)}
    return {TOKEN, TOKEN.upper(), raw.hex(), quote(TOKEN, safe=""), *encoded}


async def ask(behaviour) -> tuple[RegionError | None, float]:
    async def peer(reader, writer):
        await read_request(reader)
        if isinstance(behaviour, bytes):
            writer.write(behaviour)
            await writer.drain()
        else:
            await behaviour(writer)

    async with socket_server(peer) as url, HttpDriver(deadline_seconds=DEADLINE) as driver:
        started = time.monotonic()
        try:
            await driver.operation(RegionEndpoint("evil", url, Token(TOKEN)), KEY, expected_digest="a" * 64)
        except RegionError as error:
            return error, time.monotonic() - started
        return None, time.monotonic() - started


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_answer_ends_in_time_with_the_right_error_and_without_the_token(name, caplog):
    behaviour, expected = HOSTILE[name]
    caplog.set_level(logging.DEBUG)
    error, seconds = asyncio.run(ask(behaviour))
    assert type(error) is expected
    assert seconds < DEADLINE + 1
    shown = "".join(traceback.format_exception(error)) + repr(error) + str(error.__dict__) + caplog.text
    assert not [form for form in forms_of_the_token() if form in shown]
    assert len(str(error)) < 800
    assert "\n" not in str(error)


def test_every_hostile_behaviour_stays_within_64_mb_of_memory():
    async def all_of_them():
        for behaviour, _ in HOSTILE.values():
            await ask(behaviour)

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    asyncio.run(all_of_them())
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024


@pytest.mark.parametrize(
    ("header", "seconds"), [("31536000", 3600), ("0", 1), ("-5", 1), ("soon", 5), ("7", 7)]
)
def test_the_wait_a_region_asks_for_is_kept_between_a_second_and_an_hour(header, seconds):
    error, _ = asyncio.run(ask(http_answer(429, b"", f"Retry-After: {header}")))
    assert isinstance(error, RegionThrottled)
    assert error.retry_after_seconds == seconds


def test_the_token_travels_only_in_its_header_and_never_after_a_redirect_or_as_a_cookie():
    seen: list[tuple[str, dict[str, str]]] = []

    async def peer(reader, writer):
        while True:
            try:
                first, headers, _ = await read_request(reader)
            except asyncio.IncompleteReadError:
                return
            seen.append((first, headers))
            writer.write(http_answer(200, json.dumps(GOOD).encode(), "Set-Cookie: track=me; Path=/"))
            await writer.drain()

    async def main():
        async with socket_server(peer) as url, HttpDriver(deadline_seconds=DEADLINE) as driver:
            endpoint = RegionEndpoint("curious", f"{url}/base/", Token(TOKEN))
            for _ in range(3):
                await driver.operation(endpoint, KEY)

    asyncio.run(main())
    assert len(seen) == 3
    for first, headers in seen:
        assert first == "GET /base/operations/rollout-41%3Awesteurope%3A7%3A1 HTTP/1.1"
        assert headers["authorization"] == f"Bearer {TOKEN}"
        assert headers["accept-encoding"] == "identity"
        assert headers["user-agent"].startswith("connector-certification-portal")
        assert headers["x-request-id"]
        assert "cookie" not in headers
    assert len({headers["x-request-id"] for _, headers in seen}) == 3


def test_proxy_variables_of_the_environment_are_ignored(monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    error, _ = asyncio.run(ask(says()))
    assert error is None


def test_a_message_of_a_region_is_one_line_without_control_characters_or_our_token():
    message = f"Started\r\nINFO admin logged in \x1b[31m\u202e NUL\x00 {TOKEN} {'x' * 1000}"

    async def peer(reader, writer):
        await read_request(reader)
        writer.write(says(message=message))

    async def main():
        async with socket_server(peer) as url, HttpDriver(deadline_seconds=DEADLINE) as driver:
            return await driver.operation(RegionEndpoint("chatty", url, Token(TOKEN)), KEY)

    shown = asyncio.run(main()).message
    assert shown.startswith("Started INFO admin logged in [31m NUL [hidden]")
    assert shown.isprintable()
    assert len(shown) <= 500


def test_a_region_that_asks_for_the_package_for_ever_gets_it_once():
    lines: list[str] = []

    async def peer(reader, writer):
        while True:
            try:
                first, _, _ = await read_request(reader)
            except asyncio.IncompleteReadError:
                return
            lines.append(first.split()[0])
            stored = b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"
            writer.write(stored if first.startswith("PUT") else problem(412, "package-required", "More"))
            await writer.drain()

    async def main():
        async with socket_server(peer) as url, HttpDriver(deadline_seconds=DEADLINE) as driver:
            with pytest.raises(RegionRefused) as caught:
                await driver.deploy(RegionEndpoint("greedy", url, Token(TOKEN)), command())
            return caught.value.code

    assert asyncio.run(main()) == "package-required"
    assert lines == ["POST", "PUT", "POST"]


def test_a_package_that_is_not_the_approved_one_is_never_sent():
    async def main():
        one = command()
        object.__setattr__(one, "package", make_package("changed later"))
        async with HttpDriver() as driver:
            # Port 9 answers nobody: an attempt to send would end as RegionUnreachable.
            await driver.deploy(RegionEndpoint("any", "http://127.0.0.1:9", Token(TOKEN)), one)

    with pytest.raises(DigestMismatch, match="nothing was sent"):
        asyncio.run(main())


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9", "http://[::1]:9", "http://no-such-host.invalid", "http://:0x"]
)
def test_an_address_where_nobody_listens_is_unreachable(url):
    async def main():
        async with HttpDriver(deadline_seconds=3) as driver:
            await driver.health(RegionEndpoint("gone", url, Token(TOKEN)))

    with pytest.raises(RegionUnreachable):
        asyncio.run(main())


def test_tokens_and_endpoints_cannot_be_printed_or_pickled():
    endpoint = RegionEndpoint("one", "https://region.example", cast("Token", TOKEN))
    assert TOKEN not in f"{endpoint!r} {endpoint} {endpoint.token} {endpoint.token!r} {[endpoint.token]}"
    with pytest.raises(TypeError):
        pickle.dumps(endpoint)
    with pytest.raises(ValueError) as caught:
        Token("two words\n" + TOKEN)
    assert TOKEN not in str(caught.value)


def test_errors_survive_pickling_with_their_details():
    error = pickle.loads(pickle.dumps(RegionThrottled("one", "is busy.", retry_after_seconds=7)))
    assert (type(error), error.retry_after_seconds, error.region) == (RegionThrottled, 7, "one")
    assert (
        str(error) == "one: is busy. Wait at least that long, then send the same command with the same key."
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"key": "../../etc"},
        {"key": "a b"},
        {"connector": "no/slash"},
        {"connector": ""},
        {"version": "1\n2"},
        {"number": 0},
        {"number": 2**53},
        {"action": "explode"},
    ],
)
def test_a_command_that_the_protocol_cannot_carry_is_refused_at_once(changes):
    with pytest.raises(ValueError):
        command(changes.pop("number", 1), **changes)
