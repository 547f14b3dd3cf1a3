"""The Preview stage: deploy before anybody else has it, let the team test, take their word."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import Model
from django.utils.translation import gettext as _

from certification.lifecycle import PREVIEW, SUBMISSION, DeploymentState, PreviewState
from certification.models import Preview, RegionDeployment, Rehearsal, Rollout, Submission
from certification.planning.calendar import Calendar
from certification.policies import can_extend_preview, can_retry_preview, can_sign_off_preview
from certification.queries.coverage import coverage_of
from certification.queries.plans import calendar_of
from certification.services import deployments, pauses, schedule
from certification.services.clock import database_now
from certification.services.plans import default_plan, preview_waves
from connectors.runtime.testplan import SUCCESSES_WANTED
from connectors.services.connectors import mark_version
from portal.shared import audit, outbox
from portal.shared.actors import SYSTEM, Actor
from portal.shared.errors import InvalidInput, Unavailable
from portal.shared.policy import require
from portal.shared.transitions import transition

log = structlog.get_logger(__name__)

TESTING_BUSINESS_DAYS = 2
MAX_EXTENSION_BUSINESS_DAYS = 20
REMINDER_SHARES = (0.5, 0.8)
"""Parts of the time to test after which the team is reminded."""


def _calendar() -> Calendar:
    plan = default_plan()
    return calendar_of(plan) if plan else Calendar()


def start_preview(submission_id: str) -> Preview | None:
    """Deploy an approved submission to the Preview stage's regions. Does nothing when it was done before."""
    submission = Submission.objects.select_related("connector", "revision__version").get(pk=submission_id)
    if submission.state != "approved" or submission.revision is None:
        return None
    waves = preview_waves()
    if not waves:
        raise Unavailable(_("No Preview region is active: an administrator has to add one."))
    with transaction.atomic():
        locked = transition(
            SUBMISSION, submission, "start_preview", actor=SYSTEM, about=[submission.connector]
        )
        preview = Preview.objects.create(
            submission=locked,
            revision=submission.revision,
            version=submission.revision.version,
            region=waves[-1][-1],
        )
        RegionDeployment.objects.bulk_create(
            deployments.new_deployment(
                connector=submission.connector, region=region, version=preview.version, preview=preview
            )
            for regions in waves
            for region in regions
        )
        audit.record("preview.start", preview, actor=SYSTEM, about=_about(preview))
    return preview


def _about(preview: Preview) -> list[Model]:
    return [preview.submission, preview.submission.connector]


def advance_due() -> int:
    """Take every Preview that deploys one step on; returns how many there are."""
    ids = list(
        Preview.objects.filter(state=PreviewState.DEPLOYING)
        .order_by("created_at")
        .values_list("pk", flat=True)
    )
    for pk in ids:
        try:
            with transaction.atomic():
                _step(pk)
        except Exception as error:
            log.error("preview_step_failed", preview=str(pk), exc_info=error)
    return len(ids)


def _step(pk: UUID) -> None:
    """Send the next wave of regions when the one before is verified; open or fail the Preview at the end."""
    preview = (
        Preview.objects.select_for_update(of=("self",), skip_locked=True)
        .select_related("submission__connector", "version")
        .filter(pk=pk, state=PreviewState.DEPLOYING)
        .first()
    )
    if preview is None:
        return
    rows = {
        row.region_id: row
        for row in preview.deployments.select_related("region").defer("region__credentials")
    }
    failed = [row for row in rows.values() if row.state == DeploymentState.FAILED]
    if failed:
        _fail(preview, failed)
        return
    if Rehearsal.objects.filter(
        preview__submission__connector=preview.submission.connector_id, state="running"
    ):
        # The version before this one still goes back and forward there.
        return
    for codes in _order(rows):
        wave = [rows[code] for code in codes]
        for row in wave:
            if row.state == DeploymentState.PENDING:
                deployments.intend(row)
        if any(row.state != DeploymentState.VERIFIED for row in wave):
            return
    _open(preview)


def _order(rows: dict[str, RegionDeployment]) -> list[list[str]]:
    """The Preview's regions in the order of the default plan's waves; regions it does not know come first."""
    waves = [[region.code for region in wave if region.code in rows] for wave in preview_waves()]
    known = {code for wave in waves for code in wave}
    return [wave for wave in ([code for code in rows if code not in known], *waves) if wave]


