"""The makers' view of a review: operation cards, the connector's tile and its connection dialog, each node
with its findings and threads."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.safestring import SafeString

from certification.models import Finding, Submission, Validation
from certification.queries.threads import Conversation, ThreadView
from certification.queries.workbench import findings_of, revised_package
from certification.reviewing.maker import Card, Field, card_of, connection_fields
from connectors.definitions import Operation, Package, openapi
from portal.shared.markdown import render_markdown

_COLOUR = re.compile(r"#[0-9a-fA-F]{6}\Z")
_LONGEST_INTRO = 100_000


@dataclass(frozen=True, slots=True)
class NodeField:
    """A field with what stands on its node: counts of findings and open threads."""

    field: Field
    findings: int
    threads: int
    inside: list[NodeField]


@dataclass(frozen=True, slots=True)
class MakerCard:
    """`file` is the definition; `shown`, `advanced` and `hidden` as in `Card`; `colour` as in `Gallery`."""

    file: str
    colour: str
    has_icon: bool
    card: Card
    shown: list[NodeField]
    advanced: list[NodeField]
    hidden: list[NodeField]


@dataclass(frozen=True, slots=True)
class Gallery:
    """The connector as it stands in the gallery, and the dialog that makes a connection. `colour` is
    "#rrggbb" or "" where the package has none that could be shown."""

    title: str
    description: str
    publisher: str
    colour: str
    has_icon: bool
    properties_file: str
    ways: list[tuple[str, list[NodeField]]]
    intro: SafeString


class _Marks:
    def __init__(self, findings: Sequence[Finding], threads: Sequence[ThreadView]) -> None:
        self._findings = [each.pointer for each in findings]
        self._threads = [each.pointer for each in threads if each.is_open]

    def on(self, field: Field) -> NodeField:
        return NodeField(
            field,
            _below(self._findings, field.pointer),
            _below(self._threads, field.pointer),
            [self.on(each) for each in field.inside],
        )


def _below(places: Sequence[str], pointer: str) -> int:
    return sum(place == pointer or place.startswith(f"{pointer}/") for place in places)


def maker_card(
    package: Package, operation: Operation, talk: Conversation, validation: Validation | None
) -> MakerCard:
    """The card of an operation; fields of shared schemas carry what stands on the schema."""
    document = package.definition
    assert document is not None
    file = document.file.name
    card = card_of(document.value, operation)
    places = [each.pointer for each in (*card.shown, *card.advanced, *card.hidden)]
    is_shared = any(not place.startswith("/paths/") for place in places)
    where = {} if is_shared else {"pointer__startswith": "/paths/"}
    marks = _Marks(findings_of(validation, file=file, **where), talk.in_file(file))
    return MakerCard(
        file,
        _colour(package),
        package.icon is not None,
        card,
        [marks.on(each) for each in card.shown],
        [marks.on(each) for each in card.advanced],
        [marks.on(each) for each in card.hidden],
    )


def gallery_of(submission: Submission, talk: Conversation, validation: Validation | None) -> Gallery:
    """What a maker sees before choosing an operation."""
    package = revised_package(submission)
    value = package.definition.value if package.definition else None
    properties = package.properties
    file = properties.file.name if properties else ""
    found = findings_of(validation, file=file) if file else []
    marks = _Marks(found, talk.in_file(file))
    ways = connection_fields(properties.value if properties else None)
    form = submission.revision.form if submission.revision else {}
    intro = str(form.get("intro", ""))[:_LONGEST_INTRO]
    return Gallery(
        title=openapi.text(value, "info", "title") or submission.connector.name,
        description=openapi.text(value, "info", "description"),
        publisher=submission.connector.publisher.name,
        colour=_colour(package),
        has_icon=package.icon is not None,
        properties_file=file,
        ways=[(name, [marks.on(each) for each in fields]) for name, fields in ways],
        intro=render_markdown(intro) if intro.strip() else SafeString(""),
    )


def _colour(package: Package) -> str:
    value = package.properties.value if package.properties else None
    colour = openapi.text(value, "properties", "iconBrandColor")
    return colour if _COLOUR.match(colour) else ""
