"""What is kept for how long: one rule a kind of row, deleted in batches once its time is over.

Records of the audit trail, decisions, certificates, packages and whatever an open submission needs are in no
rule: they stay. Health figures go by whole partitions (`connectors/services/health_partitions.py`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from certification.lifecycle import OPEN_STATES
from certification.models import (
    Notification,
    PullRequest,
    ReceivedMail,
    RetentionRun,
    ReviewMirror,
    WebhookDelivery,
)
from certification.services.clock import database_now
from connectors.lifecycle import InvitationState
from connectors.models import Invitation, RepositoryDelivery, ResumableUpload
from connectors.services.repository_mirrors import orphaned_mirrors, remove_mirrors
from portal.accounts.models import ApiToken, DeviceSignIn
from portal.shared import storage
from portal.shared.models import IdempotencyRecord, OutboxJob
from portal.shared.words import lazy as _

log = structlog.get_logger(__name__)

BATCH = 1_000
BATCHES_A_RUN = 20
"""What is left goes with the next run, so that no run holds a worker for long."""


@dataclass(frozen=True)
class Rule:
    """`overdue(before)` is what ended before that moment, mostly rows; `setting` names the days, where they
    can be set. What is no row goes by `remove(before)`, which returns how many went."""

    key: str
    title: str
    why: str
    days: Callable[[], int]
    overdue: Callable[[dt.datetime], QuerySet[Any] | Sequence[Any]]
    setting: str = ""
    remove: Callable[[dt.datetime], int] | None = None


def _days_of(name: str) -> Callable[[], int]:
    return lambda: int(getattr(settings, name))


def _sessions(before: dt.datetime) -> QuerySet[Session]:
    found: QuerySet[Session] = Session.objects.filter(expire_date__lt=before)
    return found


def _session_notes(before: dt.datetime) -> QuerySet[UserSession]:
    """Browser and address of sessions that are over."""
    running = Session.objects.filter(session_key=OuterRef("session_key"))
    found: QuerySet[UserSession] = UserSession.objects.filter(~Exists(running), last_seen_at__lt=before)
    return found


def _invitations(before: dt.datetime) -> QuerySet[Invitation]:
    answered = ~Q(state=InvitationState.OPEN) & Q(state_changed_at__lt=before)
    return Invitation.objects.filter(answered | Q(state=InvitationState.OPEN, expires_at__lt=before))


def _tokens(before: dt.datetime) -> QuerySet[ApiToken]:
    return ApiToken.objects.filter(Q(expires_at__lt=before) | Q(revoked_at__lt=before))


def _sign_ins(before: dt.datetime) -> QuerySet[DeviceSignIn]:
    return DeviceSignIn.objects.filter(expires_at__lt=before)


def _pieces(before: dt.datetime) -> QuerySet[ResumableUpload]:
    return ResumableUpload.objects.filter(expires_at__lt=before)


def _repetitions(before: dt.datetime) -> QuerySet[IdempotencyRecord]:
    return IdempotencyRecord.objects.filter(created_at__lt=before)


def _messages(before: dt.datetime) -> QuerySet[Notification]:
    """Those of open submissions stay, and those that still wait for their mail."""
    over = ("sent", "portal", "failed")
    found = Notification.objects.filter(queued_at__lt=before, state__in=over)
    return found.exclude(submission__state__in=OPEN_STATES)


def _received(before: dt.datetime) -> QuerySet[ReceivedMail]:
    return ReceivedMail.objects.filter(received_at__lt=before)


def _webhook_messages(before: dt.datetime) -> QuerySet[WebhookDelivery]:
    waiting = Q(state=WebhookDelivery.State.WAITING, next_attempt_at__gt=F("created_at"))
    return WebhookDelivery.objects.filter(created_at__lt=before).exclude(waiting)


def _repository_messages(before: dt.datetime) -> QuerySet[RepositoryDelivery]:
    return RepositoryDelivery.objects.filter(received_at__lt=before)


def _pull_requests(before: dt.datetime) -> QuerySet[PullRequest]:
    """Those that threads of an open submission stand at stay until it has ended."""
    over = PullRequest.objects.filter(closed_at__lt=before).exclude(state=PullRequest.State.OPEN)
    held = ReviewMirror.objects.filter(pull_request=OuterRef("pk"), submission__state__in=OPEN_STATES)
    return over.filter(~Exists(held))


def _jobs(before: dt.datetime) -> QuerySet[OutboxJob]:
    return OutboxJob.objects.filter(state=OutboxJob.State.DONE, finished_at__lt=before)


RULES = (
    Rule("sessions", _("Sessions"), _("Whoever comes later signs in again."), lambda: 1, _sessions),
    Rule(
        "session_notes", _("Browsers and addresses of ended sessions"),
        _("To look back at who signed in from where."), _days_of("KEEP_SESSION_NOTES_DAYS"), _session_notes,
        "KEEP_SESSION_NOTES_DAYS",
    ),
    Rule(
        "invitations", _("Invitations that were answered or ran out"),
        _("They hold addresses of people who may never have come."), _days_of("KEEP_INVITATIONS_DAYS"),
        _invitations, "KEEP_INVITATIONS_DAYS",
    ),
    Rule(
        "tokens", _("API tokens that ended"), _("To look back at which programs had access."),
        _days_of("KEEP_TOKENS_DAYS"), _tokens, "KEEP_TOKENS_DAYS",
    ),
    Rule(
        "sign_ins", _("Sign-ins of programs that are over"), _("They end minutes after they begin."),
        lambda: 1, _sign_ins,
    ),
    Rule(
        "pieces", _("Uploads in pieces that were never finished"), _("They are over when they expire."),
        lambda: 0, _pieces,
    ),
    Rule(
        "repetitions", _("Answers kept for repeated API calls"), _("A repetition comes within a day."),
        lambda: 2, _repetitions,
    ),
    Rule(
        "messages", _("Messages and the words of their mails"),
        _("Those of open submissions stay until these have ended."), _days_of("KEEP_MESSAGES_DAYS"),
        _messages, "KEEP_MESSAGES_DAYS",
    ),
    Rule(
        "received_mail", _("Records of received mails"), _("Who wrote, without the words."),
        _days_of("RECEIVED_MAIL_KEEP_DAYS"), _received, "RECEIVED_MAIL_KEEP_DAYS",
    ),
    Rule(
        "webhook_messages", _("Webhook messages with bodies and answers"),
        _("To be looked at and sent again."), _days_of("WEBHOOK_LOG_DAYS"), _webhook_messages,
        "WEBHOOK_LOG_DAYS",
    ),
    Rule(
        "repository_messages", _("Messages of Git repositories"),
        _("To see that its server calls. One that comes again later only makes the portal look."),
        _days_of("WEBHOOK_LOG_DAYS"), _repository_messages, "WEBHOOK_LOG_DAYS",
    ),
    Rule(
        "pull_requests", _("Merged and closed pull requests"),
        _("What was found in them, and where threads of reviews stood there."),
        _days_of("KEEP_PULL_REQUESTS_DAYS"), _pull_requests, "KEEP_PULL_REQUESTS_DAYS",
    ),
    Rule(
        "mirrors", _("Mirrors of Git repositories that nobody is bound to"),
        _("Copies on the disk; whoever binds the repository again fetches it again."),
        lambda: 1, orphaned_mirrors, remove=remove_mirrors,
    ),
    Rule(
        "unfinished_files", _("Files of packages whose writing broke off"),
        _("Left on the disk by a process that died; nothing names them."), lambda: 1, storage.unfinished,
        remove=storage.remove_unfinished,
    ),
    Rule("jobs", _("Jobs that are done"), _("Parked jobs stay until somebody looks."), lambda: 7, _jobs),
)  # fmt: skip


def _limit_of(rule: Rule) -> dt.datetime:
    return database_now() - dt.timedelta(days=rule.days())


def overdue(rule: Rule) -> QuerySet[Any] | Sequence[Any]:
    """What a rule's time is over for now."""
    return rule.overdue(_limit_of(rule))


