"""What both sides of a campaign wrote down: the portal's tables and audit trail, the regions' own ledgers."""

from __future__ import annotations

import json

from tests.faults.invariants import Act, Effect, Facts, Row
from tests.faults.machines import LATE, Machines


def collect(machines: Machines) -> Facts:
    rows = machines.query(
        """SELECT d.id::text, d.rollout_id::text, d.region_id, c.slug, d.action, d.state, d.idempotency_key,
                  coalesce(d.number, 0), coalesce(v.digest, ''), w.number, d.next_poll_at IS NOT NULL
             FROM certification_regiondeployment d JOIN connectors_connector c ON c.id = d.connector_id
             JOIN certification_rolloutwave w ON w.id = d.wave_id
             LEFT JOIN connectors_version v ON v.id = d.version_id"""
    )
    held = machines.query(
        """SELECT p.region_id, c.slug, coalesce(v.digest, '') FROM certification_placement p
             JOIN connectors_connector c ON c.id = p.connector_id
             LEFT JOIN connectors_version v ON v.id = p.verified_version_id"""
    )
    gated = machines.query(
        """SELECT DISTINCT r.id::text FROM certification_rollout r
             JOIN certification_planwave w ON w.plan_id = r.plan_id WHERE w.bake_seconds > 0"""
    )
    jobs = machines.query("SELECT handler, state FROM shared_outboxjob")
    return Facts(
        acts=_acts(machines, {row[0]: (row[1], row[9]) for row in rows}),
        effects=_effects(machines),
        rows=tuple(Row(*row) for row in rows),
        rollouts=dict(machines.query("SELECT id::text, state FROM certification_rollout")),
        catch_ups=dict(machines.query("SELECT id::text, state FROM certification_catchup")),
        late=LATE if machines.query("SELECT 1 FROM certification_catchup LIMIT 1") else "",
        caught_up=frozenset(
            machines.query(
                "SELECT rollout_id::text, number FROM certification_rolloutwave WHERE catch_up_id IS NOT NULL"
            )
        ),
        held={(region, slug): digest for region, slug, digest in held},
        gated=frozenset(row[0] for row in gated),
        jobs=tuple((handler, state) for handler, state in jobs),
        chain_faults=_chain_faults(machines),
    )


def _acts(machines: Machines, places: dict[str, tuple[str, int]]) -> tuple[Act, ...]:
    acts = []
    for order, action, key, about, data, actor in machines.query(
        "SELECT id, action, object_key, about, data, coalesce(actor_id::text, '') FROM shared_auditrecord ORDER BY id"
    ):
        subject = key.partition(":")[2]
        told = json.loads(data) if isinstance(data, str) else data
        rollout = next((one.partition(":")[2] for one in about if one.startswith("rollout:")), "")
        rollout, wave = places.get(subject, (rollout, int(told.get("wave") or 0)))
        acts.append(
            Act(order, action, subject, rollout, told.get("from", ""), told.get("to", ""), wave, actor)
        )
    return tuple(acts)


def _effects(machines: Machines) -> tuple[Effect, ...]:
    names = ("key", "connector", "number", "action", "digest")
    return tuple(
        Effect(code, **{name: one[name] for name in names})
        for code in machines.served
        for one in machines.ask(code, "GET", "ledger").json()["effective"]
    )


def _chain_faults(machines: Machines) -> tuple[str, ...]:
    """The portal's own command, in a process of its own."""
    ended = machines.run("manage.py", "verify_audit", "--seal", is_checked=False)
    return () if ended.returncode == 0 else tuple(ended.stderr.strip().splitlines()[-20:])
