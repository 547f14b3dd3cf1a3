"""The plans of the queries that run all day: none may read a table that grows from end to end."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from benchmarks import django_ready  # noqa: F401 - sets Django up
from certification.models import Rollout
from certification.queries import placements
from certification.services import (
    advance,
    deployments,
    forecasts,
    halts,
    polling,
    previews,
    probes,
    retention,
)
from certification.services.clock import database_now
from portal.shared import audit, outbox
from portal.shared.actors import SYSTEM

GROWING = {
    "certification_regiondeployment", "certification_placement", "certification_rollout",
    "certification_rolloutwave", "certification_submission", "connectors_version", "connectors_connector",
    "shared_auditrecord", "shared_auditseal", "shared_outboxjob",
}  # fmt: skip


def sequential_scans(plan: dict[str, Any]) -> Iterator[str]:
    """The growing tables that a plan reads from end to end."""
    if plan.get("Node Type") == "Seq Scan" and plan.get("Relation Name") in GROWING:
        yield plan["Relation Name"]
    for part in plan.get("Plans", ()):
        yield from sequential_scans(part)


def _deeds() -> dict[str, Callable[[], object]]:
    rollout = Rollout.objects.filter(state="running").first()
    assert rollout is not None
    row = rollout.deployments.exclude(state="pending").first()
    assert row is not None
    Rollout.objects.filter(pk=rollout.pk).update(next_step_at=database_now())
    return {
        "claim what is to be polled": lambda: polling._claim(polling.BATCH),
        "claim what is to be looked at": lambda: probes._claim(probes.BATCH),
        "step one rollout": lambda: advance.advance_due(limit=1),
        "lock one deployment": lambda: deployments.lock_placement(deployments.lock_deployment(row.pk)),
        "is anything moving there": lambda: deployments._is_moving(row),
        "halt": lambda: halts.halt(rollout, reason="A fault was seen.", actor=SYSTEM),
        "what a rollback has to return": lambda: advance.holding(rollout),
        "seal the audit trail": lambda: audit.seal(limit=100),
        "history of a rollout": lambda: list(audit.history(rollout)[:50]),
        "sweep jobs": outbox.sweep,
        "claim a job": outbox.claim,
        "forget what is kept no longer": retention.keep_to_rules,
        "forecast of a rollout": lambda: forecasts.refresh(rollout.pk, forecasts.Cause("time.pass")),
        "overdue previews": previews.check_deadlines,
        "the three truths of a connector": lambda: placements.truths_of(rollout.connector_id),
    }


def plans_of_hot_queries() -> dict[str, object]:
    """Every statement of each deed, explained with the values it ran with."""
    found: dict[str, object] = {}
    for name, deed in _deeds().items():
        with CaptureQueriesContext(connection) as captured, transaction.atomic():
            deed()
            transaction.set_rollback(True)
        scans = {scan for query in captured for scan in _scans(query["sql"])}
        found[name] = {"statements": len(captured), "sequential_scans": sorted(scans)}
    return found


def _scans(sql: str) -> list[str]:
    if not sql.lstrip().upper().startswith(("SELECT", "UPDATE", "WITH", "DELETE")):
        return []
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (FORMAT JSON) {sql.replace('%', '%%')}")
        value = cursor.fetchone()[0]
        transaction.set_rollback(True)
    plan = json.loads(value) if isinstance(value, str) else value
    return list(sequential_scans(plan[0]["Plan"]))
