"""Erasures of people: asked for, waiting, carried out."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from certification.forgetting import ERASURE, ErasureState
from portal.shared.models import PublicIdModel


class Erasure(PublicIdModel):
    """That a person is forgotten at `due_at`, and what was done.

    `words` are what is searched for (`services/erasing.py`), only from the request to the end. `report` holds
    `removed` (rows) and `changed` (rows that lost words) by table, and `after`, how far the search came.
    """

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="erasures")
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    reason = models.TextField(blank=True)
    words = models.JSONField(null=True)
    report = models.JSONField(default=dict)
    due_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=ErasureState.choices, default=ErasureState.WAITING)
    state_changed_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            ERASURE.constraint("erasure_state_known"),
            models.UniqueConstraint(
                fields=["person"], condition=Q(state__in=["waiting", "running"]), name="erasure_one_open"
            ),
            models.CheckConstraint(
                name="erasure_words_go_at_the_end",
                condition=~Q(state__in=["done", "withdrawn"]) | Q(words__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person} ({self.get_state_display()})"

    @property
    def is_open(self) -> bool:
        return self.state in {ErasureState.WAITING, ErasureState.RUNNING}

    @property
    def counts(self) -> dict[str, Any]:
        """How many rows are gone, and how many lost words."""
        return {name: sum(self.report.get(name, {}).values()) for name in ("removed", "changed")}
