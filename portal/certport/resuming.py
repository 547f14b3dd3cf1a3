"""Large packages in pieces (tus 1.0): a connection that breaks costs the piece that was on its
way, and a command that was ended is gone on with by the next."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from typing import Any, cast
from urllib.parse import urlsplit

from portal.certport import unfinished
from portal.certport.api import shapes
from portal.certport.api.operations import Api
from portal.certport.output import output
from portal.certport.problems import CommandFailed, Exit, Problem, Unreachable
from portal.certport.transport import Transport

FROM_BYTES = 1024 * 1024
PIECE_BYTES = 256 * 1024
# Without a single piece that arrived in between.
MOST_FAILURES = 8
_VERSION = {"Tus-Resumable": "1.0.0"}
_PLACES = "/api/v1/resumable-uploads/"
# Another offset, a damaged piece, too much at once, and a portal that is away for a moment.
_AGAIN = frozenset({409, 429, 460, 502, 503, 504})
# Who asks is the difficulty, not the upload: after a new sign-in it goes on.
_STILL_THERE = frozenset({401, 403})


def send_in_pieces(
    api: Api, connector_id: str, name: str, content: bytes, moved: Callable[[int], object]
) -> shapes.Upload:
    """The upload once it is whole; `moved` is told how many bytes have arrived. One that an earlier command
    began is gone on with. Raises `Problem` and `Unreachable`, the latter after several failures in a row."""
    begun, at = _begun(api, connector_id, name, content)
    sending = _Sending(api.transport, begun.place, content, moved, at)
    try:
        sending.send_rest()
        body = api.transport.send("GET", begun.place)
    except Problem as problem:
        if problem.status not in _STILL_THERE:
            unfinished.forget(begun)
        raise
    except Unreachable as error:
        error.details.append(sending.advice)
        raise
    except KeyboardInterrupt:
        output.note(sending.advice)
        raise
    unfinished.forget(begun)
    return cast("shapes.Upload", body["upload"])


@dataclass
class _Sending:
    """The first `at` bytes of `content` have arrived."""

    transport: Transport
    place: str
    content: bytes
    moved: Callable[[int], object]
    at: int

    def send_rest(self) -> None:
        failures, has_failed = 0, False
        self.moved(self.at)
        while self.at < len(self.content):
            before = self.at
            try:
                self.at = self._ask() if has_failed else self._send()
                has_failed = False
            except Unreachable:
                has_failed = True
                failures += 1
                if failures > MOST_FAILURES:
                    raise
                self.transport.pause(failures)
            failures = 0 if self.at > before else failures
            self.moved(self.at)

    def _ask(self) -> int:
        return _offset(self.transport, self.place)

    def _send(self) -> int:
        return _send(self.transport, self.place, self.content, self.at)

    @property
    def advice(self) -> str:
        arrived = _amount(self.at, len(self.content))
        return f"{arrived} have arrived. Run the same command again: it goes on from there."


def _begun(api: Api, connector_id: str, name: str, content: bytes) -> tuple[unfinished.Unfinished, int]:
    """An upload at the portal, and how much of it has arrived."""
    wanted = unfinished.Unfinished(
        url=api.transport.url,
        email=api.token_retrieve()["email"],
        connector=connector_id,
        digest=hashlib.sha256(content).hexdigest(),
        place="",
        expires_at="",
    )
    found = unfinished.find(wanted)
    at = None if found is None else _arrived(api.transport, found, len(content))
    if found is not None and at is not None:
        output.note(f"Going on with the upload that was cut off: {_amount(at, len(content))} had arrived.")
        return found, at
    place, expires_at = _begin(api.transport, connector_id, name, len(content), wanted.digest)
    made = replace(wanted, place=place, expires_at=expires_at)
    unfinished.keep(made)
    return made, 0


def _arrived(transport: Transport, found: unfinished.Unfinished, size: int) -> int | None:
    """Bytes that are there; None where the portal knows the upload no more, or as another one."""
    for failures in range(1, MOST_FAILURES + 2):
        try:
            at = _offset(transport, _path(found.place))
        except Unreachable:
            if failures > MOST_FAILURES:
                raise
            transport.pause(failures)
        except CommandFailed as error:
            if isinstance(error, Problem) and error.status in _STILL_THERE:
                raise
            break
        else:
            if at <= size:
                return at
            break
    unfinished.forget(found)
    return None


def _amount(at: int, size: int) -> str:
    return f"{at / 1_000_000:.1f} of {size / 1_000_000:.1f} MB"


def _begin(transport: Transport, connector_id: str, name: str, size: int, digest: str) -> tuple[str, str]:
    """The upload's path, and until when it waits (ISO 8601)."""
    told = {"filename": name, "sha256": digest}
    metadata = ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in told.items())
    headers = {**_VERSION, "Upload-Length": str(size), "Upload-Metadata": metadata}
    for failures in range(1, MOST_FAILURES + 2):
        try:
            answer = transport.exchange(
                "POST", f"/api/v1/connectors/{connector_id}/resumable-uploads/", headers=headers
            )
            if answer.status_code == 201:
                return _path(answer.headers.get("Location", "")), _expiry(answer)
            raise _problem(answer, _AGAIN - {409})
        except Unreachable:
            if failures > MOST_FAILURES:
                raise
            transport.pause(failures)
    raise AssertionError("the last attempt returns or raises")


def _expiry(answer: Any) -> str:
    try:
        return parsedate_to_datetime(answer.headers.get("Upload-Expires", "")).isoformat()
    except ValueError:
        return ""


def _send(transport: Transport, place: str, content: bytes, at: int) -> int:
    """Where the upload is after one piece more."""
    piece = content[at : at + PIECE_BYTES]
    checksum = base64.b64encode(hashlib.sha256(piece).digest()).decode()
    headers = {
        **_VERSION,
        "Content-Type": "application/offset+octet-stream",
        "Upload-Offset": str(at),
        "Upload-Checksum": f"sha256 {checksum}",
    }
    answer = transport.exchange("PATCH", place, headers=headers, content=piece)
    if answer.status_code != 204:
        raise _problem(answer)
    return int(answer.headers["Upload-Offset"])


def _offset(transport: Transport, place: str) -> int:
    """Where the portal says that it is: a piece whose answer was lost counts."""
    answer = transport.exchange("HEAD", place, headers=_VERSION)
    if answer.status_code != 200:
        raise _problem(answer)
    return int(answer.headers["Upload-Offset"])


def _problem(answer: Any, again: frozenset[int] = _AGAIN) -> CommandFailed:
    if answer.status_code in again:
        return Unreachable(f"The upload does not go on ({answer.status_code}).")
    try:
        body = answer.json() if answer.content else {}
    except ValueError:
        body = {}
    return Problem(answer.status_code, body if isinstance(body, dict) else {})


def _path(location: str) -> str:
    """The place alone: the token goes to no other address."""
    path = urlsplit(location).path
    if not path.startswith(_PLACES):
        raise CommandFailed("The portal names no place for the upload.", Exit.SERVER)
    return path
