"""An order that somebody decides on has to be the one they saw."""

from __future__ import annotations

from django.utils.translation import gettext as _

from certification.models import Rollout
from certification.queries.wave_order import order_version
from portal.shared.errors import Conflict


class OrderChanged(Conflict):
    """Somebody else changed the order, or a wave began, after it was looked at."""

    code = "order-changed"


def refuse_unseen(rollout: Rollout, seen: str) -> None:
    """Raise `OrderChanged` where the order is not the one that was seen. Asked under the rollout's lock."""
    if seen != order_version(rollout):
        raise OrderChanged(
            _("The order of the waves changed after you looked at it: look again, then decide.")
        )
