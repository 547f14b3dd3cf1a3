"""From a package to its document."""

from __future__ import annotations

import hashlib
from typing import Any

from connectors.definitions import openapi, pointers
from connectors.definitions.documentation.connections import connections_of
from connectors.definitions.documentation.operations import operations_of
from connectors.definitions.documentation.rows import Book, Table
from connectors.definitions.documentation.shape import Contact, Document, Type
from connectors.definitions.documentation.words import LONGEST_INTRO, Anchors, clean, line
from connectors.definitions.facts import facts
from connectors.definitions.package import Package

BUILDER = 1
"""Goes up when the same package makes another document."""
_MOST_TYPES = 1_000


def build(package: Package, *, intro: str = "") -> Document:
    """The documentation of a package; `intro` is used in place of the package's own introduction.

    Never raises for anything in a package, except MemoryError.
    """
    source = package.definition
    definition = source.value if source else None
    properties = package.properties.value if package.properties else None
    told = facts(package)
    book = Book(definition, Anchors())
    triggers, actions, limits = operations_of(book)
    own = package.intro.text if package.intro else ""
    return Document(
        builder=BUILDER,
        definition=hashlib.sha256(source.file.content).hexdigest() if source else "",
        package="" if package.is_refused else package.digest,
        title=line(told.title),
        text=clean(told.description),
        version=line(told.version),
        intro=clean(intro if intro.strip() else own, LONGEST_INTRO),
        authentication=[str(kind) for kind in told.authentication],
        categories=[line(each) for each in told.categories],
        contact=_contact(definition, package),
        connections=connections_of(properties),
        limits=limits,
        triggers=triggers,
        actions=actions,
        types=_types(book),
    )


def _contact(definition: Any, package: Package) -> Contact:
    told = facts(package)
    return Contact(
        name=line(told.contact_name),
        email=line(told.contact_email),
        url=line(openapi.text(definition, "info", "contact", "url"), 500),
        website=line(told.website, 500),
        privacy_policy=line(told.privacy_policy, 500),
        publisher=line(told.publisher),
        stack_owner=line(told.stack_owner),
    )


def _types(book: Book) -> list[Type]:
    """The shared definitions that something refers to, and those they refer to, by name."""
    made: dict[str, Type] = {}
    while waiting := [name for name in book.types if name not in made]:
        for name in waiting:
            if len(made) >= _MOST_TYPES:
                return _in_order(made)
            made[name] = _type(book, name)
    return _in_order(made)


def _in_order(made: dict[str, Type]) -> list[Type]:
    return sorted(made.values(), key=lambda each: (each["name"].lower(), each["anchor"]))


def _type(book: Book, name: str) -> Type:
    schema = openapi.member(book.definition, "definitions", name)
    table = Table(book, through=False, reading=True)
    table.add(schema, pointers.join("/definitions", name))
    return Type(
        anchor=book.types[name],
        name=line(name),
        text=clean(openapi.text(schema, "description")),
        rows=table.rows,
        rows_more=table.has_more,
    )
