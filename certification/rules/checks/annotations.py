"""Revisions of operations: `x-ms-api-annotation`, families, and operations that are given up."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from certification.rules.api import Operation
from certification.rules.findings import Hit
from certification.rules.fixes import Patch, Place, fix
from certification.rules.registry import rule
from certification.rules.walk import Node
from connectors.definitions import openapi

if TYPE_CHECKING:
    from certification.rules.engine import Run

_ANNOTATION = "x-ms-api-annotation"
_ANNOTATED = ("operation", "info", "definition")
_NEEDLES = (_ANNOTATION,)
_KEYS = ("family", "revision", "status", "replacement", "expires")
# Not documented, but the platform's own connectors have it.
_SEEN_KEYS = ("inputsDomain",)
_STATUSES = ("Preview", "Production")
_LONGEST_SUMMARY = 80
_MARK = " (deprecated)"
_REVISION_OF_ID = re.compile(r"[vV]([0-9]{1,9})(?![0-9])")
_UNFINISHED = re.compile(r"(?<![^\W_])(alpha|beta|preview)\d*(?![^\W_])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Member:
    """An operation of a family; `revision` is None when it is absent or no number."""

    operation: Operation
    annotation: dict[str, Any]
    revision: int | None

    @property
    def number(self) -> int:
        return 1 if self.revision is None else self.revision

    @property
    def is_live(self) -> bool:
        return not self.operation.is_deprecated

    def hit(self, run: Run, key: str, family: str, value: object) -> Hit:
        """A hit at a member of the annotation, or at the annotation when that is absent."""
        keys = (*self.operation.keys, _ANNOTATION)
        return run.hit(
            *keys, *([key] if key in self.annotation else []), value=value, family=family, cause=family
        )


def _families(run: Run) -> dict[str, list[Member]]:
    """The operations that name a family, by its name. One without annotation belongs to none: a family is
    what the publisher says it is.
    """
    found: dict[str, list[Member]] | None = run.cache.get("families")
    if found is None:
        found = run.cache["families"] = {}
        for operation in run.api.operations:
            annotation = openapi.mapping(operation.value, _ANNOTATION)
            family = openapi.text(annotation, "family")
            if family:
                revision = annotation.get("revision")
                member = Member(operation, annotation, revision if type(revision) is int else None)
                found.setdefault(family, []).append(member)
    return found


@rule("UPD-050", on="operation", key="deprecated", unless=lambda value: value is not True)
def deprecated_in_silence(operation: Node, key: str) -> Iterable[Hit]:
    """A missing summary is found by the rule for all operations."""
    summary = operation.text("summary")
    if not summary.strip() or "deprecated" in summary.lower():
        return ()
    return (operation.hit("summary"),)


@rule("UPD-060", on=_ANNOTATED, key=_ANNOTATION)
def key_unknown(node: Node, key: str) -> Iterator[Hit]:
    for name in openapi.mapping(node.value, key):
        if name not in _KEYS and name not in _SEEN_KEYS:
            yield node.hit(key, name, value=name, at_key=True)


@rule("UPD-061", on=_ANNOTATED, key=_ANNOTATION)
def status_invalid(node: Node, key: str) -> Iterator[Hit]:
    annotation = openapi.mapping(node.value, key)
    if "status" in annotation and annotation["status"] not in _STATUSES:
        yield node.hit(key, "status")


@rule("UPD-062", on=_ANNOTATED, key=_ANNOTATION)
def revision_invalid(node: Node, key: str) -> Iterator[Hit]:
    annotation = openapi.mapping(node.value, key)
    revision = annotation.get("revision")
    if "revision" in annotation and (type(revision) is not int or revision < 1):
        yield node.hit(key, "revision")


@rule("UPD-063", on="operation", key=_ANNOTATION)
def id_without_revision(operation: Node, key: str) -> Iterator[Hit]:
    annotation = openapi.mapping(operation.value, key)
    revision = annotation.get("revision")
    name = operation.text("operationId")
    if type(revision) is not int or revision <= 1 or not name:
        return
    if all(int(number) != revision for number in _REVISION_OF_ID.findall(name)):
        yield operation.hit("operationId", revision=revision, family=annotation.get("family") or name)


@rule("UPD-064", on="operation", key=_ANNOTATION)
def family_without_revision(operation: Node, key: str) -> Iterator[Hit]:
    annotation = openapi.mapping(operation.value, key)
    if annotation.get("family") and "revision" not in annotation:
        yield operation.hit(key, value=annotation["family"])


@rule("UPD-065", on="operation", key=_ANNOTATION)
def live_operation_replaced(operation: Node, key: str) -> Iterator[Hit]:
    if (
        "replacement" in openapi.mapping(operation.value, key)
        and operation.value.get("deprecated") is not True
    ):
        yield operation.hit(key, "replacement", value=operation.text("operationId"), at_key=True)


@rule("UPD-066", on="operation", key=_ANNOTATION)
def replacement_without_api(operation: Node, key: str) -> Iterator[Hit]:
    annotation = openapi.mapping(operation.value, key)
    replacement = annotation.get("replacement")
    if "replacement" in annotation and not openapi.text(replacement, "api").strip():
        at = ("api",) if isinstance(replacement, dict) and "api" in replacement else ()
        yield operation.hit(key, "replacement", *at, value=operation.text("operationId"))


@rule("UPD-067", on="operation", key=_ANNOTATION)
def replacement_without_id(operation: Node, key: str) -> Iterator[Hit]:
    annotation = openapi.mapping(operation.value, key)
    replacement = annotation.get("replacement")
    if "replacement" in annotation and not _replacing_id(replacement).strip():
        at = ("operationId",) if isinstance(replacement, dict) and "operationId" in replacement else ()
        yield operation.hit(key, "replacement", *at, value=operation.text("operationId"))


def _replacing_id(replacement: Any) -> str:
    # The documentation writes the key in two ways.
    return openapi.text(replacement, "operationId") or openapi.text(replacement, "operationid")


@rule("UPD-070", on="paths", needles=_NEEDLES)
def revision_twice(paths: Node) -> Iterator[Hit]:
    for family, members in _families(paths.run).items():
        seen: set[int] = set()
        for member in members:
            if member.number in seen:
                yield member.hit(paths.run, "revision", family, member.number)
            seen.add(member.number)


@rule("UPD-071", on="paths", needles=_NEEDLES)
def too_many_live_operations(paths: Node) -> Iterator[Hit]:
    for family, members in _families(paths.run).items():
        live = [member for member in members if member.is_live]
        for member in _all_but_newest(live, 2):
            yield member.hit(paths.run, "family", family, len(live))


@rule("UPD-072", on="paths", needles=_NEEDLES)
def too_many_in_production(paths: Node) -> Iterator[Hit]:
    for family, members in _families(paths.run).items():
        live = [
            found for found in members if found.is_live and found.annotation.get("status") == "Production"
        ]
        for member in _all_but_newest(live, 1):
            yield member.hit(paths.run, "status", family, len(live))


@rule("UPD-073", on="paths", needles=_NEEDLES)
def several_without_revision(paths: Node) -> Iterator[Hit]:
    for family, members in _families(paths.run).items():
        for member in [found for found in members if "revision" not in found.annotation][1:]:
            yield member.hit(paths.run, "revision", family, member.operation.operation_id)


def _all_but_newest(members: list[Member], kept: int) -> list[Member]:
    """Those to give up, in the order of the document."""
    older = sorted(range(len(members)), key=lambda at: members[at].number)[:-kept]
    return [members[at] for at in sorted(older)]


@rule("UPD-074", on="operation", key=_ANNOTATION)
def ahead_of_connector(operation: Node, key: str) -> Iterator[Hit]:
    if openapi.text(operation.value, key, "status") != "Production":
        return
    if openapi.text(operation.run.definition, "info", _ANNOTATION, "status") == "Preview":
        yield operation.hit(key, "status", value=operation.text("operationId"))


@rule("UPD-075", on="info", key=_ANNOTATION)
def connector_on_unfinished_service(info: Node, key: str) -> Iterator[Hit]:
    root = info.run.definition
    address = openapi.text(root, "host") + openapi.text(root, "basePath")
    match = _UNFINISHED.search(address)
    if match and openapi.text(info.value, key, "status") == "Production":
        yield info.hit(key, "status", value=address, word=match[1])


@rule("UPD-075", on="operation", key=_ANNOTATION)
def operation_on_unfinished_service(operation: Node, key: str) -> Iterator[Hit]:
    """Whether a service is finished is not known from its package; an address that says so is for the
    reviewer to ask about.
    """
    if openapi.text(operation.value, key, "status") != "Production" or operation.parent is None:
        return
    root = operation.run.definition
    address = openapi.text(root, "host") + openapi.text(root, "basePath") + str(operation.parent.name)
    if match := _UNFINISHED.search(address):
        yield operation.hit(key, "status", value=address, word=match[1])


@fix("UPD-050")
def mark_as_deprecated(place: Place) -> Patch:
    summary = place.value.rstrip()
    return place.replace(summary + _MARK) if len(summary + _MARK) <= _LONGEST_SUMMARY else ()


@fix("UPD-060")
def remove_key(place: Place) -> Patch:
    word = next((key for key in _KEYS if key.lower() == str(place.name).lower().strip()), "")
    return place.rename(word) or place.remove() if word else place.remove()


@fix("UPD-061")
def correct_status(place: Place) -> Patch:
    text = place.value.strip().lower() if isinstance(place.value, str) else ""
    word = next((status for status in _STATUSES if status.lower() == text), "")
    return place.replace(word) if word else ()


@fix("UPD-062")
def make_number(place: Place) -> Patch:
    found = place.value
    if isinstance(found, str) and re.fullmatch(r"\s*[1-9]\d{0,4}\s*", found, re.ASCII):
        return place.replace(int(found))
    if isinstance(found, float) and found.is_integer() and found >= 1:
        return place.replace(int(found))
    return ()


@fix("UPD-064")
def write_default_revision(place: Place) -> Patch:
    """An absent revision means 1; it is not written where the family has another first revision."""
    family = place.value["family"]
    paths = openapi.mapping(place.root, "paths")
    others = [
        openapi.mapping(operation, _ANNOTATION)
        for item in paths.values()
        if isinstance(item, dict)
        for operation in item.values()
    ]
    first = [found for found in others if found.get("family") == family and found.get("revision", 1) == 1]
    return place.add("revision", 1) if len(first) == 1 else ()
