"""One version of a connector travels at a time: the next ones wait for their turn, or one of them takes it.

What waits starts by itself when the one before it has ended well. After a rollback, or where a newer version
is live by then, it stops for a person instead: it may carry the same fault, or an older package.
"""

from __future__ import annotations

from uuid import UUID

import structlog
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from certification.lifecycle import ACTIVE_ROLLOUT_STATES, ROLLOUT, SUBMISSION
from certification.models import Rollout
from certification.policies import can_supersede_rollout
from certification.queries.rollout_queue import behind, line_of, next_in_line
from certification.services import schedule
from certification.services.clock import database_now
from certification.services.deployments import cancel
from certification.services.halts import halt
from certification.services.planning import first_instant
from certification.services.replanning import give_up_places, replan
from connectors.services.connectors import mark_version
from portal.shared.actors import SYSTEM, Actor
from portal.shared.errors import Blocked, InvalidInput
from portal.shared.policy import require
from portal.shared.transitions import transition

log = structlog.get_logger(__name__)


def promote_due() -> int:
    """Let the next in every line go whose connector has no rollout under way; returns how many went."""
    return sum(_promote(pk) for pk in next_in_line())


def _promote(pk: UUID) -> bool:
    try:
        with transaction.atomic():
            row = (
                Rollout.objects.select_for_update(of=("self",), skip_locked=True)
                .select_related("plan", "connector", "submission", "version")
                .filter(pk=pk, state="queued")
                .first()
            )
            if row is None:
                return False
            if row.submission.state != "scheduled":
                schedule.cancel_scheduled(
                    row, reason="The submission is not scheduled any more.", actor=SYSTEM
                )
                return False
            _take_turn(row, reason="", actor=SYSTEM)
            doubt = _doubt(row)
            if doubt:
                halt(row, reason=doubt, actor=SYSTEM, data={"cause": "queue"})
    except IntegrityError as error:
        if "rollout_one_active" not in str(error):
            raise
        return False
    except Blocked as error:
        log.warning("queue_has_no_open_day", rollout=str(pk), error=error.message)
        return False
    return True


def _doubt(row: Rollout) -> str:
    """Why a person has to look before this one travels; "" when nobody has to."""
    live = row.connector.live_version
    if live is not None and live.number > row.version.number:
        return (
            f"{live.label} went live while this version waited, and is newer: {row.version.label} would put "
            "an older package in its place."
        )
    last = (
        Rollout.objects.filter(connector_id=row.connector_id, finished_at__gte=row.created_at)
        .exclude(state__in=("cancelled", *ACTIVE_ROLLOUT_STATES))
        .select_related("version")
        .order_by("-finished_at")
        .first()
    )
    if last is not None and last.state == "rolled_back":
        return (
            f"{last.version.label} was rolled back while this version waited: it may carry the same fault. "
            "Say why it does not, and release it."
        )
    return ""


def _take_turn(row: Rollout, *, reason: str, actor: Actor) -> None:
    """From the line onto the schedule, with dates from now on; the caller holds the row.

    The version to go back to is the one that is live everywhere now. Raises `Blocked` without an open day.
    """
    connector = mark_version(row.connector, pointer="scheduled", version=row.version, actor=actor)
    row.connector = connector
    now = database_now()
    changes = {
        "previous_version_id": connector.live_version_id,
        "first_at": first_instant(row, now),
        "next_step_at": now,
    }
    about = [row.submission, connector]
    transition(ROLLOUT, row, "take_turn", actor=actor, reason=reason, about=about, changes=changes)
    replan(row, cause="queue", reason="Its turn has come", actor=actor)


def supersede(rollout: Rollout, *, reason: str, actor: Actor) -> Rollout:
    """Take the place of everything before it in the line: that ends, and this one is scheduled at once.

    Regions that have the older version keep it until this one reaches them; what is on its way to a region
    arrives first. Raises `Blocked` while the one before is rolled back, or when it carries a newer version.
    """
    require(can_supersede_rollout, actor, rollout)
    if not reason.strip():
        text = _("Say why it does not wait: the team reads it, and those who look back.")
        raise InvalidInput(text, fields={"reason": [text]})
    with transaction.atomic():
        states = ("queued", *ACTIVE_ROLLOUT_STATES)
        rows = Rollout.objects.select_for_update(of=("self",)).filter(
            connector_id=rollout.connector_id, state__in=states
        )
        locked = {row.pk: row for row in rows.order_by("pk")}
        row = locked.get(rollout.pk) or Rollout.objects.get(pk=rollout.pk)
        before = line_of(rollout.connector_id).before(row) if row.state == "queued" else []
        _refuse(row, before)
        for older in before:
            _end(older, row, reason=reason.strip(), actor=actor)
        _take_turn(row, reason=reason.strip(), actor=actor)
    rollout.refresh_from_db()
    return rollout


def _refuse(row: Rollout, before: list[Rollout]) -> None:
    for older in before:
        if older.state == "rolling_back":
            raise Blocked(
                _("%(label)s is being rolled back: this version goes when that is done.")
                % {"label": older.version.label}
            )
        if older.version.number > row.version.number:
            raise Blocked(
                _(
                    "%(label)s is newer than %(label_2)s: an older version never takes the place of "
                    "a newer one."
                )
                % {"label": older.version.label, "label_2": row.version.label}
            )


def _end(older: Rollout, newer: Rollout, *, reason: str, actor: Actor) -> None:
    """End one before its time. What is with a region comes to its end there; nothing else is sent."""
    was_queued = older.state == "queued"
    about = [older.submission, older.connector, newer]
    facts = {"by": newer.version.label, "rollout": str(newer.pk)}
    transition(
        ROLLOUT, older, "supersede", actor=actor, reason=reason, about=about, data=facts,
        changes={"finished_at": database_now(), "next_step_at": None, "superseded_by_id": newer.pk},
    )  # fmt: skip
    for deployment in older.deployments.filter(state="pending"):
        cancel(deployment, actor=actor, reason=f"{newer.version.label} takes its place.")
    give_up_places(older, now=database_now())
    transition(
        SUBMISSION, older.submission, "supersede", actor=actor, reason=reason,
        about=[older.connector, newer.submission], data=facts,
    )  # fmt: skip
    if not was_queued:
        mark_version(older.connector, pointer="scheduled", version=None, actor=actor)


def leave_with_submission(submission_id: str) -> None:
    """The submission was withdrawn: what waited for it leaves the line. Safe to run again."""
    found = Rollout.objects.select_related("submission", "connector")
    for row in found.filter(submission_id=submission_id, state="queued", submission__state="withdrawn"):
        with transaction.atomic():
            schedule.cancel_scheduled(row, reason="The submission was withdrawn.", actor=SYSTEM)


def redate_behind(rollout_id: str) -> int:
    """The dates of a rollout moved, or it ended: those that wait behind it follow. Returns how many moved."""
    ahead = Rollout.objects.get(pk=rollout_id)
    moved = 0
    for waiting in behind(ahead):
        with transaction.atomic():
            row = Rollout.objects.select_for_update(of=("self",)).select_related("plan").get(pk=waiting.pk)
            if row.state != "queued":
                continue
            try:
                reason = f"{ahead.version.label} before it has other dates"
                moved += bool(replan(row, cause="queue", reason=reason, actor=SYSTEM))
            except Blocked as error:
                log.warning("queue_has_no_open_day", rollout=str(row.pk), error=error.message)
    return moved
