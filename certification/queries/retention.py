"""What the page on retention shows."""

from __future__ import annotations

from certification.models import RetentionRun


def last_runs() -> dict[str, RetentionRun]:
    """Rule -> its last run."""
    return {run.rule: run for run in RetentionRun.objects.all()}
