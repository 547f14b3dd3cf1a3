"""The world of a fault campaign: regions at the agent, plans of waves, and rollouts that are due.

Every tenth rollout is an update behind gates: calls of its old and new version are on record, and every second of
these versions is worse than the one before.
"""

from __future__ import annotations

import datetime as dt
import os

import django

django.setup()

from certification.models import Decision, PlanWave, Rollout, RolloutPlan, Submission  # noqa: E402
from certification.services import schedule  # noqa: E402
from certification.services.clock import database_now  # noqa: E402
from connectors.latency import BUCKETS  # noqa: E402
from connectors.models import HealthHour, Region  # noqa: E402
from portal.accounts.models import User  # noqa: E402
from tests.factories import ConnectorFactory, MembershipFactory, PublisherFactory  # noqa: E402
from tests.factories.rollouts import add_plan, add_submission  # noqa: E402
from tests.regions.places import TOKEN  # noqa: E402

HOUR = dt.timedelta(hours=1)
BAKE_HOURS = 24
HOURS_BEFORE = 100
GATED_EVERY, BAD_EVERY = 10, 20


class _Cast:
    def __init__(self) -> None:
        self.publisher = PublisherFactory(name="Harbour Office", slug="harbour-office")
        self.operator = User.objects.create_user(
            "operator@portal.example", None, display_name="Operator", staff_role="operator"
        )
        self.reviewer = User.objects.create_user(
            "reviewer@portal.example", None, display_name="Reviewer", staff_role="reviewer"
        )
        owner = User.objects.create_user("owner@harbour.example", None, display_name="Owner")
        MembershipFactory(publisher=self.publisher, user=owner, role="owner")
        self.owner = self.developer = owner


def main() -> None:
    """CAMPAIGN_REGIONS and CAMPAIGN_ROLLOUTS say how many; waves take a third of the regions each."""
    codes = os.environ["CAMPAIGN_REGIONS"].split()
    address = os.environ["AGENT_URL"]
    for code in ("preview-us", *codes):
        Region.objects.create(
            code=code,
            name=code.title(),
            base_url=f"{address}/{code}",
            credentials={"token": TOKEN},
            is_preview=code == "preview-us",
        )
    cast = _Cast()
    third = -(-len(codes) // 3)
    waves = [" ".join(codes[start : start + third]) for start in range(0, len(codes), third)]
    plain = add_plan(cast.operator, *waves)
    gated = add_plan(cast.operator, *waves, name="With bakes", is_default=False)
    PlanWave.objects.filter(plan=gated, before_sign_off=False).update(bake_seconds=BAKE_HOURS * 3600)
    for number in range(int(os.environ["CAMPAIGN_ROLLOUTS"])):
        if number % GATED_EVERY == 1:
            rollout = _schedule_update(cast, gated, number)
            _write_calls(rollout, codes, failing=0.1 if number % BAD_EVERY == 1 else 0.02)
        else:
            connector = ConnectorFactory(publisher=cast.publisher)
            submission = add_submission(cast, state="signed_off", connector=connector, marker=str(number))
            _approve(cast, submission)
            _schedule(cast, submission, plain)


def _approve(cast: _Cast, submission: Submission) -> None:
    """Regions take certified packages only, and a certificate needs somebody's decision."""
    revision = submission.revision
    Decision.objects.create(
        submission=submission, revision=revision, digest=revision.version.digest, verdict="approve",
        reviewer=cast.reviewer,
    )  # fmt: skip


def _schedule(cast: _Cast, submission: object, plan: RolloutPlan) -> Rollout:
    dates = schedule.Dates(schedule.propose_start(plan))
    return schedule.schedule_rollout(submission, plan, dates, actor=cast.operator)  # type: ignore[arg-type]


def _schedule_update(cast: _Cast, plan: RolloutPlan, number: int) -> Rollout:
    first = add_submission(
        cast, state="live", connector=ConnectorFactory(publisher=cast.publisher), marker=f"{number} old"
    )
    first.connector.live_version = first.version
    first.connector.save()
    newer = add_submission(cast, state="signed_off", connector=first.connector, marker=f"{number} new")
    _approve(cast, first)
    _approve(cast, newer)
    return _schedule(cast, newer, plan)


def _write_calls(rollout: Rollout, codes: list[str], *, failing: float) -> None:
    """Calls of the last hours as if every region had the new version and as if none had: gates take theirs."""
    old, new = rollout.previous_version, rollout.version
    assert old is not None
    this_hour = database_now().replace(minute=0, second=0, microsecond=0)
    rows = []
    for code in codes:
        rows += [_hour(rollout, code, old.label, this_hour - n * HOUR, 0.02) for n in range(HOURS_BEFORE)]
        rows += [
            _hour(rollout, code, new.label, this_hour - n * HOUR, failing) for n in range(BAKE_HOURS + 8)
        ]
    HealthHour.objects.bulk_create(rows, batch_size=2_000)


def _hour(rollout: Rollout, code: str, label: str, hour: dt.datetime, failing: float) -> HealthHour:
    calls, latency = 1_000, [0] * BUCKETS
    latency[5], bad = calls, round(calls * failing)
    return HealthHour(
        connector=rollout.connector, region_id=code, version_label=label, operation="GetTides", hour=hour,
        requests=calls, successes=calls - bad, throttled=0, statuses={"200": calls - bad, "500": bad},
        latency=latency, connections=40,
    )  # fmt: skip


if __name__ == "__main__":
    main()
