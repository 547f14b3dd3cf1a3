"""How a connector does, for everybody: only where its team asked for it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from certification.models import Notice
from certification.queries.notices import standing
from certification.queries.public import Place, moving_version, places_of, public_connectors
from connectors.figures import Figures
from connectors.models import Connector, HealthAlert
from connectors.queries.care import Told, issues
from connectors.queries.health import WINDOWS, Health, Selection, health_of

_FAILING = ("burn_fast", "burn_slow", "burn_steady", "failures")


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the strip; `figures` without calls are no data."""

    on: dt.date
    figures: Figures

    @property
    def tone(self) -> str:
        rate = self.figures.success_rate
        if rate is None:
            return "neutral"
        return "success" if rate >= 0.99 else "warning" if rate >= 0.95 else "danger"


@dataclass(frozen=True, slots=True)
class PublicStatus:
    """`key` is retired, deprecated, failing, degraded, unknown or fine; `words` the same for people."""

    key: str
    words: str
    tone: str
    health: Health
    days: Sequence[Day]
    places: Sequence[Place]
    notices: Sequence[Notice]
    issues: Sequence[Told]

    @property
    def versions(self) -> list[str]:
        """What the regions have, newest first."""
        found = {place.has.number: place.has.label for place in self.places if place.has}
        return [found[number] for number in sorted(found, reverse=True)]


def connectors_with_status() -> QuerySet[Connector]:
    return public_connectors().filter(has_status_page=True)


def status_of(connector: Connector) -> PublicStatus:
    health = health_of(Selection(connector.pk, WINDOWS["30d"]))
    key, words, tone = standing_of(connector, health.last_at)
    return PublicStatus(
        key, words, tone, health,
        days=[Day(point.at.date(), point.figures) for point in health.points],
        places=places_of(connector, moving_version(connector)),
        notices=list(standing(connector)),
        issues=issues(connector, is_open=True),
    )  # fmt: skip


def standing_of(connector: Connector, last_at: dt.datetime | None) -> tuple[str, str, str]:
    """(key, words, tone). No data is not healthy: without a report of the last two days nobody knows."""
    if connector.state == "retired":
        return "retired", _("Retired"), "neutral"
    alerts = set(HealthAlert.objects.filter(connector=connector).open().values_list("kind", flat=True))
    if alerts & set(_FAILING):
        return "failing", _("Calls fail"), "danger"
    if alerts:
        return "degraded", _("Something is unusual"), "warning"
    if last_at is None or timezone.now() - last_at > dt.timedelta(days=2):
        return "unknown", _("No data"), "neutral"
    if connector.state == "deprecated":
        return "deprecated", _("Works, and retires"), "warning"
    return "fine", _("Works"), "success"
