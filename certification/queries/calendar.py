"""What goes into calendars: freezes, trains and submit-by dates for everybody, and one's own rollouts and
Preview deadlines.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Count, Max, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from certification.lifecycle import GONE_ROLLOUT_STATES
from certification.models import ForecastSnapshot, Freeze, Preview, Rollout, RolloutWave
from certification.queries.calendar_shared import departure_entries, submit_by_entries
from connectors.models import Region
from portal.accounts.models import User
from portal.shared import audit
from portal.shared.ics import Entry
from portal.shared.models import AuditRecord
from portal.shared.words import in_sentence

KEPT = dt.timedelta(days=60)
"""What is over, or was taken back, stays in the feed so long: calendars have to hear of it."""


def public_entries(*, now: dt.datetime | None = None) -> list[Entry]:
    """Freezes and extra days, departures, and the last days to submit. A fixed number of queries."""
    now = now or timezone.now()
    names = dict(Region.objects.values_list("code", "name"))
    return [
        *(_freeze(freeze, names) for freeze in Freeze.objects.filter(ends_at__gt=now - KEPT)),
        *departure_entries(now, kept=KEPT),
        *submit_by_entries(now, kept=KEPT),
    ]


def _freeze(freeze: Freeze, names: dict[str, str]) -> Entry:
    where = ", ".join(names.get(code, code) for code in freeze.regions) or _("every region")
    kind = _("Extra days") if freeze.opens else _("Freeze")
    what = (
        _("Waves may start on closed days in %(where)s.")
        if freeze.opens
        else _("No wave starts in %(where)s.")
    )
    changed = max(freeze.updated_at, freeze.cancelled_at or freeze.created_at)
    return Entry(
        key=f"freeze-{freeze.pk}",
        starts=freeze.starts_at,
        ends=freeze.ends_at,
        summary=f"{kind}: {freeze.name}",
        description=what % {"where": where},
        url=reverse("status"),
        changed_at=changed,
        sequence=max(0, int((changed - freeze.created_at).total_seconds())),
        is_cancelled=freeze.cancelled_at is not None,
        categories=(_("Extra days") if freeze.opens else _("Freeze"),),
    )


def personal_entries(user: User, *, now: dt.datetime | None = None) -> list[Entry]:
    """Everything of `public_entries`, and the waves and Preview deadlines of what the person works on.

    For operators that is every rollout, for others those of their teams. A fixed number of queries.
    """
    now = now or timezone.now()
    visible = Rollout.objects.visible_to(user) if user.is_operator else _of_teams(user)
    # What is long live may still have waves to come: opt-in ones, and those of regions that opened later.
    recent = Q(finished_at=None) | Q(finished_at__gt=now - KEPT) | Q(next_step_at__isnull=False)
    rollouts = visible.filter(recent).values("pk")
    return [
        *public_entries(now=now),
        *_waves(rollouts, ZoneInfo(user.time_zone)),
        *_deadlines(user, now),
    ]


def _of_teams(user: User) -> Any:
    return Rollout.objects.filter(connector__publisher__memberships__user=user)


def _waves(rollouts: Any, zone: ZoneInfo) -> Iterable[Entry]:
    bands = _bands(rollouts)
    revisions = dict(
        ForecastSnapshot.objects.filter(rollout__in=rollouts).values_list("rollout").annotate(Count("pk"))
    )
    found = (
        RolloutWave.objects.filter(rollout__in=rollouts)
        .select_related("rollout__connector", "rollout__version")
        .prefetch_related("deployments__region")
        .annotate(moves=Count("date_changes", distinct=True), moved_at=Max("date_changes__at"))
    )
    for wave in found:
        yield _wave(wave, bands, revisions.get(wave.rollout_id, 0), zone)


def _bands(rollouts: Any) -> dict[tuple[UUID, str], ForecastSnapshot]:
    """(rollout, region) -> its last forecast."""
    rows = ForecastSnapshot.objects.filter(rollout__in=rollouts, region__isnull=False)
    newest = rows.order_by("rollout_id", "region_id", "-at", "-pk").distinct("rollout_id", "region_id")
    return {(row.rollout_id, str(row.region_id)): row for row in newest}


def _wave(
    wave: Any, bands: dict[tuple[UUID, str], ForecastSnapshot], revisions: int, zone: ZoneInfo
) -> Entry:
    """The days in which the wave arrives: what happened, else the forecast, else the planned day."""
    rollout = wave.rollout
    acts = [act for act in wave.deployments.all() if act.action == "deploy"]
    expected = [bands[key] for act in acts if (key := (rollout.pk, act.region_id)) in bands]
    starts = ends = wave.started_at or wave.planned_at
    if wave.finished_at:
        ends = wave.finished_at
    elif expected:
        starts = wave.started_at or min(row.early for row in expected)
        ends = max(starts, *(row.late for row in expected))
    is_gone = rollout.state in GONE_ROLLOUT_STATES
    is_over = wave.state == "skipped" or (is_gone and wave.started_at is None)
    regions = ", ".join(sorted(act.region.name for act in acts)) or _("no region")
    stamps = [wave.state_changed_at, wave.moved_at, rollout.state_changed_at, *(row.at for row in expected)]
    return Entry(
        key=f"wave-{wave.pk}",
        starts=starts.astimezone(zone).date(),
        ends=ends.astimezone(zone).date(),
        summary=_("%(connector)s %(version)s: wave %(number)s, %(wave)s")
        % {
            "connector": rollout.connector.name,
            "version": rollout.version.label,
            "number": wave.number,
            "wave": wave.name,
        },
        description=_("%(words)s Regions: %(regions)s.")
        % {"words": _words(wave, rollout), "regions": regions},
        url=reverse("rollout_detail", args=[rollout.pk]),
        changed_at=max(stamp for stamp in stamps if stamp),
        # Each of these only grows, and every change of the event adds to one of them.
        sequence=wave.moves + revisions + _STEPS[wave.state] + int(is_over),
        is_tentative=wave.state == "planned",
        is_cancelled=is_over,
        categories=(_("Rollout"),),
    )


_STEPS = {"planned": 0, "running": 1, "verified": 2, "skipped": 2}


def _words(wave: Any, rollout: Rollout) -> str:
    if wave.state == "verified":
        return _("Verified live.")
    if rollout.state in ("held", "halted"):
        return _("The rollout is %(lower)s now; this is when it was expected.") % {
            "lower": in_sentence(rollout.get_state_display())
        }
    if wave.state == "running":
        return _("Under way.")
    return _("Expected in these days: half of all arrive by the first, nine of ten by the last.")


def _deadlines(user: User, now: dt.datetime) -> Iterable[Entry]:
    """Until when the person's teams have to answer in Preview."""
    previews = list(
        Preview.objects.filter(
            submission__connector__publisher__memberships__user=user,
            deadline_at__gt=now - KEPT,
        ).select_related("submission__connector", "version", "region")
    )
    keys = {audit.key_of(preview): preview.pk for preview in previews}
    changes = {
        key: (count, at)
        for key, count, at in AuditRecord.objects.filter(about__overlap=list(keys), object_key__in=list(keys))
        .order_by()
        .values_list("object_key")
        .annotate(Count("pk"), Max("at"))
    }
    for preview in previews:
        count, at = changes.get(audit.key_of(preview), (0, preview.state_changed_at))
        assert preview.deadline_at is not None
        name = f"{preview.submission.connector.name} {preview.version.label}"
        yield Entry(
            key=f"preview-{preview.pk}",
            starts=preview.deadline_at,
            ends=preview.deadline_at,
            summary=_("%(name)s: answer in Preview") % {"name": name},
            description=_("Test it in %(region)s, then sign off or refuse. %(reference)s is “%(state)s” now.")
            % {
                "region": preview.region.name,
                "reference": preview.submission.reference,
                "state": in_sentence(preview.get_state_display()),
            },
            url=reverse("preview_detail", args=[preview.pk]),
            changed_at=max(at, preview.state_changed_at),
            sequence=count,
            is_cancelled=preview.state != "testing",
            categories=(_("Preview"),),
        )
