"""Connectors that made it: certified, live everywhere, some of them updated since."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from certification.models import Submission
from certification.services import credentials, rollbacks, rollouts, threads, waivers
from certification.services.threads import Place
from connectors.models import Connector
from portal.demo import people
from portal.demo.director import Story
from portal.demo.packages import at_home, by_the_water, in_town, revisions
from portal.demo.packages.language import Blueprint
from portal.demo.people import Person, Team
from portal.demo.world import World


@dataclass(frozen=True, slots=True)
class First:
    """A first certification that went through: who, when, and what was said."""

    team: Team
    by: Person
    blueprint: Blueprint
    reviewer: Person
    operator: Person
    days_ago: float
    word: str


FIRSTS = (
    First(
        people.SALTMARSH,
        people.OLIVIA,
        by_the_water.TIDES,
        people.RANA,
        people.OSKAR,
        88,
        "All operations work with the test key. Clear texts, thank you.",
    ),
    First(
        people.SALTMARSH,
        people.TOMAS,
        by_the_water.BERTHS,
        people.CORVIN,
        people.OSKAR,
        86,
        "Signed in with OAuth, booked and cancelled a berth. Good.",
    ),
    First(
        people.LANTERNFOLD,
        people.LEOPOLD,
        in_town.LOCKERS,
        people.YUKA,
        people.PILAR,
        84,
        "Stations, parcels and the trigger work as described.",
    ),
    First(
        people.QUILLMERE,
        people.HESTER,
        in_town.LOANS,
        people.RANA,
        people.OSKAR,
        83,
        "Lending and renewing work. The trigger arrives within a second.",
    ),
    First(
        people.VERDANT,
        people.SAFFRON,
        at_home.GREENHOUSE,
        people.CORVIN,
        people.PILAR,
        85,
        "Sensors and vents answer; the alert trigger was tested with a lamp.",
    ),
    First(
        people.KESTREL,
        people.FINNIAN,
        by_the_water.TICKETS,
        people.YUKA,
        people.OSKAR,
        80,
        "Bought, moved and refunded a ticket. Fine.",
    ),
    First(
        people.BIRCH,
        people.BEATRIX,
        at_home.RECIPES,
        people.RANA,
        people.PILAR,
        78,
        "Scaling works for one and for a hundred guests.",
    ),
    First(
        people.NIGHTJAR,
        people.LINNEA,
        at_home.BIRDS,
        people.CORVIN,
        people.PILAR,
        75,
        "Open data, read with the shared key. Good.",
    ),
    First(
        people.COPPERLINE,
        people.GRETA,
        in_town.METERS,
        people.YUKA,
        people.OSKAR,
        82,
        "Readings and bills agree with the account page.",
    ),
)


def first_story(world: World, first: First) -> Story:
    """From the reserved name to live in every region."""
    yield world.day(first.days_ago, 9)
    connector = world.register(first.team, first.by, first.blueprint)
    yield world.after(hours=26)
    submission = world.draft(connector, first.by, first.blueprint)
    yield world.after(hours=2)
    world.submit(submission, first.by)
    yield from to_live(world, submission, first.by, first.reviewer, first.operator, word=first.word)


def to_live(
    world: World,
    submission: Submission,
    by: Person,
    reviewer: Person,
    operator: Person,
    *,
    word: str,
    accepting: str = "",
) -> Iterator[dt.datetime]:
    """Review, Preview, sign-off, plan and every wave."""
    yield from to_signed_off(world, submission, by, reviewer, word=word, accepting=accepting)
    yield world.after(hours=5)
    world.schedule(submission, operator)
    yield from world.wait_for(submission, "live")


def to_signed_off(
    world: World, submission: Submission, by: Person, reviewer: Person, *, word: str, accepting: str = ""
) -> Iterator[dt.datetime]:
    yield from to_preview(world, submission, reviewer, word=word, accepting=accepting)
    yield world.after(hours=4)
    world.sign_off(submission, by, "Every operation was tried in Preview, with the production backend.")


def to_preview(
    world: World, submission: Submission, reviewer: Person, *, word: str, accepting: str = ""
) -> Iterator[dt.datetime]:
    """`accepting` is what the reviewer writes to errors that the team acknowledged."""
    yield from world.wait_for(submission, "in_review", hours=1)
    yield world.after(hours=20)
    world.claim(submission, reviewer)
    yield world.after(hours=1)
    look_at_credentials(world, submission, reviewer)
    yield world.after(hours=2)
    if accepting:
        world.accept(submission, reviewer, accepting)
    world.decide(submission, reviewer, "approve", word)
    yield from world.wait_for(submission, "preview_testing", hours=1)


def look_at_credentials(world: World, submission: Submission, reviewer: Person) -> None:
    for credential in submission.credentials.all():
        reason = "Sign in and call every operation once."
        credentials.reveal_credential(credential, reason=reason, actor=world.user(reviewer))


def update_of(
    world: World,
    team: Team,
    by: Person,
    blueprint: Blueprint,
    files: Mapping[str, bytes],
    change_notes: str,
    kind: str = "",
) -> Submission:
    """A draft of the connector's next version."""
    connector = Connector.objects.select_related("publisher").get(
        publisher=world.team(team), name=blueprint.title
    )
    return world.draft(connector, by, blueprint, files, change_notes=change_notes, kind=kind)


