"""The words between the portal and a forge."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from certification.forges.github_app import AppKey
from connectors.runtime.egress import Egress

State = Literal["open", "merged", "closed"]
Conclusion = Literal["success", "failure", "neutral"]
Level = Literal["failure", "warning", "notice"]
MOST_LISTED = 1_000
"""Rows of a list that are read in one go."""


@dataclass(frozen=True, slots=True)
class ForgePlace:
    """One repository of a forge: `api_url` without a final slash, `name` as owner/name. With an `app` its
    tokens take the place of `token`."""

    kind: str
    api_url: str
    name: str
    token: str = field(repr=False, default="")
    egress: Egress = field(repr=False, default_factory=Egress)
    app: AppKey | None = None


@dataclass(frozen=True, slots=True)
class Proposal:
    """A pull request as the forge knows it. `merged_sha` is the commit that brought it into the base."""

    number: int
    title: str
    author: str
    base: str
    head_sha: str
    head_label: str
    url: str
    state: State
    merged_sha: str = ""

    @property
    def ref(self) -> str:
        """Where its head can be fetched in the base repository, also when it comes from a fork."""
        return f"refs/pull/{self.number}/head"


@dataclass(frozen=True, slots=True)
class Annotation:
    """Said beside a line. `path` is relative to the repository; lines count from 1."""

    path: str
    line: int
    level: Level
    title: str
    message: str


@dataclass(frozen=True, slots=True)
class CheckReport:
    """The outcome of a check of one commit; without a `conclusion` it has begun and has none yet. `key` is
    "<whose>:<what>", ours, and another for everything else that is said: the forge gives it back, so that a
    check that was made before a worker died is found again, and one of the same `series` that has begun is
    ended. `summary` is Markdown, `line` one plain sentence.
    """

    name: str
    head_sha: str
    key: str
    conclusion: Conclusion | None
    title: str
    line: str
    summary: str
    url: str
    annotations: Sequence[Annotation] = ()

    @property
    def series(self) -> str:
        return self.key.partition(":")[0]


@dataclass(frozen=True, slots=True)
class PostedCheck:
    """How a check stands at the forge. `way` is "check_run" (with `id`) or "status"."""

    way: Literal["check_run", "status"]
    id: int | None = None


@dataclass(frozen=True, slots=True)
class CodePlace:
    """A place in what a pull request makes of a file: `path` of the repository at `commit`, a line of it
    (from 1) or, without one, all of it."""

    path: str
    line: int | None
    commit: str


@dataclass(frozen=True, slots=True)
class CodeComment:
    """What somebody said beside the changes of a pull request. `answers` is the id of the first comment of
    its thread, None for that one itself. `place` has a line only where it is one of the new text. `body` is
    Markdown of a stranger, `changed_at` the server's time."""

    id: int
    answers: int | None
    place: CodePlace
    author: str
    body: str
    changed_at: datetime
    url: str


@dataclass(frozen=True, slots=True)
class PostedComment:
    id: int
    url: str


@dataclass(frozen=True, slots=True)
class CodeThread:
    """How a thread beside the changes stands: `first` is the id of its first comment. `settled_by` is the
    login of whoever resolved it, empty where it is open, or where the server does not say."""

    first: int
    is_resolved: bool
    settled_by: str = ""


class Forge(Protocol):
    """All calls may raise `ForgeError` and its kinds. None is made inside a transaction."""

    can_post: bool

    def describe(self) -> str:
        """The repository's own name; proves address and token."""
        ...

    def open_proposals(self, base: str) -> Iterator[Proposal]:
        """All open pull requests into a branch."""
        ...

    def proposal(self, number: int) -> Proposal: ...

    def post_check(self, report: CheckReport) -> PostedCheck:
        """Make the check, or go on with the one that was made under its `key`, or begun in its series."""
        ...

    def keep_comment(self, number: int, marker: str, text: str, known: int | None) -> int:
        """One comment that begins with `marker`: `known`, or the one that is found, or a new one. Its id."""
        ...

    def code_comments(self, number: int, since: datetime | None) -> Iterator[CodeComment]:
        """Those that were made or changed at `since` or later (all without it), first changed first; at most
        `MOST_LISTED`."""
        ...

    def code_threads(self, number: int) -> Iterator[CodeThread]:
        """Those of a pull request, at most `MOST_LISTED`. Raises `ForgeMissing`, `ForgeForbidden` or
        `ForgeRejected` where server or token do not tell."""
        ...

    def has_code_comment(self, comment: int) -> bool: ...

    def comment_code(self, number: int, place: CodePlace, text: str) -> PostedComment:
        """Begin a thread there. Raises `ForgeRejected` where the pull request does not change the place."""
        ...

    def answer_code_comment(self, number: int, first: int, text: str) -> PostedComment:
        """Answer in the thread that begins with the comment `first`."""
        ...
