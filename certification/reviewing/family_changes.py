"""One change for many packages: fields that connectors of a family share, and patches for both JSON files."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from certification.rules.repairs import with_file
from connectors.definitions import Document, Package
from connectors.definitions.patching import PatchError, apply_to_file

Operation = Mapping[str, Any]
_METADATA = "x-ms-connector-metadata"
_LAST_NUMBER = re.compile(r"(\d+)(\D*)$")


class CannotChange(ValueError):
    """Why this package cannot take the change, in a sentence."""


@dataclass(frozen=True, slots=True)
class FamilyChange:
    """Empty fields stay as they are. `definition` and `properties` are JSON Patches (RFC 6902) for
    apiDefinition.swagger.json and apiProperties.json, carried out after the fields."""

    host: str = ""
    contact_name: str = ""
    contact_url: str = ""
    contact_email: str = ""
    website: str = ""
    privacy_policy: str = ""
    definition: tuple[Operation, ...] = ()
    properties: tuple[Operation, ...] = ()

    @property
    def is_empty(self) -> bool:
        return not self.words

    @property
    def words(self) -> list[str]:
        """What is changed, by name."""
        fields = ("host", "contact_name", "contact_url", "contact_email", "website", "privacy_policy")
        named = [name.replace("_", " ") for name in fields if getattr(self, name)]
        patches = [
            (self.definition, _("patch of the definition")),
            (self.properties, _("patch of the properties")),
        ]
        return [*named, *(name for patch, name in patches if patch)]


def changed_package(
    package: Package, change: FamilyChange, *, taken: Collection[str] = frozenset()
) -> Package:
    """The package with the change; where its version is one that users have (`taken`), the last number of it
    is raised. Raises CannotChange."""
    definition = package.definition
    if definition is None or not isinstance(definition.value, dict):
        raise CannotChange(_("It has no readable apiDefinition.swagger.json."))
    operations = [*_field_operations(definition.value, change), *change.definition]
    package = _patched(package, definition, operations)
    if change.properties:
        if package.properties is None:
            raise CannotChange(_("It has no apiProperties.json."))
        package = _patched(package, package.properties, change.properties)
    assert package.definition is not None
    raised = _raised_version(package.definition.value, taken)
    return _patched(package, package.definition, raised) if raised else package


def _patched(package: Package, document: Document, operations: Sequence[Operation]) -> Package:
    if not operations:
        return package
    try:
        content = apply_to_file(document.file, operations)
    except PatchError as error:
        raise CannotChange(f"{document.file.name}: {error}.") from error
    return package if content == document.file.content else with_file(package, document.file.name, content)


def _field_operations(definition: Mapping[str, Any], change: FamilyChange) -> Iterator[Operation]:
    if change.host:
        yield _put("/host", change.host)
    info = definition.get("info")
    contact = {
        key: value
        for key, value in (
            ("name", change.contact_name),
            ("url", change.contact_url),
            ("email", change.contact_email),
        )
        if value
    }
    if contact:
        if not isinstance(info, dict):
            raise CannotChange(_("Its definition has no info."))
        if not isinstance(info.get("contact"), dict):
            yield _put("/info/contact", {})
        yield from (_put(f"/info/contact/{key}", value) for key, value in contact.items())
    yield from _metadata_operations(definition, change)


def _metadata_operations(definition: Mapping[str, Any], change: FamilyChange) -> Iterator[Operation]:
    wanted = {"Website": change.website, "Privacy policy": change.privacy_policy}
    rows = definition.get(_METADATA)
    is_list = isinstance(rows, list)
    places = {
        row.get("propertyName"): number
        for number, row in enumerate(rows if isinstance(rows, list) else ())
        if isinstance(row, dict)
    }
    for name, value in wanted.items():
        if not value:
            continue
        if not is_list:
            yield _put(f"/{_METADATA}", [])
            is_list = True
        if name in places:
            yield _put(f"/{_METADATA}/{places[name]}/propertyValue", value, "replace")
        else:
            yield _put(f"/{_METADATA}/-", {"propertyName": name, "propertyValue": value})


def _put(path: str, value: Any, op: str = "add") -> Operation:
    return {"op": op, "path": path, "value": value}


def _raised_version(definition: Any, taken: Collection[str]) -> list[Operation]:
    info = definition.get("info") if isinstance(definition, dict) else None
    label = info.get("version") if isinstance(info, dict) else None
    if not isinstance(label, str) or label not in taken:
        return []
    match = _LAST_NUMBER.search(label)
    if match is None:
        return []
    number = int(match[1]) + 1
    while (raised := f"{label[: match.start()]}{number}{match[2]}") in taken:
        number += 1
    return [_put("/info/version", raised, "replace")]