def _fail(preview: Preview, failed: Sequence[RegionDeployment]) -> None:
    reason = "; ".join(f"{row.region.name}: {row.message or 'failed'}" for row in failed)[:500]
    transition(PREVIEW, preview, "fail", actor=SYSTEM, reason=reason, about=_about(preview))
    transition(SUBMISSION, preview.submission, "fail_preview", actor=SYSTEM, reason=reason, about=[preview])


def _open(preview: Preview) -> None:
    now = database_now()
    connector = preview.submission.connector
    changes = {
        "opened_at": now,
        "deadline_at": _calendar().deadline_after(now, TESTING_BUSINESS_DAYS),
        "reminders_sent": 0,
    }
    transition(PREVIEW, preview, "open", actor=SYSTEM, about=_about(preview), changes=changes)
    transition(SUBMISSION, preview.submission, "reach_preview", actor=SYSTEM, about=[preview, connector])
    mark_version(connector, pointer="preview", version=preview.version, actor=SYSTEM)


def sign_off_preview(
    preview: Preview,
    *,
    checked: Sequence[str] = (),
    note: str = "",
    knows_untested: bool = False,
    actor: Actor,
) -> Preview:
    """The team says that it works. `checked` names what they tested; what they did not stays visible.

    Operations with fewer successful runs than wanted have to be owned up to (`knows_untested`); which they
    were is kept with the Preview.
    """
    require(can_sign_off_preview, actor, preview)
    coverage = coverage_of(preview)
    untested = coverage.untested if preview.state == PreviewState.TESTING else []
    if untested and not knows_untested:
        text = _(
            "%(untested)s of %(all)s operations had fewer than %(successes_wanted)s successful "
            "runs: test them, or confirm that you sign off without."
        ) % {"untested": len(untested), "all": len(coverage.lines), "successes_wanted": SUCCESSES_WANTED}
        raise InvalidInput(text, fields={"knows_untested": [text]})
    changes = {
        "decided_by_id": actor.pk,
        "reasons": note.strip(),
        "checked": sorted(set(checked)),
        "untested": untested,
    }
    return _decide(preview, "sign_off", note.strip(), actor, changes)


def refuse_preview(preview: Preview, *, reasons: str, actor: Actor) -> Preview:
    """The team says that it does not work, and why; the submission can be corrected and handed in again."""
    require(can_sign_off_preview, actor, preview)
    if not reasons.strip():
        text = _("Say what did not work, so that it can be corrected.")
        raise InvalidInput(text, fields={"reasons": [text]})
    changes = {"decided_by_id": actor.pk, "reasons": reasons.strip()}
    return _decide(preview, "refuse", reasons.strip(), actor, changes)


def _decide(
    preview: Preview, event: str, reason: str, actor: Actor, changes: Mapping[str, object]
) -> Preview:
    with transaction.atomic():
        pauses.end_with_preview(preview, actor=actor)
        row = transition(
            PREVIEW, preview, event, actor=actor, reason=reason, about=_about(preview), changes=changes
        )
        transition(
            SUBMISSION,
            preview.submission,
            event,
            actor=actor,
            reason=reason,
            about=[preview, preview.submission.connector],
        )
    return row


def extend_preview(preview: Preview, *, business_days: int, reason: str, actor: Actor) -> Preview:
    """More time to test, counted from the present deadline."""
    require(can_extend_preview, actor, preview)
    if not 1 <= business_days <= MAX_EXTENSION_BUSINESS_DAYS:
        text = _("Between 1 and %(most)s business days.") % {"most": MAX_EXTENSION_BUSINESS_DAYS}
        raise InvalidInput(text, fields={"business_days": [text]})
    if not reason.strip():
        raise InvalidInput(_("Say why there is more time."), fields={"reason": [_("Say why.")]})
    with transaction.atomic():
        row = Preview.objects.select_for_update(of=("self",)).get(pk=preview.pk)
        if row.state != PreviewState.TESTING or row.deadline_at is None:
            raise InvalidInput(_("Only a Preview that is being tested has a deadline to extend."))
        _extend(row, business_days, reason.strip(), actor)
    preview.deadline_at = row.deadline_at
    return row


def _extend(preview: Preview, business_days: int, reason: str, actor: Actor) -> None:
    assert preview.deadline_at is not None
    old = preview.deadline_at
    preview.deadline_at = _calendar().deadline_after(old, business_days)
    preview.save(update_fields=["deadline_at"])
    audit.record(
        "preview.extend",
        preview,
        actor=actor,
        reason=reason,
        about=_about(preview),
        data={"from": old.isoformat(), "to": preview.deadline_at.isoformat()},
    )
    outbox.emit("preview.extend", id=str(preview.pk))


