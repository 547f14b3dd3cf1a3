"""How long regions take to hold a version, from the deployments of the last months."""

from __future__ import annotations

from django.db import connection

from certification.planning.inputs import Duration

MIN_SAMPLES = 5
"""With fewer deployments a region has no history worth the name."""


def durations_by_region(*, days: int = 180) -> dict[str, Duration]:
    """Region -> seconds from sending to verified, half and nine tenths of the verified deployments."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT region_id,
                   percentile_cont(ARRAY[0.5, 0.9])
                       WITHIN GROUP (ORDER BY extract(epoch FROM verified_at - intended_at))
              FROM certification_regiondeployment
             WHERE action = 'deploy' AND state = 'verified' AND verified_at >= intended_at
               AND verified_at > statement_timestamp() - make_interval(days => %s)
             GROUP BY region_id HAVING count(*) >= %s
            """,
            [days, MIN_SAMPLES],
        )
        return {region: Duration(float(usual), float(late)) for region, (usual, late) in cursor.fetchall()}
