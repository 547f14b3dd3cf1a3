"""Large packages in pieces (tus 1.0): a connection that breaks costs the piece that was on its way."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from typing import Any, cast
from urllib.parse import urlsplit

from portal.certport.api import shapes
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


def send_in_pieces(
    transport: Transport, connector_id: str, name: str, content: bytes, moved: Callable[[int], object]
) -> shapes.Upload:
    """The upload once it is whole; `moved` is told how many bytes have arrived. Raises `Problem` and
    `Unreachable`, the latter after several failures in a row."""
    place = _begin(transport, connector_id, name, content)
    at = failures = 0
    while at < len(content):
        try:
            at = _send(transport, place, content, at) if not failures else _offset(transport, place)
            failures = 0
        except Unreachable:
            failures += 1
            if failures > MOST_FAILURES:
                raise
            transport.pause(failures)
        moved(at)
    body = transport.send("GET", place)
    return cast("shapes.Upload", body["upload"])


def _begin(transport: Transport, connector_id: str, name: str, content: bytes) -> str:
    told = {"filename": name, "sha256": hashlib.sha256(content).hexdigest()}
    metadata = ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in told.items())
    headers = {**_VERSION, "Upload-Length": str(len(content)), "Upload-Metadata": metadata}
    for failures in range(1, MOST_FAILURES + 2):
        try:
            answer = transport.exchange(
                "POST", f"/api/v1/connectors/{connector_id}/resumable-uploads/", headers=headers
            )
            if answer.status_code == 201:
                return _path(answer.headers.get("Location", ""))
            raise _problem(answer)
        except Unreachable:
            if failures > MOST_FAILURES:
                raise
            transport.pause(failures)
    raise AssertionError("the last attempt returns or raises")


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


def _problem(answer: Any) -> CommandFailed:
    if answer.status_code in _AGAIN:
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