def reopen_preview(preview: Preview, *, actor: Actor) -> Preview:
    """The team comes back after the deadline: everything is as it was, with a new deadline."""
    require(can_sign_off_preview, actor, preview)
    now = database_now()
    changes = {
        "opened_at": now,
        "deadline_at": _calendar().deadline_after(now, TESTING_BUSINESS_DAYS),
        "reminders_sent": 0,
    }
    return _decide(preview, "reopen", "", actor, changes)


def retry_preview(preview: Preview, *, reason: str, actor: Actor) -> Preview:
    """Deploy again after a failure: the regions that failed get a new attempt."""
    require(can_retry_preview, actor, preview)
    if not reason.strip():
        raise InvalidInput(_("Say what was mended."), fields={"reason": [_("Say what was mended.")]})
    with transaction.atomic():
        row = transition(PREVIEW, preview, "retry", actor=actor, reason=reason, about=_about(preview))
        transition(
            SUBMISSION, preview.submission, "start_preview", actor=actor, reason=reason, about=[preview]
        )
        for deployment in row.deployments.filter(state=DeploymentState.FAILED):
            deployments.try_again(deployment, actor=actor, reason=reason)
    return row


def cancel_with_submission(submission_id: str) -> None:
    """The submission was withdrawn: its Preview and a rollout that has not started end with it."""
    submission = Submission.objects.select_related("connector").get(pk=submission_id)
    if submission.state != "withdrawn":
        return
    reason = "The submission was withdrawn."
    open_previews = Preview.objects.filter(
        submission=submission, state__in=("deploying", "failed", "testing", "expired")
    )
    with transaction.atomic():
        for rollout in Rollout.objects.filter(submission=submission, state="scheduled"):
            schedule.cancel_scheduled(rollout, reason=reason, actor=SYSTEM)
        for preview in open_previews.select_related("submission__connector"):
            pauses.end_with_preview(preview, actor=SYSTEM)
            transition(PREVIEW, preview, "cancel", actor=SYSTEM, reason=reason, about=_about(preview))
            for row in preview.deployments.filter(state__in=("pending", "failed")):
                deployments.cancel(row, actor=SYSTEM, reason=reason)


def check_deadlines() -> None:
    """One tick: remind at half and four fifths of the time, expire after it. Nobody expires unreminded, and
    nothing happens while the clock is paused."""
    ids = Preview.objects.filter(state=PreviewState.TESTING, deadline_at__isnull=False).values_list(
        "pk", flat=True
    )
    for pk in list(ids):
        try:
            with transaction.atomic():
                _check_deadline(pk)
        except Exception as error:
            log.error("preview_deadline_failed", preview=str(pk), exc_info=error)


def _check_deadline(pk: UUID) -> None:
    preview = (
        Preview.objects.select_for_update(of=("self",), skip_locked=True)
        .select_related("submission__connector")
        .filter(pk=pk, state=PreviewState.TESTING)
        .first()
    )
    if preview is None or preview.deadline_at is None or preview.opened_at is None:
        return
    if pauses.is_paused(preview):
        return
    now = database_now()
    wanted = reminders_due(preview.opened_at, preview.deadline_at, now)
    if now >= preview.deadline_at and preview.reminders_sent:
        if pauses.pause_if_nobody_was_told(preview):
            return
        transition(PREVIEW, preview, "expire", actor=SYSTEM, about=_about(preview))
        transition(SUBMISSION, preview.submission, "expire", actor=SYSTEM, about=[preview])
        return
    if wanted > preview.reminders_sent:
        preview.reminders_sent = wanted
        preview.save(update_fields=["reminders_sent"])
        audit.record(
            "preview.remind", preview, actor=SYSTEM, about=_about(preview), data={"reminder": wanted}
        )
        outbox.emit("preview.remind", id=str(preview.pk))
    if now >= preview.deadline_at:
        _extend(preview, 1, "No reminder had gone out before the deadline.", SYSTEM)


def reminders_due(opened_at: dt.datetime, deadline_at: dt.datetime, now: dt.datetime) -> int:
    """How many reminders should have gone out by `now`."""
    span = (deadline_at - opened_at).total_seconds()
    passed = (now - opened_at).total_seconds()
    return sum(passed >= span * share for share in REMINDER_SHARES)
