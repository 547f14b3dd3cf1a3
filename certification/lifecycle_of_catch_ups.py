"""The state machine of catch-ups; `certification.lifecycle` has it with the others."""

from __future__ import annotations

from django.db import models

from portal.shared.transitions import Lifecycle, Move
from portal.shared.words import lazy as _


class CatchUpState(models.TextChoices):
    RUNNING = "running", _("Running")
    HELD = "held", _("Held")
    COMPLETED = "completed", _("Completed")
    CANCELLED = "cancelled", _("Cancelled")


CATCH_UP = Lifecycle(
    noun="catchup",
    states=CatchUpState,
    moves={
        # By a person, or by the portal when several connectors fail in the region.
        "hold": Move(("running",), "held", _("Hold")),
        "resume": Move(("held",), "running", _("Resume")),
        "complete": Move(("running",), "completed", _("Complete")),
        "cancel": Move(("running", "held"), "cancelled", _("Cancel")),
    },
    terminal=frozenset({"completed", "cancelled"}),
)
