"""Who publishes a connector and who owns the service behind it: `publisher` and `stackOwner`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from certification.rules.checks.properties import is_read_whole
from certification.rules.findings import Hit
from certification.rules.registry import rule
from certification.rules.walk import Node

_NAMES = ("publisher", "stackOwner")
_ODD = re.compile(r"https?://|\bwww\.|[^\w\s.,&'()/+\-|®™]", re.IGNORECASE)
_NOT_ALPHANUMERIC = re.compile(r"[^A-Za-z0-9 ]")


@rule("PRP-020", on="connector")
def publisher_missing(connector: Node) -> Iterator[Hit]:
    return _missing(connector, "publisher")


@rule("PRP-021", on="connector")
def stack_owner_missing(connector: Node) -> Iterator[Hit]:
    return _missing(connector, "stackOwner")


@rule("PRP-022", on="connector", key=_NAMES)
def odd_character(connector: Node, key: str) -> Iterator[Hit]:
    name = connector.text(key)
    if match := _ODD.search(name):
        yield connector.hit(key, member=key, odd=match[0])


@rule("PRP-023", on="connector", key=_NAMES)
def not_alphanumeric(connector: Node, key: str) -> Iterator[Hit]:
    """Silent where the heavier PRP-022 speaks."""
    name = connector.text(key)
    match = _NOT_ALPHANUMERIC.search(name.strip())
    if match and not _ODD.search(name):
        yield connector.hit(key, member=key, odd=match[0])


@rule("PRP-024", on="connector", key="publisher")
def publisher_is_not_owner(connector: Node, key: str) -> Iterator[Hit]:
    publisher, owner = _folded(connector, key), _folded(connector, "stackOwner")
    if publisher and owner and publisher != owner:
        yield connector.hit(key, owner=connector.text("stackOwner"))


@rule("PRP-025", on="connector", key="publisher")
def publisher_is_owner(connector: Node, key: str) -> Iterator[Hit]:
    publisher = _folded(connector, key)
    if publisher and publisher == _folded(connector, "stackOwner"):
        yield connector.hit("stackOwner")


def _missing(connector: Node, key: str) -> Iterator[Hit]:
    if not connector.text(key).strip():
        if key in connector.value:
            yield connector.hit(key, value="blank")
        elif is_read_whole(connector):
            yield connector.hit(value="missing")


def _folded(connector: Node, key: str) -> str:
    return " ".join(connector.text(key).split()).casefold()
