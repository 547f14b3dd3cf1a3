"""The review's source view with its margins, and what changed since another package."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from certification.models import Finding, Revision, Submission, Validation
from certification.queries.colouring import coloured
from certification.queries.threads import Conversation, ThreadView
from certification.queries.workbench import Comparison, findings_of, package_of
from certification.reviewing import differences
from certification.reviewing.side_by_side import Pair, side_by_side
from connectors.definitions import Package, SourceFile
from connectors.models import Version
from portal.shared.numbers import small_number

LINES_PER_CHUNK = 250
_LONGEST_LINE = 2_000
_TEXT = re.compile(r"\.(json|md|csx|cs|txt)\Z", re.IGNORECASE)
_FINDINGS_PER_LINE = 5


@dataclass(frozen=True, slots=True)
class SourceLine:
    """`html` is the escaped line with its tokens marked; the margins are what stands on it."""

    number: int
    html: SafeString
    is_hit: bool
    findings: list[Finding]
    more_findings: int
    threads: list[ThreadView]


@dataclass(frozen=True, slots=True)
class SourceChunk:
    """A stretch of a text file; `previous` and `next` are first lines of the stretches around it, 0 for
    none."""

    file: str
    lines: list[SourceLine]
    first: int
    last: int
    total: int
    previous: int
    next: int


def text_files(package: Package) -> list[SourceFile]:
    """What can be read as lines, the definition first."""
    definition = package.definition.file.name if package.definition else ""
    found = [file for name, file in package.files.items() if _TEXT.search(name)]
    return sorted(found, key=lambda file: (file.name != definition, file.name))


def source_chunk(
    source: SourceFile, *, line: int, conversation: Conversation, validation: Validation | None
) -> SourceChunk:
    """The stretch that holds `line` (1-based), with findings and threads in the margin."""
    total = source.line_count
    hit = line
    line = min(max(line, 1), total)
    first = (line - 1) // LINES_PER_CHUNK * LINES_PER_CHUNK + 1
    last = min(first + LINES_PER_CHUNK - 1, total)
    threads = conversation.by_line(source.name)
    findings: dict[int, list[Finding]] = defaultdict(list)
    for each in findings_of(validation, file=source.name, line__gte=first, line__lte=last):
        findings[each.line or 0].append(each)
    lines = [
        SourceLine(
            number=number,
            html=coloured(source.line_text(number)[:_LONGEST_LINE], source.name),
            is_hit=number == hit and hit > 1,
            findings=findings[number][:_FINDINGS_PER_LINE],
            more_findings=max(len(findings[number]) - _FINDINGS_PER_LINE, 0),
            threads=threads.get(number, []),
        )
        for number in range(first, last + 1)
    ]
    return SourceChunk(
        source.name,
        lines,
        first,
        last,
        total,
        previous=max(first - LINES_PER_CHUNK, 0),
        next=last + 1 if last < total else 0,
    )


def compared_with(submission: Submission, since: str = "") -> tuple[Version, str] | None:
    """The package to compare the revision with: "live", a revision's number, or by default the one handed in
    before it that is another package, else what is live. None where there is no such package."""
    revision = submission.revision
    if revision is None:
        return None
    if since == "live":
        return _live(submission)
    earlier = (
        Revision.objects.filter(submission=submission, number__lt=revision.number)
        .exclude(version_id=revision.version_id)
        .select_related("version")
        .order_by("-number")
    )
    asked = small_number(since)
    found = (earlier.filter(number=asked).first() if asked is not None else None) or earlier.first()
    return (
        (found.version, _("revision %(number)s") % {"number": found.number}) if found else _live(submission)
    )


def _live(submission: Submission) -> tuple[Version, str] | None:
    live = submission.connector.live_version
    if live is None or submission.revision is None or live.pk == submission.revision.version_id:
        return None
    return live, _("%(label)s, live now") % {"label": live.label}


def comparison(submission: Submission, since: str = "") -> Comparison | None:
    """By file and by operation; lines are compared file by file, when asked for."""
    other = compared_with(submission, since)
    if other is None or submission.revision is None:
        return None
    version, title = other
    return Comparison(title, version, *_compared(version, submission.revision.version))


@lru_cache(maxsize=64)
def _compared(
    old: Version, new: Version
) -> tuple[list[differences.FileChange], list[differences.OperationChange]]:
    before, after = package_of(old), package_of(new)
    return differences.file_changes(before, after), differences.operation_changes(before, after)


@dataclass(frozen=True, slots=True)
class SplitRow:
    """A row of a comparison in two columns: numbers, coloured lines, and what became of each side."""

    old: int | None
    old_html: SafeString | str
    old_kind: str
    new: int | None
    new_html: SafeString | str
    new_kind: str
    title: str = ""


def split_rows(diff: differences.LineDiff, name: str) -> list[SplitRow]:
    """The line diff of a file as two columns."""
    return [_split_row(pair, name) for pair in side_by_side(diff.rows)]


def _split_row(pair: Pair, name: str) -> SplitRow:
    old, new = pair.old, pair.new
    if pair.is_hunk and old is not None:
        return SplitRow(None, "", "hunk", None, "", "hunk", old.text)
    return SplitRow(
        old.old if old else None,
        coloured(old.text, name) if old else "",
        old.kind if old else "none",
        new.new if new else None,
        coloured(new.text, name) if new else "",
        new.kind if new else "none",
    )


def file_diff(old: Package, new: Package, name: str) -> differences.LineDiff | None:
    """Line by line; None for a file that neither package has or that is not text."""
    before, after = old.files.get(name), new.files.get(name)
    if (before is None and after is None) or not _TEXT.search(name):
        return None
    return differences.line_diff(
        before.text.splitlines() if before else [], after.text.splitlines() if after else []
    )
