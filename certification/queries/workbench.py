"""What the review page shows of a package: its operations, its source with margins, and what changed."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

from certification.models import Finding, Revision, Submission, Validation
from certification.queries.threads import Conversation, ThreadView
from certification.reviewing import differences
from certification.reviewing.anchors import document_of, operation_pointer
from connectors.definitions import Operation, Package, SourceFile, openapi, operations, pointers, read_archive
from connectors.models import Version
from portal.shared import storage

LINES_PER_CHUNK = 250
_LONGEST_LINE = 2_000
_MOST_PARAMETERS = 200
_TEXT = re.compile(r"\.(json|md|csx|cs|txt)\Z", re.IGNORECASE)
_FINDINGS_PER_LINE = 5


@lru_cache(maxsize=6)
def _package(digest: str) -> Package:
    return read_archive(storage.load(digest))


def package_of(version: Version) -> Package:
    """The parsed package. Packages never change, so the last few stay parsed in this process."""
    return _package(version.digest)


def verdict_on(submission: Submission) -> Validation | None:
    """The newest verdict on the revision under the submission's profile, by whatever version of the rules."""
    if submission.revision is None:
        return None
    return (
        Validation.objects.filter(
            version_id=submission.revision.version_id,
            change_kind="new" if submission.kind == Submission.Kind.NEW else "update",
            publisher_kind=submission.connector.publisher.kind,
        )
        .order_by("-created_at")
        .first()
    )


def findings_of(validation: Validation | None, **where: Any) -> list[Finding]:
    """Without their excerpts: the source is at hand."""
    if validation is None:
        return []
    return list(validation.findings.filter(**where).defer("excerpt").order_by("line", "id"))


@dataclass(frozen=True, slots=True)
class OperationRow:
    """A line of the operation list."""

    pointer: str
    method: str
    path: str
    operation_id: str
    summary: str
    is_trigger: bool
    is_deprecated: bool
    visibility: str
    change: str
    errors: int
    warnings: int
    threads: int


@dataclass(frozen=True, slots=True)
class Definition:
    """The operation list; `file` is the definition's name, "" when the package has none that can be read."""

    file: str
    title: str
    host: str
    version: str
    description: str
    rows: list[OperationRow]
    triggers: int


def definition_of(
    package: Package,
    conversation: Conversation,
    validation: Validation | None,
    changes: Mapping[str, str] = {},
) -> Definition:
    """`changes` maps pointers of operations to "added" or "changed"."""
    document = package.definition
    value = document.value if document else None
    errors, warnings = _findings_by_operation(validation, document.file.name if document else "")
    threads = conversation.by_operation()
    rows = [
        OperationRow(
            pointer=each.pointer,
            method=each.method,
            path=each.path,
            operation_id=each.operation_id,
            summary=each.summary,
            is_trigger=each.is_trigger,
            is_deprecated=each.value.get("deprecated") is True,
            visibility=each.visibility,
            change=changes.get(each.pointer, ""),
            errors=errors[each.pointer],
            warnings=warnings[each.pointer],
            threads=threads.get(each.pointer, 0),
        )
        for each in operations(value)
    ]
    return Definition(
        file=document.file.name if document else "",
        title=openapi.text(value, "info", "title"),
        host=openapi.text(value, "host") + openapi.text(value, "basePath"),
        version=openapi.text(value, "info", "version"),
        description=openapi.text(value, "info", "description"),
        rows=rows,
        triggers=sum(row.is_trigger for row in rows),
    )


def _findings_by_operation(validation: Validation | None, file: str) -> tuple[Counter[str], Counter[str]]:
    errors: Counter[str] = Counter()
    warnings: Counter[str] = Counter()
    if validation is not None and file:
        rows = validation.findings.filter(file=file, pointer__startswith="/paths/")
        for pointer, severity in rows.values_list("pointer", "severity"):
            counter = errors if severity == "error" else warnings if severity == "warning" else None
            if counter is not None:
                counter[operation_pointer(pointer)] += 1
    return errors, warnings


@dataclass(frozen=True, slots=True)
class Part:
    """A parameter, response or field of an operation. `schema` says in a few words what it holds."""

    pointer: str
    name: str
    where: str
    schema: str
    is_required: bool
    title: str
    description: str
    threads: int
    findings: int


