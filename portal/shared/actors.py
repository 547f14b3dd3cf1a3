"""Who does something: a person, or the portal itself. Never nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Union

if TYPE_CHECKING:
    from portal.accounts.models import User


class System:
    """The portal acting by itself: a worker, a timetable, a region's answer."""

    pk = None
    is_authenticated = False
    is_active = True
    staff_role = ""
    display_name = "Portal"
    email = ""

    def __str__(self) -> str:
        return self.display_name

    def __repr__(self) -> str:
        return "SYSTEM"


SYSTEM = System()

Actor = Union["User", System]
