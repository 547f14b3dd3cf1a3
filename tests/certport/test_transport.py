"""Requests: what is repeated and what is not, what a problem says, what never leaves."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from portal.certport.output import clean
from portal.certport.problems import Changed, Exit, Problem, Unreachable
from portal.certport.transport import Transport


class Portal(HTTPServer):
    """Gives the answers it was told to, in order, and remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: list[tuple[int, dict[str, str], bytes]] = []
        self.asked: list[tuple[str, str, dict[str, str], bytes]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def say(self, status: int, body: object = None, **headers: str) -> None:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.answers.append((status, {name.replace("_", "-"): value for name, value in headers.items()}, raw))


class _Handler(BaseHTTPRequestHandler):
    server: Portal

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.asked.append((self.command, self.path, dict(self.headers), body))
        status, headers, raw = self.server.answers.pop(0)
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(raw))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(raw)

    do_GET = do_POST = do_PATCH = do_DELETE = _answer  # noqa: N815 - names of http.server

    def log_message(self, *arguments: object) -> None: ...


@pytest.fixture
def portal() -> Iterator[Portal]:
    server = Portal()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def transport(portal, waits) -> Iterator[Transport]:
    made = Transport(portal.url, "ccp_a-token", sleep=waits.append)
    yield made
    made.close()


def test_reading_is_tried_again_and_waits_as_long_as_it_is_told(portal, transport, waits):
    portal.say(503, {}, Retry_After="7")
    portal.say(502, {})
    portal.say(200, {"fine": True})
    assert transport.send("GET", "/x") == {"fine": True}
    assert waits[0] == 7
    assert 0.5 < waits[1] < 1.5


def test_a_deed_without_a_key_is_done_once(portal, transport, waits):
    portal.say(503, {"detail": "Away."})
    with pytest.raises(Problem, match="Away"):
        transport.send("POST", "/stop", body={"reason": "x"})
    assert (len(portal.asked), waits) == (1, [])


@pytest.mark.parametrize(
    ("status", "body", "line"),
    [(502, b"<html>Bad Gateway", "look with certport status"), (504, {}, "look with certport status")],
)
def test_a_deed_without_an_answer_may_have_been_done(portal, transport, status, body, line):
    portal.say(status, body)
    with pytest.raises(Problem, match="cannot answer at the moment") as raised:
        transport.send("POST", "/stop", body={"reason": "x"})
    assert raised.value.exit_code == Exit.SERVER
    assert line in "\n".join(raised.value.details)


def test_a_deed_that_was_not_taken_was_not_done(portal, transport):
    portal.say(429, {}, Retry_After="240")
    with pytest.raises(Problem) as raised:
        transport.send("POST", "/stop", body={"reason": "x"})
    assert raised.value.details == ["Try again in 4 minutes."]
    nobody = Transport("http://127.0.0.1:9", "ccp_a-token")
    with pytest.raises(Unreachable) as unreachable:
        nobody.send("POST", "/stop", body={"reason": "x"})
    assert unreachable.value.details == []


def test_what_stands_before_the_portal_is_tried_again(portal, transport, waits):
    portal.say(502, b"<html>Bad Gateway")
    portal.say(200, {"fine": True})
    assert transport.send("GET", "/x") == {"fine": True}
    assert len(waits) == 1


def test_a_portal_that_asks_for_a_long_time_is_not_waited_for(portal, transport, waits):
    portal.say(503, b"", Retry_After="3600")
    with pytest.raises(Problem) as raised:
        transport.send("GET", "/x")
    assert (waits, raised.value.details) == ([], ["Try again in 60 minutes."])


def test_a_wait_that_can_be_noticed_is_told(portal, transport, waits, capsys):
    portal.say(429, {}, Retry_After="20")
    in_ten_seconds = format_datetime(datetime.now(UTC) + timedelta(seconds=10), usegmt=True)
    portal.say(503, {}, Retry_After=in_ten_seconds)
    portal.say(200, {})
    transport.send("GET", "/x")
    assert (waits[0], 7 < waits[1] <= 10) == (20, True)
    assert "trying again in 20 seconds" in capsys.readouterr().err


