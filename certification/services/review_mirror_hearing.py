"""Taking in what was said beside the lines of a pull request: in threads that stand there, and in new ones.

Whoever wrote it has no account here: it is shown under the login, acts on nothing, and mails nobody.
"""

from __future__ import annotations

from uuid import uuid4

import structlog
from django.db import transaction

from certification.forges import (
    MOST_LISTED,
    CodeComment,
    Forge,
    ForgeForbidden,
    ForgeMissing,
    ForgeRejected,
    PostedComment,
)
from certification.lifecycle import REVIEW_THREAD, SUBMISSION, ReviewThreadState
from certification.models import (
    Comment,
    CommentMirror,
    PullRequestCheck,
    ReviewMirror,
    Submission,
    Thread,
    ThreadMirror,
)
from certification.queries.review_mirrors import check_of
from certification.reviewing.anchors import Anchor, PlaceNotFound, anchor_at
from certification.services import review_mirror_words as words
from certification.services.review_mirror_telling import record_first
from connectors.definitions import read_archive
from portal.shared import audit, storage
from portal.shared.actors import SYSTEM
from portal.shared.transitions import transition

log = structlog.get_logger(__name__)

MOST_FROM_OUTSIDE = 500
"""Comments of strangers in one submission; later ones are read there alone."""
Way = ThreadMirror.Way


def hear(review: ReviewMirror, forge: Forge) -> bool:
    """Read what was made or changed since the last time; whether that was all. Raises kinds of
    `ForgeError`."""
    pull, check = review.pull_request, check_of(review)
    assert pull.number is not None, "only those are linked"
    newest, count = review.seen_until, 0
    for said in forge.code_comments(pull.number, review.seen_until):
        _take(review, check, said)
        newest, count = max(newest or said.changed_at, said.changed_at), count + 1
    ReviewMirror.objects.filter(pk=review.pk).update(seen_until=newest)
    return count < MOST_LISTED


def _take(review: ReviewMirror, check: PullRequestCheck | None, said: CodeComment) -> None:
    """One comment. Ours are known by their id and never come back."""
    with transaction.atomic():
        submission = Submission.objects.select_for_update(of=("self",)).get(pk=review.submission_id)
        if submission.state in SUBMISSION.terminal:
            return
        of_review = CommentMirror.objects.filter(thread__review=review)
        known = of_review.filter(forge_id=said.id).select_related("comment").first()
        if known is not None:
            _follow(known, said)
        elif not _adopt(review, said) and _has_room(review):
            thread = _thread_of(review, submission, check, said)
            if thread is not None:
                _add(thread, said, submission)


def _follow(row: CommentMirror, said: CodeComment) -> None:
    """What a stranger wrote changes with it there; what was posted by us stays ours, whoever edits it."""
    comment = row.comment
    if comment is None or not comment.outsider or row.changed_at is None or said.changed_at <= row.changed_at:
        return
    body, masked = words.taken_in(said.body)
    is_edited = row.is_edited or body != comment.body
    CommentMirror.objects.filter(pk=row.pk).update(changed_at=said.changed_at, is_edited=is_edited)
    Comment.objects.filter(pk=comment.pk).update(body=body, masked=masked)


def _adopt(review: ReviewMirror, said: CodeComment) -> bool:
    """Ours that was posted by a worker that died before it could record it: known by its row's id, which
    nobody else has seen."""
    key = words.marked(said.body)
    if key is None:
        return False
    rows = CommentMirror.objects.filter(thread__review=review, forge_id=None, pk=key)
    row = rows.select_related("thread").first()
    if row is None:
        return False
    if said.answers is None:
        record_first(row, row.thread, PostedComment(said.id, said.url))
    else:
        CommentMirror.objects.filter(pk=row.pk).update(forge_id=said.id, url=said.url)
    return True


def _has_room(review: ReviewMirror) -> bool:
    made = Comment.objects.filter(thread__submission=review.submission_id).exclude(outsider="")
    if made.count() < MOST_FROM_OUTSIDE:
        return True
    log.warning("review_mirror_full", review=str(review.pk))
    return False


