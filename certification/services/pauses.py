"""Pauses of a Preview's deadline: explicit, with a reason, visible to both sides, and ended by somebody.

While a pause lasts nothing expires and nobody is reminded; when it ends the deadline has moved by as much.
"""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from certification.lifecycle import PreviewState
from certification.models import ClockPause, Notification, Preview
from certification.policies import can_pause_clock, can_resume_clock
from certification.queries.reviews import review_calendar
from certification.services.clock import database_now
from portal.shared import audit, outbox
from portal.shared.actors import SYSTEM, Actor
from portal.shared.errors import Conflict, InvalidInput
from portal.shared.policy import require

INVITATIONS = ("preview.open", "preview.reopen", "preview.remind", "preview.extend", "preview.resume")
"""The messages that tell a team that it has to test."""
_TOLD = (Notification.State.SENT, Notification.State.PORTAL, Notification.State.DIGEST)


def pause_clock(preview: Preview, *, kind: str, reason: str, actor: Actor) -> ClockPause:
    """Stop the deadline of a Preview that is being tested."""
    require(can_pause_clock, actor, preview)
    if kind not in ClockPause.Kind.values:
        raise InvalidInput(_("Choose why the clock stops."), fields={"kind": [_("Choose a cause.")]})
    if not reason.strip():
        raise InvalidInput(
            _("Say why the clock stops: both sides read it."), fields={"reason": [_("Say why.")]}
        )
    with transaction.atomic():
        row = _locked(preview)
        if row.state != PreviewState.TESTING or row.deadline_at is None:
            raise Conflict(_("Only a Preview that is being tested has a clock to stop."))
        if open_pauses(row).exists():
            raise Conflict(_("The clock of this Preview stands still already."))
        pause = ClockPause.objects.create(
            preview=row,
            kind=kind,
            reason=reason.strip(),
            starts_at=database_now(),
            started_by_id=actor.pk,
        )
        _record(row, "preview.pause", pause, actor, reason.strip())
        outbox.emit("preview.pause", id=str(row.pk))
    return pause


def resume_clock(preview: Preview, *, reason: str = "", actor: Actor) -> Preview:
    """Let the deadline run again, later by as long as it stood still."""
    require(can_resume_clock, actor, preview)
    with transaction.atomic():
        row = _locked(preview)
        pause = open_pauses(row).first()
        if pause is None or row.deadline_at is None:
            raise Conflict(_("The clock of this Preview is running."))
        now = database_now()
        row.deadline_at = _moved(row.deadline_at, now - pause.starts_at)
        row.save(update_fields=["deadline_at"])
        _end(pause, now, actor)
        _record(row, "preview.resume", pause, actor, reason.strip(), deadline=row.deadline_at.isoformat())
        outbox.emit("preview.resume", id=str(row.pk))
    preview.deadline_at = row.deadline_at
    return row


def end_with_preview(preview: Preview, *, actor: Actor) -> None:
    """The Preview is decided or cancelled: a pause has nothing left to hold. In the caller's transaction."""
    pause = open_pauses(preview).first()
    if pause is not None:
        _end(pause, database_now(), actor)


def open_pauses(preview: Preview) -> QuerySet[ClockPause]:
    return ClockPause.objects.filter(preview=preview, ends_at=None)


def pause_for_bounce(notification_id: str) -> ClockPause | None:
    """An invitation came back. When nobody of the team got one, the deadline stops until somebody did."""
    message = Notification.objects.filter(pk=notification_id, state=Notification.State.FAILED).first()
    if message is None or message.event not in INVITATIONS or message.submission_id is None:
        return None
    preview = Preview.objects.filter(submission=message.submission_id, state=PreviewState.TESTING).first()
    if preview is None or open_pauses(preview).exists() or was_told(preview):
        return None
    if _invitations(preview).filter(state=Notification.State.QUEUED).exists():
        return None
    return pause_clock(
        preview,
        kind=ClockPause.Kind.BOUNCED,
        reason="No message about this Preview has reached anybody of the team.",
        actor=SYSTEM,
    )


def pause_if_nobody_was_told(preview: Preview) -> bool:
    """For the moment of the deadline: it does not count against a team that no message has reached."""
    if was_told(preview):
        return False
    pause_clock(
        preview,
        kind=ClockPause.Kind.BOUNCED,
        reason="The deadline came before any message about this Preview had left.",
        actor=SYSTEM,
    )
    return True


def was_told(preview: Preview) -> bool:
    """Whether a message about this Preview reached anybody of the team since it opened."""
    return _invitations(preview).filter(state__in=_TOLD).exists()


def is_paused(preview: Preview) -> bool:
    """Whether its clock stands still. Stopped because no message had arrived, it goes on when one has."""
    pause = open_pauses(preview).first()
    if pause is None:
        return False
    if pause.kind == ClockPause.Kind.BOUNCED and was_told(preview):
        resume_clock(preview, reason="A message has reached the team.", actor=SYSTEM)
        return False
    return True


def _invitations(preview: Preview) -> QuerySet[Notification]:
    team = preview.submission.connector.publisher.memberships.values("user")
    found = Notification.objects.filter(
        submission=preview.submission_id, event__in=INVITATIONS, recipient__in=team
    )
    return found.filter(created_at__gte=preview.opened_at) if preview.opened_at else found


def _locked(preview: Preview) -> Preview:
    return (
        Preview.objects.select_for_update(of=("self",))
        .select_related("submission__connector__publisher")
        .get(pk=preview.pk)
    )


def _moved(deadline: dt.datetime, by: dt.timedelta) -> dt.datetime:
    """The deadline so much later; one that would fall on a closed day waits for the next open one."""
    calendar = review_calendar()
    moved = deadline + by
    local = moved.astimezone(calendar.zone)
    return calendar.instant(calendar.next_business_day(local.date()), local.time())


def _end(pause: ClockPause, now: dt.datetime, actor: Actor) -> None:
    pause.ends_at, pause.ended_by_id = max(now, pause.starts_at), actor.pk
    pause.save(update_fields=["ends_at", "ended_by"])


def _record(preview: Preview, action: str, pause: ClockPause, actor: Actor, reason: str, **data: str) -> None:
    audit.record(
        action,
        preview,
        actor=actor,
        reason=reason,
        about=[preview.submission, preview.submission.connector],
        data={"kind": pause.kind, "cause": pause.get_kind_display(), **data},
    )
