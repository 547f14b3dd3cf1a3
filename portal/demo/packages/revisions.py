"""Later versions of the demo connectors, and packages that are wrong on purpose."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from portal.demo.packages import at_home, by_the_water, in_town
from portal.demo.packages.build import files_of
from portal.demo.packages.language import EVERY_CALL, Blueprint, call, thing

Files = dict[str, bytes]
_Json = dict[str, Any]


def with_currents() -> Files:
    """Tides 1.1.0: another list, nothing taken away."""
    current = thing(
        "Current",
        "Currents",
        "at:time Time | When the current was measured.",
        "speed:double Speed | The speed in knots.",
        "direction:int Direction | Where it runs to, in degrees.",
        calls="list",
        title="at",
        below=by_the_water.TIDES.things[0],
        filters=("from:date From | The first day to list.",),
    )
    return files_of(
        replace(by_the_water.TIDES, version="1.1.0", things=(*by_the_water.TIDES.things, current))
    )


def with_clearer_words() -> Files:
    """Tides 1.1.1: only the description was to change, but it is made from 1.0.0 and lacks the currents; the
    numbers of days became texts besides.
    """

    def as_texts(definition: _Json, _: _Json) -> None:
        days = _parameter(definition["paths"]["/harbours/{harbourId}/tides"]["get"], "days")
        days["type"] = "string"
        del days["format"]

    text = "High and low water, currents and warnings for every harbour of the coast, a year ahead."
    return files_of(replace(by_the_water.TIDES, version="1.1.1", description=text), as_texts)


def with_waiting_list() -> Files:
    """Berths 1.1.0: a waiting list beside the bookings."""
    entry = thing(
        "WaitingEntry",
        "WaitingEntries",
        "boat! Boat | The name of the boat.",
        "length:double! Length | The length of the boat in metres.",
        "from:date! From | The first night that is wanted.",
        title="boat",
        hook="gets a berth",
    )
    return files_of(
        replace(by_the_water.BERTHS, version="1.1.0", things=(*by_the_water.BERTHS.things, entry))
    )


def without_reminders() -> Files:
    """Lockers 2.0.0: two calls are gone, which breaks whoever uses them."""
    station, parcel = in_town.LOCKERS.things
    return files_of(replace(in_town.LOCKERS, version="2.0.0", things=(station, replace(parcel, more=()))))


def with_reservations() -> Files:
    """Loans 1.1.0: books can be reserved."""
    reservation = thing(
        "Reservation",
        "Reservations",
        "bookId! Book | The number of the book.",
        "card! Card | The number on the library card.",
        "place:int Place | The place in the queue.",
        calls="list get create delete",
        title="card",
    )
    return files_of(replace(in_town.LOANS, version="1.1.0", things=(*in_town.LOANS.things, reservation)))


def with_zones() -> Files:
    """Greenhouse 2.0.0: sensors belong to zones now, so their addresses change."""
    house, sensor, vent = at_home.GREENHOUSE.things
    zone = thing(
        "Zone",
        "Zones",
        "name! Name | The name of the zone.",
        "crop Crop | What grows there.",
        calls=EVERY_CALL,
    )
    moved = replace(sensor, below=zone)
    return files_of(replace(at_home.GREENHOUSE, version="2.0.0", things=(house, zone, moved, vent)))


def with_season_passes() -> Files:
    """Tickets 1.1.0: season passes, and an old call that will go."""
    season = thing(
        "SeasonPass",
        "SeasonPasses",
        "holder! Holder | The name on the pass.",
        "validFrom:date! Valid from | The first day.",
        "validUntil:date! Valid until | The last day.",
        calls="list get create",
        title="holder",
    )
    old = call(
        "get",
        "/fares",
        "ListFares",
        "List fares (deprecated)",
        "Lists fares; use the sailing's fares instead.",
        gives=("adult:double Adult | The fare of an adult.", "child:double Child | The fare of a child."),
        is_deprecated=True,
    )
    things = (*by_the_water.TICKETS.things, season)
    return files_of(replace(by_the_water.TICKETS, version="1.1.0", things=things, calls=(old,)))


def with_exporter_member() -> Files:
    """Meters 1.1.0: the exporter of the publisher's tool leaves a member that the format does not know."""

    def mark(definition: _Json, _: _Json) -> None:
        definition["webhooks"] = {}

    text = "Meters, readings, hourly values and bills of the members of the Copperline energy cooperative."
    return files_of(replace(in_town.METERS, version="1.1.0", description=text), mark)


