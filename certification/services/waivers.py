"""Answers to findings: notes on warnings, acknowledgements of breaking changes, and waivers of other errors;
another team's reviewer decides on the last two.
"""

from __future__ import annotations

from datetime import date

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from certification.lifecycle import SUBMISSION, WAIVER
from certification.models import Submission, Waiver, WarningNote
from certification.policies import can_answer_findings, can_decide_waiver
from certification.queries.validation import (
    ENGINE_DEATHS,
    is_acknowledgeable,
    known_validation,
    shown_version,
)
from certification.rules.rulebook import rule_info
from portal.accounts.models import User
from portal.shared import audit, outbox
from portal.shared.errors import Conflict, InvalidInput
from portal.shared.policy import require
from portal.shared.transitions import transition

SHORTEST_REASON = 20
SHORTEST_NOTE = 5
LONGEST_TEXT = 2_000


def note_warning(submission: Submission, *, rule: str, note: str, actor: User) -> WarningNote:
    """The publisher's answer to all warnings of a rule. Written anew it replaces the one before."""
    require(can_answer_findings, actor, submission)
    note = _text(note, "note", SHORTEST_NOTE)
    if rule_info(rule) is None:
        raise InvalidInput(
            _("There is no rule %(rule)s.") % {"rule": rule[:20]}, fields={"rule": [_("Unknown rule.")]}
        )
    with transaction.atomic():
        row = _open(submission)
        stored, _created = WarningNote.objects.update_or_create(
            submission=row, rule=rule, defaults={"note": note, "author": actor, "updated_at": timezone.now()}
        )
        audit.record("submission.note_warning", row, actor=actor, data={"rule": rule}, reason=note)
    return stored


def request_waiver(
    submission: Submission, *, rule: str, fingerprint: str = "", reason: str, actor: User
) -> Waiver:
    """Ask to go on in spite of an error: at one place (`fingerprint`), or for the whole rule. Where the rule
    lets the team answer for it, that is an acknowledgement.

    Raises Conflict when one is asked for or granted already, InvalidInput when the package has no such error.
    """
    if is_acknowledgeable(rule):
        return acknowledge_error(submission, rule=rule, fingerprint=fingerprint, reason=reason, actor=actor)
    return _ask(submission, "waiver.request", rule, fingerprint, reason, actor)


def acknowledge_error(
    submission: Submission, *, rule: str, fingerprint: str = "", reason: str, actor: User
) -> Waiver:
    """Answer for an error that the rule allows, such as a breaking change that users were told of.

    It no longer keeps the package from being handed in; approval waits until a reviewer of another team has
    accepted it. Raises Conflict when it is acknowledged already, InvalidInput when the package has no such
    error or the rule leaves no choice.
    """
    if not is_acknowledgeable(rule):
        raise InvalidInput(
            _("An error of %(rule)s is corrected or waived, not acknowledged.") % {"rule": rule[:20]}
        )
    return _ask(submission, "waiver.acknowledge", rule, fingerprint, reason, actor)


def _ask(
    submission: Submission, action: str, rule: str, fingerprint: str, reason: str, actor: User
) -> Waiver:
    require(can_answer_findings, actor, submission)
    reason = _text(reason, "reason", SHORTEST_REASON)
    try:
        with transaction.atomic():
            row = _open(submission)
            _check_error(row, rule, fingerprint)
            waiver = Waiver.objects.create(
                submission=row, rule=rule, fingerprint=fingerprint, reason=reason, requested_by=actor
            )
            audit.record(action, waiver, actor=actor, reason=reason, about=[row], data={"rule": rule})
            outbox.emit("waiver.request", id=str(waiver.pk))
    except IntegrityError as error:
        words = (
            _("An acknowledgement of %(rule)s is asked for or granted already.")
            if action == "waiver.acknowledge"
            else _("A waiver of %(rule)s is asked for or granted already.")
        )
        raise Conflict(words % {"rule": rule}) from error
    return waiver


def approve_waiver(waiver: Waiver, *, reason: str, expires_on: date | None = None, actor: User) -> None:
    """Let the error pass, until `expires_on` where given; a reviewer of another team decides."""
    require(can_decide_waiver, actor, waiver)
    if expires_on is not None and expires_on < timezone.now().date():
        raise InvalidInput(
            _("The last day lies in the past."), fields={"expires_on": [_("Choose a day to come.")]}
        )
    _decide(waiver, "approve", reason=reason, actor=actor, expires_on=expires_on)


def decline_waiver(waiver: Waiver, *, reason: str, actor: User) -> None:
    require(can_decide_waiver, actor, waiver)
    _decide(waiver, "decline", reason=reason, actor=actor, expires_on=None)


def _decide(waiver: Waiver, event: str, *, reason: str, actor: User, expires_on: date | None) -> None:
    reason = _text(reason, "reason", SHORTEST_NOTE)
    transition(
        WAIVER,
        waiver,
        event,
        actor=actor,
        reason=reason,
        about=[waiver.submission],
        changes={"decided_by": actor, "decision_reason": reason, "expires_on": expires_on},
        data={"rule": waiver.rule},
    )


def withdraw_waiver(waiver: Waiver, *, actor: User) -> None:
    """The team does not need it any more."""
    require(can_answer_findings, actor, waiver.submission)
    transition(WAIVER, waiver, "withdraw", actor=actor, about=[waiver.submission], data={"rule": waiver.rule})


def _open(submission: Submission) -> Submission:
    row = (
        Submission.objects.select_for_update(of=("self",))
        .select_related("connector__publisher", "version", "revision__version")
        .get(pk=submission.pk)
    )
    if row.state in SUBMISSION.terminal:
        raise Conflict(
            _("%(reference)s has ended: its findings need no answer any more.") % {"reference": row.reference}
        )
    return row


def _check_error(submission: Submission, rule: str, fingerprint: str) -> None:
    if rule in ENGINE_DEATHS:
        raise InvalidInput(_("The check itself failed: have the package checked again instead."))
    version = shown_version(submission)
    validation = known_validation(submission, version) if version else None
    found = validation.findings.filter(rule=rule, severity="error") if validation else None
    if found is not None and fingerprint:
        found = found.filter(fingerprint=fingerprint)
    if found is None or not found.exists():
        raise InvalidInput(_("The package has no such error: nothing is there to be waived."))


def _text(value: str, name: str, shortest: int) -> str:
    value = value.strip()
    if not shortest <= len(value) <= LONGEST_TEXT:
        text = _("Between %(least)s and %(most)s characters.") % {
            "least": shortest,
            "most": number_format(LONGEST_TEXT, force_grouping=True),
        }
        raise InvalidInput(
            _("The note is too short or too long.")
            if name == "note"
            else _("The reason is too short or too long."),
            fields={name: [text]},
        )
    return value
