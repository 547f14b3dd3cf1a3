"""Connectors of parcel lockers, libraries, a museum, a cinema, a radio station and a power cooperative."""

from __future__ import annotations

from portal.demo.packages.language import Blueprint, Thing, call, thing

_STATION = thing(
    "Station",
    "Stations",
    "name! Name | The name on the sign.",
    "street Street | Where it stands.",
    "isOpenAllNight:flag Open all night | Whether parcels can be fetched at night.",
    calls="list get",
    filters=("near Near | Only stations around this place.",),
    more=(
        call(
            "get",
            "./free",
            "GetFreeCompartments",
            "Get free compartments",
            "Counts the free compartments of a station by size.",
            gives=(
                "small:int Small | Free small compartments.",
                "medium:int Medium | Free medium compartments.",
                "large:int Large | Free large compartments.",
            ),
        ),
    ),
)
_PARCEL = thing(
    "Parcel",
    "Parcels",
    "label! Label | The text on the sticker.",
    "stationId! Station | The number of the station.",
    "size:small,medium,large! Size | The compartment it needs.",
    "recipient! Recipient | Who fetches it.",
    "phone Phone | The number that gets the code.",
    "state:announced,stored,fetched,returned State | Where the parcel is.",
    title="label",
    filters=("state:announced,stored,fetched,returned State | Only parcels in this state.",),
    hook="is fetched",
    more=(
        call(
            "post",
            "./remind",
            "RemindRecipient",
            "Remind the recipient",
            "Sends the code again to whoever fetches the parcel.",
        ),
        call(
            "post",
            "./extend",
            "ExtendStorage",
            "Extend the storage time",
            "Keeps the parcel for some more days.",
            takes=("days:int! Days | How many more days, at most seven.",),
        ),
    ),
)
LOCKERS = Blueprint(
    title="Lanternfold Lockers",
    host="api.lanternfold.example",
    description="Announce, store and follow parcels in the Lanternfold lockers at stations and shops.",
    publisher="Lanternfold Parcel Lockers",
    colour="#b3541e",
    glyph="lockers",
    auth="api_key",
    categories=("Commerce", "Internet of Things"),
    things=(_STATION, _PARCEL),
)

_RETURN = thing(
    "Return",
    "Returns",
    "order! Order | The number of the order.",
    "shop! Shop | The shop it goes back to.",
    "reason:too_large,too_small,damaged,other Reason | Why it goes back.",
    "code Code | The code to type at the locker.",
    title="order",
    hook="is handed in",
)
_SHOP = thing(
    "Shop",
    "Shops",
    "name! Name | The name of the shop.",
    "returnDays:int Return days | How long goods can be sent back.",
    calls="list get",
)
RETURNS = Blueprint(
    title="Lanternfold Returns",
    host="api.lanternfold-returns.example",
    description="Create return codes, hand parcels in at any locker, and tell the shop when they arrive.",
    publisher="Lanternfold Parcel Lockers",
    colour="#94621a",
    glyph="return",
    auth="basic",
    categories=("Commerce", "Productivity"),
    things=(_SHOP, _RETURN),
)

_BOOK = thing(
    "Book",
    "Books",
    "title! Title | The title on the cover.",
    "author Author | Who wrote it.",
    "year:int Year | When it was printed.",
    "copies:int Copies | How many copies the libraries hold.",
    calls="list get",
    title="title",
    filters=("search Search | Words from title or author.", "branch Branch | Only books of this branch."),
)
_READER = thing(
    "Reader",
    "Readers",
    "name! Name | The reader's name.",
    "card! Card | The number on the library card.",
    "mail:mail Mail | Where reminders go.",
    "validUntil:date Valid until | When the card ends.",
    calls="list get create update",
    filters=("card Card | Only the reader with this card.",),
)
_LOAN = thing(
    "Loan",
    "Loans",
    "bookId! Book | The number of the book.",
    "card! Card | The number on the library card.",
    "dueOn:date Due on | The day to bring it back.",
    "renewals:int Renewals | How often it was renewed.",
    calls="list get create",
    title="card",
    filters=("isOverdue:flag Overdue | Only loans whose day has passed.",),
    hook="is returned",
    more=(
        call(
            "post",
            "./renew",
            "RenewLoan",
            "Renew a loan",
            "Gives a loan three more weeks, unless somebody waits for the book.",
        ),
        call(
            "post",
            "./return",
            "ReturnLoan",
            "Return a loan",
            "Books a loan as returned at a branch.",
            takes=("branch! Branch | Where the book was handed in.",),
        ),
    ),
)
LOANS = Blueprint(
    title="Quillmere Library Loans",
    host="api.quillmere-libraries.example",
    description="Search the Quillmere catalogue, lend and renew books, and remind readers in time.",
    publisher="Quillmere Libraries",
    colour="#2f5d3a",
    glyph="book",
    auth="basic",
    categories=("Content and Files", "Productivity"),
    things=(_BOOK, _READER, _LOAN),
)

