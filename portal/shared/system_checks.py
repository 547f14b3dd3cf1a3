"""Start-up checks of our own settings: what is wrong, and what to do."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.core.exceptions import ImproperlyConfigured

from portal.shared.secrets import keyring


@register(Tags.security)
def encryption_keys_usable(**_: Any) -> list[CheckMessage]:
    try:
        keyring()
    except ImproperlyConfigured as error:
        return [Error(str(error), hint="Generate one with `manage.py generate_key`.", id="portal.E001")]
    return []


@register(Tags.security, deploy=True)
def trial_mode_off(**_: Any) -> list[CheckMessage]:
    if not settings.TRIAL_MODE:
        return []
    return [
        Warning(
            "TRIAL_MODE is on: anybody can sign in as anybody.",
            hint="Unset TRIAL_MODE in production.",
            id="portal.W001",
        )
    ]


@register(Tags.security, deploy=True)
def site_url_is_https(**_: Any) -> list[CheckMessage]:
    if settings.SITE_URL.startswith("https://"):
        return []
    return [Warning("SITE_URL is not https.", hint="Links in mails would not be secure.", id="portal.W002")]
