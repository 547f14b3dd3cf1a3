"""The root of the definition: its members and its size."""

from __future__ import annotations

from collections.abc import Iterator

from certification.rules.findings import Hit, shown
from certification.rules.registry import rule
from certification.rules.walk import Node

_MEMBERS = frozenset(
    (
        "swagger",
        "info",
        "host",
        "basePath",
        "schemes",
        "consumes",
        "produces",
        "paths",
        "definitions",
        "parameters",
        "responses",
        "securityDefinitions",
        "security",
        "tags",
        "externalDocs",
    )
)
_LISTS = ("consumes", "produces", "schemes", "security", "tags")
_MAPS = ("parameters", "responses", "definitions", "securityDefinitions")
_OPENAPI_3 = ("openapi", "components", "servers")
_LARGEST_BYTES = 1_048_576
_LARGEST_CHARACTERS = 500_000


@rule("DEF-001", on="definition")
def root_is_no_object(definition: Node) -> Iterator[Hit]:
    if not isinstance(definition.value, dict):
        yield definition.hit(value=shown(definition.value))


@rule("DEF-002", on="definition")
def not_swagger_2(definition: Node) -> Iterator[Hit]:
    root = definition.value
    if isinstance(root, dict) and root.get("swagger") != "2.0":
        if "swagger" in root:
            found = root["swagger"]
            yield definition.hit(
                "swagger", value=f'"{found}"' if isinstance(found, str) else f"{shown(found)}"
            )
        else:
            yield definition.hit(value="missing")


@rule("DEF-003", on="definition")
def openapi_3(definition: Node) -> Iterator[Hit]:
    root = definition.value
    found = [key for key in _OPENAPI_3 if isinstance(root, dict) and key in root]
    if found:
        yield definition.hit(found[0], value=", ".join(found), at_key=True)


@rule("DEF-004", on="definition")
def unknown_member(definition: Node) -> Iterator[Hit]:
    if isinstance(definition.value, dict) and definition.run.is_definition_whole:
        for key in definition.value:
            if key not in _MEMBERS and not key.startswith("x-"):
                yield definition.hit(key, value=key, at_key=True)


@rule("DEF-005", on="definition")
def info_or_paths_missing(definition: Node) -> Iterator[Hit]:
    root = definition.value
    if isinstance(root, dict) and definition.run.is_definition_whole:
        for key in ("info", "paths"):
            if not isinstance(root.get(key), dict):
                yield definition.hit(*([key] if key in root else []), value=key)


@rule("DEF-006", on="definition", key="tags")
def duplicate_tag(definition: Node, key: str) -> Iterator[Hit]:
    tags = definition.value[key]
    seen: set[str] = set()
    for index, tag in enumerate(tags if isinstance(tags, list) else ()):
        name = tag.get("name") if isinstance(tag, dict) else None
        if isinstance(name, str):
            if name in seen:
                yield definition.hit(key, index, "name")
            seen.add(name)


@rule("DEF-007", on="definition", key=_LISTS + _MAPS)
def empty_member(definition: Node, key: str) -> Iterator[Hit]:
    if definition.value[key] == ([] if key in _LISTS else {}):
        yield definition.hit(key, value=key)


@rule("DEF-012", on="definition", key="paths")
def no_paths(definition: Node, key: str) -> Iterator[Hit]:
    if definition.value[key] == {}:
        yield definition.hit(key)


@rule("DEF-010", on="definition-file")
def larger_than_1_mb(file: Node) -> Iterator[Hit]:
    if len(file.value.content) > _LARGEST_BYTES:
        yield Hit(file.file, value=f"{len(file.value.content):,}", cause="size")


@rule("DEF-011", on="definition-file")
def more_than_500_000_characters(file: Node) -> Iterator[Hit]:
    # Fewer bytes than the limit are never more characters; this spares decoding for nearly all packages.
    if len(file.value.content) > _LARGEST_CHARACTERS and len(file.value.text) > _LARGEST_CHARACTERS:
        yield Hit(file.file, value=f"{len(file.value.text):,}", cause="size")


# The needles say that there is none, which is nearly always so: each search here would read megabytes.
@rule("DEF-013", on="definition-file", needles=("\t", " \n", " \r\n"))
def untidy_white_space(file: Node) -> Iterator[Hit]:
    """One finding for each sort, at its first place: thousands of lines with the same habit are one fault."""
    text: str = file.value.text
    tab = text.find("\t")
    if tab >= 0:
        yield file.hit_span(tab, tab + 1, value="hard tabs")
    blanks = " \t" if tab >= 0 else " "
    ends = ("\n", "\r\n") if "\r" in text else ("\n",)
    places = [at for blank in blanks for end in ends if (at := text.find(blank + end)) >= 0]
    if places:
        yield file.hit_span(min(places), min(places) + 1, value="blanks at the end of lines")
