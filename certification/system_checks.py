"""Start-up checks of certification's own settings."""

from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage, Error, Tags, register
from django.core.exceptions import ImproperlyConfigured

from certification.services.receipts import signing_key


@register(Tags.security)
def receipt_key_usable(**_: Any) -> list[CheckMessage]:
    try:
        signing_key()
    except ImproperlyConfigured as error:
        return [Error(str(error), id="certification.E001")]
    return []
