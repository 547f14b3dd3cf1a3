"""What follows from a verdict: settling the conditions of an approval, appealing against a rejection."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from certification.lifecycle import APPEAL, CONDITION, SubmissionState
from certification.models import Appeal, Decision, DecisionCondition, Submission
from certification.policies import can_appeal_decision, can_decide_appeal, can_settle_condition
from certification.queries.reviews import review_calendar
from certification.services import submissions
from certification.services.clock import database_now
from portal.accounts.models import User
from portal.shared import audit, outbox
from portal.shared.errors import Blocked, Conflict, InvalidInput
from portal.shared.policy import require
from portal.shared.secret_scan import mask_secrets
from portal.shared.transitions import transition

APPEAL_WORKING_DAYS = 5
MOST_CONDITIONS = 5
LONGEST_CONDITION = 500
LONGEST_TEXT = 5_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """A condition to be: what, and `due` "rollout" or "next_version"."""

    text: str
    due: str = DecisionCondition.Due.ROLLOUT


def cleaned(conditions: Iterable[Wanted]) -> list[Wanted]:
    """Without empty ones. Raises InvalidInput (field "conditions")."""
    found = [
        Wanted(mask_secrets(each.text.strip()).text, each.due) for each in conditions if each.text.strip()
    ]
    words = ""
    if len(found) > MOST_CONDITIONS:
        words = _("At most %(most)s conditions: with more of them, request changes.") % {
            "most": MOST_CONDITIONS
        }
    elif any(len(each.text) > LONGEST_CONDITION for each in found):
        words = _("At most %(most)s characters for a condition.") % {"most": LONGEST_CONDITION}
    elif any(each.due not in DecisionCondition.Due.values for each in found):
        words = _("Say when each condition has to be met.")
    if words:
        raise InvalidInput(words, fields={"conditions": [words]})
    return found


def add_conditions(decision: Decision, conditions: Iterable[Wanted], *, actor: User) -> None:
    """In the transaction of the approval."""
    for each in conditions:
        condition = DecisionCondition.objects.create(decision=decision, text=each.text, due=each.due)
        data = {"condition": each.text, "due": each.due}
        audit.record("condition.set", condition, actor=actor, about=[decision.submission], data=data)


def settle_condition(condition: DecisionCondition, *, is_met: bool, note: str = "", actor: User) -> None:
    """It was met, or it is not asked for any more (which needs a note)."""
    submission = condition.decision.submission
    require(can_settle_condition, actor, condition)
    note = note.strip()
    if len(note) > LONGEST_CONDITION or not (note or is_met):
        words = _("Say in at most %(most)s characters why it is not asked for any more.") % {
            "most": LONGEST_CONDITION
        }
        raise InvalidInput(words, fields={"note": [words]})
    transition(
        CONDITION,
        condition,
        "meet" if is_met else "drop",
        actor=actor,
        reason=note,
        about=[submission],
        changes={"settled_by": actor, "note": note},
        data={"condition": condition.text},
    )


def refuse_unmet(submission: Submission) -> None:
    """Before a rollout is scheduled: raises Blocked naming the conditions of the approval that are open."""
    found = DecisionCondition.objects.filter(
        decision__submission=submission, due=DecisionCondition.Due.ROLLOUT, state="open"
    )
    texts = list(found.values_list("text", flat=True))
    if texts:
        count = len(texts)
        raise Blocked(
            ngettext(
                "One condition of the approval is not met yet: %(first)s",
                "%(count)s conditions are not met yet: %(first)s",
                count,
            )
            % {"count": count, "first": texts[0]},
            blockers=texts,
            code="conditions-open",
        )


def appeal(decision: Decision, *, text: str, actor: User) -> Appeal:
    """Ask for a second look at a rejection, once. Administrators have five working days."""
    submission = decision.submission
    require(can_appeal_decision, actor, submission)
    if decision.verdict != Decision.Verdict.REJECT or submission.state != SubmissionState.REJECTED:
        raise Conflict(_("Only a rejection can be appealed against."))
    text = _text(text, "text", _("Say what the reviewer got wrong or could not know."))
    due_at = review_calendar().deadline_after(database_now(), APPEAL_WORKING_DAYS)
    try:
        with transaction.atomic():
            found = Appeal.objects.create(decision=decision, text=text, raised_by=actor, due_at=due_at)
            audit.record("appeal.raise", found, actor=actor, about=[submission], reason=text)
            outbox.emit("appeal.raise", id=str(found.pk))
    except IntegrityError as error:
        raise Conflict(_("An appeal against this rejection was made already.")) from error
    return found


def decide_appeal(found: Appeal, *, is_overturned: bool, answer: str, actor: User) -> Appeal:
    """Uphold the rejection, or overturn it: then the team gets a draft with the same form, package and place
    in the queue. Raises Conflict while the connector has another submission under way.
    """
    require(
        can_decide_appeal,
        actor,
        found,
        otherwise=_("Administrators decide on appeals: not those of the team, and not who rejected it."),
    )
    answer = _text(answer, "answer", _("Say why: the team and the reviewer read it."))
    with transaction.atomic():
        again = _again(found) if is_overturned else None
        return transition(
            APPEAL,
            found,
            "overturn" if is_overturned else "uphold",
            actor=actor,
            reason=answer,
            about=[found.decision.submission, *([again] if again else [])],
            changes={"decided_by": actor, "answer": answer, "successor": again},
        )


def _again(found: Appeal) -> Submission:
    """In the name of who appealed, whose draft it is."""
    old = found.decision.submission
    again = submissions.start_again(old, actor=found.raised_by)
    again.queued_at = old.queued_at
    again.save(update_fields=["queued_at"])
    return again


def withdraw_appeal(found: Appeal, *, actor: User) -> Appeal:
    require(can_appeal_decision, actor, found.decision.submission)
    return transition(APPEAL, found, "withdraw", actor=actor, about=[found.decision.submission])


def _text(value: str, name: str, words: str) -> str:
    value = mask_secrets(value.replace("\0", "\ufffd").strip()).text
    if not value or len(value) > LONGEST_TEXT:
        words = (
            words
            if not value
            else _("At most %(most)s characters.")
            % {"most": number_format(LONGEST_TEXT, force_grouping=True)}
        )
        raise InvalidInput(words, fields={name: [words]})
    return value
