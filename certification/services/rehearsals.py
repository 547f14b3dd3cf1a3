"""The rollback rehearsed: in Preview the last good version comes back, then the new one again.

A rollout's first wave does not start before a rehearsal of its Preview has succeeded.
"""

from __future__ import annotations

from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import Model
from django.utils.translation import gettext as _

from certification.lifecycle import REHEARSAL, DeploymentState, PreviewState, RehearsalState
from certification.models import Preview, RegionDeployment, Rehearsal, Rollout
from certification.policies import can_retry_preview
from certification.services import deployments
from certification.services.clock import database_now
from portal.shared import audit
from portal.shared.actors import SYSTEM, Actor
from portal.shared.errors import Blocked, InvalidInput
from portal.shared.policy import require
from portal.shared.transitions import transition

log = structlog.get_logger(__name__)

_ACTIONS = (RegionDeployment.Action.ROLLBACK, RegionDeployment.Action.DEPLOY)


def start_rehearsal(preview_id: str) -> Rehearsal | None:
    """Begin after the sign-off. Does nothing when one is under way or has succeeded, or while the connector's
    next version is tested in Preview: nobody's test is taken away.
    """
    with transaction.atomic():
        preview = (
            Preview.objects.select_for_update(of=("self",))
            .select_related("submission__connector__live_version", "version", "region")
            .get(pk=preview_id)
        )
        if preview.state != PreviewState.SIGNED_OFF or preview.rehearsals.exclude(state="failed").exists():
            return None
        if _other_in_preview(preview):
            return None
        return _begin(preview, actor=SYSTEM, reason="")


def _other_in_preview(preview: Preview) -> bool:
    others = Preview.objects.filter(
        submission__connector=preview.submission.connector_id,
        state__in=(PreviewState.DEPLOYING, PreviewState.TESTING),
    )
    return others.exclude(pk=preview.pk).exists()


def _begin(preview: Preview, *, actor: Actor, reason: str) -> Rehearsal:
    connector = preview.submission.connector
    rehearsal = Rehearsal.objects.create(
        preview=preview, attempt=preview.rehearsals.count() + 1, returns_to=connector.live_version
    )
    versions = (rehearsal.returns_to, preview.version)
    RegionDeployment.objects.bulk_create(
        deployments.new_deployment(
            connector=connector, region=preview.region, version=version, action=action, rehearsal=rehearsal
        )
        for action, version in zip(_ACTIONS, versions, strict=True)
    )
    audit.record(
        "rehearsal.start", rehearsal, actor=actor, reason=reason, about=_about(rehearsal),
        data={"attempt": rehearsal.attempt},
    )  # fmt: skip
    return rehearsal


def _about(rehearsal: Rehearsal) -> list[Model]:
    preview = rehearsal.preview
    return [preview, preview.submission, preview.submission.connector]


def advance_due() -> int:
    """Take every rehearsal under way one step on; returns how many there are."""
    ids = list(Rehearsal.objects.filter(state=RehearsalState.RUNNING).values_list("pk", flat=True))
    for pk in ids:
        try:
            with transaction.atomic():
                _step(pk)
        except Exception as error:
            log.error("rehearsal_step_failed", rehearsal=str(pk), exc_info=error)
    return len(ids)


def _step(pk: UUID) -> None:
    rehearsal = (
        Rehearsal.objects.select_for_update(of=("self",), skip_locked=True)
        .select_related("preview__submission__connector")
        .filter(pk=pk, state=RehearsalState.RUNNING)
        .first()
    )
    if rehearsal is None:
        return
    rows = {
        row.action: row for row in rehearsal.deployments.select_related("region").defer("region__credentials")
    }
    for action in _ACTIONS:
        row = rows[action]
        if row.state == DeploymentState.FAILED:
            _fail(rehearsal, row)
            return
        if row.state == DeploymentState.PENDING:
            deployments.intend(row)
        if row.state != DeploymentState.VERIFIED:
            return
    transition(
        REHEARSAL, rehearsal, "succeed", actor=SYSTEM, about=_about(rehearsal),
        changes={"finished_at": database_now()},
    )  # fmt: skip
    waiting = Rollout.objects.filter(submission_id=rehearsal.preview.submission_id, state="running")
    waiting.update(next_step_at=database_now())


def _fail(rehearsal: Rehearsal, failed: RegionDeployment) -> None:
    reason = f"{failed.region.name}: {failed.message or 'failed'}"[:500]
    for row in rehearsal.deployments.filter(state=DeploymentState.PENDING):
        deployments.cancel(row, actor=SYSTEM, reason="The step before it failed.")
    transition(
        REHEARSAL, rehearsal, "fail", actor=SYSTEM, reason=reason, about=_about(rehearsal),
        changes={"finished_at": database_now(), "message": reason},
    )  # fmt: skip


def rehearse_again(preview: Preview, *, reason: str, actor: Actor) -> Rehearsal:
    """Once more after a failure; an operator says what was mended."""
    require(can_retry_preview, actor, preview)
    if not reason.strip():
        raise InvalidInput(_("Say what was mended."), fields={"reason": [_("Say what was mended.")]})
    with transaction.atomic():
        row = (
            Preview.objects.select_for_update(of=("self",))
            .select_related("submission__connector__live_version", "version", "region")
            .get(pk=preview.pk)
        )
        if row.state != PreviewState.SIGNED_OFF or row.rehearsals.exclude(state="failed").exists():
            raise Blocked(
                _("A rehearsal is repeated after it failed; this one is under way or has succeeded.")
            )
        if _other_in_preview(row):
            raise Blocked(
                _("The next version of this connector is tested in Preview: rehearse when that is done.")
            )
        return _begin(row, actor=actor, reason=reason.strip())


def is_proven(rollout: Rollout) -> bool:
    """Whether the rollback was rehearsed. Begins it where nobody has; without a Preview there is nothing to
    rehearse in.
    """
    preview = (
        Preview.objects.filter(submission_id=rollout.submission_id, state=PreviewState.SIGNED_OFF)
        .order_by("-created_at")
        .first()
    )
    if preview is None:
        return True
    latest = preview.rehearsals.first()
    if latest is None:
        start_rehearsal(str(preview.pk))
    return latest is not None and latest.state == RehearsalState.SUCCEEDED
