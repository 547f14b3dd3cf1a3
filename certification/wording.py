"""Words that administrators put into mails: variables in braces, and nothing else that could be run.

A text is taken apart once, by a pattern: a name in braces is looked up in a table of plain texts. No
attribute, no call and no tag can be reached, so a text can say nothing that the table does not hold.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Variable:
    """`paths` are where its value stands among the names of a letter, the first that has one counts."""

    about: Any
    paths: tuple[str, ...]
    may_be_empty: bool = False


# No address stands here: the one of a mail may carry a one-time key.
VARIABLES: Mapping[str, Variable] = {
    "site": Variable(_("name of this portal"), ("site_name",)),
    "actor": Variable(_("who did it"), ("actor_name",)),
    "reason": Variable(_("the reason that was given, if any"), ("reason",), may_be_empty=True),
    "connector": Variable(_("name of the connector"), ("connector.name", "guest_of", "watched.name")),
    "publisher": Variable(_("name of the team"), ("publisher.name",)),
    "version": Variable(_("number of the version"), ("version.label", "task.version_label")),
    "submission": Variable(_("number of the submission, such as S-1042"), ("submission.reference",)),
    "region": Variable(
        _("name of the region"), ("region.name", "deployment.region.name", "preview.region.name")
    ),
    "wave": Variable(_("number of the wave"), ("wave.number",)),
    "rule": Variable(_("id of the rule"), ("waiver.rule", "treatment.rule")),
    "incident": Variable(_("what is wrong, in short"), ("incident.title",)),
}
_ALWAYS = ("site", "actor", "reason")
_OF_SUBMISSION = ("connector", "publisher", "submission")
_OF_VERSION = (*_OF_SUBMISSION, "version")
_BY_NOUN: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(
        ("submission", "comment", "appeal", "claim", "credential", "override", "receivedmail"), _OF_SUBMISSION
    ),
    **dict.fromkeys(("rollout", "forecast"), _OF_VERSION),
    **dict.fromkeys(("preview", "deployment"), (*_OF_VERSION, "region")),
    "rehearsal": (*_OF_SUBMISSION, "region"),
    "gatecheck": (*_OF_VERSION, "wave"),
    "waiver": (*_OF_SUBMISSION, "rule"),
    **dict.fromkeys(
        ("connector", "healthalert", "availabilityrequest", "notice", "guesttester"),
        ("connector", "publisher"),
    ),
    **dict.fromkeys(("ownershipclaim", "transfer", "commitintake"), ("connector", "publisher")),
    "placement": ("connector", "publisher", "region"),
    "regiontask": ("connector", "region", "version"),
    "regionwatch": ("connector", "region"),
    **dict.fromkeys(("invitation", "membership", "publisher", "webhookendpoint"), ("publisher",)),
    "incident": ("incident",),
    "ruletreatment": ("rule",),
}
FIXED_BODY = frozenset(
    {"digest", "comment.add", "receivedmail.refuse", "notice.tell", "notice.announce", "regionwatch.arrive"}
)
"""Mails whose sentences carry what somebody wrote, or a way to leave: there, words may stand around them."""
_BRACES = re.compile(r"\{([^{}\n]{0,60})\}|[{}]")


class Unfillable(Exception):
    """A text asks for what this mail has not got."""


def variables_for(event: str) -> dict[str, Variable]:
    """Those that every mail of this kind has a value for."""
    if event == "digest":
        return {"site": VARIABLES["site"]}
    names = (*_ALWAYS, *_BY_NOUN.get(event.partition(".")[0], ()))
    return {name: VARIABLES[name] for name in names}


def faults_in(event: str, text: str) -> list[str]:
    """What is in braces and is no variable of this kind of mail; a lone brace too. In their order."""
    known = variables_for(event)
    found = [match[0] for match in _BRACES.finditer(text) if match[1] is None or match[1] not in known]
    return list(dict.fromkeys(found))


def fill(event: str, text: str, context: Mapping[str, Any]) -> str:
    """The text with its variables. Raises Unfillable where one is unknown or has no value."""
    known = variables_for(event)

    def value(match: re.Match[str]) -> str:
        variable = known.get(match[1] or "")
        if variable is None:
            raise Unfillable(f"{match[0]} is no variable of {event}")
        found = _value(variable, context)
        if not found and not variable.may_be_empty:
            raise Unfillable(f"{match[0]} had no value")
        return found

    return _BRACES.sub(value, text)


def paragraphs(text: str) -> list[str]:
    """What blank lines separate."""
    return [part.strip() for part in re.split(r"\n\s*\n", text.replace("\r\n", "\n")) if part.strip()]


def _value(variable: Variable, context: Mapping[str, Any]) -> str:
    for path in variable.paths:
        first, *rest = path.split(".")
        found: Any = context.get(first)
        for name in rest:
            found = getattr(found, name, None)
        if found not in (None, ""):
            return str(found)
    return ""
