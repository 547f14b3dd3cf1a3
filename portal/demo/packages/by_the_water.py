"""Connectors of the harbour office and the ferry line."""

from __future__ import annotations

from portal.demo.packages.language import Blueprint, call, thing

_HARBOUR = thing(
    "Harbour",
    "Harbours",
    "code! Code | The short code of the harbour.",
    "name! Name | The name of the harbour.",
    "latitude:double Latitude | The latitude in degrees north.",
    "longitude:double Longitude | The longitude in degrees east.",
    "depth:double Depth | The depth of the entrance at low water in metres.",
    calls="list get",
    filters=("coast:north,east,south,west Coast | Only harbours on this coast.",),
)
_TIDE = thing(
    "Tide",
    "Tides",
    "at:time Time | When the water turns.",
    "kind:high,low Kind | Whether the water is high or low then.",
    "level:double Level | The water level in metres above chart zero.",
    calls="list",
    title="at",
    below=_HARBOUR,
    filters=(
        "from:date From | The first day to list.",
        "days:int Days | How many days to list.",
    ),
    more=(
        call(
            "get",
            "/tides/next",
            "GetNextTide",
            "Get the next tide",
            "Gets the next high or low water of a harbour.",
            takes=(
                "harbour! Harbour | The code of the harbour.",
                "kind:high,low Kind | Only high or only low water.",
            ),
        ),
    ),
)
_WARNING = thing(
    "Warning",
    "Warnings",
    "harbour! Harbour | The code of the harbour.",
    "level:notice,warning,danger Level | How serious it is.",
    "text! Text | What the harbour office says.",
    "validUntil:time Valid until | When the warning ends.",
    calls="list get",
    title="text",
    hook="is issued",
)

TIDES = Blueprint(
    title="Saltmarsh Tides",
    host="api.saltmarsh-tides.example",
    description="High and low water, levels and warnings for the harbours of the Saltmarsh coast.",
    publisher="Saltmarsh Harbour Services",
    colour="#1b6ca8",
    glyph="waves",
    auth="api_key",
    categories=("Data", "Lifestyle and Entertainment"),
    things=(_HARBOUR, _TIDE, _WARNING),
)

_BERTH = thing(
    "Berth",
    "Berths",
    "name! Name | The name on the pontoon.",
    "length:double! Length | The longest boat in metres.",
    "draught:double Draught | The depth at low water in metres.",
    "hasPower:flag Power | Whether there is electricity.",
    calls="list get",
    filters=("minimumLength:double Minimum length | Only berths for boats of this length in metres.",),
)
_BOOKING = thing(
    "Booking",
    "Bookings",
    "berthId! Berth | The number of the berth.",
    "boat! Boat | The name of the boat.",
    "arrival:date! Arrival | The first night.",
    "departure:date! Departure | The day of leaving.",
    "skipper Skipper | Who is on board.",
    "state:held,confirmed,cancelled State | Where the booking stands.",
    title="boat",
    filters=("arrival:date Arrival | Only bookings that begin on this day.",),
    hook="is confirmed",
    more=(
        call(
            "post",
            "./confirm",
            "ConfirmBooking",
            "Confirm a booking",
            "Confirms a held booking and tells the skipper.",
        ),
        call(
            "post",
            "./cancel",
            "CancelBooking",
            "Cancel a booking",
            "Cancels a booking and frees the berth.",
            takes=("reason Reason | What the skipper is told.",),
        ),
    ),
)
_INVOICE = thing(
    "Invoice",
    "Invoices",
    "number Number | The number on the invoice.",
    "amount:double Amount | The sum in the harbour's currency.",
    "paidOn:date Paid on | The day it was paid.",
    calls="list get",
    title="number",
    filters=("isPaid:flag Paid | Only paid, or only open ones.",),
)
BERTHS = Blueprint(
    title="Saltmarsh Berths",
    host="api.saltmarsh-berths.example",
    description="Find a free berth, hold it, confirm it, and see what it costs in the harbours of the coast.",
    publisher="Saltmarsh Harbour Services",
    colour="#0f7d7a",
    glyph="anchor",
    auth="oauth2",
    categories=("Business Management", "Commerce"),
    things=(_BERTH, _BOOKING, _INVOICE),
)

