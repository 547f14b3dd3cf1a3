"""The question comes first: services ask a policy before they do anything."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext as _

from portal.shared.actors import SYSTEM, Actor
from portal.shared.errors import NotPermitted


def require(can: Callable[[Any, Any], bool], actor: Actor, obj: Any, *, otherwise: str = "") -> None:
    """Raise `NotPermitted` unless `can(actor, obj)`. The portal itself is trusted: our tasks call for it."""
    if actor is SYSTEM or can(actor, obj):
        return
    deed = can.__name__.removeprefix("can_").replace("_", " ")
    raise NotPermitted(
        otherwise or _("Your role does not allow this (%(deed)s). Ask an owner of the team.") % {"deed": deed}
    )
