"""Reads of rehearsals: the two acts with their durations."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

from django.utils.translation import gettext as _

from certification.models import Preview, RegionDeployment, Rehearsal


@dataclass(frozen=True, slots=True)
class Step:
    """One act of a rehearsal; `took` from the intent to the proof by a probe."""

    title: str
    deployment: RegionDeployment

    @property
    def took(self) -> dt.timedelta | None:
        row = self.deployment
        return row.verified_at - row.intended_at if row.verified_at and row.intended_at else None


@dataclass(frozen=True, slots=True)
class RehearsalView:
    rehearsal: Rehearsal
    steps: list[Step]


def of_preview(preview: Preview) -> RehearsalView | None:
    """The latest rehearsal of a Preview."""
    rehearsal = preview.rehearsals.select_related("returns_to").first()
    if rehearsal is None:
        return None
    rows = {row.action: row for row in rehearsal.deployments.select_related("region", "version")}
    back = (
        _("Back to %(label)s") % {"label": rehearsal.returns_to.label}
        if rehearsal.returns_to
        else _("Removed: no version came before")
    )
    titles = {"rollback": back, "deploy": _("Forward to %(label)s again") % {"label": preview.version.label}}
    return RehearsalView(rehearsal, [Step(title, rows[action]) for action, title in titles.items()])


def of_submission(submission_id: UUID) -> Rehearsal | None:
    """The latest rehearsal of a submission's signed-off Preview."""
    return (
        Rehearsal.objects.filter(preview__submission_id=submission_id, preview__state="signed_off")
        .select_related("preview")
        .order_by("-created_at")
        .first()
    )
