"""What a health alert says, in sentences made of its evidence."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

# kind -> what it means and where to look first.
ADVICE: Mapping[str, str] = {
    "burn_fast": "At this pace the error budget of 30 days is gone in two days. Look at errors by code and "
    "region, and whether a rollout reached the failing regions.",
    "burn_slow": "At this pace the error budget of 30 days is gone in five days. Look at errors by code and "
    "operation.",
    "burn_steady": "The objective is being missed slowly but steadily. It needs nobody tonight, but somebody "
    "this week.",
    "silence": "No data is not healthy: either nobody can call the connector, or telemetry does not arrive.",
    "calls": "Fewer calls than usual often mean that users cannot connect: look at sign-in and 401 answers.",
    "failures": "Look at which code and operation the additional failures have, and at rollouts near it.",
    "latency": "The backend answers slower than usual. Its own figures at the same hour tell why.",
    "host": "Every call of the connector fails while its host is away. Look at the name, the server and what "
    "stands before it.",
    "certificate": "Calls fail as soon as the certificate does. Renew it, and find out why that did not "
    "happen by itself.",
    "ownership": "The TXT record that shows who rules the name is gone. Put it back, or say on the page of "
    "the host that no proof is wanted.",
    "dormant": "A connector that nobody calls still has to be kept safe. Keep it, or retire it.",
    "docs": "Users read of another version than they call. Publish the page again, or look at the regions "
    "that run something else.",
}


def sentence(kind: str, evidence: Mapping[str, Any]) -> str:
    """One sentence with the numbers that made the alert; "" when nothing was recorded."""
    if not evidence:
        return ""
    if kind.startswith("burn_"):
        return _burning(evidence)
    if kind == "silence":
        return _silent(evidence)
    if kind in _TOLD:
        return _TOLD[kind](evidence)
    return _unusual(kind, evidence)


def _host(evidence: Mapping[str, Any]) -> str:
    return f"{evidence['host']}: {evidence['problem'].rstrip('.')}, {evidence['looks']} looks in a row."


def _certificate(evidence: Mapping[str, Any]) -> str:
    if not evidence["expires_at"]:
        return f"{evidence['host']}: {evidence['problem'].rstrip('.')}."
    ends = datetime.fromisoformat(evidence["expires_at"])
    days = evidence["days"]
    left = "in one day" if days == 1 else "today" if days < 1 else f"in {days} days"
    return f"The certificate of {evidence['host']} ends {left}, on {ends.day} {ends:%b %Y}."


def _ownership(evidence: Mapping[str, Any]) -> str:
    return f"The TXT record at {evidence['name']} was there and is not any more."


def _dormant(evidence: Mapping[str, Any]) -> str:
    days = f"No region has reported a call for {evidence['days']} days"
    if not evidence["last_at"]:
        return f"{days}, or ever."
    last = datetime.fromisoformat(evidence["last_at"])
    return f"{days}; the last one was on {last.day} {last:%b %Y}."


def _documentation(evidence: Mapping[str, Any]) -> str:
    return " ".join(evidence["problems"])


_TOLD: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "host": _host,
    "certificate": _certificate,
    "ownership": _ownership,
    "dormant": _dormant,
    "docs": _documentation,
}


def _span(minutes: int) -> str:
    if minutes < 60:
        return f"{minutes} minutes"
    hours = minutes // 60
    if hours == 1:
        return "hour"
    return f"{hours} hours" if hours < 48 else f"{hours // 24} days"


def _window(told: Mapping[str, Any]) -> str:
    failed, calls = told["failed"], told["calls"]
    share = 100 * failed / calls if calls else 0
    return f"{failed:,} of {calls:,} calls failed in the last {_span(told['minutes'])} ({share:.2g}%)"


def _burning(evidence: Mapping[str, Any]) -> str:
    long, short = evidence["long"], evidence["short"]
    objective = f"{evidence['objective_percent']:g}%"
    return (
        f"{_window(long)}: {long['burn_rate'] or 0:.3g} times what the objective of {objective} allows, "
        f"and {short['burn_rate'] or 0:.3g} times over the last {_span(short['minutes'])}."
    )


def _silent(evidence: Mapping[str, Any]) -> str:
    last = evidence["last_at"]
    since = "for days"
    if last:
        moment = datetime.fromisoformat(last)
        since = f"since {moment.day} {moment:%b, %H:%M} UTC"
    usual = evidence["expected_calls"]
    expected = f", where about {usual:,} calls are usual" if usual else ""
    return f"No region has reported a call {since}{expected}."


def _unusual(kind: str, evidence: Mapping[str, Any]) -> str:
    begins = datetime.fromisoformat(evidence["hour"])
    ends = begins + timedelta(hours=1)
    span = f"{begins.day} {begins:%b, %H:%M} to {ends:%H:%M} UTC"
    weeks = f"the same hour of {evidence['weeks']} past weeks"
    value, usual = evidence["value"], evidence["usual"]
    if kind == "calls":
        everybody = evidence.get("fleet_factor", 1)
        note = f" (all connectors together are at {100 * everybody:.0f}%)" if everybody < 0.95 else ""
        return f"{value:,} calls from {span}; {usual:,.0f} are usual for {weeks}{note}."
    if kind == "failures":
        return (
            f"{100 * value:.1f}% of the calls failed from {span}; {100 * usual:.1f}% are usual for {weeks}."
        )
    return f"p95 was {value:,.0f} ms from {span}; {usual:,.0f} ms are usual for {weeks}."
