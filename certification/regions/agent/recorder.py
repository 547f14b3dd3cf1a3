"""Count served calls per minute, connector, version and operation; batch the minutes that are over."""

from __future__ import annotations

import json
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from certification.regions.telemetry import LATENCY_BOUNDS_MS, bucket_of, empty_histogram

#: A minute is closed this long after its end, so that calls that straddle it are still counted in one event.
GRACE_SECONDS = 2

BATCH_EVENTS = 1000
"""Far below what the portal takes, so that a batch of long names stays below a megabyte too."""


@dataclass(slots=True)
class _Tally:
    statuses: Counter[str] = field(default_factory=Counter)
    latency_ms: list[int] = field(default_factory=empty_histogram)
    connections: set[str] = field(default_factory=set)


class Recorder:
    """Belongs to one event loop. A crash loses the minute under way; closed minutes are spooled."""

    def __init__(self, region: str, *, clock: Callable[[], float] = time.time) -> None:
        self._region = region
        self._clock = clock
        self._tallies: dict[tuple[int, str, str, str], _Tally] = {}

    def record(
        self, connector: str, version: str, operation: str, status: int, latency_ms: float, connection: str
    ) -> None:
        minute = int(self._clock() // 60)
        tally = self._tallies.setdefault((minute, connector, version, operation), _Tally())
        tally.statuses[str(status)] += 1
        tally.latency_ms[bucket_of(latency_ms)] += 1
        tally.connections.add(connection)

    def take_batches(self, *, everything: bool = False) -> Iterator[tuple[str, str]]:
        """Remove the closed minutes (or all, at shutdown) and yield them as (batch id, JSON text)."""
        over = int((self._clock() - GRACE_SECONDS) // 60)
        keys = sorted(key for key in self._tallies if everything or key[0] < over)
        for start in range(0, len(keys), BATCH_EVENTS):
            chunk = keys[start : start + BATCH_EVENTS]
            batch_id = str(uuid.uuid4())
            batch = {
                "batch_id": batch_id,
                "region": self._region,
                "sent_at": datetime.fromtimestamp(self._clock(), UTC).isoformat(),
                "bounds_ms": list(LATENCY_BOUNDS_MS),
                "events": [_event(key, self._tallies.pop(key)) for key in chunk],
            }
            yield batch_id, json.dumps(batch, separators=(",", ":"))


def _event(key: tuple[int, str, str, str], tally: _Tally) -> dict[str, Any]:
    minute, connector, version, operation = key
    return {
        "connector": connector,
        "version": version,
        "operation": operation,
        "minute": datetime.fromtimestamp(minute * 60, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "statuses": dict(sorted(tally.statuses.items())),
        "latency_ms": tally.latency_ms,
        "connections": len(tally.connections),
    }
