"""Gates between waves: looks during the bake, the verdict before the next wave, the halt when it is bad.

The scheduler asks under the rollout's lock, so a look, the halt that follows from it and an operator's
decision are in one order.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from certification.gating.counts import calls_of
from certification.gating.gate import Decision, Evidence, decide
from certification.gating.thresholds import Thresholds
from certification.gating.verdicts import Check, Verdict, overall
from certification.models import (
    GateCheck,
    PlanWave,
    RegionDeployment,
    Rollout,
    RolloutPlan,
    RolloutWave,
    SmokeRun,
)
from certification.planning.planner import PlanSpec, WaveSpec, baked_at
from certification.policies import can_run_rollout
from certification.queries.plans import calendar_of
from certification.queries.smoke import smoke_verdicts
from certification.services import gate_evidence
from certification.services.clock import database_now, due_from, trial_scale
from certification.services.halts import halt
from portal.shared import audit, outbox
from portal.shared.actors import SYSTEM, Actor
from portal.shared.errors import Blocked, InvalidInput
from portal.shared.policy import require

LOOK_EVERY = dt.timedelta(minutes=10)
_LEAST_PAUSE = dt.timedelta(seconds=5)
PATIENCE = 3
"""A bake that waits for traffic ends after so many times its length: then a person decides."""


@dataclass(frozen=True)
class Standing:
    """Whether the next wave may start, and when to look again; None after a halt."""

    is_open: bool
    look_at: dt.datetime | None


OPEN = Standing(True, None)


def house_thresholds() -> Thresholds:
    """What gates go by where the plan says nothing."""
    return Thresholds.of(settings.GATE_THRESHOLDS)


def thresholds_of(plan: RolloutPlan) -> Thresholds:
    """What gates of rollouts of this revision go by."""
    return Thresholds.of({**settings.GATE_THRESHOLDS, **plan.gate_thresholds})


def bake_of(rollout: Rollout, wave: RolloutWave) -> PlanWave | None:
    """What the plan demands after this wave; None when it demands nothing, and then there is no gate."""
    found = PlanWave.objects.filter(plan_id=rollout.plan_id, number=wave.number).first()
    if found is None or not (found.bake_seconds or found.bake_business_seconds or found.bake_calls):
        return None
    return found


def bake_ends_at(rollout: Rollout, wave: RolloutWave) -> dt.datetime | None:
    """When wall and working time of the bake are over; None before the wave is verified."""
    if wave.finished_at is None:
        return None
    bake = bake_of(rollout, wave)
    if bake is None:
        return wave.finished_at
    spec = WaveSpec(wave.number, wave.name, (), bake.bake_seconds, bake.bake_business_seconds)
    over = baked_at(PlanSpec((spec,), calendar_of(rollout.plan)), spec, wave.finished_at)
    return due_from(over, wave.finished_at)


def stand(rollout: Rollout, wave: RolloutWave, now: dt.datetime) -> Standing:
    """Where the gate after a wave stands. Looks when it is time; a failure halts the rollout."""
    bake = bake_of(rollout, wave)
    if bake is None or wave.state == "skipped":
        return OPEN
    latest = wave.gate_checks.first()
    ends_at = bake_ends_at(rollout, wave)
    is_over = ends_at is not None and ends_at <= now
    if latest is None or _is_time(latest, is_over, now):
        latest = _look(rollout, wave, bake, is_over=is_over, now=now)
    if latest.verdict == GateCheck.Verdict.FAIL:
        return Standing(False, None)
    again = latest.at + _pause()
    if latest.stage == GateCheck.Stage.BAKE:
        return Standing(False, min(again, ends_at) if ends_at and ends_at > now else again)
    return Standing(latest.verdict == GateCheck.Verdict.PASS or _is_let_through(latest, now), again)


def watch(
    rollout: Rollout, wave: RolloutWave, deployed: Iterable[RegionDeployment], now: dt.datetime
) -> bool:
    """Look at a wave of which only some regions have the version yet; True when that halted the rollout."""
    if all(row.state != "verified" for row in deployed):
        return False
    latest = wave.gate_checks.first()
    if latest and latest.at + _pause() > now:
        return False
    bake = bake_of(rollout, wave)
    if bake is None:
        return False
    return _look(rollout, wave, bake, is_over=False, now=now).verdict == GateCheck.Verdict.FAIL


def _is_time(latest: GateCheck, is_over: bool, now: dt.datetime) -> bool:
    if latest.at + _pause() <= now:
        return True
    return is_over and latest.stage == GateCheck.Stage.BAKE and latest.evidence.get("waits_for") == "time"


def _pause() -> dt.timedelta:
    return max(LOOK_EVERY / trial_scale(), _LEAST_PAUSE)


def _is_let_through(check: GateCheck, now: dt.datetime) -> bool:
    """A person decided; or the trial's clock did, which runs faster than users can call."""
    if check.is_let_through:
        return True
    patience = dt.timedelta(seconds=settings.TRIAL_GATE_PATIENCE_SECONDS)
    if trial_scale() == 1 or check.first_at + patience > now:
        return False
    _let_through(
        check, reason="The trial's clock is too fast for users to call: nobody waits here.", actor=SYSTEM
    )
    return True