def count_overdue() -> dict[str, int]:
    """Rule -> how many rows its next runs delete."""
    return {rule.key: _count(overdue(rule)) for rule in RULES}


def _count(found: QuerySet[Any] | Sequence[Any]) -> int:
    return found.count() if isinstance(found, QuerySet) else len(found)


def keep_to_rules(*, batch: int = BATCH, batches: int = BATCHES_A_RUN) -> dict[str, int]:
    """A tick: delete what is overdue, a batch a transaction; returns rule -> how many. Bears being run twice,
    and a rule that fails does not keep the others from running."""
    deleted = {}
    for rule in RULES:
        try:
            deleted[rule.key] = _apply(rule, batch, batches)
        except Exception as error:
            log.error("retention_failed", rule=rule.key, exc_info=error)
    return deleted


def _apply(rule: Rule, batch: int, batches: int) -> int:
    if rule.remove is not None:
        count = rule.remove(_limit_of(rule))
    else:
        count = _delete_all(overdue(rule), batch, batches)
    run, _is_new = RetentionRun.objects.get_or_create(rule=rule.key)
    RetentionRun.objects.filter(pk=run.pk).update(
        ran_at=database_now(), deleted=count, deleted_in_all=F("deleted_in_all") + count
    )
    return count


def _delete_all(found: QuerySet[Any] | Sequence[Any], batch: int, batches: int) -> int:
    assert isinstance(found, QuerySet), "what is no row has a way of its own to go"
    count = 0
    for _round in range(batches):
        gone = _delete(found, batch)
        count += gone
        if gone < batch:
            break
    return count


def _delete(found: QuerySet[Any], batch: int) -> int:
    """Rows that somebody else holds are left for the next run."""
    with transaction.atomic():
        locked = found.select_for_update(skip_locked=True, of=("self",)).order_by("pk")
        keys = list(locked.values_list("pk", flat=True)[:batch])
        found.model._default_manager.filter(pk__in=keys).delete()
    return len(keys)
