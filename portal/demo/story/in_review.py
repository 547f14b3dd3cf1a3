"""Submissions before their rollout: written, checked, read, sent back, tested, given up."""

from __future__ import annotations

import datetime as dt

from certification.services import replies, reviews, submissions, suggestions, threads, waivers
from certification.services.previews import refuse_preview
from certification.services.threads import Place
from portal.demo import people
from portal.demo.director import Story
from portal.demo.packages import at_home, in_town, revisions
from portal.demo.packages.build import files_of
from portal.demo.story.certified import to_preview, update_of
from portal.demo.world import World

_DEFINITION = "apiDefinition.swagger.json"


def returns_story(world: World) -> Story:
    """In review, claimed this minute."""
    yield world.day(5, 9)
    connector = world.register(people.LANTERNFOLD, people.AMARA, in_town.RETURNS)
    yield world.after(hours=20)
    submission = world.draft(connector, people.AMARA, in_town.RETURNS)
    world.submit(submission, people.AMARA)
    yield world.ends_at - dt.timedelta(minutes=50)
    world.claim(submission, people.RANA)
    yield world.after(minutes=15)
    threads.open_thread(
        submission,
        body="Shops set the days for returns themselves. Does *Return days* follow when a shop changes them?",
        place=Place(_DEFINITION, "/definitions/Shop/properties/returnDays"),
        actor=world.user(people.RANA),
    )
    yield world.after(minutes=5)
    threads.open_thread(
        submission,
        body="Second connector of this team in three months; the first was clean. I expect a short review.",
        is_private=True,
        actor=world.user(people.RANA),
    )


def loans_story(world: World) -> Story:
    """In review, free again: a claim was handed over and then ran out."""
    yield world.day(7, 9)
    submission = update_of(
        world,
        people.QUILLMERE,
        people.IVO,
        in_town.LOANS,
        revisions.with_reservations(),
        "Books can be reserved. Nothing else changed.",
    )
    world.submit(submission, people.IVO)
    yield world.day(5, 7)
    world.claim(submission, people.YUKA)
    yield world.after(hours=1)
    thread = threads.open_thread(
        submission,
        body="What does a reader see when the place in the queue changes? A trigger would help.",
        place=Place(_DEFINITION, "/paths/~1reservations/get"),
        actor=world.user(people.YUKA),
    )
    yield world.after(hours=1)
    reviews.hand_over(
        submission,
        to=world.user(people.CORVIN),
        note="Read everything but the reservations' texts. One question is open; I am away from tomorrow.",
        actor=world.user(people.YUKA),
    )
    yield world.day(3, 15)
    threads.reply(
        thread,
        body="Readers get a mail from us. We would add a trigger in the next version, if that is all right.",
        actor=world.user(people.HESTER),
    )


def rooms_story(world: World) -> Story:
    """Sent back with three threads; the team has answered one."""
    yield world.day(8, 9)
    _canned_replies(world)
    connector = world.register(people.QUILLMERE, people.PAVEL, in_town.ROOMS)
    yield world.after(hours=5)
    submission = world.draft(connector, people.PAVEL, in_town.ROOMS, revisions.rooms_first_try())
    world.submit(submission, people.PAVEL)
    yield world.day(5, 10)
    world.claim(submission, people.CORVIN)
    yield world.after(minutes=30)
    corvin = world.user(people.CORVIN)
    naming = threads.open_thread(
        submission,
        body="The room calls it `capacity`, the readme *seats*. Makers will look for one word: which is it?",
        place=Place(_DEFINITION, "/definitions/ReadingRoom/properties/capacity"),
        actor=corvin,
    )
    suggestions.open_with_suggestion(
        submission,
        place=Place(_DEFINITION, "/definitions/Reservation/properties/until/description"),
        text='"When the room is free again, on the same day: a reservation ends at midnight."',
        body="May a reservation last over midnight? Say so in the description, either way.",
        actor=corvin,
    )
    threads.open_thread(
        submission, body="The introduction should say who gets a key.", place=Place("intro.md"), actor=corvin
    )
    yield world.after(minutes=40)
    world.decide(
        submission,
        people.CORVIN,
        "request_changes",
        "Good work. Three small things in the threads, then it is done.",
    )
    yield world.day(2, 9)
    threads.reply(naming, body="*Seats*. We correct the definition tomorrow.", actor=world.user(people.PAVEL))


def _canned_replies(world: World) -> None:
    for title, body, rules in (
        (
            "A full sentence, please",
            "{place}: write what it does as a sentence that ends with a full stop. {rule_url} has examples.",
            ["OPR-051", "PRM-022", "INF-015"],
        ),
        ("Say what comes back", "What does a maker get from {operation}? Name it in the description.", []),
        ("One word for one thing", "{connector} has two words for {place}. Makers will look for one.", []),
    ):
        replies.create_reply(title=title, body=body, rules=rules, actor=world.user(people.CORVIN))


