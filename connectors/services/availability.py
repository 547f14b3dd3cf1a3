"""General availability: asked for with the scorecard of the moment, decided by an operator."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from connectors.lifecycle import AVAILABILITY
from connectors.models import AvailabilityRequest, Connector
from connectors.policies import can_decide_availability, can_request_availability
from connectors.queries.health_scorecard import scorecard
from portal.accounts.models import User
from portal.shared import audit, outbox
from portal.shared.actors import Actor
from portal.shared.errors import Blocked, Conflict, InvalidInput
from portal.shared.policy import require
from portal.shared.transitions import transition


def request(connector: Connector, *, support_hours: str, note: str, actor: User) -> AvailabilityRequest:
    """Ask for it. What is required must be met; what is recommended may be missing and is shown so."""
    require(can_request_availability, actor, connector)
    support_hours = support_hours.strip()
    if not support_hours:
        text = _("Say in which hours users get support.")
        raise InvalidInput(text, fields={"support_hours": [text]})
    found = scorecard(connector)
    if not found.meets_required:
        missing = [
            f"{each.label}: {each.missing}" for each in found.criteria if _blocks(each.weight, each.is_met)
        ]
        raise Blocked(
            _("Some required criteria are not met yet; the scorecard says by how much."), blockers=missing
        )
    try:
        with transaction.atomic():
            made = AvailabilityRequest.objects.create(
                connector=connector,
                support_hours=support_hours,
                note=note.strip(),
                scorecard=[each.as_record() for each in found.criteria],
                requested_by=actor,
            )
            audit.record("availabilityrequest.request", made, actor=actor, about=[connector])
            outbox.emit("availabilityrequest.request", id=str(made.pk))
    except IntegrityError:
        raise Conflict(_("It was asked for already: reload the page.")) from None
    return made


def _blocks(weight: str, is_met: bool | None) -> bool:
    return weight == "required" and not is_met


def decide(made: AvailabilityRequest, *, grant: bool, reasons: str, actor: Actor) -> None:
    """Grant or decline. Declining says why; nobody decides on a connector of their own team."""
    require(can_decide_availability, actor, made.connector)
    reasons = reasons.strip()
    if not grant and not reasons:
        text = _("Say what is missing.")
        raise InvalidInput(text, fields={"reasons": [text]})
    transition(
        AVAILABILITY,
        made,
        "grant" if grant else "decline",
        actor=actor,
        reason=reasons,
        changes={"decided_by_id": actor.pk, "reasons": reasons},
        about=[made.connector],
    )


def withdraw(made: AvailabilityRequest, *, actor: Actor) -> None:
    require(can_request_availability, actor, made.connector)
    transition(AVAILABILITY, made, "withdraw", actor=actor, about=[made.connector])
