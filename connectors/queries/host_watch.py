"""Reads of the watch over hosts: what the last looks found, and when each live connector was last called."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection
from django.utils import timezone

from connectors.models import Connector, HealthAlert, HostCheck, HostWatch
from connectors.runtime.hosts import txt_name, txt_value

HOST_KINDS = (HealthAlert.Kind.HOST, HealthAlert.Kind.CERTIFICATE, HealthAlert.Kind.OWNERSHIP)
SHOWN_DAYS, SHOWN = 30, 60


def live_connectors() -> set[UUID]:
    found = Connector.objects.filter(live_version__isnull=False).exclude(state="retired")
    return set(found.values_list("pk", flat=True))


def last_reports() -> dict[UUID, tuple[datetime, datetime | None]]:
    """Live connector -> (since when it is watched, the last hour in which a call was reported). One query."""
    query = """
        SELECT c.id, w.created_at,
               (SELECT h.hour FROM connectors_healthhour h WHERE h.connector_id = c.id
                 ORDER BY h.hour DESC LIMIT 1)
          FROM connectors_connector c JOIN connectors_hostwatch w ON w.connector_id = c.id
         WHERE c.live_version_id IS NOT NULL AND c.state <> 'retired'
    """
    with connection.cursor() as cursor:
        cursor.execute(query)
        return {row[0]: (row[1], row[2]) for row in cursor.fetchall()}


@dataclass(frozen=True, slots=True)
class HostPage:
    """What the page of a connector's host shows; `checks` are newest first."""

    host: str
    watch: HostWatch | None
    checks: list[HostCheck]
    fine: int
    total: int
    txt_value: str = ""

    @property
    def txt_name(self) -> str:
        return txt_name(self.host.partition(":")[0])

    @property
    def last(self) -> HostCheck | None:
        return self.checks[0] if self.checks else None

    @property
    def days_left(self) -> int | None:
        """Of the certificate last seen."""
        seen = next((check.expires_at for check in self.checks if check.expires_at), None)
        return (seen - timezone.now()).days if seen else None


def host_page(connector: Connector) -> HostPage:
    since = timezone.now() - timedelta(days=SHOWN_DAYS)
    found = HostCheck.objects.filter(connector=connector, at__gte=since)
    watch = HostWatch.objects.filter(connector=connector).first()
    version = connector.live_version
    token = watch.ownership_token if watch else ""
    return HostPage(
        host=str(version.facts.get("host") or "") if version else "",
        watch=watch,
        checks=list(found[:SHOWN]),
        fine=found.filter(stage=HostCheck.Stage.FINE).count(),
        total=found.count(),
        txt_value=txt_value(token) if token else "",
    )
