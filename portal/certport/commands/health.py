"""How a live connector is doing."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

import typer

from portal.certport.api import shapes
from portal.certport.arguments import AsJson, Url
from portal.certport.finding import find_connector
from portal.certport.output import moment, output
from portal.certport.problems import CommandFailed, Exit
from portal.certport.settings import connect, project

_NAME = re.compile(r"[-a-zA-Z0-9_]+")


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
    beating = api.connectors_heartbeat(found["id"])
    output.document({**seen, "heartbeat": beating})
    _say_heartbeat(beating)
    if not seen["has_data"]:
        output.say(f"Nothing was reported of {found['name']} in this time.")
        return
    rows = [("All", seen["total"]), *((group["key"], group) for group in seen["groups"])]
    output.table(
        [by.capitalize(), "Calls", "Success", "p50", "p95", "p99"],
        [[key, *_figures(figures)] for key, figures in rows],
    )
    output.say(f"Last report {moment(seen['last_report_at'])}.", "dim")


def _say_heartbeat(beating: shapes.Heartbeat) -> None:
    """The settings and the state, where a heartbeat is expected at all."""
    if beating["state"] == "off":
        return
    rhythm = f"every {beating['period_minutes']} min, grace {beating['grace_minutes']} min"
    output.say(f"Heartbeat {beating['state'].replace('_', ' ')} ({rhythm}); {_last_and_next(beating)}.")
    newest = next(iter(beating["beats"]), None)
    if newest and newest["message"]:
        output.say(f"  {newest['message']}", "dim")


def _last_and_next(standing: shapes.Heartbeat | shapes.HeartbeatStanding) -> str:
    heard = f"last heard {moment(standing['heard_at'])}" if standing["heard_at"] else "never heard"
    return f"{heard}, due {moment(standing['due_at'])}"


def heartbeat(
    connector: Annotated[
        str,
        typer.Argument(
            metavar="[CONNECTOR]", help="Its name in addresses; without it the project's.", show_default=False
        ),
    ] = "",
    failing: Annotated[
        bool, typer.Option("--failing", help="The backend is not well: alert at once.")
    ] = False,
    message: Annotated[str, typer.Option(metavar="TEXT", help="What people should know of it.")] = "",
    url: Url = "",
    as_json: AsJson = False,
) -> None:
    """Report that the backend of a connector is alive: the last line of its cron job."""
    reference = connector or project().connector
    if not _NAME.fullmatch(reference):
        raise CommandFailed(
            "Which connector? Name it as in its address, or put it into certport.toml (certport init).",
            Exit.USAGE,
        )
    # Not looked up first: a token for heartbeats reads nothing.
    api = connect(url, reference)
    status = "failing" if failing else "ok"
    told = api.connectors_heartbeats_send(reference, {"status": status, "message": message})
    output.document(told)
    output.say(f"Heard ({status}); {_last_and_next(told)}.")


def _figures(figures: Any) -> list[str]:
    rate = figures.get("success_rate")
    latencies = [figures.get(name) for name in ("p50_ms", "p95_ms", "p99_ms")]
    return [
        str(figures.get("requests", figures.get("calls", ""))),
        "" if rate is None else f"{rate:.2%}",
        *("" if value is None else f"{value:.0f} ms" for value in latencies),
    ]
