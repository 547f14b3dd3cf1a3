"""Threads as pages show them: with their comments, place and what the reader may do. Two queries for any
number."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Prefetch, QuerySet
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.safestring import SafeString

from certification.lifecycle import SUBMISSION
from certification.models import Comment, CommentMirror, Submission, Suggestion, Thread, ThreadMirror
from certification.policies import (
    can_answer_suggestion,
    can_comment_privately,
    can_comment_submission,
    can_resolve_thread,
    can_suggest_change,
)
from certification.reviewing.anchors import describe, operation_pointer
from certification.reviewing.differences import DiffRow, line_diff
from portal.accounts.models import User
from portal.shared.markdown import render_markdown
from portal.shared.words import lazy as _


@dataclass(frozen=True, slots=True)
class SuggestionView:
    """A suggested change as its rows of difference. `wait` says why it cannot be accepted now, where the
    reader could otherwise."""

    id: UUID
    state: str
    rows: list[DiffRow]
    is_removal: bool
    decided_by: str
    decided_at: datetime
    reason: str
    version: str
    can_accept: bool
    can_decline: bool
    can_withdraw: bool
    wait: str


@dataclass(frozen=True, slots=True)
class CommentView:
    """A comment as `_comment.html` shows it; `body_html` is safe. One of somebody without an account is
    `is_outside` and has the `url` where it was made; `is_gone`: it was taken away there."""

    id: UUID
    author: str
    role: str
    at: datetime
    body_html: SafeString
    masked: int
    private: bool
    suggestion: SuggestionView | None = None
    is_outside: bool = False
    url: str = ""
    edited_at: datetime | None = None
    is_gone: bool = False


@dataclass(frozen=True, slots=True)
class ThreadView:
    """A thread for the reader: `place` is in words, `place_url` leads to the source. `is_lost`: the package
    has no such place any more. `operation` is the pointer of the operation it belongs to, or "". One that
    stands at the pull request, too, has its `mirror_url`; one that `is_outside` began there."""

    id: UUID
    private: bool
    state: str
    outdated: bool
    is_lost: bool
    place: str
    place_url: str
    file: str
    pointer: str
    operation: str
    line: int | None
    excerpt: str
    opened_in: int
    comments: list[CommentView] = field(repr=False)
    can_reply: bool = False
    can_resolve: bool = False
    can_suggest: bool = False
    is_outside: bool = False
    is_mirrored: bool = False
    mirror_url: str = ""

    @property
    def is_open(self) -> bool:
        return self.state == "open"


def threads_for(user: Any, submission: Submission) -> QuerySet[Thread]:
    """What `user` may read of a submission's threads, in the order they were opened."""
    comments = Comment.objects.select_related(
        "author", "mirror", "suggestion__decided_by", "suggestion__version"
    ).order_by("created_at", "pk")
    comments = comments.defer("suggestion__version__tree", "suggestion__version__facts")
    return (
        Thread.objects.visible_to(user)
        .filter(submission=submission)
        .select_related("author", "revision", "anchored_in", "mirror")
        .defer("revision__form", "anchored_in__form")
        .prefetch_related(Prefetch("comments", comments))
        .order_by("created_at", "pk")
    )


def thread_views(user: User, submission: Submission, threads: Iterable[Thread]) -> list[ThreadView]:
    """`submission` comes with connector, publisher and revision; no query per thread."""
    is_over = submission.state in SUBMISSION.terminal
    rights = (
        not is_over and can_comment_submission(user, submission),
        not is_over and can_comment_privately(user, submission),
    )
    return [_view(user, submission, thread, rights, is_over) for thread in threads]


def _view(
    user: User, submission: Submission, thread: Thread, rights: tuple[bool, bool], is_over: bool
) -> ThreadView:
    # Policies look at the thread's submission: the one at hand, with its publisher loaded.
    thread.submission = submission
    mirror: ThreadMirror | None = getattr(thread, "mirror", None)
    lost = bool(thread.file) and thread.anchored_in_id != submission.revision_id
    return ThreadView(
        id=thread.pk,
        private=thread.is_private,
        state=thread.state,
        outdated=thread.is_outdated,
        is_lost=lost,
        place=_place(thread),
        place_url="" if lost else source_url(submission, thread.file, thread.line),
        file=thread.file,
        pointer=thread.pointer,
        operation="" if lost else operation_pointer(thread.pointer),
        line=None if lost else thread.line,
        excerpt=thread.excerpt,
        opened_in=thread.revision.number,
        comments=[_comment(user, comment, submission, thread) for comment in thread.comments.all()],
        can_reply=rights[1] if thread.is_private else rights[0],
        can_resolve=not is_over and can_resolve_thread(user, thread),
        can_suggest=bool(thread.pointer)
        and not (is_over or lost or thread.is_private)
        and can_suggest_change(user, submission),
        is_outside=bool(thread.outsider),
        is_mirrored=mirror is not None and bool(mirror.way),
        mirror_url=mirror.url if mirror else "",
    )


