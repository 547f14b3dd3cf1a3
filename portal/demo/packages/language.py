"""What a demo connector is written in: things, the calls that work on them, and the connector around both."""

from __future__ import annotations

from dataclasses import dataclass, field

from portal.demo.packages.fields import Field, fields

EVERY_CALL = "list get create update delete"


@dataclass(frozen=True, slots=True)
class Call:
    """An operation beside the usual ones. `path` is below the connector's base path, or below one item of
    the thing when it begins with "./". `takes` go into the query (GET) or the body; `gives` are the fields of
    the answer, empty for the thing itself.
    """

    method: str
    path: str
    name: str
    summary: str
    text: str
    takes: tuple[Field, ...] = ()
    gives: tuple[Field, ...] = ()
    is_deprecated: bool = False
    polls_for: str = ""


@dataclass(frozen=True, slots=True)
class Thing:
    """A resource of the service, with its usual calls (some of "list get create update delete").

    `id` names the path variable; `title` is the field shown when a user picks one. `hook` is the end of a
    trigger's summary ("is returned" makes "When a loan is returned") that the service calls back.
    """

    name: str
    plural: str
    members: tuple[Field, ...]
    calls: str = EVERY_CALL
    title: str = "name"
    filters: tuple[Field, ...] = ()
    more: tuple[Call, ...] = ()
    below: Thing | None = None
    hook: str = ""

    @property
    def words(self) -> str:
        """`ReadingRoom` as "reading room"."""
        return spaced(self.name)

    @property
    def a(self) -> str:
        return f"{'an' if self.words[0] in 'aeiou' else 'a'} {self.words}"

    @property
    def many(self) -> str:
        return spaced(self.plural)

    @property
    def id(self) -> str:
        return self.name[0].lower() + self.name[1:] + "Id"

    @property
    def path(self) -> str:
        above = f"{self.below.path}/{{{self.below.id}}}" if self.below else ""
        return f"{above}/{self.many.replace(' ', '-')}"

    @property
    def chain(self) -> tuple[Thing, ...]:
        """The things this one lies below, outermost first."""
        return (*self.below.chain, self.below) if self.below else ()


@dataclass(frozen=True, slots=True)
class Blueprint:
    """A whole connector package. `auth` is none, api_key, api_key_query, basic or oauth2; `glyph` names the
    drawing on the icon."""

    title: str
    host: str
    description: str
    publisher: str
    colour: str
    glyph: str
    auth: str
    categories: tuple[str, ...]
    things: tuple[Thing, ...]
    version: str = "1.0.0"
    is_independent: bool = False
    start: str = ""
    limits: str = "The service answers at most 60 calls a minute for each connection."
    calls: tuple[Call, ...] = field(default=())

    @property
    def site(self) -> str:
        return f"https://{self.host.removeprefix('api.')}"


def spaced(name: str) -> str:
    """`ReadingRoom` as "reading room"."""
    return "".join(f" {char.lower()}" if char.isupper() else char for char in name).strip()


def thing(
    name: str,
    plural: str,
    *members: str,
    calls: str = EVERY_CALL,
    title: str = "name",
    filters: tuple[str, ...] = (),
    more: tuple[Call, ...] = (),
    below: Thing | None = None,
    hook: str = "",
) -> Thing:
    """A thing with its fields in the short notation; every thing has an id besides."""
    own = fields((f"id Id | The number of the {spaced(name)}.", *members))
    return Thing(name, plural, own, calls, title, fields(filters), more, below, hook)


def call(
    method: str,
    path: str,
    name: str,
    summary: str,
    text: str,
    *,
    takes: tuple[str, ...] = (),
    gives: tuple[str, ...] = (),
    is_deprecated: bool = False,
    polls_for: str = "",
) -> Call:
    return Call(method, path, name, summary, text, fields(takes), fields(gives), is_deprecated, polls_for)
