"""The versions a connector's page shows side by side: approved, in Preview, scheduled, live."""

from __future__ import annotations

from typing import Literal

from connectors.models import Connector, Version
from connectors.services import connectors
from portal.shared.actors import Actor

Pointer = Literal["approved_version", "scheduled_version", "preview_version", "live_version"]


def mark_version(connector: Connector, pointer: Pointer, version: Version | None, *, actor: Actor) -> None:
    """Let a pointer of the connector name `version` (or nothing), in the caller's transaction.

    The first live version makes a planned connector active.
    """
    connectors.mark_version(connector, pointer=pointer.removesuffix("_version"), version=version, actor=actor)
