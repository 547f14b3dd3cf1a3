"""The life of a health alert: it fires once, a person acknowledges it, it resolves when it stays quiet."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from connectors.lifecycle import HEALTH_ALERT
from connectors.models import Connector, HealthAlert, HealthObjective
from connectors.objectives import Verdict
from connectors.policies import can_answer_health_alert, can_set_objective
from portal.shared import audit, outbox
from portal.shared.actors import SYSTEM, Actor
from portal.shared.errors import IllegalTransition, InvalidInput
from portal.shared.policy import require
from portal.shared.transitions import transition


@dataclass(frozen=True, slots=True)
class Finding:
    """What one look says of one promise. It has to be fine for `quiet` before its alert resolves."""

    connector_id: UUID
    kind: str
    verdict: Verdict
    quiet: timedelta
    evidence: Mapping[str, Any]


def apply(findings: Iterable[Finding], *, live: Collection[UUID], now: datetime) -> int:
    """Fire, renew, calm and resolve; returns how many alerts fired or resolved.

    A finding of nothing measured changes nothing: an alert neither begins nor ends on it. Only connectors
    that are live are told of; alerts of the others end after an hour.
    """
    open_now = {
        (alert.connector_id, alert.kind): alert
        for alert in HealthAlert.objects.open().select_related("connector")
    }
    changed = 0
    for finding in findings:
        if finding.connector_id not in live:
            continue
        alert = open_now.get((finding.connector_id, finding.kind))
        match finding.verdict:
            case Verdict.BREACH if alert is None:
                changed += _fire(finding, now)
            case Verdict.BREACH if alert is not None:
                _renew(alert, finding, now)
            case Verdict.FINE if alert is not None:
                changed += _calm(alert, finding, now)
    for alert in open_now.values():
        if alert.connector_id not in live and now - alert.last_breach_at > timedelta(hours=1):
            changed += _end(alert, "No version of the connector is live any more.")
    return changed


def settle(finding: Finding, *, now: datetime) -> bool:
    """Fire, renew or end the one alert that `finding` is about, without a second look: for what was told and
    not measured. Whether it fired or ended."""
    alert = _open_alert(finding.connector_id, finding.kind)
    match finding.verdict:
        case Verdict.BREACH if alert is None:
            return _fire(finding, now)
        case Verdict.BREACH if alert is not None:
            _renew(alert, finding, now)
        case Verdict.FINE if alert is not None:
            return _end(alert, "It is over.")
    return False


def end(connector_id: UUID, kind: str, *, reason: str) -> bool:
    """End an open alert about something that nobody asks for any more."""
    alert = _open_alert(connector_id, kind)
    return alert is not None and _end(alert, reason)


def _open_alert(connector_id: UUID, kind: str) -> HealthAlert | None:
    found = HealthAlert.objects.open().filter(connector_id=connector_id, kind=kind)
    return found.select_related("connector").first()


def _fire(finding: Finding, now: datetime) -> bool:
    try:
        with transaction.atomic():
            alert = HealthAlert.objects.create(
                connector_id=finding.connector_id,
                kind=finding.kind,
                last_breach_at=now,
                evidence=dict(finding.evidence),
            )
            _record("healthalert.fire", alert)
    except IntegrityError:
        return False  # another watcher was faster, or the connector is gone
    return True


def _record(event: str, alert: HealthAlert) -> None:
    data = {"kind": alert.get_kind_display()}
    audit.record(event, alert, actor=SYSTEM, about=[alert.connector], data=data)
    outbox.emit(event, id=str(alert.pk))


def _renew(alert: HealthAlert, finding: Finding, now: datetime) -> None:
    HealthAlert.objects.filter(pk=alert.pk).open().update(
        last_breach_at=now, quiet_since=None, evidence=dict(finding.evidence)
    )


def _calm(alert: HealthAlert, finding: Finding, now: datetime) -> bool:
    if alert.quiet_since is None:
        HealthAlert.objects.filter(pk=alert.pk, quiet_since=None).update(quiet_since=now)
        return False
    return now - alert.quiet_since >= finding.quiet and _end(alert, "It is over.")


def _end(alert: HealthAlert, reason: str) -> bool:
    data = {"kind": alert.get_kind_display()}
    try:
        transition(
            HEALTH_ALERT, alert, "resolve", actor=SYSTEM, reason=reason, about=[alert.connector], data=data
        )
    except IllegalTransition:
        return False  # closed by hand meanwhile
    return True


def acknowledge(alert: HealthAlert, *, actor: Actor) -> None:
    """Somebody looks after it: it stays open, and everybody sees who."""
    require(can_answer_health_alert, actor, alert.connector)
    transition(
        HEALTH_ALERT,
        alert,
        "acknowledge",
        actor=actor,
        changes={"acknowledged_by_id": actor.pk},
        about=[alert.connector],
        data={"kind": alert.get_kind_display()},
    )


def close(alert: HealthAlert, *, reason: str, actor: Actor) -> None:
    """End it by hand, with a reason; it fires anew if it is still true."""
    require(can_answer_health_alert, actor, alert.connector)
    if not reason.strip():
        raise InvalidInput(
            _("Say why it can be closed."), fields={"reason": [_("Say why it can be closed.")]}
        )
    transition(
        HEALTH_ALERT,
        alert,
        "resolve",
        actor=actor,
        reason=reason.strip(),
        about=[alert.connector],
        data={"kind": alert.get_kind_display()},
    )


@dataclass(frozen=True, slots=True)
class ObjectiveDraft:
    success_percent: Decimal
    latency_ms: int
    latency_percent: Decimal
    silence_minutes: int


def set_objective(connector: Connector, draft: ObjectiveDraft, *, actor: Actor) -> HealthObjective:
    """Give a connector its own objective, in place of the defaults or the one before."""
    require(can_set_objective, actor, connector)
    values = {
        "success_percent": draft.success_percent,
        "latency_ms": draft.latency_ms,
        "latency_percent": draft.latency_percent,
        "silence_minutes": draft.silence_minutes,
    }
    made = HealthObjective(connector=connector, **values)
    try:
        made.full_clean(validate_unique=False)
    except ValidationError as error:
        raise InvalidInput(_("This objective cannot be kept."), fields=error.message_dict) from None
    with transaction.atomic():
        row, _created = HealthObjective.objects.update_or_create(connector=connector, defaults=values)
        told = {name: str(value) for name, value in values.items()}
        audit.record("healthobjective.set", connector, actor=actor, data=told)
    return row
