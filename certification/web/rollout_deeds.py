"""What people do to a rollout, as data: one page asks for the reason and shows what would be touched."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms

from certification import policies
from certification.lifecycle import ROLLOUT
from certification.models import RegionDeployment, Rollout
from certification.services import rollbacks, rollouts, schedule
from certification.services.advance import holding
from certification.web.rollout_forms import OptionalReasonForm, ReasonForm, RegionsForm
from portal.accounts.models import User


@dataclass(frozen=True)
class Deed:
    """`move` is the event of the rollout's lifecycle that has to be possible; `touches` are the regions it
    concerns.
    """

    verb: str
    label: str
    icon: str
    explanation: str
    done: str
    move: str
    can: Callable[[Any, Rollout], bool]
    act: Callable[[Rollout, dict[str, Any], User], object]
    form: type[forms.Form] = ReasonForm
    style: str = ""
    touches: Callable[[Rollout], list[RegionDeployment]] = lambda _: []

    def is_offered(self, user: Any, rollout: Rollout) -> bool:
        return self.is_possible(rollout) and self.can(user, rollout)

    def is_possible(self, rollout: Rollout) -> bool:
        if self.verb == "end-rollback":
            return rollout.state == "rolling_back"
        return ROLLOUT.can(self.move, rollout.state)


def _not_yet(rollout: Rollout) -> list[RegionDeployment]:
    return list(rollout.deployments.filter(action="deploy", state="pending").select_related("region"))


def _roll_back(rollout: Rollout, data: dict[str, Any], actor: User) -> object:
    offered = {row.region_id for row in holding(rollout)}
    chosen = set(data.get("regions") or offered)
    regions = None if chosen >= offered else sorted(chosen)
    return rollbacks.roll_back(rollout, regions=regions, reason=data["reason"], actor=actor)


DEEDS: dict[str, Deed] = {
    deed.verb: deed
    for deed in (
        Deed(
            "resume", "Resume", "player-play",
            "The next wave starts on its day. Waves whose day has passed get another one.",
            "The rollout goes on.", "resume", policies.can_run_rollout,
            lambda rollout, data, actor: rollouts.resume_rollout(rollout, reason=data["reason"], actor=actor),
            form=OptionalReasonForm, style="primary", touches=_not_yet,
        ),
        Deed(
            "release", "Release the halt", "lock-open",
            "The rollout goes on where it stopped. Say what was checked.",
            "The halt is released; the rollout goes on.", "release", policies.can_run_rollout,
            lambda rollout, data, actor: rollouts.release_rollout(rollout, reason=data["reason"],
            actor=actor), style="primary", touches=_not_yet,
        ),
        Deed(
            "hold", "Hold", "player-pause",
            "No further region is started until an operator resumes. Regions at work finish.",
            "The rollout is held.", "hold", policies.can_run_rollout,
            lambda rollout, data, actor: rollouts.hold_rollout(rollout, reason=data["reason"], actor=actor),
            touches=_not_yet,
        ),
        Deed(
            "stop", "Stop", "hand-stop",
            "From this moment no region is told to deploy. It needs nobody's approval, and stays "
            "until an operator releases it or the version is rolled back.",
            "Stopped: no further region will get this version.", "halt", policies.can_stop_rollout,
            lambda rollout, data, actor: rollouts.stop_rollout(rollout, reason=data["reason"], actor=actor),
            style="danger", touches=_not_yet,
        ),
        Deed(
            "rollback", "Roll back", "arrow-back-up",
            "Regions return to the last good version without another review. A connector that had none "
            "is removed from them. Nothing is deployed by this rollout afterwards.",
            "The rollback is under way.", "start_rollback", policies.can_roll_back_rollout, _roll_back,
            form=RegionsForm, style="danger", touches=holding,
        ),
        Deed(
            "end-rollback", "End the rollback", "check",
            "Regions that still hold the version keep it. The rollback is then shown as partial.",
            "The rollback is ended.", "complete_rollback", policies.can_run_rollout,
            lambda rollout, data, actor: rollbacks.end_rollback(
                rollout, reason=data["reason"], actor=actor
            ),
        ),
        Deed(
            "unschedule", "Take off the schedule", "calendar-event",
            "The submission stays signed off and can be scheduled anew.",
            "Taken off the schedule.", "cancel", policies.can_run_rollout,
            lambda rollout, data, actor: schedule.unschedule_rollout(
                rollout, reason=data["reason"], actor=actor
            ),
        ),
    )
}  # fmt: skip


def offered(user: Any, rollout: Rollout) -> list[Deed]:
    """What this person can do to the rollout now. A halted one is released or rolled back, not
    unscheduled.
    """
    deeds = [deed for deed in DEEDS.values() if deed.is_offered(user, rollout)]
    if rollout.state == "halted":
        deeds = [deed for deed in deeds if deed.verb != "unschedule"]
    if rollout.state == "rolling_back":
        deeds = [deed for deed in deeds if deed.verb != "rollback" or holding(rollout)]
    return deeds
