"""Connectors of greenhouses, choirs, a kitchen, a workshop and bird watchers, and the sample to submit."""

from __future__ import annotations

from portal.demo.packages.language import Blueprint, call, thing

_GREENHOUSE = thing(
    "Greenhouse",
    "Greenhouses",
    "name! Name | The name of the house.",
    "area:double Area | The ground in square metres.",
    calls="list get",
)
_SENSOR = thing(
    "Sensor",
    "Sensors",
    "name! Name | Where it hangs.",
    "kind:temperature,moisture,light! Kind | What it measures.",
    "reading:double Reading | The last value.",
    "readAt:time Read at | When that was.",
    calls="list get",
    below=_GREENHOUSE,
    more=(
        call(
            "get",
            "/sensors/alerts",
            "WhenSensorAlerts",
            "When a sensor raises an alert",
            "Triggers when a value leaves its range.",
            polls_for="batch",
        ),
    ),
)
_VENT = thing(
    "Vent",
    "Vents",
    "name! Name | Where the vent is.",
    "opening:int Opening | How far it is open in percent.",
    calls="list get",
    more=(
        call(
            "post",
            "./open",
            "SetVentOpening",
            "Set the opening of a vent",
            "Opens or closes a vent to the given share.",
            takes=("opening:int! Opening | How far to open it in percent.",),
        ),
    ),
)
GREENHOUSE = Blueprint(
    title="Verdant Greenhouse",
    host="api.verdant-rows.example",
    description="Sensors, vents and alerts of greenhouses that run with Verdant Rows control boxes.",
    publisher="Verdant Rows",
    colour="#2e7d32",
    glyph="leaf",
    auth="api_key",
    categories=("Internet of Things", "Data"),
    things=(_GREENHOUSE, _SENSOR, _VENT),
)
_VALVE = thing(
    "Valve",
    "Valves",
    "name! Name | The bed it waters.",
    "isOpen:flag Open | Whether water runs.",
    calls="list get",
    more=(
        call(
            "post",
            "./water",
            "WaterBed",
            "Water a bed",
            "Opens a valve for some minutes.",
            takes=("minutes:int! Minutes | How long the water runs.",),
        ),
        call("post", "./stop", "StopWater", "Stop the water", "Closes a valve at once."),
    ),
)
_PROGRAMME = thing(
    "Programme",
    "Programmes",
    "name! Name | What it is called.",
    "startsAt:time Start | When it runs next.",
    "beds:text-list Beds | The beds it waters.",
)
IRRIGATION = Blueprint(
    title="Verdant Irrigation",
    host="api.verdant-water.example",
    description="Valves and watering programmes for beds and pots with Verdant Rows control boxes.",
    publisher="Verdant Rows",
    colour="#00796b",
    glyph="drop",
    auth="api_key",
    categories=("Internet of Things", "Productivity"),
    things=(_VALVE, _PROGRAMME),
)

_SINGER = thing(
    "Singer",
    "Singers",
    "name! Name | The singer's name.",
    "voice:soprano,alto,tenor,bass! Voice | The part they sing.",
    "mail:mail Mail | Where the rota goes.",
)
_REHEARSAL = thing(
    "Rehearsal",
    "Rehearsals",
    "place! Place | Where the choir meets.",
    "startsAt:time! Start | When it begins.",
    "pieces:text-list Pieces | What is sung.",
    title="place",
    hook="is moved",
    more=(
        call(
            "get",
            "./attendance",
            "GetAttendance",
            "Get the attendance",
            "Counts who comes to a rehearsal by voice.",
            gives=(
                "soprano:int Sopranos | How many sopranos come.",
                "alto:int Altos | How many altos come.",
                "tenor:int Tenors | How many tenors come.",
                "bass:int Basses | How many basses come.",
            ),
        ),
    ),
)
ROTA = Blueprint(
    title="Chorus Rota",
    host="api.chorus-rota.example",
    description="Singers, rehearsals and who comes when, for choirs of any size.",
    publisher="Peal and Chorus",
    colour="#5e35b1",
    glyph="note",
    auth="oauth2",
    categories=("Collaboration", "Productivity"),
    things=(_SINGER, _REHEARSAL),
)
_RINGING = thing(
    "Ringing",
    "Ringings",
    "method! Method | What was rung.",
    "changes:int Changes | How many changes it had.",
    "rungOn:date! Day | When it was rung.",
    "band:text-list Band | Who rang, treble first.",
    title="method",
    hook="is entered",
)
_TOWER = thing(
    "Tower",
    "Towers",
    "name! Name | The name of the tower.",
    "bells:int Bells | How many bells hang there.",
    "tenorWeight:double Tenor weight | The weight of the tenor in kilograms.",
    calls="list get",
)
BELLS = Blueprint(
    title="Bell Tower Log",
    host="api.bell-tower-log.example",
    description="Towers, bands and everything they rang, in the words ringers use.",
    publisher="Peal and Chorus",
    colour="#455a64",
    glyph="bell",
    auth="basic",
    categories=("Lifestyle and Entertainment", "Data"),
    things=(_TOWER, _RINGING),
)

