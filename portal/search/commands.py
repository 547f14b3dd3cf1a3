"""The pages and deeds of the command palette, within what the reader may do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from connectors.policies import makes_connectors
from portal.navigation import account_entries, entries
from portal.search.finding import Hit, HitGroup
from portal.search.words import Question
from portal.shared.words import lazy as _lazy


@dataclass(frozen=True, slots=True)
class _Deed:
    """`who`: "all", "maker" (owner or developer of a team) or a staff role. `more` are other words for it."""

    label: str
    url_name: str
    icon: str
    who: str
    more: str = ""


_DEEDS = (
    _Deed(_lazy("New submission"), "submission_create", "send", "maker", "submit certify start draft"),
    _Deed(_lazy("New family"), "family_create", "stack-2", "maker", "siblings several connectors one change"),
    _Deed(_lazy("Register a connector"), "connector_register", "plus", "maker", "new create reserve name"),
    _Deed(_lazy("Claim a connector"), "claim_list", "flag", "all", "ownership import proof dns live"),
    _Deed(_lazy("Import connectors"), "import_new", "download", "operator", "bring in live"),
    _Deed(_lazy("Create a publisher"), "publisher_create", "users", "all", "new team company"),
    _Deed(_lazy("Open an incident"), "incident_create", "alert-triangle", "operator", "new outage pause"),
    _Deed(_lazy("New freeze"), "freeze_create", "snowflake", "operator", "create stop holiday"),
    _Deed(_lazy("New train"), "train_create", "route", "operator", "create departure release"),
    _Deed(_lazy("New plan"), "plan_create", "calendar", "operator", "create waves regions"),
    _Deed(_lazy("Add a region"), "region_create", "world", "administrator", "new create"),
    _Deed(
        _lazy("Choose which mails you get"),
        "notification_preferences",
        "bell",
        "all",
        "settings notifications",
    ),
    _Deed(_lazy("See how mails look"), "mail_specimens", "mail-check", "all", "preview letters design"),
    _Deed(_lazy("Change your time zone"), "accounts:profile", "clock", "all", "settings profile name"),
    _Deed(_lazy("Create an API token"), "accounts:tokens", "key", "all", "settings programs"),
)


def commands(request: HttpRequest, asked: Question) -> list[HitGroup]:
    """Deeds and pages whose words fit; every one of them for an empty question."""
    deeds = [_deed_hit(each) for each in _DEEDS if _may(request.user, each.who) and _fits(asked, each)]
    pages = [
        Hit(entry.label, entry.key, entry.url, entry.icon)
        for entry in [*entries(request, request.user), *account_entries(request)]
        if asked.is_in(f"{entry.label} {entry.section}")
    ]
    groups = [HitGroup(_("Actions"), deeds), HitGroup(_("Go to"), pages)]
    return [group for group in groups if group.hits]


def _fits(asked: Question, deed: _Deed) -> bool:
    return asked.is_in(f"{deed.label} {deed.more}")


def _deed_hit(deed: _Deed) -> Hit:
    return Hit(deed.label, "", reverse(deed.url_name), deed.icon)


def _may(user: Any, who: str) -> bool:
    if who == "maker":
        return makes_connectors(user)
    return who == "all" or bool(getattr(user, f"is_{who}"))
