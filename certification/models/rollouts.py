"""Rollouts, their waves, the deployments in each region, and what each region is known to hold."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from certification.lifecycle import (
    ACTIVE_ROLLOUT_STATES,
    DEPLOYMENT,
    ROLLOUT,
    UNDER_WAY,
    WAVE,
    DeploymentState,
    RolloutState,
    WaveState,
)
from certification.models.catch_ups import CatchUp
from certification.models.incidents import Incident
from certification.models.plans import RolloutPlan
from certification.models.previews import Preview
from certification.models.rehearsals import Rehearsal
from certification.models.submissions import Submission
from connectors.models import Connector, Region, Version
from portal.shared.models import PublicIdModel
from portal.shared.words import lazy as _


class RolloutQuerySet(models.QuerySet["Rollout"]):
    def visible_to(self, user: Any) -> RolloutQuerySet:
        if not user.is_authenticated:
            return self.none()
        if user.staff_role:
            return self
        return self.filter(connector__publisher__memberships__user=user)


class Rollout(PublicIdModel):
    """One version on its way through the waves of a plan. `digest` is pinned from approval to the last
    region.

    `halt_reason` latches: only a release or a rollback by a person ends a halt. `previous_version` is the
    last good one, what a rollback goes back to (none for a first certification: then regions remove the
    connector). `first_at` is the instant of the first wave where the plan counts hours. `superseded_by` is
    the newer rollout that took this one's place while it was under way.
    """

    submission = models.ForeignKey(Submission, on_delete=models.PROTECT, related_name="rollouts")
    connector = models.ForeignKey(Connector, on_delete=models.PROTECT, related_name="rollouts")
    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="rollouts")
    previous_version = models.ForeignKey(Version, null=True, on_delete=models.PROTECT, related_name="+")
    digest = models.CharField(max_length=64)
    plan = models.ForeignKey(RolloutPlan, on_delete=models.PROTECT, related_name="rollouts")
    state = models.CharField(max_length=12, choices=RolloutState.choices, default=RolloutState.SCHEDULED)
    state_changed_at = models.DateTimeField(db_default=Now())
    starts_on = models.DateField()
    first_at = models.DateTimeField(null=True)
    hold_reason = models.TextField(blank=True)
    # The incident that holds it; None when a person does.
    incident = models.ForeignKey(Incident, null=True, on_delete=models.PROTECT, related_name="rollouts")
    halt_reason = models.TextField(blank=True)
    halted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    # What was known at the last release of a halt does not halt again; only what came after it.
    released_at = models.DateTimeField(null=True)
    next_step_at = models.DateTimeField(null=True)
    # Since when its waves travel in another order than the plan's.
    reordered_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    superseded_by = models.ForeignKey(
        "self", null=True, on_delete=models.PROTECT, related_name="superseded_rollouts"
    )
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    objects = RolloutQuerySet.as_manager()

    class Meta:
        constraints = [
            ROLLOUT.constraint("rollout_state_known"),
            models.UniqueConstraint(
                fields=["connector"],
                condition=Q(state__in=sorted(ACTIVE_ROLLOUT_STATES)),
                name="rollout_one_active",
            ),
            models.CheckConstraint(
                name="rollout_superseded_by_another",
                condition=(Q(state="superseded", superseded_by__isnull=False) & ~Q(superseded_by=F("pk")))
                | (~Q(state="superseded") & Q(superseded_by__isnull=True)),
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_step_at"],
                condition=Q(state__in=["scheduled", "running", "rolling_back", "completed"]),
                name="rollout_due",
            ),
            models.Index(
                fields=["connector", "created_at"], condition=Q(state="queued"), name="rollout_queue"
            ),
            # Forecasts learn from the latest that were completed.
            models.Index(fields=["-finished_at"], condition=Q(state="completed"), name="rollout_completed"),
        ]

    def __str__(self) -> str:
        return f"Rollout of {self.version}"


class RolloutWave(models.Model):
    """A wave of one rollout. `planned_at` is what calendars say and people see; `due_at` is when it starts.

    They differ only under a trial clock, which shortens waits. `chosen_on` is the day an operator picked for
    this wave; without one the plan decides. `accelerated_at` is when two people let it start whatever its
    bake and its day say; only freezes hold it then. `is_opt_in` waves come after the rollout is complete.
    One of a `catch_up` is such a wave too: it takes the live version to a region that opened later.
    """

    rollout = models.ForeignKey(Rollout, on_delete=models.CASCADE, related_name="waves")
    number = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=80)
    is_opt_in = models.BooleanField(default=False)
    catch_up = models.ForeignKey(
        CatchUp, null=True, on_delete=models.PROTECT, related_name="waves", db_index=False
    )
    chosen_on = models.DateField(null=True)
    accelerated_at = models.DateTimeField(null=True)
    planned_at = models.DateTimeField()
    due_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    state = models.CharField(max_length=10, choices=WaveState.choices, default=WaveState.PLANNED)
    state_changed_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["number"]
        constraints = [
            WAVE.constraint("wave_state_known"),
            models.UniqueConstraint(fields=["rollout", "number"], name="wave_number_once"),
        ]
        indexes = [
            models.Index(fields=["catch_up"], condition=Q(catch_up__isnull=False), name="wave_of_catch_up")
        ]

    def __str__(self) -> str:
        return f"Wave {self.number} {self.name}"


class RegionDeployment(PublicIdModel):
    """One act in one region: deploy a version, or roll back to one. For a rollout's wave, for a Preview, or
    for the rehearsal of a rollback in it.

    `idempotency_key` goes with every attempt, so the region acts once. `number` grows per connector and
    region: a region refuses what comes late. `next_poll_at` is when a poller looks again; `lease_until` and
    `fence` say who is looking now. `deadline_at` is when an act without a result raises an alarm
    (`overdue_since`); it never fails by time alone.
    """

    class Action(models.TextChoices):
        DEPLOY = "deploy", _("Deploy")
        ROLLBACK = "rollback", _("Roll back")

    rollout = models.ForeignKey(Rollout, null=True, on_delete=models.PROTECT, related_name="deployments")
    wave = models.ForeignKey(RolloutWave, null=True, on_delete=models.PROTECT, related_name="deployments")
    preview = models.ForeignKey(Preview, null=True, on_delete=models.PROTECT, related_name="deployments")
    rehearsal = models.ForeignKey(Rehearsal, null=True, on_delete=models.PROTECT, related_name="deployments")
    connector = models.ForeignKey(Connector, on_delete=models.PROTECT, related_name="deployments")
    region = models.ForeignKey(Region, on_delete=models.PROTECT, related_name="deployments")
    action = models.CharField(max_length=8, choices=Action.choices, default=Action.DEPLOY)
    attempt = models.PositiveSmallIntegerField(default=1)
    # None with action rollback: there is no version to go back to, the region removes the connector.
    version = models.ForeignKey(Version, null=True, on_delete=models.PROTECT, related_name="+")
    idempotency_key = models.CharField(max_length=200, unique=True)
    number = models.PositiveBigIntegerField(null=True)
    state = models.CharField(max_length=10, choices=DeploymentState.choices, default=DeploymentState.PENDING)
    state_changed_at = models.DateTimeField(db_default=Now())
    intended_at = models.DateTimeField(null=True)
    deadline_at = models.DateTimeField(null=True)
    next_poll_at = models.DateTimeField(null=True)
    poll_delay_seconds = models.FloatField(default=0)
    polls = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    fence = models.PositiveIntegerField(default=0)
    reported_at = models.DateTimeField(null=True)
    verified_at = models.DateTimeField(null=True)
    overdue_since = models.DateTimeField(null=True)
    message = models.TextField(blank=True)

    class Meta:
        constraints = [
            DEPLOYMENT.constraint("deployment_state_known"),
            models.CheckConstraint(
                name="deployment_of_one_owner",
                condition=Q(
                    rollout__isnull=False, wave__isnull=False, preview__isnull=True, rehearsal__isnull=True
                )
                | Q(rollout__isnull=True, wave__isnull=True, preview__isnull=False, rehearsal__isnull=True)
                | Q(rollout__isnull=True, wave__isnull=True, preview__isnull=True, rehearsal__isnull=False),
            ),
            models.UniqueConstraint(fields=["rehearsal", "action"], name="deployment_once_per_rehearsal"),
            models.UniqueConstraint(
                fields=["rollout", "region", "action", "attempt"], name="deployment_once_per_rollout"
            ),
            models.UniqueConstraint(
                fields=["connector", "region"],
                condition=Q(state__in=sorted(UNDER_WAY)),
                name="deployment_one_moving",
            ),
            models.CheckConstraint(
                name="deployment_under_way_is_polled",
                condition=~Q(state__in=sorted(UNDER_WAY)) | Q(next_poll_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_poll_at"], condition=Q(state__in=sorted(UNDER_WAY)), name="deployment_poll_due"
            ),
            models.Index(fields=["connector", "region", "-created_at"], name="deployment_of_place"),
            models.Index(
                fields=["-verified_at"],
                condition=Q(state="verified", action="deploy"),
                name="deployment_arrivals",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_action_display()} in {self.region_id}"


class Placement(models.Model):
    """A connector in a region: the three truths. Planned is in rollouts; here is what the region reported and
    what a probe verified. `last_number` is the highest deployment number ever handed out for the pair.

    `probed_at` is when somebody last saw `probed_digest` there; `probe_problem` is why the last probe saw
    nothing. `called_at` and `call_problem` are about one operation called through the region's gateway.
    """

    connector = models.ForeignKey(Connector, on_delete=models.CASCADE, related_name="placements")
    region = models.ForeignKey(Region, on_delete=models.PROTECT, related_name="placements")
    last_number = models.PositiveBigIntegerField(default=0)
    reported_version = models.ForeignKey(Version, null=True, on_delete=models.PROTECT, related_name="+")
    reported_at = models.DateTimeField(null=True)
    verified_version = models.ForeignKey(Version, null=True, on_delete=models.PROTECT, related_name="+")
    verified_at = models.DateTimeField(null=True)
    probed_digest = models.CharField(max_length=64, blank=True)
    probed_at = models.DateTimeField(null=True)
    probe_problem = models.CharField(max_length=300, blank=True, default="")
    next_probe_at = models.DateTimeField(db_default=Now())
    called_at = models.DateTimeField(null=True)
    call_problem = models.CharField(max_length=300, blank=True, default="")
    disagrees_since = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connector", "region"], name="placement_once")]
        indexes = [
            models.Index(
                fields=["disagrees_since"],
                condition=Q(disagrees_since__isnull=False),
                name="placement_disagrees",
            ),
            models.Index(
                fields=["next_probe_at"],
                condition=Q(reported_version__isnull=False) | Q(disagrees_since__isnull=False),
                name="placement_probe_due",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.connector_id} in {self.region_id}"


class DateChange(models.Model):
    """The slip ledger: a wave's planned date moved, from when to when, by whom and why. Never edited."""

    rollout = models.ForeignKey(Rollout, on_delete=models.CASCADE, related_name="date_changes")
    wave = models.ForeignKey(RolloutWave, on_delete=models.CASCADE, related_name="date_changes")
    old_at = models.DateTimeField()
    new_at = models.DateTimeField()
    cause = models.CharField(max_length=40)
    reason = models.TextField(blank=True)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-at"]

    def __str__(self) -> str:
        return f"{self.wave_id}: {self.old_at:%d %b} to {self.new_at:%d %b}"
