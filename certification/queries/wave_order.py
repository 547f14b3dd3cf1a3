"""The waves of a rollout that have not begun, in their order, and the tag by which it is known again."""

from __future__ import annotations

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from certification.lifecycle import DeploymentState, WaveState
from certification.models import OverrideRequest, RegionDeployment, Rollout
from certification.planning.ordering import OpenWave, version_of
from portal.shared import audit
from portal.shared.models import AuditRecord

_STANDING = ("requested", "half_approved", "approved")


def pending_regions(rollout: Rollout) -> QuerySet[RegionDeployment]:
    return rollout.deployments.filter(action="deploy", state=DeploymentState.PENDING)


def open_waves(rollout: Rollout) -> list[OpenWave]:
    """The waves that have not begun, with the regions still to be sent. One that two people let start early,
    or were asked to, is fixed: they agreed to these regions.
    """
    waves = list(rollout.waves.filter(state=WaveState.PLANNED).order_by("number"))
    regions: dict[int | None, list[str]] = {}
    for code, wave_id in pending_regions(rollout).values_list("region_id", "wave_id"):
        regions.setdefault(wave_id, []).append(code)
    asked = OverrideRequest.objects.filter(wave__in=waves, state__in=_STANDING)
    fixed = {*asked.values_list("wave_id", flat=True), *(w.pk for w in waves if w.accelerated_at)}
    return [
        OpenWave(
            wave.number,
            wave.name,
            tuple(sorted(regions.get(wave.pk, ()))),
            wave.is_opt_in,
            _("an exception was asked for it") if wave.pk in fixed else "",
        )
        for wave in waves
    ]


def order_version(rollout: Rollout) -> str:
    """A tag of the order as it is. A deed that rests on it names it, so that nobody decides on an order they
    never saw.
    """
    return version_of(open_waves(rollout))


def last_reorder(rollout: Rollout) -> AuditRecord | None:
    """Who changed the order last, when and why."""
    return audit.history(rollout).filter(action="rollout.reorder").first()
