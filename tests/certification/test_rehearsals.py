"""A rollback is rehearsed in Preview and proven before the first wave of a rollout."""

from __future__ import annotations

import pytest

from certification.models import Rehearsal
from certification.services import previews, rehearsals, rollouts, schedule
from certification.services.plans import default_plan
from portal.shared.errors import Blocked, NotPermitted
from tests.factories.rollouts import (
    add_plan,
    add_regions,
    add_submission,
    behave,
    deployed_preview,
    hurry,
    make_due,
    misbehave,
    placement,
    run_until,
    state_of,
    states,
)

pytestmark = pytest.mark.django_db
REGIONS = "preview-us,north"


@pytest.fixture
def preview(cast, agent):
    add_regions("preview-us", "north", agent=agent, preview="preview-us")
    add_plan(cast.operator, "north")
    opened = deployed_preview(cast, add_submission(cast))
    previews.sign_off_preview(opened, knows_untested=True, actor=cast.owner)
    yield opened
    behave(agent, "preview-us")


def acts(agent, preview):
    connector = preview.submission.connector.slug
    return [row["action"] for row in agent.ledger("preview-us") if row["connector"] == connector]


def test_the_sign_off_starts_it_and_the_region_goes_back_and_forward(cast, agent, preview, drain_outbox):
    drain_outbox()
    rehearsal = Rehearsal.objects.get(preview=preview)
    run_until(lambda: state_of(rehearsal) != "running")

    assert rehearsal.state == "succeeded"
    assert acts(agent, preview) == ["deploy", "remove", "deploy"]
    back, forward = rehearsal.deployments.order_by("number")
    assert (back.action, forward.action) == ("rollback", "deploy")
    assert back.verified_at <= forward.intended_at
    assert placement(preview.submission.connector, "preview-us").verified_version == preview.version
    assert rehearsals.start_rehearsal(str(preview.pk)) is None


def test_no_wave_starts_before_it_succeeded(cast, agent, preview):
    misbehave(agent, "preview-us", kind="fail-deploys", next_calls=1)
    plan = default_plan()
    rollout = schedule.schedule_rollout(
        preview.submission, plan, schedule.Dates(schedule.propose_start(plan)), actor=cast.operator
    )
    make_due(rollout)
    run_until(lambda: Rehearsal.objects.filter(preview=preview, state="failed").exists())
    for _ in range(3):
        hurry()
        rollouts.advance_due()
    assert states(rollout) == {"north": "pending"}

    with pytest.raises(NotPermitted):
        rehearsals.rehearse_again(preview, reason="It works now.", actor=cast.owner)
    again = rehearsals.rehearse_again(preview, reason="Their disk was full.", actor=cast.operator)
    with pytest.raises(Blocked):
        rehearsals.rehearse_again(preview, reason="Twice.", actor=cast.operator)
    run_until(lambda: state_of(rollout) == "completed")
    assert (again.attempt, state_of(again)) == (2, "succeeded")
