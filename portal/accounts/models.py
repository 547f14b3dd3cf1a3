"""People, their API tokens and what they want to be told."""

from __future__ import annotations

import uuid
import zoneinfo
from datetime import datetime
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower, Now
from django.utils import timezone
from django.utils.translation import gettext as _

from portal.shared.models import PublicIdModel
from portal.shared.words import lazy as _lazy


def check_time_zone(name: str) -> None:
    if name not in zoneinfo.available_timezones():
        raise ValidationError(
            _("“%(name)s” is not a time zone: use a name such as Europe/Berlin.") % {"name": name}
        )


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, email: str | None) -> User:
        return self.get(email__iexact=email)

    def reviewers(self) -> models.QuerySet[User]:
        """The pool of people who review, those away left out."""
        return self.filter(staff_role=User.StaffRole.REVIEWER, is_active=True)


class User(AbstractBaseUser):
    """A person. `staff_role` is empty for publishers; staff need a second factor before anything else."""

    class StaffRole(models.TextChoices):
        NONE = "", _lazy("None")
        REVIEWER = "reviewer", _lazy("Reviewer")
        OPERATOR = "operator", _lazy("Operator")
        ADMINISTRATOR = "administrator", _lazy("Administrator")

    class Theme(models.TextChoices):
        SYSTEM = "system", _lazy("As the system")
        LIGHT = "light", _lazy("Light")
        DARK = "dark", _lazy("Dark")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField(max_length=254, unique=True)
    display_name = models.CharField(max_length=80, blank=True)
    time_zone = models.CharField(max_length=60, default="UTC", validators=[check_time_zone])
    # Empty: what the browser asks for on pages, the portal's own language in mails.
    language = models.CharField(max_length=10, blank=True, default="")
    staff_role = models.CharField(max_length=20, choices=StaffRole.choices, default="", blank=True)
    is_active = models.BooleanField(default=True)
    away_until = models.DateField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    # Since then the row stands for somebody who asked to be forgotten: no name, no address, no way in.
    erased_at = models.DateTimeField(null=True, editable=False)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects = UserManager()

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("email"), name="user_email_once"),
            models.CheckConstraint(
                name="user_staff_role_known",
                condition=Q(staff_role__in=["", "reviewer", "operator", "administrator"]),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        if self.erased_at:
            return _("Former member")
        return self.display_name or self.email.partition("@")[0]

    @property
    def is_staff_member(self) -> bool:
        return bool(self.staff_role)

    @property
    def is_reviewer(self) -> bool:
        return self.is_active and self.staff_role in {self.StaffRole.REVIEWER, self.StaffRole.ADMINISTRATOR}

    @property
    def is_operator(self) -> bool:
        return self.is_active and self.staff_role in {self.StaffRole.OPERATOR, self.StaffRole.ADMINISTRATOR}

    @property
    def is_administrator(self) -> bool:
        return self.is_active and self.staff_role == self.StaffRole.ADMINISTRATOR


class ApiToken(PublicIdModel):
    """A key for programs: acts as its owner, within `scopes`, for one team or all of the owner's.

    Only the SHA-256 is stored. `prefix` is the first characters, to recognise it by.
    One that a trusted publisher got lives minutes, may be bound to one connector, and is never renewed.
    """

    class Scope(models.TextChoices):
        READ = "read", _lazy("Read everything you may see")
        CONNECTORS = "connectors:write", _lazy("Register connectors and upload packages")
        SUBMISSIONS = "submissions:write", _lazy("Create, submit and withdraw submissions")
        REVIEWS = "reviews:write", _lazy("Claim, comment and decide")
        ROLLOUTS = "rollouts:write", _lazy("Sign off, stop, hold, resume and roll back")
        HEALTH = "health:write", _lazy("Look after health alerts and close them")
        HEARTBEATS = "heartbeats:write", _lazy("Report that a backend is alive")
        TEAM = "team:write", _lazy("Invite people and change roles")
        VALIDATE = "validate", _lazy("Check definitions with paconn")
        VALIDATE_STRICT = "validate:strict", _lazy("Check definitions with paconn; errors fail the command")
        ADMIN = "admin:write", _lazy("Change plans, freezes and regions")

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=12)
    digest = models.CharField(max_length=64, unique=True)
    scopes = ArrayField(models.CharField(max_length=40, choices=Scope.choices), default=list)
    publisher_id = models.UUIDField(null=True, blank=True)
    # Of a trusted publisher: which one made it, and the one connector it may be used for, if it is one.
    trusted_publisher_id = models.UUIDField(null=True, blank=True)
    connector_id = models.UUIDField(null=True, blank=True)
    # What it writes is checked and answered, then undone.
    is_sandbox = models.BooleanField(default=False, db_default=False)
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["user", "-created_at"], name="apitoken_owner"),
            models.Index(
                fields=["trusted_publisher_id"],
                condition=Q(trusted_publisher_id__isnull=False),
                name="apitoken_trusted",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    def is_usable(self, at: datetime | None = None) -> bool:
        return self.revoked_at is None and self.expires_at > (at or timezone.now()) and self.user.is_active


class DeviceSignIn(PublicIdModel):
    """A program that waits until its owner types a code in the portal (RFC 8628).

    Of both codes only the SHA-256 is stored. It is agreed to or refused once, and fetched once; whatever
    happened, it is over at `expires_at`.
    """

    device_digest = models.CharField(max_length=64, unique=True)
    user_digest = models.CharField(max_length=64, unique=True)
    # What the program says of itself: shown to the person, and the name of the token.
    name = models.CharField(max_length=80)
    asked_from = models.GenericIPAddressField(null=True)
    asked_scopes = ArrayField(models.CharField(max_length=40, choices=ApiToken.Scope.choices), default=list)
    user = models.ForeignKey(User, on_delete=models.CASCADE, null=True, related_name="device_sign_ins")
    scopes = ArrayField(models.CharField(max_length=40, choices=ApiToken.Scope.choices), default=list)
    publisher_id = models.UUIDField(null=True)
    days = models.PositiveSmallIntegerField(default=0)
    expires_at = models.DateTimeField()
    agreed_at = models.DateTimeField(null=True)
    refused_at = models.DateTimeField(null=True)
    fetched_at = models.DateTimeField(null=True)
    polled_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["expires_at"], name="devicesignin_over")]
        constraints = [
            models.CheckConstraint(
                name="devicesignin_one_answer", condition=Q(agreed_at=None) | Q(refused_at=None)
            ),
            models.CheckConstraint(
                name="devicesignin_agreed_by_somebody",
                condition=Q(agreed_at=None) | (Q(user__isnull=False) & Q(days__gt=0)),
            ),
            models.CheckConstraint(
                name="devicesignin_fetched_if_agreed",
                condition=Q(fetched_at=None) | Q(agreed_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def is_waiting(self, at: datetime | None = None) -> bool:
        return not (self.agreed_at or self.refused_at) and self.expires_at > (at or timezone.now())


class CalendarFeed(PublicIdModel):
    """The secret address under which calendars read a person's dates. Only its SHA-256 is stored."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="calendar_feed")
    digest = models.CharField(max_length=64, unique=True)
    made_at = models.DateTimeField()
    last_read_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return _("Calendar of %(user_id)s") % {"user_id": self.user_id}


class NotificationPreference(models.Model):
    """How a person wants to hear of a group of events. A missing row means the group's default."""

    class Delivery(models.TextChoices):
        IMMEDIATE = "immediate", _lazy("At once")
        DIGEST = "digest", _lazy("Once a day")
        NONE = "none", _lazy("In the portal only")

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="notification_preferences")
    group = models.CharField(max_length=40)
    delivery = models.CharField(max_length=10, choices=Delivery.choices)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "group"], name="preference_once")]

    def __str__(self) -> str:
        return f"{self.group}: {self.delivery}"
