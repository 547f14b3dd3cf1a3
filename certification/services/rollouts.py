"""Running rollouts: hold, resume, stop, release, and what follows when one is complete.

The scheduler's and the pollers' work is in `advance` and `polling`; they are named here because tasks call a
noun's services.
"""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from certification.lifecycle import SUBMISSION
from certification.models import RegionDeployment, Rollout, Submission
from certification.policies import can_run_rollout, can_stop_rollout
from certification.services import (
    advance,
    catch_ups,
    incidents,
    previews,
    rehearsals,
    replanning,
    rollout_queue,
)
from certification.services.clock import database_now
from certification.services.deployments import try_again
from certification.services.halts import end_opt_in, halt, move_both
from certification.services.outcomes import wake
from certification.services.polling import poll_due
from certification.services.probes import probe_due
from portal.shared.actors import SYSTEM, Actor
from portal.shared.errors import Blocked, InvalidInput
from portal.shared.policy import require
from portal.shared.transitions import transition
from portal.shared.words import in_sentence

__all__ = [
    "advance_due",
    "end_opt_in_waves",
    "hold_rollout",
    "poll_due",
    "probe_due",
    "release_rollout",
    "resume_rollout",
    "retry_deployment",
    "settle_completed",
    "stop_rollout",
]


def advance_due() -> int:
    """One tick: Previews that deploy, rehearsals, catch-ups, then rollouts whose step is due; returns how
    many were stepped."""
    stages = previews.advance_due() + rehearsals.advance_due() + catch_ups.advance_due()
    return stages + rollout_queue.promote_due() + advance.advance_due()


def need_reason(reason: str, why: str) -> str:
    """The reason without white space around it. Raises `InvalidInput`: people will read it."""
    if not reason.strip():
        raise InvalidInput(why, fields={"reason": [why]})
    return reason.strip()


def hold_rollout(rollout: Rollout, *, reason: str, actor: Actor) -> Rollout:
    """No further region is started until somebody resumes; what is under way in regions ends by itself."""
    require(can_run_rollout, actor, rollout, otherwise=_("Operators hold rollouts. A team stops its own."))
    reason = need_reason(reason, _("Say why the rollout is held."))
    changes = {"hold_reason": reason, "next_step_at": None}
    return move_both(rollout, "hold", reason=reason, actor=actor, changes=changes)


def resume_rollout(rollout: Rollout, *, reason: str = "", actor: Actor) -> Rollout:
    """Go on. Waves whose day went by meanwhile get another one, with the hold as cause."""
    require(can_run_rollout, actor, rollout, otherwise=_("Operators resume rollouts: ask one of them."))
    incident = incidents.pausing(rollout) if rollout.incident_id else None
    if incident is not None:
        raise Blocked(
            _("The incident “%(title)s” is open: the rollout goes on when it is closed.")
            % {"title": incident.title}
        )
    with transaction.atomic():
        held_for = rollout.hold_reason
        changes = {"hold_reason": "", "incident_id": None, "next_step_at": database_now()}
        row = move_both(rollout, "resume", reason=reason, actor=actor, changes=changes)
        replanning.replan(row, cause="hold", reason=held_for, actor=actor)
    return row


def stop_rollout(rollout: Rollout, *, reason: str, actor: Actor) -> Rollout:
    """Halt: after this commits no region is told to deploy. The owner's team needs nobody's approval.

    It latches: only a release by an operator or a rollback ends it.
    """
    require(can_stop_rollout, actor, rollout)
    reason = need_reason(reason, _("Say what is wrong: operators and the team read it."))
    return halt(rollout, reason=reason, actor=actor)


def end_opt_in_waves(rollout: Rollout, *, reason: str, actor: Actor) -> Rollout:
    """Leave out what is to come of a completed rollout's opt-in waves; whoever may stop it may do this."""
    require(can_stop_rollout, actor, rollout)
    reason = need_reason(reason, _("Say why: operators and the team read it."))
    return end_opt_in(rollout, reason=reason, actor=actor)


def release_rollout(rollout: Rollout, *, reason: str, actor: Actor) -> Rollout:
    """End a halt with a reason and go on where it stopped."""
    require(can_run_rollout, actor, rollout)
    reason = need_reason(reason, _("Say why it is safe to go on."))
    with transaction.atomic():
        stopped_for, now = rollout.halt_reason, database_now()
        changes = {
            "halt_reason": "",
            "halted_by_id": None,
            "released_at": now,
            "next_step_at": now,
            "started_at": rollout.started_at or now,
        }
        row = move_both(rollout, "release", reason=reason, actor=actor, changes=changes)
        replanning.replan(row, cause="halt", reason=stopped_for, actor=actor)
    return row


def retry_deployment(deployment: RegionDeployment, *, reason: str, actor: Actor) -> None:
    """Send a failed region's act again: a new attempt with a new key, since the failure was definite."""
    if deployment.rollout is None:
        raise Blocked(_("This deployment belongs to a Preview: start the Preview deployment again instead."))
    require(can_run_rollout, actor, deployment.rollout)
    reason = need_reason(reason, _("Say what was mended."))
    is_back = deployment.action == RegionDeployment.Action.ROLLBACK
    wanted = ["rolling_back"] if is_back else ["running", "held", "halted"]
    if deployment.wave and deployment.wave.is_opt_in and deployment.wave.state == "running":
        wanted.append("completed")
    with transaction.atomic():
        rollout = Rollout.objects.select_for_update(of=("self",)).get(pk=deployment.rollout.pk)
        if rollout.state not in wanted:
            raise Blocked(
                _("The rollout is %(lower)s: nothing is sent to regions.")
                % {"lower": in_sentence(rollout.get_state_display())}
            )
        try_again(deployment, actor=actor, reason=reason)
    wake(deployment)


def settle_completed(submission_id: str) -> None:
    """A submission is live everywhere: the ones of the connector that were live before are superseded."""
    done = Submission.objects.get(pk=submission_id)
    if done.state != "live":
        return
    earlier = Submission.objects.filter(connector_id=done.connector_id, state="live").exclude(pk=done.pk)
    for submission in earlier.select_related("connector"):
        transition(
            SUBMISSION,
            submission,
            "supersede",
            actor=SYSTEM,
            reason=f"{done.reference} took its place.",
            about=[submission.connector, done],
        )
