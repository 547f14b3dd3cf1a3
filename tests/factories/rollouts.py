"""Rows that rollouts and Previews start from; everything after that goes through the services."""

from __future__ import annotations

import itertools
import time
from typing import Any

from django.utils import timezone

from certification.data import default_plan as seed
from certification.models import (
    Placement,
    RegionDeployment,
    Revision,
    Rollout,
    RolloutPlan,
    RolloutWave,
    Submission,
)
from certification.planning.coverage import WaveDraft
from certification.services import plans, previews, rollouts, schedule
from certification.services.clock import database_now
from connectors.models import Connector, Region, Version
from portal.accounts.models import User
from portal.shared import storage
from tests.factories import ConnectorFactory, RegionFactory, VersionFactory
from tests.regions.places import TOKEN, AgentProcess, make_package

_references = itertools.count(9000)


def add_regions(*codes: str, agent: AgentProcess | None = None, preview: str = "") -> list[Region]:
    """Active regions, served by `agent` if there is one."""
    return [
        RegionFactory(
            code=code,
            name=code.replace("-", " ").title(),
            base_url=f"{agent.base_url}/{code}" if agent else f"http://127.0.0.1:9/{code}",
            credentials={"token": TOKEN},
            is_preview=code == preview,
        )
        for code in codes
    ]


def add_all_regions() -> None:
    """The regions of the default plan, with nobody behind them."""
    for region in seed.REGIONS:
        RegionFactory(
            code=region.code, name=region.name, geography=region.geography, is_preview=region.is_preview,
            latitude=region.place[0], longitude=region.place[1],
        )  # fmt: skip
    for one, other in seed.PAIRS:
        Region.objects.get(pk=one).paired_with.add(other)


def add_plan(actor: User, *waves: str, preview: str = "preview-us", **changes: object) -> RolloutPlan:
    """A default plan of every day: waves given as "east north", "south"; the Preview region comes first."""
    drafts = [WaveDraft("Preview", (preview,), before_sign_off=True)]
    drafts += [WaveDraft(f"Wave of {codes}", tuple(codes.split())) for codes in waves]
    draft = plans.PlanDraft(
        name=str(changes.pop("name", "Every day")),
        waves=tuple(drafts),
        **{"time_zone": "UTC", "weekend": (), "holiday_countries": (), "is_default": True, **changes},  # type: ignore[arg-type]
    )
    return plans.create_plan(draft, actor=actor)


def add_version(connector: Connector, by: User, marker: str = "one") -> Version:
    """A version whose bytes are in the store."""
    digest = storage.store(make_package(f"{connector.slug} {marker}"))
    number = connector.versions.count() + 1
    return VersionFactory(
        connector=connector, number=number, label=f"1.{number}.0", digest=digest, created_by=by,
        facts={"operations": [{"id": "GetTides", "summary": "Get tides"}]},
    )  # fmt: skip


def add_submission(
    cast, *, state: str = "approved", connector: Connector | None = None, marker: str = "one"
) -> Submission:
    """A submission of the cast's team as the reviewers left it."""
    connector = connector or ConnectorFactory(publisher=cast.publisher)
    version = add_version(connector, cast.developer, marker)
    submission = Submission.objects.create(
        reference=f"S-{next(_references)}",
        connector=connector,
        state="draft",
        version=version,
        created_by=cast.developer,
        submitted_at=timezone.now(),
    )
    submission.revision = Revision.objects.create(
        submission=submission, number=1, version=version, handed_in_by=cast.developer
    )
    submission.state = state
    submission.save()
    return submission


def scheduled_rollout(
    cast, *waves: str, agent: AgentProcess | None = None, due: bool = True, **more
) -> Rollout:
    """A rollout over new regions, one wave per word list; with `due` its waves may start at once."""
    codes = " ".join(waves).split()
    if not Region.objects.filter(pk="preview-us").exists():
        add_regions("preview-us", agent=agent, preview="preview-us")
    missing = [code for code in codes if not Region.objects.filter(pk=code).exists()]
    add_regions(*missing, agent=agent)
    plan = plans.default_plan() or add_plan(cast.operator, *waves)
    submission = more.pop("submission", None) or add_submission(cast, state="signed_off", **more)
    dates = schedule.Dates(schedule.propose_start(plan))
    rollout = schedule.schedule_rollout(submission, plan, dates, actor=cast.operator)
    if due:
        make_due(rollout)
    return rollout


def live_rollout(cast) -> Rollout:
    """A rollout of a connector of its own that ended well, without the regions that would have said so."""
    rollout = scheduled_rollout(cast, "north", connector=ConnectorFactory(publisher=cast.publisher))
    rollout.deployments.update(state="verified")
    rollout.waves.update(state="verified")
    Connector.objects.filter(pk=rollout.connector_id).update(live_version=rollout.version_id)
    ended = {"state": "completed", "started_at": timezone.now(), "finished_at": timezone.now()}
    Rollout.objects.filter(pk=rollout.pk).update(**ended, next_step_at=None)
    return rollout


def make_due(rollout: Rollout) -> None:
    """As if the planned days had come: every wave is due, in the past of the calendar and in order."""
    now = database_now()
    RolloutWave.objects.filter(rollout=rollout, state="planned").update(due_at=now)
    Rollout.objects.filter(pk=rollout.pk).update(next_step_at=now)


def hurry(rollout: Rollout | None = None) -> None:
    """As if the pauses were over: every poll, lease and step is due now."""
    now = database_now()
    RegionDeployment.objects.filter(next_poll_at__isnull=False).update(next_poll_at=now)
    steps = Rollout.objects.filter(next_step_at__isnull=False)
    (steps.filter(pk=rollout.pk) if rollout else steps).update(next_step_at=now)


def run_until(condition, *, seconds: float = 20) -> None:
    """Turn scheduler and pollers, pauses skipped, until the condition holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the rollout did not get there in time"
        hurry()
        rollouts.advance_due()
        rollouts.poll_due()
        time.sleep(0.03)


def misbehave(agent: AgentProcess, code: str, **fault: object) -> None:
    """Let a region of the agent do something wrong from now on."""
    agent.request("PUT", "faults", code=code, json={"faults": [fault]}).raise_for_status()


def behave(agent: AgentProcess, code: str) -> None:
    agent.request("PUT", "faults", code=code, json={"faults": []}).raise_for_status()


def effective(agent: AgentProcess, rollout: Rollout, code: str) -> list[dict[str, Any]]:
    """What the region did with the rollout's connector, oldest first."""
    return [row for row in agent.ledger(code) if row["connector"] == rollout.connector.slug]


def state_of(thing) -> str:
    """The stored state, whatever the object at hand says."""
    thing.refresh_from_db(fields=["state"])
    return str(thing.state)


def states(rollout: Rollout, action: str = "deploy") -> dict[str, str]:
    return dict(rollout.deployments.filter(action=action).values_list("region_id", "state"))


def placement(connector: Connector, code: str) -> Placement:
    return Placement.objects.get(connector=connector, region_id=code)


def deployed_preview(cast, submission: Submission):
    """Start the Preview of a submission and let it deploy."""
    preview = previews.start_preview(str(submission.pk))
    assert preview is not None
    run_until(lambda: state_of(preview) != "deploying")
    return preview
