"""Connectors: reserving a name, planning, the contact among the reviewers, and which version is where."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from connectors import policies
from connectors.lifecycle import CONNECTOR, ConnectorState
from connectors.models import Connector, Publisher, Version
from connectors.naming import check_host, check_name, name_key, slug_of
from connectors.planning import CHECKLIST_KEYS
from connectors.queries.connectors import POINTERS, contact_pool, holder_of_name
from portal.shared import audit, outbox
from portal.shared.actors import SYSTEM, Actor
from portal.shared.errors import Blocked, Conflict, InvalidInput
from portal.shared.policy import require
from portal.shared.transitions import transition
from portal.shared.words import in_sentence

_RETRY_CONTACT_SECONDS = 15 * 60.0
_SLUG_ATTEMPTS = 20


def register_connector(
    publisher: Publisher,
    *,
    name: str,
    summary: str = "",
    backend_host: str = "",
    planned_for: date | None = None,
    actor: Actor,
) -> Connector:
    """Reserve a name for a connector that need not exist yet. A contact is assigned by the job that follows.

    Raises `InvalidInput` naming the field, also when the name is in use; of two at once exactly one wins.
    """
    require(policies.can_register_connector, actor, publisher)
    connector = Connector(
        publisher=publisher,
        name=check_name(name),
        name_key=name_key(name),
        summary=_checked_summary(summary),
        backend_host=check_host(backend_host),
        planned_for=_checked_date(planned_for),
    )
    with transaction.atomic():
        insert_connector(connector)
        audit.record(
            "connector.register", connector, actor=actor, about=[publisher], data={"name": connector.name}
        )
        outbox.emit("connector.register", id=str(connector.pk))
    return connector


def insert_connector(connector: Connector) -> None:
    """Write a new row under a free slug. Raises `InvalidInput` when the name is in use, `Conflict` when no
    slug is free."""
    for attempt in range(_SLUG_ATTEMPTS):
        connector.slug = slug_of(connector.name, attempt)
        try:
            with transaction.atomic():
                connector.save(force_insert=True)
        except IntegrityError as error:
            if "connector_name_reserved" in str(error):
                raise _name_taken(connector) from error
            if "slug" not in str(error):
                raise
        else:
            return
    raise Conflict(_("Too many connectors share the beginning of this name: choose a more specific one."))


def _name_taken(connector: Connector) -> InvalidInput:
    """Says who has the name only where that is no secret: a live connector, or one of the same team."""
    holder = holder_of_name(connector.name_key, besides=connector)
    if holder and holder.publisher_id == connector.publisher_id:
        text = _("Your team already has “%(holder)s”: open that one and upload a new version.") % {
            "holder": holder.name
        }
    elif holder and holder.live_version_id:
        text = _("“%(holder)s” is a live connector of %(publisher)s. Choose another name.") % {
            "holder": holder.name,
            "publisher": holder.publisher,
        }
    else:
        text = _("“%(connector)s” is reserved by another team. Choose another name.") % {
            "connector": connector.name
        }
    return InvalidInput(text, fields={"name": [text]}, code="name-taken")


def _checked_summary(summary: str) -> str:
    summary = summary.strip()
    if len(summary) > 500 or "\0" in summary:
        text = _("A summary has at most 500 characters.")
        raise InvalidInput(text, fields={"summary": [text]})
    return summary


def _checked_date(planned_for: date | None) -> date | None:
    if planned_for is not None and planned_for < timezone.localdate():
        text = _("This day has passed: give the day you hope to be live, or leave it open.")
        raise InvalidInput(text, fields={"planned_for": [text]})
    return planned_for


def update_connector(connector: Connector, *, values: Mapping[str, Any], actor: Actor) -> Connector:
    """Change any of name, summary, backend_host, planned_for, is_listed and
    has_status_page. The name is fixed from the first
    approval on; the slug always. Returns the fresh row."""
    require(policies.can_edit_connector, actor, connector)
    with transaction.atomic():
        row = _locked(connector)
        _check_open(row)
        changed = _checked_changes(row, values)
        before = {name: _plain(getattr(row, name)) for name in changed}
        if changed:
            for name, value in changed.items():
                setattr(row, name, value)
            _save_renamed(row, [*changed, *(["name_key"] if "name" in changed else [])])
            after = {name: _plain(value) for name, value in changed.items()}
            audit.record("connector.update", row, actor=actor, data={"before": before, "after": after})
    return row


def _checked_changes(row: Connector, values: Mapping[str, Any]) -> dict[str, Any]:
    checked: dict[str, Any] = {}
    if "name" in values:
        checked["name"] = check_name(values["name"])
        if checked["name"] != row.name and (row.approved_version_id or row.state != ConnectorState.PLANNED):
            text = _("The name is fixed since the first approval: users know the connector by it.")
            raise InvalidInput(text, fields={"name": [text]})
    if "summary" in values:
        checked["summary"] = _checked_summary(values["summary"] or "")
    if "backend_host" in values:
        checked["backend_host"] = check_host(values["backend_host"] or "")
    if "planned_for" in values and values["planned_for"] != row.planned_for:
        checked["planned_for"] = _checked_date(values["planned_for"])
    if "is_listed" in values:
        checked["is_listed"] = bool(values["is_listed"])
    if "has_status_page" in values:
        checked["has_status_page"] = bool(values["has_status_page"])
    return {name: value for name, value in checked.items() if value != getattr(row, name)}


def _save_renamed(row: Connector, columns: list[str]) -> None:
    row.name_key = name_key(row.name)
    try:
        with transaction.atomic():
            row.save(update_fields=columns)
    except IntegrityError as error:
        if "connector_name_reserved" not in str(error):
            raise
        raise _name_taken(row) from error


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def tick_checklist_item(connector: Connector, *, item: str, is_done: bool, actor: Actor) -> Connector:
    """Tick or untick an item of the planning checklist. Ticking twice keeps the first time."""
    require(policies.can_edit_connector, actor, connector)
    if item not in CHECKLIST_KEYS:
        raise InvalidInput(
            _("There is no such item in the checklist."), fields={"item": [_("Unknown item.")]}
        )
    with transaction.atomic():
        row = _locked(connector)
        _check_open(row)
        if is_done != (item in row.checklist):
            if is_done:
                row.checklist[item] = timezone.now().isoformat()
            else:
                del row.checklist[item]
            row.save(update_fields=["checklist"])
            verb = "tick" if is_done else "untick"
            audit.record(f"connector.{verb}", row, actor=actor, data={"item": item})
    return row


def cancel_connector(connector: Connector, *, reason: str = "", actor: Actor) -> None:
    """Give up the reserved name: anybody may take it from now on. Only before anything was approved."""
    require(policies.can_cancel_connector, actor, connector)

    def nothing_approved(row: Connector) -> None:
        if any(getattr(row, f"{pointer}_version_id") for pointer in POINTERS):
            raise Blocked(
                _("A version of this connector is approved or deployed."),
                blockers=[_("Deprecate the connector instead: its users need a date and a way out.")],
            )

    transition(CONNECTOR, connector, "cancel", actor=actor, reason=reason, guard=nothing_approved)


def assign_contact(connector_id: str | UUID) -> None:
    """Give a connector its primary contact: the least loaded reviewer who is here and not of the team.

    Does nothing when it has one or its name was given up. Without anybody free, asks to be run again later.
    """
    with transaction.atomic():
        connector = Connector.objects.select_for_update(of=("self",)).get(pk=connector_id)
        if connector.contact_id or connector.state in CONNECTOR.terminal:
            return
        contact = contact_pool(connector.publisher_id).first()
        if contact is None:
            raise outbox.Retry(_RETRY_CONTACT_SECONDS)
        connector.contact = contact
        connector.contact_assigned_at = timezone.now()
        connector.save(update_fields=["contact", "contact_assigned_at"])
        audit.record("connector.assign_contact", connector, actor=SYSTEM, data={"contact": str(contact.pk)})
        outbox.emit("connector.assign_contact", id=str(connector.pk))


def mark_version(connector: Connector, *, pointer: str, version: Version | None, actor: Actor) -> Connector:
    """Say which version is "approved", "scheduled", "preview" or "live" now; None takes the mark away.

    Called by certification's services inside the transaction of the deed, whose policy has decided already.
    The first live version makes a planned connector active. Marking the same version twice changes nothing.
    """
    if pointer not in POINTERS:
        raise ValueError(f"{pointer} is none of {', '.join(POINTERS)}")
    if version is not None and version.connector_id != connector.pk:
        raise ValueError("the version belongs to another connector")
    column = f"{pointer}_version"
    with transaction.atomic():
        row = _locked(connector)
        before = getattr(row, f"{column}_id")
        if before != (version.pk if version else None):
            setattr(row, column, version)
            row.marked_at = {**row.marked_at, pointer: timezone.now().isoformat()}
            row.save(update_fields=[column, "marked_at"])
            data = {
                "pointer": pointer,
                "from": str(before or ""),
                "to": str(version.pk) if version else "",
                "label": version.label if version else "none",
            }
            audit.record("connector.mark_version", row, actor=actor, data=data)
        if pointer == "live" and version is not None and row.state == ConnectorState.PLANNED:
            transition(CONNECTOR, row, "activate", actor=actor)
    for name in (column, "marked_at", "state", "state_changed_at"):
        setattr(connector, name, getattr(row, name))
    return row


def _locked(connector: Connector) -> Connector:
    return Connector.objects.select_for_update(of=("self",)).select_related("publisher").get(pk=connector.pk)


def _check_open(connector: Connector) -> None:
    if connector.state in CONNECTOR.terminal:
        raise Conflict(
            _("“%(name)s” is %(lower)s: nothing changes any more.")
            % {"name": connector.name, "lower": in_sentence(connector.get_state_display())}
        )
