"""The state machine of erasures: forgetting a person."""

from __future__ import annotations

from django.db import models

from portal.shared.transitions import Lifecycle, Move
from portal.shared.words import lazy as _


class ErasureState(models.TextChoices):
    WAITING = "waiting", _("Can still be taken back")
    RUNNING = "running", _("Under way")
    DONE = "done", _("Done")
    WITHDRAWN = "withdrawn", _("Taken back")


ERASURE = Lifecycle(
    noun="erasure",
    states=ErasureState,
    moves={
        "withdraw": Move(("waiting",), "withdrawn", _("Take it back")),
        "start": Move(("waiting",), "running", _("Start the erasure")),
        "finish": Move(("running",), "done", _("Finish the erasure")),
    },
    terminal=frozenset({"done", "withdrawn"}),
)