def test_a_creation_is_repeated_with_one_key_and_the_whole_file(portal, transport):
    portal.say(503, {})
    portal.say(201, {"id": 1})
    transport.send("POST", "/uploads", files=[("a.zip", io.BytesIO(b"PK all of it"))], keyed=True)
    first, second = portal.asked
    assert first[2]["Idempotency-Key"] == second[2]["Idempotency-Key"]
    assert b"PK all of it" in first[3]
    assert b"PK all of it" in second[3]


def test_the_token_follows_no_redirection(portal, transport):
    portal.say(302, b"", Location="https://elsewhere.example/")
    with pytest.raises(Unreachable, match=r"elsewhere\.example"):
        transport.send("GET", "/x")
    assert portal.asked[0][2]["Authorization"] == "Bearer ccp_a-token"


def test_a_page_instead_of_json_is_told(portal, transport):
    portal.say(200, b"<html>")
    with pytest.raises(Unreachable, match="is it the portal"):
        transport.send("GET", "/x")


@pytest.mark.parametrize(
    ("status", "body", "code", "line"),
    [
        (401, {"detail": "Unknown."}, Exit.SIGNED_OUT, "certport login"),
        (403, {"code": "second-factor-required"}, Exit.SIGNED_OUT, ""),
        (403, {"code": "not-permitted"}, Exit.NOT_FOUND, ""),
        (404, {"code": "not-found"}, Exit.NOT_FOUND, ""),
        (409, {"code": "blocked", "blockers": ["Fill in the form."]}, Exit.FINDINGS, "Fill in the form."),
        (409, {"code": "illegal-transition"}, Exit.CONFLICT, ""),
        (400, {"errors": {"reason": ["Say why."]}}, Exit.USAGE, "reason: Say why."),
        (400, {"errors": {"a": [{"message": "No.", "code": "x"}]}}, Exit.USAGE, "a: No."),
        (500, {"request_id": "abc"}, Exit.SERVER, "Request abc"),
    ],
)
def test_problems_end_in_one_sentence_and_an_exit_code(status, body, code, line):
    problem = Problem(status, body)
    assert problem.exit_code == code
    assert problem.message
    assert line in "\n".join(problem.details)


def test_what_others_wrote_does_not_move_the_cursor():
    assert clean("a\x1b[2Jb\u202ec\n") == "a\ufffd[2Jb\ufffdc\n"


def test_a_write_names_what_was_read_and_the_next_one_what_it_became(portal, transport):
    portal.say(200, {"id": 1, "intro": "Old."}, ETag='"one"')
    portal.say(200, {"id": 1, "intro": "New."}, ETag='"two"')
    portal.say(200, {"id": 1})
    portal.say(200, {"id": 1})
    transport.send("GET", "/things/1/")
    with transport.as_read("/things/1/"):
        transport.send("PATCH", "/things/1/", body={"intro": "New."})
        transport.send("POST", "/things/1/submit/")
    transport.send("POST", "/things/1/submit/")
    assert [headers.get("If-Match") for _, _, headers, _ in portal.asked] == [None, '"one"', '"two"', None]


def test_what_somebody_changed_meanwhile_is_told_field_by_field(portal, transport):
    portal.say(200, {"intro": "Old.", "state": "draft", "size": 3}, ETag='"one"')
    portal.say(412, {"code": "precondition-failed", "current": {"intro": "x" * 80, "state": "draft"}})
    transport.send("GET", "/things/1/")
    with pytest.raises(Changed) as raised, transport.as_read("/things/1/"):
        transport.send("PATCH", "/things/1/", body={"intro": "Mine."})
    assert raised.value.exit_code == Exit.CONFLICT
    assert raised.value.details[0] == f"intro: Old. is {'x' * 59}… now"
    assert list(raised.value.data["changed"]) == ["intro"]
    assert len(portal.asked) == 2, "and is not tried again"


def test_what_was_never_read_or_has_no_tag_is_written_as_usual(portal, transport):
    portal.say(200, {"id": 1})
    portal.say(200, {"id": 1})
    portal.say(200, {"id": 2})
    transport.send("GET", "/things/1/")
    for number in (1, 2):
        with transport.as_read(f"/things/{number}/"):
            transport.send("POST", f"/things/{number}/submit/")
    assert not [headers for _, _, headers, _ in portal.asked if "If-Match" in headers]