_ROOM = thing(
    "ReadingRoom",
    "ReadingRooms",
    "name! Name | The name on the door.",
    "seats:int Seats | How many people can sit.",
    "branch Branch | The branch it is in.",
    calls="list get",
)
_SEAT = thing(
    "Reservation",
    "Reservations",
    "readingRoomId! Reading room | The number of the room.",
    "card! Card | The number on the library card.",
    "from:time! From | When it begins.",
    "until:time! Until | When it ends.",
    title="card",
    filters=("day:date Day | Only reservations of this day.",),
)
ROOMS = Blueprint(
    title="Quillmere Reading Rooms",
    host="api.quillmere-rooms.example",
    description="Reserve seats and whole rooms in the reading rooms of the Quillmere libraries.",
    publisher="Quillmere Libraries",
    colour="#556b2f",
    glyph="chair",
    auth="api_key",
    categories=("Productivity", "Collaboration"),
    things=(_ROOM, _SEAT),
)


def _ledger(name: str, plural: str, *members: str) -> Thing:
    label = "name! Name | What it is called in the ledger."
    return thing(name, plural, label, *members, "note Note | What the keeper wrote down.")


_COUNT, _DAY = "count:int Count | How many there are.", "day:date Day | The day it concerns."
_VALUE, _PLACE = "value:double Value | The insured value.", "place Place | Where it is kept."
_PERSON, _STATE = "person Person | Who is responsible.", "state:open,done,dropped State | Where it stands."
MUSEUM = Blueprint(
    title="Quillmere Museum Ledger",
    host="api.quillmere-museum.example",
    description="Every object, loan, room, repair and label of the town museum, kept in one ledger.",
    publisher="Quillmere Libraries",
    colour="#6b4a8c",
    glyph="columns",
    auth="oauth2",
    categories=("Content and Files", "Business Management"),
    limits="The service answers at most 300 calls a minute. Pictures are at most 20 MB.",
    things=(
        _ledger("Artefact", "Artefacts", _VALUE, _PLACE, "year:int Year | The year it was made."),
        _ledger("Collection", "Collections", _COUNT, _PERSON),
        _ledger("Gallery", "Galleries", "floor:int Floor | The floor it is on.", _COUNT),
        _ledger("Showcase", "Showcases", _PLACE, "humidity:double Humidity | Relative humidity in percent."),
        _ledger("Exhibition", "Exhibitions", _DAY, _STATE, _PERSON),
        _ledger("Lender", "Lenders", "mail:mail Mail | Where letters go."),
        _ledger("LoanAgreement", "LoanAgreements", _DAY, _VALUE, _STATE),
        _ledger("Transport", "Transports", _DAY, _PERSON, _STATE),
        _ledger("Crate", "Crates", _PLACE, "weight:double Weight | The weight in kilograms."),
        _ledger("Repair", "Repairs", _DAY, _PERSON, _STATE),
        _ledger("Inspection", "Inspections", _DAY, _PERSON, _STATE),
        _ledger("Photograph", "Photographs", _DAY, "link:link Link | Where the picture is."),
        _ledger(
            "Label",
            "Labels",
            "language Language | The language of the text.",
            "text Text | What visitors read.",
        ),
        _ledger("AudioGuide", "AudioGuides", "seconds:int Seconds | How long it plays."),
        _ledger("Tour", "Tours", _DAY, _PERSON, _COUNT),
        _ledger("GuideShift", "GuideShifts", _DAY, _PERSON),
        _ledger("SchoolVisit", "SchoolVisits", _DAY, _COUNT, _STATE),
        _ledger("Workshop", "Workshops", _DAY, _PERSON, _COUNT),
        _ledger("Ticket", "Tickets", _DAY, "price:double Price | What it costs."),
        _ledger("Donation", "Donations", _DAY, _VALUE),
        _ledger("Donor", "Donors", "mail:mail Mail | Where letters go."),
        _ledger("ShopItem", "ShopItems", _COUNT, "price:double Price | What it costs."),
        _ledger("Supplier", "Suppliers", "mail:mail Mail | Where orders go."),
        _ledger("PurchaseOrder", "PurchaseOrders", _DAY, _VALUE, _STATE),
        _ledger("ClimateSensor", "ClimateSensors", _PLACE, "reading:double Reading | The last value."),
        _ledger("Alarm", "Alarms", "at:time Time | When it went off.", _STATE),
        _ledger("KeyHolder", "KeyHolders", _PERSON, _PLACE),
        _ledger("StorageShelf", "StorageShelves", _PLACE, _COUNT),
        _ledger("Publication", "Publications", _DAY, "pages:int Pages | How many pages it has."),
        _ledger("Citation", "Citations", "link:link Link | Where it is quoted.", _DAY),
    ),
)

