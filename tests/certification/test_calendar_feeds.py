"""Calendar feeds: what is in them, who may read them, and that calendars follow changes."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.urls import reverse
from django.utils import timezone
from icalendar import Calendar

from certification.models import DateChange, ForecastSnapshot, Freeze, Preview, Rollout
from portal.accounts import feeds
from portal.accounts.models import CalendarFeed
from portal.shared.logs import redact
from tests.factories.rollouts import add_submission, scheduled_rollout

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


def events(answer):
    calendar = Calendar.from_ical(answer.content)
    found = {str(event["uid"]).partition("@")[0]: event for event in calendar.walk("VEVENT")}
    assert len(found) == len(calendar.walk("VEVENT")), "a UID occurs twice"
    return found


@pytest.fixture
def freeze(cast):
    now = timezone.now()
    return Freeze.objects.create(
        name="Year-end", reason="Only for us.", created_by=cast.operator,
        starts_at=now + DAY, ends_at=now + 9 * DAY,
    )  # fmt: skip


def own(client, user):
    return reverse("personal_calendar", args=[feeds.make_feed(actor=user).reveal()])


def test_everybody_reads_freezes_in_utc_and_not_their_reasons(client, freeze):
    answer = client.get("/calendar.ics")
    assert answer["Content-Type"].startswith("text/calendar")
    event = events(answer)[f"freeze-{freeze.pk}"]
    assert event["dtstart"].dt == freeze.starts_at.replace(microsecond=0)
    assert event.to_ical().count(b"TZID") == 0
    assert str(event["summary"]) == "Freeze: Year-end"
    assert b"Only for us" not in answer.content


def test_a_freeze_taken_back_stays_as_cancelled_with_a_higher_sequence(client, freeze):
    before = events(client.get("/calendar.ics"))[f"freeze-{freeze.pk}"]
    Freeze.objects.update(cancelled_at=freeze.created_at + DAY)
    after = events(client.get("/calendar.ics"))[f"freeze-{freeze.pk}"]
    assert (str(before["status"]), str(after["status"])) == ("CONFIRMED", "CANCELLED")
    assert after["sequence"] > before["sequence"]
    assert after["uid"] == before["uid"]


def test_an_unchanged_feed_is_not_sent_again(client, freeze):
    first = client.get("/calendar.ics")
    assert client.get("/calendar.ics").content == first.content
    again = client.get("/calendar.ics", headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    Freeze.objects.update(name="Winter")
    assert client.get("/calendar.ics", headers={"If-None-Match": first["ETag"]}).status_code == 200


def test_ones_own_waves_are_whole_days_by_forecast(client, cast):
    rollout = scheduled_rollout(cast, "north", "south", due=False)
    first, second = rollout.waves.order_by("number")
    ForecastSnapshot.objects.filter(rollout=rollout).delete()
    early = timezone.now().replace(hour=12) + 5 * DAY
    ForecastSnapshot.objects.create(
        rollout=rollout, region_id="north", early=early, late=early + 2 * DAY, cause="rollout.schedule"
    )
    found = events(client.get(own(client, cast.viewer)))
    event = found[f"wave-{first.pk}"]
    assert event["dtstart"].dt == early.date()
    assert event["dtend"].dt == (early + 3 * DAY).date()
    assert str(event["status"]) == "TENTATIVE"
    assert "North" in str(event["description"])
    assert found[f"wave-{second.pk}"]["dtstart"].dt == second.planned_at.date()


def test_a_moved_and_then_cancelled_wave_grows_in_sequence(client, cast):
    rollout = scheduled_rollout(cast, "north", due=False)
    wave = rollout.waves.get()
    address = own(client, cast.owner)
    before = events(client.get(address))[f"wave-{wave.pk}"]
    DateChange.objects.create(
        rollout=rollout, wave=wave, old_at=wave.planned_at, new_at=wave.planned_at + DAY, cause="operator"
    )
    moved = events(client.get(address))[f"wave-{wave.pk}"]
    Rollout.objects.update(state="cancelled", finished_at=timezone.now())
    gone = events(client.get(address))[f"wave-{wave.pk}"]
    assert before["sequence"] < moved["sequence"] < gone["sequence"]
    assert str(gone["status"]) == "CANCELLED"


def test_a_feed_holds_only_what_its_owner_may_see(client, cast):
    rollout = scheduled_rollout(cast, "north", due=False)
    name = rollout.connector.name.encode()
    assert name in client.get(own(client, cast.tester)).content
    assert name in client.get(own(client, cast.operator)).content
    assert name not in client.get(own(client, cast.stranger)).content
    assert name not in client.get("/calendar.ics").content


def test_a_preview_deadline_is_there_until_it_is_answered(client, cast):
    scheduled_rollout(cast, "north", due=False)
    submission = add_submission(cast, state="preview_testing")
    preview = Preview.objects.create(
        submission=submission, revision=submission.revision, version=submission.version,
        region_id="preview-us", state="testing", opened_at=timezone.now(), deadline_at=timezone.now() + DAY,
    )  # fmt: skip
    address = own(client, cast.tester)
    event = events(client.get(address))[f"preview-{preview.pk}"]
    assert event["dtstart"].dt == preview.deadline_at.replace(microsecond=0)
    Preview.objects.update(state="signed_off", state_changed_at=timezone.now())
    assert str(events(client.get(address))[f"preview-{preview.pk}"]["status"]) == "CANCELLED"


def test_a_new_address_kills_the_old_one_and_it_can_be_taken_away(cast, client, sign_in):
    browser = sign_in(cast.developer)
    pages = [browser.post(reverse("accounts:calendar")).content.decode() for _ in range(2)]
    first, second = (re.search(r"/calendar/[\w-]{43}\.ics", page).group() for page in pages)
    assert [client.get(first).status_code, client.get(second).status_code] == [404, 200]
    assert second not in browser.get(reverse("accounts:calendar")).content.decode()
    assert second.split("/")[2].removesuffix(".ics") not in str(CalendarFeed.objects.values().get())
    browser.post(reverse("accounts:calendar_drop"))
    assert client.get(second).status_code == 404


def test_the_address_goes_into_no_log_no_referrer_and_no_shared_cache(client, cast):
    address = own(client, cast.owner)
    answer = client.get(address)
    assert answer["Referrer-Policy"] == "no-referrer"
    assert answer["X-Robots-Tag"] == "noindex"
    assert answer["Cache-Control"].startswith("private")
    line = redact(None, "info", {"event": f"GET {address} 500"})
    assert address not in line["event"]


def test_somebody_who_left_reads_nothing(client, cast):
    address = own(client, cast.owner)
    cast.owner.is_active = False
    cast.owner.save()
    assert client.get(address).status_code == 404
