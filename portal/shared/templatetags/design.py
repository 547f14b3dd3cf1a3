"""The data of the component sheet: one example of every component in every state."""

import datetime as dt
from typing import Any

from django import forms, template
from django.core.paginator import Paginator
from django.utils import timezone
from django.utils.safestring import mark_safe

from portal.shared.templatetags.states import STATES, TURNS

register = template.Library()

_DEFINITION = """{
  "swagger": "2.0",
  "info": {
    "title": "Harbour Ledger API",
    "description": "Reads and writes ledger entries",
    "version": "1.4"
  },
  "host": "api.harbourledger.example",
  "basePath": "/v1",
  "schemes": ["https"]
}"""

_SECTIONS = [
    ("type", "Type and icons"),
    ("tones", "Tones"),
    ("badges", "States"),
    ("turns", "Turn"),
    ("times", "Times and people"),
    ("buttons", "Buttons"),
    ("forms", "Forms"),
    ("choices", "Choices and files"),
    ("messages", "Callouts and dialogs"),
    ("stats", "Figures"),
    ("tables", "Tables and lists"),
    ("empty", "Empty states"),
    ("chart", "Chart"),
    ("prose", "Markdown"),
    ("waiting", "What waits"),
    ("command-palette", "Command palette"),
    ("workflow", "Pipeline"),
    ("regions", "Regions"),
    ("findings", "Findings"),
    ("code", "Source, differences"),
    ("tree", "Package tree"),
    ("threads", "Threads"),
    ("history", "History"),
    ("console", "Console"),
    ("products", "Checklist of a product"),
]


