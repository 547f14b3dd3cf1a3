"""Submissions, their revisions, and the credentials reviewers test with."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from certification.lifecycle import (
    EDITABLE_STATES,
    PREPARING_STATES,
    SUBMISSION,
    TURNS,
    SubmissionState,
    Turn,
)
from connectors.models import Connector, Membership, Version
from portal.shared.models import PublicIdModel
from portal.shared.secrets import EncryptedJSONField
from portal.shared.words import lazy as _


class SubmissionQuerySet(models.QuerySet["Submission"]):
    def visible_to(self, user: Any) -> SubmissionQuerySet:
        """Staff see every submission that left its team once; a person sees those of their teams."""
        if not user.is_authenticated:
            return self.none()
        # A subquery, not a join: a join would repeat a submission for every member of its team.
        own = Q(connector__publisher__in=Membership.objects.filter(user=user).values("publisher"))
        if user.staff_role:
            return self.filter(Q(submitted_at__isnull=False) | own)
        return self.filter(own)

    def with_page_data(self) -> SubmissionQuerySet:
        return self.select_related(
            "connector__publisher", "connector__live_version", "version", "revision", "created_by"
        )


class Submission(PublicIdModel):
    """One connector package on its way from draft to live.

    `reference` is what people quote ("S-1042"). `version` is the package the form holds now; `revision` the
    last one handed in. `queued_at` is the place in the review queue and survives every resubmission.
    `edit_count` grows with every change of the form, so that two people who edit at once do not overwrite
    each other.
    `contacts` is a list of {"role", "name", "email"}.
    """

    class Kind(models.TextChoices):
        NEW = "new", _("New connector")
        UPDATE = "update", _("Update")
        HOTFIX = "hotfix", _("Hotfix")

    reference = models.CharField(max_length=20, unique=True)
    connector = models.ForeignKey(Connector, on_delete=models.PROTECT, related_name="submissions")
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.NEW)
    state = models.CharField(max_length=20, choices=SubmissionState.choices, default=SubmissionState.DRAFT)
    state_changed_at = models.DateTimeField(db_default=Now())
    version = models.ForeignKey(Version, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    revision = models.ForeignKey(
        "certification.Revision", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    contacts = models.JSONField(default=list, blank=True)
    categories = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    tester_notes = models.TextField(blank=True)
    change_notes = models.TextField(blank=True)
    intro = models.TextField(blank=True)
    edit_count = models.PositiveIntegerField(default=0)
    package_chosen_at = models.DateTimeField(null=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    submitted_at = models.DateTimeField(null=True)
    queued_at = models.DateTimeField(null=True)

    objects = SubmissionQuerySet.as_manager()

    class Meta:
        constraints = [
            SUBMISSION.constraint("submission_state_known"),
            models.CheckConstraint(
                name="submission_kind_known", condition=Q(kind__in=["new", "update", "hotfix"])
            ),
            models.UniqueConstraint(
                fields=["connector"],
                condition=Q(state__in=sorted(PREPARING_STATES)),
                name="submission_one_open",
            ),
            models.CheckConstraint(
                name="submission_has_revision",
                condition=Q(state__in=["draft", "withdrawn"]) | Q(revision__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["state", "queued_at"], name="submission_queue"),
            models.Index(fields=["-created_at"], name="submission_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.reference} {self.connector}"

    @property
    def publisher(self) -> Any:
        return self.connector.publisher

    @property
    def turn(self) -> Turn:
        return TURNS[self.state]

    @property
    def is_editable(self) -> bool:
        return self.state in EDITABLE_STATES


class Revision(PublicIdModel):
    """A package as it was handed in: what validation, threads and decisions refer to. Never changed.

    `form` is the rest of what was handed in: kind, contacts, categories, tester_notes and intro.
    """

    submission = models.ForeignKey(Submission, on_delete=models.PROTECT, related_name="revisions")
    number = models.PositiveIntegerField()
    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="revisions")
    handed_in_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    change_notes = models.TextField(blank=True)
    form = models.JSONField(default=dict)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["submission", "number"], name="revision_number_once")]

    def __str__(self) -> str:
        return f"Revision {self.number}"


class TestCredential(PublicIdModel):
    """What a tester signs in with, by authentication kind. Encrypted; every reveal is recorded.

    `connection` holds the other values that a connection asks for (a host, a tenant), which are no secrets.
    `test_operation` with `test_inputs` is the call that proves the credential; without one the portal picks a
    safe operation.
    """

    class Kind(models.TextChoices):
        API_KEY = "api_key", _("API key")
        BASIC = "basic", _("User name and password")
        OAUTH2 = "oauth2", _("OAuth 2 client")
        ACCOUNT = "account", _("Test account")

    submission = models.ForeignKey(Submission, on_delete=models.CASCADE, related_name="credentials")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    purpose = models.CharField(max_length=120)
    fields = EncryptedJSONField()
    field_names = ArrayField(models.CharField(max_length=40), default=list)
    expires_on = models.DateField(null=True, blank=True)
    connection = models.JSONField(default=dict, blank=True)
    test_operation = models.CharField(max_length=200, blank=True)
    test_inputs = models.JSONField(default=dict, blank=True)
    updated_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["created_at"]

    def __str__(self) -> str:
        return self.purpose

    @property
    def is_expired(self) -> bool:
        return self.expires_on is not None and self.expires_on < timezone.now().date()


class CredentialReveal(models.Model):
    """Somebody looked at a credential, and why. Written in the transaction that reads it."""

    credential = models.ForeignKey(
        TestCredential, null=True, on_delete=models.SET_NULL, related_name="reveals"
    )
    submission = models.ForeignKey(Submission, on_delete=models.CASCADE, related_name="credential_reveals")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=300)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-at"]

    def __str__(self) -> str:
        return f"{self.user} at {self.at:%Y-%m-%d %H:%M}"
