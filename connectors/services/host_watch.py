"""Watching the hosts of live connectors: one look a day each, spread over the day, sooner while something is
wrong; and connectors nobody calls any more.

A look never happens inside a transaction: due rows are leased, looked at, and written down.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from connectors.models import Connector, HealthAlert, HostCheck, HostWatch
from connectors.objectives import Verdict
from connectors.policies import can_edit_connector
from connectors.queries import host_watch as queries
from connectors.queries.heartbeats import heartbeats_on_time
from connectors.runtime import Egress
from connectors.runtime.hosts import HostLook, Stage, is_owned, is_watched, look_at, place_of, txt_name
from connectors.services.calls import egress
from connectors.services.health_alerts import Finding, apply
from portal.accounts.models import User
from portal.shared import audit
from portal.shared.policy import require

log = structlog.get_logger(__name__)

AT_ONCE, _THREADS = 40, 8
AGAIN_AFTER = timedelta(hours=1)
"""While something is wrong, and until an alert has ended."""
FAILURES_TO_TELL = 2
"""Looks in a row that have to fail before an alert: a restart is nobody's business."""
_LEASE = timedelta(minutes=10)
_QUIET = timedelta(minutes=30)
_KEEP = timedelta(days=120)
_LEAST_TOGETHER = 5
_NO_ROAD = frozenset({Stage.NAME, Stage.CONNECTION})


@dataclass(frozen=True, slots=True)
class _Due:
    """One look to be made; `host` as the live definition has it."""

    watch: HostWatch
    host: str
    port: int


def watch_hosts() -> int:
    """One tick: make the looks that are due; returns how many."""
    if not settings.HOST_WATCH:
        return 0
    _enrol()
    due = _lease()
    guard = egress()
    with ThreadPoolExecutor(max_workers=_THREADS, thread_name_prefix="host-watch") as pool:
        looks = list(pool.map(lambda each: _look(each, guard), due))
    lost = [look for look in looks if look.stage in _NO_ROAD]
    if len(lost) >= _LEAST_TOGETHER and len(lost) == len(looks):
        # The road from here is broken, not every host: the looks count for nothing and are made again.
        log.error("host_watch_finds_nobody", looks=len(looks))
        return 0
    findings = [finding for each, look in zip(due, looks, strict=True) for finding in _record(each, look)]
    apply(findings, live=queries.live_connectors(), now=timezone.now())
    HostCheck.objects.filter(at__lt=timezone.now() - _KEEP).delete()
    return len(looks)


def _enrol() -> None:
    """A row for every live connector with a host; first looks are spread over the day."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO connectors_hostwatch (connector_id, next_at, failures, ownership_token)
            SELECT c.id, now() + random() * make_interval(hours => %s), 0, ''
              FROM connectors_connector c
             WHERE c.live_version_id IS NOT NULL AND c.state <> 'retired'
               AND NOT EXISTS (SELECT 1 FROM connectors_hostwatch w WHERE w.connector_id = c.id)
            ON CONFLICT DO NOTHING
            """,
            [settings.HOST_WATCH_HOURS],
        )


def _lease() -> list[_Due]:
    now, guard = timezone.now(), egress()
    with transaction.atomic():
        rows = list(
            HostWatch.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(next_at__lte=now, connector__live_version__isnull=False)
            .exclude(connector__state="retired")
            .select_related("connector__live_version")
            .order_by("next_at")[:AT_ONCE]
        )
        HostWatch.objects.filter(pk__in=[row.pk for row in rows]).update(next_at=now + _LEASE)
    due, others = [], []
    for row in rows:
        version = row.connector.live_version
        assert version is not None
        try:
            host, port = place_of(str(version.facts.get("host") or ""))
        except ValueError:
            others.append(row.pk)
            continue
        if is_watched(guard, host):
            due.append(_Due(row, host, port))
        else:
            others.append(row.pk)
    HostWatch.objects.filter(pk__in=others).update(next_at=now + _interval())
    return due


def _interval() -> timedelta:
    return timedelta(hours=settings.HOST_WATCH_HOURS)


def _look(due: _Due, guard: Egress) -> HostLook:
    """In a thread of its own: no database here."""
    found = look_at(due.host, due.port, guard)
    token = due.watch.ownership_token
    return replace(found, is_owned=is_owned(due.host, token)) if token else found


def _record(due: _Due, look: HostLook) -> list[Finding]:
    watch, now = due.watch, timezone.now()
    watch.failures = 0 if look.stage == Stage.FINE else watch.failures + 1
    watch.looked_at = now
    if look.is_owned and watch.owned_since is None:
        watch.owned_since = now
    findings = _findings(watch, look, now)
    is_calm = all(finding.verdict == Verdict.FINE for finding in findings) and not _has_open(watch)
    watch.next_at = now + (_interval() if is_calm else AGAIN_AFTER)
    with transaction.atomic():
        watch.save(update_fields=["failures", "looked_at", "owned_since", "next_at"])
        HostCheck.objects.create(
            connector_id=watch.pk,
            host=look.host if due.port == 443 else f"{look.host}:{due.port}",
            stage=look.stage,
            problem=look.problem[:300],
            status=look.status,
            milliseconds=look.milliseconds,
            expires_at=look.expires_at,
            is_owned=look.is_owned,
        )
    return findings


def _has_open(watch: HostWatch) -> bool:
    return HealthAlert.objects.open().filter(connector=watch.pk, kind__in=queries.HOST_KINDS).exists()


