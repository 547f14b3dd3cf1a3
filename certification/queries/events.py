"""The event log as somebody may read it, in the order in which the hash chain took the deeds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Max, Q, QuerySet, Value
from django.urls import reverse

from certification import events
from certification.models import Rollout, Submission
from connectors.models import Connector, Membership
from portal.shared.history import sentence
from portal.shared.models import AuditRecord, AuditSeal

MOST = 500
# Tables whose rows events call otherwise.
_NOUNS = {"regiondeployment": "deployment", "rolloutwave": "wave"}
_PAGES = {"submission": "submission_detail", "connector": "connector_detail", "rollout": "rollout_detail"}


@dataclass(frozen=True, slots=True)
class Event:
    """`id` is the place in the log. `state` is the object's state since then, empty where the event did not
    move it. `about` are the other objects it concerns; `data` is plain JSON."""

    id: int
    type: str
    at: datetime
    object: dict[str, str]
    state: str
    about: list[dict[str, str]]
    actor: dict[str, str | None]
    data: dict[str, Any]
    reason: str
    text: str
    url: str


@dataclass(frozen=True, slots=True)
class EventPage:
    """`cursor` is what to ask after next time; with `has_more` at once, else in some seconds."""

    events: list[Event]
    cursor: int
    has_more: bool


def head() -> int:
    """The place of the newest event; 0 while there is none."""
    return AuditSeal.objects.aggregate(newest=Max("sequence"))["newest"] or 0


def page_for(user: Any, *, after: int, limit: int, publisher_id: UUID | None = None) -> EventPage:
    """Events after a place that `user` may see; within one team for a token that is bound to it."""
    if user.staff_role and publisher_id is None:
        own = Membership.objects.filter(user=user).values("publisher")
        unseen = Submission.objects.filter(submitted_at=None).exclude(connector__publisher__in=own)
        hidden = [f"submission:{pk}" for pk in unseen.values_list("pk", flat=True)]
        return _page(~Q(record__about__overlap=hidden) if hidden else Q(), after=after, limit=limit)
    teams = Membership.objects.filter(user=user).values_list("publisher", flat=True)
    chosen = [pk for pk in teams if publisher_id in {None, pk}]
    return _page(_of_teams(chosen), after=after, limit=limit)


def page_of_team(publisher_id: UUID, *, after: int, limit: int) -> EventPage:
    """Events after a place that concern a team, whoever reads them for it."""
    return _page(_of_teams([publisher_id]), after=after, limit=limit)


def _of_teams(publishers: list[UUID]) -> Q:
    connectors = Connector.objects.filter(publisher__in=publishers)
    owned = [
        ("connector", connectors),
        ("submission", Submission.objects.filter(connector__in=connectors)),
        ("rollout", Rollout.objects.filter(connector__in=connectors)),
    ]
    first, *rest = (rows.order_by().values_list(Value(noun), "pk") for noun, rows in owned)
    keys = [f"publisher:{pk}" for pk in publishers]
    keys += [f"{noun}:{pk}" for noun, pk in first.union(*rest, all=True)]
    return Q(record__about__overlap=keys)


def _page(wanted: Q, *, after: int, limit: int) -> EventPage:
    # First the end, then the rows before it: what is sealed meanwhile belongs to the next page.
    end = head()
    rows: QuerySet[AuditSeal] = (
        AuditSeal.objects.filter(
            wanted, sequence__gt=after, sequence__lte=end, record__action__in=events.types()
        )
        .exclude(record__data__contains={"private": True})
        .select_related("record__actor")
        .order_by("sequence")
    )
    found = list(rows[: limit + 1])
    has_more = len(found) > limit
    found = found[:limit]
    cursor = found[-1].sequence if has_more else max(after, end)
    return EventPage([_event(row.sequence, row.record) for row in found], cursor, has_more)


def _event(sequence: int, record: AuditRecord) -> Event:
    own = _named(record.object_key) | {"type": record.action.partition(".")[0]}
    others = [_named(key) for key in record.about if key != record.object_key]
    return Event(
        id=sequence,
        type=record.action,
        at=record.at,
        object=own,
        state=events.states().get(record.action, ""),
        about=[each for each in others if each["type"] in events.NOUNS],
        actor={
            "id": str(record.actor_id) if record.actor_id else None,
            "name": record.actor.name if record.actor else settings.SITE_NAME,
        },
        data=events.public_data(record.data),
        reason=record.reason,
        text=str(sentence(record)[0]),
        url=_address([own, *others]),
    )


def _named(key: str) -> dict[str, str]:
    noun, _colon, pk = key.partition(":")
    return {"type": _NOUNS.get(noun, noun), "id": pk}


def _address(objects: list[dict[str, str]]) -> str:
    """The page of the first object that has one."""
    for each in objects:
        if name := _PAGES.get(each["type"]):
            return f"{settings.SITE_URL}{reverse(name, args=[each['id']])}"
    return str(settings.SITE_URL)