_SCREENING = thing(
    "Screening",
    "Screenings",
    "film! Film | The title of the film.",
    "hall! Hall | The hall it is shown in.",
    "startsAt:time! Start | When it begins.",
    "seatsLeft:int Seats left | How many seats are free.",
    calls="list get",
    title="film",
    filters=("day:date Day | Only screenings of this day.",),
)
_SEATING = thing(
    "SeatHold",
    "SeatHolds",
    "screeningId! Screening | The number of the screening.",
    "seats:text-list! Seats | The seats, such as F7.",
    "until:time Until | When they are free again.",
    calls="list get create delete",
    title="screeningId",
    more=(
        call(
            "post",
            "./buy",
            "BuySeats",
            "Buy held seats",
            "Buys the seats of a hold with the account's credit.",
        ),
    ),
)
CINEMA = Blueprint(
    title="Hollow Oak Cinema Seats",
    host="api.hollow-oak-seats.example",
    description="See what is on at the Hollow Oak cinemas, hold seats for a while, and buy them.",
    publisher="Hollow Oak Pictures",
    colour="#8a1c2b",
    glyph="seat",
    auth="api_key",
    categories=("Lifestyle and Entertainment", "Commerce"),
    things=(_SCREENING, _SEATING),
)
_SALE = thing(
    "Sale",
    "Sales",
    "till! Till | The till it was made at.",
    "amount:double! Amount | The sum that was paid.",
    "soldAt:time Time | When it was paid.",
    calls="list get",
    title="till",
    filters=("day:date Day | Only sales of this day.",),
    hook="is made",
)
_CLOSING = thing(
    "Closing",
    "Closings",
    "till! Till | The till that was counted.",
    "counted:double! Counted | What was in it.",
    "expected:double Expected | What should have been in it.",
    calls="list get create",
    title="till",
)
BOX_OFFICE = Blueprint(
    title="Hollow Oak Box Office",
    host="api.hollow-oak-tills.example",
    description="Sales and evening closings of the tills of the Hollow Oak cinemas, for the books.",
    publisher="Hollow Oak Pictures",
    colour="#4a3f35",
    glyph="star",
    auth="basic",
    categories=("Finance", "Business Management"),
    things=(_SALE, _CLOSING),
)

