"""What past rollouts say about those to come: durations of regions, slips of waves, lengths of pauses."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import Any

from django.db import connection
from django.db.models import OuterRef, Subquery

from certification.models import DateChange, Rollout, RolloutWave
from certification.planning.history import Durations, History, Slips, slips_from
from certification.queries.durations import QUANTILES, region_durations, since
from certification.queries.plans import calendar_of

_ROLLOUTS = 100
_PAUSES = {
    "rollout.hold": "holds",
    "rollout.halt": "halts",
    "deployment.fail": "repairs",
    "deployment.lose": "repairs",
}
_ENDS = [
    "rollout.resume",
    "rollout.release",
    "rollout.start_rollback",
    "deployment.retry",
    "deployment.report",
    "deployment.skip",
]


def history_of_rollouts(*, with_pauses: bool = False) -> History:
    """Two queries; a third, slower one for holds, halts and repairs, where something is held or stuck."""
    regions = region_durations()
    anywhere = regions.pop(None, Durations((0.0,)))
    pauses = _pauses() if with_pauses else {}
    return History(
        regions={code: found for code, found in regions.items() if code},
        anywhere=anywhere,
        slips=slips_of_waves(),
        **pauses,
    )


def slips_of_waves() -> Slips:
    """How many open days waves of finished rollouts slipped, each against the one before it."""
    first = DateChange.objects.filter(wave=OuterRef("pk")).order_by("at", "pk")
    finished = Rollout.objects.filter(state="completed", finished_at__gte=since())
    ids = list(finished.order_by("-finished_at").values_list("pk", flat=True)[:_ROLLOUTS])
    waves = (
        RolloutWave.objects.filter(rollout__in=ids, started_at__isnull=False)
        .annotate(promised=Subquery(first.values("old_at")[:1]))
        .select_related("rollout__plan")
        .order_by("rollout", "number")
    )
    slips: list[int] = []
    total, of = 0, None
    for wave in waves:
        late = _open_days_late(wave)
        slips.append(max(late - (total if of == wave.rollout_id else 0), 0))
        total, of = late, wave.rollout_id
    causes = Counter(DateChange.objects.filter(rollout__in=ids).values_list("cause", flat=True))
    return slips_from(slips, causes)


def _open_days_late(wave: Any) -> int:
    """Open days between the date first promised and the one that came, by the calendar of the plan."""
    calendar = calendar_of(wave.rollout.plan)
    promised = calendar.date_of(wave.promised or wave.planned_at)
    came = calendar.date_of(max(wave.started_at, wave.planned_at))
    days = (promised + dt.timedelta(days=offset + 1) for offset in range((came - promised).days))
    return sum(calendar.is_business_day(day) for day in days)


def _pauses() -> dict[str, Durations]:
    """Lengths of holds and halts, and how long a failed or lost region waited for somebody."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH rollouts AS (
                SELECT 'rollout:' || id AS key FROM certification_rollout
                 WHERE started_at >= %s ORDER BY started_at DESC LIMIT %s),
            trail AS (
                SELECT r.action, r.at, lead(r.at) OVER (PARTITION BY r.object_key ORDER BY r.id) AS ended
                  FROM rollouts x JOIN shared_auditrecord r ON r.about @> ARRAY[x.key]::varchar[]
                 WHERE r.action = ANY(%s)),
            named AS (
                SELECT CASE WHEN action LIKE 'deployment.%%' THEN 'repairs' ELSE action END AS action,
                       extract(epoch FROM ended - at) AS seconds
                  FROM trail WHERE ended IS NOT NULL AND action = ANY(%s))
            SELECT action, count(*), percentile_cont(%s::float8[]) WITHIN GROUP (ORDER BY seconds)
              FROM named GROUP BY action
            """,
            [since(), _ROLLOUTS, [*_PAUSES, *_ENDS], list(_PAUSES), QUANTILES],
        )
        return {
            _PAUSES.get(action, action): Durations(tuple(map(float, points)), count)
            for action, count, points in cursor.fetchall()
        }
