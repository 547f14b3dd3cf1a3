"""One verdict for several submissions that carry the same change: decided one by one, each with its own
record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from django.utils.translation import gettext as _

from certification.models import Decision, Submission
from certification.queries.families import siblings_of
from certification.services.decisions import decide
from portal.accounts.models import User
from portal.shared.errors import Blocked, InvalidInput, PortalError


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