class SampleForm(forms.Form):
    """A field of each kind, unbound or with errors."""

    name = forms.CharField(
        label="Connector name", max_length=30, help_text="At most 30 characters, in English."
    )
    support = forms.EmailField(label="Support address")
    kind = forms.ChoiceField(
        label="Kind", choices=[("new", "New"), ("update", "Update"), ("hotfix", "Hotfix")]
    )
    notes = forms.CharField(
        label="Notes for testers", required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    authentication = forms.ChoiceField(
        label="Authentication",
        widget=forms.RadioSelect,
        choices=[("oauth", "OAuth 2.0"), ("key", "API key"), ("none", "None")],
    )
    terms = forms.BooleanField(
        label="The backend is ours", help_text="You own it or may publish for its owner."
    )


@register.simple_tag
def design_samples() -> dict[str, Any]:
    """Everything the sheet shows, in the shapes that the fragments document."""
    now = timezone.now()
    return {
        "sections": _SECTIONS,
        "coverage_all": [True] * 10,
        "coverage_some": [number < 4 for number in range(10)],
        "tones": ["neutral", "info", "progress", "success", "warning", "danger"],
        "icons": [
            "home",
            "plug",
            "send",
            "list-check",
            "eye",
            "test-pipe",
            "rocket",
            "world",
            "mail",
            "shield-check",
        ],
        "form": SampleForm(auto_id="free_%s"),
        "form_errors": SampleForm({"name": "", "support": "nobody", "kind": "new"}, auto_id="bad_%s"),
        "states": list(STATES),
        "turns": [name for name in TURNS if name != "mine"],
        "since": now - dt.timedelta(hours=2, minutes=5),
        "now": now,
        "times": [
            now,
            now - dt.timedelta(minutes=5),
            now - dt.timedelta(days=3),
            now - dt.timedelta(days=400),
            now + dt.timedelta(hours=6),
        ],
        "waiting": [
            ("neutral", "pencil", "draft", "Harbour Tides", "Finish the form and submit it.", "Go on"),
            ("danger", "hand-stop", "halted", "Harbour Ledger", "Nothing is deployed.", "Release it"),
        ],
        "pipelines": _pipelines(now),
        "waves": _waves(now),
        "timeline": _timeline(now),
        "threads": _threads(now),
        "findings": _findings(),
        "definition": _DEFINITION,
        "definition_after": _DEFINITION.replace('"Harbour Ledger API"', '"Harbour Ledger"').replace(
            "ledger entries", "the entries of a ledger."
        ),
        "digest": "9f2c4be1a07d53c8e6a1b94f0d7732ac58e0f1b6d24c9a7e3b5f8d1c0a962e47",
        "tree": _tree(),
        "rows": _rows(now),
        "page": Paginator(range(240), 25).page(4),
        "chart": _chart(now),
        "prose": mark_safe(
            "<h2>Prerequisites</h2><p>You need an account and an <code>api key</code>.</p>"
            "<ul><li>Open <a href='#prose'>the settings</a></li><li>Create a key</li></ul>"
            "<blockquote><p>Keys expire after a year.</p></blockquote><pre>GET /v1/entries?limit=20</pre>"
        ),
    }


def _pipelines(now: dt.datetime) -> list[list[dict[str, Any]]]:
    names = ["Draft", "Submitted", "Validated", "Reviewed", "Preview", "Sign-off", "Rollout", "Live"]
    took = [
        dt.timedelta(days=2, hours=3),
        dt.timedelta(minutes=1),
        dt.timedelta(seconds=41),
        dt.timedelta(days=1),
    ]

    def strip(current: int, failed: bool = False) -> list[dict[str, Any]]:
        steps: list[dict[str, Any]] = []
        for index, name in enumerate(names):
            step: dict[str, Any] = {"label": name, "url": "#pipeline", "took": None}
            if index < current:
                step |= {"state": "done", "took": took[index % len(took)]}
            elif index == current:
                step |= {"state": "failed" if failed else "current", "since": now - dt.timedelta(hours=5)}
            else:
                step |= {
                    "state": "upcoming",
                    "expected": (now + dt.timedelta(days=2 * (index - current))).date(),
                }
            steps.append(step)
        return steps

    return [strip(3), strip(4, failed=True), strip(8)]


def _waves(now: dt.datetime) -> list[dict[str, Any]]:
    day = dt.timedelta(days=1)

    def cell(code: str, name: str, state: str, **more: Any) -> dict[str, Any]:
        return {"code": code, "name": name, "state": state, "url": "#regions", **more}

    return [
        {
            "number": 1,
            "name": "Preview",
            "state": "verified",
            "planned_at": now - 2 * day,
            "regions": [cell("usp", "Preview (United States)", "verified", verified_at=now - 2 * day)],
        },
        {
            "number": 2,
            "name": "Asia and Europe",
            "state": "deploying",
            "planned_at": now,
            "regions": [
                cell("sea", "Singapore", "verified", verified_at=now - day / 4),
                cell("kor", "Korea", "reported", reported_at=now - day / 12),
                cell("eur", "Europe", "deploying", note="since 4 min"),
                cell("che", "Switzerland", "failed", note="checksum differs"),
                cell("nor", "Norway", "unknown", note="no answer, 3rd try"),
                cell("deu", "Germany", "held", note="held with its wave"),
                cell("fra", "France", "planned", planned_at=now + day),
            ],
        },
        {
            "number": 3,
            "name": "Americas",
            "state": "planned",
            "planned_at": now + 2 * day,
            "regions": [
                cell("bra", "Brazil", "planned", early=now + 2 * day, late=now + 4 * day),
                cell("can", "Canada", "skipped", note="skipped: maintenance"),
                cell("usa", "United States", "rolled_back", note="back at 1.3"),
            ],
        },
    ]


def _timeline(now: dt.datetime) -> list[dict[str, Any]]:
    hour = dt.timedelta(hours=1)
    return [
        {
            "at": now - hour,
            "actor": "Region Korea",
            "text": "reports version 1.4",
            "icon": "world",
            "tone": "info",
        },
        {
            "at": now - 5 * hour,
            "actor": "Mara Lindqvist",
            "text": "approved revision 3",
            "detail": "All findings resolved; icon matches its colour.",
            "is_own": False,
            "icon": "check",
            "tone": "success",
        },
        {
            "at": now - 30 * hour,
            "actor": "Mara Lindqvist",
            "text": "requested changes",
            "detail": "2 threads open",
            "is_own": False,
            "icon": "message-circle",
            "tone": "warning",
        },
        {"at": now - 72 * hour, "actor": "Jonas Okafor", "text": "submitted revision 1", "icon": "send"},
    ]


def _threads(now: dt.datetime) -> list[dict[str, Any]]:
    def says(number: int, author: str, role: str, text: str, private: bool = False) -> dict[str, Any]:
        body = mark_safe(f"<p>{text}</p>")  # noqa: S308 -- texts of this module
        at = now - dt.timedelta(hours=30 - number)
        return {"id": number, "author": author, "role": role, "at": at, "body_html": body, "private": private}

    return [
        {
            "id": 1,
            "private": False,
            "state": "open",
            "place": "#/paths/~1entries/get/summary",
            "line": 41,
            "comments": [
                says(
                    1, "Mara Lindqvist", "Reviewer", "The summary ends in a period; makers see it as a title."
                ),
                says(
                    2,
                    "Mara Lindqvist",
                    "Reviewer",
                    "Third time with this team: offer the checklist.",
                    private=True,
                ),
                says(
                    3, "Jonas Okafor", "Harbour Ledger", "Fixed in revision 3, <code>GetEntries</code> too."
                ),
            ],
        },
        {
            "id": 2,
            "private": True,
            "state": "open",
            "place": "",
            "comments": [says(4, "Ines Moreau", "Operator", "Hold wave 2 until the Swiss region answers.")],
        },
        {
            "id": 3,
            "private": False,
            "state": "resolved",
            "outdated": True,
            "place": "#/info/description",
            "comments": [says(5, "Mara Lindqvist", "Reviewer", "Too short: at least 30 characters.")],
        },
    ]


def _findings() -> list[dict[str, Any]]:
    place = {"file": "apiDefinition.swagger.json", "rule_url": "#findings"}
    return [
        {
            **place,
            "id": "1",
            "rule_id": "INF-003",
            "severity": "error",
            "message": "The title ends in a reserved word: “API”.",
            "line": 4,
            "column": 14,
            "pointer": "/info/title",
            "fix": "Call it “Harbour Ledger”.",
            "change": "new",
            "excerpt": _DEFINITION,
        },
        {
            **place,
            "rule_id": "INF-010",
            "severity": "warning",
            "message": "The description does not end in punctuation.",
            "line": 5,
            "pointer": "/info/description",
            "fix": "End the sentence with a period.",
            "change": "unchanged",
        },
        {
            **place,
            "rule_id": "DEF-021",
            "severity": "info",
            "message": "One scheme is enough.",
            "change": "fixed",
        },
        {
            **place,
            "rule_id": "PKG-014",
            "severity": "warning",
            "message": "The icon is not square.",
            "file": "icon.png",
            "waived": True,
        },
    ]


def _tree() -> list[dict[str, Any]]:
    return [
        {
            "name": "harbour-ledger/",
            "children": [
                {"name": "apiDefinition.swagger.json", "size": 48_211, "url": "#tree", "current": True},
                {"name": "apiProperties.json", "size": 1_903, "url": "#tree"},
                {"name": "icon.png", "size": 9_880, "url": "#tree"},
                {"name": "__MACOSX", "kind": "dir", "state": "ignored"},
                {"name": "../../etc/passwd", "state": "refused", "note": "leaves the package"},
                {"name": "intro.md", "state": "missing"},
            ],
        }
    ]


def _rows(now: dt.datetime) -> list[dict[str, Any]]:
    day = dt.timedelta(days=1)
    rows = [
        ("Harbour Ledger", "Harbour Works", "in_review", "reviewer", now - day / 12, 2, False),
        ("Parcel Atlas", "Atlas Freight", "changes_requested", "publisher", now - 3 * day, 7, True),
        ("Field Notes", "Greenline Labs", "rolling_out", "region", now - day, 0, False),
        ("Tidewater CRM", "Tidewater", "held", "freeze", now - 9 * day, 0, False),
        ("Orchard Mail", "Orchard", "live", "nobody", now - 40 * day, 0, False),
    ]
    keys = ("name", "publisher", "state", "turn", "since", "findings", "mine")
    return [dict(zip(keys, row, strict=True)) for row in rows]


def _chart(now: dt.datetime) -> list[dict[str, Any]]:
    start = now.replace(minute=0, second=0, microsecond=0) - dt.timedelta(hours=48)
    points: list[dict[str, Any]] = []
    for hour in range(49):
        busy = 900 - abs((hour % 24) - 14) * 55
        points.append(
            {"at": start + dt.timedelta(hours=hour), "good": busy + hour * 7 % 60, "bad": 9 + hour * 13 % 31}
        )
    return points