def tides_story(world: World) -> Story:
    """1.1.0 after a short conversation about one operation; 1.1.1 was made from the wrong version."""
    yield world.day(50, 9)
    submission = update_of(
        world,
        people.SALTMARSH,
        people.TOMAS,
        by_the_water.TIDES,
        revisions.with_currents(),
        "Currents of every harbour, as a list. Nothing else changed.",
    )
    yield world.after(hours=1)
    world.submit(submission, people.TOMAS)
    yield from world.wait_for(submission, "in_review", hours=1)
    yield world.after(hours=18)
    world.claim(submission, people.RANA)
    yield world.after(minutes=40)
    place = Place("apiDefinition.swagger.json", "/definitions/Current/properties/speed/description")
    thread = threads.open_thread(
        submission,
        body="Is the speed that of the surface? Makers will compare it with their charts.",
        place=place,
        actor=world.user(people.RANA),
    )
    yield world.after(hours=5)
    threads.reply(
        thread, body="Yes, of the upper five metres. The help page says so.", actor=world.user(people.TOMAS)
    )
    yield world.after(hours=2)
    threads.reply(thread, body="Good enough for me, thank you.", actor=world.user(people.RANA))
    threads.resolve(thread, actor=world.user(people.RANA))
    yield world.after(minutes=5)
    world.decide(submission, people.RANA, "approve", "Purely additive; one question answered.")
    yield from world.wait_for(submission, "preview_testing", hours=1)
    yield world.after(hours=6)
    world.sign_off(submission, people.INES, "Compared with the tide tables of three harbours.")
    yield world.after(hours=3)
    world.schedule(submission, people.OSKAR)
    yield from world.wait_for(submission, "live")
    yield world.day(1, 10)
    update_of(
        world,
        people.SALTMARSH,
        people.OLIVIA,
        by_the_water.TIDES,
        revisions.with_clearer_words(),
        "Only the description: it names currents now.",
    )


def meters_story(world: World) -> Story:
    """An error of the publisher's tool, waived for a limited time, on the way to 1.1.0."""
    yield world.day(45, 9)
    submission = update_of(
        world,
        people.COPPERLINE,
        people.ELIAS,
        in_town.METERS,
        revisions.with_exporter_member(),
        "A better description. The exporter adds an empty member; a fixed one comes with its next release.",
    )
    yield world.after(minutes=30)
    waiver = waivers.request_waiver(
        submission,
        rule="DEF-004",
        reason="Our exporter writes an empty member that nothing reads. Its next release will not.",
        actor=world.user(people.ELIAS),
    )
    yield world.after(hours=7)
    waivers.approve_waiver(
        waiver,
        reason="Harmless: the member is empty and ignored. Until the exporter's next release.",
        expires_on=(world.ends_at + dt.timedelta(days=20)).date(),
        actor=world.user(people.YUKA),
    )
    yield world.after(hours=2)
    world.submit(submission, people.ELIAS)
    yield from to_live(
        world,
        submission,
        people.GRETA,
        people.YUKA,
        people.PILAR,
        word="With the waiver noted in the decision.",
    )


def greenhouse_story(world: World) -> Story:
    """2.0.0 broke its users in the first regions of summer, and went back everywhere."""
    yield world.day(33, 9)
    submission = update_of(
        world,
        people.VERDANT,
        people.DIEGO,
        at_home.GREENHOUSE,
        revisions.with_zones(),
        "Sensors belong to zones now. Flows that name a greenhouse have to be changed.",
    )
    yield world.after(hours=1)
    told = "All eleven nurseries that use sensors were written to on Monday; the change notes say what to do."
    world.acknowledge(
        submission,
        people.DIEGO,
        {
            "UPD-003": f"Sensors hang in zones now, and so do their addresses. {told}",
            "UPD-005": f"The greenhouse follows from the zone. {told}",
            "UPD-006": f"Without its zone a sensor is not found any more. {told}",
        },
    )
    world.submit(submission, people.DIEGO)
    yield from to_live(
        world,
        submission,
        people.SAFFRON,
        people.CORVIN,
        people.PILAR,
        word="Breaking, and announced as such by the team.",
        accepting="I saw the letter to the nurseries. Eleven users are few enough to be told one by one.",
    )
    yield world.after(hours=40)
    rollbacks.roll_back(
        world.rollout(submission),
        reason="Every sensor call of older flows fails with 404. We go back and bring zones as an addition.",
        actor=world.user(people.SAFFRON),
    )
    yield from world.wait_for(submission, "rolled_back")


def lockers_story(world: World) -> Story:
    """2.0.0 is stopped by its own team: one region failed, and users miss a call."""
    yield world.day(14, 9)
    submission = update_of(
        world,
        people.LANTERNFOLD,
        people.AMARA,
        in_town.LOCKERS,
        revisions.without_reminders(),
        "Reminders move to the notification service.",
    )
    yield world.after(hours=1)
    reason = "Reminders and longer storage are offered by the notification service; all users were told."
    world.acknowledge(submission, people.AMARA, {"UPD-001": reason})
    world.submit(submission, people.AMARA)
    yield from to_signed_off(
        world,
        submission,
        people.JUN,
        people.RANA,
        word="Agreed with the team: few users, all of them told.",
        accepting="Telemetry shows three connections that call them, and the team has written to all three.",
    )
    place = (submission.connector.slug, "france")
    world.regions.failing[place] = "The package store of the region was full."
    yield world.after(hours=4)
    world.schedule(submission, people.PILAR)
    yield from world.wait_for(submission, "rolling_out")
    yield from until_failed(world, submission)
    yield world.after(hours=3)
    rollouts.stop_rollout(
        world.rollout(submission),
        reason="Two customers still call the reminders we took out. Please stop while we talk to them.",
        actor=world.user(people.LEOPOLD),
    )
    del world.regions.failing[place]


def until_failed(world: World, submission: Submission) -> Iterator[dt.datetime]:
    rollout = world.rollout(submission)
    while not rollout.deployments.filter(state="failed").exists():
        yield world.after(hours=4)
