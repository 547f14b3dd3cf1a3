"""What those around a campaign's portal wrote down, and what the portal has of it."""

from __future__ import annotations

import base64
import hashlib
import json
import uuid
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.faults.exchanges import (
    Batch,
    Delivery,
    Endpoint,
    Exchanges,
    Gate,
    Letter,
    Mail,
    Reception,
    Stored,
    Told,
)
from tests.faults.invariants import Act
from tests.faults.machines import Machines

_EVENTS = ("rollout.", "gatecheck.")


def collect_exchanges(machines: Machines, acts: tuple[Act, ...]) -> Exchanges:
    folder = machines.outside
    world = json.loads((folder / "world.json").read_text())
    return Exchanges(
        mails=tuple(Mail(one["id"], one["is_answered"]) for one in _lines(folder / "mails.jsonl")),
        letters=_letters(machines),
        receptions=tuple(
            Reception(one["path"], one["id"], one["digest"], one["is_signed"], one["fault"])
            for one in _lines(folder / "hooks.jsonl")
        ),
        deliveries=_deliveries(machines),
        endpoints=tuple(Endpoint(*row) for row in machines.query(
            "SELECT '/' || split_part(url, '/', 4), is_active, disabled_because FROM certification_webhookendpoint"
        )),
        events=_events(machines),
        told=_told(folder),
        stored=tuple(Stored(*row) for row in machines.query(
            """SELECT u.id::text, u.filename, u.digest, coalesce(v.digest, '') FROM connectors_upload u
               LEFT JOIN connectors_version v ON v.id = u.version_id"""
        )),
        files=_files(machines.folder / "media"),
        batches=_batches(folder),
        taken=dict(machines.query("SELECT id::text, events FROM connectors_telemetrybatch")),
        counted=_calls(machines, "connectors_healthhour"),
        sums=_calls(machines, "connectors_sample"),
        gates=_gates(machines),
        ill=frozenset(one["rollout"] for one in world["gated"] if one["is_ill"]),
        acts=acts,
    )  # fmt: skip


def answers(machines: Machines) -> dict[str, int]:
    """How calls of the portal ended: by status, `lost` without one, `replays` of what was done before."""
    found: Counter[str] = Counter()
    for path in machines.outside.glob("answers-*.jsonl"):
        for one in _lines(path):
            found[str(one["status"] or "lost")] += 1
            found["replays"] += bool(one.get("is_replay"))
    return dict(sorted(found.items()))


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    """A line that a killed program did not finish was told to nobody."""
    for line in path.read_text().splitlines() if path.exists() else ():
        try:
            yield json.loads(line)
        except ValueError:
            continue


def _letters(machines: Machines) -> tuple[Letter, ...]:
    rows = machines.query(
        """SELECT n.message_id, n.state, coalesce(max(j.fence), 0), n.attempts FROM certification_notification n
             LEFT JOIN shared_outboxjob j ON j.topic = 'notification.queue' AND j.payload->>'id' = n.id::text
            WHERE n.state NOT IN ('portal', 'digest') GROUP BY n.id"""
    )
    return tuple(Letter(*row) for row in rows)


def _deliveries(machines: Machines) -> tuple[Delivery, ...]:
    rows = machines.query(
        """SELECT d.id::text, '/' || split_part(e.url, '/', 4), d.sequence, d.state, d.attempts
             FROM certification_webhookdelivery d JOIN certification_webhookendpoint e ON e.id = d.endpoint_id"""
    )
    return tuple(
        Delivery(path, _message_of(key), sequence, state, tuple(one["status"] or 0 for one in tried))
        for key, path, sequence, state, tried in rows
    )


def _message_of(key: str) -> str:
    return "msg_" + base64.urlsafe_b64encode(uuid.UUID(key).bytes).decode().rstrip("=")


def _events(machines: Machines) -> tuple[int, ...]:
    """All rollouts are the one team's."""
    known = json.loads(machines.run("-c", _EVENT_TYPES).stdout.splitlines()[-1])
    names = ", ".join(f"'{name}'" for name in known if name.startswith(_EVENTS))
    rows = machines.query(
        f"""SELECT s.sequence FROM shared_auditrecord r JOIN shared_auditseal s ON s.record_id = r.id
             WHERE r.action IN ({names})"""
    )
    return tuple(row[0] for row in rows)


_EVENT_TYPES = """
import json
import django
django.setup()
from certification import events
print(json.dumps(sorted(events.types())))
"""


def _told(folder: Path) -> tuple[Told, ...]:
    return tuple(
        Told(one["key"], one["status"], one["id"], one["digest"])
        for path in sorted(folder.glob("uploads-*.jsonl"))
        for one in _lines(path)
    )


def _files(media: Path) -> dict[str, str]:
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in media.rglob("*")
        if path.is_file() and not path.name.startswith(".")
    }


def _batches(folder: Path) -> tuple[Batch, ...]:
    return tuple(
        Batch(one["id"], (one["region"], one["connector"], one["version"]), one["status"], one["calls"])
        for one in _lines(folder / "telemetry.jsonl")
    )


def _calls(machines: Machines, table: str) -> dict[tuple[str, str, str], int]:
    rows = machines.query(
        f"""SELECT t.region_id, c.slug, t.version_label, sum(t.requests)::bigint FROM {table} t
              JOIN connectors_connector c ON c.id = t.connector_id GROUP BY 1, 2, 3"""
    )
    return {(region, connector, version): int(calls) for region, connector, version, calls in rows}


def _gates(machines: Machines) -> tuple[Gate, ...]:
    found = []
    for rollout, wave, verdict, evidence in machines.query(
        """SELECT g.rollout_id::text, w.number, g.verdict, g.evidence FROM certification_gatecheck g
             JOIN certification_rolloutwave w ON w.id = g.wave_id"""
    ):
        checks = {one["key"]: one for one in evidence["checks"]}
        success = checks.get("success", {})
        calls = int(success.get("figures", {}).get("treated_calls", 0))
        found.append(Gate(rollout, wave, verdict, success.get("verdict", ""), calls))
    return tuple(found)
