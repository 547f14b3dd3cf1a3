"""How this portal treats a rule, from when, why, and who agreed."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from certification.treating import CATALOGUE, RULE_TREATMENT, TreatmentKind, TreatmentState
from portal.shared.models import PublicIdModel

_CHANGES = {"new": _("new connectors"), "update": _("updates")}
_PUBLISHERS = {"verified": _("verified publishers"), "independent": _("independent publishers")}


class RuleTreatment(PublicIdModel):
    """A decision about one rule. It is never changed: another one takes its place.

    `change_kind` and `publisher_kind` narrow it, empty means every kind. `needs_second` is set where it makes
    a security rule weaker; then `decided_by` is the other person. `started_at` orders what is in force.
    """

    rule = models.CharField(max_length=20)
    treatment = models.CharField(max_length=10, choices=TreatmentKind.choices)
    change_kind = models.CharField(max_length=10, blank=True, default="")
    publisher_kind = models.CharField(max_length=12, blank=True, default="")
    reason = models.TextField()
    starts_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    needs_second = models.BooleanField(default=False)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    decision_reason = models.TextField(blank=True, default="")
    state = models.CharField(max_length=10, choices=TreatmentState.choices, default=TreatmentState.PLANNED)
    state_changed_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            RULE_TREATMENT.constraint("treatment_state_known"),
            models.CheckConstraint(
                name="treatment_kind_known", condition=Q(treatment__in=TreatmentKind.values)
            ),
            models.CheckConstraint(
                name="treatment_of_two_people",
                condition=(Q(decided_by__isnull=True) | ~Q(decided_by=F("requested_by")))
                & (
                    Q(needs_second=False)
                    | ~Q(state__in=["planned", "in_force", "ended"])
                    | Q(decided_by__isnull=False)
                ),
            ),
            models.CheckConstraint(
                name="treatment_in_force_has_begun",
                condition=~Q(state__in=["in_force", "ended"]) | Q(started_at__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["rule", "change_kind", "publisher_kind"],
                condition=Q(state__in=["proposed", "planned"]),
                name="treatment_one_to_come",
            ),
        ]
        indexes = [
            models.Index(fields=["-started_at"], condition=Q(state="in_force"), name="treatment_in_force"),
            models.Index(fields=["starts_at"], condition=Q(state="planned"), name="treatment_due"),
        ]

    def __str__(self) -> str:
        return f"{self.rule}: {self.get_treatment_display()}"

    @property
    def is_to_come(self) -> bool:
        return self.state in {TreatmentState.PROPOSED, TreatmentState.PLANNED}

    @property
    def is_exception(self) -> bool:
        """Whether it differs from the catalogue."""
        return self.treatment != CATALOGUE

    @property
    def scope(self) -> str:
        """Whom it is about, in words; empty for everybody."""
        named = [_CHANGES.get(self.change_kind, ""), _PUBLISHERS.get(self.publisher_kind, "")]
        if all(named):
            return str(_("%(what)s of %(whom)s")) % {"what": named[0], "whom": named[1]}
        return str(named[0] or named[1])
