"""Reads about treatments of rules: which count, what they are, and whom a new one would meet."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.models import Count, QuerySet

from certification.lifecycle import EDITABLE_STATES
from certification.models import Finding, RuleTreatment, Submission, Validation
from certification.queries.rulebook import rule_info
from certification.rules.profiles import Profile
from certification.rules.version import RULES_VERSION
from certification.treating import CATALOGUE, STRENGTH, Scoped, counting, revision_of, strength
from connectors.models import Connector

_STILL_JUDGED = ("submitted", "validating")
_ERROR = STRENGTH["error"]


def in_force() -> QuerySet[RuleTreatment]:
    """The newest first, which is the order in which they count."""
    return RuleTreatment.objects.filter(state="in_force").order_by("-started_at", "-created_at")


def in_force_for(profile: Profile) -> dict[str, RuleTreatment]:
    """Rule -> the treatment that counts for packages of this profile."""
    return counting(in_force(), profile)


def standing_revision(profile: Profile) -> str:
    return revision_of(in_force_for(profile))


def treatments() -> QuerySet[RuleTreatment]:
    """All of them with their people, the newest first."""
    return RuleTreatment.objects.select_related("requested_by", "decided_by").order_by("-created_at")


def treatments_of(rule: str) -> list[RuleTreatment]:
    return list(treatments().filter(rule=rule))


def shown_of(rule: str) -> list[RuleTreatment]:
    """Those that anybody may know of: what counts and what is sure to come."""
    found = [each for each in treatments_of(rule) if each.state in {"in_force", "planned"}]
    return [each for each in found if each.is_exception or each.state == "planned"]


def treated_rules() -> dict[str, list[RuleTreatment]]:
    """Rule -> what counts there, for lists of rules."""
    found: dict[str, list[RuleTreatment]] = {}
    for each in in_force():
        if each.is_exception:
            found.setdefault(each.rule, []).append(each)
    return found


@dataclass(slots=True)
class Effect:
    """Whom a treatment would meet: open submissions whose verdict changes, and live connectors whose next
    update would be judged differently. `found_in` counts the open submissions with findings of the rule.
    """

    gains: list[Submission] = field(default_factory=list)
    loses: list[Submission] = field(default_factory=list)
    softer: list[Submission] = field(default_factory=list)
    harder: list[Submission] = field(default_factory=list)
    found_in: int = 0
    live_gains: int = 0
    live_loses: int = 0
    live_found_in: int = 0
    live_total: int = 0

    @property
    def is_nobody(self) -> bool:
        return not (self.found_in or self.live_found_in)


def effect_of(candidate: Scoped) -> Effect:
    """What would change if `candidate` counted from now on, from the verdicts that are stored.

    Submissions that passed already keep their verdict and are not among them.
    """
    now = list(in_force().filter(rule=candidate.rule))
    effect = Effect()
    _weigh_open(effect, candidate, now)
    _weigh_live(effect, candidate, now)
    return effect


def _weigh_open(effect: Effect, candidate: Scoped, now: list[RuleTreatment]) -> None:
    rows = list(open_submissions())
    places = _places(candidate.rule, [each.version_id for each in rows if each.version_id])
    for each in rows:
        if each.version_id not in places:
            continue
        effect.found_in += 1
        kind = each.connector.publisher.kind
        profile = Profile.from_dict({"change": "new" if each.kind == "new" else "update", "publisher": kind})
        before, after = _strengths(candidate, now, profile)
        if (before == _ERROR) != (after == _ERROR):
            (effect.gains if after == _ERROR else effect.loses).append(each)
        elif before != after:
            (effect.harder if after > before else effect.softer).append(each)


def _weigh_live(effect: Effect, candidate: Scoped, now: list[RuleTreatment]) -> None:
    live = Connector.objects.filter(live_version__isnull=False).exclude(state__in=["retired", "cancelled"])
    rows = list(live.values_list("live_version_id", "publisher__kind"))
    effect.live_total = len(rows)
    places = _places(candidate.rule, [version for version, _ in rows])
    for version, kind in rows:
        if version not in places:
            continue
        effect.live_found_in += 1
        before, after = _strengths(candidate, now, Profile.from_dict({"change": "update", "publisher": kind}))
        effect.live_gains += before < _ERROR <= after
        effect.live_loses += after < _ERROR <= before


def open_submissions() -> QuerySet[Submission]:
    """Those that a new treatment still judges: drafts, what came back, and what is being checked."""
    states = [*EDITABLE_STATES, *_STILL_JUDGED]
    found = Submission.objects.filter(state__in=states, version__isnull=False)
    return found.select_related("connector__publisher").order_by("connector__name")


def _strengths(candidate: Scoped, now: list[RuleTreatment], profile: Profile) -> tuple[int, int]:
    rule = candidate.rule
    before: Scoped | None = counting(now, profile).get(rule)
    newest_first: Iterable[Any] = [candidate, *now]
    after: Scoped | None = counting(newest_first, profile).get(rule)
    return (
        strength(rule, before.treatment if before else CATALOGUE, profile),
        strength(rule, after.treatment if after else CATALOGUE, profile),
    )


def _places(rule: str, versions: list[UUID]) -> set[UUID]:
    """The versions whose newest verdict has findings of the rule, counted or switched off."""
    newest: dict[UUID, Validation] = {}
    rows = Validation.objects.filter(version__in=versions).order_by("created_at")
    for verdict in rows.only("id", "version_id", "rules_version", "switched_off"):
        known = newest.get(verdict.version_id)
        if known is None or verdict.rules_version == RULES_VERSION or known.rules_version != RULES_VERSION:
            newest[verdict.version_id] = verdict
    found = Finding.objects.filter(validation__in=newest.values(), rule=rule)
    counted = dict(found.values_list("validation_id").annotate(Count("id")))
    return {
        version
        for version, verdict in newest.items()
        if verdict.pk in counted or any(each["rule"] == rule for each in verdict.switched_off)
    }


def is_weaker(candidate: Scoped, profile: Profile) -> bool:
    """Whether it asks less of packages of the profile than the catalogue, or than what counts now."""
    before, after = _strengths(candidate, list(in_force().filter(rule=candidate.rule)), profile)
    return after < before or after < strength(candidate.rule, CATALOGUE, profile)


@dataclass(frozen=True, slots=True)
class SwitchedOff:
    """A rule that found something and is off here."""

    rule: str
    title: str
    places: int
    treatment: RuleTreatment | None


def switched_off_in(validation: Validation) -> list[SwitchedOff]:
    """What a verdict does not speak of, and why not."""
    if not validation.switched_off:
        return []
    rows = RuleTreatment.objects.in_bulk([each["treatment"] for each in validation.switched_off])
    return [
        SwitchedOff(each["rule"], _title(each["rule"]), each["places"],
                    rows.get(UUID(each["treatment"])))
        for each in validation.switched_off
    ]  # fmt: skip


def _title(rule: str) -> str:
    about = rule_info(rule)
    return about.title if about else rule
