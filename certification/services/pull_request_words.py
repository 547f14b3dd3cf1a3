"""What is said in a repository about a pull request: Markdown for people, annotations beside lines.

All of it may be read by strangers: it speaks of the connectors that the pull request touches and of no other.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from certification.forges import Annotation
from certification.models import PullRequest, PullRequestCheck
from certification.queries.pull_requests import page_of
from connectors.definitions.diff import IMPACTS

LINES_EACH = 10
LONGEST_LINE = 1_000
MOST_CONNECTORS = 30
_MARKDOWN = re.compile(r"([\\`*_\[\]#|~])")
_LEVELS = {"error": "failure", "warning": "warning", "info": "notice"}
_TOLD = ("breaking", "behavioural")


def marker(pull: PullRequest) -> str:
    """The first line of our comment: unseen by readers, and how it is found again."""
    return f"<!-- connector-portal {pull.pk} -->"


def escaped(text: str) -> str:
    """Text of a package is neither markup nor a mention of somebody."""
    return _inside_html(_MARKDOWN.sub(r"\\\1", _line(text)))


def _inside_html(text: str) -> str:
    return html.escape(_line(text), quote=False).replace("@", "&#64;")


def _line(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text)[:LONGEST_LINE]


def report(checks: Sequence[PullRequestCheck]) -> str:
    """A table of the touched connectors, then of each what matters most."""
    if not checks:
        return _("The pull request touches no folder that is bound to a connector.")
    head = "| {} | {} | {} | {} | {} |".format(
        _("Connector"), _("Verdict"), _("Errors"), _("Warnings"), _("Changes")
    )
    lines = [head, "|---|---|--:|--:|---|", *map(_row, checks[:MOST_CONNECTORS])]
    for check in checks[:MOST_CONNECTORS]:
        lines += ["", *_details(check)]
    left = len(checks) - MOST_CONNECTORS
    if left > 0:
        more = ngettext("and %(count)s more connector", "and %(count)s more connectors", left)
        lines += ["", more % {"count": left}]
    return "\n".join(lines)


def comment(pull: PullRequest, checks: Sequence[PullRequestCheck]) -> str:
    failed = sum(check.verdict == "fail" for check in checks)
    if not checks:
        title = _("Certification: no connector is touched any more")
    elif failed:
        words = ngettext(
            "Certification: %(count)s connector does not pass",
            "Certification: %(count)s connectors do not pass",
            failed,
        )
        title = words % {"count": failed}
    else:
        title = _("Certification: all rules pass")
    foot = _("About commit %(sha)s. This comment is kept up to date.") % {"sha": f"`{pull.head_sha[:12]}`"}
    return f"### {title}\n\n{report(checks)}\n\n<sub>{foot}</sub>"


def _row(check: PullRequestCheck) -> str:
    name = f"[{escaped(check.binding.connector.name)}]({page_of(check)})"
    verdict = "❌ " + _("Failed") if check.verdict == "fail" else "✅ " + _("Passed")
    return f"| {name} | {verdict} | {check.errors} | {check.warnings} | {_impacts(check)} |"


def _impacts(check: PullRequestCheck) -> str:
    parts = [f"{check.impacts[name]} {name}" for name in reversed(IMPACTS) if check.impacts.get(name)]
    return ", ".join(parts) or (_("none") if check.change_kind == "update" else _("new"))


def _details(check: PullRequestCheck) -> Iterator[str]:
    said = [*_said_of_changes(check), *_said_of_findings(check)]
    if check.problem:
        said.insert(0, f"- {escaped(check.problem)}")
    if not said:
        return
    yield f"<details><summary>{_inside_html(check.binding.connector.name)}</summary>"
    yield ""
    yield from said
    yield ""
    yield f"[{_('Everything on the portal')}]({page_of(check)})"
    yield "</details>"


def _said_of_changes(check: PullRequestCheck) -> Iterator[str]:
    changes = [change for change in check.changes if change["impact"] in _TOLD]
    for change in changes[:LINES_EACH]:
        yield f"- **{change['impact']}**: {escaped(change['sentence'])}"
    yield from _rest(sum(check.impacts.get(name, 0) for name in _TOLD) - len(changes[:LINES_EACH]))


def _said_of_findings(check: PullRequestCheck) -> Iterator[str]:
    findings = [found for found in check.findings if found["severity"] != "info"]
    for found in findings[:LINES_EACH]:
        place = f"{found['path']}:{found['line']}" if found["line"] else found["path"]
        where = f" ({escaped(place)})" if place else ""
        yield f"- **{found['rule']}** {found['severity']}{where}: {escaped(found['message'])}"
    yield from _rest(check.errors + check.warnings - len(findings[:LINES_EACH]))


def _rest(count: int) -> Iterator[str]:
    if count > 0:
        yield "- " + _("and %(count)s more") % {"count": count}


def annotations_of(checks: Sequence[PullRequestCheck]) -> list[Annotation]:
    """Findings that have a line, the worst first; a breaking change stands beside its place."""
    found = [each for check in checks for each in (*_of_findings(check), *_of_changes(check))]
    found.sort(key=lambda each: each[0])
    return [annotation for _rank, annotation in found]


def _of_findings(check: PullRequestCheck) -> Iterator[tuple[int, Annotation]]:
    ranks = {"error": 0, "warning": 2, "info": 3}
    for found in check.findings:
        if found["path"] and found["line"]:
            message = f"{found['message']}\n{found['fix']}".strip()
            yield (
                ranks[found["severity"]],
                _annotation(found, _LEVELS[found["severity"]], found["rule"], message),
            )


def _of_changes(check: PullRequestCheck) -> Iterator[tuple[int, Annotation]]:
    for change in check.changes:
        if change["impact"] == "breaking" and change["path"] and change["line"]:
            yield 1, _annotation(change, "warning", _("Breaking change"), change["sentence"])


def _annotation(place: dict[str, Any], level: Any, title: str, message: str) -> Annotation:
    return Annotation(place["path"], place["line"], level, title, message)
