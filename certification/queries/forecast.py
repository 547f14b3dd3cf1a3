"""When a submission will be live: how long others of its kind stayed in each state, or the defaults."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from django.db import connection

from certification.lifecycle import SUBMISSION, SubmissionState
from certification.planning.stages import DEFAULTS, HOTFIX_DEFAULTS, Allowance, Spread, way_from

_HISTORY = 200


def history_of(kind: str) -> dict[str, Spread]:
    """State -> spread, over the last submissions of `kind` that went live."""
    return histories_of([kind])[kind]


def histories_of(kinds: Collection[str]) -> dict[str, dict[str, Spread]]:
    """Each of `kinds` -> its history, in one query; none for no kinds."""
    found: dict[str, dict[str, Spread]] = {kind: {} for kind in kinds}
    if not found:
        return found
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH finished AS (
                SELECT asked.kind, 'submission:' || latest.id AS key
                  FROM unnest(%s::varchar[]) AS asked (kind)
                 CROSS JOIN LATERAL (
                     SELECT id FROM certification_submission s
                      WHERE s.state IN ('live', 'superseded') AND s.kind = asked.kind
                      ORDER BY s.state_changed_at DESC LIMIT %s) AS latest),
            stays AS (
                SELECT f.kind, r.data->>'to' AS state,
                       extract(epoch FROM lead(r.at) OVER trail - r.at) AS seconds
                  FROM finished f
                  JOIN shared_auditrecord r ON r.about @> ARRAY[f.key]::varchar[] AND r.object_key = f.key
                 WHERE r.data ? 'to'
                WINDOW trail AS (PARTITION BY f.key ORDER BY r.id))
            SELECT kind, state, count(*), percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds),
                   percentile_cont(0.9) WITHIN GROUP (ORDER BY seconds)
              FROM stays WHERE seconds IS NOT NULL GROUP BY kind, state
            """,
            [list(found), _HISTORY],
        )
        for kind, state, number, median, late in cursor.fetchall():
            found[kind][state] = Spread(number, float(median), float(late))
    return found


def defaults_of(kind: str) -> Mapping[str, Allowance]:
    return HOTFIX_DEFAULTS if kind == "hotfix" else DEFAULTS


def is_on_the_way(state: str) -> bool:
    """Whether a date of going live can be given at all."""
    return state not in SUBMISSION.terminal and state != SubmissionState.LIVE and bool(way_from(state))