def _place(thread: Thread) -> str:
    if thread.pointer:
        return describe(thread.pointer)
    return thread.file


def source_url(submission: Submission, file: str, line: int | None = None) -> str:
    """The address of a line in the source view; "" without a file."""
    if not file:
        return ""
    query = {"file": file} | ({"line": str(line)} if line else {})
    anchor = f"#L{line}" if line else ""
    return f"{reverse('review_source', args=[submission.pk])}?{urlencode(query)}{anchor}"


def _comment(user: User, comment: Comment, submission: Submission, thread: Thread) -> CommentView:
    mirror: CommentMirror | None = getattr(comment, "mirror", None)
    return CommentView(
        id=comment.pk,
        author=comment.author_name,
        role=_role(comment, submission),
        at=comment.created_at,
        body_html=render_markdown(comment.body),
        masked=comment.masked,
        private=thread.is_private,
        suggestion=_suggestion(user, comment, submission),
        is_outside=bool(comment.outsider),
        url=mirror.url if mirror and comment.outsider else "",
        edited_at=mirror.changed_at if mirror and mirror.is_edited else None,
        is_gone=bool(mirror and mirror.is_gone),
    )


def _role(comment: Comment, submission: Submission) -> str:
    author = comment.author
    if author is None:
        return str(_OUTSIDE)
    return author.get_staff_role_display() if author.staff_role else submission.connector.publisher.name


_OUTSIDE = _("at the pull request, without an account here")


def _suggestion(user: User, comment: Comment, submission: Submission) -> SuggestionView | None:
    found: Suggestion | None = getattr(comment, "suggestion", None)
    if found is None:
        return None
    waits = found.state == "proposed" and submission.state not in SUBMISSION.terminal
    may_answer = waits and can_answer_suggestion(user, submission)
    return SuggestionView(
        id=found.pk,
        state=found.state,
        rows=[
            row
            for row in line_diff(found.before.splitlines(), found.after.splitlines()).rows
            if row.kind != "hunk"
        ],
        is_removal=not found.after,
        decided_by=found.decided_by.name if found.decided_by else "",
        decided_at=found.state_changed_at,
        reason=found.reason,
        version=found.version.label if found.version else "",
        can_accept=may_answer and submission.is_editable,
        can_decline=may_answer,
        can_withdraw=waits and found.author_id == user.pk,
        wait="" if submission.is_editable or not may_answer else _NOT_YET,
    )


_NOT_YET = _("You can accept it as soon as the review comes back to you.")


@dataclass(slots=True)
class Conversation:
    """All threads of a submission that the reader may see. Private notes are apart from everything else."""

    public: list[ThreadView]
    private: list[ThreadView]

    @property
    def unresolved(self) -> int:
        return sum(thread.is_open and not thread.is_outside for thread in self.public)

    @property
    def acceptable(self) -> list[UUID]:
        """Suggestions that the reader can take over now."""
        return [
            comment.suggestion.id
            for thread in self.public
            for comment in thread.comments
            if comment.suggestion and comment.suggestion.can_accept
        ]

    def by_operation(self) -> dict[str, int]:
        """Pointer of an operation -> its open threads, notes among them."""
        counts: dict[str, int] = defaultdict(int)
        for thread in (*self.public, *self.private):
            if thread.is_open and thread.operation:
                counts[thread.operation] += 1
        return counts

    def in_file(self, file: str) -> list[ThreadView]:
        """The threads whose place is in the file as it is now."""
        return [
            thread for thread in (*self.public, *self.private) if thread.file == file and not thread.is_lost
        ]

    def at(self, file: str, pointer: str) -> list[ThreadView]:
        """The threads on a node and on what is below it."""
        return [
            thread
            for thread in (*self.public, *self.private)
            if thread.file == file
            and not thread.is_lost
            and (thread.pointer == pointer or thread.pointer.startswith(f"{pointer}/"))
        ]

    def by_line(self, file: str) -> dict[int, list[ThreadView]]:
        found: dict[int, list[ThreadView]] = defaultdict(list)
        for thread in (*self.public, *self.private):
            if thread.file == file and thread.line and not thread.is_lost:
                found[thread.line].append(thread)
        return found


def conversation(user: User, submission: Submission) -> Conversation:
    """Open threads first, each group in the order they were opened."""
    views = thread_views(user, submission, threads_for(user, submission))
    views.sort(key=lambda thread: not thread.is_open)
    return Conversation(
        [thread for thread in views if not thread.private], [thread for thread in views if thread.private]
    )
