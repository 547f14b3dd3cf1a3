"""The time ledgers of many submissions added up: where the last months went, for a team or for everybody."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from uuid import UUID

from django.db import connection
from django.utils import timezone

from certification.models.ledger import Holder
from certification.queries.ledger import HOLDERS, STEP_OF, STEPS, Share, StepTime, shares_of

DAYS = 90


@dataclass(frozen=True, slots=True)
class TimeSum:
    """All time of the last `days` that somebody had to act in; `steps` in the order of the way."""

    shares: list[Share]
    steps: list[StepTime]
    total_seconds: float
    submissions: int
    days: int = DAYS

    @property
    def longest(self) -> Share | None:
        return self.shares[0] if self.shares else None


def time_sum(publisher_id: UUID | None = None, *, now: dt.datetime | None = None) -> TimeSum:
    """The sums of one team's submissions, or of all. One query.

    Only what lies inside the window counts, of finished stretches exactly. The stay that lasts belongs to
    whose turn it is, or to the incident that holds it; freezes are taken out of it once it is finished.
    """
    now = now or timezone.now()
    holders = {state: holder for state, holder in HOLDERS.items() if holder != Holder.NOBODY}
    values = {
        "now": now,
        "since": now - dt.timedelta(days=DAYS),
        "publisher": publisher_id,
        "holder_of": json.dumps(holders),
        "step_of": json.dumps(STEP_OF),
        "lasting": list(holders),
    }
    with connection.cursor() as cursor:
        cursor.execute(_SUMS, values)
        rows = cursor.fetchall()
    pieces = [(step, holder, dt.timedelta(seconds=float(seconds))) for step, holder, seconds, _ in rows]
    return _sum_of(pieces, rows[0][3] if rows else 0)


# A stay that was left in the last minute is in neither part until the ledger's tick has written it down.
_SUMS = """
    WITH mine AS (
        SELECT s.id, s.state, s.state_changed_at, s.submitted_at
          FROM certification_submission s JOIN connectors_connector c ON c.id = s.connector_id
         WHERE %(publisher)s::uuid IS NULL OR c.publisher_id = %(publisher)s::uuid),
    pieces AS (
        SELECT t.ledger_id AS id, t.step, t.holder,
               extract(epoch FROM least(t.ends_at, %(now)s) - greatest(t.starts_at, %(since)s)) AS seconds
          FROM certification_timestretch t JOIN mine m ON m.id = t.ledger_id
         WHERE t.ends_at > %(since)s AND t.starts_at < %(now)s AND t.holder <> 'nobody'
        UNION ALL
        SELECT m.id, %(step_of)s::jsonb ->> m.state,
               CASE WHEN m.state = 'held' AND EXISTS (
                        SELECT 1 FROM certification_rollout r
                         WHERE r.submission_id = m.id AND r.state = 'held' AND r.incident_id IS NOT NULL)
                    THEN 'incident' ELSE %(holder_of)s::jsonb ->> m.state END,
               extract(epoch FROM %(now)s - greatest(m.state_changed_at, %(since)s))
          FROM mine m
         WHERE m.state = ANY(%(lasting)s) AND m.state_changed_at < %(now)s AND m.submitted_at IS NOT NULL)
    SELECT step, holder, sum(seconds), (SELECT count(DISTINCT id) FROM pieces)
      FROM pieces GROUP BY step, holder
"""


def _sum_of(pieces: list[tuple[str, str, dt.timedelta]], submissions: int) -> TimeSum:
    lengths: dict[str, dict[str, dt.timedelta]] = {}
    whole: dict[str, dt.timedelta] = {}
    for step, holder, length in pieces:
        lengths.setdefault(step, {})[holder] = length
        whole[holder] = whole.get(holder, dt.timedelta()) + length
    steps = []
    for key, (label, _) in STEPS.items():
        shares = shares_of(lengths.get(key, {}))
        if shares:
            steps.append(StepTime(label, sum(share.seconds for share in shares), shares))
    shares = shares_of(whole)
    return TimeSum(shares, steps, sum(share.seconds for share in shares), submissions)
