"""What follows from events in a fault campaign.

With CAMPAIGN_JOBS=few the forecasts and what follows from each region's arrival (smoke tests, letters) are left out, so
that thousands of steps fit into minutes; what follows from acts on rollouts stays.
"""

from __future__ import annotations

import os

from portal.subscriptions import SUBSCRIPTIONS as ALL

_FEW = {
    event: tuple(one for one in found if not one.handler.endswith("refresh_forecasts"))
    for event, found in ALL.items()
    if not event.startswith(("deployment.", "wave."))
}
SUBSCRIPTIONS = _FEW if os.environ.get("CAMPAIGN_JOBS") == "few" else ALL
