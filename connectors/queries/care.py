"""Known issues for the team and for the public, together with what error codes usually mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.utils.safestring import SafeString

from connectors.models import Connector, KnownIssue
from connectors.queries.health import ErrorCode
from connectors.status_codes import every_meaning
from portal.shared.markdown import render_markdown


@dataclass(frozen=True, slots=True)
class Told:
    """A known issue with its text ready for a page."""

    issue: KnownIssue
    html: SafeString


def issues(connector: Connector, *, is_open: bool) -> list[Told]:
    found = KnownIssue.objects.filter(connector=connector, resolved_at__isnull=is_open)
    found = found.select_related("written_by").order_by("status", "-changed_at")
    return [Told(issue, render_markdown(issue.text)) for issue in found[:200]]


def explained(connector: Connector, errors: Sequence[ErrorCode]) -> list[tuple[ErrorCode, Told | None]]:
    """Each error code with the publisher's own words, where there are any."""
    found = KnownIssue.objects.filter(connector=connector, resolved_at=None, status__isnull=False)
    own = {issue.status: issue for issue in found}
    return [
        (error, Told(own[error.status], render_markdown(own[error.status].text)))
        if error.status in own
        else (error, None)
        for error in errors
    ]


def published_connectors() -> QuerySet[Connector]:
    return Connector.objects.filter(live_version__isnull=False).select_related("publisher", "live_version")


@dataclass(frozen=True, slots=True)
class Code:
    """An error code as the public page shows it: the usual meaning, and the publisher's own words."""

    status: int
    name: str
    explanation: str
    told: Told | None


def published(connector: Connector) -> dict[str, Sequence[Any]]:
    """What the public page shows: `issues` without a code, and `codes`, explained ones first."""
    told = issues(connector, is_open=True)
    own = {each.issue.status: each for each in told if each.issue.status is not None}
    usual = every_meaning()
    codes = [Code(status, *usual.get(status, ("", "")), own.get(status)) for status in sorted({*own, *usual})]
    codes.sort(key=lambda code: (code.told is None, code.status))
    return {"issues": [each for each in told if each.issue.status is None], "codes": codes}
