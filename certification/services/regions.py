"""Regions as administrators keep them: where they are, how they are called, whether they answer."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from asgiref.sync import async_to_sync
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from certification.lifecycle import UNDER_WAY
from certification.models import PlanWaveRegion, RegionDeployment
from certification.regions.errors import RegionError
from certification.regions.kinds import ADDRESS, KINDS, RegionKind, Setting, Shape, cleaned_settings
from certification.regions.protocol import RegionHealth
from certification.services.clock import database_now
from certification.services.endpoints import DRIVER_KINDS, endpoint_of, open_driver, surroundings
from connectors.models import Region
from connectors.policies import can_manage_regions
from portal.shared import audit
from portal.shared.actors import Actor
from portal.shared.errors import Blocked, InvalidInput
from portal.shared.policy import require
from portal.shared.secrets import Secret, fingerprint

__all__ = ["DRIVER_KINDS", "KINDS", "RegionDraft", "RegionKind", "Setting", "Shape"]


def kinds() -> list[RegionKind]:
    """The ways to reach a region, as somebody chooses among them."""
    return [KINDS[name] for name in DRIVER_KINDS]


def program_choices() -> list[tuple[str, str]]:
    return [(name, name) for name in surroundings().programs]


def shown_settings(region: Region) -> list[tuple[str, object]]:
    """(label, value) of what a reader may know of a region's settings, in the order of its form."""
    found: list[tuple[str, object]] = []
    for setting in KINDS[region.driver].settings:
        if setting.name == ADDRESS or setting.is_secret:
            continue
        value = region.driver_settings.get(setting.name, setting.default)
        if setting.shape is Shape.FLAG:
            value = "yes" if value else "no"
        elif isinstance(value, list):
            value = " ".join(value)
        found.append((setting.label, dict(setting.choices).get(str(value), value)))
    return found


@dataclass(frozen=True)
class RegionDraft:
    """A region as somebody entered it. `place` is latitude and longitude in degrees, `paired_with` are codes;
    `settings` those of the driver's kind, without address and secrets.
    """

    name: str
    base_url: str = ""
    geography: str = ""
    place: tuple[float, float] | None = None
    driver: str = "http"
    settings: Mapping[str, object] = field(default_factory=dict)
    is_preview: bool = False
    paired_with: tuple[str, ...] = ()


@dataclass(frozen=True)
class Contact:
    """The result of a test call: what the region says about itself, or why it did not answer."""

    health: RegionHealth | None
    problem: str = ""


def check_region(
    draft: RegionDraft, secrets: Mapping[str, str], *, kept: frozenset[str] = frozenset()
) -> dict[str, Any]:
    """The columns of a usable draft; raises `InvalidInput` for any other.

    `kept` names the secrets that are stored already: leaving them empty keeps them.
    """
    if draft.driver not in DRIVER_KINDS:
        text = _("Choose one of %(driver_kinds)s.") % {"driver_kinds": ", ".join(DRIVER_KINDS)}
        raise InvalidInput(text, fields={"driver": [text]})
    kind = KINDS[draft.driver]
    given: dict[str, object] = {**draft.settings, **secrets}
    if draft.base_url:
        given[ADDRESS] = draft.base_url
    clean, faults = cleaned_settings(kind, given, surroundings(), kept=kept)
    if not draft.name.strip():
        faults["name"] = [_("Give the region a name.")]
    if draft.place and not (-90 <= draft.place[0] <= 90 and -180 <= draft.place[1] <= 180):
        faults["latitude"] = [
            _("There is no such place: 90 degrees of latitude and 180 of longitude at most.")
        ]
    if faults:
        raise InvalidInput(next(iter(faults.values()))[0], fields=faults)
    latitude, longitude = draft.place or (None, None)
    return {
        "name": draft.name.strip(),
        "latitude": latitude,
        "longitude": longitude,
        "geography": draft.geography.strip(),
        "driver": draft.driver,
        "is_preview": draft.is_preview,
        "base_url": clean.pop(ADDRESS, ""),
        "driver_settings": {name: value for name, value in clean.items() if name not in _names(kind)},
    }


def _names(kind: RegionKind) -> frozenset[str]:
    return frozenset(setting.name for setting in kind.secrets)


def _credentials(
    draft: RegionDraft, secrets: Mapping[str, str], stored: Mapping[str, Secret] | None
) -> dict[str, Secret] | None:
    """The secrets of the kind: those given now, else those there are. What another kind used is forgotten."""
    found = dict(stored or {}) | {
        name: Secret(text.strip()) for name, text in secrets.items() if text.strip()
    }
    return {name: found[name] for name in _names(KINDS[draft.driver]) if name in found} or None


def add_region(code: str, draft: RegionDraft, *, secrets: Mapping[str, str], actor: Actor) -> Region:
    """A new region, not active yet: plans have to place it before it takes part in a rollout."""
    require(can_manage_regions, actor, None)
    columns = check_region(draft, secrets)
    credentials = _credentials(draft, secrets, None)
    try:
        with transaction.atomic():
            if Region.objects.filter(pk=code).exists():
                raise InvalidInput(_("This code is taken."), fields={"code": [_("This code is taken.")]})
            region = Region.objects.create(code=code, is_active=False, credentials=credentials, **columns)
            region.paired_with.set(Region.objects.filter(pk__in=draft.paired_with))
            audit.record("region.add", region, actor=actor, data=_facts(draft))
    except IntegrityError as error:
        raise _told(error) from None
    return region


