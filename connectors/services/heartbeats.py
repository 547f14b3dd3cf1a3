"""Heartbeats: backends report that they are alive, and the portal tells when they say otherwise or nothing.

A beat and the watch change the same row under its lock, so that no alert fires on silence that just ended.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import transaction
from django.db.models import Exists, Max, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from connectors.heartbeats import LONGEST_MINUTES, BeatState
from connectors.lifecycle import CONNECTOR
from connectors.models import Beat, Connector, HealthAlert, Heartbeat, HeartbeatWatch, TelemetryBatch
from connectors.objectives import Verdict
from connectors.policies import can_edit_connector, can_send_heartbeat
from connectors.queries.heartbeats import state_at
from connectors.services import health_alerts
from connectors.services.health_alerts import Finding
from portal.accounts.models import ApiToken, User
from portal.accounts.tokens import MAX_LIFETIME, create_token
from portal.shared import audit
from portal.shared.clock import database_now
from portal.shared.errors import Conflict, InvalidInput
from portal.shared.policy import require
from portal.shared.secret_scan import mask_secrets
from portal.shared.secrets import Secret

log = structlog.get_logger(__name__)

KEPT_BEATS = 60
LONGEST_MESSAGE = 300
SAME_WITHIN = timedelta(seconds=10)
"""The same words again so soon are one beat that was sent twice."""
AWAY_AFTER = timedelta(minutes=3)
"""Ticks come every minute: after so long without one the portal was away."""
_AT_ONCE = 200
_LEAST_TOGETHER = 5
_KIND = HealthAlert.Kind.HEARTBEAT


@dataclass(frozen=True, slots=True)
class RhythmDraft:
    """Both in minutes, from 1 to `LONGEST_MINUTES`."""

    period_minutes: int
    grace_minutes: int


def expect(connector: Connector, draft: RhythmDraft, *, actor: User) -> Heartbeat:
    """Turn heartbeats on, or change their rhythm; either way the clock begins anew."""
    require(can_edit_connector, actor, connector)
    _refuse_closed(connector)
    _refuse_odd(draft)
    rhythm = {"period_minutes": draft.period_minutes, "grace_minutes": draft.grace_minutes}
    now = database_now()
    with transaction.atomic():
        row, is_new = Heartbeat.objects.select_for_update().get_or_create(
            connector=connector, defaults={**rhythm, "missing_at": now}
        )
        is_other = is_new or any(getattr(row, name) != value for name, value in rhythm.items())
        if is_other:
            row.period_minutes, row.grace_minutes = draft.period_minutes, draft.grace_minutes
            row.missing_at = row.rhythm.missing_after(now)
            row.save(update_fields=[*rhythm, "missing_at"])
            verb = "expect" if is_new else "change"
            audit.record(f"connector.{verb}_heartbeat", connector, actor=actor, data=rhythm)
    return row


def _refuse_odd(draft: RhythmDraft) -> None:
    words = _("Between 1 minute and 31 days (%(most)s minutes).") % {"most": LONGEST_MINUTES}
    fields = {
        name: [words]
        for name in ("period_minutes", "grace_minutes")
        if not 1 <= getattr(draft, name) <= LONGEST_MINUTES
    }
    if fields:
        raise InvalidInput(_("This rhythm cannot be kept; see the fields."), fields=fields)


def _refuse_closed(connector: Connector) -> None:
    if connector.state in CONNECTOR.terminal:
        raise Conflict(_("This connector is closed: no heartbeat is expected of it any more."))


def drop(connector: Connector, *, actor: User) -> None:
    """Turn heartbeats off: the beats are forgotten, an open alert about them ends."""
    require(can_edit_connector, actor, connector)
    with transaction.atomic():
        if not Heartbeat.objects.filter(connector=connector).delete()[0]:
            return
        Beat.objects.filter(connector=connector).delete()
        health_alerts.end(connector.pk, _KIND, reason="No heartbeat is expected any more.")
        audit.record("connector.drop_heartbeat", connector, actor=actor)


def begin_anew(connector: Connector) -> None:
    """Another team has the connector: what was heard came from somebody else's backend."""
    row = Heartbeat.objects.select_for_update().filter(connector=connector).first()
    if row is None:
        return
    row.created_at = database_now()
    row.missing_at = row.rhythm.missing_after(row.created_at)
    row.heard_at, row.is_failing, row.message = None, False, ""
    row.save(update_fields=["created_at", "missing_at", "heard_at", "is_failing", "message"])
    Beat.objects.filter(connector=connector).delete()


def make_token(connector: Connector, *, days: int, actor: User) -> tuple[ApiToken, Secret]:
    """A token that can do one thing: send heartbeats of this connector. Its text is shown once."""
    require(can_send_heartbeat, actor, connector)
    _refuse_closed(connector)
    return create_token(
        owner=actor,
        name=_("Heartbeat of %(connector)s") % {"connector": connector.name[:60]},
        scopes=[ApiToken.Scope.HEARTBEATS],
        lifetime=min(timedelta(days=days), MAX_LIFETIME),
        publisher_id=connector.publisher_id,
        connector_id=connector.pk,
        actor=actor,
    )


