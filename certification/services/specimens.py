"""Every mail as somebody could get it, with invented words: for looking at, never for sending."""

from __future__ import annotations

from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

from django.template.loader import render_to_string
from django.utils import timezone

from certification.messages import KINDS, MessageKind, template_name
from certification.models import MailText
from certification.queries.mail_texts import DIGEST, EVENTS, current_text
from certification.services.letter_parts import Letter, NewDate, absolute
from certification.services.notifications import render, render_digest
from portal.accounts.models import User

__all__ = ["DIGEST", "EVENTS", "specimen", "subjects"]


class _Thing(SimpleNamespace):
    """Stands for an object of the database: has its attributes, and its name as text."""

    def __str__(self) -> str:
        return str(getattr(self, "name", getattr(self, "label", "")))


def _names(now: datetime) -> dict[str, Any]:
    publisher = _Thing(name="Harbour Works", is_verified=True, get_kind_display="Verified publisher")
    connector = _Thing(name="Harbour Ledger", publisher=publisher)
    version = _Thing(label="1.4.0", digest="9f2c4be1a07d53c8")
    region = _Thing(name="Switzerland", code="che")
    wave = _Thing(number=4, name="Europe without the United Kingdom", planned_at=now + timedelta(days=3))
    rollout = _Thing(previous_version=_Thing(label="1.3.2"), connector=connector, version=version)
    preview = _Thing(region=_Thing(name="Preview (United States)"), deadline_at=now + timedelta(days=5))
    return {
        "publisher": publisher,
        "connector": connector,
        "version": version,
        "submission": _Thing(reference="S-1042", connector=connector),
        "person": _Thing(name="Jonas Okafor"),
        "missing": ["Tell testers what they need: environment, sample data, steps."],
        "region": region,
        "wave": wave,
        "rollout": rollout,
        "preview": preview,
        "rehearsal": _Thing(preview=preview),
        "deployment": _Thing(region=region, action="deploy", attempt=2),
        "invitation": _Thing(publisher=publisher, get_role_display="Developer"),
        "new_role": "developer",
        "comment": _Thing(body="The summary ends in a period; makers see it as a title."),
        "thread": _Thing(pointer="/paths/~1entries/get/summary"),
        "place": "/paths/~1entries/get/summary",
        "waiver": _Thing(rule="INF-035", is_acknowledgement=False),
        "credential": _Thing(purpose="Reading entries"),
        "check": _Thing(wave=wave),
        "notice": _Thing(
            is_retirement=True,
            get_kind_display="Retirement",
            state="announced",
            text="Harbour Ledger 2 takes its place. Move your flows before the day; we help with it.",
            effective_on=(now + timedelta(days=60)).date(),
        ),
        "task": _Thing(version_label="1.4.0"),
        "alert": _Thing(get_kind_display="Failing fast"),
        "advice": "Look at the newest errors first; a rollout that runs waits meanwhile.",
        "treatment": _Thing(
            rule="SEC-007", get_treatment_display="Advice: blocks nothing", scope="independent publishers"
        ),
        "request": _Thing(doing="leave Switzerland out"),
        "incident": _Thing(title="Sign-in fails in Europe"),
        "claim": _Thing(
            connector=connector, publisher=publisher, problem="", reason="The record is not there."
        ),
        "transfer": _Thing(from_publisher=publisher, to_publisher=_Thing(name="Quay Volunteers"), note=""),
        "received": _Thing(detail="Your answer had files attached: send it again without them."),
        "endpoint": _Thing(url="https://hooks.harbour.example/portal", publisher=publisher),
        "erasure": _Thing(due_at=now + timedelta(days=14)),
        "intake": _Thing(
            commit="5f1c0d2a9be4",
            summary="Tell the water level as well",
            reason="not_ready",
            get_reason_display="The package is in the form, which is not complete.",
            details=["Testers cannot sign in: there is no test credential."],
        ),
        "watch": None,
        "watched": connector,
        "guest_of": connector,
        "leave_url": absolute("/watches/leave/specimen/"),
        "first_date": "Thursday, 4 December",
        "tester": _Thing(email="guest@partner.example"),
        "deed": {"cause": "Year-end freeze", "product": "Flows", "works": 11, "fails": 1},
    }


def _facts(event: str, now: datetime) -> list[tuple[str, Any]]:
    facts: list[tuple[str, Any]] = [("Submission", "S-1042, Harbour Ledger"), ("Package", "9f2c4be1a07d")]
    if event.startswith("preview."):
        facts += [("Region", "Preview (United States)"), ("Deadline", now + timedelta(days=5))]
    if event in {"rollout.reschedule", "forecast.slip"}:
        later = NewDate(now + timedelta(days=3), now + timedelta(days=5))
        facts += [("Wave 4, Europe", later)]
    if event == "rollout.reorder":
        facts += [("Wave 4, Norway, Poland", now + timedelta(days=3))]
    return facts


def specimen(event: str, *, reader: User, words: MailText | None = None) -> tuple[str, str, str]:
    """Subject, text and HTML of one of `EVENTS`, in the reader's zone, with the wording that is sent or with
    other `words`. Raises KeyError for another event."""
    words = current_text(event) if words is None else words
    if event == DIGEST:
        return render_digest(
            [{"subject": each, "absolute_url": absolute("/messages/")} for each in _TOLD], words
        )
    now = timezone.now()
    letter = Letter(event, None, names=_names(now), facts=_facts(event, now), url="/submissions/S-1042/")
    letter.actor = User(display_name=_ACTOR)
    letter.reason = _REASON
    letter.text = words
    kind: MessageKind = KINDS[event]
    return render(letter, kind, reader)


def subjects() -> dict[str, str]:
    """{event: subject} of all `EVENTS` with the default words, in the language of the page: what a mail is
    called where mails are chosen."""
    context = _names(timezone.now()) | {"actor_name": _ACTOR, "reason": _REASON, "items": _TOLD}
    return {
        event: " ".join(render_to_string(template_name(event, "subject.txt"), context).split())
        for event in EVENTS
    }


_ACTOR = "Mara Lindqvist"
_REASON = "The icon has to match its colour; the rest is fine."
_TOLD = (
    "Harbour Ledger is live in Norway",
    "Harbour Ledger is live in Switzerland",
    "Wave 4 moved by a day",
)
