"""Telling threads at the pull request: beside the line where it changes that line, else in one comment.

Each message is claimed by a row, posted, and recorded. Whatever a dying worker posted without recording it
was found by `review_mirror_hearing`, which comes first. Notes for staff alone are never read here.
"""

from __future__ import annotations

import hashlib

from django.db import transaction
from django.db.models import Prefetch, Q

from certification.forges import CodePlace, Forge, ForgeMissing, ForgeRejected, PostedComment
from certification.models import (
    Comment,
    CommentMirror,
    PullRequest,
    PullRequestCheck,
    ReviewMirror,
    Thread,
    ThreadMirror,
)
from certification.queries.review_mirrors import check_of
from certification.services import review_mirror_words as words

Way = ThreadMirror.Way


def tell(review: ReviewMirror, forge: Forge) -> None:
    """Say there what was written here since. Raises kinds of `ForgeError`."""
    check = check_of(review)
    for thread in _threads(review):
        if not thread.said:  # type: ignore[attr-defined]
            continue
        mirror, _is_new = ThreadMirror.objects.get_or_create(thread=thread, defaults={"review": review})
        if mirror.review_id == review.pk and not mirror.is_gone:
            _Teller(review.pull_request, thread, mirror, forge).tell(check)


def _threads(review: ReviewMirror) -> list[Thread]:
    """Public ones: those that were begun since the team chose so, and those that were begun there. `said` is
    what people of the portal wrote in each."""
    since = review.submission.connector.binding.threads_mirrored_since
    comments = Comment.objects.filter(author__isnull=False).select_related("author", "mirror")
    return list(
        Thread.objects.filter(submission=review.submission, is_private=False)
        .filter(Q(created_at__gte=since) | ~Q(outsider=""))
        .select_related("submission__connector__publisher", "anchored_in__version")
        .defer("anchored_in__form", "anchored_in__version__tree", "anchored_in__version__facts")
        .prefetch_related(Prefetch("comments", comments.order_by("created_at", "pk"), to_attr="said"))
        .order_by("created_at", "pk")
    )


class _Teller:
    """One thread and the pull request it is told at."""

    def __init__(self, pull: PullRequest, thread: Thread, mirror: ThreadMirror, forge: Forge) -> None:
        assert pull.number is not None, "only those are linked"
        self._number, self._thread, self._mirror, self._forge = pull.number, thread, mirror, forge
        self._pull = pull
        self._said: list[Comment] = thread.said  # type: ignore[attr-defined]

    def tell(self, check: PullRequestCheck | None) -> None:
        path = (check.paths or {}).get(self._thread.file, "") if check else ""
        if self._mirror.forge_id is None and not self._mirror.way:
            if not self._pull.is_checked:
                # What its newest commit makes of the place is being found out; this job comes again then.
                return
            self._begin(check, path)
        try:
            if self._mirror.way == Way.GENERAL:
                self._keep_whole(path or self._thread.file)
            else:
                self._answer()
        except ForgeMissing:
            # Somebody took the comment away there: that is respected, not repaired.
            self._note(is_gone=True)

    def _begin(self, check: PullRequestCheck | None, path: str) -> None:
        """Beside its line, where the text there is the one that the thread is about."""
        is_same = check is not None and check.package_digest == self._thread.anchored_in.version.digest
        if check is not None and is_same and path:
            first = self._said[0]
            row = self._claim(comment=first)
            place = CodePlace(path, self._thread.line, check.head_sha)
            try:
                posted = self._forge.comment_code(
                    self._number, place, words.message(row, first, self._thread)
                )
            except ForgeRejected:
                # The pull request does not change this place.
                row.delete()
            else:
                record_first(row, self._mirror, posted)
                return
        self._note(way=Way.GENERAL)

    def _answer(self) -> None:
        for comment in self._said:
            if getattr(comment, "mirror", None) is None or comment.mirror.forge_id is None:
                row = self._claim(comment=comment)
                if row.forge_id is None:
                    self._post(row, words.message(row, comment, self._thread))
        if self._thread.state != self._mirror.told_state:
            row = self._claim(note=f"{self._thread.state} {self._thread.state_changed_at.isoformat()}")
            if row.forge_id is None:
                self._post(row, words.news(row, self._thread.state))
            self._note(told_state=self._thread.state)

    def _claim(self, **what: object) -> CommentMirror:
        defaults = {"thread": self._mirror} if "comment" in what else {}
        known = what if "comment" in what else {**what, "thread": self._mirror}
        return CommentMirror.objects.get_or_create(**known, defaults=defaults)[0]

    def _post(self, row: CommentMirror, text: str) -> None:
        assert self._mirror.forge_id is not None, "it was begun"
        posted = self._forge.answer_code_comment(self._number, self._mirror.forge_id, text)
        CommentMirror.objects.filter(pk=row.pk).update(forge_id=posted.id, url=posted.url)

    def _keep_whole(self, path: str) -> None:
        text = words.general(self._thread, path, self._said)
        digest = hashlib.sha256(text.encode()).hexdigest()
        if digest == self._mirror.digest:
            return
        known = self._mirror.forge_id
        made = self._forge.keep_comment(self._number, words.marker(self._mirror), text, known)
        url = f"{self._pull.url}#issuecomment-{made}" if self._pull.url else ""
        self._note(forge_id=made, url=url, digest=digest, told_state=self._thread.state)

    def _note(self, **columns: object) -> None:
        ThreadMirror.objects.filter(pk=self._mirror.pk).update(**columns)
        for name, value in columns.items():
            setattr(self._mirror, name, value)


def record_first(row: CommentMirror, mirror: ThreadMirror, posted: PostedComment) -> None:
    """The comment that others answer from now on."""
    with transaction.atomic():
        CommentMirror.objects.filter(pk=row.pk).update(forge_id=posted.id, url=posted.url)
        ThreadMirror.objects.filter(pk=mirror.pk).update(way=Way.LINE, forge_id=posted.id, url=posted.url)
    row.forge_id = mirror.forge_id = posted.id
    mirror.way, mirror.url = Way.LINE, posted.url