_PLAY = thing(
    "Play",
    "Plays",
    "title! Title | The title of the piece.",
    "artist Artist | Who plays it.",
    "startedAt:time! Start | When it went on air.",
    "seconds:int Seconds | How long it played.",
    calls="list get create",
    title="title",
    filters=("day:date Day | Only pieces of this day.",),
)
PLAYLIST = Blueprint(
    title="Tin Whistle Playlist",
    host="api.tin-whistle-radio.example",
    description="What Tin Whistle Radio played and when, for royalty reports and for listeners who ask.",
    publisher="Tin Whistle Radio",
    colour="#1f7a5c",
    glyph="radio",
    auth="none",
    categories=("Content and Files", "Lifestyle and Entertainment"),
    things=(_PLAY,),
)
_SHIFT = thing(
    "Shift",
    "Shifts",
    "person! Person | Who sits at the desk.",
    "from:time! From | When it begins.",
    "until:time! Until | When it ends.",
    title="person",
)
_CUE = thing(
    "Cue",
    "Cues",
    "name! Name | What comes.",
    "at:time! Time | When it comes.",
    "isLive:flag Live | Whether it is spoken live.",
    filters=("day:date Day | Only cues of this day.",),
)
DESK = Blueprint(
    title="Tin Whistle Studio Desk",
    host="api.tin-whistle-desk.example",
    description="Shifts and cues of the studio desk, so that the next programme starts without a gap.",
    publisher="Tin Whistle Radio",
    colour="#2b3a67",
    glyph="desk",
    auth="api_key_query",
    categories=("Productivity", "Collaboration"),
    things=(_SHIFT, _CUE),
)

_METER = thing(
    "Meter",
    "Meters",
    "name! Name | The name on the meter.",
    "kind:power,heat,water Kind | What it counts.",
    "place Place | Where it hangs.",
    calls="list get",
    filters=("kind:power,heat,water Kind | Only meters of this kind.",),
)
_READING = thing(
    "Reading",
    "Readings",
    "takenAt:time! Time | When it was read.",
    "value:double! Value | What the meter showed.",
    "isEstimate:flag Estimate | Whether it was estimated.",
    calls="list create",
    title="takenAt",
    below=_METER,
    filters=("from:date From | Only readings since this day.",),
)
_BILL = thing(
    "Bill",
    "Bills",
    "number Number | The number on the bill.",
    "amount:double Amount | The sum.",
    "dueOn:date Due on | When it is to be paid.",
    calls="list get",
    title="number",
    hook="is ready",
)
METERS = Blueprint(
    title="Copperline Meters",
    host="api.copperline-energy.example",
    description="Meters, readings and bills of the members of the Copperline energy cooperative.",
    publisher="Copperline Energy Coop",
    colour="#a5521b",
    glyph="meter",
    auth="api_key",
    categories=("Internet of Things", "Finance"),
    things=(_METER, _READING, _BILL),
)
_TARIFF = thing(
    "Tariff",
    "Tariffs",
    "name! Name | What it is called.",
    "price:double! Price | The price of a kilowatt hour.",
    "validFrom:date Valid from | The first day it holds.",
    calls="list get",
)
_HOUR = thing(
    "PriceHour",
    "PriceHours",
    "hour:time Hour | The beginning of the hour.",
    "price:double Price | The price of a kilowatt hour in it.",
    calls="list",
    title="hour",
    below=_TARIFF,
    filters=("day:date Day | Only hours of this day.",),
)
TARIFFS = Blueprint(
    title="Copperline Tariffs",
    host="api.copperline-tariffs.example",
    description="Tariffs of the Copperline cooperative and the price of every hour of tomorrow.",
    publisher="Copperline Energy Coop",
    colour="#8c6d1f",
    glyph="bolt",
    auth="none",
    categories=("Finance", "Data"),
    things=(_TARIFF, _HOUR),
)
_SHARE = thing(
    "Share",
    "Shares",
    "member! Member | Who holds it.",
    "roof! Roof | The roof it belongs to.",
    "panels:int! Panels | How many panels it covers.",
    title="member",
)
_YIELD = thing(
    "Yield",
    "Yields",
    "day:date Day | The day.",
    "energy:double Energy | What the panels gave in kilowatt hours.",
    calls="list",
    title="day",
    below=_SHARE,
)
SOLAR = Blueprint(
    title="Copperline Solar Shares",
    host="api.copperline-solar.example",
    description="Shares in the solar roofs of the Copperline cooperative, and what they give every day.",
    publisher="Copperline Energy Coop",
    colour="#c27a0e",
    glyph="sun",
    auth="oauth2",
    categories=("Finance", "Internet of Things"),
    things=(_SHARE, _YIELD),
)
