"""Finders, one for each kind of thing. All of them ask `visible_to`: a stranger finds nothing of a team."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib.postgres.search import TrigramWordSimilarity
from django.db.models import Case, IntegerField, Q, QuerySet, Value, When
from django.urls import reverse
from django.utils.translation import gettext as _

from certification.lifecycle import OPEN_STATES
from certification.models import Submission
from certification.rules import RuleInfo, catalogue
from connectors.models import Connector, Publisher, Version
from portal.search.words import ConnectorWords, OperationWords, Plain, Question, nearness, plain, question

SHOWN = 12
SHORTEST = 2
_SIMILAR_ENOUGH = 0.4
_MOST_CONNECTORS = 60
_MOST_VERSIONS = 30


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing that was found; `state` is the name of a state for its badge, or ""."""

    title: str
    note: str
    url: str
    icon: str
    state: str = ""


@dataclass(frozen=True, slots=True)
class HitGroup:
    label: str
    hits: list[Hit]


def search(user: Any, text: str, *, shown: int = SHOWN) -> list[HitGroup]:
    """Groups with at least one hit: what carries exactly this id first, then each kind, best first.

    Shorter texts than two characters find nothing. A number of queries that does not grow with the data.
    """
    asked = question(text)
    if len(asked.text) < SHORTEST:
        return []
    exact = _exact(user, asked)
    connectors = _connectors(user, asked) if asked.words else []
    finders: tuple[tuple[str, Callable[[], list[Hit]]], ...] = (
        (_("Connectors"), lambda: [_connector_hit(each) for each in connectors]),
        (_("Submissions"), lambda: _submissions(user, asked, connectors)),
        (_("Operations"), lambda: _operations(user, asked)),
        (_("Publishers"), lambda: _publishers(user, asked)),
        (_("Rules"), lambda: _rules(asked)),
    )
    known = {hit.url for hit in exact}
    groups = [HitGroup(_("Best match"), exact)]
    for label, finder in finders:
        hits = finder() if asked.words else []
        groups.append(HitGroup(label, [hit for hit in hits if hit.url not in known][:shown]))
    return [group for group in groups if group.hits]


def _exact(user: Any, asked: Question) -> list[Hit]:
    """What is called exactly so: a reference, a rule, a slug, the id of an address, a package's digest."""
    hits = [_rule_hit(rule) for rule in catalogue() if rule.id.casefold() == asked.text.casefold()]
    by_id = Q(reference=asked.reference) if asked.reference else Q(pk=asked.uuid) if asked.uuid else None
    if by_id is not None:
        hits += [
            _submission_hit(each) for each in _with_names(Submission.objects.visible_to(user).filter(by_id))
        ]
    named = Q(pk=asked.uuid) if asked.uuid else Q(slug=asked.text.lower())
    connectors = Connector.objects.visible_to(user).filter(named).select_related("publisher")
    hits += [_connector_hit(each) for each in connectors.distinct()]
    if asked.digest and not asked.reference:
        visible = Connector.objects.visible_to(user).values("pk")
        versions = Version.objects.filter(connector__in=visible, digest__startswith=asked.digest)
        hits += [_version_hit(each) for each in versions.select_related("connector")[:SHOWN]]
    return hits


def _connectors(user: Any, asked: Question) -> list[Connector]:
    """By the beginnings of words in name, summary and host; only where none fit, by likeness of the name."""
    visible = Connector.objects.visible_to(user).select_related("publisher").distinct()
    visible = visible.annotate(plain=Plain("name"), likeness=TrigramWordSimilarity(asked.plain, "plain"))
    by_word = visible.annotate(words=ConnectorWords("name", "summary", "backend_host")).filter(
        words=asked.prefixes
    )
    found = list(_best_first(by_word, asked)[:_MOST_CONNECTORS])
    if found:
        return found
    alike = visible.filter(Q(likeness__gte=_SIMILAR_ENOUGH) | Q(plain__contains=asked.plain))
    return list(_best_first(alike, asked)[:_MOST_CONNECTORS])


def _best_first(found: QuerySet[Any], asked: Question) -> QuerySet[Any]:
    """The whole name, then its beginning, then likeness. Needs `plain` and `likeness` on the rows."""
    place = Case(
        When(plain=asked.plain, then=Value(0)),
        When(plain__startswith=asked.plain, then=Value(1)),
        default=Value(2),
        output_field=IntegerField(),
    )
    best: QuerySet[Any] = found.annotate(place=place).order_by("place", "-likeness", "name", "pk")
    return best


