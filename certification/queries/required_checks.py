"""The checks that a pull request has to pass, whoever makes them: one list for pages, programs and forges.

Another check is another function in `PROVIDERS`. It answers for one pull request, in as few queries as can
be, and None where it has nothing to say. When its answer changes, `pullrequest.post` is emitted with the id
of the pull request: then it is posted anew.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from certification.models import PullRequest, PullRequestCheck
from certification.queries.agreements import agreement_state
from certification.queries.pull_requests import checks_of, page_of

VALIDATION = "portal/validation"
AGREEMENT = "portal/agreement"


@dataclass(frozen=True, slots=True)
class RequiredCheck:
    """`name` is stable: branch protection refers to it. `summary` is one plain sentence, `link` an absolute
    address. "neutral" lets a merge through like "pass"; "pending" is posted as a check that has begun."""

    name: str
    state: Literal["pass", "fail", "neutral", "pending"]
    summary: str
    link: str


Provider = Callable[[PullRequest], RequiredCheck | None]


def validation(pull: PullRequest) -> RequiredCheck:
    """All connectors that the pull request touches pass the rules."""
    checks = [each for each in checks_of(pull) if each.head_sha == pull.head_sha]
    link = page_of(checks[0]) if checks else settings.SITE_URL + reverse("connector_list")
    if not pull.is_checked:
        return RequiredCheck(VALIDATION, "pending", _("Being checked."), link)
    if not checks:
        return RequiredCheck(VALIDATION, "neutral", _("Touches no connector that is bound here."), link)
    state: Literal["pass", "fail"] = "fail" if any(each.verdict == "fail" for each in checks) else "pass"
    return RequiredCheck(VALIDATION, state, _counts(checks), link)


def _counts(checks: Sequence[PullRequestCheck]) -> str:
    errors, warnings = sum(each.errors for each in checks), sum(each.warnings for each in checks)
    breaking = sum(each.impacts.get("breaking", 0) for each in checks)
    parts = [
        ngettext("%(count)s error", "%(count)s errors", errors) % {"count": errors},
        ngettext("%(count)s warning", "%(count)s warnings", warnings) % {"count": warnings},
        ngettext("%(count)s breaking change", "%(count)s breaking changes", breaking) % {"count": breaking},
    ]
    unread = sum(bool(each.problem) for each in checks)
    if unread:
        parts.append(ngettext("%(count)s unreadable", "%(count)s unreadable", unread) % {"count": unread})
    return ", ".join(parts) + "."


def agreement(pull: PullRequest) -> RequiredCheck | None:
    """Whoever opened it signed the contributor agreement, or their team did.

    Nothing while there is no agreement, and nothing of plain Git, where an author is no account. It holds a
    merge up where administrators demand signatures (`AGREEMENT_REQUIRED`).
    """
    if pull.number is None or not pull.author:
        return None
    found = agreement_state(pull.repository.publisher, logins=[pull.author])
    if not found.version:
        return None
    link = settings.SITE_URL + reverse("agreement")
    if found.is_satisfied:
        said = _("%(author)s has signed the contributor agreement.")
        return RequiredCheck(AGREEMENT, "pass", said % {"author": pull.author}, link)
    state: Literal["fail", "neutral"] = "fail" if settings.AGREEMENT_REQUIRED else "neutral"
    said = _("%(author)s has not signed the contributor agreement.")
    return RequiredCheck(AGREEMENT, state, said % {"author": pull.author}, link)


PROVIDERS: tuple[Provider, ...] = (validation, agreement)


def required_checks(pull: PullRequest) -> list[RequiredCheck]:
    """In the order of `PROVIDERS`."""
    found = (provider(pull) for provider in PROVIDERS)
    return [check for check in found if check is not None]
