"""What a gate is shown: calls of regions with the new version and without it, smoke tests, probes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence

from django.db.models import Q

from certification.gating.counts import Sample
from certification.gating.gate import Evidence, Smoke
from certification.models import Placement, RegionDeployment, Rollout, RolloutWave
from certification.queries.smoke import SmokeVerdict, smoke_verdicts
from connectors.queries.comparison import RegionHour, region_hours

BEFORE = dt.timedelta(days=7)
DISAGREEMENT_HOLDS = dt.timedelta(minutes=5)
"""A region that has just changed may show the old package for a moment."""


def gather(rollout: Rollout, wave: RolloutWave, *, since: dt.datetime, now: dt.datetime) -> Evidence:
    """Everything the gate after `wave` may ask about, since the wave has the version."""
    rows = list(
        rollout.deployments.filter(action="deploy")
        .select_related("region", "wave")
        .defer("region__credentials")
    )
    own = [row for row in rows if row.wave_id == wave.pk and row.state == "verified"]
    regions = {row.region_id for row in own}
    began = rollout.started_at or rollout.created_at
    treated, control = _compared(rollout, rows, regions, region_hours(rollout.connector_id, since, now))
    before = [
        _sample(hour)
        for hour in region_hours(rollout.connector_id, began - BEFORE, began)
        if hour.version != rollout.version.label
    ]
    return Evidence(
        regions=regions,
        treated=treated,
        control=control,
        before=before,
        now=_number(now),
        since=_number(since),
        before_days=_days(before),
        gates=max(rollout.waves.count() - 1, 1),
        is_first=rollout.previous_version_id is None,
        smoke=_smoke(own),
        disagreeing=disagreeing(rollout, own, now=now),
        names={row.region_id: row.region.name for row in rows},
    )


def _compared(
    rollout: Rollout, rows: Sequence[RegionDeployment], regions: Collection[str], hours: list[RegionHour]
) -> tuple[list[Sample], list[Sample]]:
    """The wave's regions with the new version, and regions that nobody has sent it to. Where no version came
    before, regions of earlier waves stand in for the latter."""
    label = rollout.version.label
    treated = [_sample(hour) for hour in hours if hour.region in regions and hour.version == label]
    sent = {row.region_id for row in rows if row.state not in ("pending", "skipped", "cancelled")}
    if rollout.previous_version_id is None:
        earlier = sent - set(regions)
        return treated, [_sample(one) for one in hours if one.region in earlier and one.version == label]
    return treated, [_sample(one) for one in hours if one.region not in sent and one.version != label]


def _sample(hour: RegionHour) -> Sample:
    return Sample(
        hour.region, _number(hour.hour), hour.calls, hour.failures, statuses=hour.errors, latency=hour.latency
    )


def _number(moment: dt.datetime) -> int:
    return int(moment.timestamp() // 3600)


def _days(before: Sequence[Sample]) -> float:
    """How much of the week before is on record; a young connector has less."""
    hours = {sample.hour for sample in before}
    return (max(hours) - min(hours) + 1) / 24 if hours else 0.0


def _smoke(deployments: Sequence[RegionDeployment]) -> list[Smoke]:
    verdicts = smoke_verdicts(row.pk for row in deployments)
    found = ((row.region_id, verdicts[row.pk]) for row in deployments)
    return [Smoke(code, _outcome(told), told.message, told.way) for code, told in found]


def _outcome(verdict: SmokeVerdict) -> str:
    if verdict.outcome != "inconclusive":
        return verdict.outcome
    return "undecided" if verdict.undecided else "untested"


def disagreeing(rollout: Rollout, rows: Collection[RegionDeployment], *, now: dt.datetime) -> list[str]:
    """Regions of these acts in which a probe finds another package than reported, since the last release."""
    settled = {row.region_id for row in rows if row.state in ("verified", "failed")}
    lasting = Q(disagrees_since__lte=now - DISAGREEMENT_HOLDS) | Q(region_id__in=settled)
    found = Placement.objects.filter(
        lasting,
        connector_id=rollout.connector_id,
        region_id__in=[row.region_id for row in rows],
        disagrees_since__isnull=False,
    )
    if rollout.released_at:
        found = found.filter(disagrees_since__gt=rollout.released_at)
    return sorted(found.values_list("region_id", flat=True))
