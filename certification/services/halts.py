"""Stopping a rollout at once, by a person or by the portal itself, and moving it with its submission.

A rollout is complete when every region of its plan has the version. Opt-in waves go on after that; stopping
them ends them and leaves the rollout complete.
"""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction
from django.utils.translation import gettext as _

from certification.lifecycle import ROLLOUT, SUBMISSION, WAVE, RolloutState
from certification.models import Rollout
from certification.services.clock import database_now
from certification.services.deployments import cancel
from portal.shared import audit, outbox
from portal.shared.actors import Actor
from portal.shared.errors import Blocked
from portal.shared.transitions import transition


def move_both(
    rollout: Rollout,
    event: str,
    *,
    reason: str,
    actor: Actor,
    changes: Mapping[str, object],
    data: Mapping[str, object] | None = None,
) -> Rollout:
    """The same move of the rollout and of its submission, in one transaction, the rollout's lock first."""
    with transaction.atomic():
        row = transition(
            ROLLOUT,
            rollout,
            event,
            actor=actor,
            reason=reason,
            about=[rollout.submission, rollout.connector],
            changes=changes,
            data=data,
        )
        transition(
            SUBMISSION,
            row.submission,
            event,
            actor=actor,
            reason=reason,
            about=[row.connector, row],
            data=data,
        )
    return row


def halt(rollout: Rollout, *, reason: str, actor: Actor, data: Mapping[str, object] | None = None) -> Rollout:
    """After this commits no region is told to deploy. It latches until a person releases it or rolls back.

    Of a completed rollout it ends the opt-in waves, which nothing starts again.
    """
    if rollout.state == RolloutState.COMPLETED:
        return end_opt_in(rollout, reason=reason, actor=actor)
    changes = {"halt_reason": reason, "halted_by_id": actor.pk, "next_step_at": None}
    return move_both(rollout, "halt", reason=reason, actor=actor, changes=changes, data=data)


def end_opt_in(rollout: Rollout, *, reason: str, actor: Actor) -> Rollout:
    """Leave out the opt-in waves of a completed rollout that are not done. Raises `Blocked` without any."""
    with transaction.atomic():
        row = Rollout.objects.select_for_update(of=("self",)).get(pk=rollout.pk)
        waves = list(row.waves.filter(is_opt_in=True, state__in=("planned", "running")))
        if row.state != RolloutState.COMPLETED or not waves:
            raise Blocked(_("The rollout is over, so there is nothing to stop: roll it back instead."))
        about = [row, row.submission, row.connector]
        for deployment in row.deployments.filter(wave__in=waves, state="pending"):
            cancel(deployment, actor=actor, reason=reason)
        for wave in waves:
            transition(
                WAVE, wave, "skip", actor=actor, reason=reason, about=about,
                changes={"finished_at": database_now()}, data={"wave": wave.number},
            )  # fmt: skip
        row.next_step_at = None
        row.save(update_fields=["next_step_at"])
        audit.record("rollout.end_opt_in", row, actor=actor, reason=reason, about=about[1:])
        outbox.emit("rollout.end_opt_in", id=str(row.pk))
    rollout.next_step_at = None
    return row
