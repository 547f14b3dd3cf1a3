"""The questions a gate asks. Each answers with a verdict, a sentence and its figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from math import sqrt
from typing import TYPE_CHECKING

from certification.gating import latencies
from certification.gating.baseline import binomial_variance, learn
from certification.gating.comparison import Excess, compare, judge
from certification.gating.counts import calls_of, error_codes, failures, slow, with_status
from certification.gating.sequential import radius
from certification.gating.thresholds import Thresholds
from certification.gating.verdicts import Check, Verdict

if TYPE_CHECKING:
    from certification.gating.gate import Evidence

_KNOWN_CODE = 0.1
"""A code is new when the old version gave it less often than a tenth of what is looked for."""
_FEWEST_RECENT = 50


def percent(share: float) -> str:
    return f"{100 * share:.2f}".rstrip("0").rstrip(".") + " %"


def points(share: float) -> str:
    return f"{100 * share:.1f} points"


def _figures(excess: Excess, **more: object) -> dict[str, object]:
    return {**asdict(excess), **more}


def _too_few(key: str, title: str, calls: int, needed: int, whose: str) -> Check:
    return Check(
        key, title, Verdict.INCONCLUSIVE,
        f"Only {calls:,} calls {whose}; {needed:,} are needed to tell.",
        {"treated_calls": calls, "needed_calls": needed},
    )  # fmt: skip


def _lacks(evidence: Evidence, thresholds: Thresholds, key: str, title: str) -> Check | None:
    """The check that says which side has too few calls, if one has."""
    for some, whose in (
        (evidence.treated, "of the new version"),
        (evidence.before, "of the old version before"),
    ):
        calls = calls_of(some)
        if calls < thresholds.least_calls:
            return _too_few(key, title, calls, thresholds.least_calls, whose)
    return None


def success(evidence: Evidence, thresholds: Thresholds, alpha: float) -> Check:
    """Whether the success rate fell: non-inferiority with a margin, harm by size and certainty."""
    key, title = "success", "Success rate"
    lacking = _lacks(evidence, thresholds, key, title)
    if lacking:
        return lacking
    excess = compare(
        failures(evidence.treated), failures(evidence.control), learn(failures(evidence.before)),
        alpha=alpha, beta=thresholds.beta, tightest_at=thresholds.drop / 5,
    )  # fmt: skip
    assert excess is not None
    figures = _figures(
        excess, margin=thresholds.drop, treated_rate=1 - excess.share,
        control_rate=None if excess.control_share is None else 1 - excess.control_share,
        before_rate=1 - excess.expected,
    )  # fmt: skip
    told = (
        f"{percent(1 - excess.share)} of {excess.treated_calls:,} calls succeed; "
        f"{percent(1 - excess.share + excess.estimate)} was to be expected."
    )
    fell = f"a fall of {points(excess.estimate)} (between {points(excess.lower)} and {points(excess.upper)})"
    verdict = judge(excess, thresholds.drop, certain=thresholds.certain_drop)
    if verdict == Verdict.FAIL:
        return Check(key, title, Verdict.FAIL, f"{told} That is {fell}, too much to be chance.", figures)
    if verdict == Verdict.PASS:
        return Check(
            key, title, Verdict.PASS,
            f"{told} A fall of {points(thresholds.drop)} is ruled out.", figures,
        )  # fmt: skip
    return Check(
        key, title, Verdict.INCONCLUSIVE,
        f"{told} It may be {fell}; {points(thresholds.drop)} cannot be ruled out yet.", figures,
    )  # fmt: skip


def new_codes(evidence: Evidence, thresholds: Thresholds, alpha: float) -> Check:
    """Whether an error code appeared that the old version did not give."""
    key, title = "codes", "New error codes"
    lacking = _lacks(evidence, thresholds, key, title)
    if lacking:
        return lacking
    limit = thresholds.new_code_share
    old_calls = calls_of(evidence.before) + calls_of(evidence.control)
    old = error_codes([*evidence.before, *evidence.control])
    calls = calls_of(evidence.treated)
    fresh = {
        code: count
        for code, count in error_codes(evidence.treated).items()
        if old.get(code, 0) < _KNOWN_CODE * limit * old_calls
    }
    shares = {code: count / calls for code, count in fresh.items()}
    certain, possible = [], []
    for code in sorted(fresh, key=lambda one: -fresh[one]):
        excess = compare(
            with_status(evidence.treated, code), with_status(evidence.control, code),
            learn(with_status(evidence.before, code)),
            alpha=alpha / len(fresh), beta=thresholds.beta, tightest_at=limit / 5,
        )  # fmt: skip
        assert excess is not None
        if judge(excess, limit) == Verdict.FAIL:
            certain.append(code)
        elif excess.estimate >= limit:
            possible.append(code)
    figures = {"codes": shares, "limit": limit, "treated_calls": calls}
    if certain:
        told = ", ".join(f"{code} in {percent(shares[code])} of the calls" for code in certain)
        return Check(key, title, Verdict.FAIL, f"New with this version: {told}.", figures)
    if possible:
        told = ", ".join(f"{code} in {percent(shares[code])}" for code in possible)
        return Check(
            key, title, Verdict.INCONCLUSIVE, f"Perhaps new: {told} of too few calls to tell.", figures
        )
    text = (
        f"Nothing new in {percent(limit)} of the calls or more."
        if fresh
        else "No error code that the old version did not give."
    )
    return Check(key, title, Verdict.PASS, text, figures)


def latency(evidence: Evidence, thresholds: Thresholds, alpha: float) -> Check:
    """Whether the 95th percentile rose: more than five of a hundred calls slower than its limit."""
    key, title = "latency", "95th percentile of latency"
    limits = latencies.Limits.learn(evidence.before, thresholds.latency_rise, thresholds.latency_rise_ms)
    timed = sum(sample.timed for sample in evidence.treated)
    if limits is None or timed < thresholds.least_calls:
        return _too_few(key, title, timed, thresholds.least_calls, "of the new version are timed")
    baseline = learn(slow(evidence.before, limits.slow_calls))
    excess = compare(
        slow(evidence.treated, limits.slow_calls), slow(evidence.control, limits.slow_calls), baseline,
        alpha=alpha, beta=thresholds.beta, tightest_at=latencies.TAIL / 5,
    )  # fmt: skip
    assert excess is not None
    room = latencies.TAIL - baseline.rate
    treated, old = latencies.p95(evidence.treated), latencies.p95(evidence.before)
    figures = _figures(
        excess, margin=room, treated_p95=treated, before_p95=old, limit_ms=limits.typical,
        control_p95=latencies.p95(evidence.control),
    )  # fmt: skip
    told = (
        f"p95 is {latencies.in_words(treated)}; it was {latencies.in_words(old)}, "
        f"and {latencies.in_words(limits.typical)} is the limit."
    )
    verdict = judge(excess, room)
    if verdict == Verdict.FAIL:
        return Check(key, title, Verdict.FAIL, f"{told} The rise is too much to be chance.", figures)
    if verdict == Verdict.PASS:
        return Check(key, title, Verdict.PASS, f"{told} A rise beyond it is ruled out.", figures)
    return Check(
        key, title, Verdict.INCONCLUSIVE, f"{told} A rise beyond it cannot be ruled out yet.", figures
    )


def freshness(evidence: Evidence, thresholds: Thresholds) -> Check:
    """Whether regions that used to be called still report calls. Silence is never taken for health."""
    key, title = "freshness", "Fresh data"
    hours = thresholds.silence_hours
    if evidence.now - evidence.since < hours:
        return Check(
            key, title, Verdict.UNUSED, f"The regions have the version for less than {hours} hours.", {}
        )
    heard = {
        sample.region for sample in evidence.treated if sample.hour >= evidence.now - hours and sample.calls
    }
    usual: dict[str, int] = {}
    for sample in evidence.before:
        usual[sample.region] = usual.get(sample.region, 0) + sample.calls
    least = 12 * max(evidence.before_days, 1 / 24)
    silent = [
        region for region in sorted(evidence.regions) if usual.get(region, 0) >= least and region not in heard
    ]
    figures = {"silent": silent, "hours": hours}
    if silent:
        named = _names(evidence, silent)
        return Check(
            key, title, Verdict.INCONCLUSIVE,
            f"No calls were reported for {hours} hours from {named}, which used to have some.", figures,
        )  # fmt: skip
    return Check(key, title, Verdict.PASS, "Every region with users has reported lately.", figures)


def floor(evidence: Evidence, thresholds: Thresholds, alpha: float) -> Check:
    """Without an old version to compare with: an absolute success rate, as far as there are calls."""
    key, title = "floor", "Success rate by itself"
    calls = calls_of(evidence.treated)
    why = "No version came before" if evidence.is_first else "The old version is hardly called"
    if calls < thresholds.least_calls:
        return Check(
            key, title, Verdict.UNUSED,
            f"{why}, and {calls:,} calls are too few to judge by: smoke tests decide.",
            {"treated_calls": calls, "needed_calls": thresholds.least_calls},
        )  # fmt: skip
    cells = failures(evidence.treated)
    own = learn(cells)
    share = own.rate
    variance = binomial_variance(share) / sum(own.worth(cell.calls) for cell in cells)
    least = max(share - radius(variance, 2 * alpha, tightest_at=0.02), 0.0)
    highest = min(share + radius(variance, 2 * thresholds.beta, tightest_at=0.02), 1.0)
    most = 1 - thresholds.floor
    figures = {
        "treated_calls": calls, "treated_rate": 1 - share, "floor": thresholds.floor, "margin": most,
        "estimate": share, "error": sqrt(variance),
        "lower": least, "upper": highest,
    }  # fmt: skip
    told = (
        f"{why}: {percent(1 - share)} of {calls:,} calls succeed; {percent(thresholds.floor)} is the least."
    )
    if least > most:
        return Check(key, title, Verdict.FAIL, told, figures)
    if highest < most:
        return Check(key, title, Verdict.PASS, told, figures)
    return Check(key, title, Verdict.INCONCLUSIVE, f"{told} More calls are needed to be sure.", figures)


def backend(evidence: Evidence, thresholds: Thresholds) -> Check:
    """Whether the backend answers at all, for the old version or the new: no rollout goes on into a fire."""
    key, title = "backend", "Backend"
    recent = [sample for sample in [*evidence.treated, *evidence.control] if sample.hour >= evidence.now - 1]
    calls = calls_of(recent)
    if calls < _FEWEST_RECENT:
        return Check(key, title, Verdict.UNUSED, "Too few calls within the hour to tell.", {"calls": calls})
    failed = sum(sample.failures for sample in recent)
    share = failed / calls
    error = sqrt(binomial_variance((failed + 2) / (calls + 4)) / learn(failures(recent)).worth(calls))
    figures = {"calls": calls, "rate": 1 - share, "floor": thresholds.backend_floor}
    if share - 3 * error > 1 - thresholds.backend_floor:
        return Check(
            key, title, Verdict.FAIL,
            f"Only {percent(1 - share)} of {calls:,} calls within the hour succeed, with whatever version: "
            "the backend is down.", figures,
        )  # fmt: skip
    return Check(
        key, title, Verdict.PASS, f"The backend answers: {percent(1 - share)} within the hour.", figures
    )


def smoke(evidence: Evidence, *, is_needed: bool) -> Check:
    """Whether the version's own operations answer in its new regions."""
    key, title = "smoke", "Smoke tests"
    told = {run.region: run for run in evidence.smoke}
    groups: dict[str, list[str]] = {"passed": [], "failed": [], "undecided": [], "untested": []}
    for region in sorted(evidence.regions):
        groups[told[region].outcome if region in told else "untested"].append(region)
    ways = {way: sum(run.way == way for run in evidence.smoke) for way in ("region", "backend")}
    figures: dict[str, object] = {**groups, "ways": ways}
    if groups["failed"]:
        why = "; ".join(
            f"{evidence.name(region)}: {told[region].message or 'failed'}" for region in groups["failed"]
        )
        return Check(key, title, Verdict.FAIL, f"Failed twice in a row. {why}", figures)
    if groups["undecided"]:
        named = _names(evidence, groups["undecided"])
        return Check(key, title, Verdict.INCONCLUSIVE, f"Failed once and runs again: {named}.", figures)
    if groups["untested"] and is_needed:
        return Check(
            key, title, Verdict.INCONCLUSIVE,
            "Too few calls tell how the version does, and no smoke test could run in "
            f"{_names(evidence, groups['untested'])}.", figures,
        )  # fmt: skip
    if not groups["passed"]:
        return Check(key, title, Verdict.UNUSED, "No smoke test ran; the calls of users decide.", figures)
    return Check(
        key, title, Verdict.PASS,
        f"Passed in {len(groups['passed'])} of {len(evidence.regions)} regions{_ways(ways)}.", figures,
    )  # fmt: skip


def _ways(ways: Mapping[str, int]) -> str:
    """Through the region a test proves what is deployed there; directly it proves the service."""
    if ways["region"] and ways["backend"]:
        return f", {ways['region']} of them called through the region and the others directly"
    if ways["region"]:
        return ", called through the region"
    return ", called directly" if ways["backend"] else ""


def _names(evidence: Evidence, regions: Sequence[str]) -> str:
    return ", ".join(evidence.name(region) for region in regions)


def agreement(evidence: Evidence) -> Check:
    """A region of the wave runs something else than it reports: nothing it says can be relied on."""
    named = _names(evidence, sorted(evidence.disagreeing))
    return Check(
        "digest", "Reported and probed package", Verdict.FAIL,
        f"A probe finds another package than reported in {named}.", {"regions": sorted(evidence.disagreeing)},
    )  # fmt: skip