def _look(
    rollout: Rollout, wave: RolloutWave, bake: PlanWave, *, is_over: bool, now: dt.datetime
) -> GateCheck:
    since = wave.finished_at or wave.started_at or now
    if rollout.released_at and rollout.released_at > since:
        # What was known at the release is no news; figures come by the hour.
        since = rollout.released_at.replace(minute=0, second=0, microsecond=0) + dt.timedelta(hours=1)
    evidence = gate_evidence.gather(rollout, wave, since=since, now=now)
    limits = thresholds_of(rollout.plan)
    decision = decide(evidence, limits)
    calls = calls_of(evidence.treated)
    waits_for = "" if is_over else "time"
    # A fast clock leaves users no time: it asks for as many calls less.
    if is_over and calls < int(bake.bake_calls / trial_scale()):
        waits_for, decision = _wait_for_traffic(rollout, wave, bake, calls, decision, now)
    stage = GateCheck.Stage.BAKE if waits_for else GateCheck.Stage.GATE
    check = _keep(rollout, wave, stage, decision, evidence, limits, waits_for, now)
    if decision.verdict == Verdict.FAIL:
        reason = f"The gate after wave {wave.number} failed. {decision.sentence}"
        halt(rollout, reason=reason, actor=SYSTEM, data={"gate": str(check.pk), "wave": wave.number})
    return check


def _wait_for_traffic(
    rollout: Rollout, wave: RolloutWave, bake: PlanWave, calls: int, decision: Decision, now: dt.datetime
) -> tuple[str, Decision]:
    """The bake goes on while calls are missing, but not for ever."""
    assert wave.finished_at is not None
    ends_at = bake_ends_at(rollout, wave) or now
    if now < wave.finished_at + PATIENCE * max(ends_at - wave.finished_at, _pause()):
        return "calls", decision
    missing = Check(
        "traffic", "Traffic", Verdict.INCONCLUSIVE,
        f"The wave has had {calls:,} of the {bake.bake_calls:,} calls it bakes for, in {PATIENCE} "
        "times the time.",
        {"treated_calls": calls, "needed_calls": bake.bake_calls},
    )  # fmt: skip
    checks = [*decision.checks, missing]
    return "", Decision(overall(checks), checks)


