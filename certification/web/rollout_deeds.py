"""What people do to a rollout, as data: one page asks for the reason and shows what would be touched."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms

from certification import policies
from certification.lifecycle import MOVABLE_ROLLOUT_STATES, ROLLOUT
from certification.models import RegionDeployment, Rollout
from certification.queries.rollouts import has_open_opt_in, opt_in_choices, opt_in_regions
from certification.services import opt_in, rollbacks, rollout_queue, rollouts, schedule
from certification.services.advance import holding
from certification.web.rollout_forms import OptInForm, OptionalReasonForm, ReasonForm, RegionsForm
from portal.accounts.models import User
from portal.shared.words import lazy as _


@dataclass(frozen=True)
class Deed:
    """`move` is the event of the rollout's lifecycle that has to be possible; `touches` are the regions it
    concerns. What is rare stands behind "More": the buttons are for what has to be found in a hurry.
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
    is_rare: bool = False

    def is_offered(self, user: Any, rollout: Rollout) -> bool:
        return self.is_possible(rollout) and self.can(user, rollout)

    def is_possible(self, rollout: Rollout) -> bool:
        if self.verb in _CONDITIONS:
            return _CONDITIONS[self.verb](rollout)
        return ROLLOUT.can(self.move, rollout.state)


def _can_choose_opt_in(rollout: Rollout) -> bool:
    is_live = rollout.state == "completed" and rollout.connector.live_version_id == rollout.version_id
    return (is_live or rollout.state in MOVABLE_ROLLOUT_STATES) and opt_in_choices(rollout).exists()


_CONDITIONS: dict[str, Callable[[Rollout], bool]] = {
    "end-rollback": lambda rollout: rollout.state == "rolling_back",
    "supersede": lambda rollout: rollout.state == "queued",
    "unschedule": lambda rollout: rollout.state in ("queued", "scheduled", "halted"),
    "opt-in": _can_choose_opt_in,
    "end-opt-in": has_open_opt_in,
}
"""Where the lifecycle alone does not say whether a deed is possible."""


def _not_yet(rollout: Rollout) -> list[RegionDeployment]:
    return list(rollout.deployments.filter(action="deploy", state="pending").select_related("region"))


def _opt_in_regions(rollout: Rollout) -> list[RegionDeployment]:
    """The regions of the waves that could be added, as acts that are not written yet."""
    regions = opt_in_regions(rollout)
    return [RegionDeployment(region=region, connector=rollout.connector) for region in regions]


def _every_region(rollout: Rollout) -> list[RegionDeployment]:
    """All it goes to, whether they have the version before it or not."""
    return list(rollout.deployments.filter(action="deploy").select_related("region"))


def _roll_back(rollout: Rollout, data: dict[str, Any], actor: User) -> object:
    offered = {row.region_id for row in holding(rollout)}
    chosen = set(data.get("regions") or offered)
    regions = None if chosen >= offered else sorted(chosen)
    return rollbacks.roll_back(rollout, regions=regions, reason=data["reason"], actor=actor)


DEEDS: dict[str, Deed] = {
    deed.verb: deed
    for deed in (
        Deed(
            "resume", _("Resume"), "player-play",
            _("The next wave starts on its day. Waves whose day has passed get another one."),
            _("The rollout goes on."), "resume", policies.can_run_rollout,
            lambda rollout, data, actor: rollouts.resume_rollout(rollout, reason=data["reason"], actor=actor),
            form=OptionalReasonForm, style="primary", touches=_not_yet,
        ),
        Deed(
            "release", _("Release the halt"), "lock-open",
            _("The rollout goes on where it stopped. Say what was checked."),
            _("The halt is released; the rollout goes on."), "release", policies.can_run_rollout,
            lambda rollout, data, actor: rollouts.release_rollout(rollout, reason=data["reason"],
            actor=actor), style="primary", touches=_not_yet,
        ),
        Deed(
            "hold", _("Hold"), "player-pause",
            _("No further region is started until an operator resumes. Regions at work finish."),
            _("The rollout is held."), "hold", policies.can_run_rollout,
            lambda rollout, data, actor: rollouts.hold_rollout(rollout, reason=data["reason"], actor=actor),
            touches=_not_yet,
        ),
        Deed(
            "stop", _("Stop"), "hand-stop",
            _("From this moment no region is told to deploy. It needs nobody's approval, and stays "
            "until an operator releases it or the version is rolled back."),
            _("Stopped: no further region will get this version."), "halt", policies.can_stop_rollout,
            lambda rollout, data, actor: rollouts.stop_rollout(rollout, reason=data["reason"], actor=actor),
            style="danger", touches=_not_yet,
        ),
        Deed(
            "rollback", _("Roll back"), "arrow-back-up",
            _("Regions return to the last good version without another review. A connector that had none "
            "is removed from them. Nothing is deployed by this rollout afterwards."),
            _("The rollback is under way."), "start_rollback", policies.can_roll_back_rollout, _roll_back,
            form=RegionsForm, style="danger", touches=holding,
        ),
        Deed(
            "end-rollback", _("End the rollback"), "check",
            _("Regions that still hold the version keep it. The rollback is then shown as partial."),
            _("The rollback is ended."), "complete_rollback", policies.can_run_rollout,
            lambda rollout, data, actor: rollbacks.end_rollback(
                rollout, reason=data["reason"], actor=actor
            ), touches=rollbacks.kept_by_ending,
        ),
        Deed(
            "supersede", _("Take its place now"), "versions",
            _("What is before this version in the line ends. Regions that have an older version "
                "keep it until "
            "this one reaches them: they go from new to newer, none goes back. A halt of the older one ends "
            "with it, so say why this version may travel."),
            _("It goes ahead; what was before it is superseded."), "supersede",
            policies.can_supersede_rollout,
            lambda rollout, data, actor: rollout_queue.supersede(
                rollout, reason=data["reason"], actor=actor
            ), style="danger", touches=_every_region,
        ),
        Deed(
            "opt-in", _("Opt-in waves"), "plus",
            _("They follow when the public regions have the version, and hold nothing back."),
            _("Added; their dates are on the page."), "", policies.can_run_rollout,
            lambda rollout, data, actor: opt_in.choose(
                rollout, data["waves"], reason=data["reason"], actor=actor
            ), form=OptInForm, touches=_opt_in_regions, is_rare=True,
        ),
        Deed(
            "end-opt-in", _("End the waves to come"), "hand-stop",
            _("Regions that do not have the version yet do not get it. It stays live "
                "everywhere else."),
            _("The waves to come are ended."), "", policies.can_stop_rollout,
            lambda rollout, data, actor: rollouts.end_opt_in_waves(
                rollout, reason=data["reason"], actor=actor
            ), style="danger", touches=_not_yet, is_rare=True,
        ),
        Deed(
            "unschedule", _("Take off the schedule"), "calendar-event",
            _("The submission stays signed off and can be scheduled anew."),
            _("Taken off the schedule."), "cancel", policies.can_run_rollout,
            lambda rollout, data, actor: schedule.unschedule_rollout(
                rollout, reason=data["reason"], actor=actor
            ), touches=_not_yet, is_rare=True,
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
