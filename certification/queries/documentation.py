"""Reads of documentation pages: what is public, what would be, where the version runs, and what drifted."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from dataclasses import dataclass
from functools import lru_cache
from typing import cast

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from certification.data.products import PRODUCTS, Product
from certification.models import Documentation, Placement, ProductCheck, Revision, Rollout, Submission
from certification.queries.public import Place, places_of
from certification.queries.workbench import package_of
from connectors.alert_words import sentence
from connectors.definitions.documentation import Document, PageChange, build, compare
from connectors.models import Connector, HealthAlert, Version, in_production

MOST_VERSIONS = 50
SETTLING = dt.timedelta(minutes=10)


def documented_connectors() -> QuerySet[Connector]:
    """Connectors whose documentation everybody may read: a version was live, and the team did not opt out.

    It stays when the connector is retired, for those who look up what they used.
    """
    shown = Documentation.objects.filter(connector=OuterRef("pk"))
    return (
        Connector.objects.filter(Exists(shown), is_listed=True)
        .exclude(state="cancelled")
        .select_related("publisher", "live_version")
    )


def current_page(connector: Connector) -> Documentation | None:
    """What the connector's own address shows; None after its only version was rolled back."""
    return _pages(connector).filter(is_current=True).first()


def has_page(connector: Connector) -> bool:
    return Documentation.objects.filter(connector=connector, is_current=True).exists()


def page_of_version(connector: Connector, number: int) -> Documentation | None:
    return _pages(connector).filter(version__number=number).first()


def _pages(connector: Connector) -> QuerySet[Documentation]:
    return Documentation.objects.filter(connector=connector).select_related("version")


@dataclass(frozen=True, slots=True)
class PublishedVersion:
    """A line of the list of versions; `is_rolled_back` when it was taken back after it was live."""

    page: Documentation
    is_rolled_back: bool


def published_versions(connector: Connector) -> list[PublishedVersion]:
    """Pages of a connector, newest version first, without their bodies. Two queries."""
    back = set(
        Rollout.objects.filter(connector=connector, state="rolled_back").values_list("version", flat=True)
    )
    pages = _pages(connector).defer("body").order_by("-version__number")[:MOST_VERSIONS]
    return [
        PublishedVersion(page, page.version_id in back and page.version_id != connector.live_version_id)
        for page in pages
    ]


@dataclass(frozen=True, slots=True)
class Availability:
    """A region that has the connector; `is_other` when it runs another version than the page documents."""

    place: Place
    is_other: bool


def availability_of(connector: Connector, version: Version) -> list[Availability]:
    """Only what the portal verified counts; regions without the connector are in no line."""
    return [
        Availability(place, place.has.pk != version.pk)
        for place in places_of(connector, None)
        if place.has is not None
    ]


def products_of(version: Version) -> list[Product]:
    """The products in which somebody tried the version in its Preview."""
    tried = set(
        ProductCheck.objects.filter(preview__version=version).values_list("product", flat=True).distinct()
    )
    return [product for product in PRODUCTS if product.key in tried]


def document_of(version: Version, intro: str = "") -> Document:
    """The document of a version, built or remembered. Raises OSError or StoredBytesDamaged without bytes."""
    return _built(version, intro)


@lru_cache(maxsize=16)
def _built(version: Version, intro: str) -> Document:
    """Versions are alike by their id, and never change."""
    return build(package_of(version), intro=intro)


def intro_of(version: Version) -> str:
    """The introduction with which the version was handed in last; "" leaves it to the package."""
    revision = Revision.objects.filter(version=version).order_by("-created_at").first()
    return str(revision.form.get("intro") or "") if revision else ""


def digest_of(document: Document) -> str:
    """SHA-256 of a document's canonical JSON."""
    return hashlib.sha256(json.dumps(document, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def body_of(page: Documentation) -> Document:
    return cast("Document", page.body)


@dataclass(frozen=True, slots=True)
class PagePreview:
    """The page that a submission would publish. `change` is None where nothing is public yet."""

    document: Document
    version: Version
    published: Documentation | None
    change: PageChange | None


def preview_of(submission: Submission) -> PagePreview | None:
    """The page of the revision handed in last; None before the first."""
    if submission.revision is None:
        return None
    version = submission.revision.version
    document = document_of(version, str(submission.revision.form.get("intro") or ""))
    published = current_page(submission.connector)
    change = compare(body_of(published), document) if published else None
    return PagePreview(document, version, published, change)


def is_settling(connector: Connector, now: dt.datetime) -> bool:
    """Another version has only just become live: its page is being made."""
    since = str(connector.marked_at.get("live", ""))
    return bool(since) and now - dt.datetime.fromisoformat(since) < SETTLING


def drift_of(connector: Connector, page: Documentation | None) -> list[str]:
    """What a reader would be told wrongly, a sentence each; nothing while a rollout moves the regions."""
    live = connector.live_version
    if live is None:
        return []
    if page is None:
        return [_("Version %(label)s is live, and no documentation is published.") % {"label": live.label}]
    problems = _damage(page)
    if page.version_id != live.pk:
        problems.append(
            _("The page documents %(label)s, while %(label_2)s is live.")
            % {"label": page.version.label, "label_2": live.label}
        )
    problems += _regions_with_another(connector, page.version)
    return problems


def _damage(page: Documentation) -> list[str]:
    if digest_of(body_of(page)) != page.body_digest:
        return [_("The stored page is not what was published.")]
    document = package_of(page.version).definition
    found = hashlib.sha256(document.file.content).hexdigest() if document else ""
    return [] if found == page.definition_digest else [_("The page was made of another definition.")]


def _regions_with_another(connector: Connector, version: Version) -> list[str]:
    """Opt-in waves go on after their rollout is complete: their regions are still on the way."""
    on_the_way = Q(state__in=["running", "held", "halted", "rolling_back"])
    opt_in = Q(state="completed", next_step_at__isnull=False)
    moving = Rollout.objects.filter(on_the_way | opt_in, connector=connector)
    if moving.exists():
        return []
    rows = (
        Placement.objects.filter(
            in_production("region__"),
            connector=connector,
            verified_version__isnull=False,
            region__is_active=True,
        )
        .exclude(verified_version=version)
        .select_related("region", "verified_version")
        .order_by("region__name")
    )
    return [
        f"{row.region.name} runs {row.verified_version.label}, and the page documents {version.label}."
        for row in rows[:20]
        if row.verified_version
    ]


@dataclass(frozen=True, slots=True)
class OpenAlert:
    """A drift that was found and is not over; `text` are its sentences."""

    alert: HealthAlert
    text: str


def open_alert(connector: Connector) -> OpenAlert | None:
    kind = HealthAlert.Kind.DOCUMENTATION
    found = HealthAlert.objects.open().filter(connector=connector, kind=kind).first()
    return OpenAlert(found, sentence(found.kind, found.evidence)) if found else None
