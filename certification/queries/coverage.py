"""How far a Preview was tested: the plan of its definition against the runs that were made."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, Max, Q, Sum
from django.utils.translation import gettext as _

from certification.models import Preview, TestRun
from connectors.models import HealthHour
from connectors.queries.packages import package_of
from connectors.runtime.testplan import SUCCESSES_WANTED, PlannedOperation, plan_of
from portal.shared.errors import Unavailable


@dataclass(frozen=True, slots=True)
class Tally:
    """Runs of one operation, by where they came from."""

    console: int = 0
    reported: int = 0
    region: int = 0
    failures: int = 0
    refusals: int = 0
    last_at: Any = None

    @property
    def successes(self) -> int:
        return self.console + self.reported + self.region


@dataclass(frozen=True, slots=True)
class Line:
    """One operation of the matrix. `steps` has a truth value for each of the ten successes wanted."""

    planned: PlannedOperation
    tally: Tally

    @property
    def is_covered(self) -> bool:
        return self.tally.successes >= SUCCESSES_WANTED

    @property
    def is_untouched(self) -> bool:
        return not self.tally.successes and not self.tally.failures

    @property
    def missing(self) -> int:
        return max(SUCCESSES_WANTED - self.tally.successes, 0)

    @property
    def steps(self) -> list[bool]:
        return [number < self.tally.successes for number in range(SUCCESSES_WANTED)]

    @property
    def misses_error_path(self) -> bool:
        return self.planned.has_error_path and not self.tally.refusals


@dataclass(frozen=True)
class Coverage:
    """The matrix of one Preview. `problem` says why there is no plan."""

    lines: list[Line] = field(default_factory=list)
    problem: str = ""

    @property
    def covered(self) -> int:
        return sum(line.is_covered for line in self.lines)

    @property
    def wanted(self) -> int:
        """Successful calls of all operations together."""
        return len(self.lines) * SUCCESSES_WANTED

    @property
    def made(self) -> int:
        """Those that were made; no operation counts for more than its ten."""
        return sum(min(line.tally.successes, SUCCESSES_WANTED) for line in self.lines)

    @property
    def untested(self) -> list[str]:
        """Operations with fewer successes than wanted: what a sign-off has to own up to."""
        return [line.planned.operation_id for line in self.lines if not line.is_covered]

    @property
    def without_error_path(self) -> int:
        return sum(line.misses_error_path for line in self.lines)

    @property
    def is_complete(self) -> bool:
        return bool(self.lines) and self.covered == len(self.lines)


def coverage_of(preview: Preview) -> Coverage:
    """The matrix, in three queries whatever the number of operations."""
    try:
        package = package_of(preview.version)
    except Unavailable as error:
        return Coverage(problem=error.message)
    definition = package.definition.value if package.definition else None
    if not isinstance(definition, dict):
        return Coverage(problem=_("The package has no readable definition, so there is no plan."))
    plan = plan_of(definition)
    tallies = _tallies(preview, [planned.operation_id for planned in plan])
    return Coverage([Line(planned, tallies[planned.operation_id]) for planned in plan])


def _tallies(preview: Preview, names: Iterable[str]) -> dict[str, Tally]:
    right = Q(path="success", is_success=True)
    made: dict[str, Any] = {
        row["operation_id"]: row
        for row in TestRun.objects.filter(preview=preview)
        .values("operation_id")
        .annotate(
            console=Count("pk", filter=right & Q(source="console")),
            reported=Count("pk", filter=right & Q(source="api")),
            failures=Count("pk", filter=Q(path="success", is_success=False)),
            refusals=Count("pk", filter=Q(path="error", is_success=True)),
            last_at=Max("created_at"),
        )
        .order_by()
    }
    called = _region_counts(preview)
    found = {}
    for name in names:
        row = made.get(name, {})
        successes, failures = called.get(name, (0, 0))
        found[name] = Tally(
            console=row.get("console", 0),
            reported=row.get("reported", 0),
            region=successes,
            failures=row.get("failures", 0) + failures,
            refusals=row.get("refusals", 0),
            last_at=row.get("last_at"),
        )
    return found


def _region_counts(preview: Preview) -> dict[str, tuple[int, int]]:
    """Operation -> successes and failures, as the Preview region measured them for this very version."""
    rows = (
        HealthHour.objects.filter(
            connector=preview.version.connector_id,
            region=preview.region_id,
            version_label=preview.version.label,
        )
        .values("operation")
        .annotate(requests=Sum("requests"), successes=Sum("successes"))
        .order_by()
    )
    return {row["operation"]: (row["successes"], row["requests"] - row["successes"]) for row in rows}
