"""Teams: founding one, inviting people, changing roles, leaving."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _

from connectors import policies
from connectors.lifecycle import INVITATION
from connectors.models import Invitation, Membership, Publisher
from connectors.models.publishers import Role
from portal.accounts.models import User
from portal.shared import audit, outbox
from portal.shared.actors import Actor
from portal.shared.errors import Conflict, InvalidInput, NotPermitted
from portal.shared.policy import require
from portal.shared.secrets import Secret, decrypt, encrypt, fingerprint
from portal.shared.transitions import transition
from portal.shared.words import in_sentence

INVITATION_DAYS = 7
_EDITABLE = ("name", "website", "support_email")


def create_publisher(*, name: str, website: str = "", support_email: str = "", actor: User) -> Publisher:
    """Found a team; its founder is its first owner. Staff verify it later."""
    name = " ".join(name.split())
    if len(name) < 3:
        raise InvalidInput(
            _("A publisher's name has at least 3 characters."), fields={"name": [_("Too short.")]}
        )
    publisher = Publisher(name=name, slug=_free_slug(name), website=website, support_email=support_email)
    with transaction.atomic():
        _save(publisher)
        Membership.objects.create(publisher=publisher, user=actor, role=Role.OWNER)
        audit.record("publisher.create", publisher, actor=actor)
        outbox.emit("publisher.create", id=str(publisher.pk))
    return publisher


def update_publisher(publisher: Publisher, *, values: Mapping[str, Any], actor: Actor) -> None:
    """Change the profile. `values` may hold name, website and support_email."""
    require(policies.can_edit_publisher, actor, publisher)
    changed = {name: values[name] for name in _EDITABLE if name in values}
    before = {name: getattr(publisher, name) for name in changed}
    for name, value in changed.items():
        setattr(publisher, name, value)
    with transaction.atomic():
        _save(publisher)
        audit.record("publisher.update", publisher, actor=actor, data={"before": before, "after": changed})


def verify_publisher(publisher: Publisher, *, is_verified: bool, reason: str, actor: Actor) -> None:
    """Say that the company owns the backend it publishes for, or take that back. Needs a reason."""
    require(policies.can_verify_publisher, actor, publisher)
    if not reason.strip():
        raise InvalidInput(_("Say what was checked."), fields={"reason": [_("A reason is needed.")]})
    publisher.kind = Publisher.Kind.VERIFIED if is_verified else Publisher.Kind.INDEPENDENT
    with transaction.atomic():
        publisher.save(update_fields=["kind"])
        audit.record("publisher.verify", publisher, actor=actor, reason=reason, data={"kind": publisher.kind})
        outbox.emit("publisher.verify", id=str(publisher.pk))


def invite(publisher: Publisher, *, email: str, role: str, actor: User) -> tuple[Invitation, Secret]:
    """Offer `role` to an address; returns the invitation and its one-time token.

    The mail carries the token, so the outbox payload holds it encrypted; the row holds its SHA-256 only.
    """
    email = email.strip().lower()
    _check_address(email)
    wanted = _known_role(role)
    require(policies.can_invite_member, actor, publisher)
    if not policies.can_grant_role(actor, publisher, wanted):
        raise NotPermitted(
            _("You cannot invite a %(label)s: that is above your own role.")
            % {"label": in_sentence(wanted.label)}
        )
    if publisher.memberships.filter(user__email__iexact=email).exists():
        raise InvalidInput(
            _("This person is in the team already."), fields={"email": [_("Already a member.")]}
        )
    token = secrets.token_urlsafe(32)
    with transaction.atomic():
        for expired in Invitation.objects.filter(
            publisher=publisher, email__iexact=email, state="open", expires_at__lte=timezone.now()
        ):
            transition(INVITATION, expired, "revoke", actor=actor, reason="expired", about=[publisher])
        try:
            with transaction.atomic():
                invitation = Invitation.objects.create(
                    publisher=publisher,
                    email=email,
                    role=wanted,
                    token_digest=fingerprint(token),
                    invited_by=actor,
                    expires_at=timezone.now() + timedelta(days=INVITATION_DAYS),
                )
        except IntegrityError as error:
            raise Conflict(
                _("This address has an open invitation: take it back before sending another.")
            ) from error
        audit.record(
            "invitation.invite",
            invitation,
            actor=actor,
            about=[publisher],
            data={"email": email, "role": wanted},
        )
        outbox.emit("invitation.invite", id=str(invitation.pk), sealed=encrypt(token))
    return invitation, Secret(token)


def opened_token(sealed: str) -> Secret:
    """The token out of the payload of `invitation.invite`, for the mail."""
    return Secret(decrypt(sealed))


def find_invitation(token: str) -> Invitation:
    """The invitation a mailed link stands for. Raises `InvalidInput` when there is none."""
    invitation = Invitation.objects.filter(token_digest=fingerprint(token)).first()
    if invitation is None:
        raise InvalidInput(_("This invitation link is not known. Ask for a new one."))
    return invitation


def answerable_invitation(invitation_id: str | UUID | None) -> Invitation:
    """The invitation, if it can still be answered; else `InvalidInput` says why not."""
    invitation = (
        Invitation.objects.select_related("publisher", "invited_by")
        .filter(pk=invitation_id or UUID(int=0))
        .first()
    )
    if invitation is None:
        raise InvalidInput(_("Open the link of your invitation mail again."))
    if invitation.state != "open":
        raise InvalidInput(
            _("This invitation was %(lower)s already. Ask for a new one.")
            % {"lower": in_sentence(invitation.get_state_display())}
        )
    if invitation.is_expired:
        raise InvalidInput(_("This invitation is older than 7 days. Ask for a new one."))
    return invitation


def accept_invitation(invitation: Invitation, *, actor: User) -> Membership:
    """Join the team. The actor's own verified address has to be the invited one."""
    _check_mailbox(invitation, actor)
    publisher = invitation.publisher

    def still_open(row: Invitation) -> None:
        if row.is_expired:
            raise InvalidInput(_("This invitation is older than 7 days. Ask for a new one."))
        # The inviter may have lost rights since.
        if not policies.can_grant_role(row.invited_by, row.publisher, Role(row.role)):
            raise InvalidInput(
                _("Whoever invited you cannot give this role any more. Ask an owner for a new one.")
            )

    with transaction.atomic():
        transition(INVITATION, invitation, "accept", actor=actor, guard=still_open, about=[publisher])
        membership, made = Membership.objects.get_or_create(
            publisher=publisher, user=actor, defaults={"role": invitation.role}
        )
        if not made:
            raise Conflict(_("You are in this team already."))
    return membership


