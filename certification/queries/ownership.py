"""Reads of imports, claims and transfers."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, F, Q, QuerySet

from certification.lifecycle import ACTIVE_ROLLOUT_STATES, OPEN_STATES
from certification.models import ConnectorTransfer, ImportedConnector, OwnershipClaim, Rollout, Submission
from certification.queries.workbench import package_of
from connectors.definitions import openapi
from connectors.models import Connector
from connectors.runtime.hosts import txt_name, txt_value
from portal.shared.storage import StoredBytesDamaged

FILE_NAME = "connector-portal.txt"
MOST_FOUND = 20


def imports() -> QuerySet[ImportedConnector]:
    """All of them for operators, those without an owner first."""
    related = ("connector__live_version", "connector__publisher", "imported_by")
    return (
        ImportedConnector.objects.select_related(*related)
        .annotate(open_claims=Count("claims", filter=Q(claims__state="open")))
        .order_by(F("claimed_at").asc(nulls_first=True), "-created_at")
    )


def unclaimed() -> QuerySet[ImportedConnector]:
    """Those that a team may claim."""
    return ImportedConnector.objects.filter(claimed_at=None).select_related("connector__live_version")


def claimable(text: str) -> list[ImportedConnector]:
    """Connectors without an owner whose name or publisher holds the words: what somebody who looks for their
    own would type. Nothing for less than three characters: it is no catalogue."""
    words = text.strip()
    if len(words) < 3:
        return []
    fits = Q(connector__name__icontains=words) | Q(publisher_name__icontains=words)
    return list(unclaimed().filter(fits).order_by("connector__name")[:MOST_FOUND])


def claims(user: Any) -> QuerySet[OwnershipClaim]:
    """Those the reader may see, the open ones first."""
    return (
        OwnershipClaim.objects.visible_to(user)
        .select_related("imported__connector__live_version", "publisher", "claimed_by")
        .order_by("-state_changed_at")
    )


def competitors(claim: OwnershipClaim) -> int:
    """How many other teams claim the same connector now."""
    return (
        OwnershipClaim.objects.filter(imported=claim.imported_id, state="open").exclude(pk=claim.pk).count()
    )


def transfers(user: Any) -> QuerySet[ConnectorTransfer]:
    return (
        ConnectorTransfer.objects.visible_to(user)
        .select_related("connector", "from_publisher", "to_publisher", "offered_by", "answered_by")
        .order_by("-created_at")
    )


def proof_hosts(connector: Connector) -> list[str]:
    """The live host and the domains above it, down to two labels: whoever rules one of them rules the
    host."""
    version = connector.live_version
    host = str(version.facts.get("host") or "") if version else ""
    labels = host.partition(":")[0].strip(".").lower().split(".")
    if len(labels) < 2 or labels[-1].isdigit():
        return []
    return [".".join(labels[start:]) for start in range(len(labels) - 1)][:5]


def records_of(claim: OwnershipClaim) -> list[tuple[str, str]]:
    """(name, value) of the TXT records that would each prove the claim."""
    return [(txt_name(host), txt_value(claim.token)) for host in proof_hosts(claim.connector)]


def file_addresses(imported: ImportedConnector) -> list[tuple[OwnershipClaim.Proof, str]]:
    """Where a file with the line would prove a claim."""
    hosts = proof_hosts(imported.connector)[:1]
    found = [(OwnershipClaim.Proof.FILE, f"https://{host}/.well-known/{FILE_NAME}") for host in hosts]
    if imported.repository:
        address = f"{imported.repository.rstrip('/')}/{FILE_NAME}"
        found.append((OwnershipClaim.Proof.REPOSITORY, address))
    return found


def contact_of(connector: Connector) -> str:
    """The e-mail address that the live definition gives its users; empty without one."""
    if connector.live_version is None:
        return ""
    try:
        package = package_of(connector.live_version)
    except (OSError, StoredBytesDamaged):
        return ""
    value = package.definition.value if package.definition else None
    address = openapi.text(value, "info", "contact", "email") if isinstance(value, dict) else ""
    return address if "@" in address and len(address) <= 254 and "\n" not in address else ""


def hidden_address(address: str) -> str:
    """An address as somebody sees it who must not learn it: "s…@example.com"."""
    name, _at, domain = address.rpartition("@")
    return f"{name[:1]}…@{domain}" if address else ""


def under_way(connector: Connector) -> list[str]:
    """What of the connector is not finished: references of submissions, and rollouts."""
    open_ones = Submission.objects.filter(connector=connector, state__in=sorted(OPEN_STATES))
    found = list(open_ones.order_by("created_at").values_list("reference", flat=True))
    moving = Rollout.objects.filter(connector=connector, state__in=[*sorted(ACTIVE_ROLLOUT_STATES), "queued"])
    known = set(found)
    return found + [
        reference
        for reference in moving.values_list("submission__reference", flat=True)
        if reference not in known
    ]


def transfer_of(connector: Connector) -> ConnectorTransfer | None:
    """The offer that waits for an answer."""
    found = ConnectorTransfer.objects.filter(connector=connector, state="offered")
    return found.select_related("to_publisher").first()
