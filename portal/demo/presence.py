"""Whether the demo world was made."""

from __future__ import annotations

from portal.accounts.models import User
from portal.demo import people


def is_there() -> bool:
    """All of it appears at once, minutes after a portal answers first."""
    return User.objects.filter(email=people.OLIVIA.address).exists()
