"""Leaving a region out of a rollout: one operator asks, another one agrees."""

from __future__ import annotations

from django.db import IntegrityError, transaction

from certification.lifecycle import DEPLOYMENT, SKIP_REQUEST
from certification.models import RegionDeployment, SkipRequest
from certification.policies import can_decide_skip, can_request_skip
from certification.services.deployments import about, lock_deployment, move
from certification.services.outcomes import wake
from certification.services.rollouts import need_reason
from portal.accounts.models import User
from portal.shared import audit, outbox
from portal.shared.actors import Actor
from portal.shared.errors import Blocked, Conflict
from portal.shared.policy import require
from portal.shared.transitions import transition


def request_skip(deployment: RegionDeployment, *, reason: str, actor: User) -> SkipRequest:
    """Ask to leave a region out: one that is planned, has failed, or of which nobody knows."""
    require(can_request_skip, actor, deployment)
    reason = need_reason(reason, "Say why the region is left out.")
    if deployment.rollout is None or not DEPLOYMENT.can("skip", deployment.state):
        raise Blocked("Only a region that is planned, failed or unknown can be left out.")
    try:
        with transaction.atomic():
            request = SkipRequest.objects.create(
                deployment=deployment, reason=reason, requested_by_id=actor.pk
            )
            audit.record(
                "skiprequest.request",
                request,
                actor=actor,
                reason=reason,
                about=[deployment, *about(deployment)],
                data={"region": deployment.region.name},
            )
            outbox.emit("skiprequest.request", id=str(request.pk))
    except IntegrityError as error:
        if "skiprequest_one_open" not in str(error):
            raise
        raise Conflict("Somebody asked for this already: it waits for a second person.") from None
    return request


def decide_skip(request: SkipRequest, *, is_approved: bool, actor: Actor) -> SkipRequest:
    """Agree or decline. Never the person who asked: policy and database say so."""
    otherwise = "Another operator than the one who asked decides."
    require(can_decide_skip, actor, request, otherwise=otherwise)
    deployment = request.deployment
    with transaction.atomic():
        row = transition(
            SKIP_REQUEST,
            request,
            "approve" if is_approved else "decline",
            actor=actor,
            reason=request.reason,
            about=[deployment, *about(deployment)],
            changes={"decided_by_id": actor.pk},
            data={"region": deployment.region.name},
        )
        if is_approved:
            locked = lock_deployment(deployment.pk)
            move(
                locked,
                "skip",
                actor=actor,
                reason=request.reason,
                changes={"next_poll_at": None, "lease_until": None, "fence": locked.fence + 1},
            )
    if is_approved:
        wake(deployment)
    return row
