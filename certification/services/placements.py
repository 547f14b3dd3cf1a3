"""What a region is known to hold, against what a look at it finds: the alarm and its end."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import models

from certification.models import Placement
from certification.services.clock import database_now
from portal.shared import audit, outbox
from portal.shared.actors import SYSTEM


def disagree(placement: Placement, reason: str, *, about: Iterable[models.Model]) -> None:
    """Reported and probed are not the same: raise the alarm, once while it lasts. The caller saves."""
    if placement.disagrees_since is not None:
        return
    placement.disagrees_since = database_now()
    audit.record(
        "placement.disagree", placement, actor=SYSTEM, reason=reason, about=about, data=_where(placement)
    )
    outbox.emit("placement.disagree", id=str(placement.pk))


def agree(placement: Placement, *, about: Iterable[models.Model]) -> None:
    """A look found what was reported: end the alarm, if there was one. The caller saves."""
    if placement.disagrees_since is None:
        return
    placement.disagrees_since = None
    audit.record("placement.agree", placement, actor=SYSTEM, about=about, data=_where(placement))
    outbox.emit("placement.agree", id=str(placement.pk))


def _where(placement: Placement) -> dict[str, object]:
    return {"region": placement.region.name, "code": placement.region_id}
