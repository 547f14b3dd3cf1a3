"""Opening and closing incidents; pausing the rollouts they concern and letting those go on afterwards."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from certification.data.products import BY_KEY
from certification.lifecycle import INCIDENT, IncidentState
from certification.models import Incident, RegionDeployment, Rollout, RolloutWave
from certification.policies import can_manage_incidents
from certification.queries.blast_radius import Affected, loads_of
from certification.queries.testers import products_tried
from certification.services import replanning
from certification.services.clock import database_now
from certification.services.halts import move_both
from connectors.definitions.facts import Authentication
from connectors.models import Connector, Region
from portal.accounts.models import User
from portal.shared import audit, outbox
from portal.shared.actors import SYSTEM, Actor
from portal.shared.errors import InvalidInput
from portal.shared.policy import require
from portal.shared.transitions import transition


@dataclass(frozen=True)
class IncidentDraft:
    """An incident as somebody wrote it; `connectors` are slugs, `products` keys. What is empty is no
    condition.
    """

    title: str
    text: str
    auth_kinds: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    connectors: tuple[str, ...] = ()
    products: tuple[str, ...] = ()
    is_public: bool = True


@dataclass(frozen=True)
class Pause:
    """A rollout that an incident pauses, or its end lets go on, with who uses its connector in the
    regions it reaches next.
    """

    rollout: Rollout
    affected: Affected


def preview_incident(draft: IncidentDraft, *, actor: User) -> list[Pause]:
    """The rollouts that opening it would pause, by connector. Changes nothing."""
    require(can_manage_incidents, actor, None)
    connectors = {connector.pk for connector in _check(draft)}
    incident = Incident(
        auth_kinds=sorted(draft.auth_kinds),
        regions=sorted(draft.regions),
        products=sorted(draft.products),
    )
    return _pauses(_concerned(incident, connectors, _running()))


def preview_closing(incident: Incident, *, actor: User) -> list[Pause]:
    """The rollouts that closing it would let go on: those no other incident concerns. Changes nothing."""
    require(can_manage_incidents, actor, incident)
    held = list(_with_subjects(Rollout.objects.filter(incident=incident, state="held")))
    kept = {
        rollout.pk
        for other in _open_incidents()
        if other != incident
        for rollout in _concerned(other, {connector.pk for connector in other.connectors.all()}, held)
    }
    return _pauses(rollout for rollout in held if rollout.pk not in kept)


def _pauses(rollouts: Iterable[Rollout]) -> list[Pause]:
    """By connector. Four queries, however many rollouts."""
    found = sorted(rollouts, key=lambda rollout: rollout.connector.name)
    coming = _next_regions([rollout.pk for rollout in found])
    names = dict(Region.objects.filter(pk__in=set().union(*coming.values())).values_list("code", "name"))
    places = {
        rollout.pk: [
            (rollout.connector_id, code, names[code])
            for code in sorted(coming[rollout.pk], key=names.__getitem__)
        ]
        for rollout in found
    }
    loads = loads_of(place for each in places.values() for place in each)
    return [
        Pause(rollout, Affected([loads[connector, code] for connector, code, _name in places[rollout.pk]]))
        for rollout in found
    ]


def open_incident(draft: IncidentDraft, *, actor: User) -> Incident:
    """Say what is wrong; the rollouts it concerns pause in the same transaction."""
    require(can_manage_incidents, actor, None)
    connectors = _check(draft)
    with transaction.atomic():
        incident = Incident.objects.create(
            title=draft.title.strip(),
            text=draft.text.strip(),
            auth_kinds=sorted(draft.auth_kinds),
            regions=sorted(draft.regions),
            products=sorted(draft.products),
            is_public=draft.is_public,
            opened_by=actor,
        )
        incident.connectors.set(connectors)
        audit.record(
            "incident.open", incident, actor=actor, reason=incident.text, about=connectors,
            data={
                "regions": incident.regions,
                "auth_kinds": incident.auth_kinds,
                "products": incident.products,
            },
        )  # fmt: skip
        outbox.emit("incident.open", id=str(incident.pk))
        running = _running().select_for_update(of=("self",))
        for rollout in _concerned(incident, {connector.pk for connector in connectors}, running):
            _pause(rollout, incident)
    return incident


def _check(draft: IncidentDraft) -> list[Connector]:
    faults: dict[str, list[str]] = {}
    if not draft.title.strip():
        faults["title"] = [_("Name what is wrong in a few words.")]
    if not draft.text.strip():
        faults["text"] = [_("Say what is known and what people can do meanwhile.")]
    strange = set(draft.auth_kinds) - {str(kind) for kind in Authentication}
    if strange:
        faults["auth_kinds"] = [
            _("No way to sign in: %(strange)s.") % {"strange": ", ".join(sorted(strange))}
        ]
    unknown = set(draft.regions) - set(
        Region.objects.filter(pk__in=draft.regions).values_list("pk", flat=True)
    )
    if unknown:
        faults["regions"] = [_("No region: %(unknown)s.") % {"unknown": ", ".join(sorted(unknown))}]
    nowhere = set(draft.products) - set(BY_KEY)
    if nowhere:
        faults["products"] = [
            _("No product: %(unknown)s. There are %(known)s.")
            % {"unknown": ", ".join(sorted(nowhere)), "known": ", ".join(BY_KEY)}
        ]
    connectors = list(Connector.objects.filter(slug__in=draft.connectors))
    missing = set(draft.connectors) - {connector.slug for connector in connectors}
    if missing:
        faults["connectors"] = [_("No connector: %(missing)s.") % {"missing": ", ".join(sorted(missing))}]
    if faults:
        raise InvalidInput(_("The incident cannot be opened like this."), fields=faults)
    return connectors


def _running() -> QuerySet[Rollout]:
    return _with_subjects(Rollout.objects.filter(state="running"))


def _with_subjects(rollouts: QuerySet[Rollout]) -> QuerySet[Rollout]:
    return rollouts.order_by("pk").select_related("submission", "connector", "version", "plan")


def concerns(incident: Incident, rollout: Rollout) -> bool:
    """Whether the rollout meets every condition of the incident now."""
    return bool(_concerned(incident, {connector.pk for connector in incident.connectors.all()}, [rollout]))


def _concerned(incident: Incident, chosen: Collection[UUID], rollouts: Iterable[Rollout]) -> list[Rollout]:
    """Those that meet every condition. Products and regions are read once for all of them."""
    found = [
        rollout
        for rollout in rollouts
        if (not chosen or rollout.connector_id in chosen)
        and (not incident.auth_kinds or set(incident.auth_kinds) & _auth_kinds(rollout))
    ]
    if incident.products:
        tried = products_tried({rollout.version_id for rollout in found})
        found = [rollout for rollout in found if set(incident.products) & tried[rollout.version_id]]
    if incident.regions:
        coming = _next_regions([rollout.pk for rollout in found])
        found = [rollout for rollout in found if set(incident.regions) & coming[rollout.pk]]
    return found


def _auth_kinds(rollout: Rollout) -> set[str]:
    """Unknown ways to sign in are taken for all of them: an incident rather pauses too much."""
    kinds = set(rollout.version.facts.get("authentication") or ())
    return kinds or {str(kind) for kind in Authentication}


def next_regions(rollout: Rollout) -> set[str]:
    """The regions at work, or else those of the next wave."""
    return _next_regions([rollout.pk])[rollout.pk]


def _next_regions(rollouts: Collection[UUID]) -> dict[UUID, set[str]]:
    """The same of each. Two queries, however many rollouts."""
    open_waves = RolloutWave.objects.filter(rollout__in=rollouts, state__in=("running", "planned"))
    first = open_waves.order_by("rollout", "number").distinct("rollout").values_list("pk", flat=True)
    rows = RegionDeployment.objects.filter(wave__in=list(first), action="deploy").exclude(
        state__in=("verified", "skipped", "cancelled")
    )
    found: dict[UUID, set[str]] = {pk: set() for pk in rollouts}
    for rollout, code in rows.values_list("rollout_id", "region_id"):
        found[rollout].add(code)
    return found


def pausing(rollout: Rollout, *, without: Incident | None = None) -> Incident | None:
    """The open incident that keeps the rollout from going on, the oldest first; as if one were over already,
    with `without`.
    """
    return next((one for one in _open_incidents() if one != without and concerns(one, rollout)), None)


def _open_incidents() -> QuerySet[Incident]:
    found = Incident.objects.filter(state=IncidentState.OPEN)
    return found.prefetch_related("connectors").order_by("created_at")


def pause_if_concerned(rollout: Rollout) -> bool:
    """For the scheduler, under the rollout's lock: True when an incident paused it."""
    incident = pausing(rollout)
    if incident is not None:
        _pause(rollout, incident)
    return incident is not None