def museum_story(world: World) -> Story:
    """Sent back once, approved the second time, and now tested in Preview."""
    yield world.day(24, 9)
    connector = world.register(people.QUILLMERE, people.IVO, in_town.MUSEUM)
    yield world.after(hours=30)
    submission = world.draft(connector, people.IVO, in_town.MUSEUM, revisions.museum_first_try())
    world.submit(submission, people.IVO)
    yield world.day(19, 9)
    world.claim(submission, people.RANA)
    yield world.after(hours=3)
    rana, ivo = world.user(people.RANA), world.user(people.IVO)
    thread = threads.open_thread(
        submission,
        body="All deletions say “Removes the entry.” Say what is removed: an artefact, a donor.",
        place=Place(_DEFINITION, "/paths/~1artefacts~1{artefactId}/delete/description"),
        actor=rana,
    )
    yield world.after(hours=1)
    world.decide(submission, people.RANA, "request_changes", "150 operations, one remark for thirty of them.")
    yield world.after(hours=27)
    threads.reply(thread, body="Done in revision 2, all thirty.", actor=ivo)
    world.choose(
        submission,
        world.upload(connector, people.IVO, files_of(in_town.MUSEUM)),
        people.IVO,
        "Descriptions of all deletions.",
    )
    world.submit(submission, people.IVO)
    yield world.day(3, 11)
    world.claim(submission, people.RANA)
    threads.resolve(thread, actor=rana)
    yield world.ends_at - dt.timedelta(hours=9)
    world.decide(submission, people.RANA, "approve", "Read all of it again. A model of a large connector.")
    yield from world.wait_for(submission, "preview_testing", hours=1)


def rota_story(world: World) -> Story:
    """Three warnings with notes; refused by its own team in Preview."""
    yield world.day(20, 9)
    connector = world.register(people.PEAL, people.MARGOT, at_home.ROTA)
    yield world.after(hours=4)
    submission = world.draft(connector, people.MARGOT, at_home.ROTA, revisions.rota_with_warnings())
    yield world.after(hours=1)
    margot = world.user(people.MARGOT)
    notes = {
        "OPR-013b": "Our web calendar calls the operation by the same id, and choirs have built on it.",
        "INF-015": "The sentence is also our slogan, which has no full stop.",
        "INF-021": "Our help page moves next month; until then there is only the address.",
    }
    for rule, note in notes.items():
        waivers.note_warning(submission, rule=rule, note=note, actor=margot)
    world.submit(submission, people.MARGOT)
    yield from to_preview(world, submission, people.YUKA, word="The notes explain all three warnings.")
    yield world.after(hours=8)
    refuse_preview(
        world.preview(submission),
        reasons="Attendance counts basses as tenors when a name has an accent. We correct it first.",
        actor=world.user(people.ANSEL),
    )


def bells_story(world: World) -> Story:
    """Handed in before the check was through: many errors. Waivers asked for, declined, taken back."""
    yield world.day(4, 9)
    connector = world.register(people.PEAL, people.ANSEL, at_home.BELLS, ticks=4)
    yield world.after(hours=3)
    submission = world.draft(connector, people.ANSEL, at_home.BELLS, revisions.bells_unfinished())
    world.submit(submission, people.ANSEL)
    yield from world.wait_for(submission, "validation_failed", hours=1)
    yield world.after(hours=1)
    ansel = world.user(people.ANSEL)
    short = waivers.request_waiver(
        submission, rule="INF-011", reason="Bells ring. There is honestly nothing more to say.", actor=ansel
    )
    version = waivers.request_waiver(
        submission, rule="INF-016", reason="Our tool does not write a version into the file.", actor=ansel
    )
    yield world.after(hours=16)
    waivers.decline_waiver(
        short,
        reason="Makers choose by the description: say what they can do with towers and ringings.",
        actor=world.user(people.CORVIN),
    )
    yield world.after(hours=2)
    waivers.withdraw_waiver(version, actor=ansel)
    yield world.after(hours=1)
    waivers.request_waiver(
        submission,
        rule="INF-035",
        reason="None of the categories fits bell ringing; the nearest would be wrong.",
        actor=ansel,
    )


def pantry_story(world: World) -> Story:
    """Rejected: the backend is somebody's kitchen computer."""
    yield world.day(40, 9)
    connector = world.register(people.BIRCH, people.OTIS, at_home.PANTRY, ticks=3)
    yield world.after(hours=4)
    submission = world.draft(connector, people.OTIS, at_home.PANTRY)
    world.submit(submission, people.OTIS)
    yield world.day(37, 9)
    world.claim(submission, people.CORVIN)
    yield world.after(hours=1)
    threads.open_thread(
        submission,
        body="The address leads to a home connection. I wrote to the publisher; he is friendly and agrees.",
        is_private=True,
        actor=world.user(people.CORVIN),
    )
    world.decide(
        submission,
        people.CORVIN,
        "reject",
        "The service runs on a computer at home and is off at night. Come back when it has a host.",
    )


def rentals_story(world: World) -> Story:
    """Taken back by its team."""
    yield world.day(29, 9)
    connector = world.register(people.SPOKE, people.RAFAEL, at_home.RENTALS)
    yield world.after(hours=2)
    submission = world.draft(connector, people.RAFAEL, at_home.RENTALS)
    world.submit(submission, people.RAFAEL)
    yield world.after(hours=30)
    submission.refresh_from_db()
    submissions.withdraw(
        submission,
        reason="Insurance for rentals is not settled; we come back in spring.",
        actor=world.user(people.WILHELMINA),
    )


def diary_story(world: World) -> Story:
    """Nobody tested in Preview, so the time ran out."""
    yield world.day(15, 9)
    connector = world.register(people.NIGHTJAR, people.LINNEA, at_home.DIARY)
    yield world.after(hours=2)
    submission = world.draft(connector, people.LINNEA, at_home.DIARY)
    world.submit(submission, people.LINNEA)
    yield from to_preview(world, submission, people.RANA, word="A diary, and a good one.")
    yield from world.wait_for(submission, "expired", hours=5)
