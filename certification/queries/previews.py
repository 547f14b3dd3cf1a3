"""Reads of Previews: what is deployed, what to test, how long there is."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from certification.models import Preview, Submission
from certification.queries.coverage import Coverage, coverage_of
from certification.queries.rollouts import Cell, cell_of
from portal.shared.words import lazy as _

CHECKLIST: tuple[tuple[str, str], ...] = (
    ("connect", _("Create a connection and sign in")),
    ("operations", _("Call every operation at least once with real data")),
    ("errors", _("Send wrong input and read the error messages")),
    ("triggers", _("Let every trigger fire, if there are any")),
    ("texts", _("Read names, summaries, descriptions and the icon as users see them")),
    ("update", _("Open a flow that was built with the version before, if there is one")),
)
"""(key, what to test): shown to everybody who tests; what was not ticked stays visible after the sign-off."""


@dataclass(frozen=True)
class Item:
    key: str
    text: str
    is_checked: bool


@dataclass(frozen=True)
class PreviewView:
    """A Preview with what its page shows."""

    preview: Preview
    regions: list[Cell]
    checklist: list[Item]
    coverage: Coverage
    is_moving: bool

    @property
    def time_left(self) -> dt.datetime | None:
        return self.preview.deadline_at if self.preview.state == "testing" else None


def previews_for(user: Any) -> QuerySet[Preview]:
    """The Previews this person may see."""
    return Preview.objects.filter(submission__in=Submission.objects.visible_to(user)).select_related(
        "submission__connector__publisher", "version", "region", "decided_by"
    )


def latest_preview(submission_id: UUID) -> Preview | None:
    return (
        Preview.objects.filter(submission_id=submission_id)
        .select_related("submission__connector__publisher", "version", "region", "decided_by")
        .order_by("-created_at")
        .first()
    )


def view_of(preview: Preview) -> PreviewView:
    rows = preview.deployments.select_related("region").order_by("created_at", "region__name")
    return PreviewView(
        preview=preview,
        regions=[cell_of(row, None, None) for row in rows],
        checklist=[Item(key, text, key in preview.checked) for key, text in CHECKLIST],
        coverage=coverage_of(preview),
        is_moving=preview.state == "deploying",
    )
