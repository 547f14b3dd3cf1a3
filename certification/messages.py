"""Which events people are told of: the group a person can tune, the audience, and the mood of the mail.

The words are templates: `templates/email/<event>_subject.txt`, `_body.txt` and `_body.html`, a dot in the
event's name being a hyphen in the file's.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from django.db import models

from portal.shared.words import lazy as _


class Group(models.TextChoices):
    """What a person can tune together."""

    TEAM = "team", _("Team and membership")
    SUBMISSIONS = "submissions", _("Progress of submissions")
    REVIEW = "review", _("Reviews, threads and waivers")
    PREVIEW = "preview", _("Preview and sign-off")
    ROLLOUT = "rollout", _("Rollout plans, holds and stops")
    REGIONS = "regions", _("Each region that is reached")
    HEALTH = "health", _("Health alerts and general availability")
    OPERATIONS = "operations", _("Failures and disagreements for operators")


class Audience(StrEnum):
    """Who is told, in terms of the object the event is about."""

    TEAM = "team"
    OWNERS = "owners"
    MAKERS = "makers"
    PERSON = "person"
    REVIEW_SIDE = "review_side"
    REVIEWERS = "reviewers"
    OPERATORS = "operators"
    OTHER_SIDE = "other_side"
    ADMINISTRATORS = "administrators"
    AFFECTED = "affected"


@dataclass(frozen=True)
class MessageKind:
    """`tells_actor`: also whoever did it (a receipt). `is_required`: no preference turns it off."""

    group: Group
    audiences: tuple[Audience, ...]
    action_label: str = _("Open the submission")
    tone: str = ""
    tells_actor: bool = False
    is_required: bool = False


_TEAM_AND_OPERATORS = (Audience.TEAM, Audience.OPERATORS)

KINDS: dict[str, MessageKind] = {
    "connector.register": MessageKind(
        Group.TEAM, (Audience.MAKERS,), _("Open the connector"), tells_actor=True
    ),
    "connector.assign_contact": MessageKind(
        Group.TEAM, (Audience.MAKERS, Audience.PERSON), _("Open the connector"), tells_actor=True
    ),
    "invitation.invite": MessageKind(
        Group.TEAM, (Audience.PERSON,), _("See the invitation"), is_required=True, tells_actor=True
    ),
    "invitation.accept": MessageKind(Group.TEAM, (Audience.OWNERS,), _("See the team"), "success"),
    "membership.change_role": MessageKind(Group.TEAM, (Audience.PERSON,), _("See the team")),
    "membership.remove": MessageKind(Group.TEAM, (Audience.PERSON,), _("Open the portal"), "warning"),
    "erasure.ask": MessageKind(
        Group.TEAM,
        (Audience.PERSON,),
        _("Take it back, or see what goes"),
        "warning",
        is_required=True,
        tells_actor=True,
    ),
    "erasure.withdraw": MessageKind(
        Group.TEAM,
        (Audience.PERSON,),
        _("Open the portal"),
        "success",
        is_required=True,
        tells_actor=True,
    ),
    "erasure.start": MessageKind(
        Group.TEAM, (Audience.PERSON,), _("Open the portal"), "warning", is_required=True, tells_actor=True
    ),
    "ownershipclaim.open": MessageKind(Group.OPERATIONS, (Audience.OPERATORS,), _("See the claim")),
    "ownershipclaim.ask": MessageKind(
        Group.TEAM, (Audience.PERSON,), _("Answer"), is_required=True, tells_actor=True
    ),
    "ownershipclaim.grant": MessageKind(
        Group.TEAM, _TEAM_AND_OPERATORS, _("Open the connector"), "success", tells_actor=True
    ),
    "ownershipclaim.refuse": MessageKind(Group.TEAM, (Audience.OWNERS,), _("See the claim"), "warning"),
    "transfer.offer": MessageKind(Group.TEAM, (Audience.OWNERS, Audience.OPERATORS), _("Answer the offer")),
    "transfer.accept": MessageKind(
        Group.TEAM, (Audience.AFFECTED, Audience.OPERATORS), _("See the transfer"), "success"
    ),
    "transfer.decline": MessageKind(Group.TEAM, (Audience.OWNERS,), _("See the transfer"), "warning"),
    "webhookendpoint.disable": MessageKind(
        Group.TEAM, (Audience.MAKERS,), _("See the webhook"), "warning", is_required=True
    ),
    "commitintake.refuse": MessageKind(
        Group.SUBMISSIONS,
        (Audience.OWNERS, Audience.PERSON),
        _("See the repository"),
        "warning",
        tells_actor=True,
    ),
    "publisher.verify": MessageKind(Group.TEAM, (Audience.TEAM,), _("See the team")),
    "submission.push": MessageKind(
        Group.SUBMISSIONS, (Audience.PERSON,), _("Open the form"), tells_actor=True
    ),
    "submission.submit": MessageKind(Group.SUBMISSIONS, (Audience.MAKERS,), tells_actor=True),
    "submission.resubmit": MessageKind(Group.SUBMISSIONS, (Audience.MAKERS,), tells_actor=True),
    "submission.pass_validation": MessageKind(
        Group.SUBMISSIONS, (Audience.MAKERS, Audience.REVIEWERS), tone="success", tells_actor=True
    ),
    "submission.fail_validation": MessageKind(
        Group.SUBMISSIONS, (Audience.MAKERS,), _("See the findings"), "danger", tells_actor=True
    ),
    "submission.request_changes": MessageKind(Group.REVIEW, (Audience.MAKERS,), tone="warning"),
    "submission.approve": MessageKind(Group.REVIEW, (Audience.TEAM,), tone="success"),
    "submission.reject": MessageKind(Group.REVIEW, (Audience.TEAM,), _("Read the reasons"), "danger"),
    "appeal.raise": MessageKind(Group.REVIEW, (Audience.ADMINISTRATORS,), _("Decide on it"), "warning"),
    "appeal.uphold": MessageKind(Group.REVIEW, (Audience.TEAM,), _("Read the answer")),
    "appeal.overturn": MessageKind(Group.REVIEW, (Audience.TEAM,), _("Open the new draft"), "success"),
    "submission.withdraw": MessageKind(Group.SUBMISSIONS, (Audience.MAKERS, Audience.REVIEW_SIDE)),
    "comment.add": MessageKind(Group.REVIEW, (Audience.OTHER_SIDE,), _("Read and answer")),
    "receivedmail.refuse": MessageKind(
        Group.REVIEW,
        (Audience.PERSON,),
        _("Open the conversation"),
        "warning",
        tells_actor=True,
        is_required=True,
    ),
    "waiver.request": MessageKind(Group.REVIEW, (Audience.REVIEW_SIDE,), _("Decide on it")),
    "waiver.approve": MessageKind(Group.REVIEW, (Audience.MAKERS,), tone="success"),
    "waiver.decline": MessageKind(Group.REVIEW, (Audience.MAKERS,), tone="warning"),
    "claim.hand_over": MessageKind(Group.REVIEW, (Audience.PERSON,), _("Open the review")),
    "credential.reveal": MessageKind(Group.REVIEW, (Audience.MAKERS,), _("See who looked")),
    "credential.fail": MessageKind(Group.REVIEW, (Audience.MAKERS,), _("Replace the credential"), "danger"),
    "preview.open": MessageKind(
        Group.PREVIEW, (Audience.TEAM,), _("Test and sign off"), "success", tells_actor=True
    ),
    "preview.fail": MessageKind(Group.OPERATIONS, (Audience.OPERATORS,), _("Open the Preview"), "danger"),
    "rehearsal.fail": MessageKind(Group.OPERATIONS, (Audience.OPERATORS,), _("Open the Preview"), "danger"),
    "preview.remind": MessageKind(Group.PREVIEW, (Audience.TEAM,), _("Test and sign off"), "warning"),
    "preview.sign_off": MessageKind(
        Group.PREVIEW, (Audience.TEAM, Audience.OPERATORS), _("Plan the rollout"), "success", tells_actor=True
    ),
    "preview.refuse": MessageKind(
        Group.PREVIEW, (Audience.TEAM, Audience.REVIEW_SIDE), _("Read the reasons"), "warning"
    ),
    "preview.expire": MessageKind(Group.PREVIEW, _TEAM_AND_OPERATORS, _("Reopen the Preview"), "warning"),
    "preview.extend": MessageKind(Group.PREVIEW, (Audience.TEAM,), _("Test and sign off")),
    "preview.reopen": MessageKind(Group.PREVIEW, _TEAM_AND_OPERATORS, _("Test and sign off")),
    "preview.pause": MessageKind(Group.PREVIEW, _TEAM_AND_OPERATORS, _("See the Preview"), "warning"),
    "preview.resume": MessageKind(Group.PREVIEW, (Audience.TEAM,), _("Test and sign off")),
    "guesttester.invite": MessageKind(
        Group.PREVIEW, (Audience.PERSON,), _("See the invitation"), is_required=True, tells_actor=True
    ),
    "guesttester.accept": MessageKind(Group.PREVIEW, (Audience.MAKERS,), _("See who tests"), "success"),
    "guesttester.revoke": MessageKind(
        Group.PREVIEW, (Audience.PERSON,), _("Open the portal"), "warning", is_required=True
    ),
    "preview.check": MessageKind(Group.PREVIEW, (Audience.MAKERS,), _("Read what was found")),
    "rollout.schedule": MessageKind(Group.ROLLOUT, (Audience.TEAM,), _("See every region's date")),
    "rollout.queue": MessageKind(Group.ROLLOUT, (Audience.TEAM,), _("See what it waits for")),
    "rollout.take_turn": MessageKind(Group.ROLLOUT, (Audience.TEAM,), _("See every region's date")),
    "rollout.supersede": MessageKind(Group.ROLLOUT, _TEAM_AND_OPERATORS, _("See where it stands"), "warning"),
    "rollout.cancel": MessageKind(Group.ROLLOUT, _TEAM_AND_OPERATORS, _("See the rollout"), "warning"),
    "rollout.choose_opt_in": MessageKind(Group.ROLLOUT, (Audience.TEAM,), _("See every region's date")),
    "rollout.end_opt_in": MessageKind(Group.ROLLOUT, _TEAM_AND_OPERATORS, _("See every region"), "warning"),
    "rollout.catch_up": MessageKind(Group.ROLLOUT, (Audience.TEAM,), _("See every region's date")),
    "rollout.leave_catch_up": MessageKind(Group.ROLLOUT, (Audience.TEAM,), _("See every region"), "warning"),
    "catchup.hold": MessageKind(
        Group.OPERATIONS, (Audience.OPERATORS,), _("See what failed"), "danger", tells_actor=False
    ),
    "catchup.complete": MessageKind(Group.OPERATIONS, (Audience.OPERATORS,), _("See the region"), "success"),
    "rollout.reschedule": MessageKind(
        Group.ROLLOUT, (Audience.TEAM,), _("See every region's date"), "warning"
    ),
    "rollout.reorder": MessageKind(Group.ROLLOUT, (Audience.TEAM,), _("See every region's date"), "warning"),
    "forecast.slip": MessageKind(Group.ROLLOUT, (Audience.TEAM,), _("See every region's date"), "warning"),
    "rollout.start": MessageKind(Group.ROLLOUT, (Audience.TEAM,), _("Watch the rollout")),
    "rollout.hold": MessageKind(Group.ROLLOUT, _TEAM_AND_OPERATORS, _("See the rollout"), "warning"),
    "rollout.resume": MessageKind(Group.ROLLOUT, _TEAM_AND_OPERATORS, _("Watch the rollout")),
    "rollout.halt": MessageKind(Group.ROLLOUT, _TEAM_AND_OPERATORS, _("See the rollout"), "danger"),
    "rollout.release": MessageKind(Group.ROLLOUT, _TEAM_AND_OPERATORS, _("Watch the rollout")),
    "rollout.start_rollback": MessageKind(
        Group.ROLLOUT, _TEAM_AND_OPERATORS, _("See the rollback"), "warning"
    ),
    "rollout.complete_rollback": MessageKind(Group.ROLLOUT, _TEAM_AND_OPERATORS, _("See every region")),
    "rollout.complete": MessageKind(Group.ROLLOUT, _TEAM_AND_OPERATORS, _("See every region"), "success"),
    "deployment.verify": MessageKind(Group.REGIONS, (Audience.TEAM,), _("See every region"), "success"),
    "deployment.fail": MessageKind(
        Group.OPERATIONS, (Audience.OPERATORS,), _("Look at the region"), "danger"
    ),
    "deployment.overdue": MessageKind(
        Group.OPERATIONS, (Audience.OPERATORS,), _("Look at the region"), "warning"
    ),
    "placement.disagree": MessageKind(
        Group.OPERATIONS, (Audience.OPERATORS,), _("Look at the region"), "danger"
    ),
    "notice.announce": MessageKind(
        Group.TEAM, _TEAM_AND_OPERATORS, _("See the notice"), "warning", tells_actor=True
    ),
    "notice.cancel": MessageKind(Group.TEAM, _TEAM_AND_OPERATORS, _("See the notice"), "success"),
    "notice.complete": MessageKind(Group.TEAM, _TEAM_AND_OPERATORS, _("See the notice")),
    "notice.tell": MessageKind(
        Group.REGIONS,
        (Audience.PERSON,),
        _("See the connector"),
        "warning",
        is_required=True,
        tells_actor=True,
    ),
    "incident.open": MessageKind(
        Group.ROLLOUT, (Audience.AFFECTED, Audience.OPERATORS), _("See the incidents"), "warning"
    ),
    "incident.close": MessageKind(
        Group.ROLLOUT, (Audience.AFFECTED, Audience.OPERATORS), _("See the incidents"), "success"
    ),
    "gatecheck.wait": MessageKind(Group.ROLLOUT, _TEAM_AND_OPERATORS, _("Look at the evidence"), "warning"),
    "gatecheck.let_through": MessageKind(Group.ROLLOUT, _TEAM_AND_OPERATORS, _("Look at the evidence")),
    "placement.agree": MessageKind(Group.OPERATIONS, (Audience.OPERATORS,), _("See the region"), "success"),
    "regiontask.open": MessageKind(Group.OPERATIONS, (Audience.OPERATORS,), _("See what to do"), "warning"),
    "regionwatch.ask": MessageKind(
        Group.REGIONS, (Audience.PERSON,), _("Yes, tell me"), is_required=True, tells_actor=True
    ),
    "regionwatch.arrive": MessageKind(
        Group.REGIONS,
        (Audience.PERSON,),
        _("See every region"),
        "success",
        is_required=True,
        tells_actor=True,
    ),
    "healthalert.fire": MessageKind(Group.HEALTH, _TEAM_AND_OPERATORS, _("See what fails"), "danger"),
    "healthalert.resolve": MessageKind(Group.HEALTH, _TEAM_AND_OPERATORS, _("See its health"), "success"),
    "availabilityrequest.request": MessageKind(
        Group.HEALTH, (Audience.MAKERS, Audience.OPERATORS), _("See the scorecard"), tells_actor=True
    ),
    "availabilityrequest.grant": MessageKind(
        Group.HEALTH, (Audience.TEAM,), _("See the scorecard"), "success"
    ),
    "availabilityrequest.decline": MessageKind(
        Group.HEALTH, (Audience.TEAM,), _("Read the reasons"), "warning"
    ),
    "ruletreatment.request": MessageKind(Group.OPERATIONS, (Audience.ADMINISTRATORS,), _("Decide on it")),
    "ruletreatment.approve": MessageKind(
        Group.OPERATIONS, (Audience.PERSON,), _("See the treatment"), "success"
    ),
    "ruletreatment.decline": MessageKind(
        Group.OPERATIONS, (Audience.PERSON,), _("See the treatment"), "warning"
    ),
    "override.request": MessageKind(Group.OPERATIONS, (Audience.OPERATORS,), _("Decide on it")),
    "override.half_approve": MessageKind(
        Group.OPERATIONS, (Audience.OPERATORS, Audience.PERSON), _("Decide on it")
    ),
    "override.approve": MessageKind(Group.OPERATIONS, (Audience.PERSON,), _("See the exception"), "success"),
    "override.decline": MessageKind(Group.OPERATIONS, (Audience.PERSON,), _("See the exception"), "warning"),
    "override.expire": MessageKind(Group.OPERATIONS, (Audience.PERSON,), _("See the exception"), "warning"),
}


def template_name(event: str, part: str) -> str:
    """`part` is "subject.txt", "body.txt" or "body.html"."""
    return f"email/{event.replace('.', '-')}_{part}"