def change_region(
    region: Region, draft: RegionDraft, *, secrets: Mapping[str, str] | None = None, actor: Actor
) -> Region:
    """Change what is known of a region; secrets that are left empty stay what they are."""
    require(can_manage_regions, actor, region)
    given = secrets or {}
    kept = frozenset(region.credentials or {}) if draft.driver == region.driver else frozenset()
    columns = check_region(draft, given, kept=kept)
    try:
        with transaction.atomic():
            row = Region.objects.select_for_update().get(pk=region.pk)
            if row.driver != draft.driver:
                _check_idle(row)
            before = {name: getattr(row, name) for name in ("name", "base_url", "driver")}
            before["paired_with"] = sorted(row.paired_with.values_list("pk", flat=True))
            for name, value in columns.items():
                setattr(row, name, value)
            row.credentials = _credentials(draft, given, row.credentials if kept else None)
            # Whatever was wrong may be mended now: the next call finds out.
            row.breaker_failures, row.breaker_opened_at = 0, None
            row.save()
            row.paired_with.set(Region.objects.filter(pk__in=draft.paired_with))
            changed = sorted(name for name, text in given.items() if text.strip())
            facts = {**_facts(draft), "secrets_changed": changed, "before": before}
            audit.record("region.change", row, actor=actor, data=facts)
    except IntegrityError as error:
        raise _told(error) from None
    return row


def _check_idle(region: Region) -> None:
    """Another driver would not know the keys of what is under way."""
    if RegionDeployment.objects.filter(region=region, state__in=UNDER_WAY).exists():
        text = _("Deployments are under way in it: wait for their end before reaching it another way.")
        raise InvalidInput(text, fields={"driver": [text]})


def _told(error: IntegrityError) -> Exception:
    if "region_one_preview" not in str(error):
        return error
    text = _("Another active region is the Preview region: change that one first.")
    return InvalidInput(text, fields={"is_preview": [text]})


def set_region_active(region: Region, *, is_active: bool, reason: str, actor: Actor) -> Region:
    """Let a region take part, or not. Not while something is under way in it or plans in use name it."""
    require(can_manage_regions, actor, region)
    if not reason.strip():
        raise InvalidInput(_("Say why."), fields={"reason": [_("Say why.")]})
    try:
        with transaction.atomic():
            row = Region.objects.select_for_update().get(pk=region.pk)
            if not is_active:
                _check_unused(row)
            row.is_active = is_active
            row.save(update_fields=["is_active"])
            audit.record(
                "region.activate" if is_active else "region.deactivate", row, actor=actor, reason=reason
            )
    except IntegrityError as error:
        raise _told(error) from None
    return row


def _check_unused(region: Region) -> None:
    blockers = []
    waiting = ("pending", "intended", "deploying", "unknown", "reported")
    owners = RegionDeployment.objects.filter(region=region, state__in=waiting).exclude(
        rollout__state__in=("rolled_back", "cancelled")
    )
    # A completed one goes on only while opt-in waves are to come.
    owners = owners.exclude(rollout__state="completed", rollout__next_step_at=None)
    if owners.exists():
        blockers.append(_("Deployments are planned or under way in it."))
    plans = PlanWaveRegion.objects.filter(region=region, plan__is_retired=False)
    blockers += [
        _("The plan “%(plan)s” names it.") % {"plan": place.plan} for place in plans.select_related("plan")
    ]
    if blockers:
        raise Blocked(_("The region is in use."), blockers=blockers)


def renew_telemetry_token(region: Region, *, actor: Actor) -> Secret:
    """A new token for the region to push telemetry with: shown once, kept only as its SHA-256."""
    require(can_manage_regions, actor, region)
    token = secrets.token_urlsafe(32)
    with transaction.atomic():
        Region.objects.filter(pk=region.pk).update(telemetry_digest=fingerprint(token))
        audit.record("region.renew_telemetry_token", region, actor=actor)
    return Secret(token)


def contact_region(region: Region, *, actor: Actor) -> Contact:
    """Call the region's health address now. Never raises what the region did: that is the result."""
    require(can_manage_regions, actor, region)
    try:
        health = async_to_sync(_ask_health)(region)
    except RegionError as error:
        return Contact(None, f"{error.message} {error.advice}")
    Region.objects.filter(pk=region.pk).update(
        last_answer_at=database_now(), breaker_failures=0, breaker_opened_at=None,
        capabilities=sorted(health.capabilities),
    )  # fmt: skip
    return Contact(health)


async def _ask_health(region: Region) -> RegionHealth:
    async with open_driver(region.driver) as driver:
        return await driver.health(endpoint_of(region))


def _facts(draft: RegionDraft) -> dict[str, object]:
    pairs: Collection[str] = sorted(draft.paired_with)
    return {
        "name": draft.name, "base_url": draft.base_url, "driver": draft.driver, "paired_with": pairs,
        "place": list(draft.place) if draft.place else None,
        "settings": dict(draft.settings),
    }  # fmt: skip
