"""Who lives in the demo world. Every name is invented, every address ends in `.example`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Person:
    """`address` is the part before the at sign for staff, and the whole address for everybody else."""

    address: str
    name: str
    zone: str = "UTC"
    staff_role: str = ""
    digests: tuple[str, ...] = ()
    """Groups of messages that arrive once a day."""
    muted: tuple[str, ...] = ()
    """Groups of messages that stay in the portal."""


@dataclass(frozen=True, slots=True)
class Team:
    """A publisher: its founder owns it; `members` are (person, role) invited by the founder.

    `checked` is what an administrator wrote when verifying it, empty for independent authors.
    """

    name: str
    site: str
    founder: Person
    members: tuple[tuple[Person, str], ...]
    checked: str = ""
    founded_days_ago: int = 90

    @property
    def support(self) -> str:
        return f"support@{self.site}"


_QUIET = ("regions",)


def _at(site: str, address: str, name: str, zone: str, *, digests: tuple[str, ...] = _QUIET) -> Person:
    return Person(f"{address}@{site}", name, zone, digests=digests)


STAFF_SITE = "portal.example"


def _staff(address: str, name: str, zone: str, role: str, muted: tuple[str, ...] = ()) -> Person:
    return Person(f"{address}@{STAFF_SITE}", name, zone, role, digests=("submissions",), muted=muted)


ADA = _staff("ada.quist", "Ada Quist", "Europe/Stockholm", "administrator", ("rollout",))
BENEDIKT = _staff(
    "benedikt.ash", "Benedikt Ash", "America/Chicago", "administrator", ("rollout", "operations")
)
RANA = _staff("rana.idris", "Rana Idris", "Africa/Cairo", "reviewer")
CORVIN = _staff("corvin.hale", "Corvin Hale", "Europe/Dublin", "reviewer")
YUKA = _staff("yuka.tanemori", "Yuka Tanemori", "Asia/Tokyo", "reviewer")
OSKAR = _staff("oskar.lind", "Oskar Lind", "Europe/Helsinki", "operator")
PILAR = _staff("pilar.vexley", "Pilar Vexley", "America/Bogota", "operator")
STAFF = (ADA, BENEDIKT, RANA, CORVIN, YUKA, OSKAR, PILAR)

_SALT, _LANTERN, _QUILL = "saltmarsh-harbour.example", "lanternfold.example", "quillmere.example"
_VERDANT, _PEAL, _KESTREL = "verdant-rows.example", "peal-chorus.example", "kestrel-ferries.example"
_BIRCH, _SPOKE, _NIGHTJAR = "birch-ladle.example", "spokewright.example", "nightjar-observers.example"
_COPPER, _WHISTLE, _OAK = "copperline.example", "tin-whistle.example", "hollow-oak.example"

OLIVIA = _at(_SALT, "olivia.marsh", "Olivia Marsh", "Europe/London", digests=())
TOMAS = _at(_SALT, "tomas.wren", "Tomas Wren", "Europe/Lisbon")
INES = _at(_SALT, "ines.calder", "Ines Calder", "Europe/London")
VERA = _at(_SALT, "vera.holm", "Vera Holm", "Europe/Oslo")
LEOPOLD = _at(_LANTERN, "leopold.finch", "Leopold Finch", "Europe/Berlin")
AMARA = _at(_LANTERN, "amara.dove", "Amara Dove", "Africa/Lagos")
JUN = _at(_LANTERN, "jun.sterling", "Jun Sterling", "Asia/Singapore")
HESTER = _at(_QUILL, "hester.bloom", "Hester Bloom", "America/Toronto")
IVO = _at(_QUILL, "ivo.maren", "Ivo Maren", "America/Halifax")
PAVEL = _at(_QUILL, "pavel.orchard", "Pavel Orchard", "Europe/Prague")
SAFFRON = _at(_VERDANT, "saffron.reed", "Saffron Reed", "Australia/Melbourne")
DIEGO = _at(_VERDANT, "diego.alder", "Diego Alder", "America/Santiago")
MARGOT = _at(_PEAL, "margot.peal", "Margot Peal", "Europe/Paris")
ANSEL = _at(_PEAL, "ansel.rook", "Ansel Rook", "Europe/Vienna")
FINNIAN = _at(_KESTREL, "finnian.gale", "Finnian Gale", "Pacific/Auckland")
NOOR = _at(_KESTREL, "noor.hartley", "Noor Hartley", "Asia/Dubai")
BEATRIX = _at(_BIRCH, "beatrix.ladle", "Beatrix Ladle", "America/New_York")
OTIS = _at(_BIRCH, "otis.birch", "Otis Birch", "America/New_York")
WILHELMINA = _at(_SPOKE, "wilhelmina.spoke", "Wilhelmina Spoke", "Europe/Amsterdam")
RAFAEL = _at(_SPOKE, "rafael.tamm", "Rafael Tamm", "Europe/Tallinn")
LINNEA = _at(_NIGHTJAR, "linnea.jar", "Linnea Jar", "Europe/Stockholm")
KOFI = _at(_NIGHTJAR, "kofi.plover", "Kofi Plover", "Africa/Accra")
GRETA = _at(_COPPER, "greta.copper", "Greta Copper", "America/Denver")
ELIAS = _at(_COPPER, "elias.wick", "Elias Wick", "America/Los_Angeles")
MEI = _at(_COPPER, "mei.larkspur", "Mei Larkspur", "Asia/Taipei")
CALLUM = _at(_WHISTLE, "callum.whist", "Callum Whist", "Europe/Dublin")
THEODORA = _at(_WHISTLE, "theodora.lane", "Theodora Lane", "Europe/Athens")
AUGUST = _at(_OAK, "august.hollow", "August Hollow", "America/Vancouver")
ZELDA = _at(_OAK, "zelda.umber", "Zelda Umber", "America/Mexico_City")

QUENTIN = _at("reed-archives.example", "quentin.reed", "Quentin Reed", "Europe/Zurich")
"""A guest: he tests what a team asks him to, and is in no team."""

SALTMARSH = Team(
    "Saltmarsh Harbour Services",
    _SALT,
    OLIVIA,
    ((TOMAS, "developer"), (INES, "tester"), (VERA, "viewer")),
    "Company register and the domain's DNS record agree with the application.",
    90,
)
LANTERNFOLD = Team(
    "Lanternfold Parcel Lockers",
    _LANTERN,
    LEOPOLD,
    ((AMARA, "developer"), (JUN, "tester")),
    "Owner of the domain, confirmed by a letter with a code.",
    89,
)
QUILLMERE = Team(
    "Quillmere Libraries",
    _QUILL,
    HESTER,
    ((IVO, "developer"), (PAVEL, "developer")),
    "Public body; the town's web site names the team.",
    88,
)
VERDANT = Team(
    "Verdant Rows",
    _VERDANT,
    SAFFRON,
    ((DIEGO, "developer"),),
    "Domain verified by DNS record; spoke with the owner.",
    88,
)
PEAL = Team("Peal and Chorus", _PEAL, MARGOT, ((ANSEL, "developer"),), "Association register checked.", 70)
KESTREL = Team(
    "Kestrel Ferries",
    _KESTREL,
    FINNIAN,
    ((NOOR, "developer"),),
    "Shipping licence and domain checked.",
    87,
)
BIRCH = Team("Birch and Ladle", _BIRCH, BEATRIX, ((OTIS, "owner"),), founded_days_ago=86)
SPOKE = Team("Spokewright", _SPOKE, WILHELMINA, ((RAFAEL, "developer"),), founded_days_ago=60)
NIGHTJAR = Team("Nightjar Observers", _NIGHTJAR, LINNEA, ((KOFI, "tester"),), founded_days_ago=85)
COPPERLINE = Team(
    "Copperline Energy Coop",
    _COPPER,
    GRETA,
    ((ELIAS, "developer"), (MEI, "tester")),
    "Cooperative register and the domain's certificate checked.",
    87,
)
WHISTLE = Team(
    "Tin Whistle Radio", _WHISTLE, CALLUM, ((THEODORA, "developer"),), "Broadcasting licence checked.", 20
)
OAK = Team("Hollow Oak Pictures", _OAK, AUGUST, ((ZELDA, "developer"),), "Domain verified by DNS record.", 40)
TEAMS = (
    SALTMARSH,
    LANTERNFOLD,
    QUILLMERE,
    VERDANT,
    PEAL,
    KESTREL,
    BIRCH,
    SPOKE,
    NIGHTJAR,
    COPPERLINE,
    WHISTLE,
    OAK,
)

ENTRY_PERSONS = {"owner": OLIVIA, "reviewer": RANA, "operator": OSKAR, "administrator": ADA}
"""Who the one-click entries of the trial stand for."""