@dataclass(frozen=True, slots=True)
class OperationPage:
    """Everything about one operation: fields, parameters, responses, findings and threads on any of it."""

    file: str
    operation: Operation
    line: int
    fields: list[Part]
    parameters: list[Part]
    responses: list[Part]
    findings: list[Finding]
    threads: list[ThreadView]


_FIELDS = ("summary", "description", "operationId", "x-ms-visibility", "x-ms-trigger", "deprecated")


def operation_page(
    package: Package, pointer: str, conversation: Conversation, validation: Validation | None
) -> OperationPage | None:
    """The operation at `pointer`; None when the definition has no such operation."""
    document = package.definition
    if document is None or not operation_pointer(pointer) == pointer:
        return None
    operation = next((each for each in operations(document.value) if each.pointer == pointer), None)
    if operation is None:
        return None
    file = document.file.name
    found = findings_of(validation, file=file, pointer__startswith=pointer)
    found = [each for each in found if each.pointer == pointer or each.pointer.startswith(f"{pointer}/")]
    threads = conversation.at(file, pointer)
    marks = _Marks(found, threads)
    return OperationPage(
        file=file,
        operation=operation,
        line=document.locate(pointer, key=True).line,
        fields=[
            _field(operation, name, marks) for name in _FIELDS if operation.value.get(name) not in (None, "")
        ],
        parameters=_parameters(document.value, operation, marks),
        responses=_responses(document.value, operation, marks),
        findings=found,
        threads=threads,
    )


class _Marks:
    """How many findings and open threads stand on a node or below it."""

    def __init__(self, findings: Sequence[Finding], threads: Sequence[ThreadView]) -> None:
        self._findings = [each.pointer for each in findings]
        self._threads = [each.pointer for each in threads if each.is_open]

    def at(self, pointer: str) -> tuple[int, int]:
        """(threads, findings)"""
        return _below(self._threads, pointer), _below(self._findings, pointer)


def _below(places: Sequence[str], pointer: str) -> int:
    return sum(place == pointer or place.startswith(f"{pointer}/") for place in places)


def _field(operation: Operation, name: str, marks: _Marks) -> Part:
    pointer = pointers.join(operation.pointer, name)
    value = operation.value[name]
    words = value if isinstance(value, str) else str(value).lower()
    return Part(pointer, name, "", "", False, "", words[:2_000], *marks.at(pointer))


def _parameters(definition: Any, operation: Operation, marks: _Marks) -> list[Part]:
    found = []
    for value, pointer in openapi.parameters(definition, operation):
        schema = value.get("schema") if openapi.text(value, "in") == "body" else value
        found.append(
            Part(
                pointer=pointer,
                name=openapi.text(value, "name") or "(no name)",
                where=openapi.text(value, "in"),
                schema=schema_in_words(definition, schema),
                is_required=value.get("required") is True,
                title=openapi.text(value, "x-ms-summary"),
                description=openapi.text(value, "description")[:2_000],
                threads=marks.at(pointer)[0],
                findings=marks.at(pointer)[1],
            )
        )
        if len(found) >= _MOST_PARAMETERS:
            break
    return found


def _responses(definition: Any, operation: Operation, marks: _Marks) -> list[Part]:
    found = []
    for code, written in openapi.mapping(operation.value, "responses").items():
        pointer = pointers.join(operation.pointer, "responses", code)
        value = openapi.follow(definition, written).value
        schema = value.get("schema") if isinstance(value, dict) else None
        words = schema_in_words(definition, schema) if schema is not None else "no body"
        description = openapi.text(value, "description")[:2_000]
        found.append(Part(pointer, code, "", words, False, "", description, *marks.at(pointer)))
    return found[:_MOST_PARAMETERS]


