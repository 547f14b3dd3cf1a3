"""Claims: who reviews what, for how long, and how it passes from one reviewer to another."""

from __future__ import annotations

from datetime import timedelta

from django.db import connection, transaction
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from certification.lifecycle import SubmissionState
from certification.models import ReviewClaim, ReviewVisit, Submission
from certification.policies import can_claim_review, can_see_private_notes
from certification.services.clock import database_now
from portal.accounts.models import User
from portal.shared import audit, outbox
from portal.shared.actors import SYSTEM, Actor
from portal.shared.errors import Conflict, IllegalTransition, InvalidInput
from portal.shared.policy import require
from portal.shared.words import lazy as _lazy

CLAIM_LASTS = timedelta(hours=4)
LONGEST_NOTE = 1_000
_OWN_TEAM = _lazy("Reviewers of other teams review this: nobody decides on their own team's work.")


def claim(submission: Submission, *, actor: User) -> ReviewClaim:
    """Take the review for four hours, or hold it four hours from now if it is one's own already.

    Raises Conflict while somebody else holds it; a claim that ran out is taken over.
    """
    require(can_claim_review, actor, submission, otherwise=_OWN_TEAM)
    with transaction.atomic():
        row = _locked(submission)
        if row.state != SubmissionState.IN_REVIEW:
            raise IllegalTransition(
                _("%(reference)s is not in review now: reload the page to see what happened.")
                % {"reference": row.reference}
            )
        return hold(row, actor=actor)


def hold(submission: Submission, *, actor: User) -> ReviewClaim:
    """The actor's claim on a submission whose row the caller has locked: the present one or a new one."""
    now = database_now()
    current = current_claim(submission)
    if current is not None and current.expires_at <= now:
        _end(current, "claim.expire", actor=SYSTEM)
        current = None
    if current is None:
        current = ReviewClaim.objects.create(
            submission=submission, reviewer=actor, expires_at=now + CLAIM_LASTS
        )
        _record("claim.take", current, actor=actor)
        outbox.emit("claim.take", id=str(submission.pk))
    elif current.reviewer_id != actor.pk:
        raise Conflict(
            _("%(name)s holds this review. Wait until the claim ends, or ask for a hand-over.")
            % {"name": current.reviewer.name},
            code="claimed",
        )
    return current


def current_claim(submission: Submission) -> ReviewClaim | None:
    """The claim that nobody ended yet, whether its time ran out or not."""
    return submission.claims.filter(released_at=None).select_related("reviewer").first()


def extend(submission: Submission, *, actor: User) -> ReviewClaim:
    """Hold one's own claim for four hours from now, also when it just ran out and nobody took it."""
    require(can_claim_review, actor, submission, otherwise=_OWN_TEAM)
    with transaction.atomic():
        found = _own_claim(_locked(submission), actor)
        found.expires_at = database_now() + CLAIM_LASTS
        found.save(update_fields=["expires_at"])
        _record("claim.extend", found, actor=actor)
    return found


def release(submission: Submission, *, actor: User) -> None:
    """Give one's claim back to the queue; the submission keeps its place."""
    require(can_claim_review, actor, submission, otherwise=_OWN_TEAM)
    with transaction.atomic():
        _end(_own_claim(_locked(submission), actor), "claim.release", actor=actor)


def hand_over(submission: Submission, *, to: User, note: str, actor: User) -> ReviewClaim:
    """Pass one's claim to another reviewer with a note on where things stand; their four hours start now."""
    require(can_claim_review, actor, submission, otherwise=_OWN_TEAM)
    note = note.strip()
    if not note or len(note) > LONGEST_NOTE:
        text = _("Say in at most %(most)s characters what was done and what is left.") % {
            "most": number_format(LONGEST_NOTE, force_grouping=True)
        }
        raise InvalidInput(_("A hand-over needs a note."), fields={"note": [text]})
    if to.pk == actor.pk or not can_claim_review(to, submission):
        text = _("Choose another reviewer who is not of the publisher's team.")
        raise InvalidInput(text, fields={"to": [text]})
    with transaction.atomic():
        row = _locked(submission)
        old = _own_claim(row, actor)
        old.released_at = database_now()
        old.save(update_fields=["released_at"])
        new = ReviewClaim.objects.create(
            submission=row,
            reviewer=to,
            expires_at=database_now() + CLAIM_LASTS,
            handed_over_by=actor,
            handover_note=note,
        )
        # The note is for reviewers: marked private, it stays out of the history that the team reads.
        _record("claim.hand_over", new, actor=actor, reason=note)
        outbox.emit("claim.hand_over", id=str(new.pk))
    return new


def end_claim(submission: Submission) -> None:
    """The claim has served its purpose: called in the transaction of the decision."""
    current = current_claim(submission)
    if current is not None:
        current.released_at = database_now()
        current.save(update_fields=["released_at"])


def release_expired_claims() -> int:
    """End the claims whose time ran out or whose submission is not in review any more; returns how many."""
    with transaction.atomic():
        open_claims = ReviewClaim.objects.filter(released_at=None).select_for_update(
            of=("self",), skip_locked=True
        )
        over = open_claims.filter(expires_at__lte=database_now()) | open_claims.exclude(
            submission__state=SubmissionState.IN_REVIEW
        )
        found = list(over.select_related("submission"))
        for each in found:
            _end(each, "claim.expire", actor=SYSTEM)
    return len(found)


def note_visit(submission: Submission, *, actor: User) -> None:
    """Remember that the reviewer has the page open: a hint for others, no lock."""
    require(can_see_private_notes, actor, submission)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            INSERT INTO {ReviewVisit._meta.db_table} (submission_id, user_id, seen_at) VALUES (%s, %s, now())
            ON CONFLICT (submission_id, user_id) DO UPDATE SET seen_at = now()
            """,  # noqa: S608 - the table's own name
            [submission.pk, actor.pk],
        )


def _locked(submission: Submission) -> Submission:
    return (
        Submission.objects.select_for_update(of=("self",))
        .select_related("connector__publisher")
        .get(pk=submission.pk)
    )


def _own_claim(submission: Submission, actor: User) -> ReviewClaim:
    current = current_claim(submission)
    if current is None or current.reviewer_id != actor.pk:
        words = _("You do not hold this review any more. Nobody holds it now.")
        if current:
            words = _("You do not hold this review any more. %(reviewer)s holds it now.") % {
                "reviewer": current.reviewer.name
            }
        raise Conflict(words, code="not-claimed")
    return current


def _end(found: ReviewClaim, action: str, *, actor: Actor) -> None:
    found.released_at = database_now()
    found.save(update_fields=["released_at"])
    _record(action, found, actor=actor)


def _record(action: str, found: ReviewClaim, *, actor: Actor, reason: str = "") -> None:
    audit.record(
        action,
        found,
        actor=actor,
        reason=reason,
        about=[found.submission],
        data={"until": found.expires_at.isoformat(), **({"private": True} if reason else {})},
    )
