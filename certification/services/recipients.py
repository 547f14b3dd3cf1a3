"""Who is told of an event."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import QuerySet

from certification.messages import Audience, MessageKind
from certification.services.letter_parts import Letter
from portal.accounts.models import User

_STAFF = (User.StaffRole.OPERATOR, User.StaffRole.ADMINISTRATOR)


def recipients(letter: Letter, kind: MessageKind) -> list[User]:
    """Active people of the kind's audiences, each once; whoever did it is left out unless it is a receipt.

    A private letter never reaches the publisher's team, whatever the audience.
    """
    found: dict[object, User] = {}
    for audience in kind.audiences:
        found.update({person.pk: person for person in _members_of(audience, letter)})
    if letter.actor and not kind.tells_actor:
        found.pop(letter.actor.pk, None)
    if letter.is_private and letter.publisher and Audience.PERSON not in kind.audiences:
        for pk in letter.publisher.memberships.values_list("user_id", flat=True):
            found.pop(pk, None)
    return sorted((person for person in found.values() if person.is_active), key=lambda person: person.email)


def _members_of(audience: Audience, letter: Letter) -> Iterable[User]:
    match audience:
        case Audience.TEAM:
            return _team(letter)
        case Audience.OWNERS:
            return _team(letter, "owner")
        case Audience.MAKERS:
            return _team(letter, "owner", "developer")
        case Audience.PERSON:
            return [letter.person] if letter.person else []
        case Audience.OPERATORS:
            return User.objects.filter(staff_role__in=_STAFF, is_active=True)
        case Audience.REVIEWERS:
            return _reviewers(letter)
        case Audience.REVIEW_SIDE:
            return _review_side(letter)
        case Audience.OTHER_SIDE:
            return _other_side(letter)
        case Audience.ADMINISTRATORS:
            return User.objects.filter(staff_role=User.StaffRole.ADMINISTRATOR, is_active=True)
        case Audience.AFFECTED:
            publishers = letter.names["publishers"]
            return User.objects.filter(memberships__publisher__in=publishers).distinct()


def _team(letter: Letter, *roles: str) -> QuerySet[User]:
    members = User.objects.filter(memberships__publisher=letter.publisher)
    return members.filter(memberships__role__in=roles).distinct() if roles else members


def _reviewers(letter: Letter) -> QuerySet[User]:
    """The pool, without members of the team and without those who are away."""
    return User.objects.reviewers().exclude(memberships__publisher=letter.publisher)


def _review_side(letter: Letter) -> Iterable[User]:
    """Whoever holds the review; else the connector's contact; else the pool. Never nobody."""
    claim = (
        letter.submission.claims.filter(released_at=None).select_related("reviewer").first()
        if letter.submission
        else None
    )
    if claim:
        return [claim.reviewer]
    contact = letter.connector.contact if letter.connector else None
    if contact and contact.is_reviewer:
        return [contact]
    return _reviewers(letter)


def _other_side(letter: Letter) -> Iterable[User]:
    """For a comment: those who wrote in the thread before, and the side that has to answer."""
    thread = letter.names["thread"]
    wrote = list(User.objects.filter(pk__in=thread.comments.values("author_id")))
    team_ids = (
        set(letter.publisher.memberships.values_list("user_id", flat=True)) if letter.publisher else set()
    )
    by_team = letter.actor is not None and letter.actor.pk in team_ids
    if by_team or thread.is_private:
        return [*wrote, *_review_side(letter)]
    return [*wrote, *_team(letter, "owner", "developer")]
