"""The fixed numbers of the telemetry format, which `docs/region-api.yaml` publishes.

A latency histogram counts calls per bucket: bucket i holds calls that took at most `LATENCY_BOUNDS_MS[i]`
milliseconds and more than the bound before; one more bucket at the end holds all slower calls. The bounds are
fixed for this version of the protocol, so histograms of different regions and minutes can be added up.
"""

from __future__ import annotations

from bisect import bisect_left

LATENCY_BOUNDS_MS: tuple[int, ...] = (
    5, 10, 20, 35, 60, 100, 175, 300, 500, 850, 1500, 2500, 4500, 8000, 15000, 30000,
)  # fmt: skip

MAX_BATCH_EVENTS = 5000
MAX_STATUSES = 64
MAX_COUNT = 2**31 - 1
STATUS_PATTERN = r"^[1-5][0-9]{2}$"
MINUTE_PATTERN = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:00Z$"


def bucket_of(milliseconds: float) -> int:
    """The index of the histogram bucket that counts a call of this length."""
    return bisect_left(LATENCY_BOUNDS_MS, milliseconds)


def empty_histogram() -> list[int]:
    return [0] * (len(LATENCY_BOUNDS_MS) + 1)
