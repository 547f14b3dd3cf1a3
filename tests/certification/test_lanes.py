"""Before a rollout exists its lane comes from what changed, wherever a date or a time depends on it."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import transaction
from django.utils import timezone

from certification.models import Freeze, Lane, RegionDeployment, TimeLedger
from certification.planning.inputs import Duration
from certification.queries.durations import durations_by_region, region_durations
from certification.queries.lanes import lane_of
from certification.queries.submit_by import next_for
from certification.rules.examples import Case, examples
from certification.services import forecasts, ledger, submissions
from connectors.services.connectors import mark_version
from portal.shared.actors import SYSTEM
from tests.factories import ConnectorFactory
from tests.factories.rollouts import add_plan, add_regions, scheduled_rollout
from tests.factories.submissions import ready_draft, uploaded_version

pytestmark = pytest.mark.django_db
BREAKING = examples()["UPD-020"].bad[0]
WORDS = Case(set={"/info/description": "Tells the times of the tides and the level of the water."})
DAY = dt.timedelta(days=1)


def update(cast, case: Case):
    """The draft of an update of a live connector by this case."""
    connector = ConnectorFactory(publisher=cast.owner.publishers.first())
    version = uploaded_version(connector, cast.owner, case.before or Case())
    with transaction.atomic():
        mark_version(connector, pointer="live", version=version, actor=SYSTEM)
    connector.refresh_from_db()
    return ready_draft(cast.owner, connector, case=case, kind="update")


@pytest.mark.parametrize(("case", "lane"), [(BREAKING, Lane.BREAKING), (WORDS, Lane.METADATA)])
def test_dates_and_times_go_by_what_changed(cast, case, lane):
    add_regions("preview-us", preview="preview-us")
    add_regions("north", "south")
    add_plan(cast.operator, "north", "south")
    add_plan(cast.operator, "north south", name="Own", lane=lane)
    starts_at = timezone.now() + 60 * DAY
    Freeze.objects.create(
        name="Year-end", reason="Nobody is there.", starts_at=starts_at, ends_at=starts_at + 5 * DAY,
        created_by=cast.operator,
    )  # fmt: skip
    submission = update(cast, case)
    assert lane_of(submission) == lane
    assert [each.lane for each in next_for(submission)[0].lanes] == [lane]
    assert len(forecasts.bands_of_submission(submission)) == 1, "one wave, as the plan of its own lane has"
    submissions.submit(submission, actor=cast.owner)
    assert ledger.write_due() == 1
    assert TimeLedger.objects.get().lane == lane


def test_without_a_predecessor_the_kind_decides(cast):
    assert lane_of(ready_draft(cast.owner)) == Lane.NEW
    submission = update(cast, WORDS)
    submission.version = submission.connector.live_version
    assert lane_of(submission) == Lane.ADDITIVE, "a version says nothing when compared with itself"


def test_bands_and_forecasts_share_the_durations_of_regions(cast):
    rollout = scheduled_rollout(cast, "north", due=False)
    now = timezone.now()
    wave = rollout.waves.get()
    wave.started_at = now - 10 * DAY
    wave.save()
    act = RegionDeployment.objects.get(rollout=rollout)
    for minutes in (10, 20, 30, 40, 50):
        act.pk, act.state, act.attempt = None, "verified", act.attempt + 1
        act.idempotency_key = f"{minutes}"
        act.verified_at = wave.started_at + dt.timedelta(minutes=minutes)
        act.save()
    found = region_durations()["north"]
    assert (found.samples, found.is_measured) == (5, True)
    assert durations_by_region() == {"north": Duration(30 * 60.0, 46 * 60.0)}
