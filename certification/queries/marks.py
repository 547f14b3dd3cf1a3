"""When versions reached regions: what the time axes of health are marked with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from certification.models import RegionDeployment
from connectors.models import Connector

# More marks than this would only hide the curve; the latest ones are shown.
_MOST = 400


@dataclass(frozen=True, slots=True)
class Mark:
    """A version reached these regions with one wave, or was rolled back in them, first at `at`."""

    at: datetime
    label: str
    regions: Sequence[str]
    is_rollback: bool


def marks_of(connector: Connector, *, since: datetime, until: datetime, region: str = "") -> list[Mark]:
    """Verified deployments between two moments, those of one wave together, oldest first."""
    found = RegionDeployment.objects.filter(
        connector=connector, verified_at__gte=since, verified_at__lt=until
    )
    if region:
        found = found.filter(region=region)
    rows = found.select_related("region", "version", "wave").order_by("-verified_at")[:_MOST]
    groups: dict[object, list[RegionDeployment]] = {}
    for row in reversed(rows):
        groups.setdefault((row.wave_id or row.pk, row.action, row.version_id), []).append(row)
    return sorted((_mark(group) for group in groups.values()), key=lambda mark: mark.at)


def _mark(group: list[RegionDeployment]) -> Mark:
    first = group[0]
    assert first.verified_at is not None
    version = first.version.label if first.version else _("removed")
    is_rollback = first.action == RegionDeployment.Action.ROLLBACK
    place = _("wave %(number)s") % {"number": first.wave.number} if first.wave else _("Preview")
    label = _("back to %(version)s") % {"version": version} if is_rollback and first.version else version
    return Mark(first.verified_at, f"{label}, {place}", [row.region.name for row in group], is_rollback)
