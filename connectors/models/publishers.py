"""Publishers (teams), who belongs to them, and who is invited."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower, Now
from django.utils import timezone

from connectors.lifecycle import INVITATION, InvitationState
from portal.accounts.models import User
from portal.shared.models import PublicIdModel
from portal.shared.words import lazy as _


class Role(models.TextChoices):
    """What a person may do in a team, most first."""

    OWNER = "owner", _("Owner")
    DEVELOPER = "developer", _("Developer")
    TESTER = "tester", _("Tester")
    VIEWER = "viewer", _("Viewer")

    @property
    def rank(self) -> int:
        """Higher may grant lower or equal."""
        return {"owner": 4, "developer": 3, "tester": 2, "viewer": 1}[self.value]


class PublisherQuerySet(models.QuerySet["Publisher"]):
    def visible_to(self, user: Any) -> PublisherQuerySet:
        """Staff see every team; a person sees their own."""
        if not user.is_authenticated:
            return self.none()
        if user.staff_role:
            return self
        return self.filter(memberships__user=user).distinct()


class Publisher(PublicIdModel):
    """A team that publishes connectors: a company whose backend it is (verified) or an independent author."""

    class Kind(models.TextChoices):
        VERIFIED = "verified", _("Verified publisher")
        INDEPENDENT = "independent", _("Independent publisher")

    name = models.CharField(max_length=80)
    slug = models.SlugField(max_length=60, unique=True)
    kind = models.CharField(max_length=12, choices=Kind.choices, default=Kind.INDEPENDENT)
    website = models.URLField(blank=True)
    support_email = models.EmailField(blank=True)
    members = models.ManyToManyField(User, through="Membership", related_name="publishers")

    objects = PublisherQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("name"), name="publisher_name_once"),
            models.CheckConstraint(
                name="publisher_kind_known", condition=Q(kind__in=["verified", "independent"])
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_verified(self) -> bool:
        return self.kind == self.Kind.VERIFIED


class Membership(models.Model):
    """A person's role in a team. A deferred database trigger keeps at least one owner in every team."""

    publisher = models.ForeignKey(Publisher, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=12, choices=Role.choices)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["publisher", "user"], name="membership_once"),
            models.CheckConstraint(
                name="membership_role_known",
                condition=Q(role__in=["owner", "developer", "tester", "viewer"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} ({self.get_role_display()})"


class Invitation(PublicIdModel):
    """An offer of a role to an address. Only the token's SHA-256 is stored; it works once, for 7 days."""

    publisher = models.ForeignKey(Publisher, on_delete=models.CASCADE, related_name="invitations")
    email = models.EmailField()
    role = models.CharField(max_length=12, choices=Role.choices)
    token_digest = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    expires_at = models.DateTimeField()
    state = models.CharField(max_length=12, choices=InvitationState.choices, default=InvitationState.OPEN)
    state_changed_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            INVITATION.constraint("invitation_state_known"),
            models.UniqueConstraint(
                "publisher", Lower("email"), condition=Q(state="open"), name="invitation_one_open"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.email} to {self.publisher}"

    @property
    def is_expired(self) -> bool:
        return self.expires_at <= timezone.now()
