"""Arithmetic of uncertain instants: a few outcomes with their probabilities, exact and without chance."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from certification.planning.history import Durations

_FEWEST = 0.002
"""Outcomes less likely than this are added to their neighbour: they cost time and move nothing."""

Outcomes = list[tuple[float, float]]
"""(instant as a timestamp, probability), rising."""


def spread(starts: Outcomes, durations: Durations) -> Outcomes:
    part = 1 / len(durations.points)
    return sorted((start + point, chance * part) for start, chance in starts for point in durations.points)


def remaining(since: float, durations: Durations, now: float) -> Outcomes:
    """Ends of something that lasts since then and has not ended by now."""
    left = [since + point for point in durations.points if since + point > now]
    if not left:
        # It takes longer than ever before: as long again as the usual spread, from now on.
        left = [now + point - durations.points[0] for point in durations.points]
    return [(at, 1 / len(left)) for at in sorted(left)]


def combined(one: Outcomes, other: Outcomes) -> Outcomes:
    """The later of two independent instants."""
    found: dict[float, float] = {}
    for first, chance in one:
        for second, part in other:
            at = max(first, second)
            found[at] = found.get(at, 0.0) + chance * part
    return thinned(found)


def latest(arrivals: Mapping[str, Outcomes]) -> Outcomes:
    """When the last of independent arrivals comes."""
    events = sorted((at, code, chance) for code, found in arrivals.items() for at, chance in found)
    reached = dict.fromkeys(arrivals, 0.0)
    result: Outcomes = []
    before = 0.0
    for at, code, chance in events:
        reached[code] += chance
        by_now = 1.0
        for share in reached.values():
            by_now *= min(share, 1.0)
        if by_now > before:
            result.append((at, by_now - before))
            before = by_now
    return result


def slowest(durations: Iterable[Durations]) -> Durations:
    """How long the slowest of independent regions takes."""
    parts = list(durations)
    if not parts:
        return Durations((0.0,))
    found = latest({str(index): spread([(0.0, 1.0)], part) for index, part in enumerate(parts)})
    steps = len(parts[0].points)
    return Durations(tuple(quantile(found, (step + 1) / steps) for step in range(steps)))


def thinned(found: Mapping[float, float]) -> Outcomes:
    """Sorted, and without outcomes too rare to matter: each is added to the one after it, the last to the one
    before.
    """
    result: Outcomes = []
    carried = 0.0
    for at, chance in sorted(found.items()):
        carried += chance
        if carried >= _FEWEST:
            result.append((at, carried))
            carried = 0.0
    if carried and result:
        result[-1] = (result[-1][0], result[-1][1] + carried)
    return result or sorted(found.items())


def quantile(outcomes: Outcomes, share: float) -> float:
    reached = 0.0
    for at, chance in outcomes:
        reached += chance
        if reached >= share - 1e-9:
            return at
    return outcomes[-1][0]
