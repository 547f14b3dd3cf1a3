"""What the review page shows of a package: the connector's facts and its operations, node by node."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from certification.models import Finding, Submission, Validation
from certification.queries.threads import Conversation, ThreadView
from certification.reviewing import differences
from certification.reviewing.anchors import operation_pointer
from connectors.definitions import Operation, Package, openapi, operations, pointers, read_archive
from connectors.definitions.diff import Difference, compare
from connectors.models import Version
from portal.shared import storage
from portal.shared.words import lazy as _lazy

_MOST_PARAMETERS = 200


@lru_cache(maxsize=6)
def _package(digest: str) -> Package:
    return read_archive(storage.load(digest))


def package_of(version: Version) -> Package:
    """The parsed package. Packages never change, so the last few stay parsed in this process."""
    return _package(version.digest)


@lru_cache(maxsize=32)
def _difference(old: str, new: str) -> Difference:
    return compare(_package(old), _package(new))


def difference_of(old: Version, new: Version) -> Difference:
    """What an update changes. One page asks for it in several ways, and comparing is the dear part.

    Raises OSError or StoredBytesDamaged when a package cannot be read."""
    return _difference(old.digest, new.digest)


def revised_package(submission: Submission) -> Package:
    """The package handed in last, of a submission that has a revision."""
    assert submission.revision is not None
    return package_of(submission.revision.version)


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
class Comparison:
    """What changed since another package. `title` names it ("revision 1", "1.4.0, live now")."""

    title: str
    version: Version
    files: list[differences.FileChange]
    operations: list[differences.OperationChange]


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
    submission: Submission,
    conversation: Conversation,
    validation: Validation | None,
    comparison: Comparison | None = None,
) -> Definition:
    """The definition handed in last, each operation with what stands on it and what it is to `comparison`."""
    changes = {each.pointer: each.state for each in comparison.operations} if comparison else {}
    package = revised_package(submission)
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


@dataclass(frozen=True, slots=True)
class Fact:
    """A value outside of the operations that a reviewer reads: title, host, how one signs in."""

    file: str
    pointer: str
    name: str
    text: str
    threads: int
    findings: int


_DEFINITION_FACTS = (
    ("/info/title", _lazy("Title")),
    ("/info/description", _lazy("Description")),
    ("/info/version", _lazy("Version")),
    ("/info/contact", _lazy("Contact")),
    ("/host", _lazy("Host")),
    ("/basePath", _lazy("Base path")),
    ("/schemes", _lazy("Schemes")),
    ("/securityDefinitions", _lazy("Security")),
    ("/x-ms-connector-metadata", _lazy("Metadata")),
)
_PROPERTIES_FACTS = (
    ("/properties/publisher", _lazy("Publisher")),
    ("/properties/stackOwner", _lazy("Stack owner")),
    ("/properties/iconBrandColor", _lazy("Icon colour")),
    ("/properties/capabilities", _lazy("Capabilities")),
    ("/properties/connectionParameters", _lazy("Connection parameters")),
    ("/properties/connectionParameterSets", _lazy("Ways to sign in")),
    ("/properties/policyTemplateInstances", _lazy("Policies")),
)


def facts_of(submission: Submission, talk: Conversation, validation: Validation | None) -> list[Fact]:
    """The connector outside of its operations, node by node."""
    package = revised_package(submission)
    rows = []
    places = ((package.definition, _DEFINITION_FACTS), (package.properties, _PROPERTIES_FACTS))
    for document, facts in places:
        if document is None:
            continue
        found = [each.pointer for each in findings_of(validation, file=document.file.name)]
        for pointer, name in facts:
            value = document.resolve(pointer, None)
            if value is not None:
                threads = sum(each.is_open for each in talk.at(document.file.name, pointer))
                words = _fact_in_words(value)
                rows.append(Fact(document.file.name, pointer, name, words, threads, _below(found, pointer)))
    return rows


def _fact_in_words(value: Any) -> str:
    """A short text, or the members of an object with their kind."""
    if isinstance(value, str):
        return value[:2_000]
    if isinstance(value, dict):
        kinds = (
            f"{name} ({openapi.text(child, 'type')})"
            if openapi.text(child, "type")
            else f"{name}: {child}"
            if isinstance(child, str)
            else name
            for name, child in value.items()
        )
        return " · ".join(kinds)[:600]
    if isinstance(value, list):
        names = (
            f"{openapi.text(each, 'propertyName')}: {openapi.text(each, 'propertyValue')}"
            if openapi.text(each, "propertyName")
            else openapi.text(each, "title") or openapi.text(each, "templateId") or str(each)[:80]
            for each in value
        )
        return " · ".join(names)[:600] or "none"
    return str(value)[:200]


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
    if document is None or operation_pointer(pointer) != pointer:
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
                name=openapi.text(value, "name") or _("(no name)"),
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
        words = schema_in_words(definition, schema) if schema is not None else _("no body")
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
        return _("array of %(inner)s") % {"inner": inner} if inner else "array"
    size = len(openapi.mapping(schema, "properties"))
    if size:
        return ngettext("object with %(n)s property", "object with %(n)s properties", size) % {"n": size}
    form = openapi.text(schema, "format")
    choices = openapi.sequence(schema, "enum")
    kind = f"{kind} ({form})" if form else kind
    return _("%(kind)s, one of %(choices)s") % {"kind": kind, "choices": len(choices)} if choices else kind
