"""Who of the demo world is there to enter as."""

from __future__ import annotations

from portal.accounts.models import User
from portal.demo import people

ENTERED_AS = {
    "owner": people.OLIVIA,
    "reviewer": people.RANA,
    "operator": people.OSKAR,
    "administrator": people.ADA,
}
"""Role -> who plays it."""


def addresses() -> set[str]:
    """Those of `ENTERED_AS` who have an account; people of a trial may be erased like all others."""
    wanted = [person.address for person in ENTERED_AS.values()]
    return set(User.objects.filter(email__in=wanted).values_list("email", flat=True))


def is_there() -> bool:
    """Whether the demo world was made: all of it appears at once, minutes after a portal answers first."""
    return bool(addresses())