def with_right_bills() -> Files:
    """Meters 1.1.1: the exporter is mended, and leaves its member out."""
    meters = in_town.METERS
    text = "Meters, readings, hourly values and bills of the members of the Copperline energy cooperative."
    return files_of(replace(meters, version="1.1.1", description=text))


def with_leftovers() -> Files:
    """Recipes 1.1.0: what is left of a meal."""
    leftover = thing(
        "Leftover",
        "Leftovers",
        "dish! Dish | What is left.",
        "servings:int! Servings | For how many people.",
        "eatBefore:date Eat before | The last day on which it is good.",
        calls="list get create delete",
        title="dish",
    )
    return files_of(replace(at_home.RECIPES, version="1.1.0", things=(*at_home.RECIPES.things, leftover)))


def with_rarities() -> Files:
    """Bird counts 1.1.0: rare visitors."""
    rarity = thing(
        "Rarity",
        "Rarities",
        "species! Species | The species, by its common name.",
        "seenAt:time! Time | When it was seen.",
        "isConfirmed:flag Confirmed | Whether the committee has confirmed it.",
        calls="list get",
        title="species",
    )
    return files_of(replace(at_home.BIRDS, version="1.1.0", things=(*at_home.BIRDS.things, rarity)))


def bells_unfinished() -> Files:
    """Wrong in many ways: texts and listing of the connector, a label, a list to pick from that is nowhere,
    a callback address that makers would have to fill in.
    """

    def spoil(definition: _Json, properties: _Json) -> None:
        definition["info"]["description"] = "Rings bells."
        del definition["info"]["version"]
        del definition["info"]["contact"]["url"]
        definition["x-ms-connector-metadata"][2]["propertyValue"] = "Bell ringing"
        tower = definition["paths"]["/towers/{towerId}"]["get"]
        tower["summary"] += "."
        for extension in ("x-ms-dynamic-values", "x-ms-dynamic-list"):
            _parameter(tower, "towerId")[extension]["operationId"] = "GetTowers"
        ringings = definition["paths"]["/ringings"]
        del _parameter(ringings["get"], "top")["x-ms-summary"]
        body = _parameter(definition["paths"]["/subscriptions/ringingentered"]["post"], "body")
        callback = body["schema"]["properties"]["callbackUrl"]
        del callback["x-ms-visibility"], callback["description"]
        properties["properties"]["policyTemplateInstances"] = []

    return files_of(at_home.BELLS, spoil)


def rota_with_warnings() -> Files:
    """Three warnings: no full stop after the description, a contact without an address of its own, and an
    operationId with a hyphen.
    """

    def loosen(definition: _Json, _: _Json) -> None:
        definition["info"]["description"] = at_home.ROTA.description.rstrip(".")
        del definition["info"]["contact"]["url"]
        attendance = definition["paths"]["/rehearsals/{rehearsalId}/attendance"]["get"]
        attendance["operationId"] = "Get-Attendance"

    return files_of(at_home.ROTA, loosen)


def _parameter(operation: _Json, name: str) -> _Json:
    return next(each for each in operation["parameters"] if each["name"] == name)


def rooms_first_try() -> Files:
    """What the reviewer sent back: the room's seats are called capacity in one place and seats in another."""

    def mix_up(definition: _Json, _: _Json) -> None:
        room = definition["definitions"]["ReadingRoom"]["properties"]
        room["capacity"] = room.pop("seats")

    return files_of(in_town.ROOMS, mix_up)


def museum_first_try() -> Files:
    """Summaries that all say the same, before the reviewer asked for better ones."""

    def flatten(definition: _Json, _: _Json) -> None:
        for item in definition["paths"].values():
            for method, operation in item.items():
                if method == "delete":
                    operation["description"] = "Removes the entry."

    return files_of(replace(in_town.MUSEUM, version="0.9.0"), flatten)


def everything() -> dict[str, Blueprint]:
    """The first version of every demo connector by title, the newcomer's sample left out."""
    found = [
        value
        for module in (by_the_water, in_town, at_home)
        for value in vars(module).values()
        if isinstance(value, Blueprint) and value is not at_home.SAMPLE
    ]
    return {blueprint.title: blueprint for blueprint in found}
