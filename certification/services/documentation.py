"""Publishing the documentation of versions, and watching that it says what runs.

A page is built outside of any transaction; then the connector is locked, and what is live now decides. So the
job bears being run twice, and being overtaken by a newer rollout or a rollback.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from certification import policies
from certification.models import Documentation, Rollout
from certification.queries import documentation as queries
from connectors.definitions.documentation import Document
from connectors.models import Connector, HealthAlert, Version
from connectors.objectives import Verdict
from connectors.queries.host_watch import live_connectors
from connectors.services.health_alerts import Finding, apply
from portal.shared import audit, outbox
from portal.shared.actors import SYSTEM, Actor
from portal.shared.errors import Conflict, InvalidInput
from portal.shared.policy import require
from portal.shared.storage import StoredBytesDamaged

log = structlog.get_logger(__name__)

AT_ONCE = 40
"""Pages looked at in one tick: the longest unseen first."""
_AGAIN_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class _Deed:
    """Who publishes and why; `is_anew` when the page is written again though there is one."""

    actor: Actor
    reason: str = ""
    is_anew: bool = False


_BY_ITSELF = _Deed(SYSTEM)


def publish_after(rollout_id: str) -> None:
    """A rollout, or its way back, is complete: the connector shows the page of what is live now."""
    settle(Rollout.objects.values_list("connector_id", flat=True).get(pk=rollout_id))


def settle(connector_id: UUID, deed: _Deed = _BY_ITSELF) -> None:
    """Show the page of the live version, publishing it first where that has not happened. Without a live
    version no page is current."""
    connector = Connector.objects.select_related("live_version").get(pk=connector_id)
    version = connector.live_version
    document = None
    if version is not None and (deed.is_anew or not Documentation.objects.filter(version=version).exists()):
        document = queries.document_of(version, queries.intro_of(version))
    with transaction.atomic():
        row = Connector.objects.select_for_update(of=("self",)).get(pk=connector_id)
        if row.live_version_id != connector.live_version_id:
            raise outbox.Retry(_AGAIN_SECONDS)
        if version is None:
            _withdraw(row, deed)
        else:
            _show(row, version, document, deed)


def _pages(connector: Connector) -> QuerySet[Documentation]:
    return Documentation.objects.filter(connector=connector).select_related("version").defer("body")


def _withdraw(connector: Connector, deed: _Deed) -> None:
    page = _pages(connector).filter(is_current=True).first()
    if page is not None:
        Documentation.objects.filter(pk=page.pk).update(is_current=False)
        _record("documentation.withdraw", page, page, deed)


def _show(connector: Connector, version: Version, document: Document | None, deed: _Deed) -> None:
    """With the connector locked: of two jobs the second finds everything done."""
    before = _pages(connector).filter(is_current=True).first()
    page = _pages(connector).filter(version=version).first()
    if document is not None and (page is None or deed.is_anew):
        page = _write(connector, version, document)
    elif page is None or (before is not None and before.pk == page.pk):
        return
    Documentation.objects.filter(connector=connector, is_current=True).exclude(pk=page.pk).update(
        is_current=False
    )
    Documentation.objects.filter(pk=page.pk).update(is_current=True)
    event = "documentation.republish" if deed.is_anew else "documentation.publish"
    _record(event, page, before, deed)


def _write(connector: Connector, version: Version, document: Document) -> Documentation:
    values = {
        "body": document,
        "body_digest": queries.digest_of(document),
        "definition_digest": document["definition"],
        "builder": document["builder"],
        "published_at": timezone.now(),
        "checked_at": None,
    }
    made, _ = Documentation.objects.update_or_create(
        version=version, defaults=values, create_defaults={**values, "connector": connector}
    )
    return made


def _record(event: str, page: Documentation, before: Documentation | None, deed: _Deed) -> None:
    data = {"version": page.version.label, "before": before.version.label if before else ""}
    audit.record(event, page, actor=deed.actor, reason=deed.reason, about=[page.connector], data=data)
    outbox.emit(event, id=str(page.pk))


def republish(connector: Connector, *, reason: str, actor: Actor) -> None:
    """Build the live version's page again and show it, whatever was shown before."""
    require(policies.can_republish_documentation, actor, connector)
    if not reason.strip():
        raise InvalidInput(_("Say why it is published again."), fields={"reason": [_("Say why.")]})
    if connector.live_version_id is None:
        raise Conflict(_("No version is live: there is nothing to publish."))
    try:
        settle(connector.pk, _Deed(actor, reason.strip()[:500], is_anew=True))
    except outbox.Retry:
        raise Conflict(_("Another version has just become live. Reload the page and look again.")) from None
    check(Connector.objects.filter(pk=connector.pk).select_related("live_version"))


def check_pages() -> int:
    """One tick: publish what is live and was never published, compare the rest; returns how many were seen.

    So the first ticks after an upgrade publish the pages of connectors that were live before.
    """
    live = Connector.objects.filter(live_version__isnull=False).exclude(state="retired")
    for connector_id in live.filter(documentation=None).values_list("pk", flat=True)[:AT_ONCE]:
        try:
            settle(connector_id)
        except (OSError, StoredBytesDamaged, outbox.Retry) as error:
            log.warning(
                "documentation_not_published", connector=str(connector_id), error=type(error).__name__
            )
    live = live.select_related("live_version")
    shown = live.filter(documentation__is_current=True).order_by(
        F("documentation__checked_at").asc(nulls_first=True)
    )
    others = live.exclude(pk__in=Documentation.objects.filter(is_current=True).values("connector"))
    return check([*others[:AT_ONCE], *shown[:AT_ONCE]])


def check(connectors: Iterable[Connector]) -> int:
    """Compare live versions, their pages and what regions run; an alert fires or ends by it."""
    findings, now = [], timezone.now()
    for connector in connectors:
        if queries.is_settling(connector, now):
            continue
        page = queries.current_page(connector)
        try:
            problems = queries.drift_of(connector, page)
        except (OSError, StoredBytesDamaged):
            problems = ["The package of the page cannot be read: restore it from the backup."]
        verdict = Verdict.BREACH if problems else Verdict.FINE
        kind = HealthAlert.Kind.DOCUMENTATION
        findings.append(Finding(connector.pk, kind, verdict, timedelta(0), {"problems": problems}))
        if page is not None:
            Documentation.objects.filter(pk=page.pk).update(checked_at=now)
    apply(findings, live=live_connectors(), now=now)
    return len(findings)
