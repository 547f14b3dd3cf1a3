"""How a portal treats the findings of a rule: the life of a treatment, and which one counts.

The engine knows nothing of it. It says the same of a package everywhere; a treatment is what one portal makes
of that, and is written beside the verdict it changed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeVar

from django.db import models

from certification.rules.checks.reader import REPORTED_BY
from certification.rules.profiles import CHANGES, PUBLISHERS, Profile
from certification.rules.registry import Metadata, metadata
from connectors.definitions import KINDS
from portal.shared.transitions import Lifecycle, Move
from portal.shared.words import lazy as _

CATALOGUE = "catalogue"
OFF = "off"
STRENGTH = {OFF: 0, "info": 1, "warning": 2, "error": 3}
SECURITY = "SEC"
ENGINE = "ENG"
_UNREADABLE = frozenset(
    rule
    for code, rules in REPORTED_BY.items()
    if KINDS[code].refuses or code == "json-syntax"
    for rule in rules
)


class TreatmentKind(models.TextChoices):
    CATALOGUE = "catalogue", _("As catalogued")
    ERROR = "error", _("Error: blocks the submission")
    WARNING = "warning", _("Warning: needs a note")
    INFO = "info", _("Advice: blocks nothing")
    OFF = "off", _("Off: not reported")


class TreatmentState(models.TextChoices):
    PROPOSED = "proposed", _("Waiting for a second person")
    PLANNED = "planned", _("Planned")
    IN_FORCE = "in_force", _("In force")
    ENDED = "ended", _("Ended")
    DECLINED = "declined", _("Declined")
    WITHDRAWN = "withdrawn", _("Taken back")


RULE_TREATMENT = Lifecycle(
    noun="ruletreatment",
    states=TreatmentState,
    moves={
        "approve": Move(("proposed",), "planned", _("Agree")),
        "decline": Move(("proposed",), "declined", _("Decline")),
        "withdraw": Move(("proposed", "planned"), "withdrawn", _("Take back")),
        "start": Move(("planned",), "in_force", _("Start")),
        # A newer one covers everything that it covered.
        "end": Move(("in_force",), "ended", _("End")),
    },
    terminal=frozenset({"ended", "declined", "withdrawn"}),
)


class Scoped(Protocol):
    """What is asked of a treatment here; "" stands for every kind."""

    @property
    def rule(self) -> str: ...
    @property
    def treatment(self) -> str: ...
    @property
    def change_kind(self) -> str: ...
    @property
    def publisher_kind(self) -> str: ...


S = TypeVar("S", bound=Scoped)


def profiles_in(scope: Scoped) -> list[Profile]:
    """The profiles that a treatment covers and its rule is checked in."""
    about = metadata()[scope.rule]
    every = (Profile(change, publisher) for change in CHANGES for publisher in PUBLISHERS)
    return [each for each in every if covers(scope, each) and about.applies_to(each)]


def covers(scope: Scoped, profile: Profile) -> bool:
    return scope.change_kind in ("", profile.change) and scope.publisher_kind in ("", profile.publisher)


def contains(wider: Scoped, scope: Scoped) -> bool:
    """Whether `wider` covers everything that `scope` covers."""
    return wider.change_kind in ("", scope.change_kind) and wider.publisher_kind in ("", scope.publisher_kind)


def counting(newest_first: Iterable[S], profile: Profile) -> dict[str, S]:
    """Rule -> the treatment that counts under `profile`: the newest that covers it. One that goes back to the
    catalogue is none."""
    found: dict[str, S] = {}
    for each in newest_first:
        if covers(each, profile):
            found.setdefault(each.rule, each)
    return {rule: each for rule, each in found.items() if each.treatment != CATALOGUE}


def revision_of(treatments: Mapping[str, Scoped]) -> str:
    """A name for treatments that count together; "" for the bare catalogue."""
    if not treatments:
        return ""
    lines = sorted(f"{rule}={each.treatment}" for rule, each in treatments.items())
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Allowed:
    """`kinds` a rule may be treated as; `why_not` says what stands against the others."""

    kinds: tuple[str, ...]
    why_not: str = ""


def allowed_for(about: Metadata) -> Allowed:
    """Findings about the check itself and about what cannot be read stay what they are: nothing behind them
    could go on. A security rule may be lowered, but is always reported."""
    if about.family == ENGINE:
        return Allowed((), str(_("It reports on the check itself, so it stays as it is.")))
    if about.id in _UNREADABLE and about.severity == "error":
        text = _("It stands for a package that cannot be read, so it stays an error.")
        return Allowed((), str(text))
    if about.family == SECURITY:
        kinds = (CATALOGUE, "error", "warning", "info")
        return Allowed(kinds, str(_("A security rule is never off: reviewers always see what it finds.")))
    return Allowed((CATALOGUE, "error", "warning", "info", OFF))


def is_security(rule: str) -> bool:
    about = metadata().get(rule)
    return about is not None and about.family == SECURITY


def strength(rule: str, treatment: str, profile: Profile) -> int:
    """How hard a rule treated like this is on a package of the profile."""
    kind = metadata()[rule].severity_for(profile) if treatment == CATALOGUE else treatment
    return STRENGTH[kind]
