"""What the rules do not allow and two people may: one asks, another agrees."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from certification.lifecycle import OVERRIDE, OverrideState
from certification.models.plans import Freeze
from certification.models.rollouts import RegionDeployment, Rollout, RolloutWave
from certification.models.submissions import Submission
from portal.shared.models import PublicIdModel
from portal.shared.words import lazy as _

_OPEN = ("requested", "half_approved")
_STANDING = (*_OPEN, "approved")
_DOING = {
    "skip": _("leave {} out"),
    "accelerate": _("start {} early"),
    "freeze": _("pass the freeze {}"),
    "hotfix": _("use the hotfix lane for {}"),
}


class OverrideRequest(PublicIdModel):
    """Somebody asks for an exception; policy and database see to it that somebody else agrees.

    `approved_by` is the first of two who agree, only a hotfix has it; `decided_by` the one whose word ended
    the waiting. `expires_at` ends an unanswered request, then an approval nobody made use of.
    """

    class Kind(models.TextChoices):
        SKIP = "skip", _("Leave a region out")
        ACCELERATE = "accelerate", _("Start a wave early")
        FREEZE = "freeze", _("Pass a freeze")
        HOTFIX = "hotfix", _("Use the hotfix lane")

    kind = models.CharField(max_length=10, choices=Kind.choices)
    submission = models.ForeignKey(Submission, on_delete=models.CASCADE, related_name="override_requests")
    rollout = models.ForeignKey(
        Rollout, null=True, on_delete=models.CASCADE, related_name="override_requests"
    )
    deployment = models.ForeignKey(
        RegionDeployment, null=True, on_delete=models.CASCADE, related_name="override_requests"
    )
    wave = models.ForeignKey(
        RolloutWave, null=True, on_delete=models.CASCADE, related_name="override_requests"
    )
    freeze = models.ForeignKey(Freeze, null=True, on_delete=models.PROTECT, related_name="override_requests")
    reason = models.TextField()
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    decision_reason = models.TextField(blank=True)
    state = models.CharField(max_length=14, choices=OverrideState.choices, default=OverrideState.REQUESTED)
    state_changed_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            OVERRIDE.constraint("override_state_known"),
            models.CheckConstraint(
                name="override_two_people",
                condition=(Q(decided_by__isnull=True) | ~Q(decided_by=F("requested_by")))
                & (Q(approved_by__isnull=True) | ~Q(approved_by=F("requested_by")))
                & (
                    Q(approved_by__isnull=True)
                    | Q(decided_by__isnull=True)
                    | ~Q(approved_by=F("decided_by"))
                    | Q(state="declined")
                ),
            ),
            models.CheckConstraint(
                name="override_approved_by_somebody",
                condition=~Q(state__in=["approved", "used"]) | Q(decided_by__isnull=False),
            ),
            models.CheckConstraint(
                name="override_hotfix_approved_twice",
                condition=~Q(kind="hotfix", state__in=["approved", "used"]) | Q(approved_by__isnull=False),
            ),
            models.CheckConstraint(
                name="override_of_one_thing",
                condition=Q(
                    kind="skip", rollout__isnull=False, deployment__isnull=False, wave=None, freeze=None
                )
                | Q(
                    kind="accelerate", rollout__isnull=False, wave__isnull=False, deployment=None, freeze=None
                )
                | Q(kind="freeze", rollout__isnull=False, freeze__isnull=False, deployment=None, wave=None)
                | Q(kind="hotfix", rollout=None, deployment=None, wave=None, freeze=None),
            ),
            models.UniqueConstraint(
                fields=["deployment"], condition=Q(state__in=_STANDING), name="override_one_open_skip"
            ),
            models.UniqueConstraint(
                fields=["wave"], condition=Q(state__in=_STANDING), name="override_one_open_acceleration"
            ),
            models.UniqueConstraint(
                fields=["rollout", "freeze"],
                condition=Q(state__in=_STANDING),
                name="override_one_open_freeze",
            ),
            models.UniqueConstraint(
                fields=["submission"],
                condition=Q(kind="hotfix", state__in=_STANDING),
                name="override_one_open_hotfix",
            ),
        ]
        indexes = [
            models.Index(fields=["expires_at"], condition=Q(state__in=_STANDING), name="override_expiring")
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.what}"

    @property
    def what(self) -> str:
        """The thing it is about, as people call it."""
        if self.deployment:
            return str(self.deployment.region)
        return str(self.wave or self.freeze or self.submission.reference)

    @property
    def doing(self) -> str:
        """The exception as an infinitive: "leave Norway out"."""
        wave = _("wave %(number)s") % {"number": self.wave.number} if self.wave else ""
        return _DOING[self.kind].format(wave or self.what)

    @property
    def is_open(self) -> bool:
        return self.state in _OPEN

    @property
    def is_over(self) -> bool:
        return self.state not in _STANDING


OverrideKind = OverrideRequest.Kind
"""The same under a name that settings can import."""
