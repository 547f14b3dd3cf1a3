"""Calendar feeds (RFC 5545): entries as data, written so that calendars follow every change."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from icalendar import Calendar, Event

CONTENT_TYPE = "text/calendar; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Entry:
    """One event. `key` never changes for the same thing, `sequence` grows whenever the event does.

    With dates for `starts` and `ends` it lasts whole days, the last one included; with instants they are
    written in UTC, so that no time zone has to travel along.
    """

    key: str
    starts: dt.date | dt.datetime
    ends: dt.date | dt.datetime
    summary: str
    description: str
    url: str
    changed_at: dt.datetime
    sequence: int = 0
    is_tentative: bool = False
    is_cancelled: bool = False
    categories: tuple[str, ...] = ()


def feed(entries: Iterable[Entry], *, name: str) -> bytes:
    """The calendar's bytes: equal entries give equal bytes."""
    calendar = Calendar()
    calendar.add("prodid", f"-//{settings.SITE_NAME}//certification//EN")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", "PUBLISH")
    calendar.add("name", name)
    calendar.add("x-wr-calname", name)
    calendar.add("refresh-interval", dt.timedelta(hours=1), parameters={"value": "DURATION"})
    for entry in sorted(entries, key=lambda entry: entry.key):
        calendar.add_component(_event(entry))
    return bytes(calendar.to_ical())


def _event(entry: Entry) -> Event:
    event = Event()
    event.add("uid", f"{entry.key}@{urlsplit(settings.SITE_URL).hostname}")
    event.add("dtstamp", _utc(entry.changed_at))
    event.add("last-modified", _utc(entry.changed_at))
    event.add("sequence", entry.sequence)
    event.add("dtstart", _moment(entry.starts))
    event.add("dtend", _end(entry.ends))
    event.add("summary", entry.summary)
    event.add("description", entry.description)
    event.add("url", f"{settings.SITE_URL}{entry.url}")
    event.add(
        "status",
        "CANCELLED" if entry.is_cancelled else "TENTATIVE" if entry.is_tentative else "CONFIRMED",
    )
    # Nobody is busy because a wave starts.
    event.add("transp", "TRANSPARENT")
    if entry.categories:
        event.add("categories", list(entry.categories))
    return event


def _moment(value: dt.date | dt.datetime) -> dt.date | dt.datetime:
    return _utc(value) if isinstance(value, dt.datetime) else value


def _end(value: dt.date | dt.datetime) -> dt.date | dt.datetime:
    """The standard's end of whole days is the day after the last."""
    return _utc(value) if isinstance(value, dt.datetime) else value + dt.timedelta(days=1)


def _utc(moment: dt.datetime) -> dt.datetime:
    return moment.astimezone(dt.UTC).replace(microsecond=0)


def answer(request: HttpRequest, content: bytes, *, filename: str, cache_control: str) -> HttpResponse:
    """The feed with an ETag; 304 for a reader who has it already."""
    etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    if etag in request.headers.get("If-None-Match", ""):
        response = HttpResponse(status=304)
    else:
        response = HttpResponse(content, content_type=CONTENT_TYPE)
        response["Content-Disposition"] = f'inline; filename="{filename}"'
    response["ETag"], response["Cache-Control"] = etag, cache_control
    return response
