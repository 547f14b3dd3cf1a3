"""What the console shows: the operations to choose from, the run that was made, the runs before it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _

from certification.models import Preview, Submission, TestCredential, TestRun
from connectors.models import Version
from connectors.queries.packages import package_of
from connectors.runtime import CallableOperation, list_operations
from connectors.runtime.connection import needs_sign_in
from connectors.runtime.testplan import SUCCESSES_WANTED

HISTORY_LENGTH = 12
INVOKING = "invoke"
"""The capability of regions that call operations for the portal."""
_LONGEST_PRETTY = 64 * 1024


@dataclass(frozen=True, slots=True)
class Choice:
    """One operation of the list, with its successful runs so far."""

    operation_id: str
    summary: str
    method: str
    successes: int
    is_trigger: bool
    is_internal: bool
    is_current: bool

    @property
    def is_covered(self) -> bool:
        return self.successes >= SUCCESSES_WANTED


@dataclass(frozen=True)
class Bench:
    """The operations of the version under test. `problem` says why there are none."""

    version: Version | None
    preview: Preview | None = None
    operations: list[CallableOperation] = field(default_factory=list)
    definition: Mapping[str, Any] = field(default_factory=dict)
    problem: str = ""

    @property
    def gateway(self) -> str:
        """The name of the region through which this version can be called; "" when there is none."""
        region = self.preview.region if self.preview else None
        return region.name if region and INVOKING in region.capabilities else ""

    def find(self, operation_id: str) -> CallableOperation | None:
        """The operation asked for, else the first that can be called."""
        named = next((each for each in self.operations if each.operation_id == operation_id), None)
        if named is not None or operation_id:
            return named
        usual = (each for each in self.operations if each.is_safe and not each.is_internal)
        return next(usual, self.operations[0] if self.operations else None)

    def needs_credential(self, operation: CallableOperation) -> bool:
        return needs_sign_in(self.definition, operation)


def bench_of(submission: Submission) -> Bench:
    """What can be tried now: the package in Preview, else the one handed in, else the draft's."""
    preview = (
        Preview.objects.filter(submission=submission, state="testing")
        .select_related("version", "region")
        .order_by("-created_at")
        .first()
    )
    handed_in = submission.revision.version if submission.revision else submission.version
    version = preview.version if preview else handed_in
    if version is None:
        return Bench(
            None, problem=_("There is no package yet: upload one to the form of the submission first.")
        )
    package = package_of(version)
    definition = package.definition.value if package.definition else None
    if not isinstance(definition, dict):
        return Bench(version, preview, problem=_("The definition of the package cannot be read."))
    return Bench(version, preview, list(list_operations(definition)), definition)


def choices_of(submission: Submission, bench: Bench, current: CallableOperation | None) -> list[Choice]:
    """The list at the side; one query for the counts."""
    where = Q(preview=bench.preview) if bench.preview else Q(submission=submission, version=bench.version)
    right = Q(is_success=True, path="success")
    counts = dict(
        TestRun.objects.filter(where)
        .values("operation_id")
        .annotate(good=Count("pk", filter=right))
        .order_by()
        .values_list("operation_id", "good")
    )
    return [
        Choice(
            operation_id=each.operation_id,
            summary=each.summary,
            method=each.method,
            successes=counts.get(each.operation_id, 0),
            is_trigger=each.is_trigger,
            is_internal=each.is_internal,
            is_current=current is not None and each.operation_id == current.operation_id,
        )
        for each in bench.operations
    ]


def runs_of(submission: Submission, operation_id: str) -> QuerySet[TestRun]:
    """The runs of one operation, newest first, without what only the page of one run shows."""
    return (
        TestRun.objects.filter(submission=submission, operation_id=operation_id)
        .select_related("user", "region")
        .defer("request", "response", "inputs", "region__credentials")
    )


def run_of(submission: Submission, pk: Any) -> TestRun | None:
    found = TestRun.objects.filter(submission=submission, pk=pk)
    return found.select_related("user", "version", "region").first()


def lendable(submission: Submission) -> list[TestCredential]:
    """Credentials to choose from, by name; their values stay where they are."""
    found = submission.credentials.defer("fields").order_by("created_at")
    return [each for each in found if not each.is_expired]


@dataclass(frozen=True)
class RunView:
    """A run as the page shows it: pretty where it can be."""

    run: TestRun
    is_json: bool
    body: str
    sent_body: str
    curl: str

    @property
    def timings(self) -> list[tuple[str, int]]:
        """(step, milliseconds it took), in order."""
        marks = (self.run.response or {}).get("timings") or {}
        named = (
            (_("Name"), "resolved"), (_("Connection"), "connected"), ("TLS", "secured"),
            (_("Waiting"), "first_byte"), (_("Reading"), "total"),
        )  # fmt: skip
        steps, before = [], 0
        for label, name in named:
            if isinstance(marks.get(name), int):
                steps.append((label, max(marks[name] - before, 0)))
                before = max(marks[name], before)
        return steps


def view_of(run: TestRun) -> RunView:
    body = (run.response or {}).get("body", "")
    pretty = _pretty(body)
    sent = (run.request or {}).get("body", "")
    return RunView(run, pretty is not None, pretty or body, _pretty(sent) or sent, _curl(run.request or {}))


def _pretty(text: str) -> str | None:
    """Indented JSON; None for anything else."""
    if not text or len(text) > _LONGEST_PRETTY:
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return json.dumps(value, indent=2, ensure_ascii=False) if isinstance(value, (dict, list)) else None


def _curl(request: Mapping[str, Any]) -> str:
    """The request for a terminal; the mask stands where the secret goes."""
    if not request:
        return ""
    parts = ["curl", "-X", request["method"], shlex.quote(request["url"])]
    for name, value in request["headers"]:
        parts += ["-H", shlex.quote(f"{name}: {value}")]
    if request["body"]:
        parts += ["--data-raw", shlex.quote(request["body"])]
    return " ".join(parts)
