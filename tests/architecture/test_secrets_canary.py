"""One credential that exists nowhere else goes through everything, and is then looked for everywhere.

Processes run as in production; the search covers the database, the broker, logs, mails, stored files and every answer.
"""

from __future__ import annotations

import base64
import gzip
import secrets
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
import redis
from psycopg import sql

from tests.journeys.people import Journey, package
from tests.journeys.stack import Stack, wait_until

pytestmark = [pytest.mark.journey, pytest.mark.timeout(600)]


@pytest.fixture
def stack(tmp_path, django_db_setup):
    # Asked once more, the test starts from a clean world.
    made = Stack(tmp_path, log_level="DEBUG")
    try:
        made.start()
        yield made
    finally:
        made.stop()


def _forms(secret: str) -> set[bytes]:
    """The secret as it could lie about: plain, URL-encoded, hex, base64 at each of the three offsets."""
    raw = secret.encode()
    found = {raw, quote(secret, safe="").encode(), raw.hex().encode(), raw.hex().upper().encode()}
    for offset in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            text = encode(b"x" * offset + raw)
            # Characters at both ends depend on the neighbours.
            found.add(text[4 if offset else 0 : len(text) // 4 * 4 - 4])
    return found


def _hits(secret: str, place: str, content: bytes) -> list[str]:
    return [f"{place} has it as {form[:12].decode()}…" for form in _forms(secret) if form in content]


def test_the_search_finds_what_is_there():
    for encoded in (
        b"x y",
        base64.b64encode(b"ab" + b"x y-secret-0123456789"),
        b"x y-secret-0123456789".hex().encode(),
    ):
        expected = 0 if encoded == b"x y" else 1
        assert bool(_hits("x y-secret-0123456789", "here", b"..." + encoded + b"...")) == bool(expected)


def _database(stack: Stack) -> bytes:
    """Every row of every table as text."""
    parts = []
    with psycopg.connect(stack.database_url, autocommit=True) as connection:
        tables = connection.execute(
            "SELECT schemaname, tablename FROM pg_tables WHERE schemaname = 'public'"
        ).fetchall()
        for schema, table in tables:
            with connection.cursor().copy(
                sql.SQL("COPY (SELECT * FROM {}) TO STDOUT").format(sql.Identifier(schema, table))
            ) as rows:
                parts += [bytes(chunk) for chunk in rows]
        # bytea is written as hex, which the search knows; statements of running sessions may quote values.
        parts += [
            str(row).encode() for row in connection.execute("SELECT query FROM pg_stat_activity").fetchall()
        ]
    assert len(tables) > 40
    return b"".join(parts)


def _broker(stack: Stack) -> bytes:
    server = redis.Redis.from_url(stack.valkey.url())
    parts = []
    for key in server.scan_iter():
        parts.append(key)
        try:
            parts.append(server.dump(key) or b"")
        except redis.RedisError:
            continue
        kind = server.type(key)
        if kind == b"list":
            parts += server.lrange(key, 0, -1)
        elif kind == b"hash":
            parts += [part for pair in server.hgetall(key).items() for part in pair]
        elif kind == b"string":
            parts.append(server.get(key) or b"")
    server.close()
    return b"\n".join(parts)


def _files(folder: Path) -> bytes:
    return b"\n".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def _answers(journey: Journey) -> bytes:
    parts = []
    for visitor in (journey.owner, journey.reviewer, journey.operator):
        parts += visitor.seen
    return b"\n".join(gzip.decompress(part) if part[:2] == b"\x1f\x8b" else part for part in parts)


def _travel(stack: Stack, journey: Journey, first: str, second: str) -> bytes:
    """The life of the two credentials; returns the one answer that may show the second."""
    journey.enter_staff()
    journey.found_team_and_register()
    journey.start_draft()
    journey.put_package(package(journey.name))
    journey.fill_in()
    journey.add_credential(first)
    owner, reviewer = journey.owner, journey.reviewer
    # A form that cannot be accepted comes back without what was typed into it.
    address = journey.page("credentials/new/")
    owner.get(address)
    owner.send("", {"purpose": "", "key": first}, expect=400)
    credential = owner.api(f"submissions/{journey.submission}/credentials/")[0]["id"]
    replace = journey.page(f"credentials/{credential}/replace/")
    owner.get(replace)
    owner.send("", {"purpose": "Sandbox", "key": second})
    journey.hand_in()
    journey.reach("in_review")
    shown = _reveal(journey, credential)
    # Somebody pastes it where everybody reads.
    reviewer.get(journey.page("threads/new/"))
    reviewer.send("", {"body": f"It works with api_key={second} and password: {first}"})
    reviewer.get(journey.page("threads/"))
    _break_things(stack, journey, credential, second)
    for thread in reviewer.api(f"submissions/{journey.submission}/threads/")["results"]:
        reviewer.post(f"/threads/{thread['id']}/resolve/")
    journey.decide("approve")
    journey.sign_off()
    for part in ("", "credentials/", "history/", "findings/", "threads/", "review/", "mails/"):
        owner.get(journey.page(part))
        reviewer.get(journey.page(part))
    for path in (
        f"submissions/{journey.submission}/",
        f"submissions/{journey.submission}/credentials/",
        f"submissions/{journey.submission}/history/",
    ):
        owner.api(path)
    return shown


def _reveal(journey: Journey, credential: str) -> bytes:
    """Signing in again, the reason, the secret once."""
    reviewer, address = journey.reviewer, journey.page(f"credentials/{credential}/reveal/")
    reviewer.get(address)
    if "/reauthenticate/" in reviewer.where:
        where = reviewer.where
        if "/2fa/" in where:
            reviewer.get(f"/accounts/reauthenticate/?next={address}")
        reviewer.send("/accounts/reauthenticate/", {"password": reviewer.password})
    reviewer.get(address)
    reviewer.send("", {"reason": "To try the operations of the package."})
    return reviewer.seen.pop()


def _break_things(stack: Stack, journey: Journey, credential: str, secret: str) -> None:
    """Errors at several steps, while the secret is at hand: in a request, in a job, and when a region misbehaves."""
    owner = journey.owner
    headers = {"Referer": stack.url, "X-CSRFToken": owner.form("/accounts/logout/")["csrfmiddlewaretoken"][0]}
    # A NUL byte and a far too long text: refused on the way to the database.
    for value in (f"{secret}\0", secret * 2000):
        body = {"kind": "api_key", "purpose": "Sandbox", "values": {"key": value}}
        answer = owner.http.put(
            f"/api/v1/submissions/{journey.submission}/credentials/{credential}/", json=body, headers=headers
        )
        owner.seen.append(answer.content)
        assert answer.status_code in {400, 422}, answer.text[:300]
    broken = owner.http.put(f"/api/v1/submissions/{journey.submission}/credentials/{credential}/", content=f'{{"values": {{"key": "{secret}"',
                            headers={**headers, "Content-Type": "application/json"})  # fmt: skip
    assert broken.status_code == 400
    owner.seen.append(broken.content)
    stack.run("-m", "tests.architecture.canary_crash", CANARY_CREDENTIAL=credential)
    region = {
        "faults": [
            {
                "kind": "error",
                "on": ["deploy"],
                "status": 500,
                "body": f"denied for Bearer {stack.region_token}",
                "times": 2,
            }
        ]
    }
    stack.region("preview-us", "faults", "PUT", json=region)


def test_a_credential_is_found_nowhere_but_in_the_one_answer_that_shows_it(stack):
    # With a digit in any case: what is pasted without one might be a word (portal/shared/secret_scan.py).
    first, second = (f"canary7{secrets.token_urlsafe(18)}+/" for _ in range(2))
    journey = Journey(stack, 1, "Canary Quay")
    try:
        shown = _travel(stack, journey, first, second)
        wait_until(lambda: len(stack.mails(journey.owner.email)) > 4, "mails have been sent")
        answers = _answers(journey)
    finally:
        journey.leave()
    assert second.encode() in shown.replace(b"&#x2B;", b"+").replace(b"&#43;", b"+"), "the reveal shows it"
    assert b"Bearer" not in answers
    places = {
        "the database": _database(stack),
        "the broker": _broker(stack),
        "the logs": stack.logs().encode(),
        "the mails": "\n".join(stack.mails()).encode(),
        "the mail files": _files(stack.mail_folder),
        "stored files": _files(stack.media),
        "an answer": answers,
    }
    assert all(len(content) > 500 for name, content in places.items() if name not in {"the broker"}), {
        n: len(c) for n, c in places.items()
    }
    hits = [
        hit
        for secret in (first, second)
        for name, content in places.items()
        for hit in _hits(secret, name, content)
    ]
    assert not hits, "; ".join(hits)
    token_hits = [hit for name, content in places.items() for hit in _hits(stack.region_token, name, content)]
    assert token_hits == [], "the token we call regions with"
    assert (
        len(
            stack.query(
                "SELECT 1 FROM certification_credentialreveal WHERE submission_id = %s", journey.submission
            )
        )
        == 1
    )
    audited = stack.query("SELECT reason FROM shared_auditrecord WHERE action = 'credential.reveal'")
    assert audited == [("To try the operations of the package.",)]
