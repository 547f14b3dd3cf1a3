"""Threads of a review and the comments of its pull request: when they are brought together, and by what.

Whatever happens on either side leads to `sync`, which reads first and tells then. Nothing is called inside a
transaction: claimed, called, recorded.
"""

from __future__ import annotations

import datetime as dt

import structlog

from certification.forges import (
    ForgeError,
    ForgeForbidden,
    ForgeMissing,
    ForgeRefused,
    ForgeRejected,
    RateLimited,
)
from certification.lifecycle import SUBMISSION
from certification.models import (
    Comment,
    CommentMirror,
    PullRequest,
    ReviewMirror,
    Submission,
    Thread,
    ThreadMirror,
)
from certification.queries.review_mirrors import active_mirrors, fitting_check
from certification.services import review_mirror_hearing as hearing
from certification.services.forges import note_pause, open_forge
from certification.services.review_mirror_telling import tell
from connectors.models import Repository
from portal.shared import outbox
from portal.shared.leases import leased

log = structlog.get_logger(__name__)

_LEASE = dt.timedelta(seconds=110)
_BUSY_SECONDS = 2.0
_FOR_GOOD = (ForgeRefused, ForgeForbidden, ForgeMissing, ForgeRejected)


def link(submission_id: str) -> ReviewMirror | None:
    """The pull request that a submission's threads are told at: the one so far, or an open one that would
    make the folder what was handed in. None where there is none, or the team has not chosen it."""
    submission = (
        Submission.objects.select_related("revision__version")
        .defer("revision__form", "revision__version__tree", "revision__version__facts")
        .filter(pk=submission_id)
        .exclude(state__in=SUBMISSION.terminal)
        .first()
    )
    if submission is None:
        return None
    known = active_mirrors().filter(submission=submission).first()
    if known is not None:
        return known
    check = fitting_check(submission)
    if check is None:
        return None
    made, _is_new = ReviewMirror.objects.get_or_create(
        pull_request_id=check.pull_request_id, submission=submission
    )
    return made


def follow_submission(submission_id: str) -> None:
    """It was handed in, or something was said in it."""
    found = link(submission_id)
    if found is not None:
        sync(str(found.pk))


def follow_comment(comment_id: str) -> None:
    comment = Comment.objects.select_related("thread").filter(pk=comment_id, author__isnull=False).first()
    if comment is not None and not comment.thread.is_private:
        follow_submission(str(comment.thread.submission_id))


def follow_thread(thread_id: str) -> None:
    thread = Thread.objects.filter(pk=thread_id, is_private=False).first()
    if thread is not None:
        follow_submission(str(thread.submission_id))


def follow_pull_request(pull_request_id: str) -> None:
    """Its newest commit was checked: it may be the one of a submission that is under way."""
    pull = PullRequest.objects.filter(pk=pull_request_id).first()
    if pull is None:
        return
    checked = pull.checks.values("binding__connector")
    under_way = Submission.objects.filter(connector__in=checked).exclude(state__in=SUBMISSION.terminal)
    for key in under_way.values_list("pk", flat=True):
        follow_submission(str(key))


def hear_of(repository_id: str, number: int, comment: int = 0) -> None:
    """Its server says that something was said in a pull request, or taken away: `comment`, where it names
    one. Looked at, never believed."""
    of_pull = active_mirrors().filter(pull_request__repository_id=repository_id, pull_request__number=number)
    for review in of_pull:
        _look_whether_gone(review, comment)
        sync(str(review.pk))


def _look_whether_gone(review: ReviewMirror, comment: int) -> None:
    row = CommentMirror.objects.filter(thread__review=review, forge_id=comment, is_gone=False).first()
    if comment == 0 or row is None:
        return
    connection = review.pull_request.repository.forge
    try:
        is_there = open_forge(connection).has_code_comment(comment)
    except RateLimited as limit:
        raise note_pause(connection, limit) from None
    if not is_there:
        hearing.take_away(row)


def settle(
    repository: Repository, number: int, first: int, *, is_resolved: bool, login: str, delivery: str
) -> bool:
    """Its server says, signed, that a thread was resolved or opened again there. Believed, because not every
    server and token has a way to look. Whether the thread is one of ours."""
    of_pull = active_mirrors().filter(pull_request__repository=repository, pull_request__number=number)
    mirror = (
        ThreadMirror.objects.filter(review__in=of_pull.order_by().values("pk"), forge_id=first)
        .select_related("thread")
        .first()
    )
    if mirror is None:
        return False
    hearing.settle(mirror, is_resolved=is_resolved, login=login, delivery=delivery)
    return True


def sync(review_id: str) -> None:
    """Read what was said there since, then say there what was written here. Bears being run twice and a death
    anywhere.

    Raises `outbox.Retry` while another job is at it or the server asks for patience, and `ForgeError` for
    what is worth another attempt.
    """
    rows = ReviewMirror.objects.filter(pk=review_id)
    if not active_mirrors().filter(pk=review_id).exists():
        return
    with leased(rows, lasting=_LEASE, retry_seconds=_BUSY_SECONDS):
        review = active_mirrors().filter(pk=review_id).first()
        if review is None:
            return
        connection = review.pull_request.repository.forge
        try:
            forge = open_forge(connection)
            is_read = hearing.hear(review, forge)
            if is_read:
                tell(review, forge)
                hearing.hear_ends(review, forge)
        except RateLimited as limit:
            raise note_pause(connection, limit) from None
        except ForgeError as error:
            _note_failure(review, error)
            return
        rows.update(problem="")
    if not is_read:
        raise outbox.Retry(_BUSY_SECONDS)


def _note_failure(review: ReviewMirror, error: ForgeError) -> None:
    """Raises what is worth another attempt."""
    log.warning("review_not_mirrored", review=str(review.pk), kind=type(error).__name__)
    ReviewMirror.objects.filter(pk=review.pk).update(problem=error.message[:300])
    if not isinstance(error, _FOR_GOOD):
        raise error
