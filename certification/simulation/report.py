"""What a simulated year says: how long things took, where the time went, who was busy."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from certification.simulation.engine import ENDS, IN_QUEUE, Year
from certification.simulation.journey import PARTIES, TRAIN_STEP, Submission

DAY = 86_400.0
_HEADS = f"{'half':>9}{'3 of 4':>9}{'nine of 10':>12}{'19 of 20':>10}{'mean':>8}"


@dataclass(frozen=True)
class Percentiles:
    """Of durations in days."""

    count: int
    p50: float
    p90: float
    mean: float
    p75: float = 0.0
    p95: float = 0.0


@dataclass(frozen=True)
class Report:
    """`steps` has, for each step, the time that submissions which passed it spent there in all.

    `opt_in` is the time from live to the last opt-in wave, of those who asked for them.
    `shares` are parts of the whole time from hand-in to live, by lane; `utilisation` is the part of the
    reviewers' working time that they review.
    """

    submissions: int
    ends: dict[str, int]
    under_way: dict[str, int]
    lead: dict[str, Percentiles]
    steps: dict[str, Percentiles]
    shares: dict[str, dict[str, float]]
    slips: Percentiles
    opt_in: Percentiles
    first_pass: float
    expired: int
    utilisation: float
    queue_mean: float
    queue_longest: int
    queue: list[tuple[str, int]] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def review_wait(self) -> Percentiles:
        return self.steps.get(IN_QUEUE, percentiles([]))


def percentiles(seconds: Iterable[float]) -> Percentiles:
    values = sorted(value / DAY for value in seconds)
    if not values:
        return Percentiles(0, 0.0, 0.0, 0.0)
    mean = sum(values) / len(values)
    p50, p75, p90, p95 = (_at(values, share) for share in (0.5, 0.75, 0.9, 0.95))
    return Percentiles(len(values), p50, p90, mean, p75, p95)


def _at(values: Sequence[float], share: float) -> float:
    place = share * (len(values) - 1)
    low = int(place)
    high = min(low + 1, len(values) - 1)
    return values[low] + (values[high] - values[low]) * (place - low)


def report(year: Year) -> Report:
    """Lead times and shares are those of submissions that went live in the year."""
    live = [item for item in year.submissions if item.state == "live"]
    lanes = {name: [item for item in live if item.lane == name] for name in year.scenario.lanes}
    groups = {"all": live, **lanes}
    lengths = [length for _, length in year.queue]
    states = [item.state for item in year.submissions]
    return Report(
        submissions=len(year.submissions),
        ends={end: states.count(end) for end in ENDS},
        under_way={state: states.count(state) for state in sorted(set(states) - set(ENDS))},
        lead={name: percentiles(map(_lead, items)) for name, items in groups.items()},
        steps=_steps(year.submissions),
        shares={name: _shares(items) for name, items in groups.items() if items},
        slips=percentiles(_late(item) for item in live),
        opt_in=percentiles(
            _seconds(item.ended_at, item.opt_in_at) for item in live if item.opt_in_at and item.ended_at
        ),
        first_pass=sum(item.rounds == 1 for item in live) / len(live) if live else 0.0,
        expired=sum(item.expired for item in year.submissions),
        utilisation=year.busy_seconds / year.working_seconds if year.working_seconds else 0.0,
        queue_mean=sum(lengths) / len(lengths) if lengths else 0.0,
        queue_longest=max(lengths, default=0),
        queue=[(day.isoformat(), length) for day, length in year.queue],
    )


def _lead(item: Submission) -> float:
    assert item.ended_at is not None
    return (item.ended_at - item.arrives_at).total_seconds()


def _late(item: Submission) -> float:
    """By how much the last wave started after the date first planned for it."""
    if not item.waves or item.promised_at is None:
        return 0.0
    return max((item.waves[-1][1] - item.promised_at).total_seconds(), 0.0)


def _seconds(first: dt.datetime, last: dt.datetime) -> float:
    return (last - first).total_seconds()


def _steps(items: Iterable[Submission]) -> dict[str, Percentiles]:
    found: dict[str, list[float]] = {}
    for item in items:
        own: dict[str, float] = {}
        for step, _, first, last in item.stays:
            own[step] = own.get(step, 0.0) + _seconds(first, last)
        for step, seconds in own.items():
            found.setdefault(step, []).append(seconds)
    return {step: percentiles(seconds) for step, seconds in found.items()}


def _shares(items: Iterable[Submission]) -> dict[str, float]:
    totals = dict.fromkeys(PARTIES, 0.0)
    for item in items:
        for _, party, first, last in item.stays:
            totals[party] += _seconds(first, last)
    whole = sum(totals.values()) or 1.0
    return {party: seconds / whole for party, seconds in totals.items()}


def as_text(found: Report) -> str:
    """The report as people read it in a terminal."""
    lines = [
        f"{found.submissions} submissions: "
        + ", ".join(f"{count} {end}" for end, count in found.ends.items())
        + f", {sum(found.under_way.values())} still under way",
        "",
        f"{'Lead time in days':<22}{'live':>7}{_HEADS}",
        *(_line(name, one) for name, one in found.lead.items()),
        "",
        f"{'Step, days in all':<22}{'passed':>7}{_HEADS}",
        *(_line(name, one) for name, one in found.steps.items()),
        "",
        "Where the time goes",
        *(
            f"  {lane:<12}"
            + "  ".join(f"{party} {share:.0%}" for party, share in shares.items() if share >= 0.005)
            for lane, shares in found.shares.items()
        ),
        "",
        f"Reviewers are busy {found.utilisation:.0%} of their time for reviews.",
        f"The review queue holds {found.queue_mean:.1f} on average, {found.queue_longest} at most.",
        f"{found.first_pass:.0%} of what went live passed the first review; {found.expired} Previews expired",
        f"The last wave starts {found.slips.p90:.1f} days or less after its first date for nine of ten.",
    ]
    if found.opt_in.count:
        lines.append(
            f"{found.opt_in.count} asked for opt-in regions: the last of those starts "
            f"{found.opt_in.p50:.1f} days after live for half, {found.opt_in.p90:.1f} for nine of ten."
        )
    return "\n".join(lines)


def _line(name: str, one: Percentiles) -> str:
    figures = f"{one.p50:>9.1f}{one.p75:>9.1f}{one.p90:>12.1f}{one.p95:>10.1f}{one.mean:>8.1f}"
    return f"  {name:<20}{one.count:>7}{figures}"


def _train_wait(found: Report) -> float:
    return found.steps.get(TRAIN_STEP, percentiles([])).mean


def compared(first: Report, second: Report, names: tuple[str, str]) -> str:
    """Two scenarios side by side, with the difference."""
    rows = [
        *((f"lead time, half ({lane})", one.p50, second.lead[lane].p50) for lane, one in first.lead.items()),
        ("lead time, nine of 10", first.lead["all"].p90, second.lead["all"].p90),
        ("waiting for trains, mean", _train_wait(first), _train_wait(second)),
        ("review wait, half", first.review_wait.p50, second.review_wait.p50),
        ("review wait, nine of 10", first.review_wait.p90, second.review_wait.p90),
        ("reviewers busy, %", 100 * first.utilisation, 100 * second.utilisation),
        ("review queue, mean", first.queue_mean, second.queue_mean),
        ("review queue, longest", first.queue_longest, second.queue_longest),
        ("went live", first.ends["live"], second.ends["live"]),
    ]
    lines = [f"{'days unless said':<28}{names[0]:>14}{names[1]:>22}{'change':>10}"]
    lines += [f"  {label:<26}{one:>14.1f}{two:>22.1f}{two - one:>+10.1f}" for label, one, two in rows]
    return "\n".join(lines)