_SAILING = thing(
    "Sailing",
    "Sailings",
    "route! Route | The code of the crossing.",
    "name Name | The crossing and its time, to pick from a list.",
    "departsAt:time Departure | When the ferry leaves.",
    "arrivesAt:time Arrival | When it lands on the other side.",
    "vessel Vessel | The name of the ship.",
    "placesLeft:int Places left | How many passengers still fit.",
    calls="list get",
    filters=("route Route | Only this crossing.", "day:date Day | Only sailings of this day."),
    more=(
        call(
            "get",
            "/changed-sailings",
            "WhenSailingChanges",
            "When a sailing changes",
            "Triggers when a sailing is late, early or cancelled.",
            polls_for="batch",
        ),
    ),
)
_TICKET = thing(
    "Ticket",
    "Tickets",
    "sailingId! Sailing | The number of the sailing.",
    "passenger! Passenger | The name on the ticket.",
    "fare:adult,child,senior,cycle! Fare | The kind of ticket.",
    "price:double Price | What it costs.",
    "code Code | The text inside the barcode.",
    calls="list get create delete",
    title="passenger",
    hook="is used",
    more=(
        call(
            "post",
            "./move",
            "MoveTicket",
            "Move a ticket",
            "Moves a ticket to another sailing of the same crossing.",
            takes=("sailingId! Sailing | The number of the new sailing.",),
        ),
        call(
            "get",
            "./refund",
            "GetRefund",
            "Get the refund of a ticket",
            "Says how much comes back when the ticket is given back now.",
            gives=("amount:double Amount | What comes back.", "until:time Until | Until when this holds."),
        ),
    ),
)
TICKETS = Blueprint(
    title="Kestrel Ferry Tickets",
    host="api.kestrel-ferries.example",
    description="Sell and move tickets for the Kestrel ferries, and hear of sailings that change.",
    publisher="Kestrel Ferries",
    colour="#7a2e4d",
    glyph="ticket",
    auth="oauth2",
    categories=("Commerce", "Lifestyle and Entertainment"),
    things=(_SAILING, _TICKET),
)

_ROUTE = thing(
    "Route",
    "Routes",
    "name! Name | Both ends of the crossing.",
    "minutes:int Minutes | How long it takes.",
    "isWinterService:flag Winter service | Whether ferries run in winter.",
    calls="list get",
)
_DEPARTURE = thing(
    "Departure",
    "Departures",
    "at:time Time | When the ferry leaves.",
    "quay Quay | Where it leaves from.",
    "state:planned,boarding,left,cancelled State | What the ferry does now.",
    calls="list get",
    title="at",
    below=_ROUTE,
    filters=("day:date Day | Only departures of this day.",),
)
TIMETABLE = Blueprint(
    title="Kestrel Ferry Timetable",
    host="api.kestrel-timetable.example",
    description="Crossings, departures and quays of the Kestrel line, as the terminals show them.",
    publisher="Kestrel Ferries",
    colour="#33588c",
    glyph="clock",
    auth="none",
    categories=("Data", "Productivity"),
    things=(_ROUTE, _DEPARTURE),
)

_TRAILER = thing(
    "Trailer",
    "Trailers",
    "plate! Plate | The number on the plate.",
    "sailing:time! Sailing | When the ferry leaves that takes it.",
    "metres:double! Length | The length in metres.",
    "isRefrigerated:flag Refrigerated | Whether it needs power on deck.",
    title="plate",
    hook="is ashore",
)
FREIGHT = Blueprint(
    title="Kestrel Freight",
    host="api.kestrel-freight.example",
    description="Book trailers on the Kestrel line, move them to another sailing, and hear when they land.",
    publisher="Kestrel Ferries",
    colour="#33588c",
    glyph="boat",
    auth="basic",
    categories=("Commerce", "Productivity"),
    things=(_TRAILER,),
)

_BUOY = thing(
    "Buoy",
    "Buoys",
    "code! Code | The number painted on the buoy.",
    "latitude:double Latitude | The latitude in degrees north.",
    "longitude:double Longitude | The longitude in degrees east.",
    "waveHeight:double Wave height | The height of the waves in metres.",
    "waterTemperature:double Water temperature | The temperature of the water in degrees Celsius.",
    "measuredAt:time Measured at | When the buoy last reported.",
    calls="list get",
    title="code",
    filters=("minimumWaveHeight:double Minimum wave height | Only buoys in waves of at least this height.",),
    hook="breaks loose",
)
BUOYS = Blueprint(
    title="Skerry Buoys",
    host="api.skerry-buoys.example",
    description="Waves, water temperature and positions of the measuring buoys off the Skerry islands.",
    publisher="Skerry Ocean Watch",
    colour="#2a7f86",
    glyph="waves",
    auth="api_key",
    categories=("Data",),
    things=(_BUOY,),
)
