"""Tables of the shared room: durable jobs, audit records and their seals."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from portal.shared.words import lazy as _


class OutboxJob(models.Model):
    """One piece of work that follows an event: a handler's dotted path and the ids it needs.

    Times are the database's. `fence` grows with every claim; only the latest holder may finish the row.
    """

    class State(models.TextChoices):
        DUE = "due", _("Due")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        PARKED = "parked", _("Parked")

    topic = models.CharField(max_length=100)
    handler = models.CharField(max_length=200)
    queue = models.CharField(max_length=40)
    payload = models.JSONField(default=dict)
    dedupe_key = models.CharField(max_length=300, null=True, unique=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.DUE)
    due_at = models.DateTimeField(db_default=Now())
    lease_until = models.DateTimeField(null=True)
    fence = models.PositiveIntegerField(default=0)
    attempts = models.PositiveIntegerField(default=0)
    max_attempts = models.PositiveIntegerField(default=12)
    last_error = models.TextField(blank=True, default="")
    request_id = models.CharField(max_length=64, blank=True, default="")
    created_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="outboxjob_state_known",
                condition=Q(state__in=["due", "running", "done", "parked"]),
            ),
            models.CheckConstraint(
                name="outboxjob_running_has_lease",
                condition=~Q(state="running") | Q(lease_until__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["queue", "due_at"], condition=Q(state="due"), name="outboxjob_due"),
            models.Index(fields=["lease_until"], condition=Q(state="running"), name="outboxjob_leased"),
            models.Index(fields=["finished_at"], condition=Q(state="done"), name="outboxjob_done"),
            models.Index(fields=["-created_at"], condition=Q(state="parked"), name="outboxjob_parked"),
        ]

    def __str__(self) -> str:
        return f"{self.handler} #{self.pk} ({self.state})"


class AuditRecord(models.Model):
    """What somebody did, append-only: the database refuses UPDATE and DELETE.

    `about` names every object whose history shows the record, as "<noun>:<id>".
    Under the seal is a commitment for each part of what it says (`audit_chain.parts_of`), not the part
    itself: the one change that the database allows takes words and salt of parts away and names them in
    `erased`.
    Without `commitments` it was written by a release that sealed the words themselves.
    """

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField(db_default=Now())
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="audit_records"
    )
    action = models.CharField(max_length=100)
    object_key = models.CharField(max_length=120)
    about = ArrayField(models.CharField(max_length=120), default=list)
    reason = models.TextField(blank=True, default="")
    data = models.JSONField(default=dict)
    request_id = models.CharField(max_length=64, blank=True, default="")
    commitments = models.JSONField(null=True)
    salts = models.JSONField(null=True)
    erased = ArrayField(models.TextField(), null=True)

    class Meta:
        indexes = [
            GinIndex(fields=["about"], name="auditrecord_about"),
            models.Index(fields=["-at"], name="auditrecord_at"),
            models.Index(fields=["actor", "-at"], name="auditrecord_actor"),
            models.Index(fields=["action", "-id"], name="auditrecord_action"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.object_key}"


class AuditSeal(models.Model):
    """The hash chain over the records: one seal a record, in the order they were sealed.

    `format` says what is under the hash: 1 the record with its words, 2 with commitments to them.
    """

    sequence = models.BigIntegerField(primary_key=True)
    record = models.OneToOneField(AuditRecord, on_delete=models.PROTECT, related_name="seal")
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)
    sealed_at = models.DateTimeField(db_default=Now())
    format = models.PositiveSmallIntegerField(db_default=1)

    class Meta:
        constraints = [
            models.CheckConstraint(name="auditseal_sequence_positive", condition=Q(sequence__gt=0)),
            models.UniqueConstraint(F("previous_hash"), name="auditseal_one_successor"),
        ]

    def __str__(self) -> str:
        return f"{self.sequence} {self.hash[:12]}"


class IdempotencyRecord(models.Model):
    """The answer given to a creation that carried an Idempotency-Key, kept a day for its repetitions."""

    caller = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    key = models.CharField(max_length=128)
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    body = models.JSONField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["caller", "key"], name="idempotency_once")]
        indexes = [models.Index(fields=["created_at"], name="idempotency_age")]

    def __str__(self) -> str:
        return self.key


class PublicIdModel(models.Model):
    """A row that appears in addresses: its id is random, so it tells nothing and cannot be guessed."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        abstract = True
