"""Notices to those who use a connector: that it retires, or that it will change in a way that breaks."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from certification.lifecycle import NOTICE, NoticeState
from connectors.models import Connector
from portal.shared.models import PublicIdModel
from portal.shared.words import lazy as _


class Notice(PublicIdModel):
    """What its makers announce about a connector, and the day from which it holds.

    A retirement deprecates the connector at once and retires it on the day. A change does nothing by itself:
    it tells users of `operations`, so that they are ready when the update arrives. `successor` says in words
    what to use instead.
    """

    class Kind(models.TextChoices):
        RETIREMENT = "retirement", _("Retirement")
        CHANGE = "change", _("Breaking change")

    connector = models.ForeignKey(Connector, on_delete=models.PROTECT, related_name="notices")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    text = models.TextField()
    successor = models.CharField(max_length=300, blank=True)
    operations = models.JSONField(default=list, blank=True)
    effective_on = models.DateField()
    state = models.CharField(max_length=10, choices=NoticeState.choices, default=NoticeState.ANNOUNCED)
    state_changed_at = models.DateTimeField(db_default=Now())
    announced_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    announced_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            NOTICE.constraint("notice_state_known"),
            models.CheckConstraint(name="notice_kind_known", condition=Q(kind__in=["retirement", "change"])),
            models.UniqueConstraint(
                fields=["connector"],
                condition=Q(state="announced", kind="retirement"),
                name="notice_one_retirement",
            ),
        ]
        indexes = [models.Index(fields=["effective_on"], condition=Q(state="announced"), name="notice_due")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of {self.connector_id} on {self.effective_on}"

    @property
    def is_retirement(self) -> bool:
        return self.kind == self.Kind.RETIREMENT


NoticeKind = Notice.Kind
"""The same under a name that settings can import."""
