"""How this portal treats a rule: propose, agree where security gets weaker, take back, begin in time."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from certification.models import RuleTreatment
from certification.policies import can_decide_treatment, can_manage_treatments, can_withdraw_treatment
from certification.queries import treatments as queries
from certification.queries.validation import change_kind
from certification.rules.findings import Finding
from certification.rules.profiles import CHANGES, PUBLISHERS, Profile
from certification.rules.registry import metadata
from certification.services.clock import database_now
from certification.treating import (
    OFF,
    RULE_TREATMENT,
    allowed_for,
    contains,
    covers,
    is_security,
    profiles_in,
)
from portal.accounts.models import User
from portal.shared import audit, outbox
from portal.shared.actors import SYSTEM, Actor
from portal.shared.errors import Conflict, InvalidInput
from portal.shared.policy import require
from portal.shared.transitions import transition

LONGEST_REASON = 1_000
SHORTEST_REASON = 10


@dataclass(frozen=True)
class TreatmentDraft:
    """What somebody wants; no `starts_at` means at once."""

    rule: str
    treatment: str
    reason: str
    change_kind: str = ""
    publisher_kind: str = ""
    starts_at: dt.datetime | None = None


def check(draft: TreatmentDraft) -> None:
    """Raises InvalidInput, with every fault at its field."""
    faults: dict[str, list[str]] = {}
    about = metadata().get(draft.rule)
    if about is None:
        raise InvalidInput(_("There is no such rule."), fields={"rule": [_("There is no such rule.")]})
    allowed = allowed_for(about)
    if draft.treatment not in allowed.kinds:
        faults["treatment"] = [allowed.why_not or _("Choose one of the treatments.")]
    if draft.change_kind not in ("", *CHANGES) or draft.publisher_kind not in ("", *PUBLISHERS):
        faults["change_kind"] = [_("Choose a kind of change and of publisher.")]
    elif not profiles_in(draft):
        faults["change_kind"] = [_("The rule is not checked there, so there is nothing to treat.")]
    if not SHORTEST_REASON <= len(draft.reason.strip()) <= LONGEST_REASON:
        faults["reason"] = [
            _("Say why in %(least)s to %(most)s characters: it is shown to everybody.")
            % {"least": SHORTEST_REASON, "most": LONGEST_REASON}
        ]
    if draft.starts_at and draft.starts_at < database_now() - dt.timedelta(days=1):
        faults["starts_at"] = [_("It cannot begin in the past: verdicts already given stay.")]
    if faults:
        raise InvalidInput(_("The treatment cannot be saved like this."), fields=faults)


def needs_second(draft: TreatmentDraft) -> bool:
    """Whether another administrator has to agree: a security rule gets weaker."""
    return is_security(draft.rule) and any(queries.is_weaker(draft, each) for each in profiles_in(draft))


def propose(draft: TreatmentDraft, *, actor: User) -> RuleTreatment:
    """Decide on a treatment; it begins at its time, or waits for a second administrator."""
    require(can_manage_treatments, actor, None)
    check(draft)
    try:
        with transaction.atomic():
            is_waiting = needs_second(draft)
            made = RuleTreatment.objects.create(
                rule=draft.rule,
                treatment=draft.treatment,
                change_kind=draft.change_kind,
                publisher_kind=draft.publisher_kind,
                reason=draft.reason.strip(),
                starts_at=draft.starts_at or database_now(),
                needs_second=is_waiting,
                requested_by=actor,
                state="proposed" if is_waiting else "planned",
            )
            event = "ruletreatment.request" if is_waiting else "ruletreatment.plan"
            audit.record(event, made, actor=actor, reason=made.reason, data=_facts(made))
            if is_waiting:
                outbox.emit("ruletreatment.request", id=str(made.pk))
    except IntegrityError as error:
        if "treatment_one_to_come" not in str(error):
            raise
        raise Conflict(_("Another change of this rule is on its way: take it back first.")) from None
    start_due()
    made.refresh_from_db()
    return made


def decide(treatment: RuleTreatment, *, is_approved: bool, reason: str = "", actor: User) -> RuleTreatment:
    """The second administrator's word. Never the one who asked; policy and database say so."""
    otherwise = _("Another administrator than the one who asked decides.")
    require(can_decide_treatment, actor, treatment, otherwise=otherwise)
    said = reason.strip()[:LONGEST_REASON]
    transition(
        RULE_TREATMENT, treatment, "approve" if is_approved else "decline", actor=actor,
        reason=said or treatment.reason, data=_facts(treatment),
        changes={"decided_by_id": actor.pk, "decision_reason": said},
    )  # fmt: skip
    start_due()
    treatment.refresh_from_db()
    return treatment


