"""Who a connector belongs to: connectors that were live before the portal knew them, claims to them with
proof, and transfers between teams."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from connectors.lifecycle import (
    OWNERSHIP_CLAIM,
    TRANSFER,
    OwnershipClaimState,
    TransferState,
)
from connectors.models import Connector, Membership, Publisher
from portal.shared.models import PublicIdModel
from portal.shared.words import lazy as _


class ImportedConnector(PublicIdModel):
    """A connector that came in live, without a submission of ours.

    It belongs to a team without members until somebody proves to own it (`claimed_at`). `publisher_name` is
    who published it elsewhere, `source` where the operator has that from, `repository` the address of a
    folder whose files are served raw, if one is known.
    """

    connector = models.OneToOneField(Connector, on_delete=models.PROTECT, related_name="imported")
    publisher_name = models.CharField(max_length=80)
    source = models.CharField(max_length=300)
    repository = models.URLField(max_length=300, blank=True)
    imported_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    claimed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["-created_at"], condition=Q(claimed_at__isnull=True), name="imported_unclaimed"
            )
        ]

    def __str__(self) -> str:
        return f"{self.connector} of {self.publisher_name}"


class OwnershipClaimQuerySet(models.QuerySet["OwnershipClaim"]):
    def visible_to(self, user: Any) -> OwnershipClaimQuerySet:
        """Staff see every claim; a person sees those of their teams, never those of competitors."""
        if not user.is_authenticated:
            return self.none()
        if user.staff_role:
            return self
        return self.filter(publisher__in=Membership.objects.filter(user=user).values("publisher"))


class OwnershipClaim(PublicIdModel):
    """A team says that an imported connector is theirs. `token` is what the TXT record or the file holds,
    which everybody may read; of the key in the mail only the SHA-256 is kept. `problem` says what the last
    check missed."""

    class Proof(models.TextChoices):
        DNS = "dns", _("DNS record")
        FILE = "file", _("File at the host")
        REPOSITORY = "repository", _("File in the repository")
        MAIL = "mail", _("Mail to the contact")
        OPERATOR = "operator", _("Decision of an operator")

    imported = models.ForeignKey(ImportedConnector, on_delete=models.PROTECT, related_name="claims")
    publisher = models.ForeignKey(Publisher, on_delete=models.PROTECT, related_name="ownership_claims")
    claimed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    note = models.CharField(max_length=1_000, blank=True)
    token = models.CharField(max_length=60)
    mail_digest = models.CharField(max_length=64, blank=True)
    mail_sent_at = models.DateTimeField(null=True)
    state = models.CharField(
        max_length=10, choices=OwnershipClaimState.choices, default=OwnershipClaimState.OPEN
    )
    state_changed_at = models.DateTimeField(db_default=Now())
    proof = models.CharField(max_length=10, choices=Proof.choices, blank=True)
    checked_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=500, blank=True)
    reason = models.CharField(max_length=1_000, blank=True)
    expires_at = models.DateTimeField()

    objects = OwnershipClaimQuerySet.as_manager()

    class Meta:
        constraints = [
            OWNERSHIP_CLAIM.constraint("ownershipclaim_state_known"),
            models.UniqueConstraint(
                fields=["imported", "publisher"], condition=Q(state="open"), name="ownershipclaim_one_open"
            ),
            models.UniqueConstraint(
                fields=["imported"], condition=Q(state="granted"), name="ownershipclaim_one_granted"
            ),
            models.CheckConstraint(
                name="ownershipclaim_granted_by_proof", condition=~Q(state="granted") | ~Q(proof="")
            ),
        ]
        indexes = [
            models.Index(fields=["expires_at"], condition=Q(state="open"), name="ownershipclaim_due"),
            models.Index(fields=["mail_digest"], name="ownershipclaim_mail"),
        ]

    def __str__(self) -> str:
        return f"{self.publisher} claims {self.imported_id}"

    @property
    def connector(self) -> Connector:
        return self.imported.connector

    @property
    def is_expired(self) -> bool:
        return self.expires_at <= timezone.now()


class TransferQuerySet(models.QuerySet["ConnectorTransfer"]):
    def visible_to(self, user: Any) -> TransferQuerySet:
        """Staff see every transfer; a person sees those from and to their teams."""
        if not user.is_authenticated:
            return self.none()
        if user.staff_role:
            return self
        teams = Membership.objects.filter(user=user).values("publisher")
        return self.filter(Q(from_publisher__in=teams) | Q(to_publisher__in=teams))


class ConnectorTransfer(PublicIdModel):
    """An offer of a connector to another team, which an owner there accepts. History goes along, test
    credentials never."""

    connector = models.ForeignKey(Connector, on_delete=models.PROTECT, related_name="transfers")
    from_publisher = models.ForeignKey(Publisher, on_delete=models.PROTECT, related_name="+")
    to_publisher = models.ForeignKey(Publisher, on_delete=models.PROTECT, related_name="+")
    offered_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    note = models.CharField(max_length=1_000, blank=True)
    state = models.CharField(max_length=10, choices=TransferState.choices, default=TransferState.OFFERED)
    state_changed_at = models.DateTimeField(db_default=Now())
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    expires_at = models.DateTimeField()

    objects = TransferQuerySet.as_manager()

    class Meta:
        constraints = [
            TRANSFER.constraint("transfer_state_known"),
            models.UniqueConstraint(
                fields=["connector"], condition=Q(state="offered"), name="transfer_one_offered"
            ),
            models.CheckConstraint(
                name="transfer_between_two", condition=~Q(from_publisher=models.F("to_publisher"))
            ),
        ]
        indexes = [models.Index(fields=["expires_at"], condition=Q(state="offered"), name="transfer_due")]

    def __str__(self) -> str:
        return f"{self.connector} to {self.to_publisher}"
