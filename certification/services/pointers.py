"""The versions a connector's page shows side by side: approved, in Preview, scheduled, live."""

from __future__ import annotations

from typing import Literal

from django.db import connection
from django.utils import timezone

from connectors.models import Connector, Version
from portal.shared import audit
from portal.shared.actors import Actor

Pointer = Literal["approved_version", "scheduled_version", "preview_version", "live_version"]


def mark_version(
    connector: Connector, pointer: Pointer, version: Version | None, *, actor: Actor
) -> None:
    """Let a pointer of the connector name `version` (or nothing), in the caller's transaction."""
    if not connection.in_atomic_block:
        raise RuntimeError(f"{pointer}: a pointer moves inside the transaction of the deed")
    row = Connector.objects.select_for_update(of=("self",)).get(pk=connector.pk)
    if getattr(row, f"{pointer}_id") == (version.pk if version else None):
        return
    setattr(row, pointer, version)
    row.marked_at = {**row.marked_at, pointer: timezone.now().isoformat() if version else None}
    row.save(update_fields=[pointer, "marked_at"])
    setattr(connector, pointer, version)
    audit.record(
        "connector.mark_version",
        row,
        actor=actor,
        data={"pointer": pointer.removesuffix("_version"), "version": version.label if version else None},
    )
