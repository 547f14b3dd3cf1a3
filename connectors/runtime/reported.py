"""A call that somebody else made for us: their word becomes a result like our own, masked and measured anew.

What is reported is a stranger's. It is cut, masked with the connection's secrets once more, and compared with
the definition here, whatever the other side says about it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from connectors.runtime.calls import LONGEST_SHOWN_BODY, Answer, CallResult, Sent
from connectors.runtime.checking import CallFinding, findings_of
from connectors.runtime.connecting import Timings
from connectors.runtime.connection import Connection
from connectors.runtime.masking import Mask
from connectors.runtime.operations import CallableOperation

Headers = Sequence[tuple[str, str]]
_MOST_HEADERS, _LONGEST_HEADER, _LONGEST_URL = 60, 500, 8_000


@dataclass(frozen=True, slots=True)
class Reported:
    """What was sent and what came, as reported. `status` is None without an answer; `failure` says why."""

    method: str
    url: str
    headers: Headers = ()
    body: str = ""
    status: int | None = None
    answer_headers: Headers = ()
    answer_body: str = ""
    size: int = 0
    is_cut: bool = False
    duration_ms: int = 0
    failure: str = ""
    notes: Sequence[str] = field(default=())


def result_of(operation: CallableOperation, connection: Connection, reported: Reported) -> CallResult:
    """The result as the console keeps it."""
    mask = Mask(connection.every_secret())
    sent = Sent(
        reported.method[:10], mask(_stored(reported.url))[:_LONGEST_URL], _headers(reported.headers, mask),
        mask(_stored(reported.body))[:LONGEST_SHOWN_BODY],
    )  # fmt: skip
    notes = [CallFinding("policy", mask(_stored(note))[:_LONGEST_HEADER]) for note in reported.notes[:20]]
    timings = Timings(total=reported.duration_ms)
    name = operation.operation_id
    if reported.status is None:
        failure = mask(_stored(reported.failure))[:_LONGEST_HEADER] or "There was no answer."
        return CallResult(name, sent, None, tuple(notes), timings, failure)
    media_type = next((value for key, value in reported.answer_headers if key.lower() == "content-type"), "")
    content = _stored(reported.answer_body)
    is_cut = reported.is_cut or len(content) > LONGEST_SHOWN_BODY
    found = findings_of(operation, reported.status, media_type, content.encode(), is_cut=is_cut)
    findings = [CallFinding(each.kind, mask(each.message), mask(each.pointer)) for each in found]
    answer = Answer(
        reported.status, _headers(reported.answer_headers, mask), mask(content)[:LONGEST_SHOWN_BODY],
        media_type[:100], max(reported.size, len(content)), is_cut,
    )  # fmt: skip
    return CallResult(name, sent, answer, (*notes, *findings), timings)


def _headers(headers: Headers, mask: Mask) -> tuple[tuple[str, str], ...]:
    return tuple(
        (_stored(name)[:100], mask.header(name, _stored(value))[:_LONGEST_HEADER])
        for name, value in headers[:_MOST_HEADERS]
    )


def _stored(text: str) -> str:
    """NUL and lone surrogates cannot be stored."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
