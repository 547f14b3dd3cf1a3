"""Stopping a rollout at once, by a person or by the portal itself, and moving it with its submission."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction

from certification.lifecycle import ROLLOUT, SUBMISSION
from certification.models import Rollout
from portal.shared.actors import Actor
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
    """After this commits no region is told to deploy. It latches until a person releases it or rolls back."""
    changes = {"halt_reason": reason, "halted_by_id": actor.pk, "next_step_at": None}
    return move_both(rollout, "halt", reason=reason, actor=actor, changes=changes, data=data)
