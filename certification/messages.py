"""Which events people are told of: the group a person can tune, the audience, and the mood of the mail.

The words are templates: `templates/email/<event>_subject.txt`, `_body.txt` and `_body.html`, a dot in the
event's name being a hyphen in the file's.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from django.db import models


class Group(models.TextChoices):
    """What a person can tune together."""

    TEAM = "team", "Team and membership"
    SUBMISSIONS = "submissions", "Progress of submissions"
    REVIEW = "review", "Reviews, threads and waivers"
    PREVIEW = "preview", "Preview and sign-off"
    ROLLOUT = "rollout", "Rollout plans, holds and stops"
    REGIONS = "regions", "Each region that is reached"
    HEALTH = "health", "Health alerts and general availability"
    OPERATIONS = "operations", "Failures and disagreements for operators"


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
    action_label: str = "Open the submission"
    tone: str = ""
    tells_actor: bool = False
    is_required: bool = False


_TEAM_AND_OPERATORS = (Audience.TEAM, Audience.OPERATORS)

KINDS: dict[str, MessageKind] = {
    "connector.register": MessageKind(Group.TEAM, (Audience.MAKERS,), "Open the connector", tells_actor=True),
    "connector.assign_contact": MessageKind(
        Group.TEAM, (Audience.MAKERS, Audience.PERSON), "Open the connector", tells_actor=True
    ),
    "invitation.invite": MessageKind(
        Group.TEAM, (Audience.PERSON,), "See the invitation", is_required=True, tells_actor=True
    ),
    "invitation.accept": MessageKind(Group.TEAM, (Audience.OWNERS,), "See the team", "success"),
    "membership.change_role": MessageKind(Group.TEAM, (Audience.PERSON,), "See the team"),
    "membership.remove": MessageKind(Group.TEAM, (Audience.PERSON,), "Open the portal", "warning"),
    "publisher.verify": MessageKind(Group.TEAM, (Audience.TEAM,), "See the team"),
    "submission.submit": MessageKind(Group.SUBMISSIONS, (Audience.MAKERS,), tells_actor=True),
    "submission.resubmit": MessageKind(Group.SUBMISSIONS, (Audience.MAKERS,), tells_actor=True),
    "submission.pass_validation": MessageKind(
        Group.SUBMISSIONS, (Audience.MAKERS, Audience.REVIEWERS), tone="success", tells_actor=True
    ),
    "submission.fail_validation": MessageKind(
        Group.SUBMISSIONS, (Audience.MAKERS,), "See the findings", "danger", tells_actor=True
    ),
    "submission.request_changes": MessageKind(Group.REVIEW, (Audience.MAKERS,), tone="warning"),
    "submission.approve": MessageKind(Group.REVIEW, (Audience.TEAM,), tone="success"),
    "submission.reject": MessageKind(Group.REVIEW, (Audience.TEAM,), "Read the reasons", "danger"),
    "appeal.raise": MessageKind(Group.REVIEW, (Audience.ADMINISTRATORS,), "Decide on it", "warning"),
    "appeal.uphold": MessageKind(Group.REVIEW, (Audience.TEAM,), "Read the answer"),
    "appeal.overturn": MessageKind(Group.REVIEW, (Audience.TEAM,), "Open the new draft", "success"),
    "submission.withdraw": MessageKind(Group.SUBMISSIONS, (Audience.MAKERS, Audience.REVIEW_SIDE)),
    "comment.add": MessageKind(Group.REVIEW, (Audience.OTHER_SIDE,), "Read and answer"),
    "waiver.request": MessageKind(Group.REVIEW, (Audience.REVIEW_SIDE,), "Decide on it"),
    "waiver.approve": MessageKind(Group.REVIEW, (Audience.MAKERS,), tone="success"),
    "waiver.decline": MessageKind(Group.REVIEW, (Audience.MAKERS,), tone="warning"),
    "claim.hand_over": MessageKind(Group.REVIEW, (Audience.PERSON,), "Open the review"),
    "credential.reveal": MessageKind(Group.REVIEW, (Audience.MAKERS,), "See who looked"),
    "credential.fail": MessageKind(Group.REVIEW, (Audience.MAKERS,), "Replace the credential", "danger"),
    "preview.open": MessageKind(
        Group.PREVIEW, (Audience.TEAM,), "Test and sign off", "success", tells_actor=True
    ),
    "preview.fail": MessageKind(Group.OPERATIONS, (Audience.OPERATORS,), "Open the Preview", "danger"),
    "rehearsal.fail": MessageKind(Group.OPERATIONS, (Audience.OPERATORS,), "Open the Preview", "danger"),
    "preview.remind": MessageKind(Group.PREVIEW, (Audience.TEAM,), "Test and sign off", "warning"),
    "preview.sign_off": MessageKind(
        Group.PREVIEW, (Audience.TEAM, Audience.OPERATORS), "Plan the rollout", "success"
    ),
    "preview.refuse": MessageKind(
        Group.PREVIEW, (Audience.TEAM, Audience.REVIEW_SIDE), "Read the reasons", "warning"
    ),
    "preview.expire": MessageKind(Group.PREVIEW, _TEAM_AND_OPERATORS, "Reopen the Preview", "warning"),
    "preview.extend": MessageKind(Group.PREVIEW, (Audience.TEAM,), "Test and sign off"),
    "preview.reopen": MessageKind(Group.PREVIEW, _TEAM_AND_OPERATORS, "Test and sign off"),
    "preview.pause": MessageKind(Group.PREVIEW, _TEAM_AND_OPERATORS, "See the Preview", "warning"),
    "preview.resume": MessageKind(Group.PREVIEW, (Audience.TEAM,), "Test and sign off"),
    "guesttester.invite": MessageKind(
        Group.PREVIEW, (Audience.PERSON,), "See the invitation", is_required=True, tells_actor=True
    ),
    "guesttester.accept": MessageKind(Group.PREVIEW, (Audience.MAKERS,), "See who tests", "success"),
    "guesttester.revoke": MessageKind(
        Group.PREVIEW, (Audience.PERSON,), "Open the portal", "warning", is_required=True
    ),
    "preview.check": MessageKind(Group.PREVIEW, (Audience.MAKERS,), "Read what was found"),
    "rollout.schedule": MessageKind(Group.ROLLOUT, (Audience.TEAM,), "See every region's date"),
    "rollout.queue": MessageKind(Group.ROLLOUT, (Audience.TEAM,), "See what it waits for"),
    "rollout.take_turn": MessageKind(Group.ROLLOUT, (Audience.TEAM,), "See every region's date"),
    "rollout.supersede": MessageKind(Group.ROLLOUT, _TEAM_AND_OPERATORS, "See where it stands", "warning"),
    "rollout.cancel": MessageKind(Group.ROLLOUT, _TEAM_AND_OPERATORS, "See the rollout", "warning"),
    "rollout.choose_opt_in": MessageKind(Group.ROLLOUT, (Audience.TEAM,), "See every region's date"),
    "rollout.end_opt_in": MessageKind(Group.ROLLOUT, _TEAM_AND_OPERATORS, "See every region", "warning"),
    "rollout.reschedule": MessageKind(Group.ROLLOUT, (Audience.TEAM,), "See every region's date", "warning"),
    "forecast.slip": MessageKind(Group.ROLLOUT, (Audience.TEAM,), "See every region's date", "warning"),
    "rollout.start": MessageKind(Group.ROLLOUT, (Audience.TEAM,), "Watch the rollout"),
    "rollout.hold": MessageKind(Group.ROLLOUT, _TEAM_AND_OPERATORS, "See the rollout", "warning"),
    "rollout.resume": MessageKind(Group.ROLLOUT, _TEAM_AND_OPERATORS, "Watch the rollout"),
    "rollout.halt": MessageKind(Group.ROLLOUT, _TEAM_AND_OPERATORS, "See the rollout", "danger"),
    "rollout.release": MessageKind(Group.ROLLOUT, _TEAM_AND_OPERATORS, "Watch the rollout"),
    "rollout.start_rollback": MessageKind(Group.ROLLOUT, _TEAM_AND_OPERATORS, "See the rollback", "warning"),
    "rollout.complete_rollback": MessageKind(Group.ROLLOUT, _TEAM_AND_OPERATORS, "See every region"),
    "rollout.complete": MessageKind(Group.ROLLOUT, _TEAM_AND_OPERATORS, "See every region", "success"),
    "deployment.verify": MessageKind(Group.REGIONS, (Audience.TEAM,), "See every region", "success"),
    "deployment.fail": MessageKind(Group.OPERATIONS, (Audience.OPERATORS,), "Look at the region", "danger"),
    "deployment.overdue": MessageKind(
        Group.OPERATIONS, (Audience.OPERATORS,), "Look at the region", "warning"
    ),
    "placement.disagree": MessageKind(
        Group.OPERATIONS, (Audience.OPERATORS,), "Look at the region", "danger"
    ),
    "notice.announce": MessageKind(
        Group.TEAM, _TEAM_AND_OPERATORS, "See the notice", "warning", tells_actor=True
    ),
    "notice.cancel": MessageKind(Group.TEAM, _TEAM_AND_OPERATORS, "See the notice", "success"),
    "notice.complete": MessageKind(Group.TEAM, _TEAM_AND_OPERATORS, "See the notice"),
    "notice.tell": MessageKind(
        Group.REGIONS, (Audience.PERSON,), "See the connector", "warning", is_required=True, tells_actor=True
    ),
    "incident.open": MessageKind(
        Group.ROLLOUT, (Audience.AFFECTED, Audience.OPERATORS), "See the incidents", "warning"
    ),
    "incident.close": MessageKind(
        Group.ROLLOUT, (Audience.AFFECTED, Audience.OPERATORS), "See the incidents", "success"
    ),
    "gatecheck.wait": MessageKind(Group.ROLLOUT, _TEAM_AND_OPERATORS, "Look at the evidence", "warning"),
    "gatecheck.let_through": MessageKind(Group.ROLLOUT, _TEAM_AND_OPERATORS, "Look at the evidence"),
    "placement.agree": MessageKind(Group.OPERATIONS, (Audience.OPERATORS,), "See the region", "success"),
    "regiontask.open": MessageKind(Group.OPERATIONS, (Audience.OPERATORS,), "See what to do", "warning"),
    "regionwatch.ask": MessageKind(
        Group.REGIONS, (Audience.PERSON,), "Yes, tell me", is_required=True, tells_actor=True
    ),
    "regionwatch.arrive": MessageKind(
        Group.REGIONS, (Audience.PERSON,), "See every region", "success", is_required=True, tells_actor=True
    ),
    "healthalert.fire": MessageKind(Group.HEALTH, _TEAM_AND_OPERATORS, "See what fails", "danger"),
    "healthalert.resolve": MessageKind(Group.HEALTH, _TEAM_AND_OPERATORS, "See its health", "success"),
    "availabilityrequest.request": MessageKind(
        Group.HEALTH, (Audience.MAKERS, Audience.OPERATORS), "See the scorecard", tells_actor=True
    ),
    "availabilityrequest.grant": MessageKind(Group.HEALTH, (Audience.TEAM,), "See the scorecard", "success"),
    "availabilityrequest.decline": MessageKind(Group.HEALTH, (Audience.TEAM,), "Read the reasons", "warning"),
    "ruletreatment.request": MessageKind(Group.OPERATIONS, (Audience.ADMINISTRATORS,), "Decide on it"),
    "ruletreatment.approve": MessageKind(
        Group.OPERATIONS, (Audience.PERSON,), "See the treatment", "success"
    ),
    "ruletreatment.decline": MessageKind(
        Group.OPERATIONS, (Audience.PERSON,), "See the treatment", "warning"
    ),
    "override.request": MessageKind(Group.OPERATIONS, (Audience.OPERATORS,), "Decide on it"),
    "override.half_approve": MessageKind(
        Group.OPERATIONS, (Audience.OPERATORS, Audience.PERSON), "Decide on it"
    ),
    "override.approve": MessageKind(Group.OPERATIONS, (Audience.PERSON,), "See the exception", "success"),
    "override.decline": MessageKind(Group.OPERATIONS, (Audience.PERSON,), "See the exception", "warning"),
    "override.expire": MessageKind(Group.OPERATIONS, (Audience.PERSON,), "See the exception", "warning"),
}


def template_name(event: str, part: str) -> str:
    """`part` is "subject.txt", "body.txt" or "body.html"."""
    return f"email/{event.replace('.', '-')}_{part}"
