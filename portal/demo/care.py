"""What teams of the demo world tell and promise of their live connectors, and the alert of a bad hour."""

from __future__ import annotations

import datetime as dt
import statistics
from decimal import Decimal

from certification.services import notices
from connectors.models import Beat, Connector, HealthAlert, Heartbeat
from connectors.objectives import LEAST_WEEKS, Verdict
from connectors.queries.health_watch import figures_of_hours
from connectors.services import health_alerts, heartbeats, known_issues
from connectors.services.connectors import update_connector
from portal.accounts.models import User

_TOLD = {
    "saltmarsh-tides": (
        (404, "No such station", "Stations close in winter. Ask `ListStations` for those that report today."),
        (None, "Times around the change to summer time", "They are in UTC; convert them to the port's zone."),
    ),
    "kestrel-ferry-tickets": (
        (409, "The crossing is sold out", "Somebody took the last seat meanwhile. Search again."),
    ),
}  # fmt: skip
_PROMISED = {"kestrel-ferry-tickets": Decimal("99.5"), "nightjar-bird-counts": Decimal(97)}
_ON_STATUS = ("saltmarsh-tides", "kestrel-ferry-tickets")
_CHANGES = "kestrel-ferry-tickets"
# Minutes: the period, the grace, how long ago the last beat was. The second goes missing while one looks on.
_BEATING = {
    "saltmarsh-tides": heartbeats.RhythmDraft(24 * 60, 120),
    "nightjar-bird-counts": heartbeats.RhythmDraft(60, 15),
}
_HEARD_MINUTES_AGO = {"saltmarsh-tides": 200, "nightjar-bird-counts": 62}
_TROUBLED = "copperline-meters"


def write(present: dt.datetime) -> None:
    """Known issues, objectives and one alert; connectors that are not in this world are left out."""
    live = {one.slug: one for one in Connector.objects.exclude(live_version=None).select_related("publisher")}
    for slug, issues in _TOLD.items():
        for status, title, text in issues if slug in live else ():
            draft = known_issues.IssueDraft(title, text, status)
            known_issues.tell(live[slug], draft, actor=_owner(live[slug]))
    for slug, percent in _PROMISED.items():
        if slug in live:
            objective = health_alerts.ObjectiveDraft(percent, 2500, Decimal(95), 180)
            health_alerts.set_objective(live[slug], objective, actor=_owner(live[slug]))
    for slug in _ON_STATUS:
        if slug in live:
            update_connector(live[slug], values={"has_status_page": True}, actor=_owner(live[slug]))
    for slug, rhythm in _BEATING.items():
        if slug in live:
            _beats(live[slug], rhythm, present - dt.timedelta(minutes=_HEARD_MINUTES_AGO[slug]))
    if _CHANGES in live:
        notices.announce(live[_CHANGES], _change_to_come(), actor=_owner(live[_CHANGES]))
    if _TROUBLED in live:
        _alert(live[_TROUBLED], present)


def _change_to_come() -> notices.NoticeDraft:
    return notices.NoticeDraft(
        kind="change",
        text="Seats will be booked by deck. Flows that book without one must choose a deck by then.",
        effective_on=notices.earliest_day() + dt.timedelta(days=30),
        successor="The operations whose names end in V2, which come with the next version.",
    )


def _beats(connector: Connector, rhythm: heartbeats.RhythmDraft, last: dt.datetime) -> None:
    """As if the backend had reported for a while; once it was not well."""
    heartbeats.expect(connector, rhythm, actor=_owner(connector))
    row = Heartbeat.objects.get(connector=connector)
    moments = [last - number * row.rhythm.period for number in range(12)]
    Beat.objects.bulk_create(
        Beat(
            connector=connector,
            at=moment,
            is_failing=number == 4,
            message="The nightly import failed: disk full" if number == 4 else "",
        )
        for number, moment in enumerate(moments)
    )
    row.created_at, row.heard_at, row.missing_at = moments[-1], last, row.rhythm.missing_after(last)
    row.save(update_fields=["created_at", "heard_at", "missing_at"])


def _owner(connector: Connector) -> User:
    owner: User = connector.publisher.memberships.filter(role="owner").select_related("user")[0].user
    return owner


def _alert(connector: Connector, present: dt.datetime) -> None:
    """The worst hour of the last day, told as the watch would have told it."""
    last = present.replace(minute=0, second=0, microsecond=0)
    hours = [last - dt.timedelta(hours=ago) for ago in range(1, 27)]
    shares = {
        hour: found.counts.failed / found.counts.calls
        for (_, hour), found in figures_of_hours(hours, connectors=[connector.pk]).items()
        if found.counts.calls
    }
    if len(shares) < LEAST_WEEKS:
        return
    worst = max(shares, key=lambda hour: shares[hour])
    evidence = {
        "hour": worst.isoformat(),
        "value": shares[worst],
        "usual": statistics.median(shares.values()),
        "weeks": LEAST_WEEKS,
        "fleet_factor": 1.0,
    }
    finding = health_alerts.Finding(
        connector.pk, HealthAlert.Kind.FAILURES, Verdict.BREACH, dt.timedelta(minutes=50), evidence
    )
    health_alerts.apply([finding], live={connector.pk}, now=present)
