"""Regions as administrators keep them: where they are, how they are called, whether they answer."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from asgiref.sync import async_to_sync
from django.conf import settings
from django.db import IntegrityError, transaction

from certification.models import PlanWaveRegion, RegionDeployment
from certification.regions.addresses import check_base_url
from certification.regions.drivers import DRIVERS, driver_for
from certification.regions.errors import RegionError
from certification.regions.protocol import RegionHealth, Token
from certification.services.clock import database_now
from certification.services.polling import endpoint_of
from connectors.models import Region
from connectors.policies import can_manage_regions
from portal.shared import audit
from portal.shared.actors import Actor
from portal.shared.errors import Blocked, InvalidInput
from portal.shared.policy import require
from portal.shared.secrets import Secret, fingerprint

DRIVER_KINDS = tuple(sorted(DRIVERS))
"""How regions can be reached: what a form offers."""


@dataclass(frozen=True)
class RegionDraft:
    """A region as somebody entered it. `paired_with` are codes."""

    name: str
    base_url: str
    geography: str = ""
    driver: str = "http"
    is_preview: bool = False
    paired_with: tuple[str, ...] = ()


@dataclass(frozen=True)
class Contact:
    """The result of a test call: what the region says about itself, or why it did not answer."""

    health: RegionHealth | None
    problem: str = ""


def check_region(draft: RegionDraft) -> None:
    """Raise `InvalidInput` for a draft that cannot be used."""
    faults: dict[str, list[str]] = {}
    if not draft.name.strip():
        faults["name"] = ["Give the region a name."]
    try:
        check_base_url(draft.base_url, allow_insecure=settings.ALLOW_INSECURE_REGIONS)
    except ValueError as error:
        faults["base_url"] = [str(error)]
    if draft.driver not in DRIVERS:
        faults["driver"] = [f"Choose one of {', '.join(sorted(DRIVERS))}."]
    if faults:
        raise InvalidInput(next(iter(faults.values()))[0], fields=faults)


def _check_token(token: str) -> None:
    try:
        Token(token)
    except ValueError as error:
        raise InvalidInput(str(error), fields={"token": [str(error)]}) from None


def add_region(code: str, draft: RegionDraft, *, token: str, actor: Actor) -> Region:
    """A new region, not active yet: plans have to place it before it takes part in a rollout."""
    require(can_manage_regions, actor, None)
    check_region(draft)
    _check_token(token)
    try:
        with transaction.atomic():
            if Region.objects.filter(pk=code).exists():
                raise InvalidInput("This code is taken.", fields={"code": ["This code is taken."]})
            region = Region.objects.create(code=code, is_active=False, **_columns(draft, token))
            region.paired_with.set(Region.objects.filter(pk__in=draft.paired_with))
            audit.record("region.add", region, actor=actor, data=_facts(draft))
    except IntegrityError as error:
        raise _told(error) from None
    return region


def change_region(region: Region, draft: RegionDraft, *, token: str = "", actor: Actor) -> Region:
    """Change what is known of a region; an empty token keeps the one there is."""
    require(can_manage_regions, actor, region)
    check_region(draft)
    if token:
        _check_token(token)
    columns = _columns(draft, token)
    try:
        with transaction.atomic():
            row = Region.objects.select_for_update().get(pk=region.pk)
            for name, value in columns.items():
                setattr(row, name, value)
            # Whatever was wrong may be mended now: the next call finds out.
            row.breaker_failures, row.breaker_opened_at = 0, None
            row.save()
            row.paired_with.set(Region.objects.filter(pk__in=draft.paired_with))
            facts = {**_facts(draft), "token": "changed" if token else "kept"}
            audit.record("region.change", row, actor=actor, data=facts)
    except IntegrityError as error:
        raise _told(error) from None
    return row


def _told(error: IntegrityError) -> Exception:
    if "region_one_preview" not in str(error):
        return error
    text = "Another active region is the Preview region: change that one first."
    return InvalidInput(text, fields={"is_preview": [text]})


def set_region_active(region: Region, *, is_active: bool, reason: str, actor: Actor) -> Region:
    """Let a region take part, or not. Not while something is under way in it or plans in use name it."""
    require(can_manage_regions, actor, region)
    if not reason.strip():
        raise InvalidInput("Say why.", fields={"reason": ["Say why."]})
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
        rollout__state__in=("rolled_back", "cancelled", "completed")
    )
    if owners.exists():
        blockers.append("Deployments are planned or under way in it.")
    plans = PlanWaveRegion.objects.filter(region=region, plan__is_retired=False)
    blockers += [f"The plan “{place.plan}” names it." for place in plans.select_related("plan")]
    if blockers:
        raise Blocked("The region is in use.", blockers=blockers)


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
        last_answer_at=database_now(), breaker_failures=0, breaker_opened_at=None
    )
    return Contact(health)


async def _ask_health(region: Region) -> RegionHealth:
    async with driver_for(region.driver) as driver:
        return await driver.health(endpoint_of(region))


def _columns(draft: RegionDraft, token: str) -> dict[str, Any]:
    columns: dict[str, Any] = {
        "name": draft.name.strip(),
        "geography": draft.geography.strip(),
        "driver": draft.driver,
        "base_url": draft.base_url,
        "is_preview": draft.is_preview,
    }
    return {**columns, "credentials": {"token": Secret(token)}} if token else columns


def _facts(draft: RegionDraft) -> dict[str, object]:
    pairs: Collection[str] = sorted(draft.paired_with)
    return {"name": draft.name, "base_url": draft.base_url, "driver": draft.driver, "paired_with": pairs}
