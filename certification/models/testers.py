"""Testers from outside the team, invited for some days, and what testers saw product by product."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower, Now
from django.utils import timezone

from certification.lifecycle import GUEST_TESTER, GuestTesterState
from certification.models.previews import Preview
from certification.models.submissions import Submission
from portal.shared.models import PublicIdModel
from portal.shared.words import lazy as _


class GuestTesterQuerySet(models.QuerySet["GuestTester"]):
    def with_access(self, user: object) -> GuestTesterQuerySet:
        """The invitations under which a person may test now."""
        pk = getattr(user, "pk", None)
        return self.filter(user=pk, state="accepted", expires_at__gt=timezone.now()) if pk else self.none()


class GuestTester(PublicIdModel):
    """An invitation to test, and the access it became. Only the token's SHA-256 is stored; it works once.

    It belongs to the submission, not to one Preview: a corrected package is tested by the same people.
    `products` are keys of `certification.data.products`. Whoever accepts is bound to the row; access ends at
    `expires_at` by itself, whatever the state.
    """

    submission = models.ForeignKey(Submission, on_delete=models.CASCADE, related_name="guest_testers")
    email = models.EmailField()
    products = ArrayField(models.CharField(max_length=20), default=list)
    note = models.CharField(max_length=500, blank=True)
    token_digest = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    sent_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="guest_accesses"
    )
    accepted_at = models.DateTimeField(null=True)
    state = models.CharField(max_length=8, choices=GuestTesterState.choices, default=GuestTesterState.INVITED)
    state_changed_at = models.DateTimeField(db_default=Now())

    objects = GuestTesterQuerySet.as_manager()

    class Meta:
        ordering = ["created_at"]
        constraints = [
            GUEST_TESTER.constraint("guesttester_state_known"),
            models.CheckConstraint(
                name="guesttester_accepted_by_somebody",
                condition=~Q(state="accepted") | Q(user__isnull=False, accepted_at__isnull=False),
            ),
            models.UniqueConstraint(
                "submission",
                Lower("email"),
                condition=Q(state__in=["invited", "accepted"]),
                name="guesttester_one_standing",
            ),
        ]
        indexes = [
            models.Index(
                fields=["user", "expires_at"], condition=Q(state="accepted"), name="guesttester_access"
            )
        ]

    def __str__(self) -> str:
        return f"{self.email} for {self.submission_id}"

    @property
    def is_expired(self) -> bool:
        return self.expires_at <= timezone.now()

    @property
    def is_standing(self) -> bool:
        return self.state != GuestTesterState.REVOKED


class ProductCheck(models.Model):
    """What one person says about one item of a product's checklist; the latest word counts."""

    class Outcome(models.TextChoices):
        WORKS = "works", _("Works")
        FAILS = "fails", _("Does not work")

    preview = models.ForeignKey(Preview, on_delete=models.CASCADE, related_name="product_checks")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    product = models.CharField(max_length=20)
    item = models.CharField(max_length=20)
    outcome = models.CharField(max_length=5, choices=Outcome.choices)
    note = models.CharField(max_length=1_000, blank=True)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["preview", "product", "item", "user"], name="productcheck_one_word_each"
            ),
            models.CheckConstraint(
                name="productcheck_outcome_known", condition=Q(outcome__in=["works", "fails"])
            ),
        ]

    def __str__(self) -> str:
        return f"{self.product}.{self.item}: {self.outcome}"
