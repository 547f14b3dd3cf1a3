"""Two schedulers, or a scheduler and the operator who cancels, at one catch-up: real transactions, real threads."""

from __future__ import annotations

import pytest

from certification.models import CatchUp, RegionDeployment, RolloutWave
from certification.services import catch_ups
from certification.services.clock import database_now
from tests.certification.test_rollouts_races import together
from tests.effort import effort
from tests.factories.rollouts import add_regions, live_rollout

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = effort(5, full=60)


def opened(cast, code: str) -> CatchUp:
    (region,) = add_regions(code)
    return CatchUp.objects.create(
        region=region,
        starts_on=database_now().date(),
        per_day=50,
        reason="It opened.",
        opened_by=cast.operator,
    )


def test_two_schedulers_give_each_rollout_one_wave(cast):
    rollouts = [live_rollout(cast) for _ in range(3)]
    for number in range(ROUNDS):
        found = opened(cast, f"late-{number}")
        added = together(catch_ups.advance_due, catch_ups.advance_due, catch_ups.advance_due)
        assert sum(added) == len(rollouts)
        waves = RolloutWave.objects.filter(catch_up=found)
        assert sorted(waves.values_list("rollout", flat=True)) == sorted(row.pk for row in rollouts)
        assert RegionDeployment.objects.filter(region=found.region).count() == len(rollouts)


def test_what_is_cancelled_while_it_is_dated_leaves_nothing_planned(cast):
    live_rollout(cast)
    for number in range(ROUNDS):
        found = opened(cast, f"late-{number}")

        def cancel(found=found):
            fresh = CatchUp.objects.get(pk=found.pk)
            return catch_ups.cancel_catch_up(fresh, reason="Not now.", actor=cast.operator)

        together(catch_ups.advance_due, cancel)
        CatchUp.objects.filter(pk=found.pk, next_step_at__isnull=False).update(next_step_at=database_now())
        while catch_ups.advance_due():
            pass
        found.refresh_from_db()
        assert (found.state, found.next_step_at) == ("cancelled", None)
        assert not found.waves.exclude(state="skipped").exists()
        assert not RegionDeployment.objects.filter(region=found.region, state="pending").exists()
