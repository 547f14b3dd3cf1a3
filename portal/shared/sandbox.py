"""Requests that are played through and undone: what must not leave the process asks here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.db import transaction
from django.utils.translation import gettext as _

from portal.shared.errors import Conflict

# Bytes by digest that were stored while it is played through; None outside.
_kept: ContextVar[dict[str, bytes] | None] = ContextVar("sandbox_bytes", default=None)


def kept() -> dict[str, bytes] | None:
    """Where bytes go instead of the disk; None when everything is real."""
    return _kept.get()


def is_active() -> bool:
    return _kept.get() is not None


@contextmanager
def played_through() -> Iterator[None]:
    """What happens inside is rolled back: rows, jobs and events, and with them mails and calls."""
    token = _kept.set({})
    try:
        with transaction.atomic():
            yield
            transaction.set_rollback(True)
    finally:
        _kept.reset(token)


def refuse_outside() -> None:
    """Raises `Conflict` in a sandbox. Whatever asks somebody outside at once calls this first."""
    if is_active():
        raise Conflict(_("A sandbox asks nobody outside: use an ordinary token."), code="sandbox")
