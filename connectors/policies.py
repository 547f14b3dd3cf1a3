"""Who may do what with publishers, connectors and versions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from allauth.mfa.models import Authenticator
from django.db.models import Exists, OuterRef

from connectors.models import Connector, Invitation, Membership, Publisher
from connectors.models.publishers import Role
from portal.accounts.models import User


def roles_of(user: Any) -> dict[UUID, Role]:
    """Publisher id -> role of `user`. Remembered on the object when `remember_roles` was called for it."""
    remembered: dict[UUID, Role] | None = getattr(user, "_roles", None)
    if remembered is not None:
        return remembered
    if not user.is_authenticated or user.pk is None:
        return {}
    rows = Membership.objects.filter(user_id=user.pk).values_list("publisher_id", "role")
    return {publisher_id: Role(role) for publisher_id, role in rows}


@dataclass(frozen=True, slots=True)
class Team:
    """A publisher that a person belongs to, as menus and filters name it."""

    pk: UUID
    name: str
    slug: str
    role: Role

    def __str__(self) -> str:
        return self.name


def teams_of(user: Any) -> list[Team]:
    """The person's publishers by name. Remembered like the roles."""
    remembered: list[Team] | None = getattr(user, "_teams", None)
    if remembered is not None:
        return remembered
    if not user.is_authenticated or user.pk is None:
        return []
    rows = Membership.objects.filter(user_id=user.pk).order_by("publisher__name")
    return [_team(*row) for row in rows.values_list(*_TEAM)]


def remember_roles(user: Any) -> None:
    """Read teams and roles once for this request's user object, and in the same query whether there is a
    second factor. Services that act later load their own.
    """
    has_factor = Exists(Authenticator.objects.filter(user=OuterRef("pk")))
    fields = [f"memberships__{name}" for name in _TEAM]
    rows = list(User.objects.filter(pk=user.pk).values_list(has_factor, *fields))
    user.has_second_factor = any(row[0] for row in rows)
    teams = [_team(*row[1:]) for row in rows if row[1]]
    user._teams = sorted(teams, key=lambda team: team.name.casefold())
    user._roles = {team.pk: team.role for team in teams}


_TEAM = ("publisher_id", "publisher__name", "publisher__slug", "role")


def _team(pk: UUID, name: str, slug: str, role: str) -> Team:
    return Team(pk, name, slug, Role(role))


def makes_connectors(user: Any) -> bool:
    """Whether there is a team in which `user` may register connectors and hand in versions."""
    return any(role in {Role.OWNER, Role.DEVELOPER} for role in roles_of(user).values())


def role_in(user: Any, publisher: Publisher) -> Role | None:
    return roles_of(user).get(publisher.pk)


def is_member(user: Any, publisher: Publisher) -> bool:
    return role_in(user, publisher) is not None


def _has(user: Any, publisher: Publisher, *roles: Role) -> bool:
    return role_in(user, publisher) in roles


def can_view_publisher(user: Any, publisher: Publisher) -> bool:
    return bool(user.is_authenticated) and (bool(user.staff_role) or is_member(user, publisher))


def can_edit_publisher(user: Any, publisher: Publisher) -> bool:
    return _has(user, publisher, Role.OWNER) or _is_administrator(user)


def can_verify_publisher(user: Any, publisher: Publisher) -> bool:
    """Only staff who are not of the team turn an independent publisher into a verified one."""
    return _is_administrator(user) and not is_member(user, publisher)


def can_invite_member(user: Any, publisher: Publisher) -> bool:
    return _has(user, publisher, Role.OWNER, Role.DEVELOPER)


def can_grant_role(user: Any, publisher: Publisher, role: Role) -> bool:
    """Never above one's own."""
    own = role_in(user, publisher)
    return own is not None and can_invite_member(user, publisher) and role.rank <= own.rank


def can_manage_members(user: Any, publisher: Publisher) -> bool:
    return _has(user, publisher, Role.OWNER)


def can_revoke_invitation(user: Any, invitation: Invitation) -> bool:
    publisher = invitation.publisher
    return can_manage_members(user, publisher) or (
        invitation.invited_by_id == user.pk and can_invite_member(user, publisher)
    )


def can_leave_publisher(user: Any, publisher: Publisher) -> bool:
    return is_member(user, publisher)


def can_manage_trusted_publishers(user: Any, publisher: Publisher) -> bool:
    """Whoever hands in packages may let a build do so in their name."""
    return can_register_connector(user, publisher)


def can_register_connector(user: Any, publisher: Publisher) -> bool:
    return _has(user, publisher, Role.OWNER, Role.DEVELOPER)


def can_view_connector(user: Any, connector: Connector) -> bool:
    return can_view_publisher(user, connector.publisher)


def can_edit_connector(user: Any, connector: Connector) -> bool:
    return _has(user, connector.publisher, Role.OWNER, Role.DEVELOPER)


def can_upload_version(user: Any, connector: Connector) -> bool:
    return can_edit_connector(user, connector)


def can_bind_repository(user: Any, connector: Connector) -> bool:
    return can_edit_connector(user, connector)


def can_cancel_connector(user: Any, connector: Connector) -> bool:
    return _has(user, connector.publisher, Role.OWNER)


def can_hand_over_connector(user: Any, connector: Connector) -> bool:
    return _has(user, connector.publisher, Role.OWNER)


def can_set_objective(user: Any, connector: Connector) -> bool:
    return can_edit_connector(user, connector) or _is_operator(user)


def can_answer_health_alert(user: Any, connector: Connector) -> bool:
    """Whoever can do something about it: the makers of the connector, and operators."""
    return can_edit_connector(user, connector) or _is_operator(user)


def can_send_heartbeat(user: Any, connector: Connector) -> bool:
    """Whoever makes the connector: a viewer's program cannot say that the backend is well."""
    return can_edit_connector(user, connector)


def can_tell_known_issue(user: Any, connector: Connector) -> bool:
    return can_edit_connector(user, connector)


def can_request_availability(user: Any, connector: Connector) -> bool:
    return can_edit_connector(user, connector)


def can_decide_availability(user: Any, connector: Connector) -> bool:
    """Operators, but never on a connector of their own team."""
    return _is_operator(user) and not is_member(user, connector.publisher)


def can_see_fleet(user: Any, _connector: Any = None) -> bool:
    return _is_operator(user)


def can_manage_regions(user: Any, _region: Any = None) -> bool:
    return _is_administrator(user)


def _is_administrator(user: Any) -> bool:
    return bool(getattr(user, "is_administrator", False))


def _is_operator(user: Any) -> bool:
    return bool(getattr(user, "is_operator", False))
