"""Calls of operations that the portal made or was told of: self-tests, test runs and smoke tests.

None of these rows holds a secret: requests are stored with every credential masked, answers cut and redacted.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from certification.models.previews import Preview
from certification.models.rollouts import RegionDeployment
from certification.models.submissions import Submission, TestCredential
from connectors.models import Region, Version
from portal.shared.models import PublicIdModel
from portal.shared.words import lazy as _


class CredentialTest(models.Model):
    """One try whether a credential still opens the service, with a call of one safe operation.

    `request` and `response` are what the pages show; `message` says in words what came out.
    """

    class Occasion(models.TextChoices):
        ENTRY = "entry", _("When it was entered")
        NIGHTLY = "nightly", _("Every night")
        REVIEW = "review", _("Before the review")
        MANUAL = "manual", _("Asked for")

    class Outcome(models.TextChoices):
        WORKS = "works", _("Works")
        FAILS = "fails", _("Fails")
        UNCLEAR = "unclear", _("Cannot tell")

    credential = models.ForeignKey(TestCredential, on_delete=models.CASCADE, related_name="tests")
    submission = models.ForeignKey(Submission, on_delete=models.CASCADE, related_name="credential_tests")
    occasion = models.CharField(max_length=8, choices=Occasion.choices)
    outcome = models.CharField(max_length=8, choices=Outcome.choices)
    operation_id = models.CharField(max_length=200, blank=True)
    status = models.PositiveSmallIntegerField(null=True)
    duration_ms = models.PositiveIntegerField(null=True)
    message = models.TextField()
    request = models.JSONField(default=dict)
    response = models.JSONField(default=dict)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-at"]
        indexes = [models.Index(fields=["credential", "-at"], name="credentialtest_newest")]
        constraints = [
            models.CheckConstraint(
                name="credentialtest_outcome_known", condition=Q(outcome__in=["works", "fails", "unclear"])
            )
        ]

    def __str__(self) -> str:
        return f"{self.credential_id} {self.outcome} at {self.at:%Y-%m-%d %H:%M}"


class Target(models.TextChoices):
    """Which way a call went."""

    REGION = "region", _("Through the region")
    BACKEND = "backend", _("Against the service itself")


class TestRunQuerySet(models.QuerySet["TestRun"]):
    def visible_to(self, user: Any) -> TestRunQuerySet:
        return self.filter(submission__in=Submission.objects.visible_to(user))


class TestRun(PublicIdModel):
    """One call of an operation by a person or a program, made to test a submission.

    `path` is the part of the test plan that the run covers. `preview` is set when the run counts towards a
    Preview's coverage. Runs of the console carry the masked `request`, the cut `response` and the `findings`
    of comparing the answer with the definition; runs that a program reports carry only what it says.
    """

    class Source(models.TextChoices):
        CONSOLE = "console", _("Console")
        API = "api", _("Reported by a program")

    class Path(models.TextChoices):
        SUCCESS = "success", _("Success")
        ERROR = "error", _("Wrong input")

    submission = models.ForeignKey(Submission, on_delete=models.CASCADE, related_name="test_runs")
    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="test_runs")
    preview = models.ForeignKey(Preview, null=True, on_delete=models.CASCADE, related_name="test_runs")
    source = models.CharField(max_length=8, choices=Source.choices)
    path = models.CharField(max_length=8, choices=Path.choices, default=Path.SUCCESS)
    target = models.CharField(max_length=8, choices=Target.choices, default=Target.BACKEND)
    region = models.ForeignKey(Region, null=True, on_delete=models.SET_NULL, related_name="+")
    operation_id = models.CharField(max_length=200)
    is_success = models.BooleanField()
    status = models.PositiveSmallIntegerField(null=True)
    duration_ms = models.PositiveIntegerField(null=True)
    message = models.TextField(blank=True)
    request = models.JSONField(default=dict)
    response = models.JSONField(default=dict)
    findings = models.JSONField(default=list)
    inputs = models.JSONField(default=dict)
    credential = models.ForeignKey(TestCredential, null=True, on_delete=models.SET_NULL, related_name="runs")
    credential_name = models.CharField(max_length=120, blank=True)
    reason = models.CharField(max_length=300, blank=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    objects = TestRunQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        indexes = [
            models.Index(fields=["submission", "operation_id", "-created_at"], name="testrun_of_operation"),
            models.Index(fields=["preview", "operation_id"], name="testrun_of_preview"),
            models.Index(fields=["user", "-created_at"], name="testrun_of_user"),
        ]
        constraints = [
            models.CheckConstraint(name="testrun_source_known", condition=Q(source__in=["console", "api"])),
            models.CheckConstraint(name="testrun_path_known", condition=Q(path__in=["success", "error"])),
        ]

    def __str__(self) -> str:
        return f"{self.operation_id} at {self.created_at:%Y-%m-%d %H:%M}"


class SmokeRun(models.Model):
    """A call of one self-test operation right after a region verified a deployment.

    `attempt` counts the tries of one operation; two failures in a row count against the deployment.
    Where nothing could be called (no credential, no safe operation) the outcome is `not_run`, which never
    counts as passed.
    """

    class Outcome(models.TextChoices):
        PASSED = "passed", _("Passed")
        FAILED = "failed", _("Failed")
        NOT_RUN = "not_run", _("Not run")

    Target = Target

    deployment = models.ForeignKey(RegionDeployment, on_delete=models.CASCADE, related_name="smoke_runs")
    operation_id = models.CharField(max_length=200, blank=True)
    attempt = models.PositiveSmallIntegerField(default=1)
    target = models.CharField(max_length=8, choices=Target.choices, default=Target.BACKEND)
    outcome = models.CharField(max_length=8, choices=Outcome.choices)
    status = models.PositiveSmallIntegerField(null=True)
    duration_ms = models.PositiveIntegerField(null=True)
    message = models.TextField(blank=True)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["at", "pk"]
        indexes = [models.Index(fields=["deployment", "operation_id", "at"], name="smokerun_of_deployment")]
        constraints = [
            models.CheckConstraint(
                name="smokerun_outcome_known", condition=Q(outcome__in=["passed", "failed", "not_run"])
            ),
            models.UniqueConstraint(
                fields=["deployment", "operation_id", "attempt"], name="smokerun_attempt_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.operation_id or 'no operation'}: {self.outcome}"
