"""What the gallery shows about a connector: `x-ms-connector-metadata` with website, privacy policy and
categories.
"""

from __future__ import annotations

from collections.abc import Iterator

from certification.rules.checks.addresses import is_web_address
from certification.rules.findings import Hit
from certification.rules.registry import rule
from certification.rules.walk import Node

CATEGORIES = (
    "AI",
    "Business Management",
    "Business Intelligence",
    "Collaboration",
    "Commerce",
    "Communication",
    "Content and Files",
    "Finance",
    "Data",
    "Human Resources",
    "Internet of Things",
    "IT Operations",
    "Lifestyle and Entertainment",
    "Marketing",
    "Productivity",
    "Sales and CRM",
    "Security",
    "Social Media",
    "Website",
)
_BY_FOLDED_NAME = {name.casefold(): name for name in CATEGORIES}
_PRIVACY = "Privacy policy"
_MEMBERS = frozenset(("propertyName", "propertyValue"))
_MOST_CATEGORIES = 2


@rule("INF-030", on="definition")
def metadata_missing(definition: Node) -> Iterator[Hit]:
    root, key = definition.value, "x-ms-connector-metadata"
    is_readable = isinstance(root, dict) and definition.run.is_definition_whole
    if is_readable and not isinstance(root.get(key), list):
        yield definition.hit(key) if key in root else definition.hit()


@rule("INF-031", on="metadata")
def website_missing(metadata: Node) -> Iterator[Hit]:
    if isinstance(metadata.value, list) and not any(
        isinstance(value, str) and value.strip() for _, value in _named(metadata, "Website")
    ):
        yield metadata.hit()


@rule("INF-032", on="metadata")
def privacy_policy_missing(metadata: Node) -> Iterator[Hit]:
    if not isinstance(metadata.value, list) or any(True for _ in _named(metadata, _PRIVACY)):
        return
    for index, entry in _entries(metadata):
        name = entry.get("propertyName")
        if isinstance(name, str) and name.strip().casefold() == _PRIVACY.casefold():
            yield metadata.hit(index, "propertyName", value=f', but one named "{name}"')
            return
    yield metadata.hit(value="")


@rule("INF-033", on="metadata")
def categories_missing(metadata: Node) -> Iterator[Hit]:
    if isinstance(metadata.value, list) and not any(True for _ in _named(metadata, "Categories")):
        yield metadata.hit()


@rule("INF-034", on="metadata")
def metadata_url_invalid(metadata: Node) -> Iterator[Hit]:
    for index, value in _addresses(metadata):
        if value.strip() and not is_web_address(value):
            yield metadata.hit(index, "propertyValue")


@rule("INF-035", on="metadata")
def category_unknown(metadata: Node) -> Iterator[Hit]:
    for index, names in _categories(metadata):
        for name in names:
            if name not in CATEGORIES:
                meant = _BY_FOLDED_NAME.get(name.casefold())
                hint = f' Did you mean "{meant}"?' if meant else ""
                yield metadata.hit(index, "propertyValue", value=f'"{name}"', hint=hint)


@rule("INF-036", on="metadata")
def entry_malformed(metadata: Node) -> Iterator[Hit]:
    for index, entry in _entries(metadata):
        for key in entry:
            if key not in _MEMBERS:
                yield metadata.hit(index, key, value=key, at_key=True)


@rule("INF-037", on="metadata")
def metadata_url_without_https(metadata: Node) -> Iterator[Hit]:
    for index, value in _addresses(metadata):
        if value.strip().lower().startswith("http://"):
            yield metadata.hit(index, "propertyValue")


@rule("INF-038", on="metadata")
def too_many_categories(metadata: Node) -> Iterator[Hit]:
    for index, names in _categories(metadata):
        if len(names) > _MOST_CATEGORIES:
            yield metadata.hit(index, "propertyValue", count=len(names))


def _entries(metadata: Node) -> Iterator[tuple[int, dict[str, object]]]:
    if isinstance(metadata.value, list):
        for index, entry in enumerate(metadata.value):
            if isinstance(entry, dict):
                yield index, entry


def _named(metadata: Node, name: str) -> Iterator[tuple[int, object]]:
    for index, entry in _entries(metadata):
        if entry.get("propertyName") == name:
            yield index, entry.get("propertyValue")


def _addresses(metadata: Node) -> Iterator[tuple[int, str]]:
    # The policy counts under any letter case here: its wrong name is the finding of another rule.
    for index, entry in _entries(metadata):
        name, value = entry.get("propertyName"), entry.get("propertyValue")
        is_address = name == "Website" or (
            isinstance(name, str) and name.strip().casefold() == _PRIVACY.casefold()
        )
        if is_address and isinstance(value, str):
            yield index, value


def _categories(metadata: Node) -> Iterator[tuple[int, list[str]]]:
    for index, value in _named(metadata, "Categories"):
        if isinstance(value, str):
            yield index, [name.strip() for name in value.split(";") if name.strip()]
