"""Offers to take a deed back: signed, for one person, for ten minutes. `portal.undo` knows what undoes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core import signing
from django.utils.translation import gettext as _

from portal.shared.errors import Conflict, InvalidInput

if TYPE_CHECKING:
    from portal.accounts.models import User

MARK = "undo:"
"""Begins the extra tags of a message that carries an offer."""
_SALT = "portal.undo"
_SECONDS = 600


def offered(deed: str, about: str, *, actor: User) -> str:
    """An offer for the message that tells of the deed; `about` names what it was done to."""
    return MARK + signing.dumps([deed, about, str(actor.pk)], salt=_SALT, compress=True)


def taken(offer: str, *, actor: User) -> tuple[str, str]:
    """Deed and object of an offer. Raises Conflict when it is too old, InvalidInput for one that is none or
    was made to somebody else."""
    strange = InvalidInput(_("There is nothing to undo here."))
    try:
        deed, about, person = signing.loads(offer, salt=_SALT, max_age=_SECONDS)
    except signing.SignatureExpired:
        raise Conflict(_("It is too late to undo this: do the opposite on its page.")) from None
    except (signing.BadSignature, ValueError):
        raise strange from None
    if person != str(actor.pk):
        raise strange
    return deed, about
