"""Calendar feeds: what is in them, who may read them, and that calendars follow changes."""

from __future__ import annotations

import datetime as dt
import re
from xml.etree import ElementTree

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone
from icalendar import Calendar

from certification.models import (
    DateChange,
    ForecastSnapshot,
    Freeze,
    Incident,
    Notification,
    Preview,
    Rollout,
    SubmitByDate,
    Train,
)
from certification.planning.trains import Timetable
from certification.services import submit_by, trains
from portal.accounts import feeds
from portal.accounts.models import CalendarFeed
from portal.shared.logs import redact
from tests.factories.rollouts import add_plan, add_regions, add_submission, scheduled_rollout

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


@pytest.fixture
def train(cast):
    daily = Timetable("Daily", "UTC", frozenset(range(7)))
    return trains.create_train(trains.TrainDraft(daily), actor=cast.operator)


def departures_in(client):
    found = events(client.get("/calendar.ics"))
    return {key: event for key, event in found.items() if key.startswith("train-")}


@pytest.fixture
def evening():
    """The feed's window begins and ends with the minute of now: late in the day both hours lie on one side of
    it, whenever the test runs."""
    with time_machine.travel((timezone.now() + DAY).replace(hour=20)):
        yield


def test_departures_are_known_by_their_day_and_follow_the_train(client, cast, train, evening):
    before = departures_in(client)
    assert 60 <= len(before) <= 76
    draft = trains.TrainDraft(Timetable("Daily", "UTC", frozenset(range(7)), dt.time(15, 30)))
    trains.change_train(train, draft, reason="Later.", actor=cast.operator)
    Train.objects.filter(pk=train.pk).update(updated_at=timezone.now() + dt.timedelta(seconds=5))
    after = departures_in(client)
    assert before.keys() == after.keys(), "another hour is the same departure"
    key = max(before)
    assert after[key]["dtstart"].dt.hour == 15
    assert after[key]["sequence"] > before[key]["sequence"]
    trains.retire_train(train, reason="Nobody boards it.", actor=cast.operator)
    assert {str(event["status"]) for key, event in departures_in(client).items() if key >= max(before)} == {
        "CANCELLED"
    }


def test_submit_by_dates_are_kept_and_grow_in_revision_when_they_move(client, cast):
    add_regions("preview-us", preview="preview-us")
    add_regions("north", "south")
    add_plan(cast.operator, "north", "south")
    at = timezone.now().replace(microsecond=0) + 60 * DAY
    row = Freeze.objects.create(
        name="Year-end", reason="Quiet.", created_by=cast.operator, starts_at=at, ends_at=at + 9 * DAY
    )
    assert submit_by.keep_dates() > 0
    assert submit_by.keep_dates() == 0, "twice changes nothing"
    key = f"submit-by-freeze-{row.pk}-additive"
    before = events(client.get("/calendar.ics"))[key]
    assert before["dtstart"].dt < at.date()
    Freeze.objects.filter(pk=row.pk).update(starts_at=at - 7 * DAY)
    assert submit_by.keep_dates() > 0
    after = events(client.get("/calendar.ics"))[key]
    assert after["dtstart"].dt < before["dtstart"].dt
    assert after["sequence"] == before["sequence"] + 1
    Freeze.objects.filter(pk=row.pk).update(cancelled_at=timezone.now())
    submit_by.keep_dates()
    gone = events(client.get("/calendar.ics"))[key]
    assert (str(gone["status"]), gone["sequence"]) == ("CANCELLED", before["sequence"] + 2)
    assert submit_by.keep_dates() == 0
    assert SubmitByDate.objects.filter(submit_by__isnull=False).count() == 0


def titles(answer):
    root = ElementTree.fromstring(answer.content)
    return [entry.findtext("{*}title") for entry in root.iter("{http://www.w3.org/2005/Atom}entry")]


def test_everybody_follows_departures_freezes_and_incidents(client, cast, freeze, train):
    secret = Incident.objects.create(title="Ours", text="x", is_public=False, opened_by=cast.operator)
    shown = Incident.objects.create(title="Sign-in is ill", text="No tokens.", opened_by=cast.operator)
    answer = client.get("/updates.atom")
    assert answer["Content-Type"].startswith("application/atom+xml")
    found = titles(answer)
    assert {"Freeze: Year-end", "Incident: Sign-in is ill"} <= set(found)
    assert sum(title.startswith("Daily leaves on") for title in found) == 14
    assert secret.title not in found
    assert b"Only for us" not in answer.content
    assert client.get("/updates.atom").content == answer.content, "equal news are equal bytes"
    again = client.get("/updates.atom", headers={"If-None-Match": answer["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    Incident.objects.filter(pk=shown.pk).update(
        state="closed", closed_at=timezone.now(), closing_note="Back.", closed_by=cast.operator
    )
    assert "Over: Sign-in is ill" in titles(client.get("/updates.atom"))


def test_a_feed_without_news_is_whole_and_always_the_same(client, db):
    first = client.get("/updates.atom")
    assert titles(first) == []
    assert client.get("/updates.atom").content == first.content


def test_a_team_follows_its_own_events_once_each_and_nobody_elses(client, cast):
    for person, publisher in (
        (cast.owner, cast.publisher),
        (cast.developer, cast.publisher),
        (cast.stranger, cast.other_publisher),
    ):
        Notification.objects.create(
            recipient=person, address=person.email, event="submission.submit", group="submission",
            subject=f"{publisher.name} was submitted", body_text="Nothing of this travels.", url="/x/",
            publisher=publisher, state="portal", message_id=str(person.pk), dedupe_key=str(person.pk),
        )  # fmt: skip
    address = own(client, cast.viewer).replace(".ics", ".atom")
    answer = client.get(address)
    assert titles(answer) == [f"{cast.publisher.name} was submitted"]
    assert b"Nothing of this travels" not in answer.content
    assert (answer["Referrer-Policy"], answer["X-Robots-Tag"]) == ("no-referrer", "noindex")
    assert "private" in answer["Cache-Control"]
    assert redact(None, "info", {"event": f"GET {address} 500"})["event"] == "GET /calendar/***.atom 500"
    feeds.drop_feed(actor=cast.viewer)
    assert client.get(address).status_code == 404
