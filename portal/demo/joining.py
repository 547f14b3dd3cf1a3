"""What began lately: a connector that was live elsewhere, one change over several, a program that is told."""

from __future__ import annotations

from certification.lifecycle import PREPARING_STATES
from certification.models import RegionTask, SubmissionFamily
from certification.reviewing.family_changes import FamilyChange
from certification.services import family_making, imports, webhooks
from connectors.models import Connector, Publisher, Region
from portal.accounts.models import User
from portal.demo import by_hand, people
from portal.demo.packages.build import files_of, zip_of
from portal.demo.packages.by_the_water import BUOYS, TIDES
from portal.demo.services import HOOKS


def write() -> None:
    """After the history, through the services, in the name of who does it."""
    import_buoys(actor=_user(people.ADA))
    begin_family()
    tell_a_program(actor=_user(people.OLIVIA))


def import_buoys(*, actor: User) -> None:
    """Live at the Arctic station for years, brought in from a public list; nobody has claimed it yet."""
    station = Region.objects.get(pk=by_hand.CODE)
    line = imports.ImportLine(
        name=BUOYS.title,
        publisher=BUOYS.publisher,
        package=zip_of(files_of(BUOYS)),
        regions=(station.pk,),
        source="The platform's public list of connectors",
        summary=BUOYS.description,
    )
    imported = imports.import_connector(line, actor=actor)
    by_hand.ask_for(station, imported.connector)
    task = RegionTask.objects.get(region=station, connector=imported.connector)
    by_hand.do(task, actor=_user(people.OSKAR))


def begin_family() -> SubmissionFamily | None:
    """The team with most free connectors gives them a new privacy policy; None when no team has two."""
    publishers = Publisher.objects.exclude(memberships=None).order_by("slug")
    publisher = max(publishers, key=lambda each: len(_free(each)))
    connectors = _free(publisher)
    if len(connectors) < 2:
        return None
    owner: User = publisher.memberships.filter(role="owner").select_related("user")[0].user
    family = family_making.make_family(
        publisher,
        title="One privacy policy for all our services",
        connectors=connectors,
        change_notes="The privacy policy has moved and is the same for all of our services now.",
        actor=owner,
    )
    change = FamilyChange(privacy_policy=f"https://{owner.email.partition('@')[2]}/privacy-2027")
    preview = family_making.preview_change(family, change, actor=owner)
    seen = {each.submission.pk: each.seen for each in preview.members if each.seen}
    family_making.apply_change(family, change, seen=seen, actor=owner)
    return family


def _free(publisher: Publisher) -> list[Connector]:
    """Those that users have or are about to get, and whose next version nobody prepares yet."""
    released = publisher.connectors.filter(
        submissions__state__in=("live", "scheduled", "rolling_out", "held")
    )
    free = released.exclude(submissions__state__in=PREPARING_STATES)
    return list(free.order_by("slug").distinct())


def tell_a_program(*, actor: User) -> None:
    """The harbour's own program hears of everything; the demo's services take it in."""
    publisher = actor.memberships.select_related("publisher")[0].publisher
    draft = webhooks.EndpointDraft(f"https://{TIDES.host}{HOOKS}", "The harbour's notice board")
    endpoint, _secret = webhooks.create_endpoint(publisher, draft, actor=actor)
    webhooks.send_test(endpoint, actor=actor)


def _user(person: people.Person) -> User:
    return User.objects.get(email=person.address)
