"""When each rule of retention last ran, and what it has taken away."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now


class RetentionRun(models.Model):
    """The last run of one rule (`certification/services/retention.py` names them), and the sum of all."""

    rule = models.CharField(max_length=40, primary_key=True)
    ran_at = models.DateTimeField(db_default=Now())
    deleted = models.PositiveBigIntegerField(default=0)
    deleted_in_all = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return self.rule