def decline_invitation(invitation: Invitation, *, actor: User) -> None:
    _check_mailbox(invitation, actor)
    transition(INVITATION, invitation, "decline", actor=actor, about=[invitation.publisher])


def revoke_invitation(invitation: Invitation, *, actor: Actor) -> None:
    """Take an open invitation back; its link is dead at once."""
    require(policies.can_revoke_invitation, actor, invitation)
    transition(INVITATION, invitation, "revoke", actor=actor, about=[invitation.publisher])


def change_role(membership: Membership, *, role: str, actor: Actor) -> None:
    """Give a member another role. The last owner stays owner."""
    publisher = membership.publisher
    require(policies.can_manage_members, actor, publisher)
    wanted = _known_role(role)
    with transaction.atomic():
        row = _locked(membership)
        before = row.role
        if before == Role.OWNER and wanted != Role.OWNER:
            _keep_an_owner(row)
        row.role = wanted
        row.save(update_fields=["role"])
        _record("membership.change_role", row, actor, {"from": before, "to": wanted})


def remove_member(membership: Membership, *, actor: Actor) -> None:
    """Take a person out of the team; effective at their next request."""
    publisher = membership.publisher
    is_self = actor.pk == membership.user_id
    if is_self:
        require(policies.can_leave_publisher, actor, publisher)
    else:
        require(policies.can_manage_members, actor, publisher)
    with transaction.atomic():
        row = _locked(membership)
        if row.role == Role.OWNER:
            _keep_an_owner(row)
        _record("membership.leave" if is_self else "membership.remove", row, actor, {"role": row.role})
        row.delete()


def _locked(membership: Membership) -> Membership:
    """The membership, with its team locked: two owners cannot both leave at the same moment."""
    Publisher.objects.select_for_update().get(pk=membership.publisher_id)
    row = Membership.objects.select_related("publisher", "user").filter(pk=membership.pk).first()
    if row is None:
        raise Conflict(_("This person has left the team meanwhile."))
    return row


def _keep_an_owner(leaving: Membership) -> None:
    others = Membership.objects.filter(publisher=leaving.publisher, role=Role.OWNER).exclude(pk=leaving.pk)
    if not others.exists():
        raise Conflict(_("A team keeps at least one owner: make somebody else owner first."))


def _record(action: str, membership: Membership, actor: Actor, data: dict[str, Any]) -> None:
    audit.record(
        action,
        membership,
        actor=actor,
        about=[membership.publisher],
        data={**data, "user": str(membership.user_id), "email": membership.user.email},
    )
    outbox.emit(action, id=str(membership.publisher_id), user_id=str(membership.user_id))


def _check_mailbox(invitation: Invitation, actor: User) -> None:
    from allauth.account.models import EmailAddress

    owns = EmailAddress.objects.filter(
        user_id=actor.pk, email__iexact=invitation.email, verified=True
    ).exists()
    if not owns:
        raise NotPermitted(
            _(
                "This invitation is for another address. Sign in with the address it was sent to, "
                "and verify it."
            )
        )


def _check_address(email: str) -> None:
    try:
        validate_email(email)
    except ValidationError as error:
        raise InvalidInput(
            _("This is not an e-mail address."), fields={"email": list(error.messages)}
        ) from error


def _known_role(role: str) -> Role:
    try:
        return Role(role)
    except ValueError as error:
        raise InvalidInput(_("Choose one of the roles."), fields={"role": [_("Unknown role.")]}) from error


def _free_slug(name: str) -> str:
    base = slugify(name)[:50] or "publisher"
    taken = set(Publisher.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    return next(
        slug for slug in (base, *(f"{base}-{n}" for n in range(2, len(taken) + 3))) if slug not in taken
    )


def _save(publisher: Publisher) -> None:
    try:
        publisher.full_clean(validate_constraints=True)
        with transaction.atomic():
            publisher.save()
    except ValidationError as error:
        fields = error.message_dict
        if "__all__" in fields:
            fields["name"] = [_("This name is taken by another publisher.")]
            del fields["__all__"]
        raise InvalidInput(_("Some fields cannot be used."), fields=fields) from error
    except IntegrityError as error:
        raise InvalidInput(
            _("This name is taken by another publisher."), fields={"name": [_("This name is taken.")]}
        ) from error
