"""What the shell around every page shows: navigation by role, teams, trial notice, theme."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _

from connectors.policies import teams_of
from portal.accounts.models import User
from portal.shared.words import lazy as _lazy


@dataclass(frozen=True)
class Entry:
    """A line of the side bar. `key` is its keyboard shortcut."""

    label: str
    url: str
    icon: str
    active: bool
    section: str = ""
    key: str = ""
    count: int | None = None


# (label, URL name, icon, section, shortcut, who may see it:
# "team", "staff", "reviewer", "operator", "administrator", "all")
_MAP = (
    (_lazy("Home"), "home", "home", "", "g h", "all"),
    (_lazy("Submissions"), "submission_list", "file-text", "", "g s", "all"),
    (_lazy("Connectors"), "connector_list", "plug", "", "g c", "all"),
    (_lazy("Rollouts"), "rollout_list", "rocket", "", "g r", "all"),
    (_lazy("Alerts"), "health_alert_list", "alert-triangle", "", "g a", "all"),
    (_lazy("Calendar"), "calendar_month", "calendar-event", "", "g d", "all"),
    (_lazy("Messages"), "notification_list", "mail", "", "g m", "all"),
    (_lazy("Publishers"), "publisher_list", "users", "", "g p", "all"),
    (_lazy("Rules"), "rule_list", "book", "", "g u", "all"),
    (_lazy("Live connectors"), "public_list", "world-check", "", "", "all"),
    (_lazy("Status"), "status", "dashboard", "", "g t", "all"),
    (_lazy("Review queue"), "review_queue", "inbox", _lazy("Review"), "g q", "reviewer"),
    (_lazy("Health"), "fleet_overview", "heart-rate-monitor", _lazy("Operate"), "g f", "operator"),
    (_lazy("Incidents"), "incident_list", "alert-triangle", _lazy("Operate"), "", "operator"),
    (_lazy("Manual deployments"), "region_task_list", "hand-stop", _lazy("Operate"), "", "operator"),
    (_lazy("Exceptions"), "override_list", "user-check", _lazy("Operate"), "", "operator"),
    (_lazy("Forecasts"), "forecast_accuracy", "calendar-time", _lazy("Operate"), "", "operator"),
    (_lazy("Jobs"), "job_list", "activity", _lazy("Operate"), "g j", "operator"),
    (_lazy("Received mail"), "received_mail_list", "inbox", _lazy("Operate"), "", "operator"),
    (_lazy("Plans"), "plan_list", "calendar", _lazy("Set up"), "g l", "operator"),
    (_lazy("Trains"), "train_list", "route", _lazy("Set up"), "", "operator"),
    (_lazy("Freezes"), "freeze_list", "snowflake", _lazy("Set up"), "", "operator"),
    (_lazy("Regions"), "region_list", "world", _lazy("Set up"), "g e", "operator"),
    (_lazy("Imported connectors"), "import_list", "download", _lazy("Set up"), "", "operator"),
    (_lazy("Administration"), "administration", "adjustments", _lazy("Set up"), "", "operator"),
    (_lazy("People"), "accounts:people", "user", _lazy("Set up"), "", "administrator"),
)


def shell(request: HttpRequest) -> dict[str, Any]:
    """Context processor: `shell` for the layout and `site_name`. Read from the database only when shown."""
    return {
        "site_name": settings.SITE_NAME,
        "site_url": settings.SITE_URL,
        "shell": SimpleLazyObject(lambda: _shell(request)),
        "is_trial": settings.TRIAL_MODE,
        "trial_roles": SimpleLazyObject(_trial_roles),
    }


def _trial_roles() -> list[dict[str, str]]:
    """The one-click cards of the sign-in page; only a trial asks."""
    from portal.trial import trial_roles

    return trial_roles()


def _shell(request: HttpRequest) -> dict[str, Any]:
    user = getattr(request, "user", None)
    signed_in = isinstance(user, User) or bool(user and user.is_authenticated)
    theme = request.COOKIES.get("theme", User.Theme.SYSTEM)
    return {
        "nav": entries(request, user) if signed_in else [],
        "publishers": _publishers(request, user) if signed_in else [],
        "trial": {"scale": int(settings.TRIAL_CLOCK_SCALE)} if settings.TRIAL_MODE else None,
        "theme": theme if theme in User.Theme.values else User.Theme.SYSTEM,
        "staff_role": user.get_staff_role_display() if signed_in and user and user.staff_role else "",
        "account_nav": account_entries(request) if signed_in else [],
    }


def entries(request: HttpRequest, user: Any) -> list[Entry]:
    rights = {
        "all": True,
        "reviewer": user.is_reviewer,
        "operator": user.is_operator,
        "administrator": user.is_administrator,
    }
    best = _active_name(request, [name for _, name, *_ in _MAP])
    return [
        Entry(label, reverse(name), icon, name == best, section, key)
        for label, name, icon, section, key, who in _MAP
        if rights[who]
    ]


def _active_name(request: HttpRequest, names: list[str]) -> str:
    """The entry whose address is the longest beginning of the present one; reviews belong to their queue,
    catch-ups to their region."""
    here = (request.resolver_match and request.resolver_match.url_name) or ""
    if here.startswith("review_") and getattr(request.user, "is_reviewer", False):
        return "review_queue"
    if here.startswith("catch_up_"):
        return "region_list"
    matching = [name for name in names if request.path.startswith(reverse(name))]
    longest = max(matching, key=lambda name: len(reverse(name)), default="")
    return longest if longest != "home" or request.path == reverse("home") else ""


def _publishers(request: HttpRequest, user: Any) -> list[dict[str, Any]]:
    teams = teams_of(user)
    chosen = request.session.get("publisher", "") or (str(teams[0].pk) if teams else "")
    return [
        {
            "name": team.name,
            "slug": team.slug,
            "url": reverse("publisher_switch", args=[team.slug]),
            "active": str(team.pk) == chosen,
        }
        for team in teams
    ]


def account_entries(request: HttpRequest) -> list[Entry]:
    names = (
        (_("Profile"), "accounts:profile", "user"),
        (_("What you are told"), "notification_preferences", "bell"),
        (_("Calendar"), "accounts:calendar", "calendar"),
        (_("API tokens"), "accounts:tokens", "key"),
        (_("Contributor agreement"), "agreement", "award"),
        (_("Your data"), "accounts:your_data", "download"),
    )
    return [Entry(label, reverse(name), icon, request.path == reverse(name)) for label, name, icon in names]
