"""What waits for somebody: a gate that cannot tell, an incident, a train's departure, a hotfix, a region."""

from __future__ import annotations

import datetime as dt

from certification.models import Lane, Preview
from certification.services import incidents, overrides, testers, watches
from connectors.models import Connector, Region
from portal.demo import people
from portal.demo.director import Story
from portal.demo.packages import at_home, by_the_water, in_town, revisions
from portal.demo.story.certified import to_signed_off, update_of
from portal.demo.world import World
from portal.shared.actors import SYSTEM


def leftovers_story(world: World) -> Story:
    """An update whose gate cannot tell: few call it, one region is silent, and an operator has to look."""
    yield world.day(12, 9)
    submission = update_of(
        world,
        people.BIRCH,
        people.OTIS,
        at_home.RECIPES,
        revisions.with_leftovers(),
        "What is left of a meal can be noted. Nothing else changed.",
    )
    world.submit(submission, people.OTIS)
    yield from to_signed_off(
        world, submission, people.BEATRIX, people.YUKA, word="Noted half a pie, and took it away again."
    )
    yield world.after(hours=3)
    rollout = world.schedule(submission, people.OSKAR)
    first = rollout.waves.order_by("number").values_list("number", flat=True)[0]
    world.gates.unclear.add((submission.connector.slug, first))
    yield from world.wait_for(submission, "rolling_out")


def rarities_story(world: World) -> Story:
    """An update that an incident keeps from going on: whoever signs in with a key there has to wait."""
    yield world.day(13, 9)
    submission = update_of(
        world,
        people.NIGHTJAR,
        people.LINNEA,
        at_home.BIRDS,
        revisions.with_rarities(),
        "Rare visitors, as a list of their own. Nothing else changed.",
    )
    world.submit(submission, people.LINNEA)
    yield from to_signed_off(
        world, submission, people.KOFI, people.CORVIN, word="Additive and small; a wryneck was found at once."
    )
    yield world.after(hours=3)
    rollout = world.schedule(submission, people.PILAR, waves_in_days={5: 2, 6: 9})
    yield from world.wait_for(submission, "rolling_out")
    yield world.day(1, 7, 20)
    concerned = sorted(incidents.next_regions(world.rollout(submission)))
    incidents.open_incident(
        incidents.IncidentDraft(
            title="Keys are refused at the gateway",
            text="Connections that sign in with a key are refused now and then. What runs goes on running; "
            "new versions wait until the gateway's team has found the cause.",
            auth_kinds=("api_key",),
            regions=tuple(concerned),
            connectors=(rollout.connector.slug,),
        ),
        actor=world.user(people.OSKAR),
    )


def freight_story(world: World) -> Story:
    """A new connector aboard the next train of those that leave together."""
    yield world.day(10, 9)
    connector = world.register(people.KESTREL, people.NOOR, by_the_water.FREIGHT)
    yield world.after(hours=5)
    submission = world.draft(connector, people.NOOR, by_the_water.FREIGHT)
    world.submit(submission, people.NOOR)
    yield from to_signed_off(
        world, submission, people.FINNIAN, people.RANA, word="Booked a trailer, and moved it to the evening."
    )
    yield world.day(1, 12)
    # From tomorrow: today's train may have left by the time somebody looks.
    world.schedule(submission, people.PILAR, lane=Lane.NEW, first_in_days=1)


def hotfix_story(world: World) -> Story:
    """The team of a connector whose bills are wrong asks for the fast lane; two others have to agree."""
    yield world.day(1, 13)
    submission = update_of(
        world,
        people.COPPERLINE,
        people.ELIAS,
        in_town.METERS,
        revisions.with_right_bills(),
        "Bills of members who moved are found again.",
        kind="hotfix",
    )
    world.submit(submission, people.ELIAS)
    yield from world.wait_for(submission, "in_review", hours=1)
    overrides.request_hotfix(
        submission,
        reason="Members who moved this month cannot see their bills, and the bills are due on Monday.",
        actor=world.user(people.GRETA),
    )


def watchers_story(world: World) -> Story:
    """Two people want to hear when a version reaches their region: one is known here, the other is not."""
    yield world.day(4, 16)
    berths = Connector.objects.get(name=by_the_water.BERTHS.title)
    canada, japan = Region.objects.get(pk="canada"), Region.objects.get(pk="japan")
    watches.ask(berths, canada, None, address="", actor=world.user(people.FINNIAN))
    asked = watches.ask(berths, japan, None, address="quay.office@coaster-lines.example", actor=SYSTEM)
    yield world.after(hours=2)
    if asked is not None:
        watches.confirm(watches.confirmation_token(asked), actor=SYSTEM)
    yield world.ends_at - dt.timedelta(hours=3)
    watches.ask(berths, canada, None, address="pier.three@coaster-lines.example", actor=SYSTEM)


def guests_story(world: World) -> Story:
    """Two people from outside are asked to test the museum's Preview: one has begun to."""
    yield world.ends_at - dt.timedelta(hours=6)
    museum = Preview.objects.filter(state="testing", submission__connector__name=in_town.MUSEUM.title)
    preview = museum.select_related("submission__connector__publisher").first()
    if preview is None:
        return
    guest, team = world.welcome(people.QUENTIN), world.user(people.IVO)
    note = "Does the ledger give what an archive needs? Loans above all."
    draft = testers.GuestDraft(people.QUENTIN.address, ["flow", "agent"], note=note)
    access, _ = testers.invite(preview, draft, actor=team)
    testers.invite(preview, testers.GuestDraft("loans@reed-archives.example", ["app"], days=30), actor=team)
    yield world.after(hours=1)
    testers.accept(access, actor=guest)
    yield world.after(hours=2)
    words = {
        "find": testers.Word("works"),
        "connect": testers.Word("works", "The second try; the first had the wrong scope."),
        "action": testers.Word("works"),
        "choices": testers.Word("fails", "The list of rooms is empty until a building is chosen."),
    }
    testers.check_product(preview, "flow", words, actor=guest)
