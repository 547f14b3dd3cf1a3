"""Watching health: every minute what is promised, every hour what is usual, and the alerts that follow."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from django.utils import timezone

from connectors.models import HealthAlert
from connectors.objectives import (
    LEAST_WEEKS,
    RULES,
    Counts,
    Objective,
    Verdict,
    burn_rate,
    burn_verdict,
    calls_verdict,
    failures_verdict,
    fleet_factor,
    latency_verdict,
    silence_verdict,
)
from connectors.queries import health_watch as queries
from connectors.services.health_alerts import Finding, apply

log = structlog.get_logger(__name__)

# Minutes arrive after they are over and wait for the roll-up: younger ones are not all there yet.
SETTLED_AFTER = timedelta(minutes=3)
_HOUR_SETTLED_AFTER = timedelta(minutes=15)
_FAST, _SLOW, _STEADY = RULES
_SPANS = (_FAST.short, _SLOW.short, _FAST.long, _SLOW.long)
_SILENCE_IS_OVER_AFTER = timedelta(minutes=10)
_UNUSUAL_IS_OVER_AFTER = timedelta(minutes=50)
# When so many connectors fall silent together, the road to the portal is broken, not each of them.
_LEAST_TOGETHER = 5


@dataclass(frozen=True, slots=True)
class _Look:
    """One look at all connectors: the moment, their objectives, and what is open already."""

    now: datetime
    objectives: Mapping[UUID, Objective]
    default: Objective = field(default_factory=Objective)

    def objective(self, connector_id: UUID) -> Objective:
        return self.objectives.get(connector_id, self.default)


def watch_objectives() -> int:
    """Compare what was measured with what is promised, and with silence; returns how many alerts changed."""
    look = _Look(timezone.now(), queries.objectives())
    live = queries.last_minutes_of_live()
    findings = [*_burning(look), *_silent(look, live)]
    return apply(findings, live=live.keys(), now=look.now)


def _burning(look: _Look) -> Iterable[Finding]:
    until = (look.now - SETTLED_AFTER).replace(second=0, microsecond=0)
    minutes = queries.counts_of_minutes(until, _SPANS)
    # Three days are only read where the last six hours burn, or where an alert waits for its end.
    waiting = set(HealthAlert.objects.open().filter(kind=_STEADY.key).values_list("connector_id", flat=True))
    burning = {
        one for one, spans in minutes.items()
        if (burn_rate(spans[_STEADY.short], look.objective(one)) or 0) >= _STEADY.factor
    }  # fmt: skip
    days = queries.counts_of_hours(burning | waiting, since=until - _STEADY.long)
    for one, spans in minutes.items():
        is_told = False
        for rule in RULES:
            long = days.get(one) if rule is _STEADY else spans[rule.long]
            if long is None:
                continue
            finding = _burn_finding(one, look.objective(one), rule, long, spans[rule.short])
            # A slower rule adds nothing to a faster one that speaks; it begins when that one has ended.
            yield replace(finding, verdict=Verdict.UNKNOWN) if is_told else finding
            is_told |= finding.verdict == Verdict.BREACH


def _burn_finding(one: UUID, objective: Objective, rule: Any, long: Counts, short: Counts) -> Finding:
    return Finding(
        one,
        rule.key,
        burn_verdict(rule, objective, long=long, short=short),
        quiet=rule.quiet,
        evidence={
            "objective_percent": round(100 * objective.success, 3),
            "factor": rule.factor,
            "long": _told(rule.long, long, objective),
            "short": _told(rule.short, short, objective),
        },
    )


def _told(span: timedelta, counts: Counts, objective: Objective) -> dict[str, Any]:
    rate = burn_rate(counts, objective)
    return {
        "minutes": int(span / timedelta(minutes=1)),
        "calls": counts.calls,
        "failed": counts.failed,
        "burn_rate": None if rate is None else round(rate, 2),
    }


def _silent(look: _Look, live: Mapping[UUID, datetime | None]) -> list[Finding]:
    quiet = {
        one for one, last in live.items() if last is None or look.now - last > look.objective(one).silence
    }
    expected = _expected_calls(look, quiet)
    findings = [_silence_finding(one, look, live[one], expected.get(one), one in quiet) for one in live]
    fallen = [finding for finding in findings if finding.verdict == Verdict.BREACH]
    heard = [one for one in live if one not in quiet]
    if len(fallen) >= _LEAST_TOGETHER and len(fallen) > len(heard):
        log.error("telemetry_silent", connectors=len(fallen))
        return [finding for finding in findings if finding.verdict != Verdict.BREACH]
    return findings


def _expected_calls(look: _Look, quiet: Iterable[UUID]) -> dict[UUID, float]:
    """The median of what the same hours of past weeks brought, for those with enough of them."""
    by_span: dict[timedelta, list[UUID]] = {}
    for one in quiet:
        by_span.setdefault(look.objective(one).silence, []).append(one)
    found = {}
    for span, connectors in by_span.items():
        # Whole hours: at least two, so that the span is covered wherever in the hour it lies.
        since = look.now - max(span, timedelta(hours=2))
        for one, weeks in queries.past_calls(connectors, since=since, until=look.now).items():
            if len(weeks) >= LEAST_WEEKS:
                found[one] = statistics.median(weeks)
    return found


def _silence_finding(
    one: UUID, look: _Look, last: datetime | None, expected: float | None, is_quiet: bool
) -> Finding:
    objective = look.objective(one)
    # Nothing within the days that minutes are kept for is a long silence, not an unknown one.
    since_last = look.now - last if last else timedelta(days=3)
    verdict = silence_verdict(since_last, expected, objective) if is_quiet else Verdict.FINE
    evidence = {
        "last_at": last.isoformat() if last else None,
        "expected_calls": None if expected is None else round(expected),
        "silence_minutes": int(objective.silence / timedelta(minutes=1)),
    }
    return Finding(one, HealthAlert.Kind.SILENCE, verdict, quiet=_SILENCE_IS_OVER_AFTER, evidence=evidence)


def watch_usual() -> int:
    """Compare the last whole hour with the same hour of past weeks; returns how many alerts changed."""
    now = timezone.now()
    hour = (now - _HOUR_SETTLED_AFTER).astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    hour -= timedelta(hours=1)
    weeks = queries.same_hours_of_past_weeks(hour)
    figures = queries.figures_of_hours([hour, *weeks])
    live = queries.last_minutes_of_live().keys()
    findings: list[Finding] = []
    past = {one: [figures[one, week] for week in weeks if (one, week) in figures] for one in live}
    nothing = queries.HourFigures(0, Counts(), None)
    present = {one: figures.get((one, hour), nothing) for one in live}
    factor = _busyness(present, past)
    for one in live:
        findings += _unusual(one, hour, present[one], past[one], factor)
    return apply(findings, live=live, now=now)


_Figures = queries.HourFigures


def _busyness(present: Mapping[UUID, _Figures], past: Mapping[UUID, list[_Figures]]) -> float:
    known = [one for one, weeks in past.items() if len(weeks) >= LEAST_WEEKS]
    middles = [statistics.median(week.requests for week in past[one]) for one in known]
    return fleet_factor([present[one].requests for one in known], middles)


def _unusual(
    one: UUID, hour: datetime, now: _Figures, past: list[_Figures], factor: float
) -> Iterable[Finding]:
    calls = [float(week.requests) for week in past]
    failures = [week.counts.failed / week.counts.calls for week in past if week.counts.calls]
    latency = [week.p95 for week in past if week.p95 is not None]
    share = now.counts.failed / now.counts.calls if now.counts.calls else None
    told = (
        (HealthAlert.Kind.CALLS, calls_verdict(now.requests, calls, factor=factor), now.requests, calls),
        (HealthAlert.Kind.FAILURES, failures_verdict(now.counts, failures), share, failures),
        (
            HealthAlert.Kind.LATENCY,
            latency_verdict(now.p95, latency, calls=now.counts.calls),
            now.p95,
            latency,
        ),
    )
    for kind, verdict, value, weeks in told:
        evidence = {
            "hour": hour.isoformat(),
            "value": value,
            "usual": statistics.median(weeks) if weeks else None,
            "weeks": len(weeks),
            "fleet_factor": round(factor, 3),
        }
        yield Finding(one, kind, verdict, quiet=_UNUSUAL_IS_OVER_AFTER, evidence=evidence)
