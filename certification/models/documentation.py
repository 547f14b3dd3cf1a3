"""The public documentation of versions: what was published, and which of it is shown now."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from connectors.models import Connector, Version
from portal.shared.models import PublicIdModel


class Documentation(PublicIdModel):
    """The page of one version as it was published. Its address stays, whichever version is live.

    `body` is what `connectors.definitions.documentation.build` made, by version `builder` of itself;
    `body_digest` is the SHA-256 of its canonical JSON, `definition_digest` that of the definition it was made
    from. The connector's own address shows the page that `is_current`.
    """

    connector = models.ForeignKey(Connector, on_delete=models.PROTECT, related_name="documentation")
    version = models.OneToOneField(Version, on_delete=models.PROTECT, related_name="documentation")
    body = models.JSONField()
    body_digest = models.CharField(max_length=64)
    definition_digest = models.CharField(max_length=64, blank=True)
    builder = models.PositiveSmallIntegerField()
    is_current = models.BooleanField(default=False)
    published_at = models.DateTimeField(db_default=Now())
    # When it was last compared with the package and with what regions run.
    checked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["connector"], condition=Q(is_current=True), name="documentation_one_current"
            )
        ]
        indexes = [models.Index(fields=["connector", "-published_at"], name="documentation_of_connector")]

    def __str__(self) -> str:
        return f"Documentation of {self.version}"
