"""Letters about commits that were to be handed in by themselves."""

from __future__ import annotations

from certification.models import CommitIntake
from certification.services.letter_parts import Letter, address_of, fetch
from portal.shared.words import lazy as _


def _commitintake(event: str, payload: dict[str, str]) -> Letter:
    intake = fetch(
        CommitIntake, payload, "connector__publisher", "connector__binding__created_by", "submission"
    )
    connector = intake.connector
    binding = getattr(connector, "binding", None)
    is_stranger = intake.reason == CommitIntake.Reason.NOT_A_MEMBER
    letter = Letter(
        event,
        intake,
        publisher=connector.publisher,
        connector=connector,
        person=binding.created_by if binding and not is_stranger else None,
        url=address_of("connector_repository", connector.pk),
        names={"intake": intake},
    )
    letter.facts = [(_("Connector"), connector.name), (_("Commit"), f"{intake.commit[:12]} {intake.summary}")]
    if intake.submission:
        letter.facts.append((_("Submission"), intake.submission.reference))
    return letter


COMMIT_LETTERS = {"commitintake": _commitintake}
