"""From the time series of a Prometheus to the events that regions push. What is lost is said.

Counters are read as raw series at the end of every minute and subtracted series by series, so that a restart
of one instance is seen. Nothing is extrapolated: the increases of consecutive minutes add up to exactly what
the counter rose by.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from django.utils.translation import gettext_noop

from connectors.latency import BUCKETS, LATENCY_BOUNDS_MS

# What an event is about -> the label that says so, unless a source names others.
LABELS: Mapping[str, str] = {
    "connector": "connector", "version": "version", "operation": "operation", "code": "code",
}  # fmt: skip
_CODE = re.compile(r"[1-5][0-9]{2}\Z")
_CLASS = re.compile(r"[1-5][xX]{2}\Z")

# Kept in the source's row and translated when they are shown.
RESET = gettext_noop("A counter was reset: what it counted between its last scrape and the reset is lost.")
BOUNDS = gettext_noop(
    "The histogram has other bounds than ours: calls are shown in the slower of the buckets they may be in."
)
CLASSES = gettext_noop("Codes come as classes (5xx): they are counted as 500, 400 and so on.")
UNLABELLED = gettext_noop("Some series lack a label that is mapped, and are left out.")
SURPLUS = gettext_noop("A histogram held more calls than the counter: the fastest of them are left out.")

Key = tuple[str, str, str]
Series = tuple[Mapping[str, str], Sequence[tuple[int, float]]]


@dataclass(slots=True)
class Reading:
    """Events by (minute, key), and what could not be carried over as it was."""

    statuses: dict[tuple[int, Key], dict[str, int]] = field(default_factory=dict)
    histograms: dict[tuple[int, Key], list[int]] = field(default_factory=dict)
    connections: dict[tuple[int, Key], int] = field(default_factory=dict)
    losses: set[str] = field(default_factory=set)

    def events(self) -> Iterator[dict[str, Any]]:
        """One event per connector, version, operation and minute that was called, as regions push it."""
        for (end, key), statuses in sorted(self.statuses.items()):
            statuses = {code: calls for code, calls in statuses.items() if calls}
            if not statuses:
                continue
            connector, version, operation = key
            histogram = self._fitting(self.histograms.get((end, key)), sum(statuses.values()))
            yield {
                "connector": connector,
                "version": version,
                "operation": operation,
                # What a counter shows at the end of a minute was called in that minute.
                "minute": datetime.fromtimestamp(end - 60, UTC).strftime("%Y-%m-%dT%H:%M:00Z"),
                "statuses": statuses,
                "latency_ms": histogram,
                "connections": self.connections.get((end, key), 0),
            }

    def _fitting(self, histogram: list[int] | None, calls: int) -> list[int]:
        found = list(histogram or [0] * BUCKETS)
        surplus = sum(found) - calls
        if surplus > 0:
            self.losses.add(SURPLUS)
        for index in range(BUCKETS):
            taken = min(max(surplus, 0), found[index])
            found[index] -= taken
            surplus -= taken
        return found


def parse_matrix(answer: Any) -> list[Series]:
    """The series of a range query's answer. Raises `ValueError` when it is none."""
    if not isinstance(answer, dict) or answer.get("status") != "success":
        told = answer.get("error", "") if isinstance(answer, dict) else ""
        raise ValueError(str(told)[:300] or "The answer is not that of a Prometheus.")
    data = answer.get("data")
    if not isinstance(data, dict) or data.get("resultType") != "matrix":
        raise ValueError("The query gives no range of series: select a metric, not a number or a text.")
    found: list[Series] = []
    for series in data["result"]:
        points = [(round(float(at)), float(value)) for at, value in series.get("values", [])]
        labels = {str(name): str(value) for name, value in series["metric"].items()}
        found.append((labels, [(at, value) for at, value in points if math.isfinite(value)]))
    return found


