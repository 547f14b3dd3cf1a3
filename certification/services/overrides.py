"""Exceptions for two people: leave a region out, start a wave early, pass a freeze, use the hotfix lane."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

from django.db import IntegrityError, models, transaction
from django.utils.translation import gettext as _

from certification.lifecycle import DEPLOYMENT, OVERRIDE, WaveState
from certification.models import (
    Freeze,
    OverrideRequest,
    RegionDeployment,
    Rollout,
    RolloutWave,
    Submission,
)
from certification.policies import (
    can_decide_override,
    can_request_hotfix,
    can_request_override,
    can_request_skip,
    can_withdraw_override,
)
from certification.services.clock import database_now
from certification.services.deployments import lock_deployment, move
from certification.services.outcomes import wake
from certification.services.planning import MOVABLE
from certification.services.replanning import replan
from certification.services.wave_order import refuse_unseen
from portal.accounts.models import User
from portal.shared import audit, outbox
from portal.shared.actors import SYSTEM, Actor
from portal.shared.errors import Blocked, Conflict, InvalidInput
from portal.shared.policy import require
from portal.shared.transitions import transition

ANSWER_WITHIN = {
    "skip": dt.timedelta(days=30),
    "accelerate": dt.timedelta(days=3),
    "freeze": dt.timedelta(days=3),
    "hotfix": dt.timedelta(days=3),
}
"""A request nobody decides on by then is over. A region to be left out holds the rollout until then."""
USE_WITHIN = {
    "skip": dt.timedelta(hours=1),
    "accelerate": dt.timedelta(hours=24),
    "freeze": dt.timedelta(hours=72),
    "hotfix": dt.timedelta(hours=24),
}
"""An approval nobody made use of by then is over."""
APPROVALS = {"hotfix": 2}
"""How many people besides the one who asks have to agree; one where nothing is said."""


def request_skip(deployment: RegionDeployment, *, reason: str, actor: User) -> OverrideRequest:
    """Ask to leave a region out: one that is planned, has failed, or of which nobody knows."""
    require(can_request_skip, actor, deployment)
    if deployment.rollout is None or not DEPLOYMENT.can("skip", deployment.state):
        raise Blocked(_("Only a region that is planned, failed or unknown can be left out."))
    return _ask("skip", deployment.rollout, reason=reason, actor=actor, deployment=deployment)


def request_acceleration(
    wave: RolloutWave, *, reason: str, actor: User, seen: str | None = None
) -> OverrideRequest:
    """Ask to start the next wave before its bake is over and its day has come. Freezes still hold it.

    `seen` is the `order_version` that whoever asks had before them: others agree to these regions, and nobody
    moves them from then on. Raises `OrderChanged` when it is another one by now.
    """
    require(can_request_override, actor, wave.rollout)
    with transaction.atomic():
        rollout = _locked(wave.rollout_id)
        if seen is not None:
            refuse_unseen(rollout, seen)
        first = rollout.waves.filter(state=WaveState.PLANNED).order_by("number").first()
        if rollout.state not in MOVABLE or rollout.state == "queued" or first is None or first.pk != wave.pk:
            raise Blocked(_("Only the next wave of a rollout under way can be started early."))
        if first.accelerated_at is not None:
            raise Conflict(_("This wave may start early already."))
        return _ask("accelerate", rollout, reason=reason, actor=actor, wave=first)


def request_freeze_pass(rollout: Rollout, freeze: Freeze, *, reason: str, actor: User) -> OverrideRequest:
    """Ask to let a rollout pass one freeze."""
    require(can_request_override, actor, rollout)
    if freeze.opens or freeze.cancelled_at or freeze.ends_at <= database_now():
        raise InvalidInput(
            _("Choose a freeze that holds or will hold."), fields={"freeze": [_("It holds nothing.")]}
        )
    with transaction.atomic():
        row = _locked(rollout.pk)
        if row.state not in MOVABLE:
            raise Blocked(_("This rollout has no wave left that a freeze could hold."))
        return _ask("freeze", row, reason=reason, actor=actor, freeze=freeze)


def _locked(rollout_id: UUID) -> Rollout:
    """The rollout as it is, held: neither the scheduler nor another order comes in between."""
    rows = Rollout.objects.select_for_update(of=("self",)).select_related("submission__connector")
    return rows.get(pk=rollout_id)


def request_hotfix(submission: Submission, *, reason: str, actor: User) -> OverrideRequest:
    """Ask for the hotfix lane: short bakes, twelve hours between waves. Two others have to agree."""
    require(can_request_hotfix, actor, submission)
    if submission.kind != Submission.Kind.HOTFIX:
        raise Blocked(_("Only a submission of the kind Hotfix travels in the hotfix lane."))
    return _ask("hotfix", None, reason=reason, actor=actor, submission=submission)


def _ask(
    kind: str,
    rollout: Rollout | None,
    *,
    reason: str,
    actor: User,
    submission: Submission | None = None,
    **subject: models.Model,
) -> OverrideRequest:
    if not reason.strip():
        text = _("Say why the exception is needed: those who agree read it.")
        raise InvalidInput(text, fields={"reason": [text]})
    owner = submission or (rollout.submission if rollout else None)
    assert owner is not None
    try:
        with transaction.atomic():
            request = OverrideRequest.objects.create(
                kind=kind,
                submission=owner,
                rollout=rollout,
                reason=reason.strip(),
                requested_by=actor,
                expires_at=database_now() + ANSWER_WITHIN[kind],
                **subject,
            )
            audit.record(
                "override.request", request, actor=actor, reason=reason,
                about=_about(request), data=_facts(request),
            )  # fmt: skip
            outbox.emit("override.request", id=str(request.pk))
    except IntegrityError as error:
        if "override_one_open" not in str(error):
            raise
        raise Conflict(_("Somebody asked for this already: it waits for a second person.")) from None
    return request


def decide(request: OverrideRequest, *, is_approved: bool, reason: str = "", actor: User) -> OverrideRequest:
    """Agree or decline. Never the person who asked, never one person twice: policy and database say so."""
    otherwise = _("Another operator than those who asked and agreed before decides.")
    require(can_decide_override, actor, request, otherwise=otherwise)
    with transaction.atomic():
        if request.rollout_id:
            # The rollout before its request, as everywhere, so that nobody waits in a circle.
            _locked(request.rollout_id)
        row = OverrideRequest.objects.select_for_update(of=("self",)).get(pk=request.pk)
        require(can_decide_override, actor, row, otherwise=otherwise)
        if row.expires_at <= database_now() and row.is_open:
            raise Blocked(_("This request is too old to be decided on: ask again."))
        row = _move(row, _event(row, is_approved), reason=reason, actor=actor)
        if row.state == "approved":
            _EFFECTS[row.kind](row, actor)
    if row.deployment:
        wake(row.deployment)
    request.refresh_from_db()
    return request


def _event(row: OverrideRequest, is_approved: bool) -> str:
    if not is_approved:
        return "decline"
    is_first_of_two = APPROVALS.get(row.kind, 1) == 2 and row.approved_by_id is None
    return "half_approve" if is_first_of_two else "approve"


def _move(row: OverrideRequest, event: str, *, reason: str, actor: Actor) -> OverrideRequest:
    changes: dict[str, Any] = {"decision_reason": reason.strip()}
    if event == "half_approve":
        changes["approved_by_id"] = actor.pk
    else:
        changes["decided_by_id"] = actor.pk
    if event == "approve":
        changes["expires_at"] = database_now() + USE_WITHIN[row.kind]
    return transition(
        OVERRIDE, row, event, actor=actor, reason=reason.strip() or row.reason,
        about=_about(row), changes=changes, data=_facts(row),
    )  # fmt: skip


def _leave_out(row: OverrideRequest, actor: Actor) -> None:
    assert row.deployment_id is not None
    locked = lock_deployment(row.deployment_id)
    stop = {"next_poll_at": None, "lease_until": None, "fence": locked.fence + 1}
    move(locked, "skip", actor=actor, reason=row.reason, changes=stop)
    use(row, actor=actor)


def _accelerate(row: OverrideRequest, actor: Actor) -> None:
    assert row.wave_id is not None
    found = RolloutWave.objects.filter(pk=row.wave_id, state=WaveState.PLANNED)
    if not found.update(accelerated_at=database_now()):
        raise Blocked(_("The wave started meanwhile: there is nothing left to agree to."))
    _replan(row, "accelerate", "Two people let the wave start early", actor)


def _pass_freeze(row: OverrideRequest, actor: Actor) -> None:
    _replan(row, "freeze", f"Two people let the rollout pass {row.freeze}", actor)


def _wait_for_schedule(row: OverrideRequest, actor: Actor) -> None:
    """A hotfix approval is used when the rollout is scheduled."""


_EFFECTS = {
    "skip": _leave_out,
    "accelerate": _accelerate,
    "freeze": _pass_freeze,
    "hotfix": _wait_for_schedule,
}


def _replan(row: OverrideRequest, cause: str, reason: str, actor: Actor) -> None:
    assert row.rollout_id is not None
    rollout = Rollout.objects.select_related("plan", "submission", "connector").get(pk=row.rollout_id)
    replan(rollout, cause=cause, reason=f"{reason}: {row.reason}", actor=actor)


def withdraw(request: OverrideRequest, *, reason: str = "", actor: User) -> OverrideRequest:
    """Take a request back, or an approval that was not used yet."""
    require(can_withdraw_override, actor, request)
    return _end(request, "withdraw", reason=reason, actor=actor)


def _end(request: OverrideRequest, event: str, *, reason: str = "", actor: Actor) -> OverrideRequest:
    with transaction.atomic():
        if request.rollout_id:
            _locked(request.rollout_id)
        row = OverrideRequest.objects.select_for_update(of=("self",)).get(pk=request.pk)
        was_approved = row.state == "approved"
        row = transition(
            OVERRIDE, row, event, actor=actor, reason=reason, about=_about(row), data=_facts(row)
        )
        if was_approved and row.kind in ("accelerate", "freeze"):
            if row.wave_id is not None:
                RolloutWave.objects.filter(pk=row.wave_id, state=WaveState.PLANNED).update(
                    accelerated_at=None
                )
            _replan(row, row.kind, "The exception is over", actor)
    return row


def expire_overrides() -> int:
    """End requests nobody answered and approvals nobody used; returns how many."""
    over = OverrideRequest.objects.filter(
        state__in=("requested", "half_approved", "approved"), expires_at__lte=database_now()
    )
    ended = 0
    for request in over.order_by("expires_at")[:200]:
        try:
            _end(request, "expire", actor=SYSTEM)
        except Blocked:
            # Without the exception no date is left: a person has to look, the approval stays until then.
            continue
        ended += 1
    return ended


def use_on_start(wave: RolloutWave, *, at: dt.datetime) -> None:
    """A wave starts: what let it start early or pass a freeze is used up. The caller holds the rollout."""
    rows = OverrideRequest.objects.filter(rollout_id=wave.rollout_id, state="approved")
    for row in rows.select_related("freeze"):
        freeze = row.freeze
        passes = freeze is not None and freeze.starts_at <= at < freeze.ends_at
        if row.wave_id == wave.pk or passes:
            use(row, actor=SYSTEM)


def use(row: OverrideRequest, *, actor: Actor) -> None:
    transition(OVERRIDE, row, "use", actor=actor, about=_about(row), data=_facts(row))


def _about(row: OverrideRequest) -> list[models.Model]:
    found = [row.submission, row.submission.connector, row.rollout, row.deployment]
    return [one for one in found if one is not None]


def _facts(row: OverrideRequest) -> dict[str, str]:
    return {"kind": row.kind, "what": row.what, "doing": row.doing}
