"""Where health figures are fetched from, instead of being pushed by a region."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from connectors.models.connectors import Region
from connectors.models.publishers import Publisher
from portal.shared.models import PublicIdModel
from portal.shared.secrets import EncryptedJSONField


class MetricsSource(PublicIdModel):
    """A Prometheus that already counts a region's calls, of all publishers or of one.

    The queries select raw counters, one series an instance: `requests` by code, `latency` the buckets of a
    histogram, `connections` a gauge; the last two may be empty. `labels` maps connector, version, operation
    and code to the labels that name them. Minutes up to `read_until` have been counted, each exactly once.
    `losses` says what cannot be carried over as it was.
    """

    name = models.CharField(max_length=80, unique=True)
    region = models.ForeignKey(Region, on_delete=models.PROTECT, related_name="metrics_sources")
    publisher = models.ForeignKey(
        Publisher, null=True, blank=True, on_delete=models.PROTECT, related_name="metrics_sources"
    )
    base_url = models.URLField(max_length=300)
    credentials = EncryptedJSONField(null=True)
    requests_query = models.TextField(max_length=2000)
    latency_query = models.TextField(max_length=2000, blank=True)
    connections_query = models.TextField(max_length=2000, blank=True)
    labels = models.JSONField(default=dict)
    is_in_seconds = models.BooleanField(default=True)
    is_active = models.BooleanField(default=False)
    read_until = models.DateTimeField(null=True)
    last_run_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=400, blank=True)
    last_counts = models.JSONField(default=dict)
    losses = ArrayField(models.CharField(max_length=200), default=list)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["region", "publisher"],
                condition=Q(is_active=True),
                nulls_distinct=False,
                name="metricssource_one_active",
            )
        ]

    def __str__(self) -> str:
        return self.name
