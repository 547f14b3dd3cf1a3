"""Health of connectors: what regions report, kept in partitions and rolled up level by level."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from connectors.figures import count_statuses
from connectors.latency import BUCKETS
from connectors.models import HealthHour
from connectors.services.health_intake import Receipt, Rejection, take_batch
from connectors.services.health_partitions import keep_partitions
from connectors.services.health_rollup import count_anew, roll_up
from portal.shared.actors import Actor
from portal.shared.errors import InvalidInput, NotPermitted

__all__ = ["Hour", "Receipt", "Rejection", "import_hours", "keep_partitions", "roll_up", "take_batch"]

_ROWS_AT_ONCE = 2_000


@dataclass(frozen=True, slots=True)
class Hour:
    """An hour that was counted elsewhere. `hour` is its aware beginning; `statuses` and `latency` as in
    `HealthHour`."""

    connector_id: UUID
    region_code: str
    version_label: str
    operation: str
    hour: datetime
    statuses: Mapping[str, int]
    latency: tuple[int, ...]
    connections: int = 0


def import_hours(hours: Iterable[Hour], *, actor: Actor) -> int:
    """Bring in the history of another system, for administrators and the portal itself; returns how many
    hours.

    An hour that exists is left as it is, so the import can be repeated and never counts a call twice. The
    days it touches are counted anew from their hours.
    """
    if actor.pk is not None and not getattr(actor, "is_administrator", False):
        raise NotPermitted(_("Only an administrator imports figures."))
    count = 0
    touched: set[tuple[UUID, datetime]] = set()
    with transaction.atomic():
        rows: list[HealthHour] = []
        for hour in hours:
            rows.append(_row_of(hour))
            touched.add((hour.connector_id, _midnight(hour.hour)))
            count += 1
            if len(rows) >= _ROWS_AT_ONCE:
                HealthHour.objects.bulk_create(rows, ignore_conflicts=True)
                rows = []
        HealthHour.objects.bulk_create(rows, ignore_conflicts=True)
        _count_touched(touched)
    return count


def _count_touched(touched: set[tuple[UUID, datetime]]) -> None:
    days: dict[UUID, list[datetime]] = {}
    for connector, midnight in touched:
        days.setdefault(connector, []).append(midnight)
    for connector, midnights in days.items():
        count_anew([connector], first=min(midnights), until=max(midnights) + timedelta(days=1))


def _midnight(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _row_of(hour: Hour) -> HealthHour:
    begins = hour.hour
    if len(hour.latency) != BUCKETS or begins.minute or begins.second or begins.microsecond:
        raise InvalidInput(
            _("An hour begins at minute 0 and its histogram has %(buckets)s buckets.") % {"buckets": BUCKETS}
        )
    requests, successes, throttled = count_statuses(hour.statuses)
    return HealthHour(
        connector_id=hour.connector_id,
        region_id=hour.region_code,
        version_label=hour.version_label,
        operation=hour.operation,
        hour=begins,
        requests=requests,
        successes=successes,
        throttled=throttled,
        statuses=dict(hour.statuses),
        latency=list(hour.latency),
        connections=hour.connections,
    )
