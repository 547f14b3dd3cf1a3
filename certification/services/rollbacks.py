"""Back to the last good version, region by region or everywhere, without another review.

It latches: what was pending is cancelled, and the scheduler starts no wave of a rollout that rolls back.
"""

from __future__ import annotations

from collections.abc import Collection

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from certification.lifecycle import ROLLOUT, SUBMISSION
from certification.models import RegionDeployment, Rollout
from certification.policies import can_roll_back_rollout, can_run_rollout
from certification.services.advance import finish_rollback, holding
from certification.services.clock import database_now
from certification.services.deployments import cancel, new_deployment
from certification.services.rollouts import need_reason
from portal.shared.actors import Actor
from portal.shared.errors import Blocked, InvalidInput
from portal.shared.policy import require
from portal.shared.transitions import transition


def roll_back(
    rollout: Rollout, *, regions: Collection[str] | None = None, reason: str, actor: Actor
) -> Rollout:
    """Return regions (codes; None: every region that holds the version, or may) to the last good version.

    A first certification has no version to return to: its regions remove the connector. May be called again
    while it rolls back, for regions that were left out. Raises `InvalidInput` for regions that hold nothing.
    """
    require(can_roll_back_rollout, actor, rollout)
    reason = need_reason(reason, _("Say why it is rolled back."))
    try:
        with transaction.atomic():
            return _start(rollout, regions, reason, actor)
    except IntegrityError as error:
        if "one_active" not in str(error) and "one_open" not in str(error):
            raise
        raise Blocked(
            _("A newer rollout of this connector is under way: take it off the schedule or stop it first.")
        ) from None


def _start(rollout: Rollout, regions: Collection[str] | None, reason: str, actor: Actor) -> Rollout:
    row = transition(
        ROLLOUT,
        rollout,
        "start_rollback",
        actor=actor,
        reason=reason,
        about=[rollout.submission, rollout.connector],
        changes={"next_step_at": database_now(), "finished_at": None},
        data={"regions": sorted(regions) if regions is not None else "all"},
    )
    held = {deployment.region_id: deployment for deployment in holding(row)}
    if regions is not None and set(regions) - set(held):
        wrong = ", ".join(sorted(set(regions) - set(held)))
        raise InvalidInput(
            _("These regions do not hold the version: %(wrong)s.") % {"wrong": wrong},
            fields={"regions": [wrong]},
        )
    asked = set(
        row.deployments.filter(action="rollback")
        .exclude(state="cancelled")
        .values_list("region_id", flat=True)
    )
    chosen = [
        held[code] for code in sorted(held) if (regions is None or code in regions) and code not in asked
    ]
    RegionDeployment.objects.bulk_create(
        new_deployment(
            connector=row.connector,
            region=forward.region,
            version=row.previous_version,
            action=RegionDeployment.Action.ROLLBACK,
            rollout=row,
            wave=forward.wave,
        )
        for forward in chosen
    )
    ended = row.deployments.filter(action="deploy", state__in=("pending", "failed"))
    for waiting in ended.exclude(region_id__in=held, state="failed"):
        cancel(waiting, actor=actor, reason="The rollout is rolled back.")
    transition(
        SUBMISSION, row.submission, "start_rollback", actor=actor, reason=reason, about=[row.connector, row]
    )
    return row


def end_rollback(rollout: Rollout, *, reason: str, actor: Actor) -> Rollout:
    """Leave the regions that still hold the version as they are and end the rollback, visibly partial."""
    require(can_run_rollout, actor, rollout)
    reason = need_reason(reason, _("Say why the other regions keep the version."))
    with transaction.atomic():
        row = Rollout.objects.select_for_update(of=("self",)).get(pk=rollout.pk)
        backs = row.deployments.filter(action="rollback")
        if row.state != "rolling_back":
            raise Blocked(_("This rollout is not being rolled back."))
        if backs.filter(state__in=("intended", "deploying", "unknown", "reported")).exists():
            raise Blocked(_("A region is still returning: wait until it is done, then end the rollback."))
        for back in backs.filter(state__in=("pending", "failed")):
            cancel(back, actor=actor, reason=reason)
        finish_rollback(row, database_now(), kept=len(kept_by_ending(row)))
    rollout.state = "rolled_back"
    return row


def kept_by_ending(rollout: Rollout) -> list[RegionDeployment]:
    """The regions that would keep the version if the rollback ended now."""
    backs = rollout.deployments.filter(action="rollback", state="verified")
    returned = set(backs.values_list("region_id", flat=True))
    return [row for row in holding(rollout) if row.region_id not in returned]
