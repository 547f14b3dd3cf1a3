"""Start-up checks of certification's own settings."""

from __future__ import annotations

from typing import Any

from django.conf import settings
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


@register()
def region_programs_are_absolute(**_: Any) -> list[CheckMessage]:
    """Programs of command regions are whole paths: what PATH finds may be anybody's."""
    return [
        Error(
            f"REGION_PROGRAMS names {name!r} as {path!r}, which is not an absolute path.",
            hint="Write name=/absolute/path, comma separated.",
            id="certification.E002",
        )
        for name, path in settings.REGION_PROGRAMS.items()
        if not path.startswith("/")
    ]


@register()
def probes_are_not_a_flood(**_: Any) -> list[CheckMessage]:
    if settings.PROBE_INTERVAL_SECONDS >= 60:
        return []
    return [
        Error(
            "PROBE_INTERVAL_SECONDS is below a minute: every region would be asked all the time.",
            hint="1800 is the default; 60 the least.",
            id="certification.E003",
        )
    ]