def _connector_hit(connector: Connector) -> Hit:
    url = reverse("connector_detail", args=[connector.pk])
    return Hit(connector.name, str(connector.publisher), url, "plug", connector.state)


def _with_names(found: QuerySet[Submission]) -> QuerySet[Submission]:
    return found.select_related("connector__publisher").defer("intro", "tester_notes", "change_notes")


def _submissions(user: Any, asked: Question, connectors: list[Connector]) -> list[Hit]:
    """Of the connectors found, those under way first; and by the beginning of a reference."""
    wanted = Q(connector__in=[each.pk for each in connectors])
    if asked.reference:
        wanted |= Q(reference__startswith=asked.reference)
    is_over = Case(When(state__in=OPEN_STATES, then=Value(0)), default=Value(1), output_field=IntegerField())
    found = _with_names(Submission.objects.visible_to(user).filter(wanted))
    rows = found.order_by(is_over, "-created_at", "pk")[:SHOWN]
    return [_submission_hit(each) for each in rows]


def _submission_hit(submission: Submission) -> Hit:
    url = reverse("submission_detail", args=[submission.pk])
    title = f"{submission.reference} {submission.connector}"
    return Hit(title, str(submission.connector.publisher), url, "file-text", submission.state)


def _version_hit(version: Version) -> Hit:
    url = reverse("version_detail", args=[version.pk])
    return Hit(str(version), version.digest[:16], url, "file-zip")


def _operations(user: Any, asked: Question) -> list[Hit]:
    """Operations of the newest package of each connector, by the beginnings of words in id and summary."""
    visible = Connector.objects.visible_to(user).values("pk")
    # Matched first and then looked at for being the newest: the index answers the first question alone.
    matching = (
        Version.objects.annotate(words=OperationWords("facts"))
        .filter(words=asked.prefixes, connector__in=visible)
        .order_by("-created_at")
        .values_list("pk", "connector_id")[: _MOST_VERSIONS * 10]
    )
    newest: dict[UUID, UUID] = {}
    for pk, connector_id in matching:
        newest.setdefault(connector_id, pk)
    versions = Version.objects.filter(pk__in=list(newest.values())[:_MOST_VERSIONS]).select_related(
        "connector"
    )
    hits: list[Hit] = []
    for version in versions.order_by("connector__name"):
        hits += _operations_of(version, asked)
        if len(hits) >= SHOWN:
            break
    return hits


def _operations_of(version: Version, asked: Question) -> list[Hit]:
    url = reverse("version_detail", args=[version.pk])
    listed = version.facts.get("operations") or []
    return [
        Hit(
            str(each.get("summary") or each.get("id")),
            f"{each.get('id')} · {version}",
            f"{url}#operation-{number}",
            "bolt" if each.get("is_trigger") else "code",
        )
        for number, each in enumerate(listed, start=1)
        if asked.is_in(f"{each.get('id')} {each.get('summary')}")
    ][:SHOWN]


def _publishers(user: Any, asked: Question) -> list[Hit]:
    visible = Publisher.objects.visible_to(user).annotate(
        plain=Plain("name"), likeness=TrigramWordSimilarity(asked.plain, "plain")
    )
    wanted = Q(plain__contains=asked.plain) | Q(likeness__gte=_SIMILAR_ENOUGH) | Q(slug=asked.text.lower())
    return [
        Hit(
            publisher.name,
            publisher.get_kind_display(),
            reverse("publisher_detail", args=[publisher.slug]),
            "users",
        )
        for publisher in _best_first(visible.filter(wanted).distinct(), asked)[:SHOWN]
    ]


def _rules(asked: Question) -> list[Hit]:
    """By the beginning of an id, then by every word of the title; only where none fit, by nearness."""
    typed = asked.text.casefold()
    rules = catalogue()
    by_id = [rule for rule in rules if rule.id.casefold().startswith(typed)]
    by_word = [rule for rule in rules if asked.is_in(f"{rule.id} {rule.title}") and rule not in by_id]
    found = by_id + by_word
    if not found and all(len(word) > 3 for word in asked.words):
        found = [rule for rule in rules if _is_near(asked, rule.title)]
    return [_rule_hit(rule) for rule in found[:SHOWN]]


def _is_near(asked: Question, title: str) -> bool:
    return all(word in plain(title) or nearness(word, title) >= _SIMILAR_ENOUGH for word in asked.words)


def _rule_hit(rule: RuleInfo) -> Hit:
    return Hit(
        f"{rule.id} {rule.title}",
        rule.family_title,
        reverse("rule_detail", args=[rule.id]),
        "book",
        rule.severity,
    )
