"""What gates between waves saw and said, and what people decided where it was not clear."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from certification.models.rollouts import Rollout, RolloutWave
from portal.shared.models import PublicIdModel
from portal.shared.words import lazy as _


class GateCheck(PublicIdModel):
    """The gate after a wave, over a stretch of looks with the same verdict. The latest row counts.

    Each look brings `evidence`, `thresholds` and `at` up to date; a look with another verdict, or the end of
    the bake, begins the next row. A person's decision belongs to the row they saw.
    """

    class Stage(models.TextChoices):
        BAKE = "bake", _("While it bakes")
        GATE = "gate", _("Before the next wave")

    class Verdict(models.TextChoices):
        PASS = "pass", _("Passed")
        FAIL = "fail", _("Failed")
        INCONCLUSIVE = "inconclusive", _("Inconclusive")

    rollout = models.ForeignKey(Rollout, on_delete=models.CASCADE, related_name="gate_checks")
    wave = models.ForeignKey(RolloutWave, on_delete=models.CASCADE, related_name="gate_checks")
    stage = models.CharField(max_length=4, choices=Stage.choices)
    verdict = models.CharField(max_length=12, choices=Verdict.choices)
    summary = models.TextField(blank=True)
    evidence = models.JSONField(default=dict)
    thresholds = models.JSONField(default=dict)
    first_at = models.DateTimeField(db_default=Now())
    at = models.DateTimeField(db_default=Now())
    looks = models.PositiveIntegerField(default=1)
    # A person let it through; None for the trial's clock, which cannot wait for the calls of users.
    is_let_through = models.BooleanField(default=False)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(null=True)
    reason = models.TextField(blank=True)

    class Meta:
        ordering = ["-first_at", "-created_at"]
        constraints = [
            models.CheckConstraint(name="gatecheck_stage_known", condition=Q(stage__in=["bake", "gate"])),
            models.CheckConstraint(
                name="gatecheck_verdict_known", condition=Q(verdict__in=["pass", "fail", "inconclusive"])
            ),
            models.CheckConstraint(
                name="gatecheck_only_the_unclear_is_let_through",
                condition=Q(is_let_through=False)
                | (Q(verdict="inconclusive", stage="gate", decided_at__isnull=False) & ~Q(reason="")),
            ),
            models.CheckConstraint(name="gatecheck_looks_go_on", condition=Q(at__gte=F("first_at"))),
        ]
        indexes = [models.Index(fields=["wave", "-first_at"], name="gatecheck_of_wave")]

    def __str__(self) -> str:
        return f"Gate after {self.wave_id}: {self.verdict}"
