"""The world of a fault campaign: regions at the agent, plans of waves, and rollouts that are due.

Every fifth rollout is an update behind gates, and every second of these versions is worse than the one before. Their
calls come as telemetry from those outside, who read in the folder OUTSIDE what they have to know.
"""

from __future__ import annotations

import datetime as dt
import json
import os
from pathlib import Path
from typing import Any

import django

django.setup()

from certification.models import Decision, PlanWave, Rollout, RolloutPlan, Submission  # noqa: E402
from certification.services import schedule, webhooks  # noqa: E402
from certification.services.clock import database_now  # noqa: E402
from connectors.models import Region  # noqa: E402
from portal.accounts.models import ApiToken, User  # noqa: E402
from portal.accounts.tokens import create_token  # noqa: E402
from portal.shared.secrets import fingerprint  # noqa: E402
from tests.factories import ConnectorFactory, MembershipFactory, PublisherFactory  # noqa: E402
from tests.factories.rollouts import add_plan, add_submission  # noqa: E402
from tests.faults.machines import LATE  # noqa: E402
from tests.regions.places import TOKEN  # noqa: E402

BAKE_HOURS = 24
GATED_EVERY, ILL_EVERY = 5, 10
HOOKS = "https://hooks.harbour.example"
HOOK_EVENTS = ["rollout.*", "gatecheck.*"]


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
    for code in ("preview-us", *codes, LATE):
        Region.objects.create(
            code=code,
            name=code.title(),
            base_url=f"{address}/{code}",
            credentials={"token": TOKEN},
            is_preview=code == "preview-us",
            is_active=code != LATE,
            telemetry_digest=fingerprint(_telemetry_token(code)),
        )
    cast = _Cast()
    outside = Path(os.environ["OUTSIDE"])
    _add_hooks(cast, outside)
    gated_ones: list[dict[str, Any]] = []
    third = -(-len(codes) // 3)
    waves = [" ".join(codes[start : start + third]) for start in range(0, len(codes), third)]
    plain = add_plan(cast.operator, *waves)
    gated = add_plan(cast.operator, *waves, name="With bakes", is_default=False)
    PlanWave.objects.filter(plan=gated, before_sign_off=False).update(bake_seconds=BAKE_HOURS * 3600)
    for number in range(int(os.environ["CAMPAIGN_ROLLOUTS"])):
        if number % GATED_EVERY == 1:
            rollout = _schedule_update(cast, gated, number)
            gated_ones.append(_as_seen_outside(rollout, is_ill=number % ILL_EVERY == 1))
        else:
            connector = ConnectorFactory(publisher=cast.publisher)
            submission = add_submission(cast, state="signed_off", connector=connector, marker=str(number))
            _approve(cast, submission)
            _schedule(cast, submission, plain)
    (outside / "world.json").write_text(json.dumps(_world(cast, codes, gated_ones)))


def _telemetry_token(code: str) -> str:
    return f"telemetry-of-{code}"


def _add_hooks(cast: _Cast, outside: Path) -> None:
    secrets = {}
    for path in ("/shaky", "/dead", "/gone"):
        draft = webhooks.EndpointDraft(url=HOOKS + path, event_types=HOOK_EVENTS)
        secrets[path] = webhooks.create_endpoint(cast.publisher, draft, actor=cast.owner)[1].reveal()
    (outside / "secrets.json").write_text(json.dumps(secrets))


def _world(cast: _Cast, codes: list[str], gated: list[dict[str, Any]]) -> dict[str, Any]:
    """What `callers.World` reads."""
    team = PublisherFactory(name="Pier Works", slug="pier-works")
    programmer = User.objects.create_user("build@pier.example", None, display_name="Build")
    MembershipFactory(publisher=team, user=programmer, role="owner")
    token = create_token(
        owner=programmer, name="Build", scopes=[ApiToken.Scope.CONNECTORS], lifetime=dt.timedelta(days=1),
        publisher_id=team.pk, actor=programmer,
    )[1]  # fmt: skip
    this_hour = database_now().replace(minute=0, second=0, microsecond=0)
    return {
        "token": token.reveal(), "publisher": team.slug, "hour": int(this_hour.timestamp()), "gated": gated,
        "region_tokens": {code: _telemetry_token(code) for code in codes},
    }  # fmt: skip


def _as_seen_outside(rollout: Rollout, *, is_ill: bool) -> dict[str, Any]:
    old, new = rollout.previous_version, rollout.version
    assert old is not None
    return {
        "connector": rollout.connector.slug, "rollout": str(rollout.pk), "old": old.label, "new": new.label,
        "digest": new.digest, "is_ill": is_ill,
    }  # fmt: skip


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


if __name__ == "__main__":
    main()
