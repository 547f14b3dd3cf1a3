"""Telling a forge what came of a pull request: its required checks, and one comment that is kept up to date.

Each answer is claimed by a row, posted, and recorded with what the forge called it. A job that dies between
finds its own work again: a check by the row's id, the comment by its first line.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from dataclasses import asdict, replace

import structlog
from django.utils import timezone

from certification.forges import (
    CheckReport,
    Forge,
    ForgeError,
    ForgeForbidden,
    ForgeMissing,
    ForgeRefused,
    ForgeRejected,
    RateLimited,
)
from certification.models import ForgeConnection, PullRequest, PullRequestAnswer, PullRequestCheck
from certification.queries.required_checks import VALIDATION, RequiredCheck, required_checks
from certification.services import pull_request_words as words
from certification.services.forges import connection_of, note_error, note_pause, open_forge
from portal.shared import outbox
from portal.shared.leases import leased

log = structlog.get_logger(__name__)

_LEASE = dt.timedelta(seconds=110)
_BUSY_SECONDS = 2.0
_CONCLUSIONS = {"pass": "success", "fail": "failure", "neutral": "neutral", "pending": None}
_FOR_GOOD = (ForgeRefused, ForgeForbidden, ForgeMissing, ForgeRejected)
"""Sending again changes nothing: somebody has to change the token, or a newer commit is there."""


def post_answers(pull_request_id: str) -> None:
    """Bring checks and comment of a pull request up to date, as far as its server takes any. While its newest
    commit is being checked, that is what is said.

    Raises `outbox.Retry` while another job is at it or the server asks for patience, and `ForgeError` for
    what is worth another attempt.
    """
    pull = PullRequest.objects.select_related("repository").filter(pk=pull_request_id).first()
    if pull is None or pull.state != PullRequest.State.OPEN:
        return
    connection = connection_of(pull.repository)
    if connection.kind == ForgeConnection.Kind.GIT:
        return
    rows = PullRequest.objects.filter(pk=pull.pk)
    with leased(rows, lasting=_LEASE, retry_seconds=_BUSY_SECONDS):
        try:
            pull.refresh_from_db()
            _post(pull, connection, open_forge(connection))
        except RateLimited as limit:
            raise note_pause(connection, limit) from None
        except ForgeError as error:
            _note_failure(pull, connection, error)


def _post(pull: PullRequest, connection: ForgeConnection, forge: Forge) -> None:
    touched = list(pull.checks.filter(head_sha=pull.head_sha).select_related("binding__connector"))
    for check in required_checks(pull):
        _post_check(pull, check, touched, connection, forge)
    if pull.is_checked:
        _keep_comment(pull, touched, forge)
    PullRequest.objects.filter(pk=pull.pk).update(post_error="")


def _note_failure(pull: PullRequest, connection: ForgeConnection, error: ForgeError) -> None:
    """Raises what is worth another attempt."""
    log.warning("pull_request_not_answered", pull_request=str(pull.pk), kind=type(error).__name__)
    PullRequest.objects.filter(pk=pull.pk).update(post_error=error.message[:300])
    if isinstance(error, ForgeRefused | ForgeForbidden):
        note_error(connection, error.message)
    if not isinstance(error, _FOR_GOOD):
        raise error


def _post_check(
    pull: PullRequest,
    check: RequiredCheck,
    touched: list[PullRequestCheck],
    connection: ForgeConnection,
    forge: Forge,
) -> None:
    name = f"{check.name}{connection.suffix}"
    answer, _is_new = PullRequestAnswer.objects.get_or_create(
        pull_request=pull, name=name, head_sha=pull.head_sha
    )
    report = _report(check, touched, answer)
    digest = _digest(asdict(report))
    if answer.digest == digest:
        return
    # The time of the last post tells a state that comes back from the one that was posted before.
    last = round(answer.posted_at.timestamp() * 1_000_000) if answer.posted_at else 0
    posted = forge.post_check(replace(report, key=f"{answer.pk}:{digest[:16]}:{last}"))
    rows = PullRequestAnswer.objects.filter(pk=answer.pk)
    # One that was taken back while it was on its way has to be said again: it is noted, not as said.
    is_said = rows.filter(reruns=answer.reruns).update(digest=digest)
    rows.update(way=posted.way, forge_id=posted.id, posted_at=timezone.now())
    if not is_said:
        raise outbox.Retry(_BUSY_SECONDS)


def _report(check: RequiredCheck, touched: list[PullRequestCheck], answer: PullRequestAnswer) -> CheckReport:
    tells_all = check.name == VALIDATION and check.state != "pending"
    return CheckReport(
        name=answer.name,
        head_sha=answer.head_sha,
        key="",
        conclusion=_CONCLUSIONS[check.state],  # type: ignore[arg-type]
        title=check.summary,
        line=check.summary,
        summary=words.report(touched) if tells_all else check.summary,
        url=check.link,
        annotations=words.annotations_of(touched) if tells_all else (),
    )


def _keep_comment(pull: PullRequest, touched: list[PullRequestCheck], forge: Forge) -> None:
    """A pull request that never touched a connector gets none."""
    if pull.number is None or (not touched and pull.comment_id is None):
        return
    text = words.comment(pull, touched)
    digest = _digest(text)
    if digest == pull.comment_digest:
        return
    made = forge.keep_comment(pull.number, words.marker(pull), text, pull.comment_id)
    PullRequest.objects.filter(pk=pull.pk).update(comment_id=made, comment_digest=digest)


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
