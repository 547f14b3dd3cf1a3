"""How long a review may take, by the kind of submission."""

from __future__ import annotations

import datetime as dt

from certification.planning.calendar import Calendar

WORKING_DAYS = {"new": 10, "update": 5}
"""Working days from the moment the submission reaches the reviewers. A hotfix is decided the same day."""
CLOSING_TIME = dt.time(18, 0)
LAST_CALL = dt.time(16, 0)
"""A hotfix that comes later than this counts as come on the next working day."""


def review_deadline(kind: str, since: dt.datetime, calendar: Calendar) -> dt.datetime:
    """The UTC instant until which a submission of `kind` ("new", "update", "hotfix"), with the reviewers
    since `since`, has to be decided."""
    local = since.astimezone(calendar.zone)
    if kind in WORKING_DAYS:
        if not calendar.is_business_day(local.date()):
            # What comes on a closed day comes at the beginning of the next open one.
            since = calendar.instant(calendar.next_business_day(local.date()), dt.time.min)
        return calendar.deadline_after(since, WORKING_DAYS[kind])
    day = local.date() if local.time() <= LAST_CALL else local.date() + dt.timedelta(days=1)
    return calendar.instant(calendar.next_business_day(day), CLOSING_TIME)
