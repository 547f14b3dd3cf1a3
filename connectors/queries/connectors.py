"""What pages about connectors read: lists, similar names, the versions in use side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.contrib.postgres.search import TrigramSimilarity
from django.db.models import Count, F, Max, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone
from django.utils.translation import gettext as _

from connectors.lifecycle import ConnectorState
from connectors.models import Connector, Publisher, Version
from connectors.naming import name_key
from connectors.planning import CHECKLIST, ChecklistItem
from connectors.policies import roles_of
from portal.accounts.models import User
from portal.shared.words import lazy as _lazy

# Below this share of common trigrams people do not take one name for another.
SIMILAR_FROM = 0.35
POINTERS = ("approved", "scheduled", "preview", "live")
_NAME_IS_FREE = (ConnectorState.CANCELLED, ConnectorState.RETIRED)


def for_page(user: Any) -> QuerySet[Connector]:
    """Connectors visible to `user` with everything their pages show."""
    related = [f"{pointer}_version" for pointer in POINTERS]
    return Connector.objects.visible_to(user).select_related("publisher", "contact", *related)


def listed(
    user: Any,
    *,
    text: str = "",
    state: str = "",
    publisher: UUID | None = None,
    contact: User | None = None,
) -> QuerySet[Connector]:
    """The list page: visible connectors, narrowed; each with `latest_label` and `latest_at` of its newest
    version. Connectors whose name was given up show only when asked for."""
    newest = Version.objects.filter(connector=OuterRef("pk")).order_by("-number")
    found = for_page(user).annotate(
        latest_label=Subquery(newest.values("label")[:1]), latest_at=Subquery(newest.values("created_at")[:1])
    )
    found = found.filter(state=state) if state else found.exclude(state=ConnectorState.CANCELLED)
    text = text.replace("\0", "")
    if text:
        found = found.filter(
            Q(name__icontains=text)
            | Q(name_key__contains=name_key(text) or text)
            | Q(backend_host__icontains=text)
        )
    if publisher:
        found = found.filter(publisher_id=publisher)
    if contact:
        found = found.filter(contact=contact)
    return found.order_by("name", "pk")


@dataclass(frozen=True, slots=True)
class SimilarName:
    """A name that could be taken for another. `percent` is the share of common trigrams; `relation` is
    "yours", "staff" or "public"."""

    connector: Connector
    percent: int
    relation: str


@dataclass(frozen=True, slots=True)
class SimilarNames:
    """`is_taken`: the very same name is in use. `hidden` counts similar reserved names of other teams, about
    which nothing more may be said."""

    matches: Sequence[SimilarName]
    hidden: int
    is_taken: bool


def similar_names(name: str, *, viewer: Any, besides: Connector | None = None) -> SimilarNames:
    """Names in use that resemble `name`, most alike first. Of other teams only live connectors are shown."""
    key = name_key(name)
    if len(key) < 3:
        return SimilarNames((), 0, False)
    found = (
        # The operator uses the trigram index; its threshold is below ours.
        Connector.objects.filter(Q(name_key__trigram_similar=key) | Q(name_key=key))
        .exclude(state__in=_NAME_IS_FREE)
        .exclude(pk__in=[besides.pk] if besides else [])
        .annotate(similarity=TrigramSimilarity("name_key", key))
        .filter(similarity__gte=SIMILAR_FROM)
        .select_related("publisher")
        .order_by("-similarity", "name")[:25]
    )
    matches, hidden, taken = [], 0, False
    for connector in found:
        taken = taken or connector.name_key == key
        relation = _relation(viewer, connector)
        if relation:
            matches.append(SimilarName(connector, round(100 * connector.similarity), relation))
        else:
            hidden += 1
    return SimilarNames(matches, hidden, taken)


def _relation(viewer: Any, connector: Connector) -> str:
    if connector.publisher_id in roles_of(viewer):
        return "yours"
    if getattr(viewer, "staff_role", ""):
        return "staff"
    return "public" if connector.live_version_id else ""


def holder_of_name(key: str, *, besides: Connector | None = None) -> Connector | None:
    """The connector that holds this name now."""
    held = Connector.objects.filter(name_key=key).exclude(state__in=_NAME_IS_FREE).select_related("publisher")
    return held.exclude(pk__in=[besides.pk] if besides else []).first()


@dataclass(frozen=True, slots=True)
class Stage:
    """One column of the versions in use. `version` is None while nothing has come that far."""

    key: str
    label: str
    version: Version | None
    since: datetime | None
    explanation: str


_STAGES = (
    ("approved", _lazy("Approved"), _lazy("No version has been approved yet.")),
    ("scheduled", _lazy("Scheduled"), _lazy("No rollout is planned.")),
    ("preview", _lazy("Preview"), _lazy("Nothing is deployed to Preview.")),
    ("live", _lazy("Live"), _lazy("No region serves this connector yet.")),
)


def stages(connector: Connector, newest: Version | None) -> list[Stage]:
    """Draft, approved, scheduled, Preview and live, side by side. The draft is the newest upload unless that
    is approved already."""
    is_new = newest is not None and newest.pk not in {
        connector.approved_version_id,
        connector.live_version_id,
    }
    nothing = _("Everything uploaded is approved.") if newest else _("Upload a package to begin.")
    draft = newest if is_new else None
    found = [Stage("draft", _("Draft"), draft, draft.created_at if draft else None, "" if draft else nothing)]
    for key, label, explanation in _STAGES:
        version = getattr(connector, f"{key}_version")
        since = connector.marked_at.get(key) if version else None
        found.append(
            Stage(key, label, version, datetime.fromisoformat(since) if since else None, explanation)
        )
    return found


@dataclass(frozen=True, slots=True)
class ChecklistLine:
    item: ChecklistItem
    done_at: datetime | None


def checklist_of(connector: Connector) -> list[ChecklistLine]:
    """The planning checklist with the times its items were ticked."""
    ticked = connector.checklist
    return [
        ChecklistLine(item, datetime.fromisoformat(ticked[item.key]) if item.key in ticked else None)
        for item in CHECKLIST
    ]


def registrable_publishers(user: User) -> QuerySet[Publisher]:
    """The teams in which `user` may register a connector."""
    return Publisher.objects.filter(
        memberships__user=user, memberships__role__in=["owner", "developer"]
    ).order_by("name")


def contact_pool(publisher_id: UUID, *, on: date | None = None) -> QuerySet[User]:
    """Reviewers who could be the contact of a connector of this publisher, least loaded first: active, not
    away on that day, not of the team. Ties go to whoever was given one longest ago."""
    day = on or timezone.localdate()
    carried = Q(contact_of__state__in=[ConnectorState.PLANNED, ConnectorState.ACTIVE])
    return (
        User.objects.reviewers()
        .filter(Q(away_until=None) | Q(away_until__lt=day))
        .exclude(memberships__publisher_id=publisher_id)
        .annotate(load=Count("contact_of", filter=carried), latest=Max("contact_of__contact_assigned_at"))
        .order_by("load", F("latest").asc(nulls_first=True), "created_at", "pk")
    )
