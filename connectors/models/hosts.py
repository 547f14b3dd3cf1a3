"""Looks at the hosts of live connectors: when the next one is due, what the last ones found."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from connectors.models.connectors import Connector
from portal.shared.words import lazy as _


class HostWatch(models.Model):
    """How the host of one live connector is looked at.

    `failures` counts the looks in a row that found something wrong: one is no reason to wake anybody.
    `ownership_token` is what the TXT record has to hold, "" while nobody asked for the proof;
    `owned_since` is when it was first found.
    """

    connector = models.OneToOneField(
        Connector, on_delete=models.CASCADE, primary_key=True, related_name="host_watch"
    )
    created_at = models.DateTimeField(db_default=Now())
    next_at = models.DateTimeField()
    looked_at = models.DateTimeField(null=True)
    failures = models.PositiveIntegerField(default=0)
    ownership_token = models.CharField(max_length=60, blank=True)
    owned_since = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["next_at"], name="hostwatch_due")]

    def __str__(self) -> str:
        return f"Host of {self.connector_id}"


class HostCheck(models.Model):
    """One look. `stage` is how far it came; `problem` says what was wrong there."""

    class Stage(models.TextChoices):
        REFUSED = "refused", _("Not called")
        NAME = "name", _("Name not found")
        CONNECTION = "connection", _("No connection")
        CERTIFICATE = "certificate", _("Certificate not valid")
        ANSWER = "answer", _("No answer")
        FINE = "fine", _("Answers")

    connector = models.ForeignKey(Connector, on_delete=models.CASCADE, related_name="host_checks")
    at = models.DateTimeField(db_default=Now())
    host = models.CharField(max_length=260)
    stage = models.CharField(max_length=12, choices=Stage.choices)
    problem = models.CharField(max_length=300, blank=True)
    status = models.PositiveSmallIntegerField(null=True)
    milliseconds = models.PositiveIntegerField(null=True)
    expires_at = models.DateTimeField(null=True)
    is_owned = models.BooleanField(null=True)

    class Meta:
        ordering = ["-at", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="hostcheck_stage_known",
                condition=Q(stage__in=["refused", "name", "connection", "certificate", "answer", "fine"]),
            )
        ]
        indexes = [
            models.Index(fields=["connector", "-at"], name="hostcheck_of_connector"),
            models.Index(fields=["at"], name="hostcheck_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.host}: {self.get_stage_display()}"

    @property
    def tone(self) -> str:
        return "success" if self.stage == self.Stage.FINE else "danger"
