"""What a health alert says, in sentences made of its evidence."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from connectors.told_calls import told_call
from portal.shared.words import lazy as _lazy

# kind -> what it means and where to look first.
ADVICE: Mapping[str, str] = {
    "burn_fast": _lazy(
        "At this pace the error budget of 30 days is gone in two days. Look at errors by "
        "code and region, and whether a rollout reached the failing regions."
    ),
    "burn_slow": _lazy(
        "At this pace the error budget of 30 days is gone in five days. Look at errors by code and operation."
    ),
    "burn_steady": _lazy(
        "The objective is being missed slowly but steadily. It needs nobody tonight, but somebody this week."
    ),
    "silence": _lazy(
        "No data is not healthy: either nobody can call the connector, or telemetry does not arrive."
    ),
    "calls": _lazy(
        "Fewer calls than usual often mean that users cannot connect: look at sign-in and 401 answers."
    ),
    "failures": _lazy(
        "Look at which code and operation the additional failures have, and at rollouts near it."
    ),
    "latency": _lazy("The backend answers slower than usual. Its own figures at the same hour tell why."),
    "host": _lazy(
        "Every call of the connector fails while its host is away. Look at the name, the "
        "server and what stands before it."
    ),
    "certificate": _lazy(
        "Calls fail as soon as the certificate does. Renew it, and find out why that did not "
        "happen by itself."
    ),
    "ownership": _lazy(
        "The TXT record that shows who rules the name is gone. Put it back, or say on the "
        "page of the host that no proof is wanted."
    ),
    "heartbeat": _lazy(
        "The backend is to report by itself, and says nothing or that it fails. Look at the "
        "program that sends the heartbeat, then at the backend."
    ),
    "dormant": _lazy("A connector that nobody calls still has to be kept safe. Keep it, or retire it."),
    "docs": _lazy(
        "Users read of another version than they call. Publish the page again, or look at "
        "the regions that run something else."
    ),
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
    return _("%(host)s: %(problem)s, %(looks)s looks in a row.") % {
        "host": evidence["host"],
        "problem": told_call(evidence["problem"]).rstrip("."),
        "looks": evidence["looks"],
    }


def _certificate(evidence: Mapping[str, Any]) -> str:
    if not evidence["expires_at"]:
        return f"{evidence['host']}: {told_call(evidence['problem']).rstrip('.')}."
    days = evidence["days"]
    words = (
        _("The certificate of %(host)s ends today, on %(day)s.")
        if days < 1
        else _("The certificate of %(host)s ends in one day, on %(day)s.")
        if days == 1
        else _("The certificate of %(host)s ends in %(days)s days, on %(day)s.")
    )
    ends = datetime.fromisoformat(evidence["expires_at"])
    return words % {"host": evidence["host"], "days": days, "day": date_format(ends, "j M Y")}


def _ownership(evidence: Mapping[str, Any]) -> str:
    return _("The TXT record at %(name)s was there and is not any more.") % {"name": evidence["name"]}


def _heartbeat(evidence: Mapping[str, Any]) -> str:
    told = {"message": evidence["message"].rstrip(".")}
    if evidence["is_failing"]:
        words = _("The backend reports that it fails: %(message)s.") if told["message"] else None
        return (words or _("The backend reports that it fails.")) % told
    minutes = evidence["period_minutes"] + evidence["grace_minutes"]
    told["allowed"] = _span_alone(minutes)
    if not evidence["last_at"]:
        words = _("No heartbeat has ever come. One is expected since %(since)s UTC; %(allowed)s are allowed.")
        told["since"] = _moment(evidence["since"])
        return words % told
    told["since"] = _moment(evidence["last_at"])
    return _("No heartbeat has come since %(since)s UTC; %(allowed)s are allowed.") % told


def _moment(text: str) -> str:
    return date_format(datetime.fromisoformat(text).astimezone(UTC), "j M, H:i")


def _span_alone(minutes: int) -> str:
    """A span as it was promised: in days or hours where it is a whole number of them."""
    if minutes % (24 * 60) == 0:
        days = minutes // (24 * 60)
        return ngettext("%(n)s day", "%(n)s days", days) % {"n": days}
    if minutes % 60 == 0:
        return ngettext("%(n)s hour", "%(n)s hours", minutes // 60) % {"n": minutes // 60}
    return ngettext("%(n)s minute", "%(n)s minutes", minutes) % {"n": minutes}


def _dormant(evidence: Mapping[str, Any]) -> str:
    days = evidence["days"]
    told = {"days": days}
    words = _("No region has reported a call for %(days)s days, or ever.")
    if evidence["last_at"]:
        words = _("No region has reported a call for %(days)s days; the last one was on %(day)s.")
        told["day"] = date_format(datetime.fromisoformat(evidence["last_at"]), "j M Y")
    # Evidence of before there were heartbeats has no word of them.
    alive = _("Its backend reports that it is alive.") if evidence.get("is_alive") else ""
    return f"{words % told} {alive}".rstrip()


def _documentation(evidence: Mapping[str, Any]) -> str:
    return " ".join(evidence["problems"])


_TOLD: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "host": _host,
    "certificate": _certificate,
    "ownership": _ownership,
    "heartbeat": _heartbeat,
    "dormant": _dormant,
    "docs": _documentation,
}


def _span(minutes: int) -> str:
    """Completes “in the last …”."""
    if minutes < 60:
        return ngettext("%(n)s minute", "%(n)s minutes", minutes) % {"n": minutes}
    hours = minutes // 60
    if hours == 1:
        return _("hour")
    if hours < 48:
        return ngettext("%(n)s hour", "%(n)s hours", hours) % {"n": hours}
    return ngettext("%(n)s day", "%(n)s days", hours // 24) % {"n": hours // 24}


def _whole(value: float) -> str:
    return number_format(round(value), force_grouping=True)


def _burning(evidence: Mapping[str, Any]) -> str:
    long, short = evidence["long"], evidence["short"]
    failed, calls = long["failed"], long["calls"]
    return _(
        "%(failed)s of %(calls)s calls failed in the last %(span)s (%(share)s%%): %(rate)s times what the "
        "objective of %(objective)s%% allows, and %(short_rate)s times over the last %(short_span)s."
    ) % {
        "failed": _whole(failed),
        "calls": _whole(calls),
        "span": _span(long["minutes"]),
        "share": f"{100 * failed / calls if calls else 0:.2g}",
        "rate": f"{long['burn_rate'] or 0:.3g}",
        "objective": f"{evidence['objective_percent']:g}",
        "short_rate": f"{short['burn_rate'] or 0:.3g}",
        "short_span": _span(short["minutes"]),
    }


def _silent(evidence: Mapping[str, Any]) -> str:
    last, usual = evidence["last_at"], evidence["expected_calls"]
    if last and usual:
        words = _("No region has reported a call since %(since)s UTC, where about %(usual)s calls are usual.")
    elif last:
        words = _("No region has reported a call since %(since)s UTC.")
    elif usual:
        words = _("No region has reported a call for days, where about %(usual)s calls are usual.")
    else:
        words = _("No region has reported a call for days.")
    since = date_format(datetime.fromisoformat(last), "j M, H:i") if last else ""
    return words % {"since": since, "usual": _whole(usual or 0)}


def _unusual(kind: str, evidence: Mapping[str, Any]) -> str:
    begins = datetime.fromisoformat(evidence["hour"])
    value, usual = evidence["value"], evidence["usual"]
    told = {
        "from": date_format(begins, "j M, H:i"),
        "to": date_format(begins + timedelta(hours=1), "H:i"),
        "weeks": evidence["weeks"],
    }
    if kind == "failures":
        return _(
            "%(value)s%% of the calls failed from %(from)s to %(to)s UTC; %(usual)s%% are usual for the "
            "same hour of %(weeks)s past weeks."
        ) % {**told, "value": f"{100 * value:.1f}", "usual": f"{100 * usual:.1f}"}
    told |= {"value": _whole(value), "usual": _whole(usual)}
    if kind != "calls":
        return (
            _(
                "p95 was %(value)s ms from %(from)s to %(to)s UTC; %(usual)s ms are usual for the same hour "
                "of %(weeks)s past weeks."
            )
            % told
        )
    everybody = evidence.get("fleet_factor", 1)
    if everybody >= 0.95:
        return (
            _(
                "%(value)s calls from %(from)s to %(to)s UTC; %(usual)s are usual for the same hour of "
                "%(weeks)s past weeks."
            )
            % told
        )
    return _(
        "%(value)s calls from %(from)s to %(to)s UTC; %(usual)s are usual for the same hour of "
        "%(weeks)s past weeks (all connectors together are at %(fleet)s%%)."
    ) % {**told, "fleet": f"{100 * everybody:.0f}"}