def schema_in_words(definition: Any, schema: Any, depth: int = 0) -> str:
    """ "array of Harbour", "object with 4 properties", "string (date-time)"."""
    if not isinstance(schema, dict):
        return ""
    reference = openapi.text(schema, "$ref")
    if reference:
        return reference.rpartition("/")[2][:80]
    kind = openapi.text(schema, "type")
    if kind == "array" and depth < 3:
        inner = schema_in_words(definition, schema.get("items"), depth + 1)
        return f"array of {inner}" if inner else "array"
    size = len(openapi.mapping(schema, "properties"))
    if size:
        return "object with 1 property" if size == 1 else f"object with {size} properties"
    form = openapi.text(schema, "format")
    choices = openapi.sequence(schema, "enum")
    kind = f"{kind} ({form})" if form else kind
    return f"{kind}, one of {len(choices)}" if choices else kind


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
    """A stretch of a text file; `previous` and `next` are first lines of the stretches around it, 0 for none."""

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
    is_json = source.name.lower().endswith(".json")
    lines = [
        SourceLine(
            number=number,
            html=_coloured(source.line_text(number)[:_LONGEST_LINE], is_json),
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


_TOKENS = re.compile(r'("(?:[^"\\]|\\.)*")(\s*:)?|\b(true|false|null)\b|(-?\b\d+(?:\.\d+)?(?:[eE][+-]?\d+)?\b)')


def _coloured(text: str, is_json: bool) -> SafeString:
    """One line, escaped; keys, strings, numbers and words of JSON get a class each."""
    if not is_json:
        return mark_safe(escape(text))  # noqa: S308 - escaped here
    parts, end = [], 0
    for match in _TOKENS.finditer(text):
        parts.append(escape(text[end : match.start()]))
        string, colon, word, number = match.groups()
        if string is not None:
            css = "tok-key" if colon else "tok-string"
            parts.append(format_html('<span class="{}">{}</span>{}', css, string, colon or ""))
        else:
            parts.append(format_html('<span class="tok-literal">{}</span>', word or number))
        end = match.end()
    parts.append(escape(text[end:]))
    return mark_safe("".join(parts))  # noqa: S308 - every part is escaped above


@dataclass(frozen=True, slots=True)
class Comparison:
    """What changed since another package. `title` names it ("revision 1", "1.4.0, live now")."""

    title: str
    version: Version
    files: list[differences.FileChange]
    operations: list[differences.OperationChange]


def compared_with(submission: Submission, number: int = 0) -> tuple[Version, str] | None:
    """The package to compare the revision with: revision `number`, else the one handed in before it that is another
    package, else what is live. None for the first revision of a new connector."""
    revision = submission.revision
    if revision is None:
        return None
    earlier = (
        Revision.objects.filter(submission=submission, number__lt=revision.number)
        .exclude(version_id=revision.version_id)
        .select_related("version")
        .order_by("-number")
    )
    found = (earlier.filter(number=number).first() if number else None) or earlier.first()
    if found is not None:
        return found.version, f"revision {found.number}"
    live = submission.connector.live_version
    if live is not None and live.pk != revision.version_id:
        return live, f"{live.label}, live now"
    return None


def comparison(submission: Submission, number: int = 0) -> Comparison | None:
    """By file and by operation; lines are compared file by file, when asked for."""
    other = compared_with(submission, number)
    if other is None or submission.revision is None:
        return None
    version, title = other
    old, new = package_of(version), package_of(submission.revision.version)
    return Comparison(
        title, version, differences.file_changes(old, new), differences.operation_changes(old, new)
    )


def file_diff(old: Package, new: Package, name: str) -> differences.LineDiff | None:
    """Line by line; None for a file that neither package has or that is not text."""
    before, after = old.files.get(name), new.files.get(name)
    if (before is None and after is None) or not _TEXT.search(name):
        return None
    return differences.line_diff(
        before.text.splitlines() if before else [], after.text.splitlines() if after else []
    )


def json_text_at(package: Package, file: str, pointer: str, *, most_lines: int = 40) -> tuple[str, int]:
    """The text of a node and its first line; ("", 0) when it is not there."""
    document = document_of(package, file)
    if document is None or document.resolve(pointer, None) is None:
        return "", 0
    key, span = document.locate(pointer, key=True), document.locate(pointer)
    last = document.file.position(span.offset + span.length)[0]
    lines = [
        document.file.line_text(number)[:400]
        for number in range(key.line, min(last, key.line + most_lines) + 1)
    ]
    return "\n".join(lines), key.line
