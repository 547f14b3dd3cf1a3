"""Reads about pull requests: what a connector's page lists, and what one of them says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Case, F, QuerySet, Value, When
from django.urls import reverse

from certification.models import ForgeConnection, PullRequest, PullRequestCheck
from certification.queries.finding_groups import RANK, FindingRow, RuleGroup, Section, sections_of
from certification.queries.rulebook import rule_info, told_fix, told_message
from connectors.definitions.diff import IMPACTS
from connectors.models import Connector, RepositoryBinding


def checks_of(pull: PullRequest) -> list[PullRequestCheck]:
    """What is stored of each connector that it touches, without findings and changes; by folder."""
    return list(pull.checks.select_related("binding__connector").defer("findings", "changes"))


def page_of(check: PullRequestCheck) -> str:
    """The absolute address of what it does to the connector."""
    address = reverse("pull_request_detail", args=[check.binding.connector_id, check.pull_request_id])
    return f"{settings.SITE_URL}{address}"


def pull_requests_of(connector: Connector, user: Any) -> QuerySet[PullRequestCheck]:
    """What pull requests do to a connector: open ones first, then the newest. Those that leave its folder
    alone are not among them."""
    return (
        PullRequestCheck.objects.visible_to(user)
        .filter(binding__connector=connector)
        .select_related("pull_request")
        .defer("findings", "changes")
        .annotate(is_closed=Case(When(pull_request__state="open", then=Value(0)), default=Value(1)))
        .order_by("is_closed", F("pull_request__seen_at").desc(), "pk")
    )


def check_for(connector: Connector, pull_request_id: UUID, user: Any) -> PullRequestCheck | None:
    return (
        PullRequestCheck.objects.visible_to(user)
        .filter(binding__connector=connector, pull_request=pull_request_id)
        .select_related("pull_request__repository", "binding__connector")
        .defer("pull_request__repository__secrets")
        .first()
    )


def forge_of(binding: RepositoryBinding) -> ForgeConnection | None:
    """How the repository's server is spoken to, without secrets; None while nothing was looked at. Costs no
    query for what `queries.repositories` gave."""
    return getattr(binding.repository, "forge", None)


@dataclass(frozen=True, slots=True)
class ChangeClass:
    """All changes of one class; `more` were counted and not kept."""

    impact: str
    total: int
    lines: Sequence[dict[str, Any]]

    @property
    def more(self) -> int:
        return self.total - len(self.lines)


def finding_sections(check: PullRequestCheck) -> list[Section]:
    """The kept findings by severity and rule, as the page of a submission groups them."""
    groups: dict[str, RuleGroup] = {}
    for number, found in enumerate(check.findings, start=1):
        row = _row(number, found)
        group = groups.get(row.rule_id)
        if group is None:
            group = groups[row.rule_id] = RuleGroup(row.rule_id, row.severity, rule_info(row.rule_id))
        group.add(row, found.get("group") or row.fingerprint, everything=False)
    ordered = sorted(groups.values(), key=lambda group: (RANK[group.severity], group.rule))
    return sections_of(ordered)


def _row(number: int, found: dict[str, Any]) -> FindingRow:
    return FindingRow(
        id=number,
        rule_id=found["rule"],
        severity=found["severity"],
        message=told_message(found["rule"], found["message"]),
        fix=told_fix(found["rule"], found["fix"]),
        file=found["file"],
        line=found["line"],
        column=found["column"],
        pointer=found["pointer"],
        change="",
        waived=False,
        fingerprint=found["fingerprint"],
        excerpt=found.get("excerpt", ""),
        excerpt_first_line=found.get("excerpt_line") or 1,
    )


def change_classes(check: PullRequestCheck) -> list[ChangeClass]:
    """Worst first."""
    return [
        ChangeClass(
            impact, check.impacts[impact], [line for line in check.changes if line["impact"] == impact]
        )
        for impact in reversed(IMPACTS)
        if check.impacts.get(impact)
    ]
