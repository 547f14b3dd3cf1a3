"""Global search: connectors, submissions, publishers and rules, within what the reader may see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.search import TrigramWordSimilarity
from django.db.models import Q
from django.urls import reverse

from certification.models import Submission
from certification.rules import catalogue
from connectors.models import Connector, Publisher

SHOWN = 12
SHORTEST = 2
_SIMILAR_ENOUGH = 0.4


@dataclass(frozen=True, slots=True)
class Hit:
    title: str
    note: str
    url: str
    icon: str


@dataclass(frozen=True, slots=True)
class HitGroup:
    label: str
    hits: list[Hit]


def search(user: Any, text: str) -> list[HitGroup]:
    """Groups with at least one hit, best first. Shorter texts than two characters find nothing."""
    if len(text) < SHORTEST:
        return []
    groups = [
        HitGroup("Submissions", _submissions(user, text)),
        HitGroup("Connectors", _connectors(user, text)),
        HitGroup("Publishers", _publishers(user, text)),
        HitGroup("Rules", _rules(text)),
    ]
    return [group for group in groups if group.hits]


def _connectors(user: Any, text: str) -> list[Hit]:
    found = (
        Connector.objects.visible_to(user)
        .annotate(similarity=TrigramWordSimilarity(text, "name"))
        .filter(Q(similarity__gte=_SIMILAR_ENOUGH) | Q(name__icontains=text) | Q(summary__icontains=text))
        .select_related("publisher")
        .order_by("-similarity", "name")
    )
    return [
        Hit(
            connector.name,
            f"{connector.publisher} · {connector.get_state_display()}",
            reverse("connector_detail", args=[connector.pk]),
            "plug",
        )
        for connector in found[:SHOWN]
    ]


def _submissions(user: Any, text: str) -> list[Hit]:
    found = (
        Submission.objects.visible_to(user)
        .filter(Q(reference__icontains=text) | Q(connector__name__icontains=text))
        .select_related("connector__publisher")
        .order_by("-created_at")
    )
    return [
        Hit(
            f"{submission.reference} {submission.connector}",
            f"{submission.connector.publisher} · {submission.get_state_display()}",
            reverse("submission_detail", args=[submission.pk]),
            "file-text",
        )
        for submission in found[:SHOWN]
    ]


def _publishers(user: Any, text: str) -> list[Hit]:
    found = Publisher.objects.visible_to(user).filter(name__icontains=text).order_by("name")
    return [
        Hit(
            publisher.name,
            publisher.get_kind_display(),
            reverse("publisher_detail", args=[publisher.slug]),
            "users",
        )
        for publisher in found[:SHOWN]
    ]


def _rules(text: str) -> list[Hit]:
    wanted = text.lower()
    matching = [rule for rule in catalogue() if wanted in rule.id.lower() or wanted in rule.title.lower()]
    return [
        Hit(f"{rule.id} {rule.title}", rule.severity.title(), reverse("rule_detail", args=[rule.id]), "book")
        for rule in matching[:SHOWN]
    ]
