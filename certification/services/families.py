"""One review and one start for several submissions that carry the same change: decided and scheduled one by
one, each with its own record."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from certification.lifecycle import SubmissionState
from certification.models import (
    Decision,
    Rollout,
    RolloutPlan,
    Submission,
    SubmissionFamily,
    Thread,
)
from certification.policies import can_decide_family, can_schedule_family
from certification.queries.families import siblings_of
from certification.queries.family_report import members_of
from certification.services import schedule, threads
from certification.services.decisions import decide
from portal.accounts.models import User
from portal.shared import audit
from portal.shared.errors import Blocked, InvalidInput, PortalError
from portal.shared.policy import require


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one sibling: a decision, or in a sentence why there is none."""

    reference: str
    decision: Decision | None
    problem: str = ""


def check_siblings(submission: Submission, chosen: Mapping[UUID, str]) -> None:
    """Before `submission` is decided. Raises InvalidInput when one of `chosen` is no sibling whose only
    change is the common one."""
    plain = {each.id for each in siblings_of(submission) if not each.exceptions}
    if set(chosen) - plain:
        raise InvalidInput(_("One of them carries another change, or more than this: look at it by itself."))


def decide_siblings(chosen: Mapping[UUID, str], *, verdict: str, reasons: str, actor: User) -> list[Outcome]:
    """The same verdict for siblings that `check_siblings` let pass; `chosen` maps their ids to the digests
    that were shown. What stands in the way of one does not hold up the others."""
    found = Submission.objects.filter(pk__in=chosen).select_related("connector__publisher")
    return [
        _decide(each, chosen[each.pk], verdict=verdict, reasons=reasons, actor=actor)
        for each in found.order_by("queued_at")
    ]


def _decide(submission: Submission, digest: str, *, verdict: str, reasons: str, actor: User) -> Outcome:
    try:
        decision = decide(submission, verdict=verdict, reasons=reasons, digest=digest, actor=actor)
    except Blocked as error:
        return Outcome(submission.reference, None, " ".join([error.message, *error.blockers]))
    except PortalError as error:
        return Outcome(submission.reference, None, error.message)
    return Outcome(submission.reference, decision)


@dataclass(frozen=True, slots=True)
class Choice:
    """What a reviewer wants for one member; `digest` is of the package that was shown."""

    verdict: str
    reasons: str
    digest: str


def decide_family(family: SubmissionFamily, choices: Mapping[UUID, Choice], *, actor: User) -> list[Outcome]:
    """The verdicts of one review: mostly one for all, with exceptions. Each member is decided by itself, so
    what stands in the way of one does not hold up the others.

    Raises InvalidInput when a chosen submission is no member.
    """
    require(can_decide_family, actor, family)
    members = {each.pk: each for each in members_of(family)}
    if not choices or set(choices) - set(members):
        raise InvalidInput(_("Choose at least one connector of the family."))
    outcomes = [
        _decide(members[pk], choice.digest, verdict=choice.verdict, reasons=choice.reasons, actor=actor)
        for pk, choice in choices.items()
    ]
    decided = [each for each in outcomes if each.decision]
    with transaction.atomic():
        data = {
            "asked": len(outcomes),
            "decided": len(decided),
            "verdicts": {each.reference: each.decision.verdict for each in decided if each.decision},
        }
        audit.record("submissionfamily.decide", family, actor=actor, about=[family.publisher], data=data)
    return outcomes


def comment_family(
    family: SubmissionFamily, *, body: str, members: Collection[UUID], actor: User
) -> list[Thread]:
    """Say the same to several members: a thread in each, which its team answers there."""
    require(can_decide_family, actor, family)
    chosen = [each for each in members_of(family) if each.pk in members and each.revision_id]
    if not chosen:
        raise InvalidInput(_("Choose at least one connector of the family."))
    with transaction.atomic():
        opened = [threads.open_thread(each, body=body, actor=actor) for each in chosen]
        data = {"count": len(opened)}
        audit.record("submissionfamily.comment", family, actor=actor, about=[family.publisher], data=data)
    return opened


@dataclass(frozen=True, slots=True)
class Start:
    """What became of one member: its rollout, or in a sentence why there is none."""

    reference: str
    rollout: Rollout | None
    problem: str = ""


def ready_to_start(family: SubmissionFamily) -> list[Submission]:
    return [each for each in members_of(family) if each.state == SubmissionState.SIGNED_OFF]


def propose_family_start(family: SubmissionFamily, plan: RolloutPlan) -> dt.date:
    """The first day on which every member that is signed off may start. Raises Blocked."""
    ready = ready_to_start(family)
    if not ready:
        raise Blocked(_("No connector of this family is signed off yet."))
    return max(schedule.propose_start(plan, each) for each in ready)


def schedule_family(
    family: SubmissionFamily, plan: RolloutPlan, *, starts_on: dt.date, actor: User
) -> list[Start]:
    """A rollout for every member that is signed off, by one plan from one day: they board the same train
    where the plan has one and places are left."""
    require(can_schedule_family, actor, family)
    ready = ready_to_start(family)
    if not ready:
        raise Blocked(_("No connector of this family is signed off yet."))
    starts = [_start(each, plan, schedule.Dates(starts_on), actor) for each in ready]
    count = sum(each.rollout is not None for each in starts)
    if count:
        with transaction.atomic():
            audit.record(
                "submissionfamily.schedule",
                family,
                actor=actor,
                about=[family.publisher],
                data={"count": count, "starts_on": starts_on.isoformat(), "plan": str(plan)},
            )
    return starts


def _start(submission: Submission, plan: RolloutPlan, dates: schedule.Dates, actor: User) -> Start:
    try:
        rollout = schedule.schedule_rollout(submission, plan, dates, actor=actor)
    except InvalidInput as error:
        words = [text for texts in error.fields.values() for text in texts]
        return Start(submission.reference, None, " ".join([error.message, *words]))
    except PortalError as error:
        return Start(submission.reference, None, error.message)
    return Start(submission.reference, rollout)