_RECIPE = thing(
    "Recipe",
    "Recipes",
    "name! Name | What it is called.",
    "servings:int! Servings | How many people it feeds.",
    "minutes:int Minutes | How long it takes.",
    "steps:text-list Steps | What to do, in order.",
    filters=("search Search | Words from name or ingredients.",),
    more=(
        call(
            "get",
            "./scaled",
            "ScaleRecipe",
            "Scale a recipe",
            "Gives the amounts of a recipe for another number of people.",
            takes=("servings:int! Servings | For how many people.",),
            gives=(
                "ingredients:text-list Ingredients | The amounts for that many people.",
                "minutes:int Minutes | How long it takes then.",
            ),
        ),
    ),
)
RECIPES = Blueprint(
    title="Ladle Recipes",
    host="api.ladle-kitchen.example",
    description="Keep recipes, scale them to any number of guests, and turn them into shopping lists.",
    publisher="Birch and Ladle",
    colour="#da3b01",
    glyph="bowl",
    auth="none",
    categories=("Lifestyle and Entertainment",),
    is_independent=True,
    things=(_RECIPE,),
)
_JAR = thing(
    "Jar",
    "Jars",
    "name! Name | What is inside.",
    "grams:int! Grams | How much is left.",
    "bestBefore:date Best before | The date on the lid.",
    hook="runs low",
)
PANTRY = Blueprint(
    title="Ladle Pantry",
    host="api.ladle-pantry.example",
    description="What stands in the pantry, how much is left of it, and what should be eaten first.",
    publisher="Birch and Ladle",
    colour="#da3b01",
    glyph="jar",
    auth="basic",
    categories=("Lifestyle and Entertainment", "Productivity"),
    is_independent=True,
    things=(_JAR,),
)

_BICYCLE = thing(
    "Bicycle",
    "Bicycles",
    "frame! Frame | The number on the frame.",
    "owner! Owner | Whose it is.",
    "kind:city,touring,cargo,racing Kind | What it is for.",
    title="frame",
)
_JOB = thing(
    "RepairJob",
    "RepairJobs",
    "bicycleId! Bicycle | The number of the bicycle.",
    "work! Work | What is to be done.",
    "state:waiting,on_stand,ready,fetched State | Where the work stands.",
    "price:double Price | What it costs.",
    title="work",
    filters=("state:waiting,on_stand,ready,fetched State | Only jobs in this state.",),
    hook="is ready",
)
WORKSHOP = Blueprint(
    title="Spoke Workshop",
    host="api.spokewright.example",
    description="Bicycles and repair jobs of small workshops, with a message when the work is done.",
    publisher="Spokewright",
    colour="#da3b01",
    glyph="wheel",
    auth="api_key",
    categories=("Business Management", "Commerce"),
    is_independent=True,
    things=(_BICYCLE, _JOB),
)
_RENTAL = thing(
    "Rental",
    "Rentals",
    "bicycle! Bicycle | Which bicycle.",
    "customer! Customer | Who rides it.",
    "until:time! Until | When it comes back.",
    title="customer",
)
RENTALS = Blueprint(
    title="Spoke Rentals",
    host="api.spoke-rentals.example",
    description="Rent out bicycles by the hour or the day, and know which ones are on the road.",
    publisher="Spokewright",
    colour="#da3b01",
    glyph="key",
    auth="api_key",
    categories=("Commerce",),
    is_independent=True,
    things=(_RENTAL,),
)

_SITE = thing(
    "Site",
    "Sites",
    "name! Name | What the observers call it.",
    "latitude:double Latitude | The latitude in degrees north.",
    "longitude:double Longitude | The longitude in degrees east.",
    calls="list get",
)
_SIGHTING = thing(
    "Sighting",
    "Sightings",
    "species! Species | The species, by its common name.",
    "count:int! Count | How many birds were seen.",
    "seenAt:time! Time | When they were seen.",
    "observer Observer | Who saw them.",
    title="species",
    below=_SITE,
    filters=("species Species | Only this species.",),
)
BIRDS = Blueprint(
    title="Nightjar Bird Counts",
    host="api.nightjar-birds.example",
    description="Sites, sightings and yearly counts of the Nightjar observers, free for everybody to read.",
    publisher="Nightjar Observers",
    colour="#da3b01",
    glyph="bird",
    auth="api_key_query",
    categories=("Data",),
    is_independent=True,
    things=(_SITE, _SIGHTING),
)
_DIARY = thing(
    "DiaryEntry",
    "DiaryEntries",
    "day:date! Day | The day.",
    "rain:double Rain | Rain in millimetres.",
    "lowest:double Lowest | The lowest temperature.",
    "highest:double Highest | The highest temperature.",
    title="day",
    calls="list get create update",
    filters=("month Month | Only this month, as 2026-05.",),
)
DIARY = Blueprint(
    title="Nightjar Weather Diary",
    host="api.nightjar-weather.example",
    description="Rain, frost and heat as the Nightjar observers write them down every morning.",
    publisher="Nightjar Observers",
    colour="#da3b01",
    glyph="cloud",
    auth="none",
    categories=("Data",),
    is_independent=True,
    things=(_DIARY,),
)

_LAMP = thing(
    "Lighthouse",
    "Lighthouses",
    "name! Name | The name of the tower.",
    "height:double Height | The height of the lamp in metres.",
    "isOpen:flag Open | Whether visitors may climb it.",
    calls="list get",
)
_VISIT = thing(
    "Visit",
    "Visits",
    "lighthouseId! Lighthouse | The number of the lighthouse.",
    "day:date! Day | The day of the visit.",
    "people:int! People | How many come.",
    "guide Guide | Who shows them round.",
    title="day",
    hook="is confirmed",
)
SAMPLE = Blueprint(
    title="Lighthouse Visits",
    host="api.lighthouse-visits.example",
    description="Plan visits to the lighthouses of the coast, with guides, groups and opening days.",
    publisher="Saltmarsh Harbour Services",
    colour="#c62828",
    glyph="lighthouse",
    auth="none",
    categories=("Lifestyle and Entertainment", "Productivity"),
    things=(_LAMP, _VISIT),
)