def _thread_of(
    review: ReviewMirror, submission: Submission, check: PullRequestCheck | None, said: CodeComment
) -> ThreadMirror | None:
    """Where it belongs: nowhere, when it is about a file of another connector, or of none."""
    if said.answers is not None:
        return ThreadMirror.objects.filter(review=review, way=Way.LINE, forge_id=said.answers).first()
    names = {path: name for name, path in ((check.paths or {}) if check else {}).items()}
    file = names.get(said.place.path)
    if file is None or check is None or submission.revision is None:
        return None
    is_same = check.package_digest == submission.revision.version.digest
    line = said.place.line if is_same and said.place.commit == check.head_sha else None
    anchor = _anchor(submission, file, line)
    revision = submission.revision
    thread = Thread.objects.create(
        submission=submission, revision=revision, anchored_in=revision, outsider=said.author,
        file=anchor.file, pointer=anchor.pointer, line=anchor.line, node_digest=anchor.digest,
        excerpt=anchor.excerpt,
    )  # fmt: skip
    data = {"file": thread.file, "line": thread.line, "login": said.author}
    audit.record("thread.arrive", thread, actor=SYSTEM, about=[submission], data=data)
    return ThreadMirror.objects.create(
        review=review, thread=thread, way=Way.LINE, forge_id=said.id, url=said.url
    )


def _anchor(submission: Submission, file: str, line: int | None) -> Anchor:
    assert submission.revision is not None, "asked before"
    package = read_archive(storage.load(submission.revision.version.digest))
    for wanted in (line, None):
        try:
            return anchor_at(package, file, "", wanted)
        except PlaceNotFound:
            continue
    return Anchor()


def _add(mirror: ThreadMirror, said: CodeComment, submission: Submission) -> None:
    body, masked = words.taken_in(said.body)
    comment = Comment.objects.create(
        thread_id=mirror.thread_id, outsider=said.author, body=body, masked=masked
    )
    CommentMirror.objects.create(
        thread=mirror, comment=comment, forge_id=said.id, url=said.url, changed_at=said.changed_at
    )
    data = {"login": said.author}
    audit.record("comment.arrive", comment, actor=SYSTEM, about=[mirror.thread, submission], data=data)


def take_away(row: CommentMirror) -> None:
    """Its comment is gone there: a stranger's words go here, too; ours stay here and are not said again."""
    with transaction.atomic():
        CommentMirror.objects.filter(pk=row.pk).update(is_gone=True)
        ThreadMirror.objects.filter(pk=row.thread_id, forge_id=row.forge_id).update(is_gone=True)
        if row.comment_id is not None:
            Comment.objects.filter(pk=row.comment_id).exclude(outsider="").update(body="", masked=0)


def hear_ends(review: ReviewMirror, forge: Forge) -> None:
    """Which threads were resolved there, or opened again, that no message told of. Raises kinds of
    `ForgeError` that another attempt may mend; a server or a token that does not tell is left in peace."""
    beside_lines = review.threads.filter(way=Way.LINE, forge_id__isnull=False, is_gone=False)
    mirrors = {mirror.forge_id: mirror for mirror in beside_lines.select_related("thread")}
    number = review.pull_request.number
    if not mirrors or number is None:
        return
    try:
        for found in forge.code_threads(number):
            mirror = mirrors.get(found.first)
            if mirror is not None and mirror.is_settled_there != found.is_resolved:
                settle(mirror, is_resolved=found.is_resolved, login=found.settled_by or "ghost")
    except (ForgeForbidden, ForgeMissing, ForgeRejected) as refusal:
        log.info("review_ends_untold", review=str(review.pk), reason=str(refusal))


def settle(mirror: ThreadMirror, *, is_resolved: bool, login: str, delivery: str = "") -> None:
    """Somebody resolved it there, or opened it again. A thread that began there follows; of any other it is
    noted, and its people decide. What was heard before is no news, whichever way it comes again."""
    wanted = ReviewThreadState.RESOLVED if is_resolved else ReviewThreadState.OPEN
    with transaction.atomic():
        submission = Submission.objects.select_for_update(of=("self",)).get(pk=mirror.thread.submission_id)
        heard = ThreadMirror.objects.select_for_update(of=("self",)).get(pk=mirror.pk).is_settled_there
        if heard == is_resolved or submission.state in SUBMISSION.terminal:
            return
        ThreadMirror.objects.filter(pk=mirror.pk).update(is_settled_there=is_resolved)
        note = f"there {delivery or uuid4().hex}"[:140]
        row = CommentMirror.objects.create(thread=mirror, note=note)
        thread = Thread.objects.select_for_update(of=("self",)).get(pk=mirror.thread_id)
        comment = Comment.objects.create(
            thread=thread, outsider=login, body=words.settled_there(is_resolved=is_resolved)
        )
        CommentMirror.objects.filter(pk=row.pk).update(comment=comment)
        audit.record(
            "comment.arrive", comment, actor=SYSTEM, about=[thread, submission], data={"login": login}
        )
        if thread.outsider and thread.state != wanted:
            # Told before the move is: it is no news there.
            ThreadMirror.objects.filter(pk=mirror.pk).update(told_state=wanted)
            move = "resolve" if is_resolved else "reopen"
            transition(REVIEW_THREAD, thread, move, actor=SYSTEM, about=[submission], data={"login": login})