def increases(points: Sequence[tuple[int, float]], losses: set[str]) -> Iterator[tuple[int, int]]:
    """(minute's end, by how much the counter rose). The first point only says where it stood."""
    for (_, before), (at, now) in pairwise(points):
        if now < before:
            losses.add(RESET)
        rise = round(now - before) if now >= before else round(now)
        if rise > 0:
            yield at, rise


def read(
    requests: Iterable[Series],
    latency: Iterable[Series] = (),
    connections: Iterable[Series] = (),
    *,
    labels: Mapping[str, str] = LABELS,
    per_second: bool = True,
) -> Reading:
    """Bring the three queries' series together. `per_second`: `le` is in seconds, else in milliseconds."""
    found = Reading()
    for metric, points in requests:
        key, code = _key(metric, labels, found.losses), _code(metric, labels, found.losses)
        if key is None or code is None:
            continue
        for at, rise in increases(points, found.losses):
            counts = found.statuses.setdefault((at, key), {})
            counts[code] = counts.get(code, 0) + rise
    _read_histograms(found, latency, labels, 1000.0 if per_second else 1.0)
    for metric, points in connections:
        key = _key(metric, labels, found.losses)
        for at, value in points if key is not None else ():
            place = (at, key)
            found.connections[place] = found.connections.get(place, 0) + max(0, round(value))  # type: ignore[index, arg-type]
    return found


def _key(metric: Mapping[str, str], labels: Mapping[str, str], losses: set[str]) -> Key | None:
    parts = tuple(metric.get(labels[name], "") for name in ("connector", "version", "operation"))
    if not all(parts):
        losses.add(UNLABELLED)
        return None
    return parts[0], parts[1], parts[2]


def _code(metric: Mapping[str, str], labels: Mapping[str, str], losses: set[str]) -> str | None:
    code = metric.get(labels["code"], "")
    if _CODE.match(code):
        return code
    if _CLASS.match(code):
        losses.add(CLASSES)
        return f"{code[0]}00"
    losses.add(UNLABELLED)
    return None


def _read_histograms(
    found: Reading, latency: Iterable[Series], labels: Mapping[str, str], factor: float
) -> None:
    # (minute, key) -> upper bound in ms -> calls at most that long, of all instances together.
    cumulative: dict[tuple[int, Key], dict[float, int]] = {}
    bounds_of: dict[Key, set[float]] = {}
    for metric, points in latency:
        key = _key(metric, labels, found.losses)
        try:
            bound = float(metric.get("le", "")) * factor
        except ValueError:
            found.losses.add(UNLABELLED)
            continue
        if key is None:
            continue
        bounds_of.setdefault(key, set()).add(bound)
        for at, rise in increases(points, found.losses):
            counts = cumulative.setdefault((at, key), {})
            counts[bound] = counts.get(bound, 0) + rise
    for place, counts in cumulative.items():
        bounds = sorted(bounds_of[place[1]])
        found.histograms[place] = rebin(bounds, [counts.get(bound, 0) for bound in bounds], found.losses)


def rebin(bounds: Sequence[float], cumulative: Sequence[int], losses: set[str]) -> list[int]:
    """Our buckets of a cumulative histogram with bounds in ms. Where one of its buckets spans several of
    ours, its calls go to the slowest of them, and that is noted: no percentile gets better than it was.
    """
    found = [0] * BUCKETS
    lower, before = 0.0, 0
    for upper, reached in zip(bounds, cumulative, strict=True):
        calls, before = max(0, reached - before), max(before, reached)
        place = bisect_left(LATENCY_BOUNDS_MS, _clean(upper)) if math.isfinite(upper) else BUCKETS - 1
        beginning = LATENCY_BOUNDS_MS[place - 1] if place else 0
        if calls and _clean(lower) < beginning:
            losses.add(BOUNDS)
        found[place] += calls
        lower = upper
    return found


def _clean(milliseconds: float) -> float:
    """0.035 s is 35 ms, whatever binary fractions make of it."""
    return round(milliseconds, 6)