def _keep(
    rollout: Rollout, wave: RolloutWave, stage: str, decision: Decision, evidence: Evidence,
    limits: Thresholds, waits_for: str, now: dt.datetime,
) -> GateCheck:  # fmt: skip
    """The latest row again when nothing changed but the figures, else a new one with its trace and mail."""
    told = {
        **decision.as_dict(),
        "waits_for": waits_for,
        "regions": sorted(evidence.regions),
        "names": evidence.names,
    }
    latest = wave.gate_checks.first()
    if latest and (latest.stage, latest.verdict) == (stage, str(decision.verdict)):
        latest.evidence, latest.summary, latest.at = told, decision.sentence, now
        latest.thresholds, latest.looks = limits.as_dict(), latest.looks + 1
        latest.save(update_fields=["evidence", "summary", "at", "thresholds", "looks"])
        return latest
    check = GateCheck.objects.create(
        rollout=rollout, wave=wave, stage=stage, verdict=str(decision.verdict), summary=decision.sentence,
        evidence=told, thresholds=limits.as_dict(), first_at=now, at=now,
    )  # fmt: skip
    if stage == GateCheck.Stage.GATE or decision.verdict == Verdict.FAIL:
        event = {"pass": "gatecheck.pass", "fail": "gatecheck.fail"}.get(check.verdict, "gatecheck.wait")
        audit.record(
            event, check, actor=SYSTEM, reason=decision.sentence,
            about=[rollout, rollout.submission, rollout.connector], data={"wave": wave.number},
        )  # fmt: skip
        if event == "gatecheck.wait":
            outbox.emit(event, id=str(check.pk))
    return check


def let_through(check: GateCheck, *, reason: str, actor: Actor) -> GateCheck:
    """An operator takes responsibility for a gate that could not tell; the next wave may start."""
    require(can_run_rollout, actor, check.rollout)
    if not reason.strip():
        text = _("Say what makes you sure enough: the team and the next operator read it.")
        raise InvalidInput(text, fields={"reason": [text]})
    with transaction.atomic():
        rollout = Rollout.objects.select_for_update(of=("self",)).get(pk=check.rollout_id)
        row = GateCheck.objects.select_for_update(of=("self",)).select_related("wave").get(pk=check.pk)
        latest = row.wave.gate_checks.first()
        if rollout.state not in ("running", "held") or latest is None or latest.pk != row.pk:
            raise Blocked(_("The gate has looked again meanwhile: open it and decide on what it says now."))
        if row.is_let_through or not needs_a_person(row):
            raise Blocked(_("This gate does not wait for a person."))
        _let_through(row, reason=reason.strip(), actor=actor)
        Rollout.objects.filter(pk=rollout.pk, state="running").update(next_step_at=database_now())
    check.is_let_through = True
    return row


def needs_a_person(check: GateCheck) -> bool:
    return (
        check.stage == GateCheck.Stage.GATE
        and check.verdict == GateCheck.Verdict.INCONCLUSIVE
        and not check.is_let_through
    )


def _let_through(check: GateCheck, *, reason: str, actor: Actor) -> None:
    check.is_let_through, check.reason = True, reason
    check.decided_by_id, check.decided_at = actor.pk, database_now()
    check.save(update_fields=["is_let_through", "reason", "decided_by", "decided_at"])
    rollout = check.rollout
    audit.record(
        "gatecheck.let_through", check, actor=actor, reason=reason,
        about=[rollout, rollout.submission, rollout.connector], data={"wave": check.wave.number},
    )  # fmt: skip
    outbox.emit("gatecheck.let_through", id=str(check.pk))


def _region_names(rollout: Rollout) -> dict[str, str]:
    return dict(rollout.deployments.values_list("region_id", "region__name"))


def alarm(rollout: Rollout, deployed: Iterable[RegionDeployment], now: dt.datetime) -> str:
    """What stops the rollout at any moment, bake or not: a digest that disagrees, smoke tests that fail."""
    rows = [row for row in deployed if row.state not in ("pending", "skipped", "cancelled")]
    disagreeing = gate_evidence.disagreeing(rollout, rows, now=now)
    if disagreeing:
        names = _region_names(rollout)
        named = ", ".join(names[code] for code in disagreeing)
        return f"A probe finds another package than the region reports: {named}."
    failed = SmokeRun.objects.filter(deployment__in=rows, outcome="failed")
    if rollout.released_at:
        failed = failed.filter(at__gt=rollout.released_at)
    suspects = set(failed.values_list("deployment_id", flat=True))
    if not suspects:
        return ""
    verdicts = smoke_verdicts(suspects)
    broken = [row for row in rows if row.pk in suspects and verdicts[row.pk].outcome == "failed"]
    names = _region_names(rollout)
    told = "; ".join(f"{names[row.region_id]}: {verdicts[row.pk].message or 'failed'}" for row in broken)
    return f"Smoke tests failed twice in a row. {told}" if broken else ""
