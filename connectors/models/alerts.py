"""What is promised of a connector's health, and the alerts when it is not kept."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from connectors.latency import LATENCY_BOUNDS_MS
from connectors.lifecycle import HEALTH_ALERT, OPEN_ALERT_STATES, HealthAlertState
from connectors.models.connectors import Connector
from connectors.objectives import Objective
from portal.shared.models import PublicIdModel
from portal.shared.words import lazy as _

_SHARE = [MinValueValidator(Decimal(50)), MaxValueValidator(Decimal("99.99"))]


class HealthObjective(models.Model):
    """A connector's own objective; without a row the defaults of `connectors.objectives.Objective` hold."""

    connector = models.OneToOneField(
        Connector, on_delete=models.CASCADE, primary_key=True, related_name="objective"
    )
    success_percent = models.DecimalField(max_digits=4, decimal_places=2, validators=_SHARE)
    latency_ms = models.PositiveIntegerField(choices=[(bound, f"{bound} ms") for bound in LATENCY_BOUNDS_MS])
    latency_percent = models.DecimalField(max_digits=4, decimal_places=2, validators=_SHARE)
    silence_minutes = models.PositiveIntegerField(
        validators=[MinValueValidator(30), MaxValueValidator(3 * 24 * 60)]
    )

    def __str__(self) -> str:
        return f"{self.success_percent} % of {self.connector_id}"

    def as_rule(self) -> Objective:
        return Objective(
            success=float(self.success_percent) / 100,
            latency_ms=self.latency_ms,
            latency_share=float(self.latency_percent) / 100,
            silence=timedelta(minutes=self.silence_minutes),
        )


class HealthAlertQuerySet(models.QuerySet["HealthAlert"]):
    def visible_to(self, user: Any) -> HealthAlertQuerySet:
        """Those of the connectors the person sees."""
        return self.filter(connector__in=Connector.objects.visible_to(user))

    def open(self) -> HealthAlertQuerySet:
        return self.filter(state__in=OPEN_ALERT_STATES)


class HealthAlert(PublicIdModel):
    """One promise of one connector that was not kept, from the first breach to its end.

    `evidence` is what was measured at the last breach. `quiet_since` is when the breach was last seen to be
    over; it must stay over for a while before the alert resolves, so that it does not flap.
    """

    class Kind(models.TextChoices):
        BURN_FAST = "burn_fast", _("Failing fast")
        BURN_SLOW = "burn_slow", _("Failing for hours")
        BURN_STEADY = "burn_steady", _("Failing steadily")
        SILENCE = "silence", _("Silent")
        CALLS = "calls", _("Unusually few calls")
        FAILURES = "failures", _("Unusually many failures")
        LATENCY = "latency", _("Unusually slow")
        HOST = "host", _("Host does not answer")
        CERTIFICATE = "certificate", _("Certificate")
        OWNERSHIP = "ownership", _("Ownership not shown")
        HEARTBEAT = "heartbeat", _("Heartbeat")
        DORMANT = "dormant", _("Nobody calls it")
        DOCUMENTATION = "docs", _("Documentation is not what runs")

    connector = models.ForeignKey(Connector, on_delete=models.CASCADE, related_name="health_alerts")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    state = models.CharField(max_length=12, choices=HealthAlertState.choices, default=HealthAlertState.FIRING)
    state_changed_at = models.DateTimeField(db_default=Now())
    last_breach_at = models.DateTimeField()
    quiet_since = models.DateTimeField(null=True)
    evidence = models.JSONField(default=dict)
    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )

    objects = HealthAlertQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            HEALTH_ALERT.constraint("healthalert_state_known"),
            models.UniqueConstraint(
                fields=["connector", "kind"],
                condition=Q(state__in=sorted(OPEN_ALERT_STATES)),
                name="healthalert_one_open",
            ),
        ]
        indexes = [
            models.Index(fields=["connector", "-created_at"], name="healthalert_of_connector"),
            models.Index(fields=["-created_at"], name="healthalert_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.connector}: {self.get_kind_display()}"

    @property
    def tone(self) -> str:
        return "danger" if self.kind in _URGENT else "warning"

    @property
    def icon_name(self) -> str:
        return (
            "zzz"
            if self.kind in (self.Kind.SILENCE, self.Kind.DORMANT)
            else "alert-octagon"
            if self.tone == "danger"
            else "alert-triangle"
        )


_URGENT = frozenset(
    {
        HealthAlert.Kind.BURN_FAST,
        HealthAlert.Kind.BURN_SLOW,
        HealthAlert.Kind.SILENCE,
        HealthAlert.Kind.HOST,
        HealthAlert.Kind.HEARTBEAT,
    }
)
