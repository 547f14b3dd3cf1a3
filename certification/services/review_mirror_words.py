"""What a reviewer's thread says at the pull request, and what is taken in of a comment made there.

What leaves is read by whoever may read the repository. It is quoted line by line and mentions nobody, so that
neither a person nor a program there is called by the words of somebody else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from uuid import UUID

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from certification.lifecycle import ReviewThreadState
from certification.models import Comment, CommentMirror, Thread, ThreadMirror
from certification.reviewing.anchors import describe
from certification.services.pull_request_words import escaped
from certification.services.threads import LONGEST_COMMENT
from portal.shared.secret_scan import mask_secrets

_MARKER = re.compile(r"<!-- connector-portal-thread ([0-9a-f-]{36}) -->")
_HIDDEN = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_NOBODY = "@\u200b"
"""An invisible letter after the sign: no name follows it any more."""


def marker(row: CommentMirror | ThreadMirror) -> str:
    """The first line of what is ours: unseen by readers, and how it is found again."""
    return f"<!-- connector-portal-thread {row.pk} -->"


def marked(body: str) -> UUID | None:
    """The row that a text names in its first line."""
    found = _MARKER.match(body)
    try:
        return UUID(found[1]) if found else None
    except ValueError:
        return None


def message(row: CommentMirror, comment: Comment, thread: Thread) -> str:
    return f"{marker(row)}\n{_said(comment, thread)}"


def _said(comment: Comment, thread: Thread) -> str:
    head = _("**%(name)s** (%(role)s) on the [portal](%(url)s):") % {
        "name": escaped(comment.author_name),
        "role": escaped(_role(comment, thread)),
        "url": settings.SITE_URL + reverse("thread_detail", args=[thread.pk]),
    }
    return f"{head}\n\n{_quoted(comment.body)}"


def _role(comment: Comment, thread: Thread) -> str:
    author = comment.author
    if author is not None and author.staff_role:
        return author.get_staff_role_display()
    return thread.submission.connector.publisher.name


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.replace("@", _NOBODY).splitlines())


def settled(state: str) -> str:
    if state == ReviewThreadState.RESOLVED:
        return _("✅ Resolved on the portal.")
    return _("Open again on the portal.")


def settled_there(*, is_resolved: bool) -> str:
    return _("*Resolved at the pull request.*") if is_resolved else _("*Opened again at the pull request.*")


def news(row: CommentMirror, state: str) -> str:
    return f"{marker(row)}\n{settled(state)}"


def general(thread: Thread, path: str, comments: Iterable[Comment]) -> str:
    """The whole thread in one text, with its place: it stands beside no line."""
    place = describe(thread.pointer) if thread.pointer else ""
    line = f":{thread.line}" if thread.line and path else ""
    where = " · ".join(escaped(each) for each in (f"{path}{line}", place) if each) or _("the submission")
    parts = [_("### About %(place)s") % {"place": where}, *(_said(each, thread) for each in comments)]
    if thread.state == ReviewThreadState.RESOLVED:
        parts.append(settled(thread.state))
    return "\n\n".join(parts)


def taken_in(body: str) -> tuple[str, int]:
    """A stranger's text as it is stored: without what is hidden in it and what looks like a secret; and how
    many secrets that were."""
    text = _HIDDEN.sub("", body.replace("\0", "\ufffd")).strip() or "…"
    if len(text) > LONGEST_COMMENT:
        text = text[: LONGEST_COMMENT - 1] + "…"
    scan = mask_secrets(text)
    return scan.text, scan.count
