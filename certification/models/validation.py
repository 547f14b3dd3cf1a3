"""Verdicts and findings of the rule engine, and what people answered to them."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from certification.lifecycle import WAIVER, WaiverState
from certification.models.submissions import Submission
from certification.models.treatments import RuleTreatment
from certification.rules.registry import metadata
from connectors.models import Version
from portal.shared.models import PublicIdModel
from portal.shared.words import lazy as _


class Severity(models.TextChoices):
    ERROR = "error", _("Error")
    WARNING = "warning", _("Warning")
    INFO = "info", _("Advice")


class Validation(PublicIdModel):
    """The verdict on one package under one rule set and profile. Stored exactly once.

    `baseline` is the digest of the published version that an update was compared with, empty without one.
    `treatment` names the treatments of rules that counted (`treating.revision_of`), empty without any.
    Verdict, counts and severities are those after them; `as_catalogued` keeps the engine's own verdict and
    counts where they made a difference, and `switched_off` what was found by rules that are off here.
    """

    class Verdict(models.TextChoices):
        PASS = "pass", _("Passed")
        FAIL = "fail", _("Failed")

    version = models.ForeignKey(Version, on_delete=models.CASCADE, related_name="validations")
    rules_version = models.CharField(max_length=40)
    change_kind = models.CharField(max_length=10)
    publisher_kind = models.CharField(max_length=12)
    baseline = models.CharField(max_length=64, blank=True, default="")
    treatment = models.CharField(max_length=12, blank=True, default="")
    as_catalogued = models.JSONField(default=dict, blank=True)
    switched_off = models.JSONField(default=list, blank=True)
    verdict = models.CharField(max_length=4, choices=Verdict.choices)
    errors = models.PositiveIntegerField(default=0)
    warnings = models.PositiveIntegerField(default=0)
    infos = models.PositiveIntegerField(default=0)
    duration_seconds = models.FloatField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=[
                    "version",
                    "rules_version",
                    "change_kind",
                    "publisher_kind",
                    "baseline",
                    "treatment",
                ],
                name="validation_once",
            ),
            models.CheckConstraint(
                name="validation_verdict_known", condition=Q(verdict__in=["pass", "fail"])
            ),
        ]

    def __str__(self) -> str:
        return f"{self.version}: {self.get_verdict_display()}"

    @property
    def catalogued_verdict(self) -> str:
        """What the engine says, here as everywhere."""
        return str(self.as_catalogued.get("verdict", self.verdict))

    @property
    def catalogued_counts(self) -> dict[str, int]:
        own = {"error": self.errors, "warning": self.warnings, "info": self.infos}
        return dict(self.as_catalogued.get("counts", own))


class Finding(models.Model):
    """One place where a package breaks a rule.

    `fingerprint` is the same in the next package if nothing changed there. `excerpt` is the text around the
    place as it was in the package; its first line has the number `excerpt_line`. Where a `treatment` of this
    portal changed the severity, `catalogued` is the engine's.
    """

    validation = models.ForeignKey(Validation, on_delete=models.CASCADE, related_name="findings")
    rule = models.CharField(max_length=20)
    severity = models.CharField(max_length=8, choices=Severity.choices)
    catalogued = models.CharField(max_length=8, choices=Severity.choices, blank=True, default="")
    treatment = models.ForeignKey(
        RuleTreatment, null=True, blank=True, on_delete=models.PROTECT, related_name="findings"
    )
    message = models.TextField()
    fix = models.TextField(blank=True)
    file = models.CharField(max_length=260, blank=True)
    pointer = models.TextField(blank=True)
    line = models.PositiveIntegerField(null=True)
    column = models.PositiveIntegerField(null=True)
    length = models.PositiveIntegerField(null=True)
    fingerprint = models.CharField(max_length=64)
    group = models.CharField(max_length=64, blank=True)
    excerpt = models.TextField(blank=True)
    excerpt_line = models.PositiveIntegerField(null=True)

    class Meta:
        indexes = [models.Index(fields=["validation", "rule"], name="finding_by_rule")]

    def __str__(self) -> str:
        return f"{self.rule} {self.file}:{self.line}"


class PresentedReceipt(PublicIdModel):
    """A receipt of this portal that was brought with a package: whether its verdict was taken over.

    `validation` is the verdict it stands for, None where that was not taken over; then `reason` says why.
    `issued_at` and `rules_version` are the receipt's own words, which its signature vouches for.
    """

    submission = models.ForeignKey(Submission, on_delete=models.CASCADE, related_name="presented_receipts")
    version = models.ForeignKey(Version, on_delete=models.CASCADE, related_name="+")
    validation = models.ForeignKey(Validation, null=True, on_delete=models.CASCADE, related_name="+")
    issued_at = models.DateTimeField()
    rules_version = models.CharField(max_length=40)
    reason = models.CharField(max_length=300, blank=True)
    presented_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="receipt_taken_or_reason", condition=Q(validation__isnull=True) ^ Q(reason="")
            )
        ]

    def __str__(self) -> str:
        return f"Receipt of {self.issued_at:%Y-%m-%d} for {self.version}"

    @property
    def is_taken(self) -> bool:
        return self.validation_id is not None


class WarningNote(models.Model):
    """The publisher's answer to all warnings of a rule: why they stay."""

    submission = models.ForeignKey(Submission, on_delete=models.CASCADE, related_name="warning_notes")
    rule = models.CharField(max_length=20)
    note = models.TextField()
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["submission", "rule"], name="warningnote_once")]

    def __str__(self) -> str:
        return f"{self.rule}: {self.note[:40]}"


class Waiver(PublicIdModel):
    """Permission to go on in spite of an error: of one finding (`fingerprint`), or if empty of the rule.

    Of a rule whose errors the team may answer for itself, such as a breaking change in an update, it is an
    acknowledgement: it lets the package be handed in at once, and the reviewer accepts or declines it.
    """

    submission = models.ForeignKey(Submission, on_delete=models.CASCADE, related_name="waivers")
    rule = models.CharField(max_length=20)
    fingerprint = models.CharField(max_length=64, blank=True)
    reason = models.TextField()
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    decision_reason = models.TextField(blank=True)
    expires_on = models.DateField(null=True, blank=True)
    state = models.CharField(max_length=10, choices=WaiverState.choices, default=WaiverState.REQUESTED)
    state_changed_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            WAIVER.constraint("waiver_state_known"),
            models.UniqueConstraint(
                fields=["submission", "rule", "fingerprint"],
                condition=Q(state__in=["requested", "approved"]),
                name="waiver_one_live",
            ),
            models.CheckConstraint(
                name="waiver_decided_by_another",
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=models.F("requested_by")),
            ),
        ]

    def __str__(self) -> str:
        what = "Acknowledgement" if self.is_acknowledgement else "Waiver"
        return f"{what} of {self.rule} ({self.get_state_display()})"

    @property
    def is_acknowledgement(self) -> bool:
        about = metadata().get(self.rule)
        return about is not None and about.acknowledgeable