def withdraw(treatment: RuleTreatment, *, actor: User) -> RuleTreatment:
    """Take back what has not begun."""
    require(can_withdraw_treatment, actor, treatment)
    return transition(RULE_TREATMENT, treatment, "withdraw", actor=actor, data=_facts(treatment))


def start_due() -> int:
    """Begin what is due; returns how many. A tick, and called whenever something may be due at once."""
    started = 0
    due = RuleTreatment.objects.filter(state="planned", starts_at__lte=database_now())
    for treatment in due.order_by("starts_at", "created_at"):
        started += _start(treatment)
    return started


def _start(treatment: RuleTreatment) -> bool:
    with transaction.atomic():
        row = RuleTreatment.objects.select_for_update(of=("self",)).get(pk=treatment.pk)
        if row.state != "planned":
            return False
        actor: Actor = SYSTEM
        for old in queries.in_force().filter(rule=row.rule):
            if contains(row, old):
                now = {"ended_at": database_now()}
                transition(RULE_TREATMENT, old, "end", actor=actor, changes=now, data=_facts(old))
        transition(
            RULE_TREATMENT, row, "start", actor=actor, reason=row.reason,
            changes={"started_at": database_now()}, data=_facts(row),
        )  # fmt: skip
        _check_again(row)
    return True


def _check_again(treatment: RuleTreatment) -> None:
    """Packages that are still prepared get a verdict under what counts now."""
    for submission in queries.open_submissions():
        profile = Profile.from_dict(
            {"change": change_kind(submission), "publisher": submission.connector.publisher.kind}
        )
        if submission.is_editable and covers(treatment, profile):
            outbox.emit("submission.check", id=str(submission.pk))


def _facts(treatment: RuleTreatment) -> dict[str, str]:
    return {
        "rule": treatment.rule,
        "treatment": treatment.treatment,
        "as": str(treatment.get_treatment_display()),
        "for": treatment.scope or str(_("everybody")),
        "starts_at": treatment.starts_at.isoformat(),
    }


@dataclass(frozen=True, slots=True)
class Treated:
    """A finding as this portal counts it: `severity` is empty where its rule is off. `treatment` is None
    where the catalogue holds.
    """

    finding: Finding
    severity: str
    treatment: RuleTreatment | None

    @property
    def is_off(self) -> bool:
        return not self.severity


def treat(findings: Sequence[Finding], counting: Mapping[str, RuleTreatment]) -> list[Treated]:
    """The engine's findings under the treatments that count (`queries.treatments.in_force_for`)."""
    return [_treated(finding, counting.get(finding.rule)) for finding in findings]


def _treated(finding: Finding, treatment: RuleTreatment | None) -> Treated:
    if treatment is None or treatment.treatment == finding.severity:
        return Treated(finding, finding.severity, None)
    severity = "" if treatment.treatment == OFF else treatment.treatment
    return Treated(finding, severity, treatment)


def switched_off(treated: Sequence[Treated]) -> list[dict[str, Any]]:
    """What a verdict keeps of rules that are off: how many places each has, and by which treatment."""
    off = [each for each in treated if each.is_off and each.treatment]
    places = Counter(each.finding.rule for each in off)
    first = {each.finding.rule: each for each in reversed(off)}
    return [
        {"rule": rule, "severity": each.finding.severity, "places": places[rule],
         "treatment": str(each.treatment.pk if each.treatment else "")}
        for rule, each in sorted(first.items())
    ]  # fmt: skip
