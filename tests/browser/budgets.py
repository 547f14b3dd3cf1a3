"""What the main pages may cost a first visitor, as data: each place of `make screens` has its row.

A budget is what the page needs today and a little air, so that it fails when somebody adds a library, not when a sentence
grows. A row with a reason may cost more than `USUAL`; without a reason there is no row above it.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Budget:
    """`route` looked at by `role`; `bytes` are compressed, with an empty cache, and `nodes` elements of the document.

    `shift` is the cumulative layout shift, `busy_ms` the longest time in which nothing answers the reader.
    """

    place: str
    route: str
    role: str
    reason: str = ""
    query: dict[str, str] = field(default_factory=dict)
    bytes: int = 120_000
    requests: int = 20
    nodes: int = 1_500
    shift: float = 0.02
    # Generous: the machine may be busy with other tests.
    busy_ms: int = 1_000


USUAL = Budget("", "", "")
BUDGETS = (
    Budget("sign-in", "account_login", "anonymous"),
    Budget("home-owner", "home", "owner"),
    Budget("home-reviewer", "home", "reviewer"),
    Budget("home-operator", "home", "operator"),
    Budget("connectors", "connector_list", "owner"),
    Budget("connector", "connector_detail", "owner"),
    Budget("findings", "finding_list", "administrator"),
    Budget("submission", "submission_detail", "administrator"),
    Budget("review-queue", "review_queue", "reviewer"),
    Budget("review", "review_detail", "reviewer"),
    Budget("review-source", "review_source", "reviewer",
           reason="The whole definition, coloured, with findings at its lines: 16 kB.", bytes=130_000),
    Budget("preview", "preview_detail", "administrator"),
    Budget("rollouts", "rollout_list", "operator"),
    Budget("rollout", "rollout_detail", "operator"),
    Budget("calendar", "calendar_month", "operator"),
    Budget("health", "connector_health", "administrator",
           reason="Charts to walk through with the keyboard: uPlot and what steers it are 27 kB.", bytes=140_000),
    Budget("fleet", "fleet_overview", "operator",
           reason="Charts of 48 hours with their tables: uPlot and what steers it are 27 kB.", bytes=145_000),
    Budget("forecasts", "forecast_accuracy", "operator"),
    Budget("rule", "rule_detail", "owner"),
    Budget("public", "public_connector", "anonymous"),
    Budget("status", "status", "anonymous"),
)  # fmt: skip
