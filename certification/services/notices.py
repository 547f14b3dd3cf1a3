"""Announcing that a connector retires or changes; retiring it on the day; taking it back."""

from __future__ import annotations

import datetime as dt
import logging
from dataclasses import dataclass

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from certification import policies
from certification.lifecycle import NOTICE
from certification.models import Notice, RegionWatch
from certification.queries.notices import open_submission, watches_of
from connectors.lifecycle import CONNECTOR
from connectors.models import Connector
from portal.accounts.models import User
from portal.shared import audit, outbox
from portal.shared.actors import SYSTEM
from portal.shared.errors import Blocked, Conflict, IllegalTransition, InvalidInput
from portal.shared.policy import require
from portal.shared.transitions import transition
from portal.shared.words import in_sentence

logger = logging.getLogger(__name__)

SHORTEST_TEXT, LONGEST_TEXT, LONGEST_SUCCESSOR = 20, 4_000, 300
LONGEST_NOTICE = dt.timedelta(days=3 * 365)
_MOST_OPERATIONS = 200


@dataclass(frozen=True)
class NoticeDraft:
    """A notice as somebody wrote it. `operations` are those of a change."""

    kind: str
    text: str
    effective_on: dt.date | None
    successor: str = ""
    operations: tuple[str, ...] = ()


def earliest_day(today: dt.date | None = None) -> dt.date:
    """The first day that leaves users their time."""
    return (today or timezone.localdate()) + dt.timedelta(days=settings.NOTICE_DAYS)


def check(connector: Connector, draft: NoticeDraft, *, actor: User) -> NoticeDraft:
    """The draft as it would be announced; nothing is stored. Raises InvalidInput by field, and Blocked where
    the connector is not in use or has a submission on its way."""
    can = (
        policies.can_announce_retirement
        if draft.kind == Notice.Kind.RETIREMENT
        else policies.can_announce_change
    )
    require(can, actor, connector)
    faults: dict[str, list[str]] = {}
    text, successor = _clean(draft.text), _clean(draft.successor)
    if draft.kind not in Notice.Kind.values:
        faults["kind"] = [_("Choose what is announced.")]
    if not SHORTEST_TEXT <= len(text) <= LONGEST_TEXT:
        faults["text"] = [
            _("Say in %(least)s to %(most)s characters what users should do.")
            % {"least": SHORTEST_TEXT, "most": number_format(LONGEST_TEXT, force_grouping=True)}
        ]
    if len(successor) > LONGEST_SUCCESSOR:
        faults["successor"] = [_("At most %(most)s characters.") % {"most": LONGEST_SUCCESSOR}]
    first = earliest_day()
    if draft.effective_on is None or not first <= draft.effective_on <= first + LONGEST_NOTICE:
        faults["effective_on"] = [
            _("Users get at least %(notice_days)s days: %(first)s or later.")
            % {"notice_days": settings.NOTICE_DAYS, "first": first.isoformat()}
        ]
    if faults:
        raise InvalidInput(_("The notice cannot be announced like this."), fields=faults)
    _check_connector(connector, draft.kind)
    return NoticeDraft(draft.kind, text, draft.effective_on, successor, draft.operations[:_MOST_OPERATIONS])


def _clean(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\0", "").strip()


def _check_connector(connector: Connector, kind: str) -> None:
    if connector.state != "active":
        label = in_sentence(connector.get_state_display())
        raise Blocked(
            _("“%(name)s” is %(label)s: only a connector in use has users to tell.")
            % {"name": connector.name, "label": label}
        )
    waiting = open_submission(connector) if kind == Notice.Kind.RETIREMENT else None
    if waiting:
        raise Blocked(
            _("%(reference)s is on its way: complete or withdraw it before you announce the end.")
            % {"reference": waiting.reference},
            blockers=[
                _("%(reference)s is “%(state)s”.")
                % {"reference": waiting.reference, "state": waiting.get_state_display()}
            ],
        )


def announce(connector: Connector, draft: NoticeDraft, *, actor: User) -> Notice:
    """Tell everybody: the team, operators, and for a retirement those who wait for the connector in a region.
    A retirement deprecates the connector in the same transaction. Of two at once exactly one wins (Conflict).
    """
    wanted = check(connector, draft, actor=actor)
    assert wanted.effective_on is not None
    try:
        with transaction.atomic():
            row = Connector.objects.select_for_update(of=("self",)).get(pk=connector.pk)
            _check_connector(row, wanted.kind)
            notice = Notice.objects.create(
                connector=row,
                kind=wanted.kind,
                text=wanted.text,
                successor=wanted.successor,
                operations=list(wanted.operations),
                effective_on=wanted.effective_on,
                announced_by=actor,
            )
            data = {"kind": notice.kind, "on": notice.effective_on.isoformat()}
            audit.record("notice.announce", notice, actor=actor, about=[row], reason=notice.text, data=data)
            outbox.emit("notice.announce", id=str(notice.pk))
            if notice.is_retirement:
                transition(CONNECTOR, row, "deprecate", actor=actor, data=data)
                _tell_watchers(notice)
    except IntegrityError as error:
        raise Conflict(_("A retirement of this connector is announced already.")) from error
    connector.refresh_from_db(fields=["state", "state_changed_at"])
    return notice


def _tell_watchers(notice: Notice) -> None:
    """One mail to each address that waits for the connector, however many regions it waits for: that it ends,
    or that this is called off."""
    told: set[str] = set()
    for watch in watches_of(notice.connector).order_by("pk"):
        if watch.address not in told:
            told.add(watch.address)
            outbox.emit("notice.tell", id=str(notice.pk), watch=str(watch.pk))


def cancel_notice(notice: Notice, *, reason: str, actor: User) -> None:
    """Take it back, until its day: a connector that was to retire is active again."""
    require(policies.can_cancel_notice, actor, notice)
    reason = _clean(reason)
    if not reason:
        raise InvalidInput(_("Say why."), fields={"reason": [_("Everybody who was told reads this.")]})
    with transaction.atomic():
        Connector.objects.select_for_update(of=("self",)).get(pk=notice.connector_id)
        row = transition(
            NOTICE, notice, "cancel", actor=actor, reason=reason[:1_000], about=[notice.connector]
        )
        if row.is_retirement:
            transition(CONNECTOR, notice.connector, "reinstate", actor=actor, reason=reason[:1_000])
            _tell_watchers(row)


def complete_due(today: dt.date | None = None) -> int:
    """A tick: carry out what is due; returns how many. Bears being run twice and beside a cancellation.

    A connector with a submission on its way is not retired; that is tried again with the next tick.
    """
    due = Notice.objects.filter(state="announced", effective_on__lte=today or timezone.localdate())
    done = 0
    for notice in due.select_related("connector__publisher").order_by("effective_on", "pk"):
        try:
            done += _complete(notice)
        except IllegalTransition:
            logger.info("notice changed meanwhile", extra={"notice": str(notice.pk)})
    return done


def _complete(notice: Notice) -> bool:
    with transaction.atomic():
        # As every deed on a notice does: the connector first, then the notice.
        connector = Connector.objects.select_for_update(of=("self",)).get(pk=notice.connector_id)
        if notice.is_retirement and open_submission(connector):
            return False
        transition(NOTICE, notice, "complete", actor=SYSTEM, about=[connector])
        if notice.is_retirement:
            transition(CONNECTOR, connector, "retire", actor=SYSTEM)
            # Nothing will ever arrive: whoever waited was told when it was announced.
            RegionWatch.objects.filter(connector=connector, told_at=None).delete()
    return True
