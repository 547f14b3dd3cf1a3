"""What a program without a browser may push to and fetch: teams, connectors, and the package that counts."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from certification.lifecycle import PREPARING_STATES
from certification.models import Submission
from connectors.models import Connector, Publisher, Version
from portal.accounts.models import User
from portal.shared.errors import InvalidInput

MOST_LISTED = 500


def teams_to_push_to(user: User, bound: UUID | None) -> QuerySet[Publisher]:
    """The person's teams, within the one that a token is bound to."""
    found = Publisher.objects.filter(memberships__user=user).order_by("name")
    return found.filter(pk=bound) if bound else found


def connectors_to_push_to(user: User, bound: UUID | None) -> QuerySet[Connector]:
    """Connectors of these teams. Staff get no more: a draft is its team's own."""
    found = Connector.objects.visible_to(user).filter(
        publisher__in=teams_to_push_to(user, bound).values("pk")
    )
    return found.select_related("publisher").order_by("name", "pk")


def team_named(user: User, bound: UUID | None, environment: str) -> Publisher:
    """The team whose slug the client gave as environment, else the token's, else the only one.

    Raises InvalidInput when that leaves none or several, and when the token is bound to another team.
    """
    named = teams_to_push_to(user, None).filter(slug=environment).first()
    if named is not None and bound not in (None, named.pk):
        raise InvalidInput(_("The token is bound to another team than “%(team)s”.") % {"team": environment})
    teams = [named] if named else list(teams_to_push_to(user, bound)[:20])
    if len(teams) == 1:
        return teams[0]
    if not teams:
        raise InvalidInput(_("You are in no team yet: set one up in the portal first."))
    slugs = ", ".join(team.slug for team in teams)
    raise InvalidInput(
        _("You are in several teams. Give one of them as the environment (-e): %(slugs)s.") % {"slugs": slugs}
    )


def open_submission(connector: Connector) -> Submission | None:
    """The one in preparation; a connector has at most one."""
    return connector.submissions.filter(state__in=PREPARING_STATES).select_related("version").first()


def newest_package(connector: Connector) -> Version | None:
    """What the open form holds, else the newest package of the connector."""
    held = open_submission(connector)
    if held is not None and held.version is not None:
        return held.version
    return connector.versions.order_by("-number").first()
