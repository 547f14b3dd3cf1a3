"""Who signed the contributor agreement, and whose signature a contribution still lacks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.db.models import Count, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from certification.models import AgreementSignature, AgreementText
from connectors.models import Membership, Publisher
from connectors.models.publishers import Role
from portal.accounts.models import User


def current_text() -> AgreementText | None:
    return AgreementText.objects.order_by("-version").first()


def texts() -> QuerySet[AgreementText]:
    """All versions, the newest first, with `signed`: how many signatures of each stand."""
    standing = Count("signatures", filter=Q(signatures__withdrawn_at=None))
    return AgreementText.objects.select_related("published_by").annotate(signed=standing).order_by("-version")


def signatures() -> QuerySet[AgreementSignature]:
    """All signatures with text, signer and team, the newest first."""
    return AgreementSignature.objects.select_related("text", "signer", "publisher", "withdrawn_by").defer(
        "text__text"
    )


def signatures_visible_to(user: Any) -> QuerySet[AgreementSignature]:
    """One's own and those of one's teams; administrators see all."""
    if getattr(user, "is_administrator", False):
        return signatures()
    if not getattr(user, "is_authenticated", False):
        return signatures().none()
    return signatures().filter(of_person_or_teams(user)).distinct()


def of_person_or_teams(user: Any) -> Q:
    return Q(signer=user) | Q(publisher__memberships__user=user)


def in_force() -> QuerySet[AgreementSignature]:
    """Signatures that count today: not withdrawn, and of a version not older than the last that had to be
    signed anew."""
    anew = AgreementText.objects.filter(must_be_signed_anew=True).order_by("-version").values("version")[:1]
    return AgreementSignature.objects.filter(
        withdrawn_at=None, text__version__gte=Coalesce(Subquery(anew), 0)
    )


def owned_teams(user: User) -> list[Publisher]:
    """Teams that this person may sign for, by name."""
    found = Publisher.objects.filter(memberships__user=user, memberships__role=Role.OWNER)
    return list(found.order_by("name"))


@dataclass(frozen=True, slots=True)
class AgreementState:
    """`version` is 0 while there is no agreement. `missing` are the addresses and logins, as they were given,
    that no signature in force stands for."""

    version: int
    missing: tuple[str, ...]

    @property
    def is_satisfied(self) -> bool:
        return not self.missing


def agreement_state(
    publisher: Publisher, *, emails: Iterable[str] = (), logins: Iterable[str] = ()
) -> AgreementState:
    """Whether the people behind confirmed addresses and code-host logins signed, themselves or through their
    team: its signature stands for its members. An address that nobody confirmed is missing.

    Without an agreement nothing is missing; without any address or login the team itself is asked. At most
    six queries.
    """
    text = current_text()
    if text is None:
        return AgreementState(0, ())
    asked = [*dict.fromkeys(emails)], [*dict.fromkeys(logins)]
    team_signed = in_force().filter(publisher=publisher).exists()
    if not any(asked):
        return AgreementState(text.version, () if team_signed else (publisher.name,))
    by_email = _people_of(asked[0])
    by_login = _people_who_said(asked[1])
    people = {*by_email.values(), *by_login.values()}
    covered = set(in_force().filter(publisher=None, signer__in=people).values_list("signer_id", flat=True))
    if team_signed:
        members = Membership.objects.filter(publisher=publisher, user__in=people)
        covered |= set(members.values_list("user_id", flat=True))
    missing = [
        *(each for each in asked[0] if by_email.get(each.lower()) not in covered),
        *(each for each in asked[1] if by_login.get(each.lower()) not in covered),
    ]
    return AgreementState(text.version, tuple(missing))


def has_signed(user: User, publisher: Publisher) -> bool:
    """Whether a signature in force stands for what this person hands in for the team: their own or the
    team's."""
    own_or_team = Q(publisher=None, signer=user) | Q(publisher=publisher, publisher__memberships__user=user)
    return in_force().filter(own_or_team).exists()


def is_missing_for(user: User, publisher: Publisher) -> bool:
    """Whether handing in has to wait for a signature: where administrators demand it and there is a text."""
    return bool(settings.AGREEMENT_REQUIRED and current_text() and not has_signed(user, publisher))


def _people_of(emails: list[str]) -> dict[str, Any]:
    """Address in small letters -> the one person who confirmed it."""
    if not emails:
        return {}
    wanted = {each.lower() for each in emails}
    matching = Q()
    for each in wanted:
        matching |= Q(email__iexact=each)
    found = EmailAddress.objects.filter(matching, verified=True, user__is_active=True)
    return {address.lower(): user for address, user in found.values_list("email", "user_id")}


def _people_who_said(logins: list[str]) -> dict[str, Any]:
    """Login in small letters -> who gave it as theirs with a signature in force."""
    if not logins:
        return {}
    wanted = [each.lower() for each in logins]
    rows = in_force().filter(publisher=None, logins__overlap=wanted).values_list("logins", "signer_id")
    return {login: signer for given, signer in rows for login in given if login in wanted}
