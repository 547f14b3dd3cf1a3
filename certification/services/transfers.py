"""Transfers of connectors between teams: an owner offers, an owner of the other team accepts."""

from __future__ import annotations

from datetime import timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from certification.models import ConnectorTransfer, TestCredential
from certification.policies import can_answer_transfer, can_offer_transfer, can_withdraw_transfer
from certification.queries.ownership import under_way
from connectors.lifecycle import TRANSFER
from connectors.models import Connector, HostWatch, Publisher
from connectors.models.publishers import Role
from connectors.services import heartbeats
from portal.accounts.models import User
from portal.shared import audit, outbox
from portal.shared.actors import SYSTEM
from portal.shared.errors import Blocked, Conflict, InvalidInput
from portal.shared.policy import require
from portal.shared.transitions import transition

TRANSFER_DAYS = 14


def offer_transfer(connector: Connector, *, to: str, note: str = "", actor: User) -> ConnectorTransfer:
    """Offer the connector to the team that is addressed by the name `to` ("contoso").

    Raises InvalidInput when there is no such team, Blocked while a submission or rollout is under way.
    """
    require(can_offer_transfer, actor, connector)
    target = Publisher.objects.filter(slug=to.strip().lower(), memberships__role=Role.OWNER).first()
    if target is None or target.pk == connector.publisher_id:
        words = _("There is no other team with this short name.")
        raise InvalidInput(words, fields={"to": [words]})
    if connector.state in {"cancelled", "retired"}:
        raise Conflict(_("This connector is closed: there is nothing to hand over."))
    _refuse_under_way(connector)
    try:
        with transaction.atomic():
            made = ConnectorTransfer.objects.create(
                connector=connector,
                from_publisher=connector.publisher,
                to_publisher=target,
                offered_by=actor,
                note=note.strip()[:1_000],
                expires_at=timezone.now() + timedelta(days=TRANSFER_DAYS),
            )
            audit.record("transfer.offer", made, actor=actor, about=_about(made), data=_data(made))
            outbox.emit("transfer.offer", id=str(made.pk))
    except IntegrityError as error:
        raise Conflict(_("This connector is offered already: take that offer back first.")) from error
    return made


def _refuse_under_way(connector: Connector) -> None:
    found = under_way(connector)
    if found:
        raise Blocked(
            _("Something of this connector is under way: finish it or withdraw it first."), blockers=found
        )


def _about(transfer: ConnectorTransfer) -> list[Connector | Publisher]:
    return [transfer.connector, transfer.from_publisher, transfer.to_publisher]


def _data(transfer: ConnectorTransfer) -> dict[str, object]:
    return {
        "connector": transfer.connector.name,
        "from_team": transfer.from_publisher.name,
        "to_team": transfer.to_publisher.name,
    }


def accept_transfer(transfer: ConnectorTransfer, *, actor: User) -> ConnectorTransfer:
    """The connector with its versions, submissions and history is the other team's from now on. Test
    credentials are deleted: they were given to us by the team that had it."""
    require(can_answer_transfer, actor, transfer)
    with transaction.atomic():
        connector = Connector.objects.select_for_update(of=("self",)).get(pk=transfer.connector_id)
        _refuse_changed(transfer, connector)
        _refuse_under_way(connector)
        connector.publisher = transfer.to_publisher
        connector.save(update_fields=["publisher"])
        removed, _by_table = TestCredential.objects.filter(submission__connector=connector).delete()
        # The proof of the host was the other team's, and so was the record that shows it.
        HostWatch.objects.filter(connector=connector).update(ownership_token="", owned_since=None)
        heartbeats.begin_anew(connector)
        return transition(
            TRANSFER,
            transfer,
            "accept",
            actor=actor,
            about=_about(transfer),
            changes={"answered_by": actor},
            data={**_data(transfer), "credentials_removed": removed},
        )


def _refuse_changed(transfer: ConnectorTransfer, connector: Connector) -> None:
    if transfer.state == "offered" and connector.publisher_id != transfer.from_publisher_id:
        raise Conflict(_("The connector belongs to another team by now."))
    if transfer.state == "offered" and transfer.expires_at <= timezone.now():
        raise Conflict(_("This offer is older than %(days)s days.") % {"days": TRANSFER_DAYS})


def decline_transfer(transfer: ConnectorTransfer, *, actor: User) -> ConnectorTransfer:
    require(can_answer_transfer, actor, transfer)
    return transition(
        TRANSFER,
        transfer,
        "decline",
        actor=actor,
        about=_about(transfer),
        changes={"answered_by": actor},
        data=_data(transfer),
    )


def withdraw_transfer(transfer: ConnectorTransfer, *, actor: User) -> ConnectorTransfer:
    require(can_withdraw_transfer, actor, transfer)
    return transition(
        TRANSFER, transfer, "withdraw", actor=actor, about=_about(transfer), data=_data(transfer)
    )


def expire_transfers() -> int:
    """One tick: offers nobody answered in time; returns how many."""
    due = ConnectorTransfer.objects.filter(state="offered", expires_at__lte=timezone.now())
    found = list(due.select_related("connector", "from_publisher", "to_publisher")[:200])
    for each in found:
        transition(TRANSFER, each, "expire", actor=SYSTEM, about=_about(each), data=_data(each))
    return len(found)
