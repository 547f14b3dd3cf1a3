"""Connectors, and the regions they live in."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from connectors.lifecycle import CONNECTOR, ConnectorState
from connectors.models.publishers import Publisher
from portal.shared.models import PublicIdModel
from portal.shared.secrets import EncryptedJSONField


class ConnectorQuerySet(models.QuerySet["Connector"]):
    def visible_to(self, user: Any) -> ConnectorQuerySet:
        """Staff see every connector; a person sees those of their teams."""
        if not user.is_authenticated:
            return self.none()
        if user.staff_role:
            return self
        return self.filter(publisher__memberships__user=user)


class Connector(PublicIdModel):
    """A connector of a publisher, from the reserved name to retirement.

    `name_key` is the name without case, spaces, punctuation and accents: unique among names in use, and what
    similarity is measured on. `slug` names the connector towards regions and never changes.
    `checklist` maps an item of the planning checklist to the time it was ticked.
    """

    publisher = models.ForeignKey(Publisher, on_delete=models.PROTECT, related_name="connectors")
    name = models.CharField(max_length=60)
    name_key = models.CharField(max_length=60)
    slug = models.SlugField(max_length=60, unique=True)
    summary = models.CharField(max_length=500, blank=True)
    backend_host = models.CharField(max_length=253, blank=True)
    planned_for = models.DateField(null=True, blank=True)
    checklist = models.JSONField(default=dict, blank=True)
    # Whether a public page tells where it is live. It never does before the first region has it.
    is_listed = models.BooleanField(default=True)
    # Whether everybody may see how it does: a status page and a badge, which a team has to ask for.
    has_status_page = models.BooleanField(default=False)
    contact = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="contact_of"
    )
    contact_assigned_at = models.DateTimeField(null=True)
    state = models.CharField(max_length=12, choices=ConnectorState.choices, default=ConnectorState.PLANNED)
    state_changed_at = models.DateTimeField(db_default=Now())
    # The four pointers and since when each points there (name of the pointer -> ISO time); maintained by
    # certification's services through `connectors.services.connectors.mark_version`.
    marked_at = models.JSONField(default=dict, blank=True)
    approved_version = models.ForeignKey(
        "connectors.Version", null=True, on_delete=models.PROTECT, related_name="+"
    )
    scheduled_version = models.ForeignKey(
        "connectors.Version", null=True, on_delete=models.PROTECT, related_name="+"
    )
    preview_version = models.ForeignKey(
        "connectors.Version", null=True, on_delete=models.PROTECT, related_name="+"
    )
    live_version = models.ForeignKey(
        "connectors.Version", null=True, on_delete=models.PROTECT, related_name="+"
    )

    objects = ConnectorQuerySet.as_manager()

    class Meta:
        constraints = [
            CONNECTOR.constraint("connector_state_known"),
            models.UniqueConstraint(
                F("name_key"),
                condition=~Q(state__in=["cancelled", "retired"]),
                name="connector_name_reserved",
            ),
        ]
        indexes = [
            GinIndex(fields=["name_key"], opclasses=["gin_trgm_ops"], name="connector_name_similar"),
            models.Index(fields=["publisher", "name"], name="connector_of_publisher"),
        ]

    def __str__(self) -> str:
        return self.name


def in_production(path: str = "") -> Q:
    """Regions in which makers work.

    Those of the Preview stage hold what is not certified yet: nobody but its team may see it. `path`
    leads from the model that is asked to its region, such as "region__".
    """
    return Q(**{f"{path}is_preview": False, f"{path}in_preview_stage": False})


class Region(models.Model):
    """A place that holds and runs connectors, reached through a driver.

    `driver` is the kind of region, `driver_settings` what drivers of that kind need to know, `credentials`
    their secrets by name (`token` for most), encrypted. `telemetry_digest` is the SHA-256 of the token the
    region pushes telemetry with. `paired_with` regions are kept out of one wave.
    `is_preview` is the region in which owners test.
    """

    code = models.SlugField(primary_key=True, max_length=40)
    name = models.CharField(max_length=60)
    geography = models.CharField(max_length=60, blank=True)
    # Where it stands, for the map: both in degrees, or neither.
    latitude = models.FloatField(null=True)
    longitude = models.FloatField(null=True)
    driver = models.CharField(max_length=20, default="http")
    base_url = models.URLField(max_length=300, blank=True)
    driver_settings = models.JSONField(default=dict, blank=True)
    credentials = EncryptedJSONField(null=True)
    telemetry_digest = models.CharField(max_length=64, blank=True, default="")
    is_preview = models.BooleanField(default=False)
    # Whether the default plans deploy here before the sign-off: follows from them.
    in_preview_stage = models.BooleanField(default=False, db_default=False)
    is_active = models.BooleanField(default=True)
    paired_with = models.ManyToManyField("self", blank=True)
    breaker_failures = models.PositiveSmallIntegerField(default=0)
    breaker_opened_at = models.DateTimeField(null=True)
    last_answer_at = models.DateTimeField(null=True)
    tags = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    # What the region said it can do beyond the protocol's core when it was last asked: "invoke".
    capabilities = ArrayField(models.CharField(max_length=40), default=list, blank=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                F("is_preview"), condition=Q(is_preview=True, is_active=True), name="region_one_preview"
            ),
            models.CheckConstraint(
                name="region_place_on_earth",
                condition=Q(latitude=None, longitude=None)
                | Q(latitude__range=(-90, 90), longitude__range=(-180, 180)),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_production(self) -> bool:
        """Whether makers work here; see `in_production`."""
        return not (self.is_preview or self.in_preview_stage)
