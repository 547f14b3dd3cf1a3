"""Builds that may act for a team without a secret: repository and workflow, known by their ID token."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models

from connectors.models.connectors import Connector
from connectors.models.publishers import Publisher
from portal.accounts.models import ApiToken
from portal.shared.models import PublicIdModel


class TrustedPublisherQuerySet(models.QuerySet["TrustedPublisher"]):
    def visible_to(self, user: Any) -> TrustedPublisherQuerySet:
        """Like the team it belongs to."""
        return self.filter(publisher__in=Publisher.objects.visible_to(user))


class TrustedPublisher(PublicIdModel):
    """A workflow that gets tokens for `scopes`, for one connector or (None) all of the team.

    `issuer` is the `iss` of its tokens; `ref` and `environment` may be empty for any. `repository_id` and
    `owner_id` are what the issuer numbered them, pinned at the first use. Its tokens act as `created_by`.
    """

    publisher = models.ForeignKey(Publisher, on_delete=models.CASCADE, related_name="trusted_publishers")
    connector = models.ForeignKey(
        Connector, null=True, blank=True, on_delete=models.CASCADE, related_name="trusted_publishers"
    )
    issuer = models.CharField(max_length=200)
    repository = models.CharField(max_length=300)
    workflow = models.CharField(max_length=200)
    ref = models.CharField(max_length=200, blank=True)
    environment = models.CharField(max_length=200, blank=True)
    scopes = ArrayField(models.CharField(max_length=40, choices=ApiToken.Scope.choices), default=list)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    repository_id = models.CharField(max_length=40, blank=True)
    owner_id = models.CharField(max_length=40, blank=True)
    last_used_at = models.DateTimeField(null=True)
    last_ref = models.CharField(max_length=300, blank=True)
    last_refused_at = models.DateTimeField(null=True)
    last_refusal = models.CharField(max_length=300, blank=True)

    objects = TrustedPublisherQuerySet.as_manager()

    class Meta:
        ordering = ["repository", "workflow", "created_at"]
        indexes = [models.Index(fields=["issuer", "repository"], name="trustedpublisher_asked")]
        constraints = [
            models.UniqueConstraint(
                fields=["publisher", "connector", "issuer", "repository", "workflow", "ref", "environment"],
                nulls_distinct=False,
                name="trustedpublisher_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.repository} {self.workflow}"


class SpentIdToken(models.Model):
    """An ID token that was exchanged: the SHA-256 of issuer and `jti`, kept until it has expired anyway."""

    digest = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.digest[:12]
