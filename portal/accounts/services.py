"""Deeds on accounts: the profile, what to be told, staff roles."""

from __future__ import annotations

from datetime import date

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from portal.accounts.models import NotificationPreference, User, check_time_zone
from portal.shared import audit
from portal.shared.actors import Actor
from portal.shared.errors import InvalidInput, NotPermitted


def update_profile(
    *, display_name: str, time_zone: str, away_until: date | None, language: str = "", actor: User
) -> None:
    """Change one's own name, time zone, language ("": the browser's) and absence."""
    check_time_zone(time_zone)
    actor.display_name = " ".join(display_name.split())[:80]
    actor.time_zone = time_zone
    actor.away_until = away_until
    actor.language = known_language(language)
    actor.save(update_fields=["display_name", "time_zone", "away_until", "language"])


def set_language(language: str, *, actor: User) -> None:
    """The language of `actor`'s pages and mails; "" leaves it to the browser."""
    actor.language = known_language(language)
    actor.save(update_fields=["language"])


def known_language(language: str) -> str:
    """`language`, if the portal speaks it; else InvalidInput."""
    if language and language not in dict(settings.LANGUAGES):
        raise InvalidInput(
            _("The portal does not speak this language."), fields={"language": [_("Choose one of the list.")]}
        )
    return language


def set_preference(*, group: str, delivery: str, actor: User) -> None:
    """How `actor` hears of a group of events."""
    if delivery not in NotificationPreference.Delivery.values:
        raise InvalidInput(_("Choose one of the listed ways."), fields={group: [_("Unknown way.")]})
    NotificationPreference.objects.update_or_create(user=actor, group=group, defaults={"delivery": delivery})


def set_staff_role(person: User, *, role: str, reason: str, actor: Actor) -> None:
    """Make somebody reviewer, operator, administrator, or none of them; effective at their next request."""
    if not (isinstance(actor, User) and actor.is_administrator) and actor.pk is not None:
        raise NotPermitted(_("Only administrators give staff roles."))
    if role not in User.StaffRole.values:
        raise InvalidInput(_("Choose one of the roles."), fields={"role": [_("Unknown role.")]})
    if actor.pk == person.pk:
        raise NotPermitted(_("Another administrator has to change your own role."))
    with transaction.atomic():
        row = User.objects.select_for_update().get(pk=person.pk)
        before, row.staff_role = row.staff_role, role
        row.save(update_fields=["staff_role"])
        audit.record(
            "user.set_staff_role", row, actor=actor, reason=reason, data={"from": before, "to": role}
        )
    person.staff_role = role
