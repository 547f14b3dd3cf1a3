"""Asking for the erasure of a person, taking it back, and starting what is due; `erasing` carries it out."""

from __future__ import annotations

import datetime as dt

import structlog
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from certification.forgetting import ERASURE
from certification.models import Erasure
from certification.policies import can_ask_erasure, can_withdraw_erasure
from certification.queries.erasures import blockers
from certification.services.clock import database_now
from portal.accounts.models import User
from portal.shared import audit, outbox
from portal.shared.actors import SYSTEM
from portal.shared.errors import Blocked, Conflict, IllegalTransition, InvalidInput
from portal.shared.policy import require
from portal.shared.transitions import transition

log = structlog.get_logger(__name__)

MOST_WORDS = 20
SHORTEST_WORD = 5


def ask(person: User, *, reason: str = "", also: str = "", actor: User) -> Erasure:
    """Let a person be forgotten after the waiting time. Administrators give a reason, and may name earlier
    names and addresses (`also`, one a line) that go as well.

    Raises InvalidInput, Blocked while something has to be handed over, Conflict when it is asked for already.
    """
    require(can_ask_erasure, actor, person)
    is_own = actor.pk == person.pk
    words = [] if is_own else _further(also)
    if not is_own and not reason.strip():
        raise InvalidInput(_("Say why."), fields={"reason": [_("Say why.")]})
    if person.erased_at:
        raise Conflict(_("This person was erased already."))
    if found := blockers(person):
        raise Blocked(_("Something has to be handed over first."), blockers=found)
    due_at = database_now() + dt.timedelta(days=settings.ERASURE_WAIT_DAYS)
    try:
        with transaction.atomic():
            made = Erasure.objects.create(
                person=person,
                requested_by=actor,
                reason="" if is_own else reason.strip(),
                words={"also": words},
                due_at=due_at,
            )
            data = {"due_at": due_at.isoformat()}
            audit.record("erasure.ask", made, actor=actor, reason=made.reason, about=[person], data=data)
            outbox.emit("erasure.ask", id=str(made.pk))
    except IntegrityError as error:
        raise Conflict(_("It is asked for already.")) from error
    return made


def _further(also: str) -> list[str]:
    words = list(dict.fromkeys(" ".join(line.split()) for line in also.splitlines() if line.strip()))
    short = [word for word in words if len(word) < SHORTEST_WORD]
    if short or len(words) > MOST_WORDS:
        text = _("At most %(most)d lines, each of at least %(length)d characters.") % {
            "most": MOST_WORDS,
            "length": SHORTEST_WORD,
        }
        raise InvalidInput(text, fields={"also": [text]})
    return words


def withdraw(erasure: Erasure, *, actor: User) -> Erasure:
    """Take it back while it waits."""
    require(can_withdraw_erasure, actor, erasure)
    return transition(
        ERASURE, erasure, "withdraw", actor=actor, about=[erasure.person], changes={"words": None}
    )


def start_due() -> int:
    """A tick: start what is due and has nothing in its way; returns how many. What is blocked is asked again
    with the next one, and says on its page why it waits."""
    started = 0
    for erasure in Erasure.objects.filter(state="waiting", due_at__lte=database_now()).select_related(
        "person"
    ):
        if found := blockers(erasure.person):
            log.info("erasure_blocked", erasure=str(erasure.pk), blockers=len(found))
            continue
        try:
            transition(ERASURE, erasure, "start", actor=SYSTEM, about=[erasure.person])
        except IllegalTransition:
            continue  # Another scheduler was first, or the person took it back just now.
        started += 1
    return started
