"""How a live connector is doing."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import typer

from portal.certport.arguments import AsJson, Url
from portal.certport.finding import find_connector
from portal.certport.output import moment, output
from portal.certport.settings import connect


def health(
    connector: Annotated[
        str,
        typer.Argument(
            metavar="[CONNECTOR]", help="Its name in addresses; without it the project's.", show_default=False
        ),
    ] = "",
    window: Annotated[Literal["24h", "7d", "30d", "90d", "1y"], typer.Option(help="How far back.")] = "24h",
    by: Annotated[
        Literal["region", "operation", "version", "status", "step"],
        typer.Option(help="A line for each of these."),
    ] = "region",
    url: Url = "",
    as_json: AsJson = False,
) -> None:
    """Calls, success and latency of a connector."""
    api = connect(url)
    found = find_connector(api, connector)
    seen = api.connectors_health_retrieve(found["id"], window=window, group_by=by)
    output.document(seen)
    if not seen["has_data"]:
        output.say(f"Nothing was reported of {found['name']} in this time.")
        return
    rows = [("All", seen["total"]), *((group["key"], group) for group in seen["groups"])]
    output.table(
        [by.capitalize(), "Calls", "Success", "p50", "p95", "p99"],
        [[key, *_figures(figures)] for key, figures in rows],
    )
    output.say(f"Last report {moment(seen['last_report_at'])}.", "dim")


def _figures(figures: Any) -> list[str]:
    rate = figures.get("success_rate")
    latencies = [figures.get(name) for name in ("p50_ms", "p95_ms", "p99_ms")]
    return [
        str(figures.get("requests", figures.get("calls", ""))),
        "" if rate is None else f"{rate:.2%}",
        *("" if value is None else f"{value:.0f} ms" for value in latencies),
    ]
