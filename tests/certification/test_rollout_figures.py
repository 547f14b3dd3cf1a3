"""How rollouts went: figures from what was recorded, on the operators' page and in /metrics."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone

from certification import tasks
from certification.models import Rollout, RolloutWave, Submission, TimeLedger, TimeStretch
from certification.queries.rollout_figures import FIGURES_KEY, kept_figures, rollout_figures
from portal.shared import audit
from portal.shared.actors import SYSTEM
from portal.shared.models import AuditRecord
from tests.factories.rollouts import scheduled_rollout

pytestmark = pytest.mark.django_db
HOUR = 3600.0


def ago(**span):
    return timezone.now() - dt.timedelta(**span)


@pytest.fixture
def rollout(cast):
    return scheduled_rollout(cast, "north south", "east", due=False)


@pytest.fixture
def no_figures():
    cache.delete(FIGURES_KEY)
    yield
    cache.delete(FIGURES_KEY)


def complete(rollout, *, handed_in, completed):
    Submission.objects.filter(pk=rollout.submission_id).update(submitted_at=handed_in)
    Rollout.objects.filter(pk=rollout.pk).update(state="completed", finished_at=completed)


def held(rollout, holder, state, *, seconds, ended):
    ledger, _made = TimeLedger.objects.get_or_create(
        submission=rollout.submission, defaults={"lane": "additive", "closed_until": ended}
    )
    TimeStretch.objects.create(
        ledger=ledger, step="rollout", state=state, holder=holder, seconds=seconds,
        starts_at=ended - dt.timedelta(seconds=seconds), ends_at=ended,
    )  # fmt: skip


def test_lead_time_counts_from_handing_in_to_the_last_public_region(rollout):
    now = timezone.now()
    complete(rollout, handed_in=now - dt.timedelta(days=9), completed=now - dt.timedelta(days=1))
    (lead,) = rollout_figures().lead
    assert (lead.lane, lead.samples, lead.p50_seconds) == (rollout.plan.lane, 1, 8 * 24 * HOUR)
    Rollout.objects.filter(pk=rollout.pk).update(finished_at=ago(days=91))
    assert rollout_figures().lead == ()


def test_a_wave_counts_when_it_is_verified(rollout):
    now, hours = timezone.now(), {2: 1, 3: 3}
    for number, took in hours.items():
        RolloutWave.objects.filter(rollout=rollout, number=number).update(
            state="verified", started_at=now - dt.timedelta(hours=took), finished_at=now
        )
    (waves,) = rollout_figures().waves
    assert (waves.samples, waves.p50_seconds) == (2, 2 * HOUR)
    assert waves.p90_seconds == pytest.approx(2.8 * HOUR)
    RolloutWave.objects.filter(rollout=rollout, number=3).update(state="skipped")
    assert rollout_figures().waves[0].samples == 1


def test_time_held_goes_by_its_cause_not_by_the_state_it_fell_in(rollout):
    now = timezone.now()
    held(rollout, "incident", "held", seconds=2 * HOUR, ended=now)
    held(rollout, "operator", "held", seconds=HOUR, ended=now)
    held(rollout, "operator", "held", seconds=HOUR / 2, ended=now)
    held(rollout, "operator", "halted", seconds=5 * HOUR, ended=now)
    held(rollout, "freeze", "rolling_out", seconds=7 * HOUR, ended=now)
    held(rollout, "machine", "rolling_out", seconds=90 * HOUR, ended=now)
    held(rollout, "operator", "held", seconds=HOUR, ended=now - dt.timedelta(days=91))
    assert [(one.cause, one.times, one.seconds) for one in rollout_figures().held] == [
        ("freeze", 1, 7 * HOUR),
        ("halted", 1, 5 * HOUR),
        ("incident", 1, 2 * HOUR),
        ("held", 2, 1.5 * HOUR),
    ]


def test_halts_say_who_and_a_rollback_lasts_until_its_last_region(cast, rollout):
    for actor in (SYSTEM, SYSTEM, cast.owner):
        audit.record("rollout.halt", rollout, actor=actor)
    audit.record("rollout.start_rollback", rollout, actor=cast.operator)
    assert rollout_figures().rollbacks == ()
    audit.record("rollout.start_rollback", rollout, actor=cast.operator)
    audit.record("rollout.complete_rollback", rollout, actor=SYSTEM)
    deeds = AuditRecord.objects.filter(action__contains="rollback").order_by("id")
    first, *_between, last = deeds.values_list("at", flat=True)
    figures = rollout_figures()
    assert (figures.halts_by_portal, figures.halts_by_people, figures.halts) == (2, 1, 3)
    (rollback,) = figures.rollbacks
    assert (rollback.lane, rollback.samples) == ("", 1)
    assert rollback.p50_seconds == pytest.approx((last - first).total_seconds())


def test_a_tick_keeps_them_for_metrics_and_without_it_nothing_is_told(client, settings, rollout, no_figures):
    settings.METRICS_TOKEN = "a-token-for-this-test"

    def told():
        answer = client.get("/metrics", headers={"Authorization": "Bearer a-token-for-this-test"})
        return answer.content.decode()

    assert "portal_halts{" not in told()
    assert kept_figures() is None
    now = timezone.now()
    complete(rollout, handed_in=now - dt.timedelta(days=9), completed=now - dt.timedelta(days=1))
    held(rollout, "freeze", "rolling_out", seconds=7 * HOUR, ended=now)
    audit.record("rollout.halt", rollout, actor=SYSTEM)
    tasks.keep_rollout_figures()
    page = told()
    assert f'portal_lead_time_seconds{{lane="{rollout.plan.lane}",quantile="0.5"}} 691200.0' in page
    assert 'portal_held_seconds{cause="freeze"} 25200.0' in page
    assert 'portal_halts{by="portal"} 1.0' in page
    assert 'portal_halts{by="person"} 0.0' in page


def test_operators_read_them_on_the_page_of_forecasts(cast, rollout, sign_in):
    address = reverse("forecast_accuracy")
    assert "No rollout has ended yet" in sign_in(cast.operator).get(address).content.decode()
    now = timezone.now()
    complete(rollout, handed_in=now - dt.timedelta(days=9), completed=now - dt.timedelta(days=1))
    held(rollout, "incident", "held", seconds=2 * HOUR, ended=now)
    page = sign_in(cast.operator).get(address).content.decode()
    assert "From handing in to every public region" in page
    assert "An incident" in page
    assert "0 times by the portal, 0 times by a person" in page