def _findings(watch: HostWatch, look: HostLook, now: datetime) -> list[Finding]:
    found = [_of_host(watch, look), _of_certificate(watch, look, now)]
    if watch.owned_since or not watch.ownership_token:
        found.append(_of_ownership(watch, look))
    return found


def _failing(watch: HostWatch) -> Verdict:
    return Verdict.BREACH if watch.failures >= FAILURES_TO_TELL else Verdict.UNKNOWN


def _of_host(watch: HostWatch, look: HostLook) -> Finding:
    # A certificate that is not valid is told by its own alert: the host does answer.
    is_fine = look.stage in (Stage.FINE, Stage.CERTIFICATE)
    verdict = Verdict.FINE if is_fine else _failing(watch)
    evidence = {"host": look.host, "stage": str(look.stage), "problem": look.problem, "looks": watch.failures}
    return Finding(watch.pk, HealthAlert.Kind.HOST, verdict, _QUIET, evidence)


def _of_certificate(watch: HostWatch, look: HostLook, now: datetime) -> Finding:
    evidence: dict[str, object] = {
        "host": look.host,
        "problem": look.problem,
        "expires_at": None,
        "days": None,
    }
    if look.stage == Stage.CERTIFICATE:
        verdict = _failing(watch)
    elif look.expires_at is None:
        # Never came that far: that says nothing of the certificate. Plain http (trial) has none.
        verdict = Verdict.FINE if look.stage == Stage.FINE else Verdict.UNKNOWN
    else:
        days = (look.expires_at - now) / timedelta(days=1)
        evidence |= {"expires_at": look.expires_at.isoformat(), "days": int(days), "problem": ""}
        is_soon = days < settings.HOST_WATCH_CERTIFICATE_DAYS
        verdict = Verdict.BREACH if is_soon else Verdict.FINE
    return Finding(watch.pk, HealthAlert.Kind.CERTIFICATE, verdict, _QUIET, evidence)


def _of_ownership(watch: HostWatch, look: HostLook) -> Finding:
    """Only once the record was there: until then its absence is a step that waits, not a loss. A proof that
    nobody asks for is not missed.
    """
    verdict = {True: Verdict.FINE, False: Verdict.BREACH, None: Verdict.UNKNOWN}[look.is_owned]
    verdict = verdict if watch.ownership_token else Verdict.FINE
    evidence = {"host": look.host, "name": txt_name(look.host)}
    return Finding(watch.pk, HealthAlert.Kind.OWNERSHIP, verdict, _QUIET, evidence)


def watch_dormant() -> int:
    """One tick: tell of live connectors nobody called for `DORMANT_AFTER_DAYS`; returns what changed.

    While no region reports anything, nobody is called dormant.
    """
    now, days = timezone.now(), settings.DORMANT_AFTER_DAYS
    if not days:
        return 0
    _enrol()
    last_reports = queries.last_reports()
    heard = max((last for _, last in last_reports.values() if last), default=None)
    if heard is None or now - heard > timedelta(days=1):
        return 0
    findings = list(_dormant(last_reports, heartbeats_on_time(), now, days))
    return apply(findings, live=last_reports.keys(), now=now)


def _dormant(
    last_reports: Mapping[UUID, tuple[datetime, datetime | None]],
    alive: Collection[UUID],
    now: datetime,
    days: int,
) -> Iterable[Finding]:
    for connector_id, (live_since, last) in last_reports.items():
        quiet = now - max(live_since, last or live_since)
        verdict = Verdict.BREACH if quiet > timedelta(days=days) else Verdict.FINE
        evidence: dict[str, object] = {"last_at": last.isoformat() if last else None, "days": quiet.days}
        evidence["is_alive"] = connector_id in alive
        yield Finding(connector_id, HealthAlert.Kind.DORMANT, verdict, timedelta(hours=1), evidence)


def ask_ownership(connector: Connector, *, actor: User) -> HostWatch:
    """Have every look prove that the team rules the name, by a TXT record of the portal's choice."""
    require(can_edit_connector, actor, connector)
    with transaction.atomic():
        watch, _ = HostWatch.objects.select_for_update().get_or_create(
            connector=connector, defaults={"next_at": timezone.now()}
        )
        if not watch.ownership_token:
            watch.ownership_token, watch.owned_since = secrets.token_urlsafe(24), None
            watch.next_at = timezone.now() + timedelta(minutes=5)
            watch.save(update_fields=["ownership_token", "owned_since", "next_at"])
            audit.record("connector.ask_ownership", connector, actor=actor)
    return watch


def drop_ownership(connector: Connector, *, actor: User) -> None:
    """No proof is wanted any more; an open alert about it ends with the next look."""
    require(can_edit_connector, actor, connector)
    with transaction.atomic():
        watch = HostWatch.objects.select_for_update().filter(connector=connector).first()
        if watch is None or not watch.ownership_token:
            return
        watch.ownership_token, watch.owned_since = "", None
        watch.save(update_fields=["ownership_token", "owned_since"])
        audit.record("connector.drop_ownership", connector, actor=actor)


def looks_at(connector: Connector) -> bool:
    """Whether the portal looks at the host of the live version at all, as it is set up."""
    version = connector.live_version
    if version is None or not settings.HOST_WATCH:
        return False
    try:
        host, _ = place_of(str(version.facts.get("host") or ""))
    except ValueError:
        return False
    return is_watched(egress(), host)
