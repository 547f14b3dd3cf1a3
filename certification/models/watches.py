"""Region subscriptions: an address that wants to hear when a version reaches a region."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from connectors.models import Connector, Region, Version
from portal.shared.models import PublicIdModel


class RegionWatch(PublicIdModel):
    """“Tell me when this version reaches this region”; without `version` the next one that does.

    Nothing is sent, but for the question itself, before the address was confirmed. The row, and with it every
    message to the address, is deleted at `ends_at`.
    """

    connector = models.ForeignKey(Connector, on_delete=models.CASCADE, related_name="watches")
    region = models.ForeignKey(Region, on_delete=models.CASCADE, related_name="+")
    version = models.ForeignKey(Version, null=True, on_delete=models.CASCADE, related_name="+")
    address = models.EmailField()
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="region_watches"
    )
    asked_at = models.DateTimeField(db_default=Now())
    confirmed_at = models.DateTimeField(null=True)
    told_at = models.DateTimeField(null=True)
    ends_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="regionwatch_told_is_confirmed",
                condition=Q(told_at__isnull=True) | Q(confirmed_at__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["connector", "region", "address"],
                condition=Q(told_at__isnull=True),
                name="regionwatch_one_open",
            ),
        ]
        indexes = [
            models.Index(fields=["ends_at"], name="regionwatch_ends"),
            models.Index(fields=["address", "-asked_at"], name="regionwatch_of_address"),
        ]

    def __str__(self) -> str:
        return f"{self.region_id} of {self.connector_id}"
