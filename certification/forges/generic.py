"""A server that is nothing but Git: pull requests are its refs, and answers stand on the portal's page."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from certification.forges.errors import ForgeMissing
from certification.forges.protocol import (
    CheckReport,
    CodeComment,
    CodePlace,
    CodeThread,
    PostedCheck,
    PostedComment,
    Proposal,
)

_NOTHING = "This server knows nothing but Git."


class GenericForge:
    """Knows no pull requests by itself and takes no answers."""

    can_post = False

    def describe(self) -> str:
        return ""

    def open_proposals(self, base: str) -> Iterator[Proposal]:
        yield from ()

    def proposal(self, number: int) -> Proposal:
        raise ForgeMissing(_NOTHING)

    def post_check(self, report: CheckReport) -> PostedCheck:
        raise ForgeMissing(_NOTHING)

    def keep_comment(self, number: int, marker: str, text: str, known: int | None) -> int:
        raise ForgeMissing(_NOTHING)

    def code_comments(self, number: int, since: datetime | None) -> Iterator[CodeComment]:
        yield from ()

    def code_threads(self, number: int) -> Iterator[CodeThread]:
        yield from ()

    def has_code_comment(self, comment: int) -> bool:
        return False

    def comment_code(self, number: int, place: CodePlace, text: str) -> PostedComment:
        raise ForgeMissing(_NOTHING)

    def answer_code_comment(self, number: int, first: int, text: str) -> PostedComment:
        raise ForgeMissing(_NOTHING)
