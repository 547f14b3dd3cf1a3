"""The pages and deeds of the command palette, within what the reader may do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from connectors.policies import makes_connectors
from portal.navigation import account_entries, entries
from portal.search.finding import Hit, HitGroup
from portal.search.words import Question


@dataclass(frozen=True, slots=True)
class _Deed:
    """`who`: "all", "maker" (owner or developer of a team) or a staff role. `more` are other words for it."""

    label: str
    url_name: str
    icon: str
    who: str
    more: str = ""


_DEEDS = (
    _Deed("New submission", "submission_create", "send", "maker", "submit certify start draft"),
    _Deed("Register a connector", "connector_register", "plus", "maker", "new create reserve name"),
    _Deed("Create a publisher", "publisher_create", "users", "all", "new team company"),
    _Deed("Open an incident", "incident_create", "alert-triangle", "operator", "new outage pause"),
    _Deed("New freeze", "freeze_create", "snowflake", "operator", "create stop holiday"),
    _Deed("New train", "train_create", "route", "operator", "create departure release"),
    _Deed("New plan", "plan_create", "calendar", "operator", "create waves regions"),
    _Deed("Add a region", "region_create", "world", "administrator", "new create"),
    _Deed("Choose which mails you get", "notification_preferences", "bell", "all", "settings notifications"),
    _Deed("See how mails look", "mail_specimens", "mail-check", "all", "preview letters design"),
    _Deed("Change your time zone", "accounts:profile", "clock", "all", "settings profile name"),
    _Deed("Create an API token", "accounts:tokens", "key", "all", "settings programs"),
)


def commands(request: HttpRequest, asked: Question) -> list[HitGroup]:
    """Deeds and pages whose words fit; every one of them for an empty question."""
    deeds = [_deed_hit(each) for each in _DEEDS if _may(request.user, each.who) and _fits(asked, each)]
    pages = [
        Hit(entry.label, entry.key, entry.url, entry.icon)
        for entry in [*entries(request, request.user), *account_entries(request)]
        if asked.is_in(f"{entry.label} {entry.section}")
    ]
    groups = [HitGroup("Actions", deeds), HitGroup("Go to", pages)]
    return [group for group in groups if group.hits]


def _fits(asked: Question, deed: _Deed) -> bool:
    return asked.is_in(f"{deed.label} {deed.more}")


def _deed_hit(deed: _Deed) -> Hit:
    return Hit(deed.label, "", reverse(deed.url_name), deed.icon)


def _may(user: Any, who: str) -> bool:
    if who == "maker":
        return makes_connectors(user)
    return who == "all" or bool(getattr(user, f"is_{who}"))