def _pause(rollout: Rollout, incident: Incident) -> None:
    changes = {"hold_reason": f"Incident: {incident.title}", "incident_id": incident.pk, "next_step_at": None}
    move_both(
        rollout, "hold", reason=f"Incident: {incident.title}", actor=SYSTEM, changes=changes,
        data={"cause": "incident", "incident": str(incident.pk)},
    )  # fmt: skip


def close_incident(incident: Incident, *, note: str, actor: Actor) -> Incident:
    """Over: its rollouts go on with new dates, unless another incident still concerns them."""
    require(can_manage_incidents, actor, incident)
    if not note.strip():
        text = _("Say how it ended: everybody who was told of it reads this.")
        raise InvalidInput(text, fields={"note": [text]})
    with transaction.atomic():
        changes = {"closed_by_id": actor.pk, "closed_at": database_now(), "closing_note": note.strip()}
        row = transition(
            INCIDENT, incident, "close", actor=actor, reason=note.strip(), changes=changes,
            about=list(incident.connectors.all()),
        )  # fmt: skip
        paused = (
            Rollout.objects.select_for_update(of=("self",)).filter(incident=row, state="held").order_by("pk")
        )
        for rollout in paused.select_related("submission", "connector", "version", "plan"):
            _go_on(rollout, row, actor)
    return row


def _go_on(rollout: Rollout, closed: Incident, actor: Actor) -> None:
    other = pausing(rollout)
    if other is not None:
        Rollout.objects.filter(pk=rollout.pk).update(incident=other, hold_reason=f"Incident: {other.title}")
        return
    changes = {"hold_reason": "", "incident_id": None, "next_step_at": database_now()}
    row = move_both(
        rollout, "resume", reason=f"Over: {closed.title}", actor=actor, changes=changes,
        data={"cause": "incident", "incident": str(closed.pk)},
    )  # fmt: skip
    replanning.replan(row, cause="incident", reason=closed.title, actor=actor)
