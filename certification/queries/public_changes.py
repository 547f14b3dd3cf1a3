"""What everybody may know of the changes of a connector: versions, rollbacks, notices. Newest first."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass
from functools import lru_cache

from django.conf import settings
from django.db.models import Count, Max, Min, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from certification.models import Documentation, Notice, RegionDeployment, Rollout
from certification.queries.workbench import difference_of
from connectors.definitions.diff import draft_changelog
from connectors.models import Connector, Version, in_production
from portal.shared import storage

MOST_ENTRIES = 50
_PUBLIC_DEPLOYMENTS = Q(
    action="deploy", state="verified", version__isnull=False, verified_at__isnull=False, rollout__isnull=False
) & in_production("region__")


@dataclass(frozen=True, slots=True)
class Entry:
    """One change. `key` stays the same for good; `text` is plain, `changelog` Markdown. `kind` is version,
    rollback, retirement, change or documentation; `is_breaking` says that users may have to do something.
    """

    key: str
    kind: str
    title: str
    text: str
    at: dt.datetime
    updated_at: dt.datetime
    changelog: str = ""
    is_breaking: bool = False
    effective_on: dt.date | None = None


def changes_of(connector: Connector) -> list[Entry]:
    """At most fifty, in five queries. Only what arrived in a production region, or was announced."""
    entries = [
        *_versions(connector),
        *_rollbacks(connector),
        *_notices(connector),
        *_documentation(connector),
    ]
    return sorted(entries, key=lambda entry: (entry.at, entry.key), reverse=True)[:MOST_ENTRIES]


def _versions(connector: Connector) -> list[Entry]:
    rows = (
        RegionDeployment.objects.filter(_PUBLIC_DEPLOYMENTS, connector=connector)
        .values("version")
        .annotate(first=Min("verified_at"), last=Max("verified_at"), regions=Count("region", distinct=True))
        .order_by("-first")[:MOST_ENTRIES]
    )
    found = {row["version"]: row for row in rows}
    versions = list(Version.objects.filter(pk__in=found).order_by("number"))
    entries = []
    for index, version in enumerate(versions):
        row = found[version.pk]
        before = versions[index - 1] if index else None
        changelog, is_breaking = _changelog(before, version) if before else ("", False)
        regions = ngettext("%(n)s region", "%(n)s regions", row["regions"]) % {"n": row["regions"]}
        text = (
            _("Version %(version)s was verified in %(regions)s.")
            if before
            else _("Version %(version)s was verified in %(regions)s. It is the first version.")
        ) % {"version": version.label, "regions": regions}
        key, title = f"version-{version.pk}", _("Version %(label)s") % {"label": version.label}
        entries.append(Entry(key, "version", title, text, row["first"], row["last"], changelog, is_breaking))
    return entries


def _changelog(old: Version, new: Version) -> tuple[str, bool]:
    """Both were published, so both were checked to the end: it is safe to compare them here."""
    try:
        return _compared(old, new)
    except (OSError, storage.StoredBytesDamaged):
        return "", False


@lru_cache(maxsize=128)
def _compared(old: Version, new: Version) -> tuple[str, bool]:
    difference = difference_of(old, new)
    return draft_changelog(difference), difference.impact == "breaking"


def _rollbacks(connector: Connector) -> list[Entry]:
    rows = Rollout.objects.filter(connector=connector, state="rolled_back").select_related("version")
    return [
        Entry(
            f"rollback-{row.pk}", "rollback",
            _("Version %(label)s was rolled back") % {"label": row.version.label},
            _("The regions that had it went back to the version before."),
            row.finished_at or row.state_changed_at, row.finished_at or row.state_changed_at,
        )
        for row in rows.order_by("-state_changed_at")[:MOST_ENTRIES]
    ]  # fmt: skip


def _documentation(connector: Connector) -> list[Entry]:
    rows = Documentation.objects.filter(connector=connector).select_related("version").defer("body")
    return [_of_page(connector, row) for row in rows.order_by("-published_at")[:MOST_ENTRIES]]


def _of_page(connector: Connector, row: Documentation) -> Entry:
    address = reverse("documentation_version", args=[connector.slug, row.version.number])
    title = _("Documentation of %(label)s published") % {"label": row.version.label}
    text = _("Read it at %(site_url)s%(address)s") % {"site_url": settings.SITE_URL, "address": address}
    return Entry(f"documentation-{row.pk}", "documentation", title, text, row.published_at, row.published_at)


def _notices(connector: Connector) -> list[Entry]:
    rows = Notice.objects.filter(connector=connector).order_by("-announced_at")[:MOST_ENTRIES]
    return [_of_notice(row) for row in rows]


def _of_notice(row: Notice) -> Entry:
    day = f"{row.effective_on:%d %B %Y}".lstrip("0")
    what = _("Retirement") if row.is_retirement else _("Breaking change")
    if row.state == "cancelled":
        title = _("%(what)s announced for %(day)s is called off") % {"what": what, "day": day}
    elif row.state == "completed":
        title = (
            _("Retired") if row.is_retirement else _("Breaking change, in force since %(day)s") % {"day": day}
        )
    else:
        title = (
            _("Retires on %(day)s") % {"day": day}
            if row.is_retirement
            else _("Breaking change on %(day)s") % {"day": day}
        )
    parts = [row.text]
    if row.operations:
        parts.append(_("Operations: %(join)s") % {"join": ", ".join(row.operations[:50])})
    if row.successor:
        parts.append(_("Use instead: %(successor)s") % {"successor": row.successor})
    return Entry(
        f"notice-{row.pk}", row.kind, title, "\n\n".join(parts), row.announced_at, row.state_changed_at,
        is_breaking=row.state != "cancelled", effective_on=row.effective_on,
    )  # fmt: skip


def version_mark(entries: list[Entry]) -> str:
    """Changes whenever the feed does: its entity tag."""
    text = "|".join(f"{entry.key} {entry.updated_at.isoformat()} {entry.title}" for entry in entries)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def latest(entries: list[Entry]) -> dt.datetime:
    return max((entry.updated_at for entry in entries), default=timezone.now())
