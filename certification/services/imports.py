"""Bringing in connectors that are live already: their package, the regions that have it, who published
them."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from certification.models import ImportedConnector, Placement
from certification.policies import can_import_connectors
from certification.services.clock import database_now
from connectors.models import Connector, Publisher, Region, Version, in_production
from connectors.naming import check_host, check_name, name_key
from connectors.services.connectors import insert_connector, mark_version
from connectors.services.versions import take_in
from portal.accounts.models import User
from portal.shared import audit, outbox
from portal.shared.errors import Conflict, InvalidInput, PortalError
from portal.shared.policy import require

MOST_LINES = 200
LONGEST_LINE = 16 * 1024 * 1024
_FIELDS = {"name", "publisher", "package", "regions", "source", "summary", "repository"}


@dataclass(frozen=True, slots=True)
class ImportLine:
    """One connector to bring in; `package` is a zip, `regions` are codes where it is live."""

    name: str
    publisher: str
    package: bytes = field(repr=False)
    regions: tuple[str, ...]
    source: str
    summary: str = ""
    repository: str = ""


@dataclass(frozen=True, slots=True)
class ImportOutcome:
    """What became of one line, counted from 1."""

    line: int
    name: str
    imported: ImportedConnector | None
    problem: str = ""


def import_lines(content: bytes, *, actor: User) -> list[ImportOutcome]:
    """Import every line of a JSON Lines file, each by itself: a bad line is told and holds up no other.

    A line is {"name", "publisher", "package" (a zip in base64), "regions" (codes), "source"} and, if known,
    "summary" and "repository" (https address of a folder with raw files). A connector that is known already
    is left as it is.
    """
    require(can_import_connectors, actor, None)
    outcomes = []
    for number, text in _lines(content):
        name = ""
        try:
            line = _parsed(text)
            name = line.name
            outcomes.append(ImportOutcome(number, name, import_connector(line, actor=actor)))
        except InvalidInput as error:
            words = [each for texts in error.fields.values() for each in texts] or [error.message]
            outcomes.append(ImportOutcome(number, name, None, " ".join(words)))
        except PortalError as error:
            outcomes.append(ImportOutcome(number, name, None, error.message))
    return outcomes


def _lines(content: bytes) -> Iterator[tuple[int, bytes]]:
    rows = [(number, row) for number, row in enumerate(content.splitlines(), start=1) if row.strip()]
    if not rows or len(rows) > MOST_LINES:
        words = _("Send between 1 and %(most)s lines of JSON.") % {"most": MOST_LINES}
        raise InvalidInput(words, fields={"file": [words]})
    yield from rows


def _parsed(text: bytes) -> ImportLine:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise InvalidInput(_("This line is no JSON.")) from None
    if not isinstance(found, dict) or set(found) - _FIELDS:
        raise InvalidInput(_("A line is an object with the fields that are documented, and no others."))
    return line_from(found)


def line_from(found: dict[str, Any]) -> ImportLine:
    """The line of an object that came in as JSON. Raises InvalidInput naming what is missing."""
    for name in ("name", "publisher", "package", "source"):
        if not isinstance(found.get(name), str) or not found[name].strip():
            raise InvalidInput(_("The field “%(name)s” is missing.") % {"name": name})
    regions = found.get("regions")
    if not isinstance(regions, list) or not all(isinstance(code, str) for code in regions):
        raise InvalidInput(_("“regions” is a list of codes."))
    try:
        package = base64.b64decode(found["package"], validate=True)
    except (binascii.Error, ValueError):
        raise InvalidInput(_("“package” is no base64.")) from None
    return ImportLine(
        name=found["name"],
        publisher=" ".join(found["publisher"].split())[:80],
        package=package,
        regions=tuple(dict.fromkeys(regions)),
        source=found["source"].strip()[:300],
        summary=str(found.get("summary") or "").strip()[:500],
        repository=str(found.get("repository") or "").strip(),
    )


def import_connector(line: ImportLine, *, actor: User) -> ImportedConnector:
    """One connector, live where the line says, owned by nobody who can sign in.

    Raises InvalidInput for a package that was refused or a region that is unknown, Conflict when the
    connector is here already.
    """
    require(can_import_connectors, actor, None)
    regions = _regions(line.regions)
    if line.repository and not (line.repository.startswith("https://") and len(line.repository) <= 300):
        raise InvalidInput(_("“repository” is an address that begins with https://."))
    name = check_name(line.name)
    with transaction.atomic():
        connector = _connector(name, line)
        version = _version(connector, line, actor)
        imported = ImportedConnector.objects.create(
            connector=connector,
            publisher_name=line.publisher,
            source=line.source,
            repository=line.repository,
            imported_by=actor,
        )
        _place(connector, version, regions)
        mark_version(connector, pointer="live", version=version, actor=actor)
        _record(imported, version, regions, actor)
    return imported


def _record(imported: ImportedConnector, version: Version, regions: Sequence[Region], actor: User) -> None:
    data = {
        "publisher": imported.publisher_name,
        "source": imported.source,
        "version": version.label,
        "regions": [region.pk for region in regions],
    }
    about = [imported.connector, imported.connector.publisher]
    audit.record("connector.import", imported, actor=actor, about=about, data=data)
    outbox.emit("connector.import", id=str(imported.connector_id))


def _regions(codes: Sequence[str]) -> list[Region]:
    known = {region.pk: region for region in Region.objects.filter(in_production(), pk__in=codes)}
    unknown = [code[:40] for code in codes if code not in known]
    if unknown or not codes:
        words = _("No such region: %(codes)s.") % {"codes": ", ".join(unknown) or _("none is named")}
        raise InvalidInput(words, fields={"regions": [words]})
    return [known[code] for code in codes]


def _connector(name: str, line: ImportLine) -> Connector:
    taken = Connector.objects.filter(name_key=name_key(name)).exclude(state__in=("cancelled", "retired"))
    if taken.exists():
        raise Conflict(_("“%(name)s” is known already: nothing was changed.") % {"name": name})
    connector = Connector(
        publisher=_holder_of(line.publisher), name=name, name_key=name_key(name), summary=line.summary
    )
    insert_connector(connector)
    return connector


def _holder_of(publisher_name: str) -> Publisher:
    """The team without members that keeps the connectors of a publisher nobody here speaks for."""
    name = f"{publisher_name[:66]} (unclaimed)"
    found = Publisher.objects.filter(name__iexact=name, memberships=None).first()
    if found is not None:
        return found
    if Publisher.objects.filter(name__iexact=name).exists():
        raise Conflict(_("A team is called “%(name)s”: import under another name.") % {"name": name})
    base = slugify(name)[:50] or "unclaimed"
    taken = set(Publisher.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    free = (base, *(f"{base}-{number}" for number in range(2, len(taken) + 3)))
    return Publisher.objects.create(name=name, slug=next(slug for slug in free if slug not in taken))


def _version(connector: Connector, line: ImportLine, actor: User) -> Version:
    upload = take_in(connector, files=[("imported.zip", line.package)], actor=actor)
    if upload.version is None:
        why = " ".join(str(each["message"]) for each in upload.problems if each.get("refuses"))
        raise InvalidInput(_("The package was refused. %(why)s") % {"why": why[:500]})
    host = str(upload.version.facts.get("host") or "").partition(":")[0]
    try:
        connector.backend_host = check_host(host)
    except InvalidInput:
        # A definition without a usable host is still live; it cannot be proved by DNS.
        connector.backend_host = ""
    connector.save(update_fields=["backend_host"])
    return upload.version


def _place(connector: Connector, version: Version, regions: Sequence[Region]) -> None:
    """Reported, as the source says; the next probe of each region looks for itself."""
    now = database_now()
    Placement.objects.bulk_create(
        Placement(connector=connector, region=region, reported_version=version, reported_at=now)
        for region in regions
    )