def beat(connector: Connector, *, is_failing: bool, message: str = "", actor: User) -> Heartbeat:
    """The backend says that it is well, or that it is not. Raises Conflict while heartbeats are off.

    Of a long message the beginning is kept, without what looks like a secret: a report of trouble is not
    refused for its words.
    """
    require(can_send_heartbeat, actor, connector)
    _refuse_closed(connector)
    words = mask_secrets(_plain(message)).text[:LONGEST_MESSAGE].strip()
    with transaction.atomic():
        row = Heartbeat.objects.select_for_update().filter(connector=connector).first()
        if row is None:
            raise Conflict(_("Heartbeats of this connector are off: turn them on under Health, Heartbeat."))
        now = database_now()
        _write(row, now, is_failing, words)
        # Silence that ended, and trouble that began or ended, is told in the same breath.
        _settle(row, connector, now)
    return row


def _plain(message: str) -> str:
    """One line without control characters."""
    return " ".join("".join(each if each.isprintable() else " " for each in message).split())


def _write(row: Heartbeat, now: datetime, is_failing: bool, words: str) -> None:
    is_same = (
        row.heard_at is not None
        and now - row.heard_at < SAME_WITHIN
        and (row.is_failing, row.message) == (is_failing, words)
    )
    row.heard_at, row.is_failing, row.message = now, is_failing, words
    row.missing_at = row.rhythm.missing_after(now)
    row.save(update_fields=["heard_at", "is_failing", "message", "missing_at"])
    if is_same:
        return
    Beat.objects.create(connector_id=row.pk, at=now, is_failing=is_failing, message=words)
    old = Beat.objects.filter(connector=row.pk).order_by("-at", "-pk").values("pk")[KEPT_BEATS:]
    Beat.objects.filter(pk__in=list(old.values_list("pk", flat=True))).delete()


def watch_heartbeats() -> int:
    """One tick: tell of backends that are missing; returns how many alerts fired or ended.

    After an outage of the portal, backends that could have reported in it get another period first. Where
    five or more of several teams became due and nothing at all came in since, the road to the portal is
    broken, not every backend: nobody is told of, and that time counts as an outage once it is over.
    """
    now = database_now()
    with transaction.atomic():
        watch, _made = HeartbeatWatch.objects.select_for_update().get_or_create(defaults={"checked_at": now})
        if deaf_since := _deaf_since(now):
            if not watch.is_held:
                log.error("heartbeats_hear_nobody", since=deaf_since.isoformat())
                HeartbeatWatch.objects.update(is_held=True, checked_at=deaf_since)
            return 0
        if watch.is_held or now - watch.checked_at > AWAY_AFTER:
            _forgive_outage(watch.checked_at, now)
        HeartbeatWatch.objects.update(checked_at=now, is_held=False)
        rows = list(_in_question(now).select_for_update(skip_locked=True, of=("self",))[:_AT_ONCE])
        return sum(_settle(row, row.connector, now) for row in rows)


def _expected() -> QuerySet[Heartbeat]:
    """Of connectors that are live: of the others nobody is told."""
    found = Heartbeat.objects.filter(connector__live_version__isnull=False)
    return found.exclude(connector__state__in=CONNECTOR.terminal)


def _with_alert() -> Exists:
    return Exists(HealthAlert.objects.open().filter(connector=OuterRef("pk"), kind=_KIND))


def _in_question(now: datetime) -> QuerySet[Heartbeat]:
    """Missing, failing, or with an alert that may be over; the longest silent first."""
    found = _expected().filter(Q(missing_at__lt=now) | Q(is_failing=True) | Q(_with_alert()))
    return found.select_related("connector").order_by("missing_at")


def _deaf_since(now: datetime) -> datetime | None:
    """When anything came in last, if so many backends together cannot all have gone since; else None."""
    beats = Heartbeat.objects.aggregate(last=Max("heard_at"))["last"]
    batches = TelemetryBatch.objects.aggregate(last=Max("received_at"))["last"]
    last = max((moment for moment in (beats, batches) if moment), default=None)
    if last is None:
        return None
    waiting = _expected().filter(~Q(_with_alert())).select_related("connector")
    due = {row.connector for row in waiting if last < row.rhythm.due(row.missing_at) < now}
    is_broken = len(due) >= _LEAST_TOGETHER and len({connector.publisher_id for connector in due}) > 1
    return last if is_broken else None


def _forgive_outage(began: datetime, ended: datetime) -> None:
    """Silence of that time says nothing."""
    moved = []
    for row in Heartbeat.objects.select_for_update().filter(missing_at__gt=began):
        missing_at = row.rhythm.after_outage(row.missing_at, began, ended)
        if missing_at != row.missing_at:
            row.missing_at = missing_at
            moved.append(row)
    Heartbeat.objects.bulk_update(moved, ["missing_at"], batch_size=500)
    log.warning("heartbeats_forgive_outage", seconds=round((ended - began).total_seconds()), rows=len(moved))


def _settle(row: Heartbeat, connector: Connector, now: datetime) -> bool:
    state = state_at(row, now)
    is_told = connector.live_version_id is not None and connector.state not in CONNECTOR.terminal
    is_breach = state in (BeatState.MISSING, BeatState.FAILING)
    if is_breach and not is_told:
        return False
    evidence: dict[str, Any] = {
        "is_failing": state == BeatState.FAILING,
        "message": row.message if row.is_failing else "",
        "last_at": row.heard_at.isoformat() if row.heard_at else None,
        "since": row.created_at.isoformat(),
        "period_minutes": row.period_minutes,
        "grace_minutes": row.grace_minutes,
    }
    verdict = Verdict.BREACH if is_breach else Verdict.FINE
    return health_alerts.settle(Finding(row.pk, _KIND, verdict, timedelta(0), evidence), now=now)
