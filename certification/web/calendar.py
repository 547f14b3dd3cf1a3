"""Calendar and Atom feeds: what concerns everybody, and a person's own behind an address nobody can guess."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from certification.queries import feeds as queries
from certification.queries.calendar import personal_entries, public_entries
from portal.accounts.feeds import reader_of
from portal.shared import atom, ics

_SHARED = "public, max-age=900"
_OWN = "private, max-age=300"


@require_safe
def public_calendar(request: HttpRequest) -> HttpResponse:
    content = ics.feed(public_entries(), name=_("Certification: freezes and trains"))
    return ics.answer(request, content, filename="certification.ics", cache_control=_SHARED)


@require_safe
def personal_calendar(request: HttpRequest, feed_token: str) -> HttpResponse:
    """Read-only, for calendars that cannot sign in: the address is the key. See docs/decisions/0005."""
    reader = reader_of(feed_token)
    if reader is None:
        raise Http404
    content = ics.feed(personal_entries(reader), name=_("Certification: my rollouts"))
    response = ics.answer(request, content, filename="my-rollouts.ics", cache_control=_OWN)
    # The address is the key: it goes to no other site and into no index.
    response["Referrer-Policy"], response["X-Robots-Tag"] = "no-referrer", "noindex"
    return response


@require_safe
def public_feed(request: HttpRequest) -> HttpResponse:
    """Departures, freezes and incidents as Atom."""
    return atom.answer(
        request, queries.public_news(), title=_("Certification: departures, freezes, incidents"),
        link=reverse("status"), cache_control=_SHARED,
    )  # fmt: skip


@require_safe
def personal_feed(request: HttpRequest, feed_token: str) -> HttpResponse:
    """The events of the reader's teams as Atom, behind the same address as their calendar."""
    reader = reader_of(feed_token)
    if reader is None:
        raise Http404
    response = atom.answer(
        request, queries.team_news(reader), title=_("Certification: my teams"),
        link=reverse("notification_list"), cache_control=_OWN,
    )  # fmt: skip
    response["Referrer-Policy"], response["X-Robots-Tag"] = "no-referrer", "noindex"
    return response


urlpatterns = [
    path("updates.atom", public_feed, name="public_feed"),
    path("calendar/<str:feed_token>.atom", personal_feed, name="personal_feed"),
    path("calendar.ics", public_calendar, name="public_calendar"),
    path("calendar/<str:feed_token>.ics", personal_calendar, name="personal_calendar"),
]
